"""The chance behind perturbations, and numbers scaled by it.

A derivation's bytes must come out the same for anybody, years later and under another Python. The standard generator
promises that for `random()` alone, so everything else here is made of that and of decimal arithmetic.
"""

from __future__ import annotations

import hashlib
import random
import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

DIGITS_MAX = 400  # a longer row of digits is no number but a sequence or a hash
WIDE = Context(prec=2 * DIGITS_MAX)

#: A number inside a text; no part of a word, version, date (also with the month as three letters), time, path or range.
NUMBER = re.compile(
    r"(?<![\w.])(?<![0-9][-:/])(?<![A-Za-z]{3}[-/])[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
    r"(?!\w|[-.:/][0-9]|[-/][A-Za-z]{3}[-/])"
)
# No two parts of it may share a sign, or a hostile cell costs the square of its length.
_CELL = re.compile(r'(\s*+"?)([-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)(\s*+%?"?\s*+)')
_COMMA_CELL = re.compile(r'(\s*+"?)([-+]?[0-9]+,[0-9]+)(\s*+%?"?\s*+)')
_CELL_MAX = DIGITS_MAX + 50  # characters


def cell_number(cell: str, separator: str = ",") -> re.Match[str] | None:
    """Match a table's cell that is a number and nothing else: what is before it, the number, what is behind it.

    Where the separator is no comma, a number may have a decimal one.
    """
    if len(cell) > _CELL_MAX:
        return None
    match = _CELL.fullmatch(cell)
    if match is None and separator != "," and "," in cell:
        match = _COMMA_CELL.fullmatch(cell)
    return match


def renumbered(match: re.Match[str], change: Callable[[str], str]) -> str:
    """Return a cell with its number changed; a decimal comma stays one."""
    number = match[2]
    new = change(number.replace(",", ".")).replace(".", ",") if "," in number else change(number)
    return match[1] + new + match[3]


class Chance:
    """Choices that follow from a key alone."""

    def __init__(self, key: str) -> None:
        seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big")
        self._random = random.Random(seed)  # noqa: S311 - reproducible, not secret

    def below(self, count: int) -> int:
        """Return a whole number from 0 to `count` - 1."""
        return int(self._random.random() * count)

    def thousandths(self, least: int, most: int) -> Decimal:
        """Return a factor between two numbers of thousandths."""
        return Decimal(least + self.below(most - least + 1)) / 1000

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in another order."""
        found = list(items)
        for last in range(len(found) - 1, 0, -1):
            other = self.below(last + 1)
            found[last], found[other] = found[other], found[last]
        return found

    def drawn(self, items: Sequence[T]) -> list[T]:
        """Return about three quarters of the items, half of them replaced by others, in another order."""
        left = len(items) - max(1, len(items) // 4) if len(items) > 1 else len(items)
        kept = self.shuffled(items)[:left]
        return [items[self.below(len(items))] if self.below(2) else item for item in kept]


def scaled(literal: str, chance: Chance) -> str:
    """Return a number of the same kind, sign and number of places, scaled by a factor from 0.5 to 2 that is not near 1.

    Zero stays zero, and nothing becomes zero or stays as it was.
    """
    return scaled_by(literal, chance.thousandths(500, 850) if chance.below(2) else chance.thousandths(1150, 2000))


def scaled_by(literal: str, factor: Decimal) -> str:
    """Return a number of the same kind, sign and number of places, scaled by a factor; what would stay moves a unit on.

    Zero stays zero.
    """
    if len(literal) > DIGITS_MAX:
        return literal
    number = Decimal(literal)
    if not number:
        return literal
    if "e" in literal.lower():
        return f"{WIDE.multiply(number, factor):.{len(number.as_tuple().digits) + 1}e}"
    unit = Decimal((0, (1,), int(number.as_tuple().exponent)))
    found = WIDE.quantize(WIDE.multiply(number, factor), unit)
    if not found or found == number:
        found = WIDE.add(number, unit.copy_sign(number))
    text = format(found, "f")
    sign = "+" if literal.startswith("+") else ""
    whole = re.match(r"[-+]?(0[0-9]+)", literal)
    if whole is not None:  # a code such as 00731 keeps its width
        return sign + text.zfill(len(literal) - len(sign))
    return sign + (text.removeprefix("0") if literal.lstrip("+-").startswith(".") else text)
