"""The gate verdict of a record, contract `gate-verdict-v1`: a projection of its claims' standing verdicts.

A record is VERIFIED when at least one claim was tested and every tested one is VERIFIED; any FALSIFIED claim makes it
FALSIFIED; a record without claims is never VERIFIED. Contradictions by statistics are weighed together first. The status
never depends on a review score or a number of claims.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING, Any

from app.core.model import Blame, ControlResult, Status
from app.core.multiplicity import holding

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
WITHHELD = (
    "The claim {claim} is contradicted by statistics (p = {p}), which does not suffice among {many} such claims of this"
    " record; its own verdict stays as it is."
)


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
    chance: Decimal | None = None  # of a claim by statistics: how probable its contradiction is; see `multiplicity`


def project(verdicts: Sequence[StandingVerdict], claims_total: int | None, base: str) -> dict[str, Any]:
    """Return the gate-verdict document of a record.

    Args:
        verdicts: the standing verdict of every tested claim, in any order.
        claims_total: claims of the paper as its publisher counts them; None when not told.
        base: base address of the published schemas.

    """
    recorded = sorted(verdicts, key=lambda item: (item.evaluated_at, item.claim))
    ordered = _weighed(recorded)
    withheld = sum(one.status is not two.status for one, two in zip(recorded, ordered, strict=True))
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
            **({"withheld": withheld} if withheld else {}),
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
                "controls_failed": sum(item == ControlResult.FAIL for item in run),
                "controls_undecided": sum(item == ControlResult.UNDECIDED for item in run),
                "controls_total": len(run),
                "controls_not_applicable": len(deciding.controls) - len(run),
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


def _weighed(verdicts: Sequence[StandingVerdict]) -> list[StandingVerdict]:
    """Leave open what statistics contradict, but not surely enough for one of so many claims."""
    chances = {item.claim: item.chance for item in verdicts if item.chance is not None}
    stand = holding(chances)
    return [
        item
        if item.status is not Status.FALSIFIED or item.chance is None or item.claim in stand
        else replace(
            item,
            status=Status.UNVERIFIED,
            reason_code="UNDERPOWERED",
            blame=Blame.MEASUREMENT.value,
            reason=WITHHELD.format(claim=item.claim, p=f"{item.chance:.2g}", many=len(chances)),
        )
        for item in verdicts
    ]


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
