"""Contract `quality-tiers-v1`: a triage tier by published thresholds, read from the top down.

The tier ignores the gate: a falsified record keeps it. It changes neither publication nor DOI. Scores from 5.0 to 7.49 were
always WATCHLIST at the source, although PUBLIC_RECORD begins at 5.0 there; so PUBLIC_RECORD is left for scores above 7.49
that lack what DOI_GRADE needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.contracts.quality_dimensions import HIGH
from app.core.contracts.shape import header

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "quality-tiers-v1"
FLAGSHIP, DOI, PUBLIC = "FLAGSHIP_CANDIDATE", "DOI_GRADE", "PUBLIC_RECORD"
WATCHLIST, QUARANTINE = "WATCHLIST", "QUARANTINE_CANDIDATE"
LABELS = {
    FLAGSHIP: "Flagship candidate",
    DOI: "DOI grade",
    PUBLIC: "Public record",
    WATCHLIST: "Watchlist",
    QUARANTINE: "Quarantine candidate",
}
BASES = {
    FLAGSHIP: "Review score, verified-claim count, and public artifact coverage meet flagship-candidate thresholds.",
    DOI: "Review score and verified-claim count meet DOI-grade thresholds.",
    PUBLIC: "Review score is above the watchlist, but the verified-claim count is below DOI grade.",
    WATCHLIST: "Review score or claim signal is below DOI grade.",
    QUARANTINE: "Review score is below 5.0; inspect the sources first.",
}
NO_SCORE = "No review score was told; the signal is below DOI grade."
FLAGSHIP_SCORE, FLAGSHIP_CLAIMS = 8.5, 5
DOI_SCORE, DOI_CLAIMS = 7.5, 1
WATCHLIST_SCORE_MAX, PUBLIC_SCORE = 7.49, 5.0
ENFORCEMENT = "Descriptive public triage only; this tier does not alter current publication or DOI behavior."
LIMITATIONS = (
    "The review score is the publisher's own.",
    "The tier does not look at the gate verdict: a falsified record keeps its tier.",
)
THRESHOLDS: tuple[dict[str, Any], ...] = (
    {
        "tier": FLAGSHIP,
        "review_score_min": FLAGSHIP_SCORE,
        "verified_claim_count_min": FLAGSHIP_CLAIMS,
        "reproducibility_level": HIGH,
    },
    {"tier": DOI, "review_score_min": DOI_SCORE, "verified_claim_count_min": DOI_CLAIMS},
    {"tier": PUBLIC, "review_score_min": PUBLIC_SCORE},
    {"tier": WATCHLIST, "review_score_max": WATCHLIST_SCORE_MAX},
    {"tier": QUARANTINE, "review_score_below": PUBLIC_SCORE},
)


@dataclass(frozen=True)
class Inputs:
    """The public inputs of a tier."""

    review_score: float | None  # 0 to 10; None: not told
    verified_claim_count: int  # claims that were located in their source
    artifact_types: Sequence[str]
    reproducibility_level: str

    def __post_init__(self) -> None:
        """Refuse what is no score or no number of claims."""
        if not (self.review_score is None or 0 <= self.review_score <= 10) or self.verified_claim_count < 0:
            raise ValueError("a review score is between 0 and 10, and a number of claims is not negative")


def tier_of(inputs: Inputs) -> str:
    """Return the tier."""
    score, claims = inputs.review_score, inputs.verified_claim_count
    if score is None:
        return WATCHLIST
    if score >= FLAGSHIP_SCORE and claims >= FLAGSHIP_CLAIMS and inputs.reproducibility_level == HIGH:
        return FLAGSHIP
    if score >= DOI_SCORE and claims >= DOI_CLAIMS:
        return DOI
    if score > WATCHLIST_SCORE_MAX:
        return PUBLIC
    return WATCHLIST if score >= PUBLIC_SCORE else QUARANTINE


def document(inputs: Inputs, base: str) -> dict[str, Any]:
    """Return the document."""
    tier = tier_of(inputs)
    return header(NAME, base) | {
        "tier": tier,
        "label": LABELS[tier],
        "basis": NO_SCORE if inputs.review_score is None else BASES[tier],
        "generated_from": "the publisher's review score, claims located in their sources, public artifacts",
        "inputs": {
            "review_score": inputs.review_score,
            "verified_claim_count": inputs.verified_claim_count,
            "artifact_types": list(inputs.artifact_types),
            "reproducibility_level": inputs.reproducibility_level,
        },
        "thresholds": [{**row, "label": LABELS[row["tier"]]} for row in THRESHOLDS],
        "enforcement": ENFORCEMENT,
        "limitations": list(LIMITATIONS),
    }
