"""Rows paired anew for Gate 3: what agrees, leads or lies in the middle does so no longer.

Scaling numbers moves no share of labels that agree, and drawing rows again moves none that is exactly all of them. So
here every column but the first is moved on by a number of rows of its own, along an order that the seal fixes. Its
numbers grow by one factor, so that every rank in it grows too (of a table's column by the more the smaller its sum is, so
that another column leads), and its most frequent text gives way to another. A first
column without repetitions names the rows and stays; a column of two values holds classes, which change places. Where
all numbers of a column are zero, none stays so, and a column of one value alone takes another in the greater part of its
rows: neither scaling nor drawing nor moving can change those.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from app.core.perturb_numbers import Chance

T = TypeVar("T")

HOW = "columns moved against each other, numbers grown, one text in place of another"


GROWTH_LEAST, GROWTH_MOST = 1250, 2000  # thousandths

_SIGN = re.compile(r'[^\s"]')


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How the cells of one kind of file are changed."""

    grown: Callable[[T], T | None]  # a larger number, None for what is no number; zero stays
    raised: Callable[[T, int], T]  # zero -> the same with a digit in its place
    other: Callable[[T], T]  # what is no number -> a value that the column may not have


def other_text(text: str) -> str:
    """Return a text that begins otherwise; quotes and blanks around it stay."""
    changed = _SIGN.sub(lambda match: "y" if match[0] in "xX" else "x", text, count=1)
    half = len(text) // 2
    return changed if changed != text else f"{text[:half]}x{text[half:]}"


def factor_of(chance: Chance) -> Decimal:
    """Return the one factor by which the numbers of an input grow."""
    return chance.thousandths(GROWTH_LEAST, GROWTH_MOST)


def shift_of(position: int, rows: int) -> int:
    """Return by how many rows a column is moved on; neighbours differ, and of three rows or more only the first stays."""
    if position == 0 or rows < 3:
        return position % max(1, rows)
    return 1 + (position - 1) % (rows - 1)


def column_anew(cells: Sequence[T], position: int, kind: Kind[T]) -> list[T]:
    """Return a column's cells in the same number."""
    values = set(cells)
    if position == 0 and 1 < len(values) == len(cells):
        return list(cells)
    shift = shift_of(position, len(cells))
    moved = _moved(cells, shift)
    after = {cell: kind.grown(cell) for cell in values}
    numbers = [cell for cell in values if after[cell] is not None]
    nothing = bool(numbers) and all(after[cell] == cell for cell in numbers)
    if len(values) == 1 or nothing:
        most = len(cells) // 2 + 1 if len(cells) > 2 else 1  # more than half, so that a median moves too
        marks = _moved([True] * most + [False] * (len(cells) - most), shift)
        change = _raised if nothing else _other
        return [change(cell, kind, most=mark) for cell, mark in zip(moved, marks, strict=True)]
    if len(values) == 2:
        one, two = values
        classes = {one: two, two: one} if len(cells) > len(values) else {}  # of two rows the move was the change
        return [classes.get(cell, cell) for cell in moved]
    if numbers:
        return [cell if (more := after[cell]) is None else more for cell in moved]
    if len(values) == len(cells):
        return moved
    frequent = Counter(moved).most_common(1)[0][0]
    heir = next(cell for cell in moved if cell != frequent)
    return [heir if cell == frequent else cell for cell in moved]


def alone_anew(value: T, kind: Kind[T]) -> T:
    """Return a value that stands in no column, changed."""
    return column_anew([value], 1, kind)[0]


def _raised(cell: T, kind: Kind[T], *, most: bool) -> T:
    return cell if kind.grown(cell) is None else kind.raised(cell, 1 if most else 2)


def _other(cell: T, kind: Kind[T], *, most: bool) -> T:
    if not most:
        return cell
    more = kind.grown(cell)
    return kind.other(cell) if more is None else more


def _moved(items: Sequence[T], shift: int) -> list[T]:
    return [*items[len(items) - shift :], *items[: len(items) - shift]]
