"""Lists of what there is, page by page: each page begins where the one before ended, by time and id (keyset).

A page looks at WINDOW rows at most, in the order of an index; what the caller may not know of, and what the filters leave
out, is taken from these. Where few are left the page is short and still says where to go on, so that its cost grows
neither with the table nor with what is hidden in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, cast, func, select, tuple_, type_coerce
from sqlmodel import Session, col

from app.store.standing import holds
from app.store.tables import (
    ClaimRevision,
    ClaimRow,
    GateRow,
    OutcomeRow,
    Record,
    RunRow,
    Verdict,
    Verification,
    WorkerRow,
)
from app.store.visible import CLOSED_CLAIM

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

    from app.store.visible import Visible

WINDOW = 2_000  # rows that one page looks at


@dataclass(frozen=True)
class Wanted:
    """Which part of a list is asked for."""

    limit: int
    filters: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None  # not older than this
    until: datetime | None = None  # older than this
    after: tuple[datetime, str] | None = None  # behind this place: older, newest come first


@dataclass(frozen=True)
class Listed:
    """A page of a list, and the place behind which the next one begins; None at the end."""

    rows: list[dict[str, Any]]
    after: tuple[datetime, str] | None


def verdicts(session: Session, wanted: Wanted, seen: Visible) -> Listed:
    """Return verdicts; filters: status, reason_code, blame, outcome, claim_id, kind, gate, publisher, record_id."""
    looked = _window(Verdict, Verdict.evaluated_at, wanted, ("status", "reason_code", "blame", "outcome", "claim_id"))
    query = (
        _of_claims(looked, looked.c.claim_id, looked.c.claim_revision_id)
        .add_columns(col(GateRow.status).label("gate"), holds(looked.c.id))
        .join(GateRow, col(GateRow.record_id) == Record.id, isouter=True)
    )
    return _page(session, looked, looked.c.evaluated_at, query, wanted, seen.claims)


def verifications(session: Session, wanted: Wanted, seen: Visible) -> Listed:
    """Return verifications; filters: state, reason_code, claim_id, kind, publisher, record_id."""
    looked = _window(Verification, Verification.created_at, wanted, ("state", "reason_code", "publisher"))
    query = _of_claims(looked, ClaimRevision.claim_id, looked.c.claim_revision_id)
    query = query.add_columns(col(Verdict.id).label("verdict_id"), col(Verdict.status).label("status"))
    query = query.join(Verdict, col(Verdict.verification_id) == looked.c.id, isouter=True)
    return _page(session, looked, looked.c.created_at, query, wanted, seen.claims)


def runs(session: Session, wanted: Wanted, seen: Visible) -> Listed:
    """Return runs; filters: state, purpose, queue, verification_id, outcome, kind, publisher, record_id."""
    looked = _window(RunRow, RunRow.created_at, wanted, ("state", "purpose", "queue", "verification_id"))
    query = (
        select(looked, *_claim_of(looked), col(OutcomeRow.document).label("outcome_document"), *_LEFT)
        .join(Verification, col(Verification.id) == looked.c.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .join(OutcomeRow, col(OutcomeRow.run_id) == looked.c.id, isouter=True)
    )
    if "outcome" in wanted.filters:
        query = query.where(col(OutcomeRow.kind) == wanted.filters["outcome"])
    # Runs of one verification are asked for by its id.
    shown = seen.verifications if "verification_id" in wanted.filters else seen.claims
    found = _page(session, looked, looked.c.created_at, query, wanted, shown)
    for row in found.rows:
        document = row.pop("outcome_document")
        row["outcome"] = None if document is None else json.loads(document)
        row["derivation"] = json.loads(row["spec"]).get("derivation")
    return found


def claims(session: Session, wanted: Wanted, seen: Visible) -> Listed:
    """Return claims as their newest revisions say them; filters: name, record_id, publisher, kind."""
    looked = _window(ClaimRow, ClaimRow.created_at, wanted, ("name", "record_id", "publisher"))
    newest = (
        select(func.max(col(ClaimRevision.number)))
        .where(col(ClaimRevision.claim_id) == looked.c.id)
        .correlate(looked)
        .scalar_subquery()
    )
    query = _of_claims(looked, looked.c.id, None).where(col(ClaimRevision.number) == newest)
    return _page(session, looked, looked.c.created_at, query, wanted, seen.claims)


def records(session: Session, wanted: Wanted, seen: Visible) -> Listed:
    """Return records with their gate verdicts' status; filters: gate, publisher."""
    looked = _window(Record, Record.created_at, wanted, ("publisher",))
    query = (
        select(looked, col(GateRow.status).label("gate"))
        .join(Record, col(Record.id) == looked.c.id)
        .join(GateRow, col(GateRow.record_id) == looked.c.id, isouter=True)
    )
    return _page(session, looked, looked.c.created_at, query, wanted, seen.records)


def workers(session: Session, wanted: Wanted) -> Listed:
    """Return workers, those first that began last; filters: host."""
    started, name = col(WorkerRow.started_at), col(WorkerRow.name)
    query = select(WorkerRow).order_by(started.desc(), name.desc()).limit(wanted.limit + 1)
    if "host" in wanted.filters:
        query = query.where(col(WorkerRow.host) == wanted.filters["host"])
    query = between(query, started, name, wanted)
    rows = [dict(row) for row in session.connection().execute(query).mappings()]
    for row in rows:
        row.update({name: json.loads(row[name]) for name in ("queues", "environments", "assets")})
        row["gpu"] = json.loads(row["gpu"] or "null")
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    return Listed(rows, (rows[-1]["started_at"], rows[-1]["name"]) if more else None)


_LEFT: tuple[Any, ...] = (col(OutcomeRow.worker), col(OutcomeRow.stdout), col(OutcomeRow.stderr))
_CLAIM: tuple[Any, ...] = (
    col(ClaimRow.id).label("claim_id"),
    col(ClaimRow.name).label("claim"),
    col(ClaimRow.record_id).label("record_id"),
    col(ClaimRow.publisher).label("publisher"),
    CLOSED_CLAIM.label("closed"),
    col(ClaimRevision.number).label("number"),
    col(ClaimRevision.document).label("claim_document"),
)


def _window(table: Any, at: Any, wanted: Wanted, columns: tuple[str, ...]) -> Any:
    """Return the rows that a page looks at, newest first; filters of the table's own columns come before the limit."""
    query = select(table).order_by(col(at).desc(), col(table.id).desc()).limit(WINDOW)
    for name in columns:
        if name in wanted.filters:
            query = query.where(getattr(table, name) == wanted.filters[name])
    return between(query, col(at), col(table.id), wanted).subquery()


def between(query: Select[Any], at: Any, identity: Any, wanted: Wanted) -> Select[Any]:
    """Leave what a page asks for: of its time, and behind its place."""
    if wanted.since is not None:
        query = query.where(at >= wanted.since)
    if wanted.until is not None:
        query = query.where(at < wanted.until)
    return query if wanted.after is None else query.where(tuple_(at, identity) < wanted.after)


def _claim_of(looked: Any) -> list[Any]:
    """Return what is told of the claim of a row, as far as the row does not tell it itself."""
    return [column for column in _CLAIM if column.name not in looked.c]


def _of_claims(looked: Any, claim_id: Any, revision_id: Any) -> Select[Any]:
    """Join a window's rows with their claim, its revision and its record; without a revision's id with all of them."""
    columns = _claim_of(looked)
    if revision_id is None:
        joined = select(looked, *columns).join(ClaimRow, col(ClaimRow.id) == claim_id)
        joined = joined.join(ClaimRevision, col(ClaimRevision.claim_id) == ClaimRow.id)
    else:
        joined = select(looked, *columns).join(ClaimRevision, col(ClaimRevision.id) == revision_id)
        joined = joined.join(ClaimRow, col(ClaimRow.id) == claim_id)
    return joined.join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)


def _page(  # noqa: PLR0913 - a list's window, order and question
    session: Session, looked: Any, at: Any, query: Select[Any], wanted: Wanted, shown: ColumnElement[bool]
) -> Listed:
    filters = wanted.filters
    if "kind" in filters:
        query = query.where(kind_of(session) == filters["kind"])
    if "gate" in filters:
        query = query.where(col(GateRow.status) == filters["gate"])
    if "publisher" in filters and "publisher" not in looked.c:
        query = query.where(col(ClaimRow.publisher) == filters["publisher"])
    if "record_id" in filters and "record_id" not in looked.c:
        query = query.where(col(ClaimRow.record_id) == filters["record_id"])
    if "claim_id" in filters and "claim_id" not in looked.c:
        query = query.where(col(ClaimRow.id) == filters["claim_id"])
    query = query.where(shown).order_by(at.desc(), looked.c.id.desc()).limit(wanted.limit + 1)
    rows = [dict(row) for row in session.connection().execute(query).mappings()]
    found = [_told(row) for row in rows[: wanted.limit]]
    if len(rows) > wanted.limit:
        return Listed(found, (found[-1][at.key], found[-1]["id"]))
    last = select(at, looked.c.id).order_by(at.desc(), looked.c.id.desc()).offset(WINDOW - 1).limit(1)
    end = session.connection().execute(last).first()
    return Listed(found, None if end is None else (end[0], end[1]))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its claim's document read: statement, kind, and nothing else of it."""
    text = row.pop("claim_document", None)
    if text is None:
        return row
    document = json.loads(text)
    return row | {"statement": document["claim"]["statement"], "kind": document["reproduce"]["kind"]}


def kind_of(session: Session) -> Any:
    """Return the kind of reproduction in a revision's document, in the words of the dialect."""
    document = col(ClaimRevision.document)
    postgres = session.get_bind().dialect.name == "postgresql"
    parsed: Any = cast(document, JSON) if postgres else type_coerce(document, JSON)
    return parsed[("reproduce", "kind")].as_string()


def run(session: Session, run_id: str, seen: Visible) -> dict[str, Any] | None:
    """Return one run with everything that is known of it; None when the caller may not know of it."""
    query = (
        select(
            RunRow,
            col(OutcomeRow.document).label("outcome"),
            *(getattr(OutcomeRow, name) for name in ("isolation", "derived", "worker", "result", "stdout", "stderr")),
            col(ClaimRow.id).label("claim_id"),
            CLOSED_CLAIM.label("closed"),
        )
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .join(OutcomeRow, col(OutcomeRow.run_id) == RunRow.id, isouter=True)
        .where(col(RunRow.id) == run_id, seen.verifications)
    )
    row = session.connection().execute(query).mappings().first()
    if row is None:
        return None
    found = dict(row)
    for name in ("outcome", "isolation", "derived"):
        found[name] = None if found[name] is None else json.loads(found[name])
    return found | {"derivation": json.loads(found["spec"]).get("derivation")}


def has_verification(session: Session, verification_id: str, seen: Visible) -> bool:
    """Whether the caller may know of a verification."""
    query = (
        select(col(Verification.id))
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(Verification.id) == verification_id, seen.verifications)
    )
    return session.connection().execute(query).first() is not None


def known_verifications(session: Session, ids: Collection[str], seen: Visible) -> set[str]:
    """Return those of the verifications that the caller may be told of without asking for them by id."""
    query = (
        select(col(Verification.id))
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(Verification.id).in_(ids), seen.claims)
    )
    return set(session.connection().execute(query).scalars())


def state_of(session: Session, verification_id: str) -> str | None:
    """Return a verification's state; None when there is no such one."""
    query = select(col(Verification.state)).where(col(Verification.id) == verification_id)
    return session.connection().execute(query).scalar()


def has_claim(session: Session, claim_id: str, seen: Visible) -> bool:
    """Whether the caller may know of a claim."""
    query = select(col(ClaimRow.id)).join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
    return session.connection().execute(query.where(col(ClaimRow.id) == claim_id, seen.claims)).first() is not None


def gates(session: Session, seen: Visible) -> dict[str, int]:
    """Return how many records have a gate verdict of each status."""
    query = (
        select(col(GateRow.status), func.count())
        .join(Record, col(Record.id) == GateRow.record_id)
        .where(seen.records)
        .group_by(col(GateRow.status))
    )
    return {row[0]: row[1] for row in session.connection().execute(query)}
