"""The gate verdict of a record, contract `gate-verdict-v1`: a projection of its claims' standing verdicts.

A record is VERIFIED when at least one claim was tested and every tested one is VERIFIED; any FALSIFIED claim makes it
FALSIFIED; a record without claims is never VERIFIED. The status never depends on a review score or a number of claims.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from app.core.model import ControlResult, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTRACT = "gate-verdict-v1"
GATE = "Gate 2 — Verification (formal proof or sandbox reproduction)"
ENFORCEMENT = (
    "VERIFIED requires an attached reproducible artifact (Lean4 proof source, or repro script and results) before this"
    " status can be set; it is not derived from review score or claim count."
)
DEFINITIONS = {
    Status.VERIFIED: (
        "This record has passed Gate 2: a Lean4 proof source type-checks, or a sealed-sandbox run reproduced the"
        " reported results within the stated tolerance. A reproducible artifact (proof source or repro script and"
        " results) is attached to this record."
    ),
    Status.FALSIFIED: (
        "A sealed-sandbox run, repeated and confirmed, contradicted a reported result beyond its stated tolerance and"
        " its printed rounding, or a proof of the stated claim was rejected. The evidence is attached to this record."
    ),
    Status.UNVERIFIED: (
        "Gate 2 has not been completed for this record: nothing was attempted, or the attempts were inconclusive."
        " This is not evidence against the record."
    ),
}
NOTHING_ATTEMPTED = "Nothing has been attempted for this record."


@dataclass(frozen=True)
class StandingVerdict:
    """The newest verdict of a claim's newest revision, as far as the projection needs it."""

    claim: str
    status: Status
    outcome: str
    reason_code: str
    blame: str | None
    reason: str
    evaluated_at: str  # ISO 8601 with offset
    seal: str
    evidence_url: str
    evidence_sha256: str
    controls: tuple[str, ...]  # results of its controls


def project(verdicts: Sequence[StandingVerdict], claims_total: int | None, base: str) -> dict[str, Any]:
    """Return the gate-verdict document of a record.

    Args:
        verdicts: the standing verdict of every tested claim, in any order.
        claims_total: claims of the paper as its publisher counts them; None when not told.
        base: base address of the published schemas.

    """
    ordered = sorted(verdicts, key=lambda item: (item.evaluated_at, item.claim))
    status = _status(ordered)
    deciding = next((item for item in reversed(ordered) if item.status is status), None)
    counts = {wanted: sum(item.status is wanted for item in ordered) for wanted in Status}
    document: dict[str, Any] = {
        "schema": f"{base.rstrip('/')}/schemas/{CONTRACT}",
        "schema_version": "1.0",
        "contract_version": f"{CONTRACT}.0",
        "status": status.value,
        "label": status.value.capitalize(),
        "definition": DEFINITIONS[status],
        "reason": _reason(deciding, len(ordered), claims_total),
        "evaluated_at": deciding.evaluated_at if deciding else None,
        "gate": GATE,
        "enforcement": ENFORCEMENT,
        "claims": {
            "total": max(claims_total or 0, len(ordered)),
            "tested": len(ordered),
            "verified": counts[Status.VERIFIED],
            "falsified": counts[Status.FALSIFIED],
        },
    }
    if deciding is not None:
        run = [item for item in deciding.controls if item != ControlResult.NOT_APPLICABLE]
        document |= {
            "outcome": deciding.outcome,
            "reason_code": deciding.reason_code,
            "blame": deciding.blame,
            "gate3": {
                "run": bool(run),
                "controls_passed": sum(item == ControlResult.PASS for item in run),
                "controls_warned": sum(item == ControlResult.WARN for item in run),
                "controls_total": len(run),
            },
            "evidence_url": deciding.evidence_url,
            "evidence_sha256": deciding.evidence_sha256,
            "seal": deciding.seal,
        }
    return document


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the contract."""
    text = resources.files("app.core").joinpath("schemas", f"{CONTRACT}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _status(verdicts: Sequence[StandingVerdict]) -> Status:
    if any(item.status is Status.FALSIFIED for item in verdicts):
        return Status.FALSIFIED
    if verdicts and all(item.status is Status.VERIFIED for item in verdicts):
        return Status.VERIFIED
    return Status.UNVERIFIED


def _reason(deciding: StandingVerdict | None, tested: int, total: int | None) -> str:
    if deciding is None:
        return NOTHING_ATTEMPTED
    known = max(total or 0, tested)
    if known == 1:
        return deciding.reason
    share = str(tested) if total is None else f"{tested} of {known}"  # untold, nobody knows of how many
    return f"{deciding.reason} {share} claims tested."
