"""Reading `[[expect]]`: which keys each rule takes. What their values may be is checked in `claim_expect_checks`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.core.claim_expect_checks import check_cell, check_values
from app.core.claim_reader import near
from app.core.members import CELL_RULES, members
from app.core.model import Expectation, Rule

if TYPE_CHECKING:
    from app.core.claim_reader import Table

METRIC = re.compile(r"[A-Za-z_][A-Za-z0-9_.:@/-]{0,127}")
UNIT_MAX = 32
EXPECTATIONS_MAX = 256
METRICS_MAX = 1_000  # of all expectations together, cells and members of rankings included
ORDER_MAX = 64

#: rule -> (keys it needs, keys it may have). Beside a value a paper's own sd and n may stand, even where they are not used.
KEYS: dict[Rule, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Rule.EXACT: (("value",), ()),
    Rule.ROUNDING: (("value",), ()),
    Rule.ABSOLUTE: (("value", "tolerance"), ()),
    Rule.POINTS: (("value", "tolerance"), ()),
    Rule.RELATIVE: (("value", "tolerance"), ()),
    Rule.EITHER: (("value", "tolerance"), ("absolute",)),
    Rule.BOUNDED: ((), ("value", "low", "high")),
    Rule.ULP: (("value", "tolerance"), ()),
    Rule.INTERVAL: (("low", "high", "level", "n"), ("value",)),
    Rule.EQUIVALENCE: (("value", "tolerance"), ("sd", "n")),
    Rule.PREDICTION: (("value", "tolerance"), ()),
    Rule.DIRECTION: (("value",), ("tolerance",)),
    Rule.RANKING: (("order",), ("better",)),
    Rule.TABLE: (("cells",), ("cell_rule", "at_least", "tolerance", "absolute")),
}
_SAMPLE = ("sd", "n")
_SAMPLE_OF = {Rule.PREDICTION: ("n",), Rule.RANKING: (), Rule.TABLE: ()}  # where not both may stand

#: Keys whose values are texts, and those whose values are not.
_TEXTS = ("value", "tolerance", "absolute", "low", "high", "sd", "n", "level", "at_least")
_OTHERS = ("order", "better", "cells", "cell_rule")


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
    taken: set[str] = set()
    for table in tables:
        expectation = _read(table)
        table.close()
        if expectation is None:
            continue
        twice = sorted(_own(expectation) & taken)
        if twice:
            detail = f"the metric {twice[0]!r} is expected twice"
            table.report("metric", "duplicate-metric", detail, "keep one rule for each metric")
        taken |= _own(expectation)
        found.append(expectation)
    if sum(len(members(item)) for item in found) > METRICS_MAX:
        document.report("expect", "too-many", f"at most {METRICS_MAX} metrics in all", "split the claim")
    return tuple(found)


def refuse_expectations(document: Table) -> tuple[Expectation, ...]:
    """Report the `[[expect]]` of a proof, which has no measured values; return none."""
    if document.has("expect"):
        detail = "a proof is accepted or not, and has no values that could be expected"
        document.report("expect", "expect-of-proof", detail, "remove [[expect]]: the theorem says what is claimed")
    return ()


def _own(expectation: Expectation) -> set[str]:
    """Return the names that no other expectation may use; a ranking may rank what others expect."""
    cells = {item.metric for item in members(expectation)} if expectation.rule is Rule.TABLE else set()
    return {expectation.metric} | cells


def _read(table: Table) -> Expectation | None:
    metric = table.text("metric", required=True, longest=128)
    if metric is not None and not METRIC.fullmatch(metric):
        table.report("metric", "bad-name", "a metric's name starts with a letter and has no spaces", "rename it")
    rule = _rule(table, "rule", tuple(Rule), required=True)
    values = {key: table.text(key, longest=200) for key in _TEXTS}
    unit = table.text("unit", longest=UNIT_MAX)
    table.known.update(_OTHERS)
    if rule is None:
        return None
    _check_keys(table, rule, unit)
    check_values(table, rule, values)
    others = _others(table, rule, values)
    if metric is None:
        return None
    return Expectation(metric=metric, rule=rule, unit=unit, **_normal(rule, values), **others)


def _check_keys(table: Table, rule: Rule, unit: str | None) -> None:
    needed, allowed = KEYS[rule]
    for key in needed:
        if key not in table.data:
            table.report(None, "missing-key", f"the rule {rule} needs {key!r}", f"add {key} = {_example(key)}")
    for key in (*_TEXTS, *_OTHERS):
        if key in table.data and key not in (*needed, *allowed, *_SAMPLE_OF.get(rule, _SAMPLE)):
            table.report(key, "contradictory-key", f"the rule {rule} takes no {key!r}", "remove it, or change the rule")
    points = rule is Rule.POINTS or (rule is Rule.TABLE and table.data.get("cell_rule") == Rule.POINTS)
    if points and not (unit or "").strip():
        detail = "the rule points needs 'unit': 0.5 points around 0.87 depends on whether that is 87 % or 0.87 %"
        table.report(None, "missing-key", detail, 'add unit = "%" or unit = "fraction"')


def _example(key: str) -> str:
    return {"order": '["best", "next"]', "cells": '{ metric = "…" }', "level": '"95%"'}.get(key, '"…"')


def _rule(table: Table, key: str, known: tuple[Rule, ...], *, required: bool = False) -> Rule | None:
    name = table.text(key, required=required, longest=40)
    if name is None:
        return None
    if name not in set(known):
        remedy = near(name, known) or f"use one of {', '.join(known)}"
        table.report(key, "unknown-rule", f"there is no rule {name!r}", remedy)
        return None
    return Rule(name)


def _others(table: Table, rule: Rule, values: dict[str, str | None]) -> dict[str, Any]:
    """Return what a ranking and a table have beside texts."""
    if rule is Rule.RANKING:
        return {"order": _order(table), "better": _better(table)}
    if rule is Rule.TABLE:
        cell_rule = _rule(table, "cell_rule", CELL_RULES)
        return {"cells": _cells(table, cell_rule or Rule.ROUNDING, values), "cell_rule": cell_rule}
    return {}


def _order(table: Table) -> tuple[str, ...]:
    names = table.texts("order")
    for name in names:
        if not METRIC.fullmatch(name):
            table.report("order", "bad-name", f"{name[:40]!r} is no name of a metric", "rename it")
    if isinstance(table.data.get("order"), list) and not 2 <= len(names) <= ORDER_MAX:
        table.report("order", "bad-order", f"a ranking has 2 to {ORDER_MAX} members", "name the best first")
    return names


def _better(table: Table) -> str | None:
    found = table.text("better", longest=20)
    if found not in {None, "higher", "lower"}:
        detail = f"better must be higher or lower, not {found!r}"
        table.report("better", "unknown-value", detail, 'write better = "lower" for an error or a loss')
        return None
    return found


def _cells(table: Table, rule: Rule, values: dict[str, str | None]) -> dict[str, str]:
    inner = table.table("cells")
    if inner is None:
        return {}
    if not 1 <= len(inner.data) <= METRICS_MAX:
        table.report("cells", "too-many", f"a table has 1 to {METRICS_MAX} cells", "split the claim")
        return {}
    needed, allowed = KEYS[rule]
    for key in ("tolerance", "absolute"):
        if key in needed and values[key] is None:
            table.report(None, "missing-key", f"the cell rule {rule} needs {key!r}", f'add {key} = "…"')
        if values[key] is not None and key not in (*needed, *allowed):
            table.report(key, "contradictory-key", f"the cell rule {rule} takes no {key!r}", "remove it")
    found = {}
    for name in inner.data:
        text = inner.text(name, longest=200)
        if not METRIC.fullmatch(name):
            inner.report(name, "bad-name", f"{name[:40]!r} is no name of a metric", "rename it")
        elif text is not None:
            check_cell(inner, name, rule, text, absolute=values["absolute"])
            found[name] = _plainly(rule, text)
    return found


def _normal(rule: Rule, values: dict[str, str | None]) -> dict[str, str | None]:
    """Return the values with typographic minus signs and outer white space made plain; digits stay as printed."""
    return {
        key: text if text is None else _plainly(rule if key == "value" else Rule.ROUNDING, text)
        for key, text in values.items()
    }


def _plainly(rule: Rule, text: str) -> str:
    return text if rule is Rule.EXACT else text.strip().replace("\N{MINUS SIGN}", "-")
