"""Reading `[reproduce]`: a formula over printed values, or a script over its inputs and parameters."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from app.core import formula
from app.core.boxjob import CLAIM_FILES
from app.core.claim_expect import EXPECTATIONS_MAX, METRIC
from app.core.model import Cell, Formula, NamedValue, Script

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.core.claim_reader import Table

SEEDS_MAX = 64
SEED_MAX = 2**63 - 1
VALUES_MAX = 256
FORMULAS_MAX = 256
FORMULAS_CHARACTERS_MAX = 10_000  # of all formulas together: they are evaluated in the web process
PARAMETERS_MAX = 64
PARAMETERS_BYTES_MAX = 65_536
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def read_reproduce(
    document: Table, files: Collection[str] | None, environments: Mapping[str, str]
) -> Formula | Script | None:
    """Return the `[reproduce]` of a claim document; `files` is None for a JSON body, which has none."""
    table = document.table("reproduce", required=True)
    if table is None:
        return None
    kind = table.text("kind", required=True, longest=20)
    match kind:
        case "formula":
            found: Formula | Script | None = _read_formula(table, document)
        case "script":
            found = _read_script(table, files, environments)
        case None:
            return None
        case "lean4":
            table.report("kind", "kind-not-offered", "this version does not check proofs", "use formula or script")
            return None
        case _:
            table.report("kind", "unknown-kind", f"there is no kind {kind[:40]!r}", "use formula or script")
            return None
    table.close()
    return found


def _read_formula(table: Table, document: Table) -> Formula | None:
    values = _named_values(table)
    formulas: dict[str, str] = {}
    expected = _expected_metrics(document)
    single = table.text("formula", longest=formula.LENGTH_MAX)
    many = table.table("formulas")
    if (single is None) == (many is None):
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
            where.report(None, "unused-formula", f"no [[expect]] asks for {metric!r}", "add one, or remove the formula")
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
    items = [item.get("metric") for item in tables if isinstance(item, dict)] if isinstance(tables, list) else []
    return [item for item in items if isinstance(item, str)][:EXPECTATIONS_MAX]


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
            item.report("value", "unreadable-number", f"value: {error}", "write the digits as they are printed")
            continue
        values[name] = NamedValue(value=text, source=source, cell=found)
    if "values" not in table.data:
        table.report(
            None, "missing-table", "a formula needs its values", "add [reproduce.values.NAME] with value, source"
        )
    return values


def _check_formula(table: Table, key: str, text: str, printed: Mapping[str, str], unreadable: Collection[str]) -> None:
    try:
        used = formula.names(formula.parse(text))
        if not used:
            table.report(key, "constant-formula", "the formula uses no value, so it computes nothing", "compute it")
        for name in used:
            if name not in printed and name not in unreadable:
                remedy = f"add [reproduce.values.{name}]"
                table.report(key, "undefined-value", f"the formula uses {name!r}, which is no value", remedy)
        if all(name in printed for name in used):
            formula.check(text, printed)
    except formula.FormulaError as error:
        table.report(key, "bad-formula", str(error), "correct the formula or its values")


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


def _read_script(table: Table, files: Collection[str] | None, environments: Mapping[str, str]) -> Script | None:
    if files is None:
        table.report("kind", "needs-bundle", "a script comes in a bundle", "send the archive as the part `bundle`")
        return None
    entrypoint = table.text("entrypoint", required=True, longest=255)
    environment = table.text("environment", longest=64) or "python"
    if environment not in environments:
        known = ", ".join(sorted(environments)) or "none"
        detail = f"there is no environment {environment!r} here"
        table.report("environment", "unknown-environment", detail, f"built by the operator: {known}")
    inputs = table.texts("inputs")
    for key, paths in (("entrypoint", (entrypoint,) if entrypoint else ()), ("inputs", inputs)):
        for path in paths:
            _check_path(table, key, path, files)
    if entrypoint is not None and entrypoint in inputs:
        table.report("inputs", "entrypoint-is-input", "the script cannot be its own input", "remove it from inputs")
    for key in ("assets", "seeds_max"):
        if table.has(key):
            table.report(key, "not-offered", f"this version does not offer {key!r}", "remove it")
    seeds = _seeds(table)
    parameters = _parameters(table)
    if "parameters.json" in inputs and parameters:
        table.report("inputs", "reserved-name", "parameters.json is where parameters are put", "rename the input")
    if entrypoint is None:
        return None
    return Script(entrypoint=entrypoint, environment=environment, inputs=inputs, parameters=parameters, seeds=seeds)


def _check_path(table: Table, key: str, path: str, files: Collection[str]) -> None:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "." in parts or "" in parts or "\\" in path:
        table.report(key, "path-outside", f"{path[:80]!r} is not a path inside the bundle", "write it relative, with /")
    elif path in CLAIM_FILES:
        table.report(key, "claim-is-input", f"{path} never enters the box", "put what the script needs in its own file")
    elif path not in files:
        table.report(key, "missing-file", f"the bundle has no file {path[:80]!r}", "add it, or correct the name")


def _seeds(table: Table) -> tuple[int, ...]:
    found = table.raw("seeds")
    if found is None:
        return (0,)
    whole = isinstance(found, list) and all(isinstance(item, int) and not isinstance(item, bool) for item in found)
    if not whole or not 1 <= len(found) <= SEEDS_MAX or any(not 0 <= item <= SEED_MAX for item in found):
        detail = f"seeds must be 1 to {SEEDS_MAX} whole numbers from 0 to 2^63-1"
        table.report("seeds", "bad-seeds", detail, "write seeds = [0]")
        return (0,)
    if len(set(found)) < len(found):
        table.report("seeds", "duplicate-item", "a seed is named twice", "name each once")
    return tuple(found)


def _parameters(table: Table) -> dict[str, Any]:
    found = table.table("parameters")
    if found is None:
        return {}
    for name, item in found.data.items():
        found.known.add(name)
        if not NAME.fullmatch(name):
            found.report(name, "bad-name", f"{name[:40]!r} cannot name a parameter", "use letters, digits and _")
        if not _is_json(item):
            found.report(name, "bad-parameter", f"{name!r} is no finite number, text, truth value or list", "change it")
    if len(found.data) > PARAMETERS_MAX or len(json.dumps(found.data, default=str)) > PARAMETERS_BYTES_MAX:
        detail = f"at most {PARAMETERS_MAX} parameters of {PARAMETERS_BYTES_MAX} bytes together"
        found.report(None, "too-many", detail, "put data in an input file")
    return dict(found.data)


def _is_json(value: Any, depth: int = 0) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):  # bool included
        return abs(value) < 2**63
    if isinstance(value, str):
        return True
    return isinstance(value, list) and depth < 4 and all(_is_json(item, depth + 1) for item in value)
