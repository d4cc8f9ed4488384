"""The formula evaluator: grammar, errors, limits, intervals, and what a hostile formula may cost."""

from __future__ import annotations

import ast
import contextlib
import json
import runpy
import subprocess
import sys
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from app.core import formula
from app.core.canonical import canonical
from app.core.formula import FormulaError

VALUES = {"a": "2", "b": "3", "c": "10.0", "zero": "0", "tiny": "0.04"}


def value_of(text: str, **values: str) -> str:
    return formula.evaluate(formula.parse(text), VALUES | values)["value"]


def ends_of(text: str, **values: str) -> tuple[str, str, str, str]:
    found = formula.evaluate(formula.parse(text), VALUES | values)
    return found["low"], found["high"], found["inner_low"], found["inner_high"]


GRAMMAR = [
    ("1 + 2 * 3", "7"),
    ("(1 + 2) * 3", "9"),
    ("7 - 2 - 1", "4"),
    ("8 / 4 / 2", "1"),
    ("8 / 4 * 2", "4"),
    ("-2**2", "-4"),
    ("(-2)**2", "4"),
    ("2**-2", "0.25"),
    ("2**0", "1"),
    ("zero**0", "1"),
    ("2**3 * 2", "16"),
    ("--3", "3"),
    ("+-+3", "-3"),
    ("2*-3", "-6"),
    ("1e2 + 1E-2", "100.01"),
    (".5e1 + 3.", "8"),
    ("a+b", "5"),
    ("  a\t* b\n", "6"),
    ("mean(1, 2, 6)", "3"),
    ("wmean(1, 1, 4, 2)", "3"),
    ("wmean(a, b)", "2"),
    ("sum(1, 2, 6)", "9"),
    ("min(3, 1, 2)", "1"),
    ("max(3, 1, 2)", "3"),
    ("abs(-3)", "3"),
    ("abs(3)", "3"),
    ("round(2.5)", "2"),
    ("round(3.5)", "4"),
    ("round(8.65, 1)", "8.6"),
    ("round(8.651, 1)", "8.7"),
    ("round(151, -2)", "200"),
    ("round(-2.5)", "-2"),
    ("sqrt(9/4)", "1.5"),
    ("sqrt(0)", "0"),
    ("sqrt(2)", "1.414213562373095048801688724209698"),
    ("log(1)", "0"),
    ("log(10)", "2.302585092994045684017991454684364"),
    ("exp(1)", "2.718281828459045235360287471352662"),
    ("1/3", "0.3333333333333333333333333333333333"),
    ("2/3", "0.6666666666666666666666666666666667"),
    ("1e60", "1" + "0" * 60),
    ("1e61", "1E+61"),
    ("1e-60", "0." + "0" * 59 + "1"),
    ("1e-61", "1E-61"),
    ("(" * 40 + "7" + ")" * 40, "7"),
    ("-" * 40 + "7", "7"),
    ("abs(" * 40 + "7" + ")" * 40, "7"),
    ("1**64", "1"),
    ("1**-64", "1"),
    ("0*" + "1" * 60, "0"),
    ("0*1e400", "0"),
    ("0*1e-400", "0"),
    ("round(7, 64)", "7"),
    ("round(7, -64)", "0"),
    ("exp(1000) * exp(-1000)", "1"),
    ("exp(-1000) * exp(1000)", "1"),
    ("1e400 * 1e100", "1E+500"),
    ("7" + " " * 1_999, "7"),
]


@pytest.mark.parametrize(("text", "value"), GRAMMAR, ids=[text.strip()[:30] for text, _ in GRAMMAR])
def test_a_formula_means_what_it_says(text: str, value: str) -> None:
    assert value_of(text) == value


ERRORS = [
    ("", "must not be empty"),
    ("   ", "must not be empty"),
    ("a +", "ends too early"),
    ("(a", "parenthesis is not closed"),
    ("a)", "unexpected ')' after a complete formula"),
    ("a b", "unexpected 'b' after a complete formula"),
    ("2a", "unexpected 'a' after a complete formula"),
    ("*a", "unexpected '*'"),
    ("a ** b", "an exponent must be a whole number"),
    ("a ** 1.5", "an exponent must be a whole number"),
    ("a ** 65", "an exponent must be a whole number"),
    ("a **", "an exponent must be a whole number"),
    ("a ** 2 ** 2", "unexpected '**' after a complete formula"),
    ("a % b", "cannot read '% b'"),
    ("a[0]", "cannot read '[0]'"),
    ("a.real", "cannot read '.real'"),
    ("'a'", "cannot read"),
    ("a; b", "cannot read '; b'"),
    ("a if b else c", "unexpected 'if'"),
    ("\N{ARABIC-INDIC DIGIT THREE} + 1", "cannot read"),
    ("eval(a)", "unknown function 'eval'"),
    ("__import__(a)", "unknown function '__import__'"),
    ("mean()", "unexpected ')'"),
    ("mean(a", "arguments of mean are not closed"),
    ("abs(a, b)", "abs does not take 2 argument(s)"),
    ("round(a, 1, 2)", "round does not take 3 argument(s)"),
    ("round(a, b)", "second argument of round must be a whole number"),
    ("round(a, 0.5)", "second argument of round must be a whole number"),
    ("round(a, 65)", "second argument of round must be a whole number"),
    ("wmean(a)", "wmean does not take 1 argument(s)"),
    ("wmean(a, b, c)", "wmean takes pairs"),
    ("missing + 1", "'missing', which has no value"),
    ("1/0", "division by zero"),
    ("a/zero", "division by zero"),
    ("zero**-1", "division by zero"),
    ("a/(zero + 0.1)", "a denominator may be zero within its printed digits"),
    ("wmean(a, 1, b, -1)", "division by zero"),
    ("sqrt(-1)", "the square root of a negative number"),
    ("sqrt(zero + 0.1)", "the square root of a negative number within the printed digits"),
    ("log(0)", "the logarithm of a number that is not positive"),
    ("log(zero + 0.1)", "the logarithm of a number that is not positive within the printed digits"),
    ("exp(1001)", "exp takes arguments between"),
    ("exp(-1001)", "exp takes arguments between"),
    ("1" * 61, "at most 60 digits"),
    ("1e401", "beyond ±400"),
    ("1e-401", "beyond ±400"),
    ("1e1000000", "is not a decimal number"),
    ("a" + "+a" * 1_000, "may have 2000 characters"),
    ("(" * 41 + "a" + ")" * 41, "may nest 40 levels"),
    ("-" * 41 + "a", "may nest 40 levels"),
    ("mean(" * 41 + "a" + ")" * 41, "may nest 40 levels"),
    ("(1e60)**64 * 1", "a power has more than 1228 digits"),
    ("*".join(["1e400"] * 4), "a number on the way has more than 1228 digits"),
    ("+".join(f"1e-400/{10**50 + 7**index}" for index in range(30)), "a number on the way has more than 1228 digits"),
    ("exp(1000) * exp(200)", "the result is beyond 10^±500"),
    ("exp(-1000) / exp(200)", "the result is beyond 10^±500"),
]


@pytest.mark.parametrize(("text", "says"), ERRORS, ids=[text[:30] or "empty" for text, _ in ERRORS])
def test_what_is_no_formula_or_has_no_value_says_why(text: str, says: str) -> None:
    with pytest.raises(FormulaError) as caught:
        formula.evaluate(formula.parse(text), VALUES)
    assert says in str(caught.value)


@pytest.mark.parametrize(("text", "says"), ERRORS, ids=[text[:30] or "empty" for text, _ in ERRORS])
def test_the_check_at_intake_finds_every_error_of_evaluation(text: str, says: str) -> None:
    with pytest.raises(FormulaError) as caught:
        formula.check(text, VALUES)
    assert says in str(caught.value)


@pytest.mark.parametrize("text", [text for text, _ in GRAMMAR], ids=[text.strip()[:30] for text, _ in GRAMMAR])
def test_the_check_at_intake_accepts_what_evaluates(text: str) -> None:
    assert formula.check(text, VALUES) is None


PRINTED = [
    ("77.0", "77", "0.05"),
    ("77", "77", "0.5"),
    ("77.", "77", "0.5"),
    (".50", "0.5", "0.005"),
    ("-8.70", "-8.7", "0.005"),
    ("+8.70", "8.7", "0.005"),
    ("1e3", "1000", "500"),
    ("1.50e3", "1500", "5"),
    ("1e-5", "0.00001", "0.000005"),
    ("0", "0", "0.5"),
]


@pytest.mark.parametrize(("text", "value", "half"), PRINTED, ids=[text for text, _, _ in PRINTED])
def test_a_printed_value_stands_for_half_a_unit_of_its_last_place(text: str, value: str, half: str) -> None:
    found = [Fraction(item.numerator, item.denominator) for item in formula.printed(text)]
    assert found == [Fraction(value), Fraction(half)]


@pytest.mark.parametrize(
    "text", ["", "a", "1,5", "5%", "0x10", "1_000", "nan", "inf", " 1", "1 ", "--1", "1e", "1e1000"]
)
def test_what_is_no_printed_number_is_refused(text: str) -> None:
    with pytest.raises(FormulaError, match="not a decimal number"):
        formula.printed(text)


INTERVALS = [
    # formula, values, low, high, inner low, inner high
    ("a - b", {"a": "77.0", "b": "68.3"}, ("8.6", "8.8", "8.6", "8.8"), "sums of single names are exact"),
    ("a * b", {"a": "2", "b": "-3"}, ("-8.75", "-3.75", "-8.75", "-3.75"), "products too"),
    ("a / b", {"a": "3", "b": "2"}, ("1", "2.333333333333333333333333333333334", "1", "2.333333333333333333333333333333333"),
     "and quotients, rounded outward"),
    ("a**2", {"a": "0"}, ("0", "0.25", "0", "0.25"), "an even power around zero"),
    ("a**3", {"a": "0"}, ("-0.125", "0.125", "-0.125", "0.125"), "an odd power around zero"),
    ("a**-1", {"a": "2"}, ("0.4", "0.6666666666666666666666666666666667", "0.4", "0.6666666666666666666666666666666667"),
     "an inverse"),
    ("abs(a)", {"a": "0"}, ("0", "0.5", "0", "0.5"), "an absolute value around zero"),
    ("abs(a)", {"a": "-3"}, ("2.5", "3.5", "2.5", "3.5"), "an absolute value"),
    ("min(a, b)", {"a": "2", "b": "3"}, ("1.5", "2.5", "1.5", "2.5"), "the least"),
    ("max(a, b)", {"a": "2", "b": "3"}, ("2.5", "3.5", "2.5", "3.5"), "the greatest"),
    ("2.5", {}, ("2.5", "2.5", "2.5", "2.5"), "literals are exact"),
    ("a - a", {"a": "3"}, ("0", "0", "0", "0"), "a name minus itself is nothing"),
    ("2*p*r/(p + r)", {"p": "0.5", "r": "0.5"}, ("0.45", "0.55", "0.45", "0.55"), "F1 is monotone in both"),
    ("(a - b)/b", {"a": "3", "b": "2"},
     ("0", "1.333333333333333333333333333333334", "0", "1.333333333333333333333333333333333"), "a relative change"),
    ("wmean(a, w, b, v)", {"a": "1.0", "b": "2.0", "w": "10", "v": "10"}, ("1.425", "1.575", "1.425", "1.575"),
     "weights occur twice, and corners make them exact"),
    ("wmean(a, 1, b, 3)", {"a": "1.0", "b": "2.0"}, ("1.7", "1.8", "1.7", "1.8"), "literal weights"),
    ("x + c*c - c*c", {"x": "1.0", "c": "10"}, ("-19.05", "21.05", "0.95", "1.05"), "an over-estimate is not taken"),
    ("(x - 1)*(x - 1)", {"x": "1"}, ("-0.25", "0.25", "0", "0.25"), "the value itself is taken, between the corners"),
    ("x*x*(1 - x)", {"x": "1"}, ("-1.125", "1.125", "-1.125", "0.125"), "a curve that corners only know in part"),
    ("sqrt(a)*sqrt(a)", {"a": "4"},
     ("3.499999999999999999999999999999999", "4.500000000000000000000000000000001", "3.5", "4.5"),
     "a repeated name inside a function, to the last digit"),
    ("round(c, -2)", {"c": "50"}, ("0", "100", "0", "0"), "over a jump only the value is taken"),
    ("round(c, -2)", {"c": "60"}, ("100", "100", "100", "100"), "where nothing jumps the value is certain"),
    ("round(c) + a", {"c": "2.0", "a": "1.0"}, ("2.95", "3.05", "2.95", "3.05"), "rounding that is certain"),
    ("round(c) + a", {"c": "2.5", "a": "1.0"}, ("2.95", "4.05", "3", "3"), "rounding that is not"),
    ("round(8.65, 1) + a", {"a": "1.0"}, ("9.55", "9.75", "9.6", "9.6"), "a tie of literals rounds either way"),
    ("sqrt(a - 0.5)", {"a": "1"}, ("0", "1", "0", "1"), "the root of zero is zero"),
    ("log(a + 0.5)", {"a": "1"}, ("0", "0.6931471805599453094172321214581766", "0", "0.6931471805599453094172321214581766"),
     "the logarithm of one is zero"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "values", "ends", "_"), INTERVALS, ids=[name for *_, name in INTERVALS])
def test_intervals_enclose_what_is_possible_and_know_what_is_taken(
    text: str, values: dict[str, str], ends: tuple[str, ...], _: str
) -> None:
    assert ends_of(text, **values) == ends


def test_transcendental_bounds_lie_outside_and_close() -> None:
    low, high, *_ = ends_of("exp(1)")
    assert Decimal(low) < Decimal("2.7182818284590452353602874713526624978") < Decimal(high)
    assert Decimal(high) - Decimal(low) <= Decimal("1e-32")


def test_beyond_the_budget_of_corners_two_of_them_stand_for_all() -> None:
    """The enclosing interval is then an over-estimate; what is taken is still really taken."""
    many = [f"x{index}" for index in range(13)]
    text = f"({'+'.join(many)}) - ({'*'.join(many)}) + ({'*'.join(many)})"
    values = dict.fromkeys(many, "1.0")
    low, high, inner_low, inner_high = map(Decimal, ends_of(text, **values))
    assert (inner_low, inner_high) == (Decimal("12.35"), Decimal("13.65"))
    assert low < inner_low
    assert high > inner_high


def test_names_count_weights_twice_and_stop_at_two() -> None:
    assert formula.names(formula.parse("a + b*a*a + wmean(c, d) + 2")) == {"a": 2, "b": 1, "c": 1, "d": 2}
    nested = "wmean(1, " * 30 + "a" + ")" * 30
    assert formula.names(formula.parse(nested)) == {"a": 2}


COSTLY = [
    pytest.param("9**64**2", id="towers"),
    pytest.param("((a**64)**64)**64", id="powers of powers"),
    pytest.param("((((9**9)**9)**9)**9)**9", id="9**9**9 in parentheses"),
    pytest.param("exp(exp(exp(a)))", id="nested exponentials"),
    pytest.param("1e400 * 1e400 * 1e400 * 1e400", id="huge products"),
    pytest.param("*".join(["a"] * 1_000), id="a product of a thousand"),
    pytest.param("+".join(["a"] * 1_000), id="a sum of a thousand"),
    pytest.param("-".join(["a/b"] * 500), id="a thousand quotients"),
    pytest.param("+".join([f"a/{index}" for index in range(1_000, 1_280)]), id="long denominators"),
    pytest.param("+".join(["a**60"] * 330), id="long powers"),
    pytest.param("+".join(["exp(a)"] * 280), id="many exponentials"),
    pytest.param("+".join(["log(a)"] * 280), id="many logarithms"),
    pytest.param("sqrt(" * 38 + "a" + ")" * 38, id="nested roots"),
    pytest.param("wmean(1, " * 38 + "a" + ")" * 38, id="nested weights"),
    pytest.param("+".join(f"x{index % 40}*x{index % 40}" for index in range(240)), id="forty repeated names"),
    pytest.param("+".join(f"x{index}*x{index}" for index in range(10)), id="ten repeated names"),
    pytest.param("sqrt(a - 0.5) + log(a + 0.5)", id="roots and logarithms at their zeros"),
    pytest.param("round(a, 64) + round(a, -64)", id="rounding far away"),
]


@pytest.mark.parametrize("text", COSTLY)
def test_a_hostile_formula_costs_little(text: str) -> None:
    """Not a benchmark: each takes well below a second of one core, and without limits some would take hours."""
    values = {"a": "1", "b": "1.23456789012345678901e-7"} | {f"x{index}": "1.23456789" for index in range(40)}
    started = time.process_time()
    with contextlib.suppress(FormulaError):
        assert max(map(len, formula.evaluate(formula.parse(text), values).values())) < 200
    assert time.process_time() - started < 20


def test_the_evaluator_neither_evaluates_nor_imports_anything_but_the_standard_library() -> None:
    tree = ast.parse(Path(formula.__file__).read_bytes())
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"eval", "exec", "compile", "__import__", "getattr_static"}
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


JOB = {
    "formulas": {"gain": "a - b", "twice": "2*c", "bad": "1/(c - 3)"},
    "values": {"a": "77.0", "b": "68.3", "c": "5"},
    "variants": [
        {"name": "base", "values": {}},
        {"name": "b+", "values": {"b": "70"}},
        {"name": "c+", "values": {"c": "3"}},
    ],
}


def test_a_job_gives_intervals_for_its_values_and_points_for_what_a_variant_touches() -> None:
    base, b_up, c_up = formula.results(JOB)["variants"]
    assert base["metrics"]["gain"] == {
        "value": "8.7",
        "low": "8.6",
        "high": "8.8",
        "inner_low": "8.6",
        "inner_high": "8.8",
    }
    assert b_up == {"name": "b+", "metrics": {"gain": {"value": "7"}}}
    assert c_up == {"name": "c+", "metrics": {"twice": {"value": "6"}, "bad": {"error": "division by zero"}}}


def test_an_error_at_the_printed_values_is_said_in_its_place() -> None:
    job = {"formulas": {"bad": "1/c"}, "values": {"c": "0"}, "variants": [{"name": "base", "values": {}}]}
    says = {"error": "division by zero"}
    assert formula.results(job) == {"variants": [{"name": "base", "metrics": {"bad": says}}]}


def test_the_file_alone_is_the_program_in_the_box(tmp_path: Path) -> None:
    """It runs without site packages, in an empty folder, with nothing but its job."""
    program = tmp_path / "formula.py"
    program.write_bytes(Path(formula.__file__).read_bytes())
    (tmp_path / "job.json").write_bytes(canonical(JOB))
    result = tmp_path / "result.json"
    subprocess.run(
        [sys.executable, "-S", "-I", str(program), str(tmp_path / "job.json")],
        env={"ASSAY_RESULT": str(result)},
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    assert json.loads(result.read_text()) == formula.results(JOB)


def test_the_program_writes_the_same_result_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, result = tmp_path / "job.json", tmp_path / "result.json"
    job.write_bytes(canonical(JOB))
    monkeypatch.setattr(sys, "argv", ["formula.py", str(job)])
    monkeypatch.setenv("ASSAY_RESULT", str(result))
    runpy.run_path(formula.__file__, run_name="__main__")
    assert json.loads(result.read_text()) == formula.results(JOB)


def test_a_corner_beyond_the_limits_leaves_the_enclosing_interval_and_the_value() -> None:
    """What intake accepts, without the cost of corners, the box evaluates."""
    text = "min((((a-a)-(a)**31))**64,(((2+c)+abs(a))-max(wmean(b,a,a,b),(b)**2)))"
    values = {"a": "1", "b": "0.5", "c": "2.0"}
    assert formula.check(text, values) is None
    found = formula.evaluate(formula.parse(text), values)
    assert found["inner_low"] == found["inner_high"] == found["value"] == "1"
    assert Decimal(found["low"]) <= 1 <= Decimal(found["high"])


CANCELLED = [
    ("a - b + (sqrt(2) - sqrt(2)) * 1e50", "80.0"),
    ("a + (log(b) - log(b)) * 1e60", "77.0"),
    ("a + (a - 80) * 1e60 * (sqrt(2) - sqrt(2)) + 0 * b", "80.0"),
    ("a + b * 0 + (sqrt(2) * sqrt(2) - 2) * 1e50", "3"),
    ("a + b * 0 + (exp(1) - exp(1)) / 1e-60", "3"),
]


@pytest.mark.parametrize(("text", "a"), CANCELLED)
def test_a_formula_whose_digits_cancel_is_refused_instead_of_taking_any_value(text: str, a: str) -> None:
    """What a computed root is off by, times a large number, would be as wide as an author likes."""
    values = {"a": a, "b": "77.0"}
    with pytest.raises(FormulaError, match="its digits cancel"):
        formula.check(text, values)
    with pytest.raises(FormulaError, match="its digits cancel"):
        formula.evaluate(formula.parse(text), values)
    variants = [{"name": "base", "values": {}}, {"name": "other", "values": {"a": a, "b": "78.0"}}]
    found = formula.results({"formulas": {"m": text}, "values": values, "variants": variants})
    assert all("its digits cancel" in variant["metrics"]["m"].get("error", "") for variant in found["variants"][:1])


@pytest.mark.parametrize("text", ["log(a) - log(b)", "exp(log(a))", "sqrt(a * a + b * b) - sqrt(2)", "log(exp(a / b))"])
def test_roots_and_logarithms_that_lose_few_digits_are_known(text: str) -> None:
    values = {"a": "2.0", "b": "2.0"}
    formula.check(text, values)
    assert formula.evaluate(formula.parse(text), values)


def test_an_integer_of_many_digits_is_written_out() -> None:
    found = formula.evaluate(formula.parse("a * 2**60 * 2**60"), {"a": "1"})
    assert found["value"] == str(2**120)
