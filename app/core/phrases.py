"""Parts of sentences about one comparison: its numbers, its rule and how close it came.

Numbers in a relative match are spelled as Python prints floats and the tolerance as a percentage, because that is how
the published sentences look; other rules show the printed digits.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.model import Rule
from app.core.quantity import fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.model import Comparison

SIGNIFICANT_DIGITS = 10
TEXT_SHOWN_MAX = 80
NAMED_MAX = 3  # names that a sentence lists
INTERVAL_DIGITS = 6  # of what follows from a spread

#: Rules that show a mean of the seeds, and rules that are about several metrics.
_OF_MEANS = frozenset({Rule.EQUIVALENCE, Rule.PREDICTION, Rule.DIRECTION, Rule.INTERVAL})
_OF_SETS = frozenset({Rule.RANKING, Rule.TABLE})


def listed(names: Sequence[str], most: int = NAMED_MAX) -> str:
    """Return names in a sentence, the first few of them and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def brief(text: str | None, digits: int = SIGNIFICANT_DIGITS) -> str:
    """Return a number's text with at most so many digits; what is no number stays as it is, on one line."""
    text = text or "nothing"
    try:
        value = Decimal(text)
    except ArithmeticError:
        return _line(text)
    return text if len(value.as_tuple().digits) <= digits else f"{value:.{digits}g}"


def how(item: Comparison) -> str:
    """Return what a match was held to, as it is published."""
    match item.rule:
        case Rule.RELATIVE:
            return f"tolerance={_percent(item.tolerance or '0')}"
        case Rule.ROUNDING:
            return "within printed rounding" if _rounds(item) else "within the printed rounding of its inputs"
        case Rule.EXACT:
            return "exactly"
        case Rule.BOUNDED | Rule.EITHER:
            band = ends(item)
            return band if item.low is None or item.high is None else f"within {band}"
        case Rule.ULP:
            return f"tolerance=±{item.tolerance} units in the last place"
        case Rule.INTERVAL:
            return f"within the printed interval {ends(item)}"
        case Rule.EQUIVALENCE:
            return f"equivalent within ±{item.tolerance}{allowed(item)}"
        case Rule.PREDICTION:
            return f"predicted within ±{item.tolerance}{allowed(item)}"
        case Rule.DIRECTION:
            margin = f", by at least {item.tolerance}" if item.tolerance else ""
            return f"in direction{margin}{allowed(item)}"
        case Rule.RANKING:
            return f"Kendall's tau {item.computed}"
        case Rule.TABLE:
            return "all cells" if item.low == item.high else f"at least {_percent(item.low or '1')} of its cells"
        case _:
            return f"tolerance=±{item.tolerance}{' points' if item.rule == Rule.POINTS else ''}"


def missed(item: Comparison) -> str:
    """Return what a contradiction was held to."""
    match item.rule:
        case Rule.ROUNDING:
            return "beyond the printed rounding"
        case Rule.EXACT:
            return "not equal"
        case Rule.RANKING:
            return how(item)
        case Rule.ABSOLUTE | Rule.POINTS | Rule.RELATIVE | Rule.ULP:
            return f"beyond {how(item)}"
        case _:
            return f"not {how(item)}"


def allowed(item: Comparison) -> str:
    """Return the interval that the seeds, or a formula's inputs, allow; nothing where there is none."""
    if item.computed_low is None or item.computed_high is None:
        return ""
    span = f"{brief(item.computed_low, INTERVAL_DIGITS)} to {brief(item.computed_high, INTERVAL_DIGITS)}"
    return f": the {'seeds allow' if len(item.values) > 1 else 'inputs allow'} {span}"


def ends(item: Comparison) -> str:
    """Return the accepted band, one end of which may be open."""
    if item.low is None:
        return f"at most {brief(item.high)}"
    return f"at least {brief(item.low)}" if item.high is None else f"{brief(item.low)} to {brief(item.high)}"


def expected(item: Comparison) -> str:
    """Return what was printed."""
    if item.rule in _OF_SETS:
        return "printed order" if item.rule == Rule.RANKING else "printed cells"
    return number(item, item.expected) if item.expected is not None else ends(item)


def computed(item: Comparison, *, named: bool) -> str:
    """Begin the sentence; one metric of one seed is shown as the published records show it."""
    if item.rule in _OF_SETS:
        return f"Computed {item.rule} {item.metric} ({item.note})"
    name = f"{item.metric} " if named else ""
    kind = "mean" if item.rule in _OF_MEANS else "worst"
    seeds = f" ({kind} of {len(item.values)} seeds)" if len(item.values) > 1 else ""
    return f"Computed {name}{number(item, item.computed)}{seeds}"


def number(item: Comparison, text: str | None) -> str:
    """Return a number of a comparison with enough digits to tell it from the expected one."""
    if item.rule == Rule.EXACT or text is None:
        return _line(text or "nothing")
    as_float = float(text) if item.rule == Rule.RELATIVE else math.inf
    printed_digits = sum(map(str.isdigit, item.expected or ""))
    exact_digits = 17 if item.rule == Rule.ULP else printed_digits + 2
    return repr(as_float) if math.isfinite(as_float) else brief(text, max(SIGNIFICANT_DIGITS, exact_digits))


def undecided(item: Comparison) -> str:
    """Return why seeds, a ranking or a table decide nothing."""
    if item.rule in _OF_SETS:
        return f"the {item.rule} {item.metric} is left open: {item.note}"
    if item.rule not in _OF_MEANS:
        return f"the seeds disagree about {item.metric}: {', '.join(brief(value) for value in item.values)}"
    seeds = f" over {len(item.values)} seeds" if len(item.values) > 1 else ""
    why = item.note or "so that its spread neither shows nor excludes what was printed"
    held = f"expected {expected(item)} ({how(item)})"
    return f"{item.metric} is {brief(item.computed, INTERVAL_DIGITS)}{seeds}, {held}: {why}"


def _rounds(item: Comparison) -> bool:
    """Whether the computed value itself, and not only what a formula's inputs allow, rounds to the print."""
    low, value, high = (Decimal(text or "NaN") for text in (item.low, item.computed, item.high))
    return low <= value <= high


def _percent(tolerance: str) -> str:
    """Return "5.0%", with more decimals when the tolerance has them."""
    percent = fraction(tolerance) * 100
    places = max(1, -int(percent.normalize().as_tuple().exponent))
    return f"{percent:.{places}f}%"


def _line(text: str) -> str:
    return " ".join(text.split())[:TEXT_SHOWN_MAX]
