"""The feed of verdicts: its pages, its counts, and how many are new, from the listing and the tally that triggers keep.

Theory of operation. Every filter is a set of buckets, one for each combination of status, kind, reason and blame that has
occurred (`app.store.upkeep`). A page is the merge of the first rows of each bucket, which an index gives in their order;
without a filter it is the merge over the audiences. Both cost the same however many verdicts there are, and however rare
the wanted ones are. Counts are sums over the tally. That a row may be shown is asked again where it is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select, tuple_, union_all
from sqlmodel import Session, col

from app.store import views
from app.store.standing import HOLDS
from app.store.tables import ClaimRevision, ClaimRow, GateRow, ListingRow, Record, TallyRow, Verdict
from app.store.visible import CLOSED_CLAIM, PRIVATE_RECORD, STRANGERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from app.store.visible import Visible

FACETS = ("status", "kind", "reason_code", "blame")
NEW_MAX = 100  # so many new verdicts are counted, and no more

AT: Any = ListingRow.__table__.c.evaluated_at.type  # type: ignore[attr-defined]  # SQLModel hides it from types

Place = tuple["datetime", str]


@dataclass(frozen=True)
class Feed:
    """A page of the feed, and where the next one begins; None at the end."""

    rows: list[dict[str, Any]]
    after: Place | None


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Args:
        facets: facet -> value, of those in FACETS.
        since: not older than this.

    """

    facets: Mapping[str, str]
    since: datetime | None = None


def page(session: Session, wanted: Wanted, before: Place | None, limit: int, seen: Visible = STRANGERS) -> Feed:
    """Return verdicts, newest first.

    Args:
        session: to read in.
        wanted: which.
        before: older than this place.
        limit: at most so many.
        seen: what the viewer may know of.

    """
    places = _places(session, wanted, limit + 1, seen, before=before)
    found = _rows(session, [verdict_id for _, verdict_id in places[:limit]], seen)
    return Feed(found, places[limit - 1] if len(places) > limit else None)


def newer(session: Session, wanted: Wanted, than: Place, seen: Visible = STRANGERS) -> int:
    """Return how many verdicts are newer than a place, at most NEW_MAX."""
    return len(_places(session, wanted, NEW_MAX, seen, after=than))


def counts(session: Session, wanted: Wanted, seen: Visible = STRANGERS) -> dict[str, dict[str, int]]:
    """Return facet -> value -> how many verdicts have it among those that the other filters let through."""
    found: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    for row in tally(session, seen):
        misses = [name for name, value in wanted.facets.items() if row[name] != value]
        for name in FACETS:
            if row[name] is not None and (not misses or misses == [name]):
                found[name][row[name]] = found[name].get(row[name], 0) + row["number"]
    return found


def tally(session: Session, seen: Visible = STRANGERS) -> list[dict[str, Any]]:
    """Return how many verdicts of claims that the viewer may know of there are of each status, kind, reason and blame."""
    query, known = _TALLY, {}
    if seen.audiences is not None:
        query, known = _TALLY_OF, {"audiences": list(seen.audiences)}
    rows = session.connection().execute(query, known).mappings()
    return [{**row, "number": int(row["number"])} for row in rows]  # PostgreSQL's sums are decimals


_COLUMNS = [getattr(TallyRow, name) for name in ("bucket", *FACETS)]
_TALLY: Any = (
    select(*_COLUMNS, func.sum(col(TallyRow.number)).label("number"))
    .where(col(TallyRow.number) > 0)
    .group_by(*_COLUMNS)
    .order_by(col(TallyRow.bucket))
)
_TALLY_OF = _TALLY.where(col(TallyRow.audience).in_(bindparam("audiences", expanding=True)))


def _places(  # noqa: PLR0913 - filters, viewer and either end
    session: Session,
    wanted: Wanted,
    limit: int,
    seen: Visible,
    *,
    before: Place | None = None,
    after: Place | None = None,
) -> list[Place]:
    buckets: list[str | None] = [None]
    if wanted.facets:
        rows = tally(session, seen)
        passing = [row for row in rows if all(row[name] == value for name, value in wanted.facets.items())]
        buckets = [row["bucket"] for row in passing]
    streams = [(audience, bucket) for audience in seen.audiences or ("",) for bucket in buckets]
    if not streams:
        return []
    bounds = {"before": before, "after": after}
    values: dict[str, Any] = {"limit": limit, "since": wanted.since}
    for name, place in bounds.items():
        values |= {f"{name}_at": place[0], f"{name}_id": place[1]} if place else {}
    given = frozenset(name for name, value in (*bounds.items(), ("since", wanted.since)) if value is not None)
    if seen.audiences is None:
        statement = _all(bool(wanted.facets), given)
        values["buckets"] = buckets if wanted.facets else None
    else:
        statement = _merge(len(streams), bool(wanted.facets), given)
        for index, (audience, bucket) in enumerate(streams):
            values |= {f"audience_{index}": audience, f"bucket_{index}": bucket}
    known = {name: value for name, value in values.items() if value is not None}
    return [(row[0], row[1]) for row in session.connection().execute(statement, known)]


@lru_cache(maxsize=256)
def _all(bucketed: bool, given: frozenset[str]) -> Any:  # noqa: FBT001 - part of a key
    """Return the statement over everybody's verdicts, for the operator: along their time, however rare they are."""
    query: Any = select(col(Verdict.evaluated_at), col(Verdict.id))
    if bucketed:
        query = query.join(ListingRow, col(ListingRow.verdict_id) == Verdict.id)
        query = query.where(col(ListingRow.bucket).in_(bindparam("buckets", expanding=True)))
    return _bounded(query, col(Verdict.evaluated_at), col(Verdict.id), given)


def _bounded(query: Any, at: Any, verdict_id: Any, given: frozenset[str]) -> Any:
    """Return a statement's newest rows between the given ends."""
    place = tuple_(at, verdict_id)
    if "since" in given:
        query = query.where(at >= bindparam("since"))
    if "before" in given:
        query = query.where(place < tuple_(bindparam("before_at", type_=AT), bindparam("before_id")))
    if "after" in given:
        query = query.where(place > tuple_(bindparam("after_at", type_=AT), bindparam("after_id")))
    return query.order_by(at.desc(), verdict_id.desc()).limit(bindparam("limit"))


@lru_cache(maxsize=256)
def _merge(streams: int, bucketed: bool, given: frozenset[str]) -> Any:  # noqa: FBT001 - part of a key
    """Return the statement that merges so many streams; it is built once."""
    at, verdict_id = col(ListingRow.evaluated_at), col(ListingRow.verdict_id)
    parts = []
    for index in range(streams):
        query: Any = select(at, verdict_id).where(col(ListingRow.audience) == bindparam(f"audience_{index}"))
        if bucketed:
            query = query.where(col(ListingRow.bucket) == bindparam(f"bucket_{index}"))
        parts.append(_bounded(query, at, verdict_id, given))
    if streams == 1:
        return parts[0]
    merged = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return select(merged).order_by(merged.c.evaluated_at.desc(), merged.c.verdict_id.desc()).limit(bindparam("limit"))


def _rows(session: Session, verdict_ids: Sequence[str], seen: Visible) -> list[dict[str, Any]]:
    query: Any = (
        select(
            Verdict,
            HOLDS,
            col(ClaimRow.name).label("claim"),
            col(ClaimRevision.document).label("document"),
            col(ClaimRevision.number).label("number"),
            col(ClaimRow.record_id).label("record_id"),
            col(ClaimRow.publisher).label("publisher"),
            CLOSED_CLAIM.label("closed"),
            col(Record.title).label("record_title"),
        )
        .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verdict.claim_revision_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(Verdict.id).in_(verdict_ids), seen.claims)
        .order_by(col(Verdict.evaluated_at).desc(), col(Verdict.id).desc())
    )
    return _told(views.with_findings(session, session.connection().execute(query).mappings().all()))


def public_records(session: Session, limit: int, seen: Visible = STRANGERS) -> list[dict[str, Any]]:
    """Return the records that changed last, of those that the viewer may know of, with their gate verdicts."""
    query = (
        select(
            col(Record.id),
            col(Record.title),
            col(Record.external_id),
            col(Record.publisher),
            PRIVATE_RECORD.label("closed"),
            col(GateRow.document),
            col(GateRow.updated_at),
        )
        .join(GateRow, col(GateRow.record_id) == Record.id)
        .where(seen.records)
        .order_by(col(GateRow.updated_at).desc())
        .limit(limit)
    )
    rows = [dict(row) for row in session.connection().execute(query).mappings()]
    return [{"gate": json.loads(row.pop("document")), **row} for row in rows]


def gate_documents(session: Session, record_ids: Sequence[str]) -> dict[str, Any]:
    """Return the gate verdicts of some records, by the record's id; none of what has none yet."""
    query = select(col(GateRow.record_id), col(GateRow.document)).where(col(GateRow.record_id).in_(record_ids))
    return {row.record_id: json.loads(row.document) for row in session.connection().execute(query)}


def _told(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of the feed with their claim's document read: statement, kind, and nothing else of it."""
    found = []
    for row in rows:
        document = json.loads(row["document"])
        told = {name: value for name, value in row.items() if name not in {"document", "number"}}
        told["revision"] = row["number"]
        found.append(told | {"statement": document["claim"]["statement"], "kind": document["reproduce"]["kind"]})
    return found
