"""Whether printed means, deviations and percentages are possible for a number of whole observations at all.

GRIM (Brown and Heathers 2017): the mean of n whole numbers is k/n for a whole k. GRIMMER (Anaya 2016; Allard 2018): for
such a k, (n - 1)·sd² + k²/n is a sum of squares: a whole number, even exactly when k is, and no smaller than that of n whole
numbers as close together as their sum k allows. A percentage of n is 100·k/n with k from 0 to n. A printed number stands for
the closed interval of its rounding, so that neither half up nor half to even is called wrong.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.quantity import Printed


def ends(number: Printed) -> tuple[Fraction, Fraction]:
    """Return the closed interval that a printed number stands for."""
    return Fraction(number.low), Fraction(number.high)


def sums(mean: Printed, n: int) -> range:
    """Return the whole sums whose mean over n prints as `mean`; empty when there is none (GRIM)."""
    low, high = ends(mean)
    return range(math.ceil(low * n), math.floor(high * n) + 1)


def grimmer(mean: Printed, sd: Printed, n: int) -> bool:
    """Whether some n > 1 whole numbers have this printed mean and sample standard deviation."""
    low, high = ends(sd)
    low = max(low, Fraction(0))
    return any(_squares(total, n, (n - 1) * low**2, (n - 1) * high**2) for total in sums(mean, n))


def _squares(total: int, n: int, low: Fraction, high: Fraction) -> bool:
    """Whether a possible sum of squares of n whole numbers with a sum lies where the deviation says."""
    share = Fraction(total * total, n)
    each, over = divmod(total, n)
    least = (n - over) * each**2 + over * (each + 1) ** 2
    first = max(least, math.ceil(share + low))
    first += (first - total) % 2
    return first <= math.floor(share + high)


def shares(percentage: Printed, n: int) -> range:
    """Return the whole counts of n whose percentage prints so; empty when there is none."""
    low, high = ends(percentage)
    return range(max(0, math.ceil(low * n / 100)), min(n, math.floor(high * n / 100)) + 1)
