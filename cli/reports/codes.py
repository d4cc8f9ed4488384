"""Reason codes as reports name them: under which gate each stands, and what it says in one sentence."""

from __future__ import annotations

from app.core.codes import CONTRADICTIONS
from app.core.reasons import FAILED_CONTROL

#: code -> what it says of a claim
KNOWN = {
    "MISMATCH": "A clean, repeated and confirmed result contradicts the printed value",
    "NOT_EQUIVALENT": "The interval of the seeds lies wholly outside the margin around the printed value",
    "DIRECTION_REVERSED": "The difference has the other sign, or the ranking another order, than the claim says",
    "CRASHED": "The script ended with a signal or an exit code other than 0",
    "NO_METRIC": "The run ended well and wrote no result with the expected metric",
    "MALFORMED_RESULT": "The result cannot be read as one JSON object of numbers",
    "UNIT_SUSPECT": "The value would fit after a change of unit or sign that nobody declared",
    "TAUTOLOGICAL": "A metric is not computed from the inputs",
    "UNTRACEABLE": "A source lacks the quote, a printed value or a cell that the claim takes from it",
    "SEAL_VIOLATION": "The filter of the box ended the script for a forbidden system call",
    "TIMEOUT": "The run passed its limit of elapsed or processor time",
    "OOM": "The run passed its memory limit",
    "GPU_OOM": "The run needed more memory than its GPU has",
    "DISK_FULL": "The run failed after its scratch was full",
    "PROCESS_LIMIT": "The run failed after a new process or thread was refused",
    "OUTPUT_LIMIT": "Standard output, standard error or the artifacts are larger than allowed",
    "RESULT_TOO_LARGE": "The result is larger than allowed",
    "NONDETERMINISTIC": "The same seal gave another decision when it was run again",
    "UNDERPOWERED": "The spread of the seeds neither shows nor excludes what was printed",
    "NON_FINITE": "A value is not a finite number",
    "COARSE_CLAIM": "The value lies outside the tolerance by no more than printed digits leave open",
    "CONTROL_UNDECIDED": "A required control could not be carried out",
    "COINCIDENCE": "Other cells of the same table would often have matched too",
}
_CITATION = frozenset({"UNTRACEABLE"})
_RED_TEAM = frozenset({"TAUTOLOGICAL", "NONDETERMINISTIC", "CONTROL_UNDECIDED", *FAILED_CONTROL.values()}) - _CITATION


def gate_of(code: str) -> str:
    """Return the gate at which a claim stopped with this code."""
    if code in _CITATION:
        return "gate1"
    return "gate3" if code in _RED_TEAM and code not in CONTRADICTIONS else "gate2"
