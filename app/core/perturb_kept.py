"""What the numbers of an input hold among themselves, put right again after a change that spares structure.

Shares that add up to 1 or to 100, in a column, a row or a list, and a table that equals its own transpose are often checked
by whoever reads them. A change of single numbers breaks both, and a careful script then refuses the file. So what a change
with whole numbers left alone has made of them is mended: of a table's two equal cells the lower left one follows the
other, and its diagonal stays; shares are brought to their old sum. Where few of them moved by little, the largest of the
others takes up the difference, so that a nudge stays a nudge; else those that moved are scaled by one factor.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.perturb_numbers import WIDE
from app.core.perturb_sites import respelled, sites, unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.perturb_sites import Sites

WHOLES = (Decimal(1), Decimal(100))  # what shares add up to
LITTLE = Decimal("0.01")  # a share of the sum
LEAST = 2  # shares of a whole
SIDE_LEAST = 3  # rows and columns of a symmetric table


def mended(before: bytes, after: bytes) -> bytes:
    """Return a changed file with the sums and the symmetry of the file before the change, where it had any."""
    one, two = sites(before), sites(after)
    if one is None or two is None or len(one.spans) != len(two.spans):
        return after
    texts = list(two.literals)
    side = _side(one)
    if side:
        for at in range(side * side):
            row, column = divmod(at, side)
            texts[at] = one.literals[at] if row == column else texts[min(at, column * side + row)]
    for places in [] if side else _wholes(one):
        _refit(one.literals, texts, places)
    return two.changed(lambda at, _: texts[at])


def _side(found: Sites) -> int:
    """Return how many rows and columns a table has that equals its own transpose, 0 for none."""
    rows = _lines(found)
    side = len(rows)
    if side < SIDE_LEAST or any(len(row) != side for row in rows):
        return 0
    numbers = [Decimal(text) for text in found.literals]
    mirrored = all(numbers[i * side + j] == numbers[j * side + i] for i in range(side) for j in range(i))
    return side if mirrored else 0


def _lines(found: Sites) -> list[list[int]]:
    """Return the positions of numbers line by line, lines without any left out."""
    lines: dict[int, list[int]] = {}
    line, start = 0, 0
    for at, (begin, _) in enumerate(found.spans):
        line += found.text.count("\n", start, begin)
        lines.setdefault(line, []).append(at)
        start = begin
    return list(lines.values())


def _wholes(found: Sites) -> list[list[int]]:
    """Return the positions of shares of one whole: of columns, or keys in JSON, and else of lines; none stands in two."""
    columns: dict[str, list[int]] = {}
    for at, column in enumerate(found.columns):
        columns.setdefault(column, []).append(at)
    chosen = [places for places in columns.values() if _whole(found, places)]
    return chosen or [places for places in _lines(found) if _whole(found, places)]


def _whole(found: Sites, places: Sequence[int]) -> bool:
    numbers = [Decimal(found.literals[at]) for at in places]
    shares = [number for number in numbers if number != number.to_integral_value()]
    if len(shares) < LEAST or min(numbers) < 0:
        return False
    room = len(shares) * unit_of(min(shares, key=unit_of)) / 2
    return any(abs(WIDE.subtract(_sum(numbers), whole)) <= room for whole in WHOLES)


def _sum(numbers: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = WIDE.add(total, number)
    return total


def _refit(before: Sequence[str], texts: list[str], places: Sequence[int]) -> None:
    """Bring shares to their old sum, in place."""
    old = {at: Decimal(before[at]) for at in places}
    new = {at: Decimal(texts[at]) for at in places}
    moved = [at for at in places if old[at] != new[at]]
    still = [at for at in places if at not in set(moved) and old[at] != old[at].to_integral_value()]
    total = _sum(list(old.values()))
    lacking = WIDE.subtract(total, _sum(list(new.values())))
    if still and abs(lacking) <= WIDE.multiply(total, LITTLE):
        largest = max(still, key=lambda at: old[at])
        texts[largest] = respelled(before[largest], WIDE.add(old[largest], lacking))
        return
    part = _sum([new[at] for at in moved])
    if not part > 0:
        return
    room = WIDE.add(part, lacking)
    unit = min(map(unit_of, old.values())).scaleb(-1)
    fitted = {at: WIDE.quantize(WIDE.divide(WIDE.multiply(new[at], room), part), unit) for at in moved}
    largest = max(moved, key=lambda at: fitted[at])
    fitted[largest] = WIDE.add(fitted[largest], WIDE.subtract(room, _sum(list(fitted.values()))))
    if fitted == {at: old[at] for at in moved}:  # few digits, all of which moved alike
        half = WIDE.divide(fitted[moved[0]], Decimal(2))
        fitted[moved[0]] = WIDE.subtract(fitted[moved[0]], half)
        fitted[moved[-1]] = WIDE.add(fitted[moved[-1]], half)
    for at, number in fitted.items():
        texts[at] = respelled(before[at], number)
