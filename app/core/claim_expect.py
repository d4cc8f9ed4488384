"""Reading `[[expect]]`: which keys each rule takes, and which combinations say nothing or contradict themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.core.claim_reader import near
from app.core.model import Expectation, Rule
from app.core.quantity import fraction, margin, number_in, number_remedy, printed

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from app.core.claim_reader import Table

METRIC = re.compile(r"[A-Za-z_][A-Za-z0-9_.:@/-]{0,127}")
UNIT_MAX = 32
EXPECTATIONS_MAX = 256

#: Rules of the format that this version does not judge yet: known, and refused instead of half understood.
NOT_OFFERED = ("ulp", "interval", "equivalence", "prediction", "direction", "ranking", "table")
_THEIR_KEYS = ("level", "order", "cells", "cell_rule", "at_least")

#: rule -> (keys it needs, keys it may have)
KEYS: dict[Rule, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Rule.EXACT: (("value",), ()),
    Rule.ROUNDING: (("value",), ()),
    Rule.ABSOLUTE: (("value", "tolerance"), ()),
    Rule.POINTS: (("value", "tolerance"), ()),
    Rule.RELATIVE: (("value", "tolerance"), ()),
    Rule.EITHER: (("value", "tolerance"), ("absolute",)),
    Rule.BOUNDED: ((), ("value", "low", "high")),
}

_NUMERIC_KEYS = ("value", "low", "high", "sd", "n")


def read_expectations(document: Table) -> tuple[Expectation, ...]:
    """Return every readable `[[expect]]` of a claim document."""
    tables = list(document.tables("expect"))
    if not document.data.get("expect"):
        remedy = "add an [[expect]] with metric, value and rule: a claim without one can never be verified"
        document.report(None, "no-expectation", "the claim expects nothing", remedy)
    if len(tables) > EXPECTATIONS_MAX:
        document.report("expect", "too-many", f"at most {EXPECTATIONS_MAX} expectations", "split the claim")
        return ()
    found: list[Expectation] = []
    for table in tables:
        expectation = _read(table)
        table.close()
        if expectation is None:
            continue
        if any(expectation.metric == other.metric for other in found):
            detail = f"the metric {expectation.metric!r} is expected twice"
            table.report("metric", "duplicate-metric", detail, "keep one rule for each metric")
        found.append(expectation)
    return tuple(found)


def _read(table: Table) -> Expectation | None:
    metric = table.text("metric", required=True, longest=128)
    if metric is not None and not METRIC.fullmatch(metric):
        table.report("metric", "bad-name", "a metric's name starts with a letter and has no spaces", "rename it")
    rule = _rule(table)
    values = {key: table.text(key, longest=200) for key in ("value", "tolerance", "absolute", "low", "high", "sd", "n")}
    unit = table.text("unit", longest=UNIT_MAX)
    if rule is None:
        return None
    needed, allowed = KEYS[rule]
    for key in needed:
        if values[key] is None and key not in table.data:
            table.report(None, "missing-key", f"the rule {rule} needs {key!r}", f'add {key} = "…"')
    if rule is Rule.POINTS and not (unit or "").strip():
        detail = "the rule points needs 'unit': 0.5 points around 0.87 depends on whether that is 87 % or 0.87 %"
        table.report(None, "missing-key", detail, 'add unit = "%" or unit = "fraction"')
    for key in ("tolerance", "absolute", "low", "high"):
        if values[key] is not None and key not in (*needed, *allowed):
            table.report(key, "contradictory-key", f"the rule {rule} takes no {key!r}", "remove it, or change the rule")
    _check_numbers(table, rule, values)
    if metric is None:
        return None
    return Expectation(metric=metric, rule=rule, unit=unit, **_normal(rule, values))


def _rule(table: Table) -> Rule | None:
    name = table.text("rule", required=True, longest=40)
    if name is None:
        return None
    if name in NOT_OFFERED:
        offered = ", ".join(Rule)
        table.report("rule", "rule-not-offered", f"this version does not judge the rule {name!r}", f"use {offered}")
        table.known.update(_THEIR_KEYS)  # the rule is what is wrong, not its keys
        return None
    if name not in set(Rule):
        remedy = near(name, tuple(Rule)) or f"use one of {', '.join(Rule)}"
        table.report("rule", "unknown-rule", f"there is no rule {name!r}", remedy)
        return None
    return Rule(name)


def _check_numbers(table: Table, rule: Rule, values: dict[str, str | None]) -> None:
    numbers: dict[str, Decimal | None] = {}
    for key in _NUMERIC_KEYS:
        # exact compares labels and hashes too
        read = number_in if rule is Rule.EXACT and key == "value" else lambda text: printed(text).value
        numbers[key] = _try(table, key, values[key], read)
    relative = rule in {Rule.RELATIVE, Rule.EITHER}
    numbers["tolerance"] = _try(table, "tolerance", values["tolerance"], fraction if relative else margin)
    numbers["absolute"] = _try(table, "absolute", values["absolute"], margin)
    value, low, high = numbers["value"], numbers["low"], numbers["high"]
    if rule is Rule.RELATIVE and value is not None and value == 0:
        remedy = 'use rule = "absolute", "bounded" or "rounding"'
        table.report("value", "relative-to-zero", "a relative tolerance of zero accepts nothing", remedy)
    if rule is Rule.EITHER and value is not None and value == 0 and numbers["absolute"] is None:
        table.report("value", "relative-to-zero", "around zero only `absolute` counts, and it is missing", "add it")
    if rule is Rule.BOUNDED:
        if values["low"] is None and values["high"] is None:
            table.report(None, "missing-key", "the rule bounded needs 'low' or 'high'", 'add low = "…" or high = "…"')
        if low is not None and high is not None and low > high:
            table.report("low", "contradictory-bounds", f"low {low} is above high {high}", "exchange them")
        if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
            table.report("value", "contradictory-bounds", "the printed value is outside its own bounds", "check it")
    for key in ("sd", "n"):
        number = numbers[key]
        if number is not None and number < 0:
            table.report(key, "bad-number", f"{key!r} must not be negative", "check it")


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


def _normal(rule: Rule, values: dict[str, str | None]) -> dict[str, str | None]:
    """Return the values with typographic minus signs and outer white space made plain; digits stay as printed."""
    keep = {"value"} if rule is Rule.EXACT else set()
    return {
        key: text if text is None or key in keep else text.strip().replace("\N{MINUS SIGN}", "-")
        for key, text in values.items()
    }
