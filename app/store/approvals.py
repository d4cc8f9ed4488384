"""Statements that a publisher approved, each before and apart from any proof of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from app.store.ids import new_id
from app.store.tables import _text
from app.store.taking_turns import take_turns

if TYPE_CHECKING:
    from collections.abc import Collection

LISTED_MAX = 200


class ApprovalRow(SQLModel, table=True):
    """One approved statement. Append-only: nobody may say later that it was approved earlier."""

    __tablename__ = "approval"
    __table_args__ = (UniqueConstraint("publisher", "challenge", "theorem", "imports"),)
    id: str = Field(primary_key=True)  # apr_…
    publisher: str
    challenge: str  # digest of the file that states the theorem
    theorem: str
    imports: str = Field(sa_column=_text())  # JSON list, sorted
    approved_by: str  # key_…, or the publisher where no key exists
    created_at: datetime


def approve(  # noqa: PLR0913 - what an approval is of, and whose
    session: Session, publisher: str, challenge: str, theorem: str, imports: Collection[str], by: str
) -> tuple[dict[str, Any], bool]:
    """Note an approval and return it, and whether it is new; of one that is there the first stands."""
    listed = json.dumps(sorted(set(imports)))
    take_turns(session, "approval", publisher, challenge)
    known = _find(session, publisher, challenge, theorem, listed)
    if known is not None:
        return _shown(known), False
    row = ApprovalRow(
        id=new_id("apr"),
        publisher=publisher,
        challenge=challenge,
        theorem=theorem,
        imports=listed,
        approved_by=by,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return _shown(row), True


def find(
    session: Session, publisher: str, challenge: str, theorem: str, imports: Collection[str]
) -> dict[str, Any] | None:
    """Return the approval of a statement; None when its publisher approved no such one."""
    row = _find(session, publisher, challenge, theorem, json.dumps(sorted(set(imports))))
    return None if row is None else _shown(row)


def listed(session: Session, publisher: str, challenge: str | None = None) -> list[dict[str, Any]]:
    """Return a publisher's approvals, of one file or of any, newest first."""
    query = select(ApprovalRow).where(ApprovalRow.publisher == publisher)
    if challenge is not None:
        query = query.where(ApprovalRow.challenge == challenge)
    return [_shown(row) for row in session.exec(query.order_by(col(ApprovalRow.id).desc()).limit(LISTED_MAX))]


def _find(session: Session, publisher: str, challenge: str, theorem: str, imports: str) -> ApprovalRow | None:
    return session.exec(
        select(ApprovalRow).where(
            ApprovalRow.publisher == publisher,
            ApprovalRow.challenge == challenge,
            ApprovalRow.theorem == theorem,
            ApprovalRow.imports == imports,
        )
    ).one_or_none()


def _shown(row: ApprovalRow) -> dict[str, Any]:
    moment = row.created_at if row.created_at.tzinfo is not None else row.created_at.replace(tzinfo=UTC)
    return {
        "id": row.id,
        "challenge": row.challenge,
        "theorem": row.theorem,
        "imports": json.loads(row.imports),
        "approved_by": row.approved_by,
        "approved_at": moment,
    }
