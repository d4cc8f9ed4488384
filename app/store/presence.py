"""Which workers are there: each process writes its row when it starts and again every few seconds.

Nothing that must be right depends on it (leases and fences decide races); it says who could take a run, and whether
anybody still can.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from app.core.webhook import Event
from app.store import outbox
from app.store.engine import database_time
from app.store.tables import OutcomeRow, RunRow, WorkerRow

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

GPU = "gpu"  # the queue of runs that need a device
MISSED_MAX = 3  # a worker is gone when it has not said for this many periods that it is there


@dataclass(frozen=True)
class KnownWorker:
    """A worker process."""

    name: str  # host and process: "host:pid"
    queues: frozenset[str]
    environments: frozenset[str]  # digests
    assets: frozenset[str] = frozenset()  # digests
    gpu: str = ""  # JSON of the device that it holds: name, memory_bytes, driver, cuda; "" without one

    @property
    def host(self) -> str:
        """The host that it runs on."""
        return host_of(self.name)


def announce(session: Session, worker: KnownWorker) -> None:
    """Write a worker's row, new or anew."""
    session.merge(
        WorkerRow(
            name=worker.name,
            host=worker.host,
            queues=json.dumps(sorted(worker.queues)),
            environments=json.dumps(sorted(worker.environments)),
            assets=json.dumps(sorted(worker.assets)),
            gpu=worker.gpu,
            started_at=datetime.now(UTC),
            seen_at=database_time(session),
        )
    )


def still_here(session: Session, worker: KnownWorker) -> bool:
    """Note that a worker is there, and what it has; False when its row is gone and must be written anew."""
    has = {
        "environments": json.dumps(sorted(worker.environments)),
        "assets": json.dumps(sorted(worker.assets)),
        "queues": json.dumps(sorted(worker.queues)),
        "gpu": worker.gpu,
    }
    changed = session.connection().execute(
        update(WorkerRow)
        .where(col(WorkerRow.name) == worker.name)
        .values(seen_at=database_time(session), missed=False, **has)
    )
    return changed.rowcount == 1


def leave(session: Session, name: str) -> None:
    """Forget a worker that ends in good order."""
    session.connection().execute(delete(WorkerRow).where(col(WorkerRow.name) == name))


def forget(session: Session, older_than_seconds: float) -> None:
    """Forget workers that have not been seen for long."""
    before = database_time(session) - older_than_seconds
    session.connection().execute(delete(WorkerRow).where(col(WorkerRow.seen_at) < before))


def tell_missing(session: Session, period_seconds: float) -> int:
    """Tell the operator, once each, of workers that went away without a word; returns how many."""
    before = database_time(session) - MISSED_MAX * period_seconds
    gone = update(WorkerRow).where(col(WorkerRow.seen_at) < before, col(WorkerRow.missed).is_(False))
    told_of = gone.values(missed=True).returning(col(WorkerRow.name), col(WorkerRow.queues), col(WorkerRow.seen_at))
    rows = session.connection().execute(told_of).all()
    for name, queues, seen_at in rows:
        seen = datetime.fromtimestamp(seen_at, UTC).isoformat()
        told = {"worker": name, "queues": json.loads(queues), "seen_at": seen, "urls": {"workers": "/workers"}}
        outbox.tell_operators(session, Event.OFFLINE, told)
    return len(rows)


def present(session: Session, period_seconds: float) -> list[KnownWorker]:
    """Return the workers that are there."""
    since = database_time(session) - MISSED_MAX * period_seconds
    rows = session.exec(select(WorkerRow).where(WorkerRow.seen_at >= since).order_by(WorkerRow.name)).all()
    return [
        KnownWorker(
            row.name,
            frozenset(json.loads(row.queues)),
            frozenset(json.loads(row.environments)),
            frozenset(json.loads(row.assets)),
            row.gpu,
        )
        for row in rows
    ]


def measured_by(session: Session, verification_id: str) -> set[str]:
    """Return the names of the workers that executed the measure runs of a verification."""
    query = (
        select(OutcomeRow.worker)
        .join(RunRow)
        .where(RunRow.verification_id == verification_id, RunRow.purpose == "measure")
    )
    return set(session.exec(query))


def better_placed(name: str, able: Sequence[KnownWorker], measured: Collection[str]) -> bool:
    """Say whether somebody else should confirm what `measured` found: another host if there is one, else another process.

    Args:
        name: the worker that was asked.
        able: workers that could take the run, with or without the one that was asked.
        measured: names of the workers whose finding is to be confirmed.

    """
    hosts = {host_of(worker) for worker in measured}
    if any(worker.host not in hosts for worker in able):
        return host_of(name) in hosts
    return name in measured and any(worker.name not in measured for worker in able)


def host_of(name: str) -> str:
    """Return the host in a worker's name."""
    return name.rpartition(":")[0]
