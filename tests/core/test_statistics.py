"""Student's t, samples and Welch's test: held to published tables, closed forms and laws."""

from __future__ import annotations

import math
import statistics
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.statistics import DEGREES_MAX, Sample, quantile, root, sample, tail, welch
from tests.core.strategies import law

#: Percentage points of Student's t to the digits of the usual tables (NIST/SEMATECH e-Handbook, 1.3.6.7.2).
PUBLISHED = {
    1: (3.078, 6.314, 12.706, 31.821, 63.657, 318.309),
    2: (1.886, 2.920, 4.303, 6.965, 9.925, 22.327),
    3: (1.638, 2.353, 3.182, 4.541, 5.841, 10.215),
    4: (1.533, 2.132, 2.776, 3.747, 4.604, 7.173),
    5: (1.476, 2.015, 2.571, 3.365, 4.032, 5.893),
    9: (1.383, 1.833, 2.262, 2.821, 3.250, 4.297),
    10: (1.372, 1.812, 2.228, 2.764, 3.169, 4.144),
    19: (1.328, 1.729, 2.093, 2.539, 2.861, 3.579),
    30: (1.310, 1.697, 2.042, 2.457, 2.750, 3.385),
    63: (1.295, 1.669, 1.998, 2.387, 2.656, 3.225),
    100: (1.290, 1.660, 1.984, 2.364, 2.626, 3.174),
}
TAILS = ("0.10", "0.05", "0.025", "0.01", "0.005", "0.001")


@pytest.mark.parametrize("degrees", PUBLISHED)
def test_quantiles_are_those_of_the_published_table(degrees: int) -> None:
    found = [round(float(quantile(Decimal(each), Decimal(degrees))), 3) for each in TAILS]
    assert found == list(PUBLISHED[degrees])


@pytest.mark.parametrize("text", ["0.4", "0.05", "0.025", "0.001", "1e-9"])
def test_quantiles_have_thirty_right_digits_where_a_closed_form_is_known(text: str) -> None:
    """With two degrees of freedom t = (1 - 2q)·√(2 / (4q(1 - q))); with one it is the tangent of π(1/2 - q)."""
    q = Decimal(text)
    closed = (1 - 2 * q) * (Decimal(2) / (4 * q * (1 - q))).sqrt()
    assert abs(quantile(q, Decimal(2)) - closed) <= closed * Decimal("1e-26")  # of the closed form's own 28 digits
    assert float(quantile(q, Decimal(1))) == pytest.approx(math.tan(math.pi * (0.5 - float(q))), rel=1e-6)


def test_half_of_the_probability_lies_above_zero() -> None:
    assert quantile(Decimal("0.5"), Decimal(4)) == 0
    assert tail(Decimal(0), Decimal(4)) == Decimal("0.5")
    assert tail(Decimal(-3), Decimal(7)) + tail(Decimal(3), Decimal(7)) == 1


@pytest.mark.parametrize("t", ["0.3", "1", "2.5", "7", "40"])
def test_tails_are_those_of_closed_forms(t: str) -> None:
    value = Decimal(t)
    one = 0.5 - math.atan(float(value)) / math.pi
    assert float(tail(value, Decimal(1))) == pytest.approx(one, rel=1e-9)
    two = (1 - value / (2 + value * value).sqrt()) / 2
    assert abs(tail(value, Decimal(2)) - two) < Decimal("1e-27")
    four = Decimal(4) / (4 + value * value)  # 1/2 - (3/8)·sin·(1 + cos²/2 + …): Abramowitz and Stegun 26.7.4
    sine = (1 - four).sqrt()
    assert abs(tail(value, Decimal(4)) - (1 - sine * (1 + four / 2)) / 2) < Decimal("1e-27")


def test_with_many_degrees_it_is_the_normal_distribution_and_stays_on_the_safe_side() -> None:
    normal = statistics.NormalDist()
    many, most = quantile(Decimal("0.025"), DEGREES_MAX), quantile(Decimal("0.025"), Decimal(10**9))
    assert many == most
    assert 0 < float(many) - normal.inv_cdf(0.975) < 3e-4
    assert float(tail(Decimal(2), Decimal(10**9))) == pytest.approx(1 - normal.cdf(2), rel=1e-3)


degrees_of_freedom = st.one_of(st.integers(1, 200).map(Decimal), st.decimals("1.5", "90", places=3))
probabilities = st.decimals("0.0001", "0.4999", places=6)


@law
@given(probabilities, degrees_of_freedom)
def test_tail_and_quantile_undo_each_other(probability: Decimal, degrees: Decimal) -> None:
    assert abs(tail(quantile(probability, degrees), degrees) - probability) < Decimal("1e-30")


@law
@given(probabilities, degrees_of_freedom, st.decimals("0.01", "3", places=2))
def test_more_degrees_and_more_probability_make_quantiles_smaller(
    probability: Decimal, degrees: Decimal, more: Decimal
) -> None:
    assert quantile(probability, degrees + more) < quantile(probability, degrees)
    assert quantile(probability / 2, degrees) > quantile(probability, degrees)


values = st.lists(st.decimals("-1e6", "1e6", places=4), min_size=2, max_size=12)


@law
@given(values, st.randoms())
def test_a_sample_is_what_exact_fractions_give_in_whatever_order(numbers: list[Decimal], random: object) -> None:
    found = sample(numbers)
    shuffled = list(numbers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sample(shuffled) == found
    exact = [Fraction(number) for number in numbers]
    mean = sum(exact) / len(exact)
    if len(set(numbers)) == 1:
        assert found == Sample(1, numbers[0], Decimal(0))
        return
    variance = sum((number - mean) ** 2 for number in exact) / (len(exact) - 1)
    assert found.n == len(numbers)
    assert abs(Fraction(found.mean) - mean) <= abs(mean) * Fraction(1, 10**40)
    assert abs(Fraction(found.variance) - variance) <= variance * Fraction(1, 10**40)
    assert abs(Fraction(found.variance_of_mean) - variance / len(exact)) <= variance * Fraction(1, 10**40)


def test_a_sample_of_large_numbers_loses_nothing() -> None:
    assert sample([Decimal(10**300 + number) for number in (1, 2, 3)]).variance == 1


def test_welch_gives_the_degrees_of_a_published_example() -> None:
    """Two samples of ten: variances 6.4 and 12.9 give 16.2 degrees by hand."""
    variance, degrees = welch(Decimal("0.64"), 10, Decimal("1.29"), 10)
    assert variance == Decimal("1.93")
    assert round(degrees, 6) == round(Decimal("1.93") ** 2 / (Decimal("0.64") ** 2 / 9 + Decimal("1.29") ** 2 / 9), 6)


def test_welch_with_one_error_alone_is_student() -> None:
    assert welch(Decimal("0.64"), 5, Decimal(0), 1) == (Decimal("0.64"), Decimal(4))
    assert welch(Decimal(0), 1, Decimal("0.64"), 5) == (Decimal("0.64"), Decimal(4))


def test_a_root_has_fifty_digits() -> None:
    assert abs(root(Decimal(2)) ** 2 - 2) < Decimal("1e-27")
    assert len(root(Decimal(2)).as_tuple().digits) == 50
