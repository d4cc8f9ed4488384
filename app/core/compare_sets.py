"""Rankings and tables: claims about several metrics at once.

A ranking is compared pair by pair. A pair is resolved when the difference of its two metrics, taken seed by seed, is
surely not zero: beyond noise where every seed gives the same difference, by Student's t at 0.05 divided by looks and pairs
where they differ, and for a formula when the intervals that the printed inputs allow have nothing in common. The ranking
holds when at least one pair is resolved and every resolved pair is in order; a pair resolved the other way round
contradicts it. Kendall's tau over all pairs (in order minus reversed, divided by their number; ties count as neither) is
shown and decides nothing.

A table is compared cell by cell, each by its own rule. It matches when the share of matching cells reaches what the claim
asks for, and contradicts when so many cells contradict that the others could not make up for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from itertools import combinations
from typing import TYPE_CHECKING

from app.core.bands import negligible, number_text, share
from app.core.codes import MATCHES, SEVERITY
from app.core.members import members
from app.core.model import Comparison
from app.core.quantity import EXACT
from app.core.statistics import ALPHA, quantile, root, sample, tail
from app.core.units import conversion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.measurement import Measured
    from app.core.model import Expectation

_SHOWN = Context(prec=6)
_UP = Context(prec=6, rounding=ROUND_CEILING)
_WORK = Context(prec=50, Emax=999_999, Emin=-999_999)


@dataclass(frozen=True)
class _Pair:
    """How two neighbours of a claimed order stand: +1 in order, -1 reversed, 0 not resolved; and by means alone."""

    resolved: int
    leaning: int
    p: Decimal | None = None  # of a reversal that rests on statistics, one look and one pair counted


def compare_order(expectation: Expectation, values: Sequence[Sequence[Measured]], looks: int) -> Comparison:
    """Compare a ranking; `values` holds for every member, best first, one value per seed."""
    with localcontext(EXACT):
        names = expectation.order or ()
        unit = expectation.unit or next((item.unit for each in values for item in each if item.unit), None)
        factors = [[conversion(item.unit, unit) for item in each] for each in values]
        reported = [item for each in values for item in each]
        odd = next((item for item in reported if item.value is None or not item.finite), None)
        if odd is not None or any(None in each for each in factors):
            code = "UNIT_SUSPECT" if odd is None else "NON_FINITE"
            return _ranking(expectation, code, None if odd is None else odd.text, ())
        scaled = [
            [(item.value or Decimal(0)) * (factor or 1) for item, factor in zip(each, row, strict=True)]
            for each, row in zip(values, factors, strict=True)
        ]
        spans = [_span(each[0], row[0] or Decimal(1)) for each, row in zip(values, factors, strict=True)]
        exact = [span for span in spans if span is not None]  # of a formula every member has one, of a script none
        sign = -1 if expectation.better == "lower" else 1
        chances = looks * len(names) * (len(names) - 1) // 2
        member = members(expectation)[0]
        pairs = [
            _exact_pair(exact[one], exact[two], sign)
            if len(exact) == len(names)
            else _pair(member, scaled[one], scaled[two], sign, ALPHA / chances)
            for one, two in combinations(range(len(names)), 2)
        ]
        seeds = zip(*scaled, strict=True)
        taus = [_tau([_sign((a - b) * sign) for a, b in combinations(seed, 2)]) for seed in seeds]
        resolved = sum(item.resolved != 0 for item in pairs)
        wrong = [item for item in pairs if item.resolved < 0]
        code = "DIRECTION_REVERSED" if wrong else "DIRECTION_HELD" if resolved else "UNDERPOWERED"
        chance = [item.p for item in wrong if item.p is not None]
        p = min(Decimal(1), min(chance) * chances) if wrong and len(chance) == len(wrong) else None
        order = _found(names, scaled, sign)
        note = f"{resolved} of {len(pairs)} pairs are resolved, {len(wrong)} of them reversed; found: {order}"
        tau = number_text(_tau([item.leaning for item in pairs]), _SHOWN)
        shown = tuple(number_text(item, _SHOWN) or "" for item in taus)
        return _ranking(expectation, code, tau, shown, p=number_text(p, _UP), note=note)


def _ranking(  # noqa: PLR0913 - what differs from ranking to ranking
    expectation: Expectation,
    code: str,
    computed: str | None,
    values: tuple[str, ...],
    *,
    p: str | None = None,
    note: str | None = None,
) -> Comparison:
    return Comparison(
        metric=expectation.metric,
        unit=expectation.unit,
        rule=expectation.rule,
        tolerance=None,
        expected=None,
        computed=computed,
        values=values,
        low=None,
        high=None,
        computed_low=None,
        computed_high=None,
        match=code == "DIRECTION_HELD",
        code=code,
        flips_at=None,
        p=p,
        note=note,
    )


def _pair(member: Expectation, better: Sequence[Decimal], worse: Sequence[Decimal], sign: int, alpha: Decimal) -> _Pair:
    gaps = [(one - two) * sign for one, two in zip(better, worse, strict=True)]
    found = sample(gaps)
    leaning = _sign(found.mean)
    if found.n == 1:
        still = negligible(member, max(abs(better[0]), abs(worse[0])))
        return _Pair(leaning if abs(found.mean) > still else 0, leaning)
    with localcontext(_WORK):
        error, degrees = root(found.variance_of_mean), Decimal(found.n - 1)
        if abs(found.mean) <= quantile(alpha, degrees) * error:
            return _Pair(0, leaning)
        return _Pair(leaning, leaning, tail(abs(found.mean) / error, degrees))


_Span = tuple[Decimal, Decimal]


def _span(item: Measured, factor: Decimal) -> _Span | None:
    return None if item.low is None or item.high is None else (item.low * factor, item.high * factor)


def _exact_pair(one: _Span, two: _Span, sign: int) -> _Pair:
    better, worse = (one, two) if sign > 0 else (two, one)
    leaning = _sign((better[0] + better[1]) - (worse[0] + worse[1]))
    return _Pair((better[0] > worse[1]) - (better[1] < worse[0]), leaning)


def _sign(value: Decimal) -> int:
    return (value > 0) - (value < 0)


def _tau(leanings: Sequence[int]) -> Decimal:
    with localcontext(_WORK):
        return Decimal(sum(leanings)) / len(leanings)


def _found(names: Sequence[str], scaled: Sequence[Sequence[Decimal]], sign: int) -> str:
    """Return the first few members in the order in which they were found, with their means."""
    with localcontext(_WORK):
        means = {name: sum(each, Decimal(0)) / len(each) for name, each in zip(names, scaled, strict=True)}
    ordered = sorted(means, key=lambda name: -means[name] * sign)
    more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
    return ", ".join(f"{name} {means[name]:.6g}" for name in ordered[:5]) + more


def compare_cells(expectation: Expectation, cells: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Compare a table whose cells are compared; returns the table and then its cells."""
    with localcontext(EXACT):
        least, total = share(expectation), len(cells)
        matching = sum(item.match for item in cells)
        wrong = [item for item in cells if item.code == "MISMATCH"]
        left = [item.code for item in cells if not item.match]
        undecided = [item for item in left if item != "MISMATCH"]
        if "NON_FINITE" in left:
            code = "NON_FINITE"
        elif matching >= least * total:
            code = "MATCH_TOLERANCE" if left else max((item.code for item in cells), key=SEVERITY.index)
        elif total - len(wrong) < least * total:
            code = "MISMATCH"
        else:
            code = max(undecided, key=SEVERITY.index)
        worst = _worst(cells)
        said = f"worst is {worst.metric}: {worst.computed}, printed {worst.expected}"
        table = Comparison(
            metric=expectation.metric,
            unit=expectation.unit,
            rule=expectation.rule,
            tolerance=expectation.tolerance,
            expected=number_text(least),
            computed=number_text(_WORK.divide(Decimal(matching), Decimal(total)), _SHOWN),
            values=(),  # its cells have theirs
            low=number_text(least),
            high="1",
            computed_low=None,
            computed_high=None,
            match=code in MATCHES,
            code=code,
            flips_at=None,
            note=f"{matching} of {total} cells match; {said}",
        )
        return table, *(item.model_copy(update={"table": expectation.metric}) for item in cells)


def _worst(cells: Sequence[Comparison]) -> Comparison:
    """Return the cell that matches least: by its code, then by the tolerance that it would need."""
    return max(cells, key=lambda item: (SEVERITY.index(item.code), Decimal(item.flips_at or "0")))
