"""What `[[expect]]` and `seeds` may say under the rules over seeds, orders and tables; refusals name line and remedy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.core.claim import claim_from_json, parse_claim
from app.core.errors import Problem, Refusal
from app.core.members import by_metric, members
from app.core.model import Claim, Rule, Script
from tests.core.builders import a_bundle, a_policy, claim_toml

HEAD = """\
schema = "assay-claim-v1"
[claim]
id = "c"
statement = "s"
"""
SCRIPT = """\
[reproduce]
kind = "script"
entrypoint = "reproduce.py"
inputs = ["scores.csv"]
"""
FORMULA = """\
[reproduce]
kind = "formula"
[reproduce.formulas]
a = "x"
b = "y"
[reproduce.values.x]
value = "2.0"
source = "Table 1"
[reproduce.values.y]
value = "1.0"
source = "Table 1"
"""
METRIC = '[[expect]]\nmetric = "m"\n'  # lines 5 and 6


def read(expect: str, reproduce: str = SCRIPT) -> Claim:
    return parse_claim((HEAD + METRIC + expect + "\n" + reproduce).encode(), a_bundle(), a_policy())


def problems(expect: str, reproduce: str = SCRIPT) -> tuple[Problem, ...]:
    with pytest.raises(Refusal) as caught:
        read(expect, reproduce)
    return caught.value.problems


GOOD: dict[str, dict[str, Any]] = {
    'rule = "ulp"\nvalue = "0.1"\ntolerance = "4"': {"tolerance": "4"},
    'rule = "interval"\nlow = "8"\nhigh = "9"\nlevel = "95%"\nn = "5"': {"level": "95%", "n": "5"},
    'rule = "interval"\nlow = "8"\nhigh = "8"\nlevel = "0.9"\nn = "2"\nvalue = "8"\nsd = "1"': {"value": "8"},
    'rule = "equivalence"\nvalue = "8.7"\ntolerance = "0.1"': {"sd": None},
    'rule = "equivalence"\nvalue = "8.7"\ntolerance = "0.1"\nsd = "0"\nn = "2"': {"sd": "0"},
    'rule = "prediction"\nvalue = "0"\ntolerance = "0"\nn = "1"': {"n": "1"},
    'rule = "direction"\nvalue = "\N{MINUS SIGN}0.8"': {"value": "-0.8", "tolerance": None},
    'rule = "direction"\nvalue = "0.8"\ntolerance = "0.2"\nsd = "1"': {"tolerance": "0.2"},
    'rule = "ranking"\norder = ["a", "b"]': {"order": ("a", "b"), "better": None},
    'rule = "ranking"\norder = ["a", "b"]\nbetter = "lower"\nunit = "%"': {"better": "lower"},
    'rule = "table"\ncells = { a = "1.0" }': {"cells": {"a": "1.0"}, "cell_rule": None},
    'rule = "table"\nat_least = "100%"\n[expect.cells]\na = "\N{MINUS SIGN}1"\nb = " 2"': {
        "cells": {"a": "-1", "b": "2"}
    },
    'rule = "table"\nat_least = "1"\ncell_rule = "relative"\ntolerance = "5%"\ncells = { a = "1" }': {
        "tolerance": "5%"
    },
    'rule = "table"\ncell_rule = "exact"\ncells = { a = " RemBERT", b = "3" }': {"cells": {"a": " RemBERT", "b": "3"}},
    'rule = "table"\ncell_rule = "either"\ntolerance = "5%"\nabsolute = "1"\ncells = { a = "0" }': {"absolute": "1"},
    'rule = "table"\ncell_rule = "points"\ntolerance = "1"\nunit = "%"\ncells = { a = "0" }': {"unit": "%"},
    'rule = "table"\ncell_rule = "ulp"\ntolerance = "2"\ncells = { a = "0" }': {"cell_rule": Rule.ULP},
}


@pytest.mark.parametrize("keys", GOOD)
def test_an_expectation_is_read_and_survives_being_written(keys: str) -> None:
    claim = read(keys)
    found = claim.expect[0].model_dump()
    assert {name: found[name] for name in GOOD[keys]} == GOOD[keys]
    text = claim_toml(claim)
    assert parse_claim(text.encode(), a_bundle(claim), a_policy()).expect == claim.expect


def bad(name: str, keys: str, code: str, line: int, remedy: str = "", reproduce: str = SCRIPT) -> Any:
    return pytest.param(keys, code, line, remedy, reproduce, id=name)


EQUIVALENCE = 'rule = "equivalence"\nvalue = "8.7"\ntolerance = "0.1"\n'
RANKING = 'rule = "ranking"\norder = ["a", "b"]'
INTERVAL = 'rule = "interval"\nlow = "8"\nhigh = "9"\nlevel = "95%"\nn = "5"\n'
PREDICTION = EQUIVALENCE.replace("equivalence", "prediction")
TABLE = 'rule = "table"\ncells = { a = "1", b = "2" }\n'
ULP = 'rule = "ulp"\nvalue = "0.1"\n'

BAD = [
    # Keys that are missing, and keys that say nothing under their rule.
    bad("equivalence without a margin", 'rule = "equivalence"\nvalue = "1"', "missing-key", 5, 'tolerance = "…"'),
    bad("interval without a level", INTERVAL.replace('level = "95%"\n', ""), "missing-key", 5, 'level = "95%"'),
    bad("interval without n", INTERVAL.replace('n = "5"\n', ""), "missing-key", 5, 'n = "…"'),
    bad("interval without an end", INTERVAL.replace('low = "8"\n', ""), "missing-key", 5, 'low = "…"'),
    bad("ranking without an order", 'rule = "ranking"', "missing-key", 5, 'order = ["best", "next"]'),
    bad("table without cells", 'rule = "table"', "missing-key", 5, 'cells = { metric = "…" }'),
    bad("ulp without its count", ULP, "missing-key", 5),
    bad("a tolerance beside exact", 'rule = "exact"\nvalue = "1"\ntolerance = "1"', "contradictory-key", 9, "change"),
    bad("a level beside equivalence", EQUIVALENCE + 'level = "0.9"', "contradictory-key", 10),
    bad("an order beside equivalence", EQUIVALENCE + 'order = ["a", "b"]', "contradictory-key", 10),
    bad("better beside equivalence", EQUIVALENCE + 'better = "lower"', "contradictory-key", 10),
    bad("cells beside equivalence", EQUIVALENCE + 'cells = { a = "1" }', "contradictory-key", 10),
    bad("a cell rule beside equivalence", EQUIVALENCE + 'cell_rule = "exact"', "contradictory-key", 10),
    bad("at_least beside equivalence", EQUIVALENCE + 'at_least = "0.9"', "contradictory-key", 10),
    bad("absolute beside equivalence", EQUIVALENCE + 'absolute = "0.9"', "contradictory-key", 10),
    bad("a value beside a ranking", 'rule = "ranking"\norder = ["a", "b"]\nvalue = "1"', "contradictory-key", 9),
    bad("n beside a table", TABLE + 'n = "5"', "contradictory-key", 9),
    bad("sd beside a prediction", PREDICTION + 'sd = "1"', "contradictory-key", 10),
    bad("several runs of a prediction", PREDICTION + 'n = "3"', "contradictory-key", 10, 'rule = "equivalence"'),
    bad("sd without n", EQUIVALENCE + 'sd = "1"', "missing-key", 5, "add n"),
    bad("n without sd", EQUIVALENCE + 'n = "3"', "missing-key", 5, "add sd"),
    # Numbers that cannot be meant.
    bad("a relative margin", EQUIVALENCE.replace("0.1", "5%"), "unreadable-number", 9, 'rule = "relative"'),
    bad("a negative margin", EQUIVALENCE.replace("0.1", "-1"), "unreadable-number", 9),
    bad("NaN", EQUIVALENCE.replace("8.7", "NaN"), "unreadable-number", 8),
    bad("infinity", EQUIVALENCE.replace("8.7", "inf"), "unreadable-number", 8),
    bad("ends exchanged", INTERVAL.replace('"8"', '"10"'), "contradictory-bounds", 8, "exchange"),
    bad("value outside", INTERVAL + 'value = "7"', "contradictory-bounds", 12),
    bad("value above", INTERVAL + 'value = "9.1"', "contradictory-bounds", 12),
    bad("a level of 1", INTERVAL.replace("95%", "100%"), "bad-number", 10, 'level = "95%"'),
    bad("a level of 0", INTERVAL.replace("95%", "0"), "bad-number", 10),
    bad("a level of 95", INTERVAL.replace("95%", "95"), "bad-number", 10),
    bad("a sample of one", INTERVAL.replace('"5"', '"1"'), "bad-number", 11, "sample's size"),
    bad("percent without its sign", 'rule = "relative"\nvalue = "9"\ntolerance = "5"', "bad-number", 9, '"5%"'),
    bad("percent in cells", TABLE + 'cell_rule = "either"\ntolerance = "1"', "bad-number", 10, '"1%"'),
    bad("half a sample", INTERVAL.replace('"5"', '"4.5"'), "bad-number", 11),
    bad("an endless sample", INTERVAL.replace('"5"', '"1e13"'), "bad-number", 11),
    bad("a negative sample", INTERVAL.replace('"5"', '"-5"'), "bad-number", 11),
    bad("a negative deviation", EQUIVALENCE + 'n = "3"\nsd = "-1"', "bad-number", 11),
    bad("no direction", 'rule = "direction"\nvalue = "0.0"', "no-direction", 8, "sign it"),
    bad("half an ulp", ULP + 'tolerance = "0.5"', "bad-number", 9, 'tolerance = "4"'),
    bad("countless ulps", ULP + 'tolerance = "1e16"', "bad-number", 9),
    bad("beyond binary64", ULP.replace("0.1", "1e400") + 'tolerance = "1"', "bad-number", 8, 'rule = "relative"'),
    bad("no cell needs to match", TABLE + 'at_least = "0"', "bad-number", 9),
    bad("more than all", TABLE + 'at_least = "1.1"', "bad-number", 9, 'at_least = "95%"'),
    # Members.
    bad("a ranking of one", 'rule = "ranking"\norder = ["a"]', "bad-order", 8, "best first"),
    bad("too long a ranking", f'rule = "ranking"\norder = {json.dumps([f"m{i}" for i in range(65)])}', "bad-order", 8),
    bad("a member twice", 'rule = "ranking"\norder = ["a", "b", "a"]', "duplicate-item", 8),
    bad("a member's name", 'rule = "ranking"\norder = ["a", "b c"]', "bad-name", 8),
    bad("which is better", 'rule = "ranking"\norder = ["a", "b"]\nbetter = "more"', "unknown-value", 9, "lower"),
    bad("an order that is none", 'rule = "ranking"\norder = "a > b"', "not-a-list", 8),
    bad("cells that are none", 'rule = "table"\ncells = "1.0"', "not-a-table", 8),
    bad("no cells", 'rule = "table"\ncells = {}', "too-many", 8),
    bad("a cell that is no text", 'rule = "table"\n[expect.cells]\na = 1.0', "not-a-string", 9, 'a = "1.0"'),
    bad("a cell that is no number", 'rule = "table"\n[expect.cells]\na = "x"', "unreadable-number", 9),
    bad("a cell with separators", 'rule = "table"\n[expect.cells]\na = "1,234"', "unreadable-number", 9, '"1234"'),
    bad("a cell's name", 'rule = "table"\n[expect.cells]\n"a b" = "1"', "bad-name", 9),
    bad("a cell rule for seeds", TABLE + 'cell_rule = "equivalence"', "unknown-rule", 9, "use one of"),
    bad("a misspelt cell rule", TABLE + 'cell_rule = "rouding"', "unknown-rule", 9, "rounding"),
    bad("cells need a tolerance", TABLE + 'cell_rule = "absolute"', "missing-key", 5, "tolerance"),
    bad("cells take no tolerance", TABLE + 'tolerance = "1"', "contradictory-key", 9),
    bad(
        "cells take no absolute", TABLE + 'cell_rule = "ulp"\ntolerance = "1"\nabsolute = "1"', "contradictory-key", 11
    ),
    bad("points without a unit", TABLE + 'cell_rule = "points"\ntolerance = "1"', "missing-key", 5, "unit"),
    bad("a cell of zero", TABLE.replace("1", "0") + 'cell_rule = "relative"\ntolerance = "1%"', "relative-to-zero", 8),
    bad(
        "either around zero", TABLE.replace("1", "0") + 'cell_rule = "either"\ntolerance = "1%"', "relative-to-zero", 8
    ),
    bad(
        "a cell beyond binary64",
        TABLE.replace('"1"', '"1e400"') + 'cell_rule = "ulp"\ntolerance = "1"',
        "bad-number",
        8,
    ),
    # Seeds.
    bad("two seeds", EQUIVALENCE, "too-few-seeds", 15, "seeds = [0, 1, 2, 3, 4]", SCRIPT + "seeds = [0, 1]"),
    bad("one seed", PREDICTION, "too-few-seeds", 15, "leave it out", SCRIPT + "seeds = [0]"),
    bad("a direction of two", 'rule = "direction"\nvalue = "1"', "too-few-seeds", 13, "", SCRIPT + "seeds = [0, 1]"),
    bad("a ranking of two", RANKING, "too-few-seeds", 13, "0, 1, 2", SCRIPT + "seeds = [0, 1]"),
    bad("a direction of one", 'rule = "direction"\nvalue = "1"', "too-few-seeds", 13, "", SCRIPT + "seeds = [0]"),
    bad("fewer at most", EQUIVALENCE, "contradictory-bounds", 15, "at least 5", SCRIPT + "seeds_max = 4"),
    bad("too many", EQUIVALENCE, "bad-number", 15, "", SCRIPT + "seeds_max = 65"),
    bad("none", EQUIVALENCE, "bad-number", 15, "", SCRIPT + "seeds_max = 0"),
    bad("half", EQUIVALENCE, "bad-number", 15, "", SCRIPT + "seeds_max = 5.5"),
    bad(
        "further seeds for no rule",
        'rule = "rounding"\nvalue = "1"',
        "contradictory-key",
        13,
        "",
        SCRIPT + "seeds_max = 9",
    ),
    # A formula has no seeds.
    bad("a formula's equivalence", EQUIVALENCE.replace("m", "m"), "rule-needs-seeds", 5, "script", FORMULA),
]


@pytest.mark.parametrize(("keys", "code", "line", "remedy", "reproduce"), BAD)
def test_what_cannot_be_meant_is_refused(keys: str, code: str, line: int, remedy: str, reproduce: str) -> None:
    found = [item for item in problems(keys, reproduce) if item.code == code and item.line == line]
    assert found, problems(keys, reproduce)
    assert remedy in found[0].remedy
    assert found[0].detail
    assert found[0].file == "claim.toml"


@pytest.mark.parametrize(
    ("keys", "code", "line", "remedy", "reproduce"), [row for row in BAD if row.values[4] == SCRIPT]
)
def test_one_mistake_is_one_complaint(keys: str, code: str, line: int, remedy: str, reproduce: str) -> None:
    assert len(problems(keys, reproduce)) == 1


def test_names_are_expected_once_but_may_be_ranked_too() -> None:
    plain = '[[expect]]\nmetric = "a"\nvalue = "1"\nrule = "rounding"\n'
    ranked = 'rule = "ranking"\norder = ["a", "b"]\n'
    claim = read(ranked + plain)
    assert list(by_metric(claim)) == ["a", "b"]
    assert by_metric(claim)["a"].value == "1"
    assert by_metric(claim)["b"].rule is Rule.RANKING
    for twice in (TABLE + plain, plain.replace('"a"', '"m"').join(['rule = "exact"\nvalue = "1"\n', ""])):
        assert [item.code for item in problems(twice)] == ["duplicate-metric"]
    second = '[[expect]]\nmetric = "t"\n' + TABLE
    assert "'a' is expected twice" in problems(TABLE + second)[0].detail


def test_a_claim_is_about_so_many_metrics_and_no_more() -> None:
    def cells(count: int) -> str:
        return 'rule = "table"\n[expect.cells]\n' + "".join(f'c{index} = "1"\n' for index in range(count))

    assert len(by_metric(read(cells(1_000)))) == 1_000
    for text in (
        cells(1_001),
        cells(10_000),
        cells(999) + '[[expect]]\nmetric = "r"\nrule = "ranking"\norder = ["x","y"]',
    ):
        assert [item.code for item in problems(text)] == ["too-many"]


def test_seeds_depend_on_the_rules() -> None:
    def seeds(keys: str, more: str = "") -> tuple[tuple[int, ...], int | None]:
        reproduce = read(keys, SCRIPT + more).reproduce
        assert isinstance(reproduce, Script)
        return reproduce.seeds, reproduce.seeds_max

    for keys in (EQUIVALENCE, PREDICTION, 'rule = "direction"\nvalue = "1"'):
        assert seeds(keys) == ((0, 1, 2, 3, 4), None)
    for keys in (INTERVAL, TABLE, 'rule = "ranking"\norder = ["a", "b"]', 'rule = "exact"\nvalue = "1"'):
        assert seeds(keys) == ((0,), None)
    assert seeds(EQUIVALENCE, "seeds = [7, 8, 9]\nseeds_max = 64") == ((7, 8, 9), 64)
    assert seeds(EQUIVALENCE, "seeds_max = 5") == ((0, 1, 2, 3, 4), 5)
    assert seeds(INTERVAL, "seeds_max = 5") == ((0,), 5)
    assert seeds('rule = "direction"\nvalue = "1"', "seeds = [3, 1, 4]") == ((3, 1, 4), None)
    assert seeds(RANKING, "seeds = [3]") == ((3,), None)


def test_a_formula_computes_cells_and_members_by_their_names() -> None:
    assert list(by_metric(read(TABLE, FORMULA))) == ["a", "b"]
    assert list(by_metric(read('rule = "ranking"\norder = ["a", "b"]', FORMULA))) == ["a", "b"]
    both = 'rule = "ranking"\norder = ["a", "b"]\n[[expect]]\nmetric = "t"\n' + TABLE
    assert list(by_metric(read(both, FORMULA))) == ["a", "b"]
    direction = 'rule = "direction"\nvalue = "1"\n[[expect]]\nmetric = "t"\n' + TABLE
    assert [item.code for item in problems(direction, FORMULA)] == ["missing-formula"]
    assert {item.code for item in problems('rule = "table"\ncells = "x"', FORMULA)} >= {"not-a-table"}
    assert {item.code for item in problems('rule = "ranking"\norder = "x"', FORMULA)} >= {"not-a-list"}
    assert {item.code for item in problems('rule = "ranking"\norder = [1, 2]', FORMULA)} >= {"not-a-list"}


def test_members_say_what_they_are_held_to() -> None:
    (table,) = read('rule = "table"\nunit = "%"\ncell_rule = "points"\ntolerance = "1"\ncells = { a = "1" }').expect
    (cell,) = members(table)
    assert (cell.metric, cell.rule, cell.value, cell.unit, cell.tolerance) == ("a", Rule.POINTS, "1", "%", "1")
    (plain,) = read('rule = "exact"\nvalue = "1"').expect
    assert members(plain) == (plain,)
    (order,) = read('rule = "ranking"\norder = ["a", "b"]\nbetter = "lower"\nunit = "s"').expect
    assert [(item.metric, item.unit, item.better, item.value) for item in members(order)] == [
        ("a", "s", "lower", None),
        ("b", "s", "lower", None),
    ]


def test_a_json_body_has_cells_and_an_order_too() -> None:
    values = {name: {"value": "1.0", "source": "t"} for name in ("x", "y")}
    body = {
        "schema": "assay-claim-v1",
        "claim": {"id": "c", "statement": "s"},
        "expect": [
            {"metric": "t", "rule": "table", "cells": {"a": "1.0", "b": "1.0"}},
            {"metric": "r", "rule": "ranking", "order": ["a", "b"]},
        ],
        "reproduce": {"kind": "formula", "formulas": {"a": "x", "b": "y"}, "values": values},
    }
    assert list(by_metric(claim_from_json(body, a_policy()))) == ["a", "b"]
    body["expect"][0]["cells"]["a"] = 1.0  # type: ignore[index]
    with pytest.raises(Refusal) as caught:
        claim_from_json(body, a_policy())
    assert [item.pointer for item in caught.value.problems] == ["/expect/0/cells/a"]
