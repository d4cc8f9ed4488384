"""The ladder of verification levels: how far a record's claims were followed up, whatever the verdicts say.

Level n stands on everything below it: it needs every counter of the levels 2 to n to be at least 1. An operator says how
far the ladder goes; a level beyond is declared as unsupported, however true its counter is. Level and gate verdict are
independent: a falsified record may stand as high as a verified one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Level:
    """One rung."""

    number: int
    key: str
    label: str
    counter: str | None  # the member of ClaimCounts that it needs, None for the two lowest


@dataclass(frozen=True)
class ClaimCounts:
    """How many claims of a record were followed up in which way. Always counted, never told."""

    source_grounded_claims: int = 0  # their quote was found in a source of the bundle
    aggregate_claim_records: int = 0  # claims that are attached to the record
    cross_source_corroborated_claims: int = 0
    artifact_inspected_claims: int = 0  # the authors' own script or proof was sealed and attacked
    sandbox_executed_claims: int = 0  # a sealed run measured something
    independently_reproduced_claims: int = 0
    externally_reviewed_or_formally_verified_claims: int = 0

    def __post_init__(self) -> None:
        """Refuse a negative count."""
        if any(getattr(self, field.name) < 0 for field in fields(self)):
            raise ValueError("a number of claims is not negative")


LEVELS = (
    Level(0, "unassessed", "Unassessed", None),
    Level(1, "literature_synthesis", "Literature synthesis", None),
    Level(2, "source_grounded_claims", "Source-grounded claims", "source_grounded_claims"),
    Level(3, "cross_source_corroborated", "Cross-source corroborated", "cross_source_corroborated_claims"),
    Level(4, "artifact_inspected", "Artifact inspected", "artifact_inspected_claims"),
    Level(5, "sandbox_executed", "Sandbox executed", "sandbox_executed_claims"),
    Level(6, "independently_reproduced", "Independently reproduced", "independently_reproduced_claims"),
    Level(
        7,
        "externally_reviewed_or_formally_verified",
        "Externally reviewed or formally verified",
        "externally_reviewed_or_formally_verified_claims",
    ),
)
TOP = LEVELS[-1].number


def level_of(counts: ClaimCounts, *, assessed: bool, highest: int) -> Level:
    """Return the level that a record has reached.

    Args:
        counts: its claims.
        assessed: whether there is anything to assess: a title, an abstract or a claim.
        highest: the highest level that the operator supports, 1 to 7.

    """
    if not assessed:
        return LEVELS[0]
    reached = LEVELS[1]
    for level in LEVELS[2 : highest + 1]:
        if level.counter is None or not getattr(counts, level.counter):
            break
        reached = level
    return reached
