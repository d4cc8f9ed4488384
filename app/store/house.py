"""What the page of the house shows: queues, workers with what they do, runs that need a look, and what ended lately."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select
from sqlmodel import Session, col

from app.core.boxjob import UNDERIVABLE
from app.store import assets
from app.store.engine import database_time, seconds_since
from app.store.presence import KnownWorker, present
from app.store.source_lists import waiting_outside
from app.store.tables import (
    ClaimRevision,
    ClaimRow,
    EnvironmentRow,
    ListingRow,
    OutcomeRow,
    Record,
    RunRow,
    Verdict,
    Verification,
    WorkerRow,
)
from app.store.visible import STRANGERS, Visible
from app.store.waiting import Need, lack

if TYPE_CHECKING:
    from collections.abc import Collection

COUNTED = 2_000  # what ended in a day is counted so far
LISTED_MAX = 100
_OTHER = ("judge", "outside")  # queues of no runs
#: A run with nothing to do has the outcome of a cancelled one; quotes inside of a text are written otherwise.
_UNRUN = col(OutcomeRow.document).contains(f'"limit":"{UNDERIVABLE}"', autoescape=True)


def house(session: Session, period_seconds: float, stuck_seconds: float, seen: Visible = STRANGERS) -> dict[str, Any]:
    """Return queues, workers, runs that need a look, and what ended lately."""
    now = database_time(session)
    there = present(session, period_seconds)
    workers = _workers(session, now, {worker.name for worker in there}, seen)
    queues = _queues(session, now, there)
    outcomes = _outcomes(session, seen)
    environments = _environments(session)
    return {
        "queues": queues,
        "workers": workers,
        "stuck": _stuck(session, now, stuck_seconds, seen, (queues, there, environments)),
        "ended": {"concluded": sum(outcomes["verdicts"].values()), **_ended(session, seen)},
        "outcomes": outcomes,
        "environments": environments,
        "counted_over": COUNTED,
    }


def _queues(session: Session, now: float, there: list[KnownWorker]) -> list[dict[str, Any]]:
    """Return how many wait in each queue, the oldest for how long, how many are at work, and how many workers serve it.

    A run that was given back waits from then on. A verification waits for a judge until one has taken it up. Of what waits
    for `outside` nobody counts what is being worked on (None): it is taken for seconds, by threads beside the runs.
    """
    waiting = (
        select(col(RunRow.queue), func.count(), func.min(col(RunRow.touched_at)))
        .where(col(RunRow.state) == "queued")
        .group_by(col(RunRow.queue))
    )
    running = select(col(RunRow.queue), func.count()).where(col(RunRow.state) == "running").group_by(col(RunRow.queue))
    judging = (
        select((col(Verification.judgings) > 0).label("taken"), func.count(), func.min(col(Verification.touched_at)))
        .where(col(Verification.state) == "concluding")
        .group_by("taken")
    )
    connection = session.connection()
    depth: dict[str, tuple[int, float | None]] = {row[0]: (row[1], row[2]) for row in connection.execute(waiting)}
    busy: dict[str, int] = {row[0]: row[1] for row in connection.execute(running)}
    for taken, number, oldest in connection.execute(judging):
        if taken:
            busy["judge"] = number
        else:
            depth["judge"] = (number, oldest)
    depth["outside"] = waiting_outside(session)
    served = [name for worker in there for name in worker.queues]
    return [
        {
            "queue": name,
            "queued": depth.get(name, (0, None))[0],
            "oldest_seconds": _since(now, depth.get(name, (0, None))[1]),
            "running": None if name == "outside" else busy.get(name, 0),
            "workers": served.count(name),
        }
        for name in [
            *sorted({"cpu", *depth, *busy, *{"gpu"}.intersection(served)} - {"judge", "outside"}),
            "judge",
            "outside",
        ]
    ]


def _since(now: float, moment: float | None) -> float | None:
    return None if moment is None else round(max(0.0, now - moment), 1)


def _workers(session: Session, now: float, there: Collection[str], seen: Visible) -> list[dict[str, Any]]:
    rows = session.connection().execute(select(WorkerRow).order_by(col(WorkerRow.name))).mappings().all()
    busy = _running(session, seen)
    return [
        {
            "running": busy.get(row["name"], []),
            "name": row["name"],
            "host": row["host"],
            "queues": json.loads(row["queues"]),
            "environments": json.loads(row["environments"]),
            "assets": json.loads(row["assets"]),
            "gpu": json.loads(row["gpu"] or "null"),
            "started_at": row["started_at"],
            "seen_seconds": round(max(0.0, now - row["seen_at"]), 1),
            "present": row["name"] in there,
        }
        for row in rows
    ]


def _running(session: Session, seen: Visible) -> dict[str, list[dict[str, Any]]]:
    """Return worker -> what it is running; None for the name of a run that the viewer may not know of."""
    query = (
        select(
            *(col(item) for item in (RunRow.id, RunRow.lease_owner, RunRow.started_at)),
            col(ClaimRow.name).label("claim"),
            seen.claims.label("shown"),
        )
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(RunRow.state) == "running")
        .order_by(col(RunRow.touched_at))
        .limit(LISTED_MAX)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in session.connection().execute(query):
        told = {"run": row.id, "claim": row.claim} if row.shown else {"run": None, "claim": None}
        found.setdefault(row.lease_owner, []).append({**told, "seconds": seconds_since(row.started_at)})
    return found


def _environments(session: Session) -> dict[str, str]:
    """Return digest -> name of every environment that was ever built."""
    query = select(col(EnvironmentRow.digest), col(EnvironmentRow.name))
    return {row[0]: row[1] for row in session.connection().execute(query)}


def _outcomes(session: Session, seen: Visible) -> dict[str, dict[str, int]]:
    """Return how many runs and verdicts of the last day ended how, of the COUNTED newest that the viewer may know of."""
    day = datetime.now(UTC) - timedelta(days=1)
    runs: Any = (
        select(case((_UNRUN, "not executed"), else_=col(OutcomeRow.kind)).label("how"))
        .join(RunRow, col(RunRow.id) == OutcomeRow.run_id)
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(RunRow.state) == "done", col(RunRow.touched_at) >= day.timestamp(), seen.claims)
        .order_by(col(RunRow.touched_at).desc())
    )
    verdicts: Any = (
        select(col(Verdict.status).label("how"))
        .join(ListingRow, col(ListingRow.verdict_id) == Verdict.id)
        .where(col(Verdict.evaluated_at) >= day)
        .order_by(col(Verdict.evaluated_at).desc(), col(Verdict.id).desc())
    )
    if seen.audiences is not None:
        verdicts = verdicts.where(col(ListingRow.audience).in_(seen.audiences))
    found: dict[str, dict[str, int]] = {}
    for name, asked in (("runs", runs), ("verdicts", verdicts)):
        newest = asked.limit(COUNTED).subquery()
        query = select(newest.c.how, func.count()).group_by(newest.c.how).order_by(func.count().desc(), newest.c.how)
        found[name] = {row[0]: row[1] for row in session.connection().execute(query)}
    return found


def _stuck(
    session: Session,
    now: float,
    stuck_seconds: float,
    seen: Visible,
    known: tuple[list[dict[str, Any]], list[KnownWorker], dict[str, str]],
) -> list[dict[str, Any]]:
    """Return runs whose lease ran out, and runs that wait for longer than a nudge takes although nothing is before them.

    In a queue whose workers are all at work, waiting is no news; it is where no worker has the run's environment or assets.

    Args:
        session: a reading.
        now: the database's time.
        stuck_seconds: how long a run may wait where somebody is free.
        seen: what the viewer may know of.
        known: queues, workers that are there, and environments, digest -> name.

    """
    queues, there, environments = known
    busy = [row["queue"] for row in queues if row["running"]]
    built = {digest for worker in there for digest in worker.environments}
    kept = {digest for worker in there for digest in worker.assets}
    unmoved = or_(
        col(RunRow.queue).not_in(busy),
        col(RunRow.environment).not_in(built),
        assets.lacking(col(Verification.seal), kept),
    )
    query = (
        select(
            *(col(item) for item in (RunRow.id, RunRow.state, RunRow.queue, RunRow.environment)),
            col(RunRow.attempts),
            col(Verification.seal),
            col(RunRow.touched_at),
            col(ClaimRow.name).label("claim"),
            seen.claims.label("shown"),
        )
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(
            or_(
                and_(col(RunRow.state) == "running", col(RunRow.lease_until) < now),
                and_(col(RunRow.state) == "queued", col(RunRow.touched_at) < now - stuck_seconds, unmoved),
            )
        )
        .order_by(col(RunRow.touched_at))
        .limit(LISTED_MAX)
    )
    rows = session.connection().execute(query).all()
    named = assets.named(session, {row.seal for row in rows})

    def lacks(row: Any) -> str | None:
        name = environments.get(row.environment, "")
        return lack(Need(row.queue, row.environment, named.get(row.seal, {}), name), there)

    return [
        {
            "run": row.id if row.shown else None,  # of a closed claim even its run's name is nobody's business
            "claim": row.claim if row.shown else None,
            "state": row.state,
            "queue": row.queue,
            "attempts": row.attempts,
            "lacks": lacks(row) if row.shown and row.state == "queued" else None,
            "seconds": round(max(0.0, now - row.touched_at), 1),
        }
        for row in rows
    ]


def _ended(session: Session, seen: Visible) -> dict[str, int]:
    """Return how many verifications ended without a verdict in the last day, at most COUNTED of each kind.

    Of those that the viewer may know of, and that were submitted in the last eight days: so an index finds them.
    """
    now = datetime.now(UTC)
    day, week = now - timedelta(days=1), now - timedelta(days=8)
    found = {}
    for state in ("cancelled", "faulted"):
        newest = (
            select(col(Verification.id))
            .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
            .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
            .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
            .where(col(Verification.state) == state, col(Verification.created_at) >= week)
            .where(col(Verification.ended_at) >= day, seen.claims)
            .limit(COUNTED)
            .subquery()
        )
        found[state] = int(session.connection().execute(select(func.count()).select_from(newest)).scalar_one())
    return found
