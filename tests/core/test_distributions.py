"""Distribution functions against printed tables, closed forms and each other."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import distributions
from tests.core.strategies import law

#: Critical values as every textbook prints them.
STUDENT = [
    (12.706, 1, 0.05),
    (4.303, 2, 0.05),
    (2.571, 5, 0.05),
    (2.228, 10, 0.05),
    (2.763, 28, 0.01),
    (1.984, 100, 0.05),
]
CHI_SQUARED = [(3.841, 1, 0.05), (5.991, 2, 0.05), (18.307, 10, 0.05), (0.103, 2, 0.95), (124.342, 100, 0.05)]
FISHER = [
    (4.965, 1, 10, 0.05),
    (3.326, 5, 10, 0.05),
    (4.103, 2, 10, 0.05),
    (161.448, 1, 1, 0.05),
    (1.392, 100, 100, 0.05),
]
NORMAL = [(1.959964, 0.05), (2.575829, 0.01), (0.0, 1.0), (-1.644854, 0.1)]
CORRELATION = [(0.632, 8, 0.05), (0.765, 8, 0.01), (0.195, 100, 0.05), (0.997, 1, 0.05)]


@pytest.mark.parametrize(("t", "df", "p"), STUDENT)
def test_student_as_printed(t: float, df: float, p: float) -> None:
    assert distributions.student_two_sided(t, df) == pytest.approx(p, rel=2e-3)
    assert distributions.student_two_sided(-t, df) == distributions.student_two_sided(t, df)


@pytest.mark.parametrize(("x", "df", "p"), CHI_SQUARED)
def test_chi_squared_as_printed(x: float, df: float, p: float) -> None:
    assert distributions.chi_squared_upper(x, df) == pytest.approx(p, rel=2e-3)


@pytest.mark.parametrize(("f", "df1", "df2", "p"), FISHER)
def test_fisher_as_printed(f: float, df1: float, df2: float, p: float) -> None:
    assert distributions.fisher_upper(f, df1, df2) == pytest.approx(p, rel=5e-3)


@pytest.mark.parametrize(("z", "p"), NORMAL)
def test_normal_as_printed(z: float, p: float) -> None:
    assert distributions.normal_two_sided(z) == pytest.approx(p, rel=1e-6)


@pytest.mark.parametrize(("r", "df", "p"), CORRELATION)
def test_correlation_as_printed(r: float, df: float, p: float) -> None:
    assert distributions.correlation_two_sided(r, df) == pytest.approx(p, rel=2e-2)
    assert distributions.correlation_two_sided(math.copysign(1, r), df) == 0


@law
@given(st.floats(0.01, 50), st.floats(0.5, 500))
def test_distributions_that_are_the_same_agree(x: float, df: float) -> None:
    assert distributions.fisher_upper(x * x, 1, df) == pytest.approx(
        distributions.student_two_sided(x, df), rel=1e-9, abs=1e-15
    )
    assert distributions.chi_squared_upper(x, 1) == pytest.approx(
        distributions.normal_two_sided(math.sqrt(x)), rel=1e-9
    )
    assert distributions.chi_squared_upper(x, 2) == pytest.approx(math.exp(-x / 2), rel=1e-9)
    assert distributions.student_two_sided(x, 1) == pytest.approx(1 - 2 * math.atan(x) / math.pi, rel=1e-9, abs=1e-12)


@law
@given(st.floats(0, 30), st.floats(0, 30), st.floats(0.5, 100), st.floats(0.5, 100))
def test_a_larger_statistic_has_no_larger_p(one: float, other: float, df: float, df2: float) -> None:
    low, high = sorted((one, other))
    for tail in (
        distributions.normal_two_sided,
        lambda x: distributions.student_two_sided(x, df),
        lambda x: distributions.fisher_upper(x, df, df2),
        lambda x: distributions.chi_squared_upper(x, df),
    ):
        assert -1e-12 <= tail(high) <= tail(low) + 1e-9
        assert tail(low) <= 1 + 1e-12


def test_the_ends_are_exact() -> None:
    assert distributions.incomplete_beta(2, 3, 0) == 0
    assert distributions.incomplete_beta(2, 3, 1) == 1
    assert distributions.incomplete_beta(2, 3, 0.4) == pytest.approx(0.5248, rel=1e-12)
    assert distributions.incomplete_beta(3, 2, 0.6) == pytest.approx(1 - 0.5248, rel=1e-12)
    assert distributions.incomplete_gamma_upper(3, 0) == 1


def test_sums_that_do_not_settle_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "STEPS_MAX", 3)
    assert 0 < distributions.incomplete_beta(80, 90, 0.5) < 1
    assert distributions.incomplete_gamma_upper(50, 45) > 0
    assert distributions.incomplete_gamma_upper(50, 60) > 0
