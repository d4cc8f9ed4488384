"""A verification and its runs, as planning and judging need them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from app.core.errors import Fault
from app.core.lifecycle import VERIFICATION, step
from app.core.model import RunOutcome, RunSpec
from app.store.engine import database_time
from app.store.intake import add_runs as insert_runs
from app.store.tables import OutcomeRow, RunArtifact, RunRow, SealRow, Verification

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Columns, not entities: planning happens after every run, and sees rows as the database has them now.
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


@dataclass(frozen=True)
class KnownVerification:
    """A verification as it stands."""

    id: str
    seal: str
    claim_revision_id: str
    publisher: str
    state: str
    revision: int
    queue: str


def verification(session: Session, verification_id: str) -> KnownVerification | None:
    """Return a verification as it stands."""
    row = session.get(Verification, verification_id)
    if row is None:
        return None
    return KnownVerification(row.id, row.seal, row.claim_revision_id, row.publisher, row.state, row.revision, row.queue)


def seal_body(session: Session, digest: str) -> bytes:
    """Return stored sealed bytes, unchecked.

    Raises:
        Fault: there are none.

    """
    row = session.get(SealRow, digest)
    if row is None:
        raise Fault("seal-missing", f"the seal {digest} is not stored", "restore the database from a backup")
    return row.body.encode()


def runs_of(session: Session, verification_id: str) -> list[KnownRun]:
    """Return all runs of a verification as the database has them now, oldest first."""
    query = (
        select_columns(*_RUN, *_OUTCOME)
        .join(OutcomeRow, isouter=True)
        .where(col(RunRow.verification_id) == verification_id)
        .order_by(col(RunRow.id))
    )
    return [
        KnownRun(run_id, state, RunSpec.model_validate_json(spec), _outcome(*outcome) if outcome[0] else None)
        for run_id, state, spec, *outcome in session.connection().execute(query)
    ]


def artifacts_of(session: Session, verification_id: str) -> dict[str, dict[str, str]]:
    """Return the files that the runs of a verification left: run -> name -> digest."""
    query = select(RunArtifact).join(RunRow, col(RunRow.id) == RunArtifact.run_id)
    found: dict[str, dict[str, str]] = {}
    for item in session.exec(query.where(RunRow.verification_id == verification_id)):
        found.setdefault(item.run_id, {})[item.name] = item.artifact
    return found


def results_of(session: Session, verification_id: str) -> list[str]:
    """Return the digests of the results that a verification has so far."""
    query = select(OutcomeRow.result).join(RunRow).where(RunRow.verification_id == verification_id)
    return [digest for digest in session.exec(query) if digest is not None]


def add_runs(session: Session, row: Verification, specs: Sequence[RunSpec], environment: str) -> tuple[str, ...]:
    """Insert further runs of a locked verification and count the plan; returns their ids."""
    if not specs:
        return ()
    row.revision += 1
    row.touched_at = database_time(session)
    return insert_runs(session, row, specs, environment)


def begin_conclusion(session: Session, row: Verification) -> None:
    """Say that everything of a locked verification is measured; a judge takes over."""
    row.state = step(VERIFICATION, row.state, "all_in")
    row.revision += 1
    row.touched_at = database_time(session)
    session.flush()


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
