"""Why a run waits: what it needs that no worker has which is there. Where one has it all, the run waits for its turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import Session, col

from app.store import assets
from app.store.presence import GPU, KnownWorker, present
from app.store.tables import EnvironmentRow, RunRow, Verification

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHOWN = 19  # characters of a digest, with the name of its algorithm


@dataclass(frozen=True)
class Need:
    """What a worker must have to be given a run."""

    queue: str
    environment: str  # digest
    assets: Mapping[str, str]  # digest -> name
    environment_name: str = ""


def lack(need: Need, workers: Iterable[KnownWorker]) -> str | None:
    """Return in a sentence what none of the workers has; None when one of them has all of it."""
    able = list(workers)
    if not able:
        return "No worker is there."
    able = [worker for worker in able if need.queue in worker.queues]
    if not able:
        return f"No worker that is there serves the queue {need.queue}."
    if need.queue == GPU:
        able = [worker for worker in able if worker.gpu]
        if not able:
            return "No worker that is there holds a GPU."
    able = [worker for worker in able if need.environment in worker.environments]
    if not able:
        named = f"{need.environment_name} ({need.environment[:_SHOWN]}…)" if need.environment_name else need.environment
        return f"No worker of the queue {need.queue} has the environment {named}."
    for digest, name in need.assets.items():
        able = [worker for worker in able if digest in worker.assets]
        if not able:
            return f"No worker of the queue {need.queue} that has the rest has the asset {name} ({digest[:_SHOWN]}…)."
    return None


def lacked(session: Session, verification_id: str, period_seconds: float) -> str | None:
    """Return what no worker has that the waiting runs of a verification need; None when nothing waits, or for its turn."""
    query = (
        select(col(RunRow.queue), col(RunRow.environment), col(Verification.seal), col(EnvironmentRow.name))
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(EnvironmentRow, col(EnvironmentRow.digest) == RunRow.environment, isouter=True)
        .where(col(RunRow.verification_id) == verification_id, col(RunRow.state) == "queued")
        .limit(1)  # the runs of a seal need the same
    )
    row = session.connection().execute(query).first()
    if row is None:
        return None
    queue, environment, seal, name = row
    need = Need(queue, environment, assets.named(session, [seal]).get(seal, {}), name or "")
    return lack(need, present(session, period_seconds))
