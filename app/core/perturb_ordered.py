"""Inputs put in order for Gate 3, for results that are one of few answers: a label, the best of a grid, all or none.

Scaling cells and drawing rows again leaves data as loose as it was, so a test that was not significant stays so, and the
penalty that fits noise best stays the best. What turns such an answer is data of the opposite kind: columns that rise
together, so that everything agrees with everything; columns that run against each other; numbers that lie far apart; columns
and names in each other's place, so that who was behind is ahead, and a ballot stays one. A script with the answer written in
it stays where it was under all four.

5  every column sorted for itself, the smallest first; texts by their letters
6  the same, every second column the greatest first
7  every number three to thirty times as large, unequally
8  the numbers of each row in the opposite order, and each text of a table's column in place of the one before

The cells of a column stay what they are under the first two, so that a script which knows its labels finds no others. A
first column that only names the rows keeps its place. In JSON the numbers of a key take the place of a column.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.perturb import Derived, Underivable
from app.core.perturb_json import is_json
from app.core.perturb_numbers import Chance, cell_number
from app.core.perturb_roles import columns_turned, labels_turned
from app.core.perturb_sites import sites, strongly
from app.core.perturb_tables import cells_of, in_place, lines_of, names_rows, separator_of, split_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.model import Derivation
    from app.core.perturb_sites import Sites

TOGETHER, AGAINST, FAR_APART, EXCHANGED = VARIANTS = (5, 6, 7, 8)  # of the changes that an input has
HOW = {
    TOGETHER: "with its columns sorted alike",
    AGAINST: "with its columns sorted against each other",
    FAR_APART: "with its numbers far larger",
    EXCHANGED: "with its columns and labels in each other's place",
}
LARGER = 1  # variant of `strongly`


def ordered(seal: str, derivation: Derivation, data: bytes) -> Derived | Underivable:
    """Return an input's bytes put in order as a derivation says; they always differ from the original.

    Args:
        seal: digest of the seal, which fixes every random choice.
        derivation: which input and which variant.
        data: the input's sealed bytes.

    """
    found, target, variant = sites(data), derivation.target, derivation.variant
    if found is None:
        return Underivable(f"{target} is not text, or too large, so its values cannot be found")
    changed = put_in_order(found, variant, Chance(f"{seal}/{target}/{variant}"))
    if changed == found.encoded(found.text):
        return Underivable(f"{target} has nothing that could be put in order")
    return Derived(changed, f"{target}: {HOW[variant].removeprefix('with its ')} (variant {variant})")


def put_in_order(found: Sites, variant: int, chance: Chance) -> bytes:
    """Return the file put in order in the way of a variant; as it was where that changes nothing."""
    if variant == FAR_APART:
        return found.changed(lambda _, text: strongly(text, chance, LARGER))
    if variant == EXCHANGED:
        turned = columns_turned(found)
        after = found if turned is None else sites(turned) or found
        return labels_turned(after) or after.encoded(after.text)
    lines = lines_of(found.text)
    if is_json(found.text, lines):
        return _by_key(found, variant)
    separator = separator_of(lines) or separator_of(lines, " ")
    return found.encoded(found.text) if separator is None else found.encoded(_table(lines, separator, variant))


def _by_key(found: Sites, variant: int) -> bytes:
    places: dict[str, list[int]] = {}
    for at, key in enumerate(found.columns):
        places.setdefault(key, []).append(at)
    after = list(found.literals)
    for column, mine in enumerate(places.values()):
        cells = sorted((after[at] for at in mine), key=Decimal, reverse=_falls(column, variant))
        for at, cell in zip(mine, cells, strict=True):
            after[at] = cell
    return found.changed(lambda at, _: after[at])


def _table(lines: list[str], separator: str, variant: int) -> str:
    head, body = split_header(lines, separator)
    rows = [cells_of(line.rstrip("\r\n"), separator) for line in body]
    width = max(map(len, rows), default=0)
    for column in range(1 if names_rows(rows) else 0, width):
        holders = [row for row in rows if column < len(row) and row[column].strip()]
        cells = sorted((row[column] for row in holders), key=_by(separator), reverse=_falls(column, variant))
        for row, cell in zip(holders, cells, strict=True):
            row[column] = cell
    return "".join(head) + in_place(body, [separator.join(row) for row in rows])


def _falls(column: int, variant: int) -> bool:
    return variant == AGAINST and column % 2 == 1


def _by(separator: str) -> Callable[[str], tuple[bool, Decimal, str]]:
    """Return by what cells are sorted: numbers by their value, before texts by their letters."""

    def rank(cell: str) -> tuple[bool, Decimal, str]:
        match = cell_number(cell, separator)
        return (True, Decimal(0), cell) if match is None else (False, Decimal(match[2].replace(",", ".")), "")

    return rank
