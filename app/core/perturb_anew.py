"""Rows paired anew for Gate 3: what agrees, leads or lies in the middle does so no longer.

Scaling numbers moves no share of labels that agree, and drawing rows again moves none that is exactly all of them. So
here every column but the first is moved on by a number of rows of its own, along an order that the seal fixes. Its
numbers grow by one factor, so that every rank in it grows too, and its most frequent text gives way to another. A first
column without repetitions names the rows and stays; a column of two values holds classes, which change places.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from app.core.perturb_numbers import Chance

T = TypeVar("T")

HOW = "columns moved against each other, numbers grown, one text in place of another"


def factor_of(chance: Chance) -> Decimal:
    """Return the one factor by which the numbers of an input grow."""
    return chance.thousandths(1250, 2000)


def shift_of(position: int, rows: int) -> int:
    """Return by how many rows a column is moved on; neighbours differ, and of three rows or more only the first stays."""
    if position == 0 or rows < 3:
        return position % max(1, rows)
    return 1 + (position - 1) % (rows - 1)


def column_anew(cells: Sequence[T], position: int, grown: Callable[[T], T | None]) -> list[T]:
    """Return a column's cells in the same number; `grown` gives None for what is no number."""
    values = set(cells)
    if position == 0 and len(values) == len(cells):
        return list(cells)
    shift = shift_of(position, len(cells))
    moved = [*cells[len(cells) - shift :], *cells[: len(cells) - shift]]
    if len(values) <= 2:
        one, two = (*values, *values)[:2]
        classes = {one: two, two: one} if len(cells) > len(values) else {}  # of two rows the move was the change
        return [classes.get(cell, cell) for cell in moved]
    after = {cell: grown(cell) for cell in values}
    if any(cell is not None for cell in after.values()):
        return [cell if (more := after[cell]) is None else more for cell in moved]
    if len(values) == len(cells):
        return moved
    frequent = Counter(moved).most_common(1)[0][0]
    heir = next(cell for cell in moved if cell != frequent)
    return [heir if cell == frequent else cell for cell in moved]
