"""Student's t and what a sample says about its mean. Decimal throughout, so that everybody derives the same digits.

The upper tail of Student's t with v degrees of freedom is half the regularised incomplete beta function:

    P(T > t) = I_x(v/2, 1/2) / 2   with x = v / (v + t²), for t ≥ 0        (Abramowitz and Stegun 26.7.1, 26.5.27)

I_x comes from its continued fraction (DLMF 8.17.22) by Lentz's method, and the gamma functions in front of it from
Stirling's series (DLMF 5.11.1) at an argument that recurrence has made large. Logarithm, exponential and square root of
`decimal` are correctly rounded, so that no step depends on a machine. Thirty digits are right; a test holds them to
published tables and to closed forms.

Quantiles are found by Newton's method from 0: the tail is convex there and falls, so that no step goes too far.

Values that are all the same count as one: they show nothing of a spread, and most likely a seed that changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import lru_cache

from app.core.quantity import EXACT

#: Error that one question may make: that of Schuirmann's two one-sided tests, and of a two-sided 95 % interval.
ALPHA = Decimal("0.05")

#: Beyond so many degrees of freedom these are used: the quantile is then larger by less than two parts in ten thousand.
DEGREES_MAX = Decimal(10_000)

_WORK = Context(prec=50, Emax=999_999, Emin=-999_999)
_ENOUGH = Decimal("1e-40")
_HALF = Decimal("0.5")
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
#: Bernoulli numbers B2, B4, … as numerator and denominator.
_BERNOULLI = (
    (1, 6),
    (-1, 30),
    (1, 42),
    (-1, 30),
    (5, 66),
    (-691, 2730),
    (7, 6),
    (-3617, 510),
    (43867, 798),
    (-174611, 330),
    (854513, 138),
    (-236364091, 2730),
    (8553103, 6),
    (-23749461029, 870),
    (8615841276005, 14322),
)
_LARGE = 40  # from here on Stirling's series with these terms is right to forty digits


@dataclass(frozen=True)
class Sample:
    """What the values of several seeds come to."""

    n: int  # 1 when all values are the same
    mean: Decimal
    variance: Decimal  # of the values, divisor n - 1; 0 when n is 1

    @property
    def variance_of_mean(self) -> Decimal:
        """Square of the mean's standard error."""
        with localcontext(_WORK):
            return self.variance / self.n


def sample(values: Sequence[Decimal]) -> Sample:
    """Return mean and variance of finite values; their order cannot matter, because all sums are exact."""
    count = len(values)
    with localcontext(EXACT):
        total = sum(values, Decimal(0))
        squares = sum((value * value for value in values), Decimal(0))
        spread = count * squares - total * total
    with localcontext(_WORK):
        mean = total / count
        if len(set(values)) == 1:
            return Sample(1, values[0], Decimal(0))
        return Sample(count, mean, spread / (count * (count - 1)))


def welch(first: Decimal, first_n: int, second: Decimal, second_n: int) -> tuple[Decimal, Decimal]:
    """Return variance and degrees of freedom of a difference of two means (Welch 1947, Satterthwaite 1946).

    Args:
        first, second: squared standard errors of the two means; one of them is positive.
        first_n, second_n: how many values stand behind each, at least 2 where its error is positive.

    """
    with localcontext(_WORK):
        both = first + second
        parts = [error * error / (count - 1) for error, count in ((first, first_n), (second, second_n)) if error]
        return both, both * both / sum(parts, Decimal(0))


def root(value: Decimal) -> Decimal:
    """Return a square root to fifty digits."""
    return _WORK.sqrt(value)


@lru_cache(maxsize=512)
def tail(t: Decimal, degrees: Decimal) -> Decimal:
    """Return the probability that Student's t exceeds a value, for any finite t and positive degrees of freedom."""
    with localcontext(_WORK):
        if t < 0:
            return 1 - tail(-t, degrees)
        free = min(degrees, DEGREES_MAX)
        return _HALF * _incomplete_beta(free / (free + t * t), free * _HALF)


@lru_cache(maxsize=512)
def quantile(probability: Decimal, degrees: Decimal) -> Decimal:
    """Return the t that Student's t exceeds with a probability above 0 and at most one half."""
    with localcontext(_WORK):
        free = min(degrees, DEGREES_MAX)
        log_scale = _log_gamma((free + 1) * _HALF) - _log_gamma(free * _HALF) - (free * _PI).ln() * _HALF
        t, step = Decimal(0), Decimal(1)
        while abs(step) > abs(t) * Decimal("1e-32"):
            density = (log_scale - (free + 1) * _HALF * (1 + t * t / free).ln()).exp()
            step = (tail(t, free) - probability) / density
            t += step
        return t


def _incomplete_beta(x: Decimal, a: Decimal) -> Decimal:
    """Return I_x(a, 1/2) for 0 < x ≤ 1; the fraction converges fast on one side of the mean, so the other is mirrored."""
    if x == 1:
        return Decimal(1)
    b = _HALF
    log_front = _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b) + a * x.ln() + b * (1 - x).ln()
    front = log_front.exp()
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: Decimal, a: Decimal, b: Decimal) -> Decimal:
    """Return the continued fraction of the incomplete beta function by the modified method of Lentz."""
    c = Decimal(1)
    d = 1 / (1 - (a + b) * x / (a + 1))
    value, m = d, 0
    while abs(d * c - 1) >= _ENOUGH:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + even * d)
        c = 1 + even / c
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + odd * d)
        c = 1 + odd / c
        value *= d * c
    return value


@lru_cache(maxsize=512)
def _log_gamma(x: Decimal) -> Decimal:
    """Return the logarithm of the gamma function of a positive number."""
    with localcontext(_WORK):
        product = Decimal(1)
        while x < _LARGE:
            product *= x
            x += 1
        series = sum(
            (
                Decimal(above) / below / (2 * k * (2 * k - 1) * x ** (2 * k - 1))
                for k, (above, below) in enumerate(_BERNOULLI, 1)
            ),
            Decimal(0),
        )
        return (x - _HALF) * x.ln() - x + (2 * _PI).ln() * _HALF + series - product.ln()
