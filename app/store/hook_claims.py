"""What became of the claims of each delivery: taken in as a verification, or refused and why.

A row is written with what it tells: by the transaction that takes a claim in, or that notes what its commit is to be told.
A delivery that is worked on again writes over its own rows. They are kept as long as their delivery is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from app.store.ids import new_id
from app.store.source_tables import HookClaimRow
from app.store.tables import Verdict, Verification

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class Came:
    """What became of one claim of a delivery."""

    delivery_id: str
    sha: str  # "" of a program's
    folder: str  # of the bundle; "" of the whole repository or of a program's
    name: str  # of the claim; "" where it cannot be read
    verification_id: str | None = None
    refusal: str | None = None


def put(session: Session, came: Came) -> None:
    """Write what became of a claim, in the place of what was written for the same delivery and folder before."""
    same = (col(HookClaimRow.delivery_id) == came.delivery_id, col(HookClaimRow.folder) == came.folder)
    session.connection().execute(delete(HookClaimRow).where(*same))
    session.add(HookClaimRow(id=new_id("hkc"), **vars(came)))
    session.flush()


def of_deliveries(session: Session, delivery_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Return, for each delivery, what became of its claims, in the order of their folders.

    Each has `name`, `folder`, `sha`, `refusal`, `verification_id` and, of that one, `state`, `status` and `reason_code` as
    they are now.
    """
    found: dict[str, list[dict[str, Any]]] = {identity: [] for identity in delivery_ids}
    names = ("delivery_id", "name", "folder", "sha", "refusal", "verification_id")
    query = (
        select(
            *(col(getattr(HookClaimRow, name)) for name in names),
            col(Verification.state),
            col(Verdict.status),
            col(Verdict.reason_code),
        )
        .outerjoin(Verification, col(Verification.id) == HookClaimRow.verification_id)
        .outerjoin(Verdict, col(Verdict.verification_id) == HookClaimRow.verification_id)
        .where(col(HookClaimRow.delivery_id).in_(found))
        .order_by(col(HookClaimRow.folder))
    )
    for row in session.connection().execute(query).mappings():
        told = dict(row)
        found[told.pop("delivery_id")].append(told)
    return found
