"""Reading `[reproduce]` of the kind formula: expressions over printed values, each checked as far as it can be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.core import formula
from app.core.claim_expect import EXPECTATIONS_MAX, METRIC, METRICS_MAX
from app.core.claim_reader import near
from app.core.model import Cell, Formula, NamedValue
from app.core.quantity import number_remedy

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.core.claim_reader import Table

VALUES_MAX = 256
FORMULAS_MAX = 256
FORMULAS_CHARACTERS_MAX = 10_000  # of all formulas together: they are evaluated in the web process
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def read_formula(table: Table, document: Table) -> Formula:
    """Return the formulas of a `[reproduce]` table; `document` says which metrics are expected."""
    values = _named_values(table)
    formulas: dict[str, str] = {}
    expected = _expected_metrics(document)
    single = table.text("formula", longest=formula.LENGTH_MAX)
    many = table.table("formulas")
    if ("formula" in table.data) == ("formulas" in table.data):
        table.report(None, "missing-key", "give either 'formula' or [reproduce.formulas]", 'add formula = "a - b"')
    if single is not None:
        metric = table.text("metric", longest=128)
        if metric is None and len(expected) == 1:
            metric = expected[0]
        if metric is None:
            remedy = 'add metric = "…" or use [reproduce.formulas]'
            table.report("formula", "missing-metric", "which metric does the formula compute?", remedy)
        else:
            formulas[metric] = single
    if many is not None:
        formulas |= _many(many)
    where = many or table
    declared = table.data.get("values")
    unreadable = set(declared) - set(values) if isinstance(declared, dict) else set()
    printed = {name: item.value for name, item in values.items()}
    for metric, text in formulas.items():
        _check_formula(where, metric if many is not None else "formula", text, printed, unreadable)
        if not METRIC.fullmatch(metric):
            where.report(metric, "bad-name", f"{metric[:40]!r} is no name of a metric", "rename it")
        if metric not in expected:
            remedy = near(metric, expected) or "add one, or remove the formula"
            where.report(None, "unused-formula", f"no [[expect]] asks for {metric!r}", remedy)
    for metric in expected:
        if metric not in formulas and formulas:
            where.report(None, "missing-formula", f"no formula computes {metric!r}", "add it to [reproduce.formulas]")
    _check_used(table, formulas, values)
    return Formula(formulas=formulas, values=values)


def _many(table: Table) -> dict[str, str]:
    if len(table.data) > FORMULAS_MAX:
        table.known.update(table.data)
        table.report(None, "too-many", f"at most {FORMULAS_MAX} formulas", "split the claim")
        return {}
    found = {metric: table.text(metric, longest=formula.LENGTH_MAX) for metric in table.data}
    formulas = {metric: text for metric, text in found.items() if text is not None}
    if sum(map(len, formulas.values())) > FORMULAS_CHARACTERS_MAX:
        detail = f"all formulas together may have {FORMULAS_CHARACTERS_MAX} characters"
        table.report(None, "too-many", detail, "split the claim")
        return {}
    return formulas


def _expected_metrics(document: Table) -> list[str]:
    """Return the metrics that the document expects, as far as they are readable; complaints come from elsewhere."""
    tables = document.data.get("expect")
    items = [item for item in tables if isinstance(item, dict)] if isinstance(tables, list) else []
    names = [name for item in items[:EXPECTATIONS_MAX] for name in _metrics_of(item)]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))[:METRICS_MAX]


def _metrics_of(item: dict[str, Any]) -> list[Any]:
    """Return the metrics of an `[[expect]]`: those of a table's cells or a ranking's members, or its own."""
    match item.get("rule"):
        case "table":
            cells = item.get("cells")
            return list(cells) if isinstance(cells, dict) else []
        case "ranking":
            order = item.get("order")
            return order if isinstance(order, list) else []
        case _:
            return [item.get("metric")]


def _named_values(table: Table) -> dict[str, NamedValue]:
    values: dict[str, NamedValue] = {}
    items = list(table.named("values"))
    if len(items) > VALUES_MAX:
        table.report("values", "too-many", f"at most {VALUES_MAX} values", "split the claim")
        return {}
    for name, item in items:
        if not NAME.fullmatch(name) or name in formula.FUNCTIONS:
            item.report(
                None, "bad-name", f"{name[:40]!r} cannot name a value", "letters, digits, _; no function's name"
            )
        text = item.text("value", required=True, longest=100)
        source = item.text("source", required=True)
        cell = item.table("cell")
        item.close()
        found = None
        if cell is not None:
            parts = {key: cell.text(key, required=True, longest=200) for key in ("source", "row", "column")}
            cell.close()
            if all(parts.values()):
                found = Cell.model_validate(parts)
        if text is None or source is None:
            continue
        text = text.strip().replace("\N{MINUS SIGN}", "-")
        try:
            formula.printed(text)
        except formula.FormulaError as error:
            item.report("value", "unreadable-number", f"value: {error}", number_remedy(text))
            continue
        values[name] = NamedValue(value=text, source=source, cell=found)
    if "values" not in table.data:
        table.report(
            None, "missing-table", "a formula needs its values", "add [reproduce.values.NAME] with value, source"
        )
    return values


def _check_formula(table: Table, key: str, text: str, printed: Mapping[str, str], unreadable: Collection[str]) -> None:
    if "--" in text:  # LaTeX's dash; read as minus minus it would add, and falsify who wanted to subtract
        detail = "'--' may be a dash or a minus before a minus"
        table.report(key, "bad-formula", detail, "write - to subtract, and a - (-b) for the other")
        return
    try:
        used = formula.names(formula.parse(text))
        if not used:
            table.report(key, "constant-formula", "the formula uses no value, so it computes nothing", "compute it")
        for name in used:
            if name not in printed and name not in unreadable:
                remedy = near(name, printed) or f"add [reproduce.values.{name}]"
                table.report(key, "undefined-value", f"the formula uses {name!r}, which is no value", remedy)
        if all(name in printed for name in used):
            formula.check(text, printed)
    except formula.FormulaError as error:
        table.report(key, "bad-formula", str(error), _formula_remedy(text))


#: What a formula is often written with -> what to write.
_INSTEAD = {
    "^": "**",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "×": "*",
    "·": "*",
    "÷": "/",
    "\N{DIVISION SLASH}": "/",
}
_CALL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(")
_FACTOR = re.compile(r"(?<![A-Za-z0-9_.])([0-9][0-9.]*)\s*([A-Za-z_(])")
_EQUATION = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_]*\s*=(.*)", re.DOTALL)


def _formula_remedy(text: str) -> str:
    """Return what to write in place of a formula that is none, guessed from what it holds."""
    for sign, plain in _INSTEAD.items():
        if sign in text:
            return f"write {plain} in place of {sign}"
    unknown = next((name for name in _CALL.findall(text) if name not in formula.FUNCTIONS), None)
    if unknown is not None:
        return near({"ln": "log", "avg": "mean", "average": "mean"}.get(unknown, unknown), formula.FUNCTIONS) or (
            f"functions are {', '.join(formula.FUNCTIONS)}; write * for a product"
        )
    if equation := _EQUATION.fullmatch(text):
        return f"write the right-hand side alone: {equation[1].strip()[:60]!r}"
    if "%" in text:
        return "write / 100 in place of %"
    if re.search(r"[0-9],[0-9]", text):
        return "write a decimal point in place of the comma"
    if factor := _FACTOR.search(text):
        return f"write * between {factor[1]} and what follows"
    return "correct the formula or its values"


def _check_used(table: Table, formulas: Mapping[str, str], values: Mapping[str, NamedValue]) -> None:
    used: set[str] = set()
    for text in formulas.values():
        try:
            used.update(formula.names(formula.parse(text)))
        except formula.FormulaError:
            return  # reported where it stands
    for name in values:
        if formulas and name not in used:
            path = (*table.path, "values", name)
            table.reader.report(path, "unused-value", f"no formula uses the value {name!r}", "remove it")
