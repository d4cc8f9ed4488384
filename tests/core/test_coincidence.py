"""How often other cells would match: the published figures, exact counts against brute force, and samples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import coincidence, coincidence_formula, formula
from app.core.coincidence import Pool, Question, Rate, possible, rate
from app.core.compare import Band, accepted
from app.core.quantity import printed
from tests.core.builders import an_expectation
from tests.core.strategies import exact, formulas, law, ratio

XTREME = Path(__file__).parents[2] / "examples" / "coincidence-8-7" / "cells.csv"
SEED = "sha256:" + "5" * 64


def xtreme() -> tuple[str, ...]:
    """Return the 75 numbers of the XTREME rows, as printed."""
    return tuple(cell for line in XTREME.read_text().splitlines()[1:] for cell in line.split(",")[1:])


def asked(text: str, numbers: Sequence[str], *, fixed: dict[str, float] | None = None) -> Question:
    """Return the question after a formula, all names of which may be any of some numbers."""
    tree = formula.parse(text)
    held = fixed or {}
    places = max((-int(printed(number).value.as_tuple().exponent) for number in numbers), default=0)
    pool = Pool(0, tuple(float(number) for number in numbers), places)
    return Question(tree, held, {name: pool for name in sorted(formula.names(tree)) if name not in held})


def band(value: str, rule: str = "rounding", **changes: str) -> Band:
    return accepted(an_expectation(value, rule, **changes))


def test_the_published_rates_of_8_7_come_out() -> None:
    assert len(xtreme()) == 75
    question = asked("a - b", xtreme())
    rounded, loose = rate(question, band("8.7"), SEED), rate(question, band("8.7", "relative", tolerance="5%"), SEED)
    assert (rounded.hits, rounded.tried, rounded.possible, rounded.sampled) == (11, 2775, 2775, False)
    assert (loose.hits, loose.tried) == (118, 2775)
    assert (round(100 * rounded.share, 1), round(100 * loose.share, 1)) == (0.4, 4.3)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a - b", "8.7"),
        ("b - a", "-8.7"),
        ("2*a - 2*b", "1.4"),
        ("a - b + 1", "0.0"),
        ("a + b", "151.3"),
        ("mean(a, b)", "72.6"),
        ("3*a - b", "151.3"),
        ("a / b", "1.13"),
        ("abs(a - b)", "8.7"),
    ],
)
def test_pairs_are_counted_as_one_by_one(text: str, value: str) -> None:
    numbers = xtreme()[:40]
    accepting = band(value)
    tree = formula.parse(text)

    def hit(first: str, second: str) -> bool:
        values = {"a": formula.printed(first)[0], "b": formula.printed(second)[0]}
        found = exact(formula.value(tree, values))
        assert accepting.low is not None
        assert accepting.high is not None
        return Fraction(accepting.low) <= found <= Fraction(accepting.high)

    pairs = list(itertools.combinations(numbers, 2))
    expected = sum(hit(a, b) or hit(b, a) for a, b in pairs)
    found = rate(asked(text, numbers), accepting, SEED)
    assert (found.hits, found.tried, found.possible) == (expected, len(pairs), len(pairs))


numbers_of_one_place = st.lists(
    st.integers(-400, 400).map(lambda n: str(Decimal(n).scaleb(-1))), min_size=3, max_size=9
)


@law
@given(numbers_of_one_place, st.integers(2, 4), st.integers(-300, 300), st.booleans())
def test_sets_are_counted_as_one_by_one(numbers: list[str], count: int, middle: int, mean: bool) -> None:  # noqa: FBT001
    names = "abcd"[: min(count, len(numbers))]
    text = f"mean({', '.join(names)})" if mean else " + ".join(names)
    accepting = Band(Decimal(middle) / 10 - 3, Decimal(middle) / 10 + 3)
    sets = list(itertools.combinations(map(Decimal, numbers), len(names)))
    value = (lambda each: sum(each) / len(names)) if mean else sum
    expected = sum(accepting.holds(Decimal(value(each))) for each in sets)
    found = rate(asked(text, numbers), accepting, SEED)
    assert (found.hits, found.tried) == (expected, len(sets))


@pytest.mark.parametrize(
    ("low", "high", "hits"), [("-1", "0", 0), ("1000", None, 0), (None, None, 10), (None, "9", 6), ("9", "9", 2)]
)
def test_open_and_distant_bands(low: str | None, high: str | None, hits: int) -> None:
    accepting = Band(None if low is None else Decimal(low), None if high is None else Decimal(high))
    assert rate(asked("sum(a, b, c)", ["1", "2", "3", "4", "5"]), accepting, SEED) == Rate(hits, 10, 10)


def test_sequences_of_different_cells_are_tried_one_by_one() -> None:
    numbers = ["1", "2", "3", "4", "5", "6"]
    expected = sum(a * b - c == 5 for a, b, c in itertools.permutations(range(1, 7), 3))
    assert rate(asked("a * b - c", numbers), Band(Decimal(5), Decimal(5)), SEED) == Rate(expected, 120, 120)


def test_values_of_two_tables_are_exchanged_within_their_own() -> None:
    one, two = Pool(0, (1.0, 2.0, 3.0)), Pool(1, (10.0, 20.0))
    question = Question(formula.parse("b - a + 0*c"), {}, {"a": one, "b": two, "c": one})
    assert possible(question) == 3 * 2 * 2
    assert rate(question, Band(Decimal(8), Decimal(9)), SEED) == Rate(4, 12, 12)
    pair = Question(formula.parse("b - a"), {}, {"a": one, "b": two})
    assert rate(pair, Band(Decimal(8), Decimal(9)), SEED) == Rate(2, 6, 6)


def test_a_value_that_names_no_cell_stays_as_it_is() -> None:
    question = asked("a - b", xtreme(), fixed={"b": 68.3})
    assert rate(question, band("8.7"), SEED) == Rate(sum(number == "77.0" for number in xtreme()), 75, 75)


@pytest.mark.parametrize(
    ("text", "low", "high"), [("a * b / c", 50, 72), ("mean(a, b, mean(c, d))", 68, 72), ("max(a, b) - c", 2, 9)]
)
def test_a_sample_comes_near_the_whole_and_is_always_the_same(
    text: str, low: int, high: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = asked(text, xtreme()[:25])
    accepting = Band(Decimal(low), Decimal(high))
    sampled = rate(question, accepting, SEED) if possible(question) > 20_000 else None
    monkeypatch.setattr(coincidence, "STEPS_MAX", 20_000)
    small = rate(question, accepting, SEED)
    assert small == rate(question, accepting, SEED)
    assert small.sampled
    assert small != rate(question, accepting, SEED + "x")
    monkeypatch.setattr(coincidence, "STEPS_MAX", 1 << 40)
    monkeypatch.setattr(coincidence, "COMBINATIONS_MAX", 1 << 20)
    whole = rate(question, accepting, SEED)
    assert whole.tried == whole.possible
    assert whole.share == pytest.approx(small.share, abs=0.03)
    assert sampled is None or whole.share == pytest.approx(sampled.share, abs=0.02)


def test_a_sampled_pair_of_a_large_table_hits_in_either_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coincidence, "STEPS_MAX", 2_000)
    numbers = [str(number) for number in range(1, 200)]
    found = rate(asked("a / b", numbers), Band(Decimal(1), None), SEED)
    assert found.sampled
    assert found.hits == found.tried  # one of the two orders is always above 1


def test_a_table_too_wide_to_count_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    question, accepting = asked("mean(a, b, c)", xtreme()), band("72.7")
    exactly = rate(question, accepting, SEED)
    monkeypatch.setattr(coincidence, "WORK_MAX", 1_000)
    sampled = rate(question, accepting, SEED)
    assert (exactly.sampled, sampled.sampled) == (False, True)
    assert exactly.possible == math.comb(75, 3)
    assert sampled.share == pytest.approx(exactly.share, abs=0.003)


def test_what_is_undefined_is_no_hit() -> None:
    found = rate(asked("sqrt(a) / b", ["-1", "-4", "9"]), Band(None, None), SEED)
    assert found == Rate(2, 3, 3)  # -1 and -4 have no root, whichever comes first


def test_of_a_difference_every_pair_is_counted_and_none_is_sampled() -> None:
    numbers = [f"{number / 10:.1f}" for number in range(4_470, 8_940)]
    found = rate(asked("a - b", numbers), band("8.7"), SEED)
    assert found.possible > 9_000_000
    assert found.tried == found.possible


@pytest.mark.parametrize("text", ["abs(a - a)", "(a - a) ** 2 + b", "max(a - a, 1) * b"])
def test_names_that_cancel_leave_a_constant(text: str) -> None:
    tree = formula.parse(text)
    names = sorted(formula.names(tree))
    factors = coincidence_formula.linear(tree, names, {})
    assert factors is None
    cells = [3.0, 5.0][: len(names)]
    assert coincidence_formula.compiled(tree, names, {})(cells) == pytest.approx({1: 0.0, 2: 5.0}[len(names)])


@law
@given(formulas(), st.lists(st.integers(1, 50), min_size=4, max_size=4))
def test_the_quick_function_is_the_formula(found: tuple[str, object], values: list[int]) -> None:
    text, _ = found
    tree = formula.parse(text)
    names = sorted(formula.names(tree))
    cells = [float(value) for value in values[: len(names)]]
    quick = coincidence_formula.compiled(tree, names, {})(cells)
    factors = coincidence_formula.linear(tree, names, {})
    try:
        slow = float(
            exact(
                formula.value(tree, {name: ratio(Fraction(value)) for name, value in zip(names, values, strict=False)})
            )
        )
    except formula.FormulaError:
        assert math.isnan(quick) or math.isinf(quick) or abs(quick) > 1e300
        return
    assert quick == pytest.approx(slow, rel=1e-6, abs=1e-6)
    if factors is not None:
        *weights, rest = factors
        weighed = sum(weight * cell for weight, cell in zip(weights, cells, strict=True)) + rest
        assert weighed == pytest.approx(slow, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("2*a - b/4 + 3", [2, -0.25, 3]),
        ("-(a - 2*b)", [-1, 2, 0]),
        ("mean(a, b, 3)", [1 / 3, 1 / 3, 1]),
        ("sum(a, b)", [1, 1, 0]),
        ("a * (1 + 2) - sqrt(4) * b", [3, -2, 0]),
        ("a - b + c", [1, -1, 5]),
        ("a * b", None),
        ("b * b + a", None),
        ("a - a + b", None),  # a weighs nothing
        ("a + 1/b", None),
        ("max(a, b)", None),
        ("a + b + log(0)", None),
        ("a + b * c * round(2.345, 1)", [1, 11.5, 0]),
    ],
)
def test_weights_of_linear_formulas(text: str, weights: list[float] | None) -> None:
    found = coincidence_formula.linear(formula.parse(text), ("a", "b"), {"c": 5.0})
    assert found is None if weights is None else found == pytest.approx(weights)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("wmean(a, 1, b, 3)", 3.5),
        ("min(a, b) + max(a, b)", 6),
        ("round(a / 3)", 1),
        ("round(a / 3, 2)", 0.67),
        ("exp(log(b))", 4),
        ("abs(a - b)", 2),
        ("a ** 3", 8),
        ("sqrt(-a)", math.nan),
        ("1 / (a - 2)", math.nan),
        ("exp(exp(exp(exp(b))))", math.nan),
    ],
)
def test_functions_in_floating_point(text: str, value: float) -> None:
    tree = formula.parse(text)
    found = coincidence_formula.compiled(tree, ("a", "b"), {})((2.0, 4.0))
    assert found == pytest.approx(value, nan_ok=True)
    assert coincidence_formula.size(tree) >= 2
