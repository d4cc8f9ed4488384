"""What the numbers of an `[[expect]]` may be, and which of them say nothing or contradict each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from app.core.model import Rule
from app.core.quantity import fraction, margin, number_in, number_remedy, printed

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from app.core.claim_reader import Table

    Numbers = dict[str, Decimal | None]

ULPS_MAX = 1 << 52  # beyond, the unit of the last place is no longer the scale
COUNT_MAX = 10**12

_RELATIVE = frozenset({Rule.RELATIVE, Rule.EITHER})


def check_values(table: Table, rule: Rule, values: dict[str, str | None]) -> None:
    """Report every number of an expectation that cannot be read or cannot be meant."""
    numbers = _numbers(table, rule, values)
    value = numbers["value"]
    if value is not None:
        _check_zero(table, "value", rule, value, has_absolute=numbers["absolute"] is not None)
        _check_binary(table, "value", rule, value)
    if rule in {Rule.BOUNDED, Rule.INTERVAL}:
        _check_bounds(table, rule, values, numbers)
    if rule is Rule.ULP and (found := numbers["tolerance"]) is not None and (found % 1 or found > ULPS_MAX):
        detail = f"ulp takes a whole number of units in the last place, at most {ULPS_MAX}"
        table.report("tolerance", "bad-number", detail, 'write tolerance = "4", or use rule = "relative"')
    for key in ("sd", "n"):
        number = numbers[key]
        if number is not None and number < 0:
            table.report(key, "bad-number", f"{key!r} must not be negative", "check it")
    if rule in {Rule.INTERVAL, Rule.EQUIVALENCE, Rule.PREDICTION}:
        _check_sample(table, rule, values, numbers)
    _check_share(table, rule, values["tolerance"], numbers["tolerance"])
    for key, most in (("level", False), ("at_least", True)):
        share = numbers[key]
        if share is not None and not (0 < share < 1 or (most and share == 1)):
            detail = f"{key!r} must lie above 0 and {'be at most' if most else 'below'} 1, or 100 %"
            table.report(key, "bad-number", detail, f'write {key} = "95%"')


def check_cell(table: Table, name: str, rule: Rule, text: str, *, absolute: str | None) -> None:
    """Report a cell whose print cannot be read, or that its rule could not hold to anything."""
    value = _try(table, name, text, _value_reader(rule))
    if value is not None:
        _check_zero(table, name, rule, value, has_absolute=absolute is not None)
        _check_binary(table, name, rule, value)


def _numbers(table: Table, rule: Rule, values: dict[str, str | None]) -> Numbers:
    relative = _is_relative(table, rule)
    readers: dict[str, Callable[[str], Decimal | None]] = {
        "value": _value_reader(rule),
        "low": _number,
        "high": _number,
        "sd": _number,
        "n": _number,
        "tolerance": fraction if relative else margin,
        "absolute": margin,
        "level": fraction,
        "at_least": fraction,
    }
    return {key: _try(table, key, values[key], read) for key, read in readers.items()}


def _is_relative(table: Table, rule: Rule) -> bool:
    return rule in _RELATIVE or (rule is Rule.TABLE and table.data.get("cell_rule") in _RELATIVE)


def _check_share(table: Table, rule: Rule, text: str | None, tolerance: Decimal | None) -> None:
    """Report a share that was meant as percent: "5" would be 500 %."""
    if text is not None and tolerance is not None and tolerance >= 1 and _is_relative(table, rule) and "%" not in text:
        detail = f"the tolerance {text!r} is a share of the value, {tolerance * 100:.0f} % of it"
        table.report("tolerance", "bad-number", detail, f'write tolerance = "{text.strip()}%"')


def _value_reader(rule: Rule) -> Callable[[str], Decimal | None]:
    return number_in if rule is Rule.EXACT else _number  # exact compares labels and hashes too


def _number(text: str) -> Decimal:
    return printed(text).value


def _check_zero(table: Table, key: str, rule: Rule, value: Decimal, *, has_absolute: bool) -> None:
    if value:
        return
    if rule is Rule.RELATIVE:
        remedy = 'use rule = "absolute", "bounded" or "rounding"'
        table.report(key, "relative-to-zero", "a relative tolerance of zero accepts nothing", remedy)
    if rule is Rule.EITHER and not has_absolute:
        table.report(key, "relative-to-zero", "around zero only `absolute` counts, and it is missing", "add it")
    if rule is Rule.DIRECTION:
        table.report(
            key, "no-direction", "the sign of the value is the claimed direction, and zero has none", "sign it"
        )


def _check_binary(table: Table, key: str, rule: Rule, value: Decimal) -> None:
    if rule is Rule.ULP and not math.isfinite(float(value)):
        table.report(key, "bad-number", "no binary64 number is as large as this", 'use rule = "relative"')


def _check_bounds(table: Table, rule: Rule, values: dict[str, str | None], numbers: Numbers) -> None:
    value, low, high = numbers["value"], numbers["low"], numbers["high"]
    if rule is Rule.BOUNDED and values["low"] is None and values["high"] is None:
        table.report(None, "missing-key", "the rule bounded needs 'low' or 'high'", 'add low = "…" or high = "…"')
    if low is not None and high is not None and low > high:
        table.report("low", "contradictory-bounds", f"low {low} is above high {high}", "exchange them")
    if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        table.report("value", "contradictory-bounds", "the printed value is outside its own bounds", "check it")


def _check_sample(table: Table, rule: Rule, values: dict[str, str | None], numbers: Numbers) -> None:
    """Check the paper's own sample: `interval` and `equivalence` count with it, `prediction` is for papers without one."""
    count = numbers["n"]
    if rule is Rule.PREDICTION:
        if count is not None and count != 1:
            detail = "the rule prediction is for a paper that gives one run"
            table.report("n", "contradictory-key", detail, 'remove n, or use rule = "equivalence" with sd and n')
        return
    if rule is Rule.EQUIVALENCE and (values["sd"] is None) != (values["n"] is None):
        missing = "n" if values["n"] is None else "sd"
        detail = f"the paper's sd and n are used together, and {missing!r} is missing"
        table.report(None, "missing-key", detail, f"add {missing}, or remove the other")
    if count is not None and count >= 0 and (count % 1 or not 2 <= count <= COUNT_MAX):
        table.report("n", "bad-number", f"n must be a whole number from 2 to {COUNT_MAX}", "give the sample's size")


def _try(table: Table, key: str, text: str | None, read: Callable[[str], Decimal | None]) -> Decimal | None:
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        relative = read is margin and text.strip().endswith("%")
        remedy = 'change it, or use rule = "relative"' if relative else number_remedy(text)
        table.report(key, "unreadable-number", f"{key}: {error}", remedy)
        return None
