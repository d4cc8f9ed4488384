"""How often would other cells of the same table have given the printed result too?

Theory of operation. A formula's values name cells. Each may be exchanged for any cell of its own table that looks as its own
does: as many decimals, a percent sign or none; that is what "the same unit" means to a table. The rate is the share of such
exchanges whose result the claim would accept, at the point value: what the printed digits of the inputs allow besides would
only make it higher. The claim's own cells count among them.

Two values of one table are an unordered pair, and it hits when it does in either order: who searches for a number subtracts
the smaller from the larger. More values are a sequence of different cells, or a set of them when all weigh the same.

- A difference of two values is counted in a sorted list.
- A sum or mean is counted exactly whatever the number of its terms. Sets of j cells by their sum are the coefficients of a
  polynomial, which one long integer holds; a further cell adds the polynomial of j - 1, shifted by that cell, to that of j.
- Other formulas try every combination when there are few enough; else up to 100,000 that a generator draws which the seal's
  digest starts (SHAKE-256), and fewer for a long formula, so that judging stays cheap.

Values and bounds are binary floating point, with a billionth of room: the rate is a rate, and no comparison hangs on it.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import operator
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.coincidence_formula import compiled, linear, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from app.core.bands import Band
    from app.core.formula import Node

COMBINATIONS_LEAST = 100  # fewer say nothing about a rate
COMBINATIONS_MAX = 100_000
STEPS_MAX = 150_000  # parts of the formula times combinations: what is tried of a long one takes no longer
WORK_MAX = 1 << 31  # bits that are added up to count sets
_ROOM = 1e-9


@dataclass(frozen=True)
class Rate:
    """How many combinations of cells the claim would accept."""

    hits: int
    tried: int
    possible: int  # combinations that there are

    @property
    def share(self) -> float:
        """Hits among those tried."""
        return self.hits / self.tried

    @property
    def sampled(self) -> bool:
        """Whether not all combinations were tried."""
        return self.tried < self.possible


@dataclass(frozen=True)
class Pool:
    """The numbers that a value may be exchanged for."""

    table: int  # values of the same table are never exchanged for the same cell
    numbers: tuple[float, ...]
    places: int = 0  # decimals that all of them are printed with


@dataclass(frozen=True)
class Question:
    """A formula, some values of which are exchanged for other cells."""

    tree: Node
    fixed: Mapping[str, float]  # values that name no cell, as printed
    pools: Mapping[str, Pool]

    @property
    def single(self) -> Pool | None:
        """The pool that all values share; None when they have several."""
        first, *others = self.pools.values()
        return first if all(other == first for other in others) else None


def possible(question: Question) -> int:
    """Return how many combinations of cells there are; the order of two counts for nothing."""
    if question.single is not None and len(question.pools) == 2:
        return math.comb(len(question.single.numbers), 2)
    shared = Counter(question.pools.values())
    return math.prod(math.perm(len(pool.numbers), count) for pool, count in shared.items())


def rate(question: Question, band: Band, seed: str) -> Rate:
    """Return how many combinations a band accepts; see the module's theory.

    Args:
        question: with at least one combination.
        band: what the claim accepts.
        seed: the seal's digest.

    """
    low = -math.inf if band.low is None else float(band.low)
    high = math.inf if band.high is None else float(band.high)
    low, high = low - _ROOM * max(1.0, abs(low)), high + _ROOM * max(1.0, abs(high))
    names = list(question.pools)
    factors = linear(question.tree, names, question.fixed)
    counted = None if factors is None else _counted(question, factors, low, high)
    if counted is not None:
        return counted
    value = compiled(question.tree, names, question.fixed) if factors is None else _weighted(factors)
    parts = size(question.tree) if factors is None else len(factors)
    either_order = question.single is not None and len(names) == 2
    hits, tried = 0, 0
    for cells in _combinations(question, max(COMBINATIONS_LEAST, min(COMBINATIONS_MAX, STEPS_MAX // parts)), seed):
        tried += 1
        hits += low <= value(cells) <= high or (either_order and low <= value(cells[::-1]) <= high)
    return Rate(hits, tried, possible(question))


def _counted(question: Question, factors: Sequence[float], low: float, high: float) -> Rate | None:
    """Count a sum, mean or difference of values of one table; None when the formula is none or the table too large."""
    *weights, rest = factors
    pool, first = question.single, weights[0]
    if pool is None:
        return None
    bounds = sorted(((low - rest) / first, (high - rest) / first))
    if all(math.isclose(weight, first) for weight in weights):
        hits = _sets(pool, len(weights), bounds[0], bounds[1])
        total = math.comb(len(pool.numbers), len(weights))
        return None if hits is None else Rate(hits, total, total)
    if len(weights) == 2 and math.isclose(weights[1], -first):
        total = possible(question)
        return Rate(_differences(pool.numbers, bounds[0], bounds[1]), total, total)
    return None


def _weighted(factors: Sequence[float]) -> Callable[[Sequence[float]], float]:
    *weights, rest = factors

    def value(cells: Sequence[float]) -> float:
        return sum(map(operator.mul, weights, cells), rest)

    return value


def _differences(numbers: Sequence[float], low: float, high: float) -> int:
    """Count unordered pairs of which x - y or y - x lies within bounds."""
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    most = max(abs(low), abs(high))
    ordered = sorted(numbers)
    return sum(
        bisect_right(ordered, x + most, at + 1) - bisect_left(ordered, x + least, at + 1)
        for at, x in enumerate(ordered)
    )


def _sets(pool: Pool, count: int, low: float, high: float) -> int | None:
    """Count sets of so many numbers whose sum lies within bounds; None when that is too much work."""
    unit = 10.0**pool.places
    whole = [round(number * unit) for number in pool.numbers]
    least = min(whole)
    width = math.comb(len(whole), count).bit_length() + 1  # bits of one coefficient
    length = count * (max(whole) - least) + 1
    if length * width * len(whole) * count > WORK_MAX:
        return None
    by_size = [1] + [0] * count
    for number in whole:
        for taken in range(count, 0, -1):
            by_size[taken] += by_size[taken - 1] << (number - least) * width
    first = max(0, math.ceil(max(low * unit - count * least, -1.0)))
    last = min(length - 1, math.floor(min(high * unit - count * least, float(length))))
    if last < first:
        return 0
    part = (by_size[count] >> first * width) & ((1 << (last - first + 1) * width) - 1)
    return part % ((1 << width) - 1)  # the sum of the coefficients, as casting out nines adds up digits


def _combinations(question: Question, most: int, seed: str) -> Iterator[tuple[float, ...]]:
    if possible(question) > most:
        return _drawn(question, most, seed)
    if question.single is not None and len(question.pools) == 2:
        return itertools.combinations(question.single.numbers, 2)
    return _all(question)


def _all(question: Question) -> Iterator[tuple[float, ...]]:
    shared = Counter(question.pools.values())
    for chosen in itertools.product(*(itertools.permutations(pool.numbers, count) for pool, count in shared.items())):
        left = {pool: iter(cells) for pool, cells in zip(shared, chosen, strict=True)}
        yield tuple(next(left[pool]) for pool in question.pools.values())


def _drawn(question: Question, count: int, seed: str) -> Iterator[tuple[float, ...]]:
    """Draw sequences of different cells: the first steps of a shuffle, on a list that stays as the last draw left it."""
    pools = list(question.pools.values())
    mixed: dict[Pool, list[float]] = {pool: list(pool.numbers) for pool in pools}
    steps = []  # for each value: the list that it is drawn from, and how many were drawn from it before
    for at, pool in enumerate(pools):
        steps.append((mixed[pool], pools[:at].count(pool)))
    words = array("I", hashlib.shake_256(f"coincidence {seed}".encode()).digest(4 * count * len(pools)))
    if sys.byteorder == "big":  # pragma: no cover - no such machine here; the draw has to be the same there
        words.byteswap()
    word = iter(words)
    for _ in range(count):
        cells = []
        for numbers, place in steps:
            other = place + (next(word) * (len(numbers) - place) >> 32)
            numbers[place], numbers[other] = numbers[other], numbers[place]
            cells.append(numbers[place])
        yield tuple(cells)
