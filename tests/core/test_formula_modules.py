"""What the evaluator writes out itself, held against the module of the standard library that it does without."""

from __future__ import annotations

import json
import operator
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core import formula
from app.core.canonical import canonical
from app.core.formula import CEILING, FLOOR, HALF_EVEN, FormulaError, Ratio
from tests.core.strategies import exact, law, ratio

# --- re --------------------------------------------------------------------------------------------------------------

TOKEN = re.compile(r"\s*(?:((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|([A-Za-z_]\w{0,63})|(\*\*|[-+*/(),]))", re.ASCII)
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)

PIECES = ["a", "_", "é", "²", "٣", "1", "09", ".", "e", "E", "+", "-", "*", "/", "(", ")", ",", "%", "a" * 63]
SPACES = [" ", "\t", "\n", "\v", "\f", "\r", "\x1c", "\x85", "\N{NO-BREAK SPACE}"]
texts = st.lists(st.sampled_from(PIECES + SPACES) | st.characters(), max_size=12).map("".join)
digit_texts = st.lists(st.sampled_from([*"0059.eE+-", "1e", "٣", " ", "\n"]), max_size=7).map("".join)


def tokens_by_expression(text: str) -> list[tuple[str, str]]:
    """Return the tokens that the regular expression finds."""
    found: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            raise FormulaError(f"cannot read {text[position : position + 10].strip()!r}")
        (kind,) = (index for index in (1, 2, 3) if match[index])
        found.append((("number", "name", "sign")[kind - 1], match[kind]))
        position = match.end()
    return found


def said_by(call: Callable[[str], object], text: str) -> object:
    """Return what a call gives for a text, or what it complains about."""
    try:
        return call(text)
    except FormulaError as error:
        return str(error)


@law
@given(texts | digit_texts)
@example("1.e5a**.5e-3**(b_1,\n" + "a" * 65 + ")")
@example("..5")
@example("2e+")
@example("a.b")
@example("a \x1c")
@example("a \x1cb")
def test_the_tokens_of_any_text_are_those_of_a_regular_expression(text: str) -> None:
    assert said_by(formula.tokens, text) == said_by(tokens_by_expression, text)


@law
@given(digit_texts)
@example("1.")
@example("+.5E-007")
@example("0e1000")
@example("1.2.3")
@example("0.00e5")
def test_a_printed_number_is_what_a_regular_expression_takes_and_decimal_reads(text: str) -> None:
    if not NUMBER.fullmatch(text):
        with pytest.raises(FormulaError, match="is not a decimal number"):
            formula.printed(text)
        return
    number = Decimal(text)
    exponent = int(number.as_tuple().exponent)
    if max(abs(exponent), abs(number.adjusted())) > formula.SCALE_MAX:
        with pytest.raises(FormulaError, match="is beyond"):
            formula.printed(text)
        return
    assert tuple(map(exact, formula.printed(text))) == (Fraction(number), Fraction(10) ** exponent / 2)


# --- fractions -------------------------------------------------------------------------------------------------------

wholes = st.integers(-(10**9), 10**9) | st.integers(-30, 30) | st.integers()
fractions = st.builds(Fraction, wholes, wholes.filter(bool))


@law
@given(fractions, fractions)
@example(Fraction(1, 6), Fraction(-1, 6))
@example(Fraction(1, 6), Fraction(1, 3))
@example(Fraction(0), Fraction(5, 7))
def test_ratios_add_multiply_and_compare_as_fractions_do(one: Fraction, two: Fraction) -> None:
    for calculate in (operator.add, operator.sub, operator.mul):
        assert exact(calculate(ratio(one), ratio(two))) == calculate(one, two)
    for change in (operator.neg, abs):
        assert exact(change(ratio(one))) == change(one)
    for compare in (operator.lt, operator.gt, operator.eq, operator.ne):
        assert compare(ratio(one), ratio(two)) == compare(one, two)
        assert compare(ratio(one), ratio(one)) == compare(one, one)


@law
@given(fractions, st.integers(0, 9))
def test_a_power_of_a_ratio_is_that_of_the_fraction(number: Fraction, exponent: int) -> None:
    assert exact(ratio(number) ** exponent) == number**exponent
    assert exact(formula.power_of_ten(exponent - 4)) == Fraction(10) ** (exponent - 4)


def test_a_ratio_is_equal_to_ratios_alone() -> None:
    assert Ratio(1) != 1


# --- decimal ---------------------------------------------------------------------------------------------------------


def text_by_decimal(number: Fraction, rounding: str) -> str:
    """Return the text that `decimal` makes of a number."""
    context = Context(prec=formula.SIGNIFICANT_DIGITS, rounding=f"ROUND_{rounding.upper()}")
    found = context.divide(Decimal(number.numerator), Decimal(number.denominator)).normalize(context)
    if abs(found.adjusted()) > formula.RESULT_SCALE_MAX:
        raise FormulaError(f"the result is beyond 10^±{formula.RESULT_SCALE_MAX}")
    return str(found) if abs(found.adjusted()) > formula.PLAIN_PLACES_MAX else format(found, "f")


ROUNDINGS = [FLOOR, CEILING, HALF_EVEN]
scales = st.sampled_from([*range(-64, -57), *range(-3, 4), *range(24, 36), *range(57, 64), -502, -500, 500, 502])


@law
@given(fractions, scales, st.integers(-1, 1), st.sampled_from(ROUNDINGS))
@example(Fraction(10**34 - 1), 1, 1, HALF_EVEN)
@example(Fraction(2 * 10**34 - 1, 2), 0, 0, HALF_EVEN)
@example(Fraction(2 * 10**33 + 1, 2), 1, 0, HALF_EVEN)
@example(Fraction(2 * 10**33 + 3, 2), 1, 0, HALF_EVEN)
@example(Fraction(-(10**35) + 1), 466, 0, FLOOR)
@example(Fraction(0), 500, 0, CEILING)
def test_the_decimal_text_of_any_number_is_that_of_decimal(
    number: Fraction, scale: int, beside: int, rounding: str
) -> None:
    found = number * Fraction(10) ** scale + Fraction(beside, 10**70)

    def ours(_: str) -> str:
        return formula.decimal_text(ratio(found), rounding)

    assert said_by(ours, "") == said_by(lambda _: text_by_decimal(found, rounding), "")


# --- json ------------------------------------------------------------------------------------------------------------

strings = st.text(st.sampled_from('"\\/\n\t\x1f\x7f a\xe9\u2028\U0001f600') | st.characters(exclude_categories=["Cs"]))
documents = st.recursive(strings, lambda below: st.lists(below) | st.dictionaries(strings, below), max_leaves=12)


@law
@given(documents)
def test_a_document_of_strings_is_read_from_its_canonical_bytes(document: Any) -> None:
    assert formula.read_json(canonical(document).decode()) == document


@law
@given(documents)
def test_a_document_cut_short_or_followed_by_anything_is_none(document: Any) -> None:
    text = canonical(document).decode()
    for wrong in (*(text[:end] for end in range(len(text))), text + '"', text + " ", text + text):
        with pytest.raises((ValueError, LookupError)):
            formula.read_json(wrong)


@pytest.mark.parametrize(
    "text",
    ["1", "null", '["a" ,"b"]', '["a":"b"]', '["a",]', "[,]", '{"a"}', '{"a" :"b"}', '{"a","b"}', '{[]:"b"}', r'"\x"'],
)
def test_what_is_no_canonical_document_of_strings_is_not_read(text: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        formula.read_json(text)


@law
@given(documents)
@example("\U00010000")
def test_a_document_of_strings_is_written_as_json_writes_it(document: Any) -> None:
    assert formula.json_text(document) == json.dumps(document)


# --- what is imported ------------------------------------------------------------------------------------------------

LOADED = """
import os, sys
before = set(sys.modules)
with open(sys.argv[1], "rb") as file:
    exec(compile(file.read(), "formula.py", "exec"), {"__name__": "__main__"})
print(*sorted(set(sys.modules) - before))
"""
BUILT_IN = {"__future__", "itertools", "math"}


def modules_for(text: str, folder: Path) -> set[str]:
    """Return the modules that the program loads for one formula, in an interpreter of its own as in the box."""
    values = {"a": "77.0", "b": "68.3"}
    job = {"formulas": {"m": text}, "values": values, "variants": [{"name": "base", "values": {}}]}
    (folder / "job.json").write_bytes(canonical(job))
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", LOADED.replace("sys.argv[1]", repr(formula.__file__)), folder / "job.json"],
        env={"ASSAY_RESULT": str(folder / "result.json")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "value" in (folder / "result.json").read_text()
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "text",
    ["a - b", "mean(a, b)", "(a - b)/b", "round(wmean(a, 2, b, 1), 1)", "min(a, abs(b))**2", "sqrt(4)*a"],
)
def test_ordinary_arithmetic_imports_next_to_nothing(text: str, tmp_path: Path) -> None:
    """A verdict starts the program three times; importing `re` or `json` costs as much as the interpreter's own start."""
    assert modules_for(text, tmp_path) <= BUILT_IN


@pytest.mark.parametrize("text", ["sqrt(a)", "log(a)", "exp(a)"])
def test_only_what_is_no_rational_number_needs_decimal(text: str, tmp_path: Path) -> None:
    loaded = modules_for(text, tmp_path)
    assert "decimal" in loaded
    assert not loaded & {"fractions", "json"}
