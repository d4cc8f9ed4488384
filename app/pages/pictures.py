"""Which pictures a verdict has, made of what its comparisons say; of a claim without comparisons, of what it expects.

Values of several seeds stand in the unit in which the script reported them. They are shown one by one only where that is
the claim's own: where the worst of them is the compared value, or their mean is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.core import phrases
from app.core.bands import Band, accepted, binary64, expects_text
from app.core.model import Comparison, Expectation, Rule
from app.core.proof_judge import PROOF_RULE
from app.core.quantity import number_in, printed
from app.pages.band import Picture, Point

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Rules under which no band of numbers is accepted.
UNDRAWN = frozenset({Rule.RANKING.value})
_MEANS = frozenset({Rule.INTERVAL.value, Rule.EQUIVALENCE.value, Rule.PREDICTION.value, Rule.DIRECTION.value})


def of_comparison(item: Comparison, kind: str, seeds: Sequence[int]) -> Picture | None:
    """Return the picture of a comparison; None where nothing on a line of numbers was compared.

    Args:
        item: as it was judged.
        kind: of the reproduction, `formula` or `script`.
        seeds: those that were measured, in the order of the comparison's values.

    """
    band = Band(*(None if text is None else _read(text) for text in (item.low, item.high)))
    if item.rule in UNDRAWN or (band.low is None and band.high is None):
        return None
    expected = None if item.expected is None else _read(item.expected)
    points = _points(item, kind, seeds)
    unit = (
        "" if item.rule == Rule.TABLE else item.unit or ""
    )  # a share of cells has none; the unit is that of each cell
    return Picture(item.metric, unit, held_to(item), expected, item.expected or "", band, points)


def of_expectation(expectation: Expectation, points: tuple[Point, ...]) -> Picture | None:
    """Return the picture of what a claim expects, with runs that brought no value; None where no number is expected."""
    if expectation.rule is Rule.RANKING or expects_text(expectation):
        return None
    expected = None if expectation.value is None else printed(expectation.value).value
    held = str(expectation.rule) + (f" {expectation.tolerance}" if expectation.tolerance else "")
    text = expectation.value or ""
    return Picture(expectation.metric, expectation.unit or "", held, expected, text, accepted(expectation), points)


def _points(item: Comparison, kind: str, seeds: Sequence[int]) -> tuple[Point, ...]:
    computed = None if item.computed is None else _number(item, item.computed)
    low, high = (None if text is None else _read(text) for text in (item.computed_low, item.computed_high))
    meets = item.match and low is not None and item.rule == Rule.ROUNDING
    singles = [_number(item, text) for text in item.values]
    if len(singles) < 2 or not _same_unit(computed, singles):
        label = {"formula": "computed", "lean4": "proved", "metamath": "proved"}.get(kind, "measured")
        label = "share of cells" if item.rule == Rule.TABLE else label
        return (Point(label, computed, _line(item.computed), low, high, meets=meets),)
    labels = (
        [f"seed {seed}" for seed in seeds]
        if len(seeds) == len(singles)
        else [f"run {n}" for n in range(1, 1 + len(singles))]
    )
    each = tuple(Point(*row) for row in zip(labels, singles, map(_line, item.values), strict=True))
    if item.rule not in _MEANS:
        return each
    return (*each, Point("mean", computed, "", low, high, summary=True))


def _same_unit(computed: Decimal | None, singles: Sequence[Decimal | None]) -> bool:
    values = [value for value in singles if value is not None and value.is_finite()]
    if computed is None or not values or not computed.is_finite():
        return computed is None
    return min(values) <= computed <= max(values)


def _number(item: Comparison, text: str) -> Decimal | None:
    value = _read(text)
    return binary64(value) if item.rule == Rule.ULP and value is not None and value.is_finite() else value


def _line(text: str | None) -> str:
    """Return what stands beside a value that is no number."""
    return " ".join((text or "no value").split())[:14]


def _read(text: str) -> Decimal | None:
    """Return the number that a text spells; None for a label, NaN or an infinity."""
    try:
        return number_in(text)
    except ValueError:
        return None


def held_to(item: Comparison) -> str:
    """Return what a comparison was held to, in the words of the reason."""
    if item.rule == PROOF_RULE:
        return "every declaration accepted by the kernel"
    return phrases.how(item) if item.match else phrases.missed(item)


def rule(item: Comparison) -> str:
    """Return the rule as the claim declares it, with its tolerance or its ends; how it came out is not told."""
    if item.rule in {Rule.BOUNDED, Rule.INTERVAL}:
        return f"{item.rule} {phrases.ends(item)}"
    if item.tolerance is None:
        return item.rule
    if item.rule in {Rule.POINTS, Rule.ABSOLUTE}:
        return f"±{item.tolerance}{' points' if item.rule == Rule.POINTS else ''}"
    return f"{item.rule} {item.tolerance}"


def comparison(document: dict[str, Any]) -> Comparison:
    """Read a stored comparison."""
    return Comparison.model_validate(document)
