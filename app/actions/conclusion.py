"""How a verification ends: by its verdict, by a fault of ours, or by cancellation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.actions.planning import Results, core_run, deliver_soon, sealed
from app.core import evidence, verdict
from app.core.caller import OPERATOR, Caller
from app.core.errors import Fault
from app.core.grounding import sealed_sources
from app.core.seal import seal_bytes
from app.store import ending, judging, planning

if TYPE_CHECKING:
    from app.actions.parts import Parts
    from app.core.model import Run
    from app.store.planning import KnownRun


def conclude(parts: Parts, verification_id: str) -> str | None:
    """Judge a verification whose runs are all in and record its verdict; returns the verdict's id.

    Judging and archiving happen outside the transaction, on rows that no longer change; the transaction then accepts
    them only if the verification is still at the same revision and without a verdict. The judge is counted before it
    begins: one that is killed by what it reads must not be followed by others for ever.

    Raises:
        Fault: stored bytes are not what was sealed or measured, or this process has no key to sign with.

    """
    if parts.signer is None:
        raise Fault(
            "no-signing-key", "only a judge concludes, and this process holds no key", "run `assay keys generate`"
        )
    with parts.store.transaction() as session:
        row = judging.take_up(session, verification_id, parts.settings.attempts_max)
    if row is None:
        return None
    with parts.store.read() as session:
        known = [item for item in planning.runs_of(session, verification_id) if item.state == "done"]
        artifacts = planning.artifacts_of(session, verification_id)
    seal = sealed(parts, row.seal)
    results = Results(parts.blobs)
    judged = [core_run(results, item) for item in known]
    bundle = {path: parts.blobs.read(found) for path, found in seal.files.items()}
    judgement = verdict.judge(seal, judged, sealed_sources(seal, bundle.__getitem__))
    moment = datetime.now(UTC)
    archive = evidence.build(
        seal_bytes(seal),
        bundle,
        [_archived(parts, item, run, artifacts.get(item.id, {})) for item, run in zip(known, judged, strict=True)],
        judgement,
        evidence.Context(verification_id=verification_id, evaluated_at=moment.isoformat(), publisher=row.publisher),
        parts.signer,
    )
    stored = parts.blobs.put(archive)
    parts.blobs.read(stored)  # stored and re-read by hash before any status is written
    with parts.store.transaction() as session:
        verdict_id = judging.record_verdict(
            session,
            row.id,
            row.revision,
            judgement,
            evidence=stored,
            evidence_size=len(archive),
            keyid=parts.signer.public.id,
            evaluated_at=moment,
            contract_base=parts.settings.contract_base,
        )
    deliver_soon(parts, session)
    return verdict_id


def fault_verification(parts: Parts, verification_id: str, code: str, detail: str) -> bool:
    """End a verification without a verdict because our side failed for good; False when it has ended already."""
    with parts.store.transaction() as session:
        faulted = ending.fault_verification(session, verification_id, code, detail)
    deliver_soon(parts, session)
    return faulted


def cancel(parts: Parts, verification_id: str, caller: Caller = OPERATOR) -> bool:
    """Ask for the end of a verification; idempotent. False when there is no such verification of the caller's.

    What has not started never starts, what runs ends within seconds; once everything is measured it is too late, and
    the verdict comes.
    """
    with parts.store.transaction() as session:
        known = ending.request_cancel(session, verification_id, caller.owns)
    deliver_soon(parts, session)
    return known


def _archived(parts: Parts, row: KnownRun, run: Run, artifacts: dict[str, str]) -> evidence.ArchivedRun:
    outcome = row.outcome
    if outcome is None:  # core_run refused it before
        raise TypeError("a finished run has an outcome")
    return evidence.ArchivedRun(
        run=run,
        stdout=parts.blobs.read(outcome.stdout) if outcome.stdout else b"",
        stderr=parts.blobs.read(outcome.stderr) if outcome.stderr else b"",
        derived=outcome.derived,
        artifacts={name: parts.blobs.read(found) for name, found in artifacts.items()},
    )
