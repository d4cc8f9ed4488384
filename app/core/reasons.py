"""Reason codes: what ended a run that gave no measurement, and whose side each code lies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import wording
from app.core.model import Blame, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.model import Limits, Run
    from app.core.readings import Reading

SIGSYS = 31

#: limit that a program may run into without being ended by it -> reason code
MARRING = {"scratch": "DISK_FULL", "processes": "PROCESS_LIMIT", "gpu": "GPU_OOM"}

#: reason code -> whose side it lies on
BLAME = {
    "MISMATCH": Blame.AUTHOR,
    "NOT_EQUIVALENT": Blame.AUTHOR,
    "DIRECTION_REVERSED": Blame.AUTHOR,
    "CRASHED": Blame.AUTHOR,
    "NO_METRIC": Blame.AUTHOR,
    "MALFORMED_RESULT": Blame.AUTHOR,
    "UNIT_SUSPECT": Blame.AUTHOR,
    "TAUTOLOGICAL": Blame.AUTHOR,
    "SEAL_VIOLATION": Blame.AUTHOR,
    "UNTRACEABLE": Blame.AUTHOR,
    "TIMEOUT": Blame.RESOURCE,
    "OOM": Blame.RESOURCE,
    "GPU_OOM": Blame.RESOURCE,
    "DISK_FULL": Blame.RESOURCE,
    "OUTPUT_LIMIT": Blame.RESOURCE,
    "PROCESS_LIMIT": Blame.RESOURCE,
    "RESULT_TOO_LARGE": Blame.RESOURCE,
    "NONDETERMINISTIC": Blame.MEASUREMENT,
    "UNDERPOWERED": Blame.MEASUREMENT,
    "NON_FINITE": Blame.MEASUREMENT,
    "COARSE_CLAIM": Blame.MEASUREMENT,
    "CONTROL_UNDECIDED": Blame.MEASUREMENT,
    "COINCIDENCE": Blame.MEASUREMENT,
}

#: the same of proofs alone; what the service is to blame for here is no fault, but a checker that may not decide
PROOF_BLAME = {
    "COUNTEREXAMPLE": Blame.AUTHOR,
    "PROOF_REJECTED": Blame.AUTHOR,
    "PROOF_NOT_COMPILED": Blame.AUTHOR,
    "PROOF_INCOMPLETE": Blame.AUTHOR,
    "PROOF_AXIOM_FORBIDDEN": Blame.AUTHOR,
    "STATEMENT_NOT_APPROVED": Blame.AUTHOR,
    "DEFINITION_DIFFERS": Blame.AUTHOR,
    "THEOREM_MISSING": Blame.AUTHOR,
    "IMPORT_DENIED": Blame.AUTHOR,
    "PROOF_TOOLCHAIN_ERROR": Blame.SERVICE,
    "KERNELS_DISAGREE": Blame.SERVICE,
    "CHECKER_NOT_TRUSTED": Blame.SERVICE,
}

#: control that fails -> reason code; of all others a failure says that the reproduction computes nothing
FAILED_CONTROL = {"quote": "UNTRACEABLE", "cells": "UNTRACEABLE", "coincidence": "COINCIDENCE"}

#: controls without which nothing is decided about a reproduction that measured
REQUIRED = frozenset({"input_response", "repeat"})

#: outcome kinds in the order in which they decide
PRECEDENCE = (
    OutcomeKind.CANCELLED,
    OutcomeKind.OUTPUT,
    OutcomeKind.MEMORY,
    OutcomeKind.TIMEOUT,
    OutcomeKind.SIGNAL,
    OutcomeKind.EXITED,
)


def worst_failure(measures: Sequence[Reading], limits: Limits) -> tuple[str, str] | None:
    """Return the reason code and sentence of the measure run that decides, None when all of them measured."""
    failed = [item for item in measures if item.measurement is None]
    if not failed:
        return None
    worst = min(failed, key=lambda item: (PRECEDENCE.index(item.run.outcome.kind), item.unreadable is not None))
    if worst.unreadable is None:
        return failure_code(worst.run), wording.failure(worst.run, limits)
    code, detail = worst.unreadable.code, worst.unreadable.detail
    if worst.run.outcome.limit in MARRING:  # it went on after a refusal, and this is the likely reason
        return MARRING[worst.run.outcome.limit or ""], wording.unreadable(detail, worst.run, limits)
    return code, detail


def marred(readings: Sequence[Reading]) -> Run | None:
    """Return the first run whose number a limit may have spoiled."""
    return next((item.run for item in readings if item.run.outcome.limit in MARRING), None)


def failure_code(run: Run) -> str:
    """Return the reason code of a run that did not exit with 0."""
    outcome = run.outcome
    match outcome.kind:
        case OutcomeKind.CANCELLED:
            return "CANCELLED"
        case OutcomeKind.OUTPUT:
            return "RESULT_TOO_LARGE" if outcome.limit == "result" else "OUTPUT_LIMIT"
        case OutcomeKind.MEMORY:
            return "OOM"
        case OutcomeKind.TIMEOUT:
            return "TIMEOUT"
        case OutcomeKind.SIGNAL if outcome.signal == SIGSYS:
            return "SEAL_VIOLATION"
        case _:
            return MARRING.get(outcome.limit or "", "CRASHED")
