"""Every change of state, once. API, pages, command line and workers call these; nobody else writes rows.

The order never changes: bytes first (content-addressed, so a repeated write is the same write), then rows in one
transaction, then nudges. A crash between two of them leaves an orphan blob or a row without a nudge; the sweeper mends
either. No transaction is open while a stranger's program runs.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from app.core import boxjob, evidence, plan, verdict
from app.core.canonical import canonical, digest
from app.core.claim import claim_from_json, parse_claim
from app.core.errors import Fault, Problem, Refusal
from app.core.model import Claim, Environment, Run, RunOutcome, Script, Seal
from app.core.seal import make_seal, read_seal, seal_bytes, seal_digest
from app.intake import ArchiveLimits, read_archive
from app.queue import CPU_QUEUE, GPU_QUEUE, Queue
from app.store import intake, judging, planning, runs
from app.store import sweep as sweeping
from app.store.blobs import Blobs
from app.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlmodel import Session

    from app.core.claim import Policy
    from app.settings import Settings
    from app.store.intake import Submitted
    from app.store.planning import KnownRun
    from app.store.runs import Claimed, Renewal

log = logging.getLogger(__name__)

CLAIM_FILE = "claim.toml"
JSON_CLAIM_FILE = "claim.json"
FORMULA_ENVIRONMENT = "python"


@dataclass(frozen=True)
class Parts:
    """The service's parts, opened once a process and handed to every action."""

    settings: Settings
    store: Store
    blobs: Blobs
    queue: Queue

    @classmethod
    def open(cls, settings: Settings) -> Parts:
        """Open database, blobs and queue; none of them is contacted yet."""
        store = Store(settings.database, pool_size=settings.pool_size)
        return cls(settings, store, Blobs(settings.blob_folder), Queue(settings))

    def close(self) -> None:
        """Give every connection back."""
        self.store.close()
        self.queue.close()


# --- intake ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sealed:
    """A claim sealed at intake, with the digests and sizes of its files."""

    seal: Seal
    body: bytes
    digest: str
    sizes: Mapping[str, int]  # digest -> bytes


def submit_archive(parts: Parts, stream: BinaryIO, publisher: str, *, force: bool = False) -> Submitted:
    """Take in a bundle archive: check, seal, store blobs, then rows, then nudge.

    Raises:
        Refusal: the archive or its claim is not acceptable; no row was stored (its blobs are swept as orphans).

    """
    sizes: dict[str, int] = {}

    def keep(_: str, chunks: Iterator[bytes]) -> str:
        found, size = parts.blobs.put_stream(chunks)
        sizes[found] = size
        return found

    files = read_archive(stream, ArchiveLimits(), keep)
    if CLAIM_FILE not in files:
        raise Refusal.of(
            Problem(
                file=None,
                line=None,
                pointer="",
                code="missing-claim",
                detail=f"the archive has no {CLAIM_FILE}",
                remedy=f"put {CLAIM_FILE} at the top of the archive; `assay init` writes one",
            )
        )
    claim = parse_claim(parts.blobs.read(files[CLAIM_FILE]), files, _policy(parts))
    return _submit(parts, _seal(parts, claim, files, sizes), publisher, force=force)


def submit_formula(parts: Parts, document: dict[str, Any], publisher: str, *, force: bool = False) -> Submitted:
    """Take in a formula claim given as JSON that mirrors `claim.toml`.

    Raises:
        Refusal: the claim is not acceptable; nothing was stored.

    """
    claim = claim_from_json(document, _policy(parts))
    body = canonical(document)
    stored = parts.blobs.put(body)
    return _submit(parts, _seal(parts, claim, {JSON_CLAIM_FILE: stored}, {stored: len(body)}), publisher, force=force)


def _policy(parts: Parts) -> Policy:
    with parts.store.read() as session:
        return parts.settings.policy(intake.environments(session))


def _seal(parts: Parts, claim: Claim, files: Mapping[str, str], sizes: Mapping[str, int]) -> Sealed:
    name = claim.reproduce.environment if isinstance(claim.reproduce, Script) else FORMULA_ENVIRONMENT
    with parts.store.read() as session:
        built = intake.environments(session)
    if name not in built:
        raise Fault(
            "no-environment",
            f"no worker has published the environment {name}",
            "start a worker on this database",
            reason_code="IMAGE_PULL_FAILED",
        )
    environment = Environment(name=name, digest=built[name])
    seal = make_seal(claim, files, environment, boxjob.evaluator_digest(claim))
    body = seal_bytes(seal)
    return Sealed(seal, body, seal_digest(body), sizes)


def _submit(parts: Parts, sealed: Sealed, publisher: str, *, force: bool) -> Submitted:
    claim = sealed.seal.claim
    first = plan.next_step(sealed.seal, ())
    if not isinstance(first, tuple):
        raise TypeError("a fresh seal always starts with a run")
    body = canonical(claim.model_dump(mode="json", by_alias=True, exclude_none=True))
    submission = intake.Submission(
        publisher=publisher,
        record=claim.record,
        claim_name=claim.claim.id,
        claim_digest=digest(body),
        claim_document=body.decode(),
        seal_digest=sealed.digest,
        seal_body=sealed.body.decode(),
        artifacts=sealed.sizes,
        specs=first,
        planned=plan.total_steps(sealed.seal),
        environment=sealed.seal.environment.digest,
        queue=GPU_QUEUE if claim.limits.gpus else CPU_QUEUE,
    )
    with parts.store.transaction() as session:
        submitted = intake.submit(session, submission, force=force)
    if submitted.created:
        _nudge_runs(parts, submitted.run_ids, submitted.queue)
    return submitted


def put_record(parts: Parts, publisher: str, external_id: str, facts: Mapping[str, Any]) -> tuple[str, bool]:
    """Create or change a record; returns its id and whether it is new."""
    with parts.store.transaction() as session:
        record_id, new = intake.upsert_record(session, publisher, external_id, facts)
        judging.project_gate(session, record_id, parts.settings.contract_base)
    return record_id, new


def publish_environment(parts: Parts, name: str, found: str, detail: Mapping[str, Any]) -> None:
    """Make a built environment known to intake."""
    with parts.store.transaction() as session:
        intake.put_environment(session, name, found, detail)


# --- runs ------------------------------------------------------------------------------------------------------------


class Executed(Protocol):
    """What a worker hands over after a run."""

    @property
    def outcome(self) -> RunOutcome: ...  # noqa: D102 - see workers.execute
    @property
    def result(self) -> bytes | None: ...  # noqa: D102
    @property
    def stdout(self) -> bytes: ...  # noqa: D102
    @property
    def stderr(self) -> bytes: ...  # noqa: D102
    @property
    def artifacts(self) -> tuple[tuple[str, bytes], ...]: ...  # noqa: D102
    @property
    def isolation(self) -> dict[str, Any]: ...  # noqa: D102
    @property
    def derived(self) -> dict[str, str]: ...  # noqa: D102


def sealed(parts: Parts, seal: str) -> Seal:
    """Return a stored seal after hashing it again.

    Raises:
        Fault: the stored bytes are not the sealed ones.

    """
    with parts.store.read() as session:
        body = planning.seal_body(session, seal)
    if seal_digest(body) != seal:
        raise Fault(
            code="seal-broken",
            detail="the stored seal no longer matches its digest",
            remedy="restore the database from a backup",
            reason_code="INTERNAL_ERROR",
        )
    return read_seal(body)


def claim_run(parts: Parts, run_id: str, owner: str, environments: set[str]) -> Claimed | None:
    """Claim a run under a new fence, or return None when there is nothing to do."""
    with parts.store.transaction() as session:
        return runs.claim_run(session, run_id, owner, parts.settings.lease_seconds, environments)


def renew(parts: Parts, claimed: Claimed) -> Renewal:
    """Renew a lease; says whether it is still held and whether the run should end."""
    with parts.store.transaction() as session:
        return runs.renew(session, claimed.run_id, claimed.fence, parts.settings.lease_seconds)


def report_progress(parts: Parts, claimed: Claimed, fraction: float, text: str) -> None:
    """Pass on what a script says about its progress."""
    with parts.store.transaction() as session:
        runs.progress(session, claimed.run_id, claimed.fence, fraction, text)


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
    with parts.store.transaction() as session:
        runs.finish_run(
            session,
            claimed,
            outcome=done.outcome,
            isolation=done.isolation,
            derived=done.derived,
            kept=kept,
            worker=worker,
        )
        nudges = _plan(parts, session, claimed.verification_id, seal)
    _send(parts, nudges)


def cancel_run(parts: Parts, claimed: Claimed) -> None:
    """End a run whose verification was cancelled while it ran."""
    with parts.store.transaction() as session:
        runs.cancel_run(session, claimed)
        planning.settle_cancel(session, claimed.verification_id)


def fail_run(parts: Parts, claimed: Claimed, code: str, detail: str) -> None:
    """Give a run back after a fault of ours: to the queue while attempts are left, else its verification faults."""
    with parts.store.transaction() as session:
        again = runs.fail_run(session, claimed, code, detail, parts.settings.attempts_max)
        if not again:
            planning.fault_verification(session, claimed.verification_id, code, detail)
    if again:
        _nudge_runs(parts, (claimed.run_id,), claimed.queue)


@dataclass(frozen=True)
class _Nudges:
    """Who is to be nudged after the commit."""

    runs: tuple[str, ...] = ()
    queue: str = CPU_QUEUE
    judge: str | None = None


def _plan(parts: Parts, session: Session, verification_id: str, seal: Seal) -> _Nudges:
    """Ask the plan what comes next and write it down; the verification's row is locked before its runs are read.

    Two workers that finish the last two runs at once would otherwise each miss the other, and nobody would conclude.
    """
    row = planning.verification(session, verification_id, lock=True)
    if row is None or row.state != "running":
        return _Nudges()
    known = planning.runs_of(session, verification_id)
    step = plan.next_step(seal, [_core_run(parts, item) for item in known if item.state == "done"])
    if isinstance(step, plan.Conclude):
        if any(item.state in {"queued", "running"} for item in known):
            return _Nudges()  # a run that no longer matters is still going; the last one to finish concludes
        planning.begin_conclusion(session, verification_id)
        return _Nudges(judge=verification_id)
    have = {item.spec.key for item in known}
    fresh = [spec for spec in step if spec.key not in have]
    ids = planning.add_runs(session, verification_id, fresh, seal.environment.digest)
    return _Nudges(runs=ids, queue=row.queue)


def _core_run(parts: Parts, row: KnownRun) -> Run:
    """Return a finished run as the core judges it; its result is read back by hash."""
    if row.outcome is None:
        raise Fault(
            code="outcome-missing",
            detail=f"run {row.id} is done and has no outcome",
            remedy="restore the database from a backup",
            reason_code="INTERNAL_ERROR",
        )
    result = parts.blobs.read(row.outcome.result) if row.outcome.result else None
    return Run(
        spec=row.spec,
        outcome=row.outcome.outcome,
        result=None if result is None else result.decode("utf-8", "surrogateescape"),
        worker=row.outcome.worker,
        isolation=row.outcome.isolation,
    )


# --- conclusion ------------------------------------------------------------------------------------------------------


def conclude(parts: Parts, verification_id: str) -> str | None:
    """Judge a verification whose runs are all in and record its verdict; returns the verdict's id.

    Judging and archiving happen outside the transaction, on rows that no longer change; the transaction then accepts
    them only if the verification is still at the same revision and without a verdict.

    Raises:
        Fault: stored bytes are not what was sealed or measured.

    """
    with parts.store.read() as session:
        row = planning.verification(session, verification_id)
        if row is None or row.state != "concluding":
            return None
        body = planning.seal_body(session, row.seal)
        known = [item for item in planning.runs_of(session, verification_id) if item.state == "done"]
    seal = sealed(parts, row.seal)
    judged = [_core_run(parts, item) for item in known]
    judgement = verdict.judge(seal, judged)
    moment = datetime.now(UTC)
    archive = evidence.build(
        body,
        {path: parts.blobs.read(found) for path, found in seal.files.items()},
        [_archived(parts, item, run) for item, run in zip(known, judged, strict=True)],
        judgement,
        evidence.Context(verification_id=verification_id, evaluated_at=moment.isoformat(), publisher=row.publisher),
    )
    stored = parts.blobs.put(archive)
    parts.blobs.read(stored)  # stored and re-read by hash before any status is written
    with parts.store.transaction() as session:
        return judging.record_verdict(
            session,
            row.id,
            row.revision,
            judgement,
            evidence=stored,
            evidence_size=len(archive),
            evaluated_at=moment,
            contract_base=parts.settings.contract_base,
        )


def _archived(parts: Parts, row: KnownRun, run: Run) -> evidence.ArchivedRun:
    outcome = row.outcome
    if outcome is None:  # _core_run refused it before
        raise TypeError("a finished run has an outcome")
    return evidence.ArchivedRun(
        run=run,
        stdout=parts.blobs.read(outcome.stdout) if outcome.stdout else b"",
        stderr=parts.blobs.read(outcome.stderr) if outcome.stderr else b"",
        derived=outcome.derived,
        artifacts={name: parts.blobs.read(found) for name, found in outcome.artifacts.items()},
    )


def fault_verification(parts: Parts, verification_id: str, code: str, detail: str) -> None:
    """End a verification without a verdict because our side failed for good."""
    with parts.store.transaction() as session:
        planning.fault_verification(session, verification_id, code, detail)


def cancel(parts: Parts, verification_id: str) -> bool:
    """Ask for the end of a verification; idempotent. False when there is no such verification."""
    with parts.store.transaction() as session:
        return planning.request_cancel(session, verification_id)


# --- sweeping --------------------------------------------------------------------------------------------------------


def sweep(parts: Parts) -> None:
    """Repeat lost nudges, take back expired leases, plan verifications that nobody planned. Twice does no harm."""
    settings = parts.settings
    with parts.store.transaction() as session:
        found = sweeping.sweep(session, settings.nudge_after_seconds, settings.attempts_max)
    for run_id, queue in found.runs:
        parts.queue.nudge_run(run_id, queue)
    for verification_id in found.concluding:
        parts.queue.nudge_judge(verification_id)
    for verification_id, seal in found.unplanned:
        read = sealed(parts, seal)
        with parts.store.transaction() as session:
            nudges = _plan(parts, session, verification_id, read)
        _send(parts, nudges)


def _send(parts: Parts, nudges: _Nudges) -> None:
    _nudge_runs(parts, nudges.runs, nudges.queue)
    if nudges.judge is not None:
        parts.queue.nudge_judge(nudges.judge)


def _nudge_runs(parts: Parts, run_ids: tuple[str, ...], queue: str) -> None:
    for run_id in run_ids:
        if not parts.queue.nudge_run(run_id, queue):
            return  # the broker is away; the sweeper will send the rest too


def _keep(parts: Parts, data: bytes | None) -> tuple[str, int] | None:
    return None if not data else _must_keep(parts, data)


def _must_keep(parts: Parts, data: bytes) -> tuple[str, int]:
    return parts.blobs.put(data), len(data)
