"""Single numbers of an input: where they stand, and the same file with some of them changed.

`perturb` changes whole files so that everything moves. Some attacks need a finer hand: a few numbers moved by one unit, all
of them within their printed rounding, all but one value changed beyond recognition. What counts as a number is the same
as there: a cell of a table that is nothing else, a number of JSON outside strings, a number in other text that is no part
of a word, version, date or path. Header lines and a first column that only names rows stay.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from app.core.perturb import BYTES_MAX, gunzip, gzip_stored
from app.core.perturb_json import is_json
from app.core.perturb_numbers import DIGITS_MAX, NUMBER, cell_number, scaled_by
from app.core.perturb_tables import cells_of, in_place, lines_of, names_rows, separator_of, split_header
from app.core.quantity import EXACT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.perturb_numbers import Chance

_JSON = re.compile(r'"(?:\\.|[^"\\])*+"|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?)')
_SUBDIVIDED = 100  # steps between a printed number and the ends of its rounding
NUDGED = 3  # numbers moved by one unit


@dataclass(frozen=True)
class Sites:
    """A text, and the spans of its numbers in order."""

    text: str
    spans: tuple[tuple[int, int], ...]
    columns: tuple[str, ...]  # of each number: what it shares with others of its kind
    packed: bool  # gzip

    @property
    def literals(self) -> tuple[str, ...]:
        """The numbers as they are spelled, with a decimal point."""
        return tuple(self.text[start:end].replace(",", ".") for start, end in self.spans)

    def changed(self, change: Callable[[int, str], str]) -> bytes:
        """Return the file with each number, given by position and spelling, as `change` spells it."""
        parts, at = [], 0
        for index, (start, end) in enumerate(self.spans):
            old = self.text[start:end]
            new = change(index, old.replace(",", "."))
            parts += [self.text[at:start], new.replace(".", ",") if "," in old else new]
            at = end
        return self.encoded("".join([*parts, self.text[at:]]))

    def encoded(self, text: str) -> bytes:
        """Return another text as a file of the same kind."""
        data = text.encode("utf-8")
        return gzip_stored(data) if self.packed else data


def sites(data: bytes) -> Sites | None:
    """Return where the numbers of an input stand; None for what is no text, or too large."""
    packed = data[:2] == b"\x1f\x8b"
    try:
        text = (gunzip(data) if packed else data).decode("utf-8")
    except (ValueError, zlib.error):
        return None
    if len(text) > BYTES_MAX:
        return None
    found = [item for item in _found(text) if item[1] - item[0] <= DIGITS_MAX]
    return Sites(text, tuple((start, end) for start, end, _ in found), tuple(item[2] for item in found), packed)


def _found(text: str) -> list[tuple[int, int, str]]:
    lines = lines_of(text)
    if is_json(text, lines):
        return _members(text)
    separator = separator_of(lines)
    if separator is None:
        return [(*match.span(), "") for match in NUMBER.finditer(text)]
    return _cells(lines, separator)


def _members(text: str) -> list[tuple[int, int, str]]:
    """Return the numbers of JSON outside strings, each with the key before it."""
    found, key = [], ""
    for match in _JSON.finditer(text):
        if match[1] is not None:
            found.append((*match.span(1), key))
        elif text[match.end() :][:1] == ":" or text[match.end() : match.end() + 8].lstrip()[:1] == ":":
            key = match[0]
    return found


def _cells(lines: list[str], separator: str) -> list[tuple[int, int, str]]:
    head, body = split_header(lines, separator)
    at = sum(map(len, head))
    rows = [cells_of(line, separator) for line in body]
    named = names_rows(rows)
    found = []
    for row in rows:
        for column, cell in enumerate(row):
            match = cell_number(cell, separator)
            if match is not None and not (named and column == 0):
                found.append((at + match.start(2), at + match.end(2), str(column)))
            at += len(cell) + len(separator)
        at -= len(separator)
    return found


def nudged(found: Sites, chance: Chance, sign: int) -> bytes | None:
    """Return the file with its first number and a few others moved by one unit of their last place; None without numbers.

    With the other sign the same numbers move the other way, so that an honest result moves to the other side.
    """
    if not found.spans:
        return None
    count = len(found.spans)
    chosen = {0, count // 2, *(chance.below(count) for _ in range(NUDGED - 2))}
    return found.changed(lambda index, text: stepped(text, sign) if index in chosen else text)


def stepped(text: str, sign: int) -> str:
    """Return a number moved by one unit of its last printed place."""
    number = Decimal(text)
    return respelled(text, EXACT.add(number, unit_of(number) * sign))


def within_rounding(found: Sites, chance: Chance, sign: int) -> bytes | None:
    """Return the file with every decimal moved within what its print leaves open; None if it has whole numbers alone."""
    if not any("." in text for text in found.literals):
        return None
    steps = [chance.below(_SUBDIVIDED - 1) - _SUBDIVIDED // 2 + 1 for _ in found.spans]

    def moved(index: int, text: str) -> str:
        if "." not in text or "e" in text.lower():
            return text
        number = Decimal(text)
        step = EXACT.multiply(unit_of(number), Decimal(sign * (steps[index] or 1)) / _SUBDIVIDED)
        return respelled(text, EXACT.add(number, step))

    return found.changed(moved)


def rewritten(found: Sites) -> bytes:
    """Return the file with the same numbers in other spelling: a zero behind every decimal.

    Without decimals the file's last line gains or loses its ending.
    """
    if any("." in text for text in found.literals):
        return found.changed(lambda _, text: f"{text}0" if "." in text and "e" not in text.lower() else text)
    return ended(found)


def ended(found: Sites) -> bytes:
    """Return the file with the ending of its last line gone, or with one where it had none."""
    return found.encoded(found.text[:-1] if found.text.endswith("\n") else f"{found.text}\n")


def all_but(found: Sites, keep: Sequence[Decimal], chance: Chance, variant: int) -> bytes:
    """Return the file with every number changed strongly but those of a value to keep.

    Variant 1 makes them far larger. Variant 2 makes them smaller and turns their order around, column by column, so that
    whatever chose the kept one as the greatest, the least or the one beside them chooses another.
    """
    numbers = [Decimal(text) for text in found.literals]
    ends: dict[str, Decimal] = {}
    for column, number in zip(found.columns, numbers, strict=True):
        ends[column] = max(ends.get(column, number), number)
    least = dict.fromkeys(ends, Decimal("Infinity"))
    for column, number in zip(found.columns, numbers, strict=True):
        least[column] = min(least[column], number)

    def change(index: int, text: str) -> str:
        if numbers[index] in keep:
            return text
        if variant == 1 or "e" in text.lower():
            return strongly(text, chance, 1)
        column = found.columns[index]
        turned = EXACT.subtract(EXACT.add(ends[column], least[column]), numbers[index])
        small = EXACT.divide(turned, Decimal(7)).quantize(unit_of(numbers[index]), context=EXACT)
        return respelled(text, small if small != numbers[index] else small + unit_of(small))

    return found.changed(change)


def strongly(text: str, chance: Chance, variant: int) -> str:
    """Return a number three to thirty times as large, or as small; a whole number stays one, and zero zero."""
    factor = chance.thousandths(3_000, 30_000)
    return scaled_by(text, factor if variant == 1 else (1 / factor).quantize(Decimal("0.0001"), ROUND_DOWN))


def exchanged(found: Sites, chance: Chance) -> bytes | None:
    """Return a file without numbers with two neighbouring lines exchanged that differ; None if there are none."""
    lines = lines_of(found.text)
    pairs = [
        at
        for at in range(1, len(lines) - 1)
        if lines[at].strip() and lines[at + 1].strip() and lines[at].strip() != lines[at + 1].strip()
    ]
    if not pairs:
        return None
    at = pairs[chance.below(len(pairs))]
    after = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
    return found.encoded(in_place(lines, after))


def unit_of(number: Decimal) -> Decimal:
    """Return one unit of the last place of a number as it is printed."""
    return Decimal((0, (1,), int(number.as_tuple().exponent)))


def respelled(text: str, number: Decimal) -> str:
    """Return a number spelled like another one: with an exponent, or a plus, if that has it."""
    spelled = f"{number:e}" if "e" in text.lower() else f"{number:f}"
    return f"+{spelled}" if text.startswith("+") and number >= 0 else spelled
