"""Distribution functions of the test statistics that papers print: two-sided p from z, t, r, F and chi-squared.

Binary floating point, good to about twelve digits, which is far more than any paper prints of a p. The regularised
incomplete beta and gamma functions are evaluated by their continued fractions (modified Lentz algorithm) and the power
series; DLMF 8.17.22, 8.9.2 and 8.11.4.
"""

from __future__ import annotations

import math

STEPS_MAX = 10_000
_NEAR = 1e-15
_TINY = 1e-300


def normal_two_sided(z: float) -> float:
    """Return P(|Z| ≥ |z|) of a standard normal Z."""
    return math.erfc(abs(z) / math.sqrt(2))


def student_two_sided(t: float, df: float) -> float:
    """Return P(|T| ≥ |t|) of Student's T with `df` > 0 degrees of freedom."""
    return incomplete_beta(df / 2, 0.5, df / (df + t * t))


def correlation_two_sided(r: float, df: float) -> float:
    """Return P(|R| ≥ |r|) of Pearson's R with `df` = n - 2, by t = r·√(df / (1 - r²)); 0 for |r| ≥ 1."""
    if abs(r) >= 1:
        return 0.0
    return student_two_sided(r * math.sqrt(df / (1 - r * r)), df)


def fisher_upper(f: float, df1: float, df2: float) -> float:
    """Return P(F ≥ f) with `df1` and `df2` degrees of freedom; f ≥ 0."""
    return incomplete_beta(df2 / 2, df1 / 2, df2 / (df2 + df1 * f))


def chi_squared_upper(x: float, df: float) -> float:
    """Return P(X ≥ x) of chi-squared with `df` degrees of freedom; x ≥ 0."""
    return incomplete_gamma_upper(df / 2, x / 2)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) for a, b > 0 and 0 ≤ x ≤ 1."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


def incomplete_gamma_upper(a: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function Q(a, x) for a > 0 and x ≥ 0."""
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - front * _gamma_series(a, x) if x < a + 1 else front * _gamma_fraction(a, x)


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, STEPS_MAX):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            found *= c * d
        if abs(c * d - 1) < _NEAR:
            break
    return found


def _gamma_series(a: float, x: float) -> float:
    term = found = 1 / a
    for n in range(1, STEPS_MAX):
        term *= x / (a + n)
        found += term
        if term < found * _NEAR:
            break
    return found


def _gamma_fraction(a: float, x: float) -> float:
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / _away(b)
    found = d
    for n in range(1, STEPS_MAX):
        term = n * (a - n)
        b += 2
        d = 1 / _away(b + term * d)
        c = _away(b + term / c)
        found *= c * d
        if abs(c * d - 1) < _NEAR:
            break
    return found


def _away(value: float) -> float:
    """Keep a denominator from being zero."""
    return value if abs(value) > _TINY else _TINY
