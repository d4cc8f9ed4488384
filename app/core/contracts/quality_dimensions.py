"""Contract `quality-dimensions-v1`: eight triage signals, each a score from 0 to 10 and the level that follows from it.

Scores are the publisher's, who reviews; levels are ours, by fixed thresholds. Reproducibility alone is computed when its
score was not told: it measures which kinds of artifacts are public, and never looks at the gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.contracts.shape import header

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

NAME = "quality-dimensions-v1"
DEFINITIONS = {
    "evidence_strength": "How directly the claims are supported by what is cited.",
    "citation_grounding": "Whether claims are tied to inspectable sources.",
    "numerical_consistency": "Whether numbers and units agree with each other.",
    "benchmark_validity": "Whether task, dataset, metric and protocol are kept.",
    "novelty": "Whether there is something new.",
    "uncertainty_disclosure": "Whether limits are marked.",
    "reproducibility_status": "Whether public artifacts allow independent inspection.",
    "safety_impact": "Whether misuse was considered.",
}
UNASSESSED, LOW, MEDIUM, HIGH = "UNASSESSED", "LOW", "MEDIUM", "HIGH"
MEDIUM_FROM, HIGH_FROM = 4.0, 7.5
#: Kinds of public artifacts that let others look for themselves.
COVERAGE = ("manifest", "report", "external_record")
INTERPRETATION = "Automated triage signals derived from public fields; not human peer review or independent validation."
LIMITATIONS = (
    "Scores are the publisher's own; this service neither reviews nor checks them.",
    "Reproducibility measures artifact coverage, not whether a result was reproduced; see the gate verdict for that.",
)


@dataclass(frozen=True)
class Signal:
    """One dimension."""

    score: float | None  # 0 to 10
    level: str
    basis: str


def level_of(score: float) -> str:
    """Return the level of a score."""
    if score >= HIGH_FROM:
        return HIGH
    return MEDIUM if score >= MEDIUM_FROM else LOW


def signals(scores: Mapping[str, float | None], artifact_types: Collection[str]) -> dict[str, Signal]:
    """Return every dimension of a record.

    Raises:
        ValueError: a score of a dimension that there is not, or one outside of 0 to 10.

    """
    for name, score in scores.items():
        if name not in DEFINITIONS or not (score is None or 0 <= score <= 10):
            raise ValueError(f"no score of a dimension: {name} = {score}")
    return {name: _signal(name, scores.get(name), artifact_types) for name in DEFINITIONS}


def document(scores: Mapping[str, float | None], artifact_types: Collection[str], base: str) -> dict[str, Any]:
    """Return the document; raises as `signals`."""
    return header(NAME, base) | {
        "dimensions": {
            name: {
                "score": signal.score,
                "level": signal.level,
                "basis": signal.basis,
                "definition": DEFINITIONS[name],
            }
            for name, signal in signals(scores, artifact_types).items()
        },
        "generated_from": "the publisher's scores and the list of public artifacts",
        "interpretation": INTERPRETATION,
        "limitations": list(LIMITATIONS),
    }


def _signal(name: str, score: float | None, artifact_types: Collection[str]) -> Signal:
    if score is not None:
        return Signal(score, level_of(score), "Score given by the publisher.")
    if name != "reproducibility_status":
        return Signal(None, UNASSESSED, "Not assessed.")
    present = [kind for kind in COVERAGE if kind in artifact_types]
    covered = round(10 * len(present) / len(COVERAGE), 1)
    told = ", ".join(present) if present else "none"
    return Signal(covered, level_of(covered), f"Public artifacts of the kinds {', '.join(COVERAGE)}: {told}.")
