"""What the sweeper looks for: rows that somebody should have moved and did not.

Looking changes nothing; each finding is then mended in a transaction of its own, which looks again under its locks. So
any number of sweepers may run at once, and one row that cannot be mended holds up no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, select

from app.store.asset_tables import AssetRow, SealAsset
from app.store.ending import lock_of_run
from app.store.engine import database_time
from app.store.presence import present
from app.store.runs import RUNNING, HeldRun, give_back
from app.store.tables import Artifact, EnvironmentRow, RunRow, Verification

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Set as AbstractSet

FOUND_MAX = 1000  # of each kind in one sweep, oldest first; the next sweep finds the rest
NUDGE_PAUSE_SECONDS_MAX = 600


@dataclass(frozen=True)
class Lost:
    """A queued run, or a verification that waits for its judge, whose nudge may have been lost."""

    id: str
    queue: str


@dataclass(frozen=True)
class Homeless:
    """A queued run whose environment no worker has any more."""

    verification_id: str
    name: str  # of the environment


def expired(session: Session) -> list[str]:
    """Return the runs whose lease has run out."""
    now = database_time(session)
    query = select(RunRow.id).where(RunRow.state == "running", col(RunRow.lease_until) < now)
    return list(session.exec(query.order_by(col(RunRow.lease_until)).limit(FOUND_MAX)))


def take_back(session: Session, run_id: str, attempts_max: int) -> Lost | None:
    """Take an expired run back into its queue and return it, or end it with its verification."""
    verification = lock_of_run(session, run_id)
    query = RUNNING.where(col(RunRow.lease_until) < database_time(session))
    found = session.connection().execute(query, {"run": run_id}).first()
    if verification is None or found is None:
        return None
    run = HeldRun(*found)
    return Lost(run.id, run.queue) if give_back(session, verification, run, attempts_max) else None


def waiting_runs(session: Session, stale_seconds: float) -> list[Lost]:
    """Return queued runs that nobody has touched for a while, unless they were nudged again lately.

    Those that wait the longest come first; those of one stage wait equally long and come in an order drawn by the database.
    """
    now = database_time(session)
    query = select(RunRow.id, RunRow.queue).where(
        RunRow.state == "queued", RunRow.touched_at < now - stale_seconds, RunRow.nudge_at < now
    )
    return [Lost(*row) for row in session.exec(query.order_by(col(RunRow.touched_at), func.random()).limit(FOUND_MAX))]


def nudged(session: Session, run_ids: Sequence[str], stale_seconds: float) -> None:
    """Note that runs were nudged again: each pause is as long as the run has waited, up to ten minutes.

    Behind a long queue a waiting run is the rule, not a lost nudge; nudging it at every sweep would fill the broker.
    """
    now = database_time(session)
    for row in session.exec(select(RunRow).where(col(RunRow.id).in_(run_ids), RunRow.state == "queued")):
        row.nudge_at = now + min(max(now - row.touched_at, stale_seconds), NUDGE_PAUSE_SECONDS_MAX)


def waiting_conclusions(session: Session, stale_seconds: float, attempts_max: int) -> list[str]:
    """Return verifications that wait for a judge, and that nobody has touched for a while."""
    before = database_time(session) - stale_seconds
    query = select(Verification.id).where(Verification.state == "concluding", Verification.touched_at < before)
    left = query.where(Verification.judgings < attempts_max)
    return list(session.exec(left.order_by(col(Verification.touched_at)).limit(FOUND_MAX)))


def unjudged(session: Session, patience_seconds: float, attempts_max: int) -> list[str]:
    """Return verifications that have had their last judge a while ago and still have no verdict."""
    before = database_time(session) - patience_seconds
    query = select(Verification.id).where(Verification.state == "concluding", Verification.touched_at < before)
    return list(session.exec(query.where(Verification.judgings >= attempts_max).limit(FOUND_MAX)))


def touched(session: Session, verification_ids: Sequence[str]) -> None:
    """Note that judges were nudged again."""
    session.connection().execute(
        update(Verification)
        .where(col(Verification.id).in_(verification_ids), col(Verification.state) == "concluding")
        .values(touched_at=database_time(session))
    )


def unplanned(session: Session) -> list[tuple[str, str]]:
    """Return running verifications (id, seal) without a queued or running run: somebody died before planning."""
    live = exists().where(
        col(RunRow.verification_id) == col(Verification.id), col(RunRow.state).in_(("queued", "running"))
    )
    query = select(Verification.id, Verification.seal).where(Verification.state == "running", ~live)
    return [(row[0], row[1]) for row in session.exec(query.limit(FOUND_MAX))]


def homeless(session: Session, wait_seconds: float, presence_seconds: float) -> list[Homeless]:
    """Return runs that wait long for an environment that was published anew since and that no present worker has."""
    before = database_time(session) - wait_seconds
    old = select(RunRow.verification_id, RunRow.environment, EnvironmentRow.name, EnvironmentRow.created_at).join(
        EnvironmentRow, col(EnvironmentRow.digest) == RunRow.environment
    )
    waiting = session.exec(old.where(RunRow.state == "queued", RunRow.touched_at < before).limit(FOUND_MAX)).all()
    if not waiting:
        return []
    offered = {digest for worker in present(session, presence_seconds) for digest in worker.environments}
    newest: dict[str, datetime] = {}
    for row in session.exec(select(EnvironmentRow).order_by(col(EnvironmentRow.created_at))):
        newest[row.name] = row.created_at
    return [
        Homeless(verification_id, name)
        for verification_id, digest, name, published in waiting
        if digest not in offered and published < newest[name]
    ]


def assetless(session: Session, wait_seconds: float, presence_seconds: float) -> list[Homeless]:
    """Return verifications whose runs wait long for an asset that none of the present workers has, by the asset's name."""
    here = present(session, presence_seconds)
    if not here:
        return []
    offered = {digest for worker in here for digest in worker.assets}
    query = (
        select(RunRow.verification_id, AssetRow.name)
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(SealAsset, col(SealAsset.seal) == Verification.seal)
        .join(AssetRow, col(AssetRow.digest) == SealAsset.asset)
        .where(RunRow.state == "queued", RunRow.touched_at < database_time(session) - wait_seconds)
        .where(col(SealAsset.asset).not_in(offered))
    )
    return [Homeless(verification_id, name) for verification_id, name in session.exec(query.limit(FOUND_MAX))]


def retryable(session: Session, codes: Collection[str], pause_seconds: float, age_seconds_max: float) -> list[str]:
    """Return verifications that faulted a while ago for a reason that time may heal, and that nobody began again."""
    now = datetime.now(UTC)
    newer = aliased(Verification)
    begun_again = exists().where(
        col(newer.publisher) == Verification.publisher,
        col(newer.seal) == Verification.seal,
        col(newer.created_at) > Verification.created_at,
    )
    query = select(Verification.id).where(
        Verification.state == "faulted",
        col(Verification.reason_code).in_(codes),
        col(Verification.retry_of).is_(None),
        col(Verification.ended_at) < now - timedelta(seconds=pause_seconds),
        col(Verification.ended_at) > now - timedelta(seconds=age_seconds_max),
        ~begun_again,
    )
    return list(session.exec(query.limit(FOUND_MAX)))


def known_artifacts(session: Session, digests: Collection[str]) -> AbstractSet[str]:
    """Return those of the digests that rows refer to; a blob outside of it is an orphan."""
    return set(session.exec(select(Artifact.digest).where(col(Artifact.digest).in_(digests))))
