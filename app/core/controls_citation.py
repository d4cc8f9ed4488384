"""The citation attacker: are quote, printed numbers and cells in the sources, and does the print fit together?

`fail` means that a source is there and does not hold what the claim takes from it. A claim without sources is not worse for
it, only less grounded: `undecided`, which blocks nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import arithmetic
from app.core.controls_catalogue import control
from app.core.grounding_quotes import THRESHOLD
from app.core.model import ControlResult, Formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.grounding import CellFinding, Grounding
    from app.core.model import Claim, Control

PASS, WARN, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.WARN, ControlResult.FAIL, ControlResult.UNDECIDED
NOT_APPLICABLE = ControlResult.NOT_APPLICABLE

SHOWN_MAX = 8  # values or findings that a sentence lists


def quote(claim: Claim, grounding: Grounding) -> Control:
    """Ask whether the quote stands in a source, and the printed values in the quote."""
    if claim.claim.quote is None:
        return control("quote", UNDECIDED, "The claim quotes no sentence of its source.")
    missing = [item for item in grounding.absent if not item.unsigned]
    lacking = f"{_values([f'{item.metric} {item.value}' for item in missing])} is not in it" if missing else ""
    if not grounding.sources:
        also = f"; of what it should print, {lacking}" if lacking else ""
        return control("quote", UNDECIDED, f"The bundle has no source in which the quote could be found{also}.")
    passage = grounding.passage
    if passage is None:
        detail = f"The quote is in none of the {grounding.sources} sources, neither literally nor nearly."
        return control("quote", FAIL, detail if grounding.sources > 1 else "The quote is not in the source.")
    how = "literally" if passage.exact else f"nearly, with a score of {passage.score} where {THRESHOLD} is asked for"
    found = f"The quote stands in {passage.where}, {how}"
    if missing:
        return control("quote", FAIL, f"{found}; but {lacking}.")
    parts = [f"{_values([item.value for item in grounding.absent])} stands there without its minus"]
    notes = parts if grounding.absent else []
    if passage.elided:
        notes.append(f"it leaves out words of it, {passage.elided} in all")
    if passage.in_section is False:
        notes.append("it is outside the section that the claim names")
    if claim.claim.section and passage.in_section is None and passage.document.headed:
        notes.append(f"no source has a heading {claim.claim.section[:80]!r}, so that everything was searched")
    return control("quote", WARN if notes else PASS, f"{'; '.join([found, *notes])}.")


def cells(claim: Claim, grounding: Grounding) -> Control:
    """Ask whether each value of a formula stands in the cell that it names."""
    if not isinstance(claim.reproduce, Formula):
        return control("cells", NOT_APPLICABLE, "The claim is no formula over printed cells.")
    wrong = [item for item in grounding.cells if item.named and not item.located]
    if wrong:
        return control("cells", FAIL, f"{_listed([_wrong(item) for item in wrong])}.")
    free = [item.name for item in grounding.cells if not item.named]
    located = len(grounding.cells) - len(free)
    if free:
        also = f"; the other {located} stand in theirs" if located else ""
        verb = "names" if len(free) == 1 else "name"
        return control("cells", UNDECIDED, f"{_values(free)} {verb} no cell of a source in the bundle{also}.")
    doubtful = [item for item in grounding.cells if len(item.places) > 1]
    if doubtful:
        return control("cells", WARN, f"{_listed([_doubtful(item) for item in doubtful])}.")
    lines = _listed([f"{item.name} {item.value} in line {item.places[0].line}" for item in grounding.cells])
    return control("cells", PASS, f"Each value stands in the cell that it names: {lines}.")


def printed_arithmetic(claim: Claim) -> Control:
    """Ask whether the numbers that quote and statement print fit together."""
    found = arithmetic.check(claim)
    if not found:
        return control("arithmetic", NOT_APPLICABLE, "The sentence spells out nothing that could be computed again.")
    wrong = [item.said for item in found if not item.holds]
    if wrong:
        return control("arithmetic", WARN, f"The print does not fit together: {_listed(wrong)}.")
    return control("arithmetic", PASS, f"The print fits together: {_listed([item.said for item in found])}.")


def _wrong(item: CellFinding) -> str:
    if item.missing == "table":
        return f"{item.name} {item.value}: its source holds no table"
    if item.missing is not None:
        return f"{item.name} {item.value}: its source has no {item.missing} of that name"
    there = " and ".join(f"line {place.line} has {place.text[:40]!r}" for place in item.places[:SHOWN_MAX])
    return f"{item.name} {item.value} is not what its cell prints: {there}"


def _doubtful(item: CellFinding) -> str:
    lines = ", ".join(str(place.line) for place in item.places[:SHOWN_MAX])
    return f"{item.name} {item.value}: {len(item.places)} cells have its row and column, in lines {lines}"


def _values(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_MAX} more" if len(names) > SHOWN_MAX else ""
    return ", ".join(names[:SHOWN_MAX]) + more


def _listed(parts: Sequence[str]) -> str:
    more = f"; and {len(parts) - SHOWN_MAX} more" if len(parts) > SHOWN_MAX else ""
    return "; ".join(parts[:SHOWN_MAX]) + more
