"""The sentences that people read. A match keeps the wording that earlier public records used.

Numbers in a relative match are spelled as Python prints floats and the tolerance as a percentage, because that is how
the published sentences look; other rules show the printed digits.
"""

from __future__ import annotations

import math
import signal
from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.caps import CAPS
from app.core.model import OutcomeKind, Rule
from app.core.quantity import fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.model import Comparison, Control, Limits, Run

SIGNIFICANT_DIGITS = 10
TEXT_SHOWN_MAX = 80


def match(kind: str, comparisons: Sequence[Comparison], met_limit: str | None = None) -> str:
    """Return the reason of a VERIFIED claim; with several metrics the one that matched least closely is shown."""
    item = _least_close(comparisons)
    sentence = f"{_computed(item, comparisons)} matches expected {_expected(item)} ({_how(item)})"
    more = f"; all {len(comparisons)} metrics match" if len(comparisons) > 1 else ""
    also = f"; a run {met_limit}" if met_limit else ""
    return f"Sealed-sandbox {kind} repro: {sentence}{more}{also}."


def mismatch(kind: str, comparisons: Sequence[Comparison]) -> str:
    """Return the reason of a FALSIFIED claim."""
    item = next(item for item in comparisons if item.code == "MISMATCH")
    sentence = f"{_computed(item, comparisons)} contradicts expected {_expected(item)} ({_rule(item)})"
    return f"Sealed-sandbox {kind} repro: {sentence}; confirmed by a second run."


def blocked_match(comparisons: Sequence[Comparison], control: Control) -> str:
    """Return the reason of a claim whose match is worth nothing, or not enough."""
    item = _least_close(comparisons)
    sentence = f"{_computed(item, comparisons)} matches expected {_expected(item)}"
    found = f"but the control {control.name} shows: {control.detail}"
    return f"{sentence}, {found} This is not evidence against the claim."


def inconclusive(what: str) -> str:
    """Return the reason of a claim that could not be decided."""
    return f"Could not decide: {what.rstrip('.')}. This is not evidence against the claim."


def finding(control: Control) -> str:
    """Return what a control found, inside another sentence."""
    return f"the control {control.name} shows: {control.detail}"


def comparison_problem(item: Comparison) -> str:
    """Return why a comparison decides nothing."""
    expected = item.expected if item.expected is not None else "its bounds"
    match item.code:
        case "NON_FINITE":
            return f"{item.metric} is {item.computed}, which is not a finite number"
        case "UNIT_SUSPECT":
            computed = f"{item.metric} is {brief(item.computed)}, expected {expected} {item.unit or ''}".rstrip()
            return f"{computed}: the units seem to differ ({_unit_remedy(item)})"
        case "COARSE_CLAIM":
            span = ""
            if item.computed_low is not None:
                span = f" (its inputs allow {brief(item.computed_low)} to {brief(item.computed_high)})"
            missed = "not equal to" if item.rule == Rule.EXACT else "outside the tolerance of"
            detail = f"{item.metric} is {brief(item.computed)}{span}, {missed} {expected}"
            return f"{detail}, but by no more than printed digits and floating-point arithmetic leave open"
        case _:
            return f"the seeds disagree about {item.metric}: {', '.join(brief(value) for value in item.values)}"


def _unit_remedy(item: Comparison) -> str:
    if item.computed_low is None:
        return "declare the same one in claim and result"
    computed, expected = abs(Decimal(item.computed or "0")), abs(Decimal(item.expected or "0"))
    if 50 * computed < expected < 200 * computed:
        return "multiply by 100 in the formula, or state the value as a fraction"
    return "convert it in the formula, or state the value in the formula's unit"


def failure(run: Run, limits: Limits) -> str:
    """Return what ended a run, with the figure and the limit."""
    outcome = run.outcome
    allowed = _allowed(outcome.limit or str(outcome.clock or outcome.kind), limits)
    match outcome.kind:
        case OutcomeKind.TIMEOUT:
            used = outcome.cpu_ms if outcome.clock == "cpu" else outcome.wall_ms
            return f"the run passed its {outcome.clock} limit of {allowed}, at {used / 1000:.1f} s"
        case OutcomeKind.MEMORY:
            used = outcome.peak_memory_bytes >> 20
            return f"the run needed more than its memory limit of {allowed}, and had {used} MiB"
        case OutcomeKind.OUTPUT:
            return f"the run passed its limit on {outcome.limit or 'output'} of {allowed}"
        case OutcomeKind.SIGNAL:
            name = signal.Signals(outcome.signal).name if outcome.signal in set(signal.Signals) else outcome.signal
            forbidden = " for a forbidden system call" if outcome.signal == signal.SIGSYS else ""
            return f"the run was ended by signal {name}{forbidden}{_notes(run)}"
        case OutcomeKind.CANCELLED:
            return "the run was cancelled"
        case _:
            return f"the run exited with code {outcome.exit_code}{_notes(run)}"


def met(run: Run, limits: Limits) -> str:
    """Return which limit a run met without being ended by it."""
    limit = run.outcome.limit or ""
    return f"met its limit on {limit} ({_allowed(limit, limits)})"


def marred(run: Run, limits: Limits) -> str:
    """Return why a run that exited with 0 contradicts nothing."""
    spoiled = f"{met(run, limits)}, which may have spoiled the number"
    return f"the run contradicts the claim, but {spoiled}{_notes(run)}"


def unreadable(detail: str, run: Run, limits: Limits) -> str:
    """Return what was wrong with the result of a run that met a limit on its way."""
    return f"{detail}; the run {met(run, limits)}{_notes(run)}"


def _notes(run: Run) -> str:
    return "".join(f"; {note}" for note in run.outcome.notes)


def _allowed(limit: str, limits: Limits) -> str:
    """Return what a limit allows, with its unit."""
    amounts = {
        "wall": f"{limits.wall_ms / 1000:g} s",
        "cpu": f"{limits.cpu_ms / 1000:g} s of processor time",
        "memory": f"{limits.memory_bytes >> 20} MiB",
        "scratch": f"{limits.scratch_bytes >> 20} MiB",
        "processes": str(limits.processes),
        **{name: f"{cap >> 20} MiB" for name, cap in CAPS.items()},
    }
    return amounts.get(limit, limit)


def brief(text: str | None, digits: int = SIGNIFICANT_DIGITS) -> str:
    """Return a number's text with at most so many digits; what is no number stays as it is, on one line."""
    text = text or "nothing"
    try:
        value = Decimal(text)
    except ArithmeticError:
        return _line(text)
    return text if len(value.as_tuple().digits) <= digits else f"{value:.{digits}g}"


def _least_close(comparisons: Sequence[Comparison]) -> Comparison:
    order = ("MATCH_EXACT", "MATCH_ROUNDING", "MATCH_TOLERANCE")
    return max(comparisons, key=lambda item: order.index(item.code))


def _how(item: Comparison) -> str:
    """Return the tolerance of a match as it is published."""
    match item.rule:
        case Rule.RELATIVE:
            return f"tolerance={_percent(item.tolerance or '0')}"
        case Rule.ROUNDING:
            return "within printed rounding" if _rounds(item) else "within the printed rounding of its inputs"
        case Rule.EXACT:
            return "exactly"
        case Rule.BOUNDED | Rule.EITHER:
            ends = _ends(item)
            return ends if item.low is None or item.high is None else f"within {ends}"
        case _:
            return f"tolerance=±{item.tolerance}{' points' if item.rule == Rule.POINTS else ''}"


def _rounds(item: Comparison) -> bool:
    """Whether the computed value itself, and not only what a formula's inputs allow, rounds to the print."""
    low, computed, high = (Decimal(text or "NaN") for text in (item.low, item.computed, item.high))
    return low <= computed <= high


def _rule(item: Comparison) -> str:
    match item.rule:
        case Rule.ROUNDING:
            return "beyond the printed rounding"
        case Rule.EXACT:
            return "not equal"
        case _:
            return f"not {_how(item)}" if item.rule in {Rule.BOUNDED, Rule.EITHER} else f"beyond {_how(item)}"


def _percent(tolerance: str) -> str:
    """Return "5.0%", with more decimals when the tolerance has them."""
    percent = fraction(tolerance) * 100
    places = max(1, -int(percent.normalize().as_tuple().exponent))
    return f"{percent:.{places}f}%"


def _expected(item: Comparison) -> str:
    return _number(item, item.expected) if item.expected is not None else _ends(item)


def _ends(item: Comparison) -> str:
    """Return the accepted band, one end of which may be open."""
    if item.low is None:
        return f"at most {brief(item.high)}"
    return f"at least {brief(item.low)}" if item.high is None else f"{brief(item.low)} to {brief(item.high)}"


def _computed(item: Comparison, comparisons: Sequence[Comparison]) -> str:
    """Begin the sentence; one metric of one seed is shown as the published records show it."""
    name = f"{item.metric} " if len(comparisons) > 1 else ""
    worst = f" (worst of {len(item.values)} seeds)" if len(item.values) > 1 else ""
    return f"Computed {name}{_number(item, item.computed)}{worst}"


def _number(item: Comparison, text: str | None) -> str:
    """Return a number of a comparison with enough digits to tell it from the expected one."""
    if item.rule == Rule.EXACT or text is None:
        return _line(text or "nothing")
    number = float(text) if item.rule == Rule.RELATIVE else math.inf
    printed_digits = sum(map(str.isdigit, item.expected or ""))
    return repr(number) if math.isfinite(number) else brief(text, max(SIGNIFICANT_DIGITS, printed_digits + 2))


def _line(text: str) -> str:
    return " ".join(text.split())[:TEXT_SHOWN_MAX]
