"""Printed arithmetic (Gate 1, without a run): does what a sentence prints fit together?

Only what the sentence itself spells out is computed: a + b = c, "from a to b, a gain of c", k of n (p %), p % of n, an
accuracy on n items, shares that should make 100 %, M, SD and n of whole-number data, and a p beside its test statistic.
Every printed number stands for the closed interval of its rounding. What does not fit is shown with its working; it is a
finding about the print and no verdict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from app.core import arithmetic_granular as granular
from app.core.arithmetic_tests import recomputed
from app.core.bands import expects_text
from app.core.grounding_text import normal
from app.core.quantity import Printed, printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.model import Claim

N_MAX = 1_000_000
TERMS_MAX = 64
SHARES_NEAR = (80, 120)  # what shares of a whole may be printed to add up to
YEARS = range(1900, 2100)

_N = r"[-+]?(?:[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})"
_COUNT = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,7}"
_END = r"(?![0-9]|[.,][0-9])"
_START = r"(?<![\w.,/])"
#: What follows a number that counts nothing: a share of it need be no whole number.
_MEASURE = (
    r"(?:thousand|[mb]illion|trillion|seconds?|minutes?|hours?|days?|weeks?|months?|years?|points?|dollars?|euros?|pounds?"
    r"|[km]?m|cm|[km]?g|m?l|[KMGT]i?B)"
)
_EQUATION = re.compile(rf"(?<![-+×x*·/^(=] ){_START}({_N}(?: ?%)?(?: [-+] {_N}(?: ?%)?)+) = ({_N}){_END}")
_REVERSED = re.compile(
    rf"(?<![-+×x*·/^(=] ){_START}({_N}) = ({_N}(?: ?%)?(?: [-+] {_N}(?: ?%)?)+){_END}(?! ?[-+×x*·/^=(])"
)
_CHANGE = re.compile(
    rf"\bfrom ({_N})( ?%)? to ({_N}){_END}(?: ?%)?,? (?:with )?an? (?:absolute )?"
    rf"(?:gain|increase|improvement|rise|drop|decrease|decline|fall|loss|difference|change) of ({_N}){_END}(?! ?(?:%|per))"
)
_PART = re.compile(rf"{_START}({_COUNT}) ?(?:/|of|out of) ?({_COUNT})[\w ]{{0,40}}\(({_N}) ?%\)")
_PART_BEHIND = re.compile(rf"{_START}({_N}) ?%[\w ]{{0,40}}\(({_COUNT}) ?(?:/|of|out of) ?({_COUNT})\)")
_PERCENT_OF = re.compile(
    rf"{_START}({_N}) ?% of (?:the |all |our )?({_COUNT}){_END}(?! ?(?:[%=]|(?:is|are|{_MEASURE})\b))"
)
#: Things of which a share is a whole number.
_THINGS = (
    r"(?:participants?|people|persons?|patients?|respondents?|subjects?|students?|raters?|items?|questions?|examples?"
    r"|sentences?|images?|cases?|samples?|tasks?|problems?)"
)
_OF_THEM = re.compile(rf"\b[Oo]f (?:the |all |our )?({_COUNT}) (?:[a-z]+ )?{_THINGS}\b[,;]? ({_N}) ?%{_END}")
_RIGHT_ON = re.compile(
    rf"\b[Aa]ccuracy (?:was |is |of |= ?)({_N}) ?(%)?{_END} (?:on|over|in|for)"
    rf" (?:the |all |our )?({_COUNT}) (?:[a-z]+ )?{_THINGS}\b"
)
_SHARES = re.compile(rf"{_START}({_N}) ?%")
_WHOLE = re.compile(
    r"\bin total\b|\btotal(?:s|ling)?\b|\bthe (?:rest|remaining|remainder)\b|\b100 ?%|\bshares? of\b", re.IGNORECASE
)
_MEAN = re.compile(rf"\b(?:M|[Mm]ean)(?:(?: [a-z]+){{0,3}} was| ?=| of) ?({_N}){_END}(?:[,;]? \(?SD ?= ?({_N}){_END})?")
_SIZE = re.compile(rf"\b[nN] ?= ?({_COUNT}){_END}")
_SEVERAL = re.compile(r"\b(?:mean|average[ds]?|averaging|seeds?|runs?|folds?|trials?|±)", re.IGNORECASE)
#: Words of data that are whole numbers; of others a mean may be anything.
_WHOLE_NUMBERS = re.compile(
    r"\b(?:scale|likert|ratings?|rated|items?|counts?|number of|years? old|ages?|whole numbers?)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Finding:
    """One computation over printed numbers, with its working."""

    holds: bool
    said: str
    decision: bool = False  # a wrong p on the other side of .05


def check(claim: Claim) -> tuple[Finding, ...]:
    """Return what the quote and the statement of a claim spell out, each once; empty when there is nothing."""
    texts = [normal(text) for text in (claim.claim.quote, claim.claim.statement) if text]
    found = [finding for text in texts for finding in check_text(text)]
    found += [finding for text in texts[:1] for finding in _expected(claim, " ".join(texts))]
    return tuple(dict.fromkeys(found))


def check_text(text: str) -> Iterator[Finding]:
    """Yield a finding for everything that a text in normal form spells out."""
    yield from _equations(text)
    yield from _parts(text)
    yield from _whole(text)
    sizes = _SIZE.findall(text)
    if len(sizes) == 1 and _WHOLE_NUMBERS.search(text):
        for mean, sd in _MEAN.findall(text):
            yield from _granular(mean, sd or None, sizes[0])
    for error in recomputed(text):
        yield Finding(error.holds, error.said, error.decision)


def _expected(claim: Claim, text: str) -> Iterator[Finding]:
    """Check the means whose deviation and sample size stand beside them in the claim."""
    if not _WHOLE_NUMBERS.search(text):
        return
    for item in claim.expect:
        if item.value is not None and item.n is not None and item.n.isdigit() and not expects_text(item):
            yield from _granular(item.value, item.sd, item.n)


def _equations(text: str) -> Iterator[Finding]:
    sums = [(match[1], match[2]) for match in _EQUATION.finditer(text)]
    sums += [(match[2], match[1]) for match in _REVERSED.finditer(text)]
    for written, total in sums:
        terms = re.findall(rf"({_N})(?: ?%)?", written.replace("- ", "-").replace("+ ", "+"))[:TERMS_MAX]
        yield _adds_up([printed(term) for term in terms], printed(total), f"{written} = {total}")
    for match in _CHANGE.finditer(text):
        low, high = printed(match[1]), printed(match[3])
        if low.value in YEARS and high.value in YEARS:
            continue
        first, last = (high, low) if low.value > high.value else (low, high)
        size = printed(match[4].lstrip("-+"))
        yield _adds_up([last, _negative(first)], size, f"{last.text} - {first.text} = {size.text}")


def _adds_up(terms: list[Printed], total: Printed, shown: str) -> Finding:
    exact = sum((Fraction(term.value) for term in terms), Fraction(0))
    room = sum((Fraction(term.half_unit) for term in terms), Fraction(total.half_unit))
    off = abs(exact - Fraction(total.value))
    said = (
        f"{shown}: the printed terms give {_number(exact)}, and their rounding allows a difference of {_number(room)}"
    )
    return Finding(off <= room, said)


def _parts(text: str) -> Iterator[Finding]:
    both = [(match[1], match[2], match[3]) for match in _PART.finditer(text)]
    both += [(match[2], match[3], match[1]) for match in _PART_BEHIND.finditer(text)]
    for part, whole, percentage in both:
        count, n = _count(part), _count(whole)
        if 0 < n <= N_MAX:
            share = Fraction(100 * count, n)
            low, high = granular.ends(printed(percentage))
            yield Finding(
                low <= share <= high, f"{part} of {whole} is {_number(share)} %, and {percentage} % is printed"
            )
    for percent, size in _percentages(text):
        n = _count(size)
        if 0 < n <= N_MAX and 0 <= percent.value <= 100:
            yield _percentage(percent, n)


def _percentages(text: str) -> Iterator[tuple[Printed, str]]:
    """Yield percentages that a text prints, and of how many things they are."""
    yield from ((printed(match[1]), match[2]) for match in _PERCENT_OF.finditer(text))
    if _SEVERAL.search(text):  # what is a mean over several runs need be no share of them
        return
    yield from ((printed(match[2]), match[1]) for match in _OF_THEM.finditer(text))
    for match in _RIGHT_ON.finditer(text):
        value = printed(match[1])
        if not match[2]:  # a share from 0 to 1
            value = Printed(f"{value.value.scaleb(2):f}", value.value.scaleb(2), value.half_unit.scaleb(2))
        yield value, match[3]


def _percentage(value: Printed, n: int) -> Finding:
    found = granular.shares(value, n)
    if found:
        return Finding(holds=True, said=f"{value.text} % of {n} is {found[0]} of them")
    low = int(Fraction(value.value) * n / 100)
    near = ", ".join(f"{count} of {n} is {_number(Fraction(100 * count, n))} %" for count in (low, low + 1))
    return Finding(holds=False, said=f"{value.text} % of {n} is no whole number of them: {near}")


def _whole(text: str) -> Iterator[Finding]:
    """Add up three or more percentages of which the text says that they make a whole."""
    parts = [printed(part) for part in _SHARES.findall(text) if printed(part).value not in (0, 100)]
    near = SHARES_NEAR[0] <= sum(part.value for part in parts) <= SHARES_NEAR[1]  # else they are parts of nothing
    if 3 <= len(parts) <= TERMS_MAX and near and _WHOLE.search(text):
        shown = " + ".join(part.text for part in parts)
        yield _adds_up(parts, printed("100"), f"{shown} = 100")


def _granular(mean: str, sd: str | None, size: str) -> Iterator[Finding]:
    """GRIM, and GRIMMER where a deviation stands beside the mean."""
    n, value = _count(size), printed(mean)
    if not 1 < n <= N_MAX:
        return
    low, high = granular.ends(value)
    if (high - low) * n > TERMS_MAX:  # any print is possible
        return
    if not granular.sums(value, n):
        near = int(Fraction(value.value) * n // 1)
        said = f"{near}/{n} is {_number(Fraction(near, n))}, {near + 1}/{n} is {_number(Fraction(near + 1, n))}"
        yield Finding(holds=False, said=f"no mean of {n} whole numbers prints as {mean}: {said} (GRIM)")
    elif sd is not None and not granular.grimmer(value, printed(sd), n):
        said = f"no {n} whole numbers with the mean {mean} have a standard deviation that prints as {sd} (GRIMMER)"
        yield Finding(holds=False, said=said)
    else:
        deviation = "" if sd is None else f" with the standard deviation {sd}"
        yield Finding(holds=True, said=f"the mean {mean}{deviation} is possible for {n} whole numbers")


def _negative(number: Printed) -> Printed:
    return Printed(number.text, -number.value, number.half_unit)


def _count(text: str) -> int:
    return int(text.replace(",", ""))


def _number(value: Fraction) -> str:
    """Return a number with at most six digits."""
    return f"{float(value):.6g}"
