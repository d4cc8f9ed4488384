"""p recomputed from the test statistic beside it, for sentences in the style t(28) = 2.20, p = .03.

As Nuijten et al. (2016) check articles: the statistic stands for the interval of its rounding, and p is wrong when no value
of it gives the printed p. A *decision error* is a wrong p on the other side of .05. Where the text speaks of a one-sided
test, half the p does as well. A p printed as zero is wrong: there is none.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core import distributions
from app.core.quantity import Printed, printed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALPHA = 0.05
DF_MAX = 1e6
TESTS_MAX = 50  # of one kind in a text
NOISE = 1e-9  # of our own arithmetic

_N = r"[-+]?(?:[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})"
_DF = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
_TAIL = rf" ?= ?({_N}), ?p ?([<>=]) ?((?:0|1)?\.[0-9]{{1,15}}|0|1)(?![0-9])"
_CHI = r"(?:χ2|χ²|[Xx]2|[Xx]²|[Cc]hi2|[Cc]hi ?squared?)"
_PATTERNS: dict[str, re.Pattern[str]] = {
    "t": re.compile(rf"\b(t) ?\( ?{_DF} ?(?:())\){_TAIL}"),
    "r": re.compile(rf"\b(r) ?\( ?{_DF} ?(?:())\){_TAIL}"),
    "F": re.compile(rf"\b(F) ?\( ?{_DF} ?, ?{_DF} ?\){_TAIL}"),
    "chi": re.compile(rf"(?<!\w)({_CHI}) ?\( ?{_DF} ?(?:, ?[Nn] ?= ?[0-9,]+)?(?:())\){_TAIL}"),
    "z": re.compile(rf"\b([zZ])(?:())(?:()){_TAIL}"),
}
_ONE_SIDED = re.compile(r"\bone[ -]?(?:sided|tailed)\b|\bdirectional\b", re.IGNORECASE)


@dataclass(frozen=True)
class Recomputed:
    """One printed p and what its statistic gives."""

    holds: bool
    decision: bool
    said: str


def recomputed(text: str) -> Iterator[Recomputed]:
    """Yield what becomes of every p that stands beside its statistic, in a text in normal form."""
    one_sided = _ONE_SIDED.search(text) is not None
    for kind, pattern in _PATTERNS.items():
        for match in itertools.islice(pattern.finditer(text), TESTS_MAX):
            _, first, second, statistic, sign, p = match.groups()
            df = [float(part) for part in (first, second) if part]
            if all(0 < each <= DF_MAX for each in df):
                yield _judge(match[0], _tail(kind, df), (printed(statistic), sign, printed(p)), one_sided=one_sided)


def _tail(kind: str, df: list[float]) -> Callable[[float], float]:
    """Return the function from a statistic's absolute value to its p."""
    match kind:
        case "t":
            return lambda value: distributions.student_two_sided(value, df[0])
        case "r":
            return lambda value: distributions.correlation_two_sided(value, df[0])
        case "F":
            return lambda value: distributions.fisher_upper(value, df[0], df[1])
        case "chi":
            return lambda value: distributions.chi_squared_upper(value, df[0])
        case _:
            return distributions.normal_two_sided


def _judge(
    shown: str, tail: Callable[[float], float], told: tuple[Printed, str, Printed], *, one_sided: bool
) -> Recomputed:
    statistic, sign, p = told
    size, room = abs(float(statistic.value)), float(statistic.half_unit)
    least, point, most = tail(size + room), tail(size), tail(max(0.0, size - room))
    halves = (1.0, 0.5) if one_sided else (1.0,)
    holds = any(_fits(least * share, most * share, sign, p) for share in halves)
    said = _significant(sign, p)
    wrong_side = not holds and said is not None and said != (point <= ALPHA)
    kind = "" if holds else " (decision error)" if wrong_side else " (error)"
    return Recomputed(holds, wrong_side, f"{shown}: the statistic gives p = {point:.3g}{kind}")


def _fits(least: float, most: float, sign: str, p: Printed) -> bool:
    said = float(p.value)
    if sign == "<":
        return least < said + NOISE
    if sign == ">":
        return most > said - NOISE
    return said > 0 and least <= float(p.high) + NOISE and most >= float(p.low) - NOISE


def _significant(sign: str, p: Printed) -> bool | None:
    """Whether the printed p is on the significant side; None when it does not say."""
    said = float(p.value)
    if sign == ">":
        return False if said >= ALPHA else None
    if sign == "<":
        return True if said <= ALPHA else None
    return said <= ALPHA
