"""Laws of the evaluator against an oracle: formulas grown at random together with their meaning in exact arithmetic."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core import formula
from app.core.formula import FormulaError
from tests.core.strategies import (
    NAMES,
    Meaning,
    exact,
    formulas,
    law,
    linear_ratios,
    printed_numbers,
    ratio,
    single_use_formulas,
)

Formula = tuple[str, Meaning]
values_of_names = st.fixed_dictionaries(dict.fromkeys(NAMES, printed_numbers(digits=3)))
shares = st.lists(st.fractions(-1, 1, max_denominator=1_000), min_size=len(NAMES), max_size=len(NAMES))


def box_of(values: dict[str, str]) -> dict[str, tuple[Fraction, Fraction]]:
    """Return name -> value and half unit."""
    printed = {name: formula.printed(text) for name, text in values.items()}
    return {name: (exact(value), exact(half)) for name, (value, half) in printed.items()}


def value_at(text: str, points: dict[str, Fraction]) -> Fraction:
    """Return a formula's value at a point."""
    return exact(formula.value(formula.parse(text), {name: ratio(value) for name, value in points.items()}))


def evaluated(text: str, values: dict[str, str]) -> dict[str, Fraction]:
    """Return what the evaluator gives as exact numbers; a formula that has no value there is another example's."""
    try:
        found = formula.evaluate(formula.parse(text), values)
    except FormulaError:
        assume(False)
        raise
    return {key: Fraction(Decimal(item)) for key, item in found.items()}


def error_of(call: Callable[[], object]) -> str | None:
    """Return what a call complains about, None when it does not."""
    try:
        call()
    except FormulaError as error:
        return str(error)
    return None


def near(one: Fraction, two: Fraction) -> bool:
    """Whether two numbers are equal to the digits that decimal text keeps."""
    return abs(one - two) <= abs(two) * Fraction(1, 10**32)


@law
@given(formulas(), values_of_names)
def test_the_value_is_what_exact_arithmetic_gives(grown: Formula, values: dict[str, str]) -> None:
    text, meaning = grown
    points = {name: value for name, (value, _) in box_of(values).items()}
    try:
        wanted = meaning(points)
    except ZeroDivisionError:
        assume(False)
    assert value_at(text, points) == wanted


@law
@given(formulas(), values_of_names)
def test_division_by_zero_is_an_error_for_both(grown: Formula, values: dict[str, str]) -> None:
    text, meaning = grown
    points = {name: value for name, (value, _) in box_of(values).items()}
    if error_of(lambda: value_at(text, points)) is not None:
        with pytest.raises(ZeroDivisionError):
            meaning(points)


@law
@given(formulas(), values_of_names, st.lists(shares, max_size=3))
def test_the_enclosing_interval_encloses_every_point_of_the_box(
    grown: Formula, values: dict[str, str], samples: list[list[Fraction]]
) -> None:
    text, meaning = grown
    found = evaluated(text, values)
    box = box_of(values)
    corners = [list(map(Fraction, corner)) for corner in itertools.product((-1, 1), repeat=len(NAMES))]
    for sample in (*samples, *corners[::3]):
        point = {name: box[name][0] + share * box[name][1] for name, share in zip(NAMES, sample, strict=True)}
        assert found["low"] <= meaning(point) <= found["high"]


@law
@given(formulas(), values_of_names)
def test_value_and_inner_interval_lie_inside_the_enclosing_one(grown: Formula, values: dict[str, str]) -> None:
    found = evaluated(grown[0], values)
    assert found["low"] <= found["inner_low"] <= found["value"] <= found["inner_high"] <= found["high"]


@law
@given(formulas(leaves=4), values_of_names)
def test_the_ends_of_the_inner_interval_are_really_taken(grown: Formula, values: dict[str, str]) -> None:
    """Every end lies between two values that the formula takes, and it is continuous: so it takes the end too."""
    text, meaning = grown
    found, box = evaluated(text, values), box_of(values)
    steps = [Fraction(step, 4) for step in range(-4, 5)]
    used = [name for name in NAMES if name in formula.names(formula.parse(text))]
    taken = []
    for sample in (
        itertools.product(steps, repeat=len(used)) if len(used) < 3 else itertools.product(steps[::4], repeat=4)
    ):
        chosen = dict(zip(used, sample, strict=False))
        taken.append(meaning({name: box[name][0] + chosen.get(name, 0) * box[name][1] for name in NAMES}))
    for end in ("inner_low", "inner_high"):
        assert min(taken) <= found[end] <= max(taken) or near(found[end], min(taken)) or near(found[end], max(taken))


@law
@given(single_use_formulas(), values_of_names)
def test_with_single_names_the_interval_is_exact(grown: Formula, values: dict[str, str]) -> None:
    text, meaning = grown
    found, box = evaluated(text, values), box_of(values)
    corners = [
        meaning({name: box[name][0] + side * box[name][1] for name, side in zip(NAMES, corner, strict=True)})
        for corner in itertools.product((-1, 1), repeat=len(NAMES))
    ]
    for low, high in (("low", "high"), ("inner_low", "inner_high")):
        assert near(found[low], min(corners))
        assert near(found[high], max(corners))


@law
@given(linear_ratios(), values_of_names)
def test_ratios_of_linear_expressions_are_exact_although_names_repeat(grown: Formula, values: dict[str, str]) -> None:
    text, meaning = grown
    found, box = evaluated(text, values), box_of(values)
    corners = [
        meaning({name: box[name][0] + side * box[name][1] for name, side in zip(NAMES, corner, strict=True)})
        for corner in itertools.product((-1, 1), repeat=len(NAMES))
    ]
    assert near(found["low"], min(corners))
    assert near(found["high"], max(corners))
    assert near(found["inner_low"], min(corners))
    assert near(found["inner_high"], max(corners))


@law
@given(formulas(), values_of_names)
def test_the_check_at_intake_agrees_with_the_evaluation(grown: Formula, values: dict[str, str]) -> None:
    """What intake accepts, the box evaluates: no author learns of a division by zero after the fact."""
    text = grown[0]
    at_intake = error_of(lambda: formula.check(text, values))
    assert at_intake == error_of(lambda: formula.evaluate(formula.parse(text), values))


@law
@given(printed_numbers(digits=12))
def test_printed_digits_survive_a_round_trip(text: str) -> None:
    """A printed number's own text, evaluated alone, is that number; its interval is half a unit to either side."""
    value, half = box_of({"x": text})["x"]
    found = evaluated("x", {"x": text})
    assert found["value"] == value
    assert (found["low"], found["high"]) == (value - half, value + half)
    assert exact(formula.printed(formula.decimal_text(ratio(value)))[0]) == value


@law
@given(st.fractions(), st.sampled_from([formula.FLOOR, formula.CEILING, formula.HALF_EVEN]))
def test_decimal_text_rounds_as_it_is_told(number: Fraction, rounding: str) -> None:
    found = Fraction(Decimal(formula.decimal_text(ratio(number), rounding)))
    assert near(found, number)
    if rounding == formula.FLOOR:
        assert found <= number
    if rounding == formula.CEILING:
        assert found >= number


@law
@given(st.text(alphabet="ab+-*/()., 019e_", max_size=40))
def test_any_text_is_a_formula_or_an_error_that_says_why(text: str) -> None:
    says = error_of(lambda: formula.parse(text))
    assert says != ""
    if says is None:
        assert all(name.isidentifier() for name in formula.names(formula.parse(text)))
