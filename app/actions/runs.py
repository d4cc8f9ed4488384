"""What workers do with runs: claim them, renew their leases, hand in what they left, give them back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.actions.planning import Results, deliver_soon, nudge_runs, plan_next, send
from app.core import loglines
from app.store import planning, runs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.actions.parts import Parts
    from app.core.model import Seal
    from app.executed import Executed
    from app.store.runs import Claimed, LeftToOthers, LogPiece, Renewal

CONFIRM_PATIENCE_SECONDS = 1.0  # for so long a confirm run waits for a worker that did not measure


def claim_run(  # noqa: PLR0913 - a run, and who asks for it with what
    parts: Parts, run_id: str, owner: str, environments: set[str], assets: Collection[str] = (), *, gpu: bool = False
) -> Claimed | LeftToOthers | None:
    """Claim a run under a new fence, or return None when there is nothing to do.

    Args:
        parts: the service's parts.
        run_id: the run that a nudge is about.
        owner: the worker's name, host and process.
        environments: digests of what it can run in.
        assets: digests of those that it has.
        gpu: whether it holds a GPU; without one it gets no run that needs one.

    """
    settings = parts.settings
    terms = runs.Terms(
        lease_seconds=settings.lease_seconds,
        attempts_max=settings.attempts_max,
        patience_seconds=CONFIRM_PATIENCE_SECONDS,
        presence_seconds=settings.presence_seconds,
    )
    with parts.store.transaction() as session:
        found = runs.claim_run(session, run_id, owner, environments, terms, assets, gpu=gpu)
    if isinstance(found, runs.LeftToOthers):
        parts.queue.nudge_run(found.run_id, found.queue)
    return found


def renew(parts: Parts, claimed: Claimed) -> Renewal:
    """Renew a lease; says whether it is still held and whether the run should end."""
    with parts.store.transaction() as session:
        return runs.renew(session, claimed, parts.settings.lease_seconds)


def look(parts: Parts, claimed: Claimed) -> Renewal:
    """Say whether a lease is still held and whether the run should end; writes nothing."""
    with parts.store.read() as session:
        return runs.look(session, claimed)


def report_progress(parts: Parts, claimed: Claimed, fraction: float, text: str) -> None:
    """Pass on what a script says about its progress."""
    with parts.store.transaction() as session:
        runs.progress(session, claimed, fraction, text)


def report_output(parts: Parts, claimed: Claimed, pieces: Sequence[LogPiece]) -> None:
    """Pass on what a script writes while it runs, for who watches it; its whole log comes with the outcome."""
    with parts.store.transaction() as session:
        runs.said(session, claimed, pieces)


def finish_run(parts: Parts, claimed: Claimed, seal: Seal, done: Executed, *, worker: str) -> None:
    """Store a run's outcome under its fence and plan what comes next, in one transaction; then nudge.

    Raises:
        StaleFence: the lease was lost meanwhile; nothing was stored.

    """
    kept = runs.Kept(
        result=None if done.result is None else _must_keep(parts, done.result),
        stdout=_keep(parts, done.stdout),
        stderr=_keep(parts, done.stderr),
        artifacts=tuple((name, *_must_keep(parts, data)) for name, data in done.artifacts),
    )
    logs = ((kept.stdout, done.stdout), (kept.stderr, done.stderr))
    kept = replace(kept, logs=tuple((item[0], loglines.index(data)) for item, data in logs if item is not None))
    results = Results(parts.blobs)
    results.prefetch(parts, claimed.verification_id)
    if kept.result is not None:
        results.read(kept.result[0])  # stored and read back by hash before any row says so
    with parts.store.transaction() as session:
        verification = runs.finish_run(
            session,
            claimed,
            outcome=done.outcome,
            isolation=done.isolation,
            derived=done.derived,
            kept=kept,
            worker=worker,
            samples=done.samples,
            gpus=seal.claim.limits.gpus,
        )
        nudges = plan_next(session, verification, seal, results)
    send(parts, nudges)
    deliver_soon(parts, session)


def left_by(parts: Parts, verification_id: str, key: str, name: str) -> bytes:
    """Return a file that a finished run of a verification left, hashed again; empty when it left none of that name."""
    with parts.store.read() as session:
        found = planning.artifact_of(session, verification_id, key, name)
    return b"" if found is None else parts.blobs.read(found)


def cancel_run(parts: Parts, claimed: Claimed, cpu_ms: int = 0, gpu_ms: int = 0) -> None:
    """End a run whose verification was cancelled while it ran.

    Args:
        parts: the service's parts.
        claimed: the run, as the worker holds it.
        cpu_ms: processor time that it took, which counts against budgets all the same: else whoever cancels in time pays
            nothing.
        gpu_ms: wall time, times the GPUs that were held.

    Raises:
        StaleFence: the lease was lost meanwhile; nothing was changed.

    """
    with parts.store.transaction() as session:
        runs.cancel_run(session, claimed, cpu_ms, gpu_ms)
    deliver_soon(parts, session)


def fail_run(parts: Parts, claimed: Claimed, code: str, detail: str) -> None:
    """Give a run back after a fault of ours: to the queue while attempts are left, else its verification faults.

    Raises:
        StaleFence: the lease was lost meanwhile; nothing was changed.

    """
    with parts.store.transaction() as session:
        again = runs.fail_run(session, claimed, code, detail, parts.settings.attempts_max)
    deliver_soon(parts, session)
    if again:
        nudge_runs(parts, (claimed.run_id,), claimed.queue)


def _keep(parts: Parts, data: bytes) -> tuple[str, int] | None:
    return _must_keep(parts, data) if data else None


def _must_keep(parts: Parts, data: bytes) -> tuple[str, int]:
    return parts.blobs.put(data), len(data)
