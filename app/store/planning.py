"""A verification and its runs, as planning and judging need them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from app.core.errors import Fault
from app.core.lifecycle import VERIFICATION, step
from app.core.model import RunOutcome, RunSpec
from app.store.ending import change
from app.store.engine import database_time
from app.store.intake import add_runs as insert_runs
from app.store.tables import OutcomeRow, RunArtifact, RunRow, SealRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.store.ending import KnownVerification

_RUN: tuple[Any, ...] = (RunRow.id, RunRow.state, RunRow.spec)
_OUTCOME: tuple[Any, ...] = (
    OutcomeRow.document,
    OutcomeRow.isolation,
    OutcomeRow.derived,
    OutcomeRow.worker,
    OutcomeRow.result,
    OutcomeRow.stdout,
    OutcomeRow.stderr,
)
# Built once, for every run and every verdict executes them.
_OF_VERIFICATION = col(RunRow.verification_id) == bindparam("verification")
_RUNS = select(*_RUN, *_OUTCOME).join(OutcomeRow, isouter=True).where(_OF_VERIFICATION).order_by(col(RunRow.id))
_RESULTS = select(col(OutcomeRow.result)).join(RunRow).where(_OF_VERIFICATION, col(OutcomeRow.result).is_not(None))
_ARTIFACTS = (
    select(col(RunArtifact.run_id), col(RunArtifact.name), col(RunArtifact.artifact))
    .join(RunRow, col(RunRow.id) == RunArtifact.run_id)
    .where(_OF_VERIFICATION)
)
_SEAL = select(col(SealRow.body)).where(col(SealRow.digest) == bindparam("seal"))


@dataclass(frozen=True)
class Outcome:
    """A run's stored outcome."""

    outcome: RunOutcome
    isolation: dict[str, Any]
    derived: dict[str, str]
    worker: str
    result: str | None  # digests
    stdout: str | None
    stderr: str | None


@dataclass(frozen=True)
class KnownRun:
    """A run of a verification, with its outcome once it is done."""

    id: str
    state: str
    spec: RunSpec
    outcome: Outcome | None


def seal_body(session: Session, digest: str) -> bytes:
    """Return stored sealed bytes, unchecked.

    Raises:
        Fault: there are none.

    """
    body: str | None = session.connection().execute(_SEAL, {"seal": digest}).scalar()
    if body is None:
        raise Fault("seal-missing", f"the seal {digest} is not stored", "restore the database from a backup")
    return body.encode()


def runs_of(session: Session, verification_id: str) -> list[KnownRun]:
    """Return all runs of a verification as the database has them now, oldest first."""
    return [
        KnownRun(run_id, state, RunSpec.model_validate_json(spec), _outcome(*outcome) if outcome[0] else None)
        for run_id, state, spec, *outcome in session.connection().execute(_RUNS, {"verification": verification_id})
    ]


def artifacts_of(session: Session, verification_id: str) -> dict[str, dict[str, str]]:
    """Return the files that the runs of a verification left: run -> name -> digest."""
    found: dict[str, dict[str, str]] = {}
    for run_id, name, digest in session.connection().execute(_ARTIFACTS, {"verification": verification_id}):
        found.setdefault(run_id, {})[name] = digest
    return found


def artifact_of(session: Session, verification_id: str, key: str, name: str) -> str | None:
    """Return the digest of a file that one run of a verification left; None when it left none of that name."""
    query = _ARTIFACTS.where(col(RunRow.key) == key, col(RunArtifact.name) == name)
    found = session.connection().execute(query, {"verification": verification_id}).first()
    return None if found is None else str(found.artifact)


def results_of(session: Session, verification_id: str) -> list[str]:
    """Return the digests of the results that a verification has so far."""
    return [row.result for row in session.connection().execute(_RESULTS, {"verification": verification_id})]


def add_runs(session: Session, row: KnownVerification, specs: Sequence[RunSpec], environment: str) -> tuple[str, ...]:
    """Insert further runs of a locked verification and count the plan; returns their ids."""
    if not specs:
        return ()
    now = database_time(session)
    change(session, row.id, revision=row.revision + 1, touched_at=now)
    return insert_runs(session, row.id, row.queue, specs, environment, now)


def begin_conclusion(session: Session, row: KnownVerification) -> None:
    """Say that everything of a locked verification is measured; a judge takes over."""
    state = step(VERIFICATION, row.state, "all_in")
    change(session, row.id, state=state, revision=row.revision + 1, touched_at=database_time(session))


def _outcome(  # noqa: PLR0913 - the columns of _OUTCOME
    document: str, isolation: str, derived: str, worker: str, result: str | None, stdout: str | None, stderr: str | None
) -> Outcome:
    return Outcome(
        RunOutcome.model_validate_json(document),
        json.loads(isolation),
        json.loads(derived),
        worker,
        result,
        stdout,
        stderr,
    )
