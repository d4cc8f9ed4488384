"""A service without processes: real database and blobs, a queue that only listens, and a hand that executes.

The hand computes what the usual claim of `tests.core.builders` claims, from the inputs that the box would be given, so
that whole verifications can be played through the actions in milliseconds.
"""

from __future__ import annotations

import io
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text
from sqlmodel import select

from app import actions
from app.actions import Parts
from app.core.boxjob import box_job
from app.core.model import RunOutcome
from app.core.perturb import Underivable
from app.executed import Executed
from app.settings import Settings
from app.store.blobs import Blobs
from app.store.engine import Store
from app.store.runs import Claimed
from app.store.tables import RunRow, Verification
from tests.core.builders import (
    ENVIRONMENT,
    KEY,
    SIGNER,
    a_bundle,
    a_claim,
    an_expectation,
    an_outcome,
    honest,
    run_program,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from app.core.model import Claim
    from app.queue import Queue
    from app.store.intake import Submitted
    from tests.core.builders import Program

T = TypeVar("T")

ATTACKS = 14  # runs of the usual script that can go on side by side once it has measured
FALSE = an_expectation("9.9")  # the usual script computes 8.7


@dataclass
class Heard:
    """In the place of the broker: remembers nudges; away when it is not `up`."""

    runs: list[tuple[str, str]] = field(default_factory=list)  # run, queue
    judged: list[str] = field(default_factory=list)
    delivering: int = 0  # times that somebody was asked to deliver
    hooks: int = 0  # times that somebody was asked to see to hooks
    up: bool = True

    def nudge_run(self, run_id: str, queue: str = "cpu") -> bool:
        """See `app.queue.Queue`."""
        if self.up:
            self.runs.append((run_id, queue))
        return self.up

    def nudge_judge(self, verification_id: str) -> bool:
        """See `app.queue.Queue`."""
        if self.up:
            self.judged.append(verification_id)
        return self.up

    def nudge_deliver(self) -> bool:
        """See `app.queue.Queue`."""
        self.delivering += self.up
        return self.up

    def nudge_hooks(self) -> bool:
        """See `app.queue.Queue`."""
        self.hooks += self.up
        return self.up

    def close(self) -> None:
        """See `app.queue.Queue`."""

    def forget(self) -> None:
        """Forget what was heard so far."""
        self.runs.clear()
        self.judged.clear()


@dataclass
class House:
    """The service's parts and what its queue heard."""

    parts: Parts
    heard: Heard

    @classmethod
    def open(cls, database: str, home: Path, **settings: Any) -> House:
        """Open a service on a migrated database, with one environment published."""
        wanted = Settings(home=home, database_url=database, **settings)
        heard = Heard()
        queue: Queue = heard  # type: ignore[assignment] # the same three methods
        house = cls(Parts(wanted, Store(database, pool_size=20), Blobs(wanted.blob_folder), queue, SIGNER), heard)
        house.publish()
        actions.publish_keys(house.parts, [KEY])
        return house

    def close(self) -> None:
        """Give every connection back."""
        self.parts.close()

    def publish(self, digest: str = ENVIRONMENT.digest) -> None:
        """Publish the environment `python`."""
        actions.publish_environment(self.parts, ENVIRONMENT.name, digest, {})

    # --- what doors and workers do

    def submit(self, claim: Claim | None = None, publisher: str = "demo", **options: Any) -> Submitted:
        """Submit the usual claim, or another."""
        return self.submit_files(a_bundle(claim or a_claim()), publisher, **options)

    def submit_files(self, files: Mapping[str, bytes], publisher: str = "demo", **options: Any) -> Submitted:
        """Submit a bundle."""
        return actions.submit_archive(self.parts, tarred(files), publisher, **options)

    def claim(self, run_id: str, owner: str = "host:1", environment: str = ENVIRONMENT.digest) -> Claimed:
        """Claim a run that is there to be claimed."""
        found = actions.claim_run(self.parts, run_id, owner, {environment})
        assert isinstance(found, Claimed)
        return found

    def finish(self, claimed: Claimed, program: Program = honest, worker: str = "host:1") -> None:
        """Execute a claimed run and hand in its outcome."""
        seal = actions.sealed(self.parts, claimed.seal)
        actions.finish_run(self.parts, claimed, seal, self.execute(claimed, program), worker=worker)

    def execute(self, claimed: Claimed, program: Program = honest) -> Executed:
        """Execute a claimed run with a Python function in the place of the box."""
        seal = actions.sealed(self.parts, claimed.seal)
        job = box_job(seal, claimed.seal, claimed.spec, lambda path: self.parts.blobs.read(seal.files[path]))
        if isinstance(job, Underivable):
            return executed(an_outcome("cancelled", limit="underivable", notes=(job.reason,)))
        inputs = {item.target.removeprefix("/in/"): item.data for item in job.files if item.target.startswith("/in/")}
        found = run_program(program, inputs, claimed.spec.seed)
        notes = (job.summary,) if job.summary else ()
        if isinstance(found, RunOutcome):
            told = {"notes": (*notes, *found.notes), "replaced": job.replaced}
            return executed(found.model_copy(update=told))
        return executed(an_outcome(notes=notes, replaced=job.replaced), json.dumps(found).encode(), dict(job.derived))

    def run(self, run_id: str, program: Program = honest) -> None:
        """Claim, execute and finish a run."""
        self.finish(self.claim(run_id), program)

    def run_all(self, verification_id: str, program: Program = honest) -> None:
        """Run until nothing of a verification is queued."""
        while queued := self.runs(verification_id, "queued"):
            for run_id in queued:
                self.run(run_id, program)

    def verify(self, claim: Claim | None = None, publisher: str = "demo", **options: Any) -> str:
        """Take a claim from submission to its verdict; returns the verification's id."""
        submitted = self.submit(claim, publisher, **options)
        self.run_all(submitted.verification_id)
        assert actions.conclude(self.parts, submitted.verification_id) is not None
        return submitted.verification_id

    def fault(self, code: str = "WORKER_LOST") -> str:
        """Submit the usual claim and let it fault; returns the verification's id."""
        submitted = self.submit()
        actions.fault_verification(self.parts, submitted.verification_id, code, "It went away.")
        return submitted.verification_id

    # --- what the database says

    def verification(self, verification_id: str) -> Verification:
        """Return a verification's row."""
        with self.parts.store.read() as session:
            return session.get_one(Verification, verification_id)

    def run_row(self, run_id: str) -> RunRow:
        """Return a run's row."""
        with self.parts.store.read() as session:
            return session.get_one(RunRow, run_id)

    def runs(self, verification_id: str, state: str) -> list[str]:
        """Return the runs of a verification that are in a state."""
        query = select(RunRow.id).where(RunRow.verification_id == verification_id, RunRow.state == state)
        with self.parts.store.read() as session:
            return list(session.exec(query.order_by(RunRow.id)))

    def scalar(self, query: str, **values: Any) -> Any:
        """Return the one value of a query."""
        with self.parts.store.read() as session:
            return session.connection().execute(text(query), values).scalar()

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(self.scalar(f'SELECT count(*) FROM "{table}"'))

    def change(self, statement: str, **values: Any) -> None:
        """Change rows behind the service's back, as time or a crash would."""
        with self.parts.store.transaction() as session:
            session.connection().execute(text(statement), values)

    def expire(self, run_id: str) -> None:
        """Let a lease run out."""
        self.change("UPDATE run SET lease_until = 1 WHERE id = :id", id=run_id)


def executed(outcome: RunOutcome, result: bytes | None = None, derived: dict[str, str] | None = None) -> Executed:
    """Return what a run left behind that wrote a little to stdout and one artifact."""
    artifacts = (("plot.svg", b"<svg/>"),)
    return Executed(outcome, result, b"said\n", b"", artifacts, {"engine": "none", "level": "C"}, derived or {})


def tarred(files: Mapping[str, bytes]) -> io.BytesIO:
    """Return a `.tar` of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    buffer.seek(0)
    return buffer


def at_once(*calls: Callable[[], T]) -> list[T | BaseException]:
    """Call all at the same moment, each in a thread of its own; returns what they returned or raised."""
    barrier = Barrier(len(calls))

    def call(function: Callable[[], T]) -> T | BaseException:
        barrier.wait(30)
        try:
            return function()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))
