"""Numbers as they stand in running text: which ones a passage prints, and whether a printed value is one of them.

A value stands in a passage when a whole number there has the same digits: 8.7 is not in 18.70 and not in 8.70, because
trailing zeros say how precisely something was known. Spelling counts for nothing else: a leading zero, separators of
thousands, a decimal comma, a typographic minus, "× 10^-5" for "e-5", a word for a small whole number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.quantity import EXACT, Printed, printed
from app.core.units import per_point

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSAGE_MAX = 100_000  # characters of a passage that is read for numbers

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)

#: A sign counts where no word, number or bracket stands before it: the dash of 5-8 and of GPT-3.5 is none.
_NUMBER = re.compile(
    r"(?:(?<![\w)\].,%])[-+])?(?<![^\W_])(?<![0-9]\.)"
    r"(?>(?P<thousands>[0-9]{1,3}(?:[,'][0-9]{3})+(?![0-9])(?:\.[0-9]+)?)"
    r"|(?P<comma>[0-9]+,[0-9]+)|(?P<plain>[0-9]+(?:\.[0-9]+)?|\.[0-9]+))"
    r"(?:[eE](?P<e>[-+]?[0-9]{1,3})| ?[×x*·] ?10(?:(?:\^|\*\*)\{?|(?=[-+]))(?P<power>[-+]?[0-9]{1,3})\}?)?+"
    r"(?!\.?[0-9])(?!(?:st|nd|rd|th)\b)(?P<percent>\s?(?:%|per ?cent\b))?"
)


@dataclass(frozen=True)
class Token:
    """A number in a text."""

    start: int
    end: int
    text: str
    readings: tuple[Printed, ...]  # more than one where a comma may separate thousands or decimals
    percent: bool = False

    def prints(self, value: Printed) -> bool:
        """Whether it has the value and the digits of a print."""
        return any(_same(reading, value) for reading in self.readings)


def number_tokens(text: str) -> list[Token]:
    """Return every number of a text, in order of place; words for 0 to 12 included."""
    shown = text[:PASSAGE_MAX].replace("\N{MINUS SIGN}", "-")
    found = [token for match in _NUMBER.finditer(shown) for token in _tokens(match)]
    for match in _WORD.finditer(shown):
        figure = str(_WORDS.index(match[0].lower()))
        found.append(Token(match.start(), match.end(), match[0], (printed(figure),)))
    return sorted(found, key=lambda token: token.start)


def stands_in(text: str, value: str, unit: str | None = None) -> str | None:
    """Say how a printed value stands in a text: "printed", "unsigned" (negative, its sign is said in words), or None.

    A percentage in the text is also that of a value whose unit is a fraction.

    Raises:
        ValueError: the value is no decimal number.

    """
    wanted = printed(value)
    tokens = number_tokens(text)
    if any(token.prints(wanted) for token in tokens):
        return "printed"
    if unit is not None and per_point(unit) == 100:
        percentage = _scaled(wanted, 2)
        if any(token.percent and token.prints(percentage) for token in tokens):
            return "printed"
    if wanted.value < 0:
        opposite = Printed(wanted.text, -wanted.value, wanted.half_unit)
        if any(token.prints(opposite) for token in tokens):
            return "unsigned"
    return None


def _tokens(match: re.Match[str]) -> Iterator[Token]:
    start, end = match.span()
    if match["comma"] and match.string[start - 1 : start] == "(" and match.string[end : end + 1] == ")":
        for part in re.finditer(r"[-+]?[0-9]+", match[0]):  # degrees of freedom, such as F(2,28)
            yield Token(start + part.start(), start + part.end(), part[0], _readings([part[0]]))
        return
    sign = match[0][0] if match[0][0] in "-+" else ""
    exponent = match["e"] or match["power"]
    power = f"e{exponent}" if exponent else ""
    body = match["thousands"] or match["comma"] or match["plain"]
    spellings = [re.sub("[,']", "", body) if match["thousands"] else body.replace(",", ".")]
    if match["thousands"] and re.fullmatch(r"[0-9]{1,3},[0-9]{3}", body):
        spellings.append(body.replace(",", "."))
    readings = _readings([f"{sign}{spelling}{power}" for spelling in spellings])
    if readings:
        yield Token(start, end, match[0].strip(), readings, percent=match["percent"] is not None)


def _readings(spellings: list[str]) -> tuple[Printed, ...]:
    """Return what spellings mean; none of those with too many digits, which no claim can print."""
    found = []
    for spelling in spellings:
        try:
            found.append(printed(spelling))
        except ValueError:
            continue
    return tuple(found)


def _scaled(number: Printed, places: int) -> Printed:
    return Printed(number.text, EXACT.scaleb(number.value, places), EXACT.scaleb(number.half_unit, places))


def _same(one: Printed, other: Printed) -> bool:
    return one.value == other.value and one.half_unit == other.half_unit
