"""Contract `verification-levels-v1`: the level that a record has reached, and the counters behind it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.core.contracts.shape import header
from app.core.levels import LEVELS, ClaimCounts, level_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "verification-levels-v1"
PARSED, UNSPECIFIED = "parsed source sections", "not publicly specified"
CLOSED = (
    "Descriptive public verification status only; aggregate claim counts are public, but individual claim records are not"
    " exposed here."
)
OPEN = "Descriptive public verification status only; the publisher has opened the individual claim records."
ENFORCEMENT = (
    "A level needs every counter of the levels from L2 up to it to be at least one; counters are counted, never told."
    " Level and gate verdict are independent of each other."
)
LIMITATIONS = (
    "A level says how far claims were followed up, not whether they are true.",
    "Counters of levels that are not supported here are shown as they are and raise nothing.",
    "cross_source_corroborated_claims is always 0: a quote is looked for until one source has it, and who else has it is"
    " not counted.",
    "independently_reproduced_claims is always 0: every run executes the artifact that the claim brings, which reproduces"
    " results by the authors' own means.",
)


def document(  # noqa: PLR0913 - the parts of the contract
    counts: ClaimCounts,
    opened: Sequence[Mapping[str, Any]] | None,
    artifact_types: Sequence[str],
    base: str,
    *,
    assessed: bool = True,
    highest: int = 2,
) -> dict[str, Any]:
    """Return the document.

    Args:
        counts: claims of the record, by what was done with them.
        opened: its claims one by one; None while the publisher keeps them closed.
        artifact_types: of its public artifacts.
        base: base address of the published schemas.
        assessed: whether there is anything to assess.
        highest: the highest level that is supported here.

    """
    level = level_of(counts, assessed=assessed, highest=highest)
    return header(NAME, base) | {
        "paper_level": level.number,
        "paper_level_key": level.key,
        "paper_level_label": level.label,
        "basis": _basis(counts, level.number),
        "generated_from": "counts over the record's claims and their standing verdicts",
        "claim_summary": asdict(counts)
        | {
            "claim_record_source": PARSED if counts.source_grounded_claims else UNSPECIFIED,
            "per_claim_public_record_count": len(opened or ()),
            "per_claim_public_records": [dict(item) for item in opened or ()],
        },
        "artifact_types": list(artifact_types),
        "levels": [_rung(item.number, item.key, item.label, item.counter) for item in LEVELS[: highest + 1]],
        "unsupported_upper_levels": [
            _rung(item.number, item.key, item.label, item.counter) for item in LEVELS[highest + 1 :]
        ],
        "interpretation": CLOSED if opened is None else OPEN,
        "enforcement": ENFORCEMENT,
        "limitations": list(LIMITATIONS),
    }


def _basis(counts: ClaimCounts, level: int) -> str:
    if level == 0:
        return "Nothing of the record is known yet."
    if level == 1:
        return "A synthesis of literature; no claim of it was located in a source here."
    located = counts.source_grounded_claims
    return f"{located} {'claim was' if located == 1 else 'claims were'} located in the record's source sections."


def _rung(number: int, key: str, label: str, counter: str | None) -> dict[str, Any]:
    return {"level": number, "key": key, "label": label, "requires": counter}
