"""Reading a claim: what is accepted, what is refused with file, line, pointer and remedy, and what reading may cost."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given

from app.core.claim import CLAIM_BYTES_MAX, claim_from_json, parse_claim
from app.core.errors import Problem, Refusal
from app.core.model import Claim, Expectation, Formula, Limits, Rule, Script
from tests.core.builders import (
    MIB,
    a_bundle,
    a_claim,
    a_formula,
    a_policy,
    a_script,
    an_expectation,
    claim_toml,
    some_limits,
)
from tests.core.strategies import expectations, law

SCRIPT = """\
schema = "assay-claim-v1"

[record]
id = "rec.1"

[claim]
id = "mean-score"
statement = "The mean score is 8.7"

[[expect]]
metric = "score"
value = "8.7"
rule = "rounding"

[reproduce]
kind = "script"
entrypoint = "reproduce.py"
inputs = ["scores.csv"]
seeds = [0]

[reproduce.parameters]
n = 100

[limits]
wall = "5s"

[[source]]
id = "t16"
title = "Table 16"
file = "notes.md"
"""

FORMULA = """\
schema = "assay-claim-v1"
[claim]
id = "gain"
statement = "The gain is 8.7"
[[expect]]
metric = "gain"
value = "8.7"
rule = "rounding"
[reproduce]
kind = "formula"
formula = "a - b"
[reproduce.values.a]
value = "77.0"
source = "Table 1"
[reproduce.values.b]
value = "68.3"
source = "Table 1"
"""

FILES = {"claim.toml", "claim.json", "reproduce.py", "scores.csv", "notes.md", "parameters.json", "data/x.bin"}


def read(text: str, **policy: Any) -> Claim:
    return parse_claim(text.encode(), FILES, a_policy(**policy))


def problems(text: str | bytes, **policy: Any) -> tuple[Problem, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(Refusal) as caught:
        parse_claim(data, FILES, a_policy(**policy))
    assert caught.value.problems
    return caught.value.problems


def test_a_script_is_read_with_defaults_and_limits_filled_in() -> None:
    claim = read(SCRIPT)
    assert claim.record is not None
    assert (claim.record.id, claim.claim.id) == ("rec.1", "mean-score")
    assert claim.expect == (an_expectation(),)
    assert claim.reproduce == Script(
        entrypoint="reproduce.py", inputs=("scores.csv",), parameters={"n": 100}, seeds=(0,)
    )
    assert claim.limits == some_limits(wall_ms=5_000, cpu_ms=5_000)
    assert [item.file for item in claim.source] == ["notes.md"]


def test_a_formula_is_read_and_its_only_metric_named_after_the_expectation() -> None:
    claim = read(FORMULA)
    assert isinstance(claim.reproduce, Formula)
    assert claim.reproduce.formulas == {"gain": "a - b"}
    assert {name: item.value for name, item in claim.reproduce.values.items()} == {"a": "77.0", "b": "68.3"}


def test_formulas_cells_and_a_named_metric_are_read() -> None:
    text = FORMULA.replace('formula = "a - b"', 'formula = "a - b"\nmetric = "gain"')
    assert read(text) == read(FORMULA)
    many = FORMULA.replace('formula = "a - b"\n', "") + '[reproduce.formulas]\ngain = "a - b"\n'
    assert read(many) == read(FORMULA)
    cell = FORMULA.replace(
        'value = "77.0"\n', 'value = "\N{MINUS SIGN}77.0 "\ncell = { source = "t", row = "r", column = "c" }\n'
    )
    cell += '[[source]]\nid = "t"\ntitle = "T"\nfile = "notes.md"\n'
    value = read(cell).reproduce.values["a"]  # type: ignore[union-attr]
    assert value.value == "-77.0"
    assert value.cell is not None
    assert (value.cell.source, value.cell.row, value.cell.column) == ("t", "r", "c")


def test_printed_digits_stay_and_typographic_minus_signs_become_plain() -> None:
    text = SCRIPT.replace('value = "8.7"', 'value = " \N{MINUS SIGN}8.70 "\nunit = "%"\nsd = "0.30"\nn = "5"')
    found = read(text).expect[0]
    assert (found.value, found.unit, found.sd, found.n) == ("-8.70", "%", "0.30", "5")
    exact = SCRIPT.replace('value = "8.7"\nrule = "rounding"', 'value = " \N{MINUS SIGN}x "\nrule = "exact"')
    assert read(exact).expect[0].value == " \N{MINUS SIGN}x "


def test_inputs_parameters_and_seeds_may_be_left_out() -> None:
    text = SCRIPT.replace('inputs = ["scores.csv"]\nseeds = [0]\n', "").replace("[reproduce.parameters]\nn = 100\n", "")
    assert read(text).reproduce == Script(entrypoint="reproduce.py", environment="python", seeds=(0,))


def test_a_byte_order_mark_is_no_part_of_a_claim() -> None:
    assert parse_claim(b"\xef\xbb\xbf" + SCRIPT.encode(), FILES, a_policy()) == read(SCRIPT)


LIMITS = [
    ("", {}),
    ('wall = "2s"', {"wall_ms": 2_000, "cpu_ms": 2_000}),
    ('wall = "2s"\ncpus = 4', {"wall_ms": 2_000, "cpus": 4, "cpu_ms": 8_000}),
    ('wall = "50s"\ncpus = 4', {"wall_ms": 50_000, "cpus": 4, "cpu_ms": 100_000}),
    ('wall = "2s"\ncpu = "1s"', {"wall_ms": 2_000, "cpu_ms": 1_000}),
    ('cpu = "1s"', {"cpu_ms": 1_000}),
    ('memory = "16MiB"\nscratch = "1MiB"', {"memory_bytes": 16 * MIB, "scratch_bytes": MIB}),
    ("processes = 1\ngpus = 0", {"processes": 1}),
    ('isolation = "B"', {"isolation": "B"}),
    ('isolation = "C"', {"isolation": "C"}),
]


@pytest.mark.parametrize(("keys", "changes"), LIMITS, ids=[keys or "none" for keys, _ in LIMITS])
def test_limits_take_the_operator_s_defaults(keys: str, changes: dict[str, Any]) -> None:
    assert read(SCRIPT.replace('wall = "5s"', keys)).limits == some_limits(**changes)


def test_a_claim_can_only_raise_the_level_of_isolation() -> None:
    for level, found in (("A", "A"), ("B", "B"), ("B1", "B"), ("C", "B")):
        assert read(SCRIPT.replace('wall = "5s"', f'isolation = "{level}"'), isolation="B").limits.isolation == found
    assert read(SCRIPT.replace("[limits]\n", "").replace('wall = "5s"\n', ""), isolation="B").limits.isolation == "B"


def swapped(old: str, new: str, text: str = SCRIPT) -> str:
    assert old in text
    return text.replace(old, new, 1)


RULE = 'value = "8.7"\nrule = "rounding"'


ASSET = f"sha256:{'0' * 64}"


def many_assets(count: int) -> str:
    return "assets = { " + ", ".join(f'm{index} = "{ASSET}"' for index in range(count)) + " }"


def row(name: str, old: str, new: str, code: str, line: int, pointer: str, text: str = SCRIPT) -> Any:
    """Return a row of the table: a claim in which one thing was changed, and how it is refused."""
    return pytest.param(swapped(old, new, text), code, line, pointer, id=name)


BAD = [
    # The whole.
    row("no schema", 'schema = "assay-claim-v1"\n', "", "missing-key", 1, ""),
    row("another schema", "claim-v1", "claim-v2", "unknown-schema", 1, "/schema"),
    row("unknown key", "schema", "shema", "unknown-key", 1, "/shema"),
    pytest.param(SCRIPT + "[extra]\n", "unknown-key", 31, "/extra", id="unknown table"),
    # The record.
    row("record id", "rec.1", "Rec 1", "bad-id", 4, "/record/id"),
    row("an id of the service", "rec.1", "rec_1", "reserved-id", 4, "/record/id"),
    row("empty record", 'id = "rec.1"\n', "", "empty-record", 3, "/record"),
    row("empty text", 'id = "rec.1"', 'title = ""', "bad-text", 4, "/record/title"),
    row("number for text", 'id = "rec.1"', "title = 7", "not-a-string", 4, "/record/title"),
    row("control character", 'id = "rec.1"', 'title = "a\\u0007"', "bad-text", 4, "/record/title"),
    row("long text", 'id = "rec.1"', f'title = "{"x" * 4_001}"', "bad-text", 4, "/record/title"),
    row("record is no table", '[record]\nid = "rec.1"', "record = 7", "not-a-table", 3, "/record"),
    # The claim.
    row("no claim", '[claim]\nid = "mean-score"\nstatement = "The mean score is 8.7"\n', "", "missing-table", 1, ""),
    row("no id", 'id = "mean-score"\n', "", "missing-key", 6, "/claim"),
    row("claim id", '"mean-score"', '"Mean"', "bad-id", 7, "/claim/id"),
    row("no statement", 'statement = "The mean score is 8.7"\n', "", "missing-key", 6, "/claim"),
    # Expectations.
    row("no expectation", f'[[expect]]\nmetric = "score"\n{RULE}\n', "", "no-expectation", 1, ""),
    row("expect is no array", "[[expect]]", "[expect]", "not-a-table", 10, "/expect"),
    row("no metric", 'metric = "score"\n', "", "missing-key", 10, "/expect/0"),
    row("metric with a space", '"score"', '"a score"', "bad-name", 11, "/expect/0/metric"),
    row("no rule", 'rule = "rounding"\n', "", "missing-key", 10, "/expect/0"),
    row("unknown rule", "rounding", "roundig", "unknown-rule", 13, "/expect/0/rule"),
    row("misspelt metric", "metric", "metrik", "unknown-key", 11, "/expect/0/metrik"),
    row("number instead of string", '"8.7"', "8.7", "not-a-string", 12, "/expect/0/value"),
    row("percent sign", '"8.7"', '"8.7%"', "unreadable-number", 12, "/expect/0/value"),
    row("unreadable number", '"8.7"', '"8,7"', "unreadable-number", 12, "/expect/0/value"),
    row("huge exponent", '"8.7"', '"1e999"', "unreadable-number", 12, "/expect/0/value"),
    row("rounding without value", 'value = "8.7"\n', "", "missing-key", 10, "/expect/0"),
    row("rounding with tolerance", RULE, RULE + '\ntolerance = "1"', "contradictory-key", 14, "/expect/0/tolerance"),
    row("negative sd", RULE, RULE + '\nsd = "-1"', "bad-number", 14, "/expect/0/sd"),
    row("negative n", RULE, RULE + '\nn = "-5"', "bad-number", 14, "/expect/0/n"),
    row("exact without value", RULE, 'rule = "exact"', "missing-key", 10, "/expect/0"),
    row("exact percentage", RULE, 'rule = "exact"\nvalue = "87.3%"', "unreadable-number", 13, "/expect/0/value"),
    row("exact thousands", RULE, 'rule = "exact"\nvalue = "1,234"', "unreadable-number", 13, "/expect/0/value"),
    row("absolute without tolerance", RULE, 'rule = "absolute"\nvalue = "1"', "missing-key", 10, "/expect/0"),
    row("absolute without value", RULE, 'rule = "absolute"\ntolerance = "1"', "missing-key", 10, "/expect/0"),
    row(
        "absolute percentage",
        RULE,
        'rule = "absolute"\nvalue = "1"\ntolerance = "5%"',
        "unreadable-number",
        14,
        "/expect/0/tolerance",
    ),
    row(
        "negative points",
        RULE,
        'rule = "points"\nvalue = "1"\ntolerance = "-1"\nunit = "%"',
        "unreadable-number",
        14,
        "/expect/0/tolerance",
    ),
    row("points without tolerance", RULE, 'rule = "points"\nvalue = "1"\nunit = "%"', "missing-key", 10, "/expect/0"),
    row(
        "points of nobody knows what",
        RULE,
        'rule = "points"\nvalue = "0.87"\ntolerance = "0.5"',
        "missing-key",
        10,
        "/expect/0",
    ),
    row("relative without tolerance", RULE, 'rule = "relative"\nvalue = "1"', "missing-key", 10, "/expect/0"),
    row(
        "relative to zero",
        RULE,
        'rule = "relative"\nvalue = "0.0"\ntolerance = "5%"',
        "relative-to-zero",
        13,
        "/expect/0/value",
    ),
    row(
        "relative with absolute",
        RULE,
        'rule = "relative"\nvalue = "1"\ntolerance = "5%"\nabsolute = "1"',
        "contradictory-key",
        15,
        "/expect/0/absolute",
    ),
    row("either without tolerance", RULE, 'rule = "either"\nvalue = "1"', "missing-key", 10, "/expect/0"),
    row(
        "either around zero",
        RULE,
        'rule = "either"\nvalue = "0"\ntolerance = "5%"',
        "relative-to-zero",
        13,
        "/expect/0/value",
    ),
    row(
        "unreadable absolute",
        RULE,
        'rule = "either"\nvalue = "1"\ntolerance = "5%"\nabsolute = "x"',
        "unreadable-number",
        15,
        "/expect/0/absolute",
    ),
    row("bounded without bounds", RULE, 'rule = "bounded"', "missing-key", 10, "/expect/0"),
    row(
        "bounds exchanged", RULE, 'rule = "bounded"\nlow = "2"\nhigh = "1"', "contradictory-bounds", 13, "/expect/0/low"
    ),
    row(
        "value below low",
        RULE,
        'rule = "bounded"\nlow = "2"\nvalue = "1"',
        "contradictory-bounds",
        14,
        "/expect/0/value",
    ),
    row(
        "value above high",
        RULE,
        'rule = "bounded"\nhigh = "2"\nvalue = "3"',
        "contradictory-bounds",
        14,
        "/expect/0/value",
    ),
    row("rounding with low", RULE, RULE + '\nlow = "1"', "contradictory-key", 14, "/expect/0/low"),
    row(
        "duplicate metric",
        RULE,
        RULE + '\n[[expect]]\nmetric = "score"\nvalue = "1"\nrule = "exact"',
        "duplicate-metric",
        15,
        "/expect/1/metric",
    ),
    # How it is reproduced: a script.
    row("no kind", 'kind = "script"\n', "", "missing-key", 15, "/reproduce"),
    row("unknown kind", '"script"', '"scirpt"', "unknown-kind", 16, "/reproduce/kind"),
    row("no entrypoint", 'entrypoint = "reproduce.py"\n', "", "missing-key", 15, "/reproduce"),
    row("missing script", '"reproduce.py"', '"missing.py"', "missing-file", 17, "/reproduce/entrypoint"),
    row("missing input", '"scores.csv"', '"scores.cvs"', "missing-file", 18, "/reproduce/inputs"),
    *(
        row(f"path {path}", '"scores.csv"', f'"{path}"', "path-outside", 18, "/reproduce/inputs")
        for path in ("../secret", "/etc/passwd", "a/../../b", "./scores.csv", "a//b", "a\\\\b", "scores.csv/")
    ),
    row("the claim as input", '"scores.csv"', '"claim.toml"', "claim-is-input", 18, "/reproduce/inputs"),
    row("its twin as input", '"scores.csv"', '"claim.json"', "claim-is-input", 18, "/reproduce/inputs"),
    row("the claim as script", '"reproduce.py"', '"claim.toml"', "claim-is-input", 17, "/reproduce/entrypoint"),
    row("script as input", '"scores.csv"', '"reproduce.py"', "entrypoint-is-input", 18, "/reproduce/inputs"),
    row("script as source", '"reproduce.py"', '"notes.md"', "entrypoint-is-source", 27, "/source"),
    row("reserved name", '"scores.csv"', '"parameters.json"', "reserved-name", 18, "/reproduce/inputs"),
    row("input twice", '["scores.csv"]', '["scores.csv", "scores.csv"]', "duplicate-item", 18, "/reproduce/inputs"),
    row("inputs are no list", '["scores.csv"]', '"scores.csv"', "not-a-list", 18, "/reproduce/inputs"),
    row("input is a number", '["scores.csv"]', '["scores.csv", 7]', "not-a-list", 18, "/reproduce/inputs"),
    row("too many inputs", '["scores.csv"]', str(["x"] * 1_001), "too-many", 18, "/reproduce/inputs"),
    row(
        "unknown environment",
        "seeds = [0]",
        'environment = "torch"',
        "unknown-environment",
        19,
        "/reproduce/environment",
    ),
    row("assets are no table", "seeds = [0]", 'assets = ["a"]', "not-a-table", 19, "/reproduce/assets"),
    row("too many assets", "seeds = [0]", many_assets(17), "too-many", 19, "/reproduce/assets"),
    row("asset's name", "seeds = [0]", f'assets = {{ "a/b" = "{ASSET}" }}', "bad-name", 19, "/reproduce/assets/a~1b"),
    *(
        row(
            f"digest {text[:9]}", "seeds = [0]", f'assets = {{ m = "{text}" }}', "bad-digest", 19, "/reproduce/assets/m"
        )
        for text in (ASSET[:-1], ASSET.upper(), f"md5:{'0' * 64}", "xlmr")
    ),
    row("asset is a number", "seeds = [0]", "assets = { m = 1 }", "not-a-string", 19, "/reproduce/assets/m"),
    row("adaptive seeds", "seeds = [0]", "seeds_max = 20", "contradictory-key", 19, "/reproduce/seeds_max"),
    *(
        row(f"seeds {seeds[:20]}", "[0]", seeds, "bad-seeds", 19, "/reproduce/seeds")
        for seeds in ("[]", "0", '["0"]', "[0.5]", "[true]", "[-1]", f"[{2**63}]", str(list(range(65))))
    ),
    row("seed twice", "[0]", "[1, 1]", "duplicate-item", 19, "/reproduce/seeds"),
    *(
        row(f"parameter {value}", "n = 100", f"n = {value}", "bad-parameter", 22, "/reproduce/parameters/n")
        for value in ("nan", "inf", "2020-06-01", "{ a = 1 }", f"{2**63}", "[[[[[1]]]]]", "[nan]")
    ),
    row("parameter's name", "n = 100", '"a b" = 1', "bad-name", 22, "/reproduce/parameters/a b"),
    row("long parameters", "n = 100", f'n = "{"x" * 65_536}"', "too-many", 21, "/reproduce/parameters"),
    row(
        "many parameters",
        "n = 100",
        "\n".join(f"n{index} = 1" for index in range(65)),
        "too-many",
        21,
        "/reproduce/parameters",
    ),
    # Limits.
    row("wall above", '"5s"', '"101s"', "limit-above-policy", 25, "/limits/wall"),
    row("cpu above", 'wall = "5s"', 'cpu = "101s"', "limit-above-policy", 25, "/limits/cpu"),
    row("memory above", 'wall = "5s"', 'memory = "3GiB"', "limit-above-policy", 25, "/limits/memory"),
    row("scratch above", 'wall = "5s"', 'scratch = "641MiB"', "limit-above-policy", 25, "/limits/scratch"),
    row("cpus above", 'wall = "5s"', "cpus = 5", "limit-above-policy", 25, "/limits/cpus"),
    row("processes above", 'wall = "5s"', "processes = 161", "limit-above-policy", 25, "/limits/processes"),
    row("gpus above", 'wall = "5s"', "gpus = 1", "limit-above-policy", 25, "/limits/gpus"),
    row("unreadable wall", '"5s"', '"5"', "unreadable-value", 25, "/limits/wall"),
    row("wall is a number", '"5s"', "5", "not-a-string", 25, "/limits/wall"),
    row("memory too low", 'wall = "5s"', 'memory = "15MiB"', "limit-too-low", 25, "/limits/memory"),
    row("scratch too low", 'wall = "5s"', 'scratch = "1B"', "limit-too-low", 25, "/limits/scratch"),
    row("no cpu", 'wall = "5s"', "cpus = 0", "bad-number", 25, "/limits/cpus"),
    row("half a cpu", 'wall = "5s"', "cpus = 1.5", "bad-number", 25, "/limits/cpus"),
    row("cpus is a truth value", 'wall = "5s"', "cpus = true", "bad-number", 25, "/limits/cpus"),
    row("unknown level", 'wall = "5s"', 'isolation = "D"', "unknown-level", 25, "/limits/isolation"),
    row("unknown limit", "wall", "wal", "unknown-key", 25, "/limits/wal"),
    # Sources.
    row("missing source", '"notes.md"', '"missing.md"', "missing-file", 30, "/source/0/file"),
    row("source is no text", '"notes.md"', '"data/x.bin"', "bad-source", 30, "/source/0/file"),
    row("source without title", 'title = "Table 16"\n', "", "missing-key", 27, "/source/0"),
    pytest.param(
        SCRIPT + '[[source]]\nid = "t16"\ntitle = "T"\nfile = "notes.md"\n',
        "duplicate-item",
        32,
        "/source/1/id",
        id="source twice",
    ),
    pytest.param(
        SCRIPT + '[[source]]\nid = "x"\ntitle = "T"\nfile = "notes.md"\n' * 64,
        "too-many",
        27,
        "/source",
        id="too many sources",
    ),
    # How it is reproduced: a formula.
    row("no formula", 'formula = "a - b"\n', "", "missing-key", 9, "/reproduce", FORMULA),
    row(
        "no values",
        FORMULA.partition("[reproduce.values.a]")[2],
        "",
        "missing-table",
        9,
        "/reproduce",
        FORMULA.replace("[reproduce.values.a]", ""),
    ),
    row(
        "two ways",
        'formula = "a - b"\n',
        'formula = "a - b"\nformulas = { gain = "a - b" }\n',
        "missing-key",
        9,
        "/reproduce",
        FORMULA,
    ),
    row("broken formula", '"a - b"', '"a -"', "bad-formula", 11, "/reproduce/formula", FORMULA),
    row("division by zero", '"a - b"', '"a / (b - b)"', "bad-formula", 11, "/reproduce/formula", FORMULA),
    row("undefined name", '"a - b"', '"a - b + c"', "undefined-value", 11, "/reproduce/formula", FORMULA),
    row("unused name", '"a - b"', '"a"', "unused-value", 15, "/reproduce/values/b", FORMULA),
    row(
        "value with percent",
        'value = "77.0"\n',
        'value = "77.0%"\n',
        "unreadable-number",
        13,
        "/reproduce/values/a/value",
        FORMULA,
    ),
    row(
        "value is a number",
        'value = "77.0"\n',
        "value = 77.0\n",
        "not-a-string",
        13,
        "/reproduce/values/a/value",
        FORMULA,
    ),
    row("value without source", 'source = "Table 1"\n', "", "missing-key", 12, "/reproduce/values/a", FORMULA),
    row(
        "cell of a source that is not there",
        'source = "Table 1"\n[',
        'source = "Table 1"\ncell = { source = "t17", row = "r", column = "c" }\n[',
        "unknown-source",
        15,
        "/reproduce/values/a/cell/source",
        FORMULA,
    ),
    row(
        "unknown key in a cell",
        'value = "77.0"\n',
        'value = "77.0"\ncell = { source = "t", row = "r", column = "c", page = "7" }\n',
        "unknown-key",
        14,
        "/reproduce/values/a/cell/page",
        FORMULA,
    ),
    row(
        "half a cell",
        'value = "77.0"\n',
        'value = "77.0"\ncell = { source = "t", row = "r" }\n',
        "missing-key",
        14,
        "/reproduce/values/a/cell",
        FORMULA,
    ),
    row("a function's name", "values.a", "values.sqrt", "bad-name", 12, "/reproduce/values/sqrt", FORMULA),
    row(
        "which metric",
        'metric = "gain"\n',
        'metric = "a"\nvalue = "1"\nrule = "exact"\n[[expect]]\nmetric = "b"\n',
        "missing-metric",
        15,
        "/reproduce/formula",
        FORMULA,
    ),
    row(
        "formula of no expectation",
        'formula = "a - b"',
        'formula = "a - b"\nmetric = "loss"',
        "unused-formula",
        9,
        "/reproduce",
        FORMULA,
    ),
    row(
        "metric's name",
        'formula = "a - b"\n',
        'formulas = { gain = "a - b", "a b" = "a" }\n',
        "bad-name",
        11,
        "/reproduce/formulas/a b",
        FORMULA,
    ),
    row(
        "values are no table",
        '[reproduce.values.a]\nvalue = "77.0"\nsource = "Table 1"\n',
        "values = 7\n",
        "not-a-table",
        12,
        "/reproduce/values",
        FORMULA.partition("[reproduce.values.b]")[0],
    ),
    row(
        "value is no table",
        "[reproduce.values.b]",
        "values.c = 7\n[reproduce.values.b]",
        "not-a-table",
        14,
        "/reproduce/values/c",
        FORMULA.replace("[reproduce.values.a]\n", "values.a.").replace(
            'source = "Table 1"\n[', 'values.a.source = "Table 1"\n['
        ),
    ),
    row("a typed result", '"a - b"', '"8.7"', "constant-formula", 11, "/reproduce/formula", FORMULA),
]


@pytest.mark.parametrize(("text", "code", "line", "pointer"), BAD)
def test_what_is_wrong_is_refused_with_its_place(text: str, code: str, line: int, pointer: str) -> None:
    found = problems(text)
    assert (code, line, pointer) in {(item.code, item.line, item.pointer) for item in found}
    for item in found:
        assert item.file == "claim.toml"
        assert item.detail.strip()
        assert item.remedy.strip()
        assert not item.detail.endswith(".")


ALONE = {
    "missing-key",
    "unknown-rule",
    "relative-to-zero",
    "contradictory-bounds",
    "duplicate-metric",
}


@pytest.mark.parametrize(
    ("text", "code"),
    [pytest.param(*row.values[:2], id=row.id) for row in BAD if row.values[1] in ALONE and "schema" not in str(row.id)],
)
def test_one_mistake_is_one_complaint(text: str, code: str) -> None:
    """A second complaint about a consequence would send the author to the wrong line."""
    assert {item.code for item in problems(text)} == {code}


WHOLE = [
    pytest.param(b"schema = \xff", "not-utf8", 1, id="not UTF-8"),
    pytest.param(SCRIPT.encode() + b"\xe9 = 1", "not-utf8", 31, id="not UTF-8 at the end"),
    pytest.param(b"a = 1\nb = \n", "not-toml", 2, id="not TOML"),
    pytest.param(b"a = [\n", "not-toml", 1, id="not closed"),
    pytest.param(b"[[[[", "not-toml", 1, id="no header"),
    pytest.param(b"a = " + b"[" * 20_000 + b"]" * 20_000, "not-toml", 1, id="deep"),
    pytest.param(b"a = " + b"9" * 5_000, "not-toml", 1, id="thousands of digits"),
    pytest.param(b"#" * (CLAIM_BYTES_MAX + 1), "claim-too-large", 1, id="too large"),
]


@pytest.mark.parametrize(("data", "code", "line"), WHOLE)
def test_what_cannot_be_read_at_all_is_refused_as_a_whole(data: bytes, code: str, line: int) -> None:
    (found,) = problems(data)
    assert (found.code, found.line, found.pointer) == (code, line, "")
    assert found.remedy


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_lines() -> None:
    text = (
        SCRIPT.replace('"rec.1"', '"REC"')
        .replace('"8.7"\nrule', '"8,7"\nrule')
        .replace('"scores.csv"', '"scores.cvs"')
        .replace('"5s"', '"5 parsecs"')
        .replace("title", "titel")
    )
    found = problems(text)
    assert [(item.line, item.code) for item in found] == [
        (4, "bad-id"),
        (12, "unreadable-number"),
        (18, "missing-file"),
        (25, "unreadable-value"),
        (27, "missing-key"),
        (29, "unknown-key"),
    ]


@pytest.mark.parametrize(
    ("misspelt", "near"),
    [("entrypiont", "entrypoint"), ("seed", "seeds"), ("input", "inputs"), ("parametres", "parameters")],
)
def test_an_unknown_key_names_the_nearest_known_one(misspelt: str, near: str) -> None:
    found = problems(swapped("seeds = [0]", f"{misspelt} = 1"))
    assert f"did you mean {near!r}?" in {item.remedy for item in found if item.code == "unknown-key"}


REMEDIES = [
    # line, remedy; a claim of a script
    (SCRIPT, 'rule = "rounding"', "rule = rounding", 13, 'put the value in straight quotes: rule = "rounding"'),
    (SCRIPT, '"The mean score is 8.7"', "The mean is 8 # x", 8, 'straight quotes: statement = "The mean is 8"'),
    (SCRIPT, '"5s"', "5s", 25, 'put the value in straight quotes: wall = "5s"'),
    (SCRIPT, '"8.7"\nrule', "8,7\nrule", 12, 'put the value in straight quotes: value = "8.7"'),
    (SCRIPT, '"reproduce.py"', "“reproduce.py”", 17, 'put the value in straight quotes: entrypoint = "reproduce.py"'),
    (SCRIPT, '"reproduce.py"', '"reproduce.py', 17, 'close the quotes: "reproduce.py"'),
    (SCRIPT, '"reproduce.py"', "", 17, 'write a value: entrypoint = "…"'),
    (SCRIPT, 'kind = "script"', 'kind: "script"', 16, "write kind = …"),
    (SCRIPT, 'kind = "script"', "kind = \x1b[2J", 16, "correct the line"),
    (SCRIPT, 'kind = "script"', f"kind = {'x' * 200}", 16, "correct the line"),
    (SCRIPT, "[claim]", "[claim", 6, "correct the line"),
    (SCRIPT, "[[expect]]", "[expect]", 10, "write [[expect]] in double brackets: there may be several"),
    (SCRIPT, "[claim]", "[[claim]]", 6, "write [claim] in single brackets: there is only one"),
    (SCRIPT, '"8.7"\nrule', '"28,4"\nrule', 12, 'write a decimal point: "28.4"'),
    (SCRIPT, '"8.7"\nrule', '"-1,234"\nrule', 12, '"-1234" without a separator, or "-1.234" if the comma stands'),
    (SCRIPT, '"8.7"\nrule', '"1\'234.5"\nrule', 12, 'write "1234.5" without a separator'),
    (SCRIPT, '"8.7"\nrule', '"87.3 %"\nrule', 12, 'write "87.3", and unit = "%"'),
    (SCRIPT, '"8.7"\nrule', '"seven%"\nrule', 12, "write the digits as they are printed"),
    (SCRIPT, '"rounding"', '"relative"\ntolerance = "0,5%"', 14, 'write a decimal point: "0.5%"'),
    (SCRIPT, '"rounding"', '"absolute"\ntolerance = "5%"', 14, 'change it, or use rule = "relative"'),
    (SCRIPT, '"rounding"', '"Roundin"', 13, "did you mean 'rounding'?"),
    (SCRIPT, '"rounding"', '"zzz"', 13, "use one of exact, absolute"),
    (SCRIPT, '["scores.csv"]', '["data"]', 18, 'name each of its files: "data/x.bin"'),
    (SCRIPT, '["scores.csv"]', '["data/"]', 18, 'name each of its files: "data/x.bin"'),
    (SCRIPT, '["scores.csv"]', '["./scores.csv"]', 18, 'write "scores.csv"'),
    (SCRIPT, '["scores.csv"]', '["score.csv"]', 18, "did you mean 'scores.csv'?"),
    (SCRIPT, '["scores.csv"]', '"scores.csv"', 18, 'write inputs = ["scores.csv"]'),
    (SCRIPT, '"notes.md"', '"note.md"', 30, "did you mean 'notes.md'?"),
    (SCRIPT, '"script"', '"scirpt"', 16, "did you mean 'script'?"),
    (SCRIPT, 'kind = "script"', 'kind = "script"\nenvironment = "pyhton"', 17, "did you mean 'python'?"),
    (FORMULA, '"77.0"', '"77,0"', 13, 'write a decimal point: "77.0"'),
    (FORMULA, '"a - b"', '"a ^ 2 - b"', 11, "write ** in place of ^"),
    (FORMULA, '"a - b"', '"a -- b"', 11, "write - to subtract, and a - (-b) for the other"),
    (FORMULA, '"a - b"', '"a − b"', 11, "write - in place of −"),
    (FORMULA, '"a - b"', '"maen(a, b)"', 11, "did you mean 'mean'?"),
    (FORMULA, '"a - b"', '"ln(a) - b"', 11, "did you mean 'log'?"),
    (FORMULA, '"a - b"', '"a(b)"', 11, "write * for a product"),
    (FORMULA, '"a - b"', '"gain = a - b"', 11, "write the right-hand side alone: 'a - b'"),
    (FORMULA, '"a - b"', '"a - 5%"', 11, "write / 100 in place of %"),
    (FORMULA, '"a - b"', '"a - b + 0,5"', 11, "write a decimal point in place of the comma"),
    (FORMULA, '"a - b"', '"2a - b"', 11, "write * between 2 and what follows"),
    (FORMULA, '"a - b"', '"(a - b"', 11, "correct the formula or its values"),
    (FORMULA, '"a - b"', '"a - bb"\nmetric = "gian"', 9, "did you mean 'gain'?"),
    (FORMULA.replace("values.b]", "values.rembert]"), '"a - b"', '"a - rembet"', 11, "did you mean 'rembert'?"),
]


@pytest.mark.parametrize(("text", "old", "new", "line", "remedy"), REMEDIES)
def test_a_slip_of_the_pen_is_answered_with_what_to_write(
    text: str, old: str, new: str, line: int, remedy: str
) -> None:
    assert [item for item in problems(swapped(old, new, text)) if item.line == line and remedy in item.remedy]


@pytest.mark.parametrize("text", ["a - (-b)", "a - -b", "-a - b", "a + -b"])
def test_a_minus_before_a_minus_is_read_where_it_cannot_be_a_dash(text: str) -> None:
    assert read(swapped("a - b", text, FORMULA)).reproduce.formulas == {"gain": text}  # type: ignore[union-attr]


def test_a_table_in_single_brackets_is_not_called_missing_as_well() -> None:
    assert [item.code for item in problems(swapped("[[expect]]", "[expect]"))] == ["not-a-table"]
    assert [item.code for item in problems(swapped('"a - b"', '""', FORMULA))] == ["bad-text"]


def test_a_message_ends_with_one_mark() -> None:
    (found,) = problems(swapped("rounding", "roundin"))
    assert str(found) == "claim.toml:13: there is no rule 'roundin'. Did you mean 'rounding'?"
    two = FORMULA.replace("[[expect]]\n", '[[expect]]\nmetric = "x"\nvalue = "1"\nrule = "exact"\n[[expect]]\n')
    assert "which metric does the formula compute? Add " in str(problems(two)[0])


def test_an_unknown_key_that_is_like_none_lists_what_is_known() -> None:
    (found,) = problems(swapped("seeds = [0]", "zzz = 1"))
    assert found.remedy.startswith("known here: assets, entrypoint, environment")


def test_an_expectation_without_a_metric_is_checked_all_the_same() -> None:
    found = problems(swapped('metric = "score"\nvalue = "8.7"', 'value = "8,7"'))
    assert [item.code for item in found] == ["missing-key", "unreadable-number"]


def test_no_more_problems_are_noted_than_anybody_reads() -> None:
    assert len(problems(SCRIPT + "".join(f"unknown{index} = 1\n" for index in range(5_000)))) == 200
    assert len(problems(SCRIPT + '[[expect]]\nrule = "exact"\n' * 150)) == 200


def test_only_so_many_expectations_formulas_and_values_fit_into_a_claim() -> None:
    many = "".join(f'[[expect]]\nmetric = "m{index}"\nvalue = "1"\nrule = "exact"\n' for index in range(257))
    assert "too-many" in {item.code for item in problems(SCRIPT + many)}
    formulas = "[reproduce.formulas]\n" + "".join(f'f{index} = "a"\n' for index in range(257))
    (found,) = [
        item for item in problems(FORMULA.replace('formula = "a - b"\n', "") + formulas) if item.code == "too-many"
    ]
    assert found.detail == "at most 256 formulas"
    long = "[reproduce.formulas]\n" + "".join(f'f{index} = "{"a+" * 900}a"\n' for index in range(6))
    (found,) = [item for item in problems(FORMULA.replace('formula = "a - b"\n', "") + long) if item.code == "too-many"]
    assert found.detail == "all formulas together may have 10000 characters"
    values = "".join(f'[reproduce.values.v{index}]\nvalue = "1"\nsource = "t"\n' for index in range(257))
    assert "at most 256 values" in {item.detail for item in problems(FORMULA + values)}


def test_as_many_as_are_allowed_are_read() -> None:
    table = '[[source]]\nid = "s{}"\ntitle = "T"\nfile = "notes.md"\n'
    assert len(read(SCRIPT + "".join(table.format(index) for index in range(63))).source) == 64
    expect = '[[expect]]\nmetric = "m{}"\nvalue = "1"\nrule = "exact"\n'
    assert len(read(SCRIPT + "".join(expect.format(index) for index in range(255))).expect) == 256
    seeds = str(list(range(64)))
    assert read(swapped("[0]", seeds)).reproduce.seeds == tuple(range(64))  # type: ignore[union-attr]


def test_a_missing_formula_is_named() -> None:
    text = FORMULA.replace(
        'rule = "rounding"\n', 'rule = "rounding"\n[[expect]]\nmetric = "loss"\nvalue = "1"\nrule = "exact"\n'
    )
    text = text.replace('formula = "a - b"\n', 'formulas = { gain = "a - b" }\n')
    (found,) = problems(text)
    assert (found.code, found.detail, found.pointer) == (
        "missing-formula",
        "no formula computes 'loss'",
        "/reproduce/formulas",
    )


HUGE = [
    pytest.param(SCRIPT + "[[expect]]\n" * 45_000, id="expectations"),
    pytest.param(SCRIPT + "".join(f"k{index} = 1\n" for index in range(40_000)), id="unknown keys"),
    pytest.param("".join(f"[t{index}]\n" for index in range(30_000)), id="unknown tables"),
    pytest.param(SCRIPT + "[[source]]\n" * 45_000, id="sources"),
    pytest.param(SCRIPT.replace('["scores.csv"]', '["' + '","'.join(map(str, range(60_000))) + '"]'), id="inputs"),
    pytest.param(SCRIPT.replace("[0]", str(list(range(60_000)))), id="seeds"),
    pytest.param(SCRIPT.replace("n = 100", "\n".join(f"n{index}={index}" for index in range(30_000))), id="parameters"),
    pytest.param(SCRIPT + '"' + "k" * 900_000 + '" = 1\n', id="a long key"),
    pytest.param(
        FORMULA.replace('formula = "a - b"\n', "")
        + "[reproduce.formulas]\n"
        + "".join(f'f{index}="a"\n' for index in range(30_000)),
        id="formulas",
    ),
    pytest.param(
        FORMULA + "".join(f'[reproduce.values.v{index}]\nvalue="1"\nsource="t"\n' for index in range(10_000)),
        id="values",
    ),
    pytest.param(FORMULA.replace('"a - b"', '"' + "((a*b)**64)**64+" * 120 + 'a"'), id="powers"),
    pytest.param(FORMULA.replace('"a - b"', '"' + "a**60+b**60+" * 160 + 'a"'), id="long numbers"),
]


@pytest.mark.parametrize("text", HUGE)
def test_a_huge_claim_is_refused_or_read_at_little_cost(text: str) -> None:
    """Not a benchmark: each takes a second or two of one core, and without limits some would take minutes."""
    assert len(text) <= CLAIM_BYTES_MAX
    started = time.process_time()
    try:
        read(text)
    except Refusal as refusal:
        assert len(refusal.problems) <= 200  # noqa: PT017 - a claim may also be read
    assert time.process_time() - started < 30


JSON: dict[str, Any] = {
    "schema": "assay-claim-v1",
    "claim": {"id": "gain", "statement": "The gain is 8.7"},
    "expect": [{"metric": "gain", "value": "8.7", "rule": "rounding"}],
    "reproduce": {
        "kind": "formula",
        "formula": "a - b",
        "values": {"a": {"value": "77.0", "source": "Table 1"}, "b": {"value": "68.3", "source": "Table 1"}},
    },
}


def test_a_json_body_mirrors_the_file() -> None:
    assert claim_from_json(JSON, a_policy()) == read(FORMULA)


JSON_BAD = [
    pytest.param([], "not-an-object", "", id="a list"),
    pytest.param("x", "not-an-object", "", id="a text"),
    pytest.param(None, "not-an-object", "", id="nothing"),
    pytest.param({**JSON, "extra": 1}, "unknown-key", "/extra", id="unknown key"),
    pytest.param({**JSON, "a/b~c": 1}, "unknown-key", "/a~1b~0c", id="a pointer is escaped"),
    pytest.param(
        {**JSON, "reproduce": {"kind": "script", "entrypoint": "x.py"}},
        "needs-bundle",
        "/reproduce/kind",
        id="a script",
    ),
    pytest.param(
        {**JSON, "claim": {"id": "gain", "statement": "\ud800"}}, "bad-text", "/claim/statement", id="half a character"
    ),
    pytest.param({**JSON, "claim": {"id": "gain", "statement": "a\x00"}}, "bad-text", "/claim/statement", id="NUL"),
    pytest.param(
        {**JSON, "expect": [{"metric": "gain", "value": 8.7, "rule": "rounding"}]},
        "not-a-string",
        "/expect/0/value",
        id="a number",
    ),
    pytest.param({**JSON, "expect": {"metric": "gain"}}, "not-a-table", "/expect", id="no list"),
    pytest.param({**JSON, "expect": ["gain"]}, "not-a-table", "/expect", id="no objects"),
    pytest.param(
        {**JSON, "source": [{"id": "t", "title": "T", "file": "t.md"}]}, "missing-file", "/source/0/file", id="no files"
    ),
]


@pytest.mark.parametrize(("document", "code", "pointer"), JSON_BAD)
def test_a_json_body_is_refused_with_pointers(document: Any, code: str, pointer: str) -> None:
    with pytest.raises(Refusal) as caught:
        claim_from_json(document, a_policy())
    assert (code, pointer) in {(item.code, item.pointer) for item in caught.value.problems}
    assert all(item.file is None and item.line is None and item.remedy for item in caught.value.problems)


@law
@given(expectations())
def test_every_claim_survives_being_written_and_read(expectation: Expectation) -> None:
    claim = a_claim(expectation)
    if expectation.rule is not Rule.EXACT and expectation.value is not None:
        text = claim_toml(claim)
        assert parse_claim(text.encode(), a_bundle(claim), a_policy()) == claim


def test_formulas_and_parameters_survive_being_written_and_read() -> None:
    for reproduce in (
        a_formula(),
        a_script(parameters={"n": 5, "rate": 0.5, "names": ["a"], "on": True}, seeds=(3, 1)),
    ):
        claim = a_claim(reproduce=reproduce)
        assert parse_claim(claim_toml(claim).encode(), a_bundle(claim), a_policy()) == claim


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("8.7", 'write value = "8.7": printed digits are data'),
        ("9", 'write value = "9": printed digits are data'),
        ("true", "put it in quotes"),
        ("2020-06-01", "put it in quotes"),
    ],
)
def test_a_number_that_is_no_string_is_told_how_to_become_one(value: str, remedy: str) -> None:
    (found,) = problems(swapped('"8.7"', value))
    assert (found.code, found.remedy) == ("not-a-string", remedy)


def test_the_operator_s_most_is_named_in_the_remedy() -> None:
    found = {
        item.pointer: item.remedy for item in problems(swapped('wall = "5s"', 'wall = "1h"\nmemory = "9GiB"\ncpus = 9'))
    }
    assert found == {"/limits/wall": "at most 100s", "/limits/memory": "at most 2560MiB", "/limits/cpus": "at most 4"}
    (closed,) = problems(swapped('wall = "5s"', "gpus = 1"))
    assert closed.remedy == "leave it out, or have the operator open GPUs by ASSAY_MAXIMUM_LIMITS"


def test_limits_are_whole_values() -> None:
    assert isinstance(read(SCRIPT).limits, Limits)
