"""Tables changed for Gate 3: cells scaled or exchanged, rows drawn again or paired anew. Header and separator stay."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from app.core import perturb_anew
from app.core.perturb_anew import GROWTH_LEAST, GROWTH_MOST, Kind
from app.core.perturb_numbers import NUMBER, cell_number, renumbered, scaled, scaled_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.perturb_numbers import Chance

    #: lines, separator and chance -> the changed text and how it was changed
    Way = Callable[[list[str], str, Chance], tuple[str, str]]

SEPARATORS = ("\t", ",", ";", "|")
_BLANK = re.compile(r"\s")
_LONG_LINE = 40  # characters
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_WORD_MAX = 30  # letters; more are a sequence, whose length may have to agree with others
_PROSE_WORDS = 5  # in a line; fewer are columns of labels
_LOOKED_AT = 200  # filled lines, to recognise a table


def lines_of(text: str) -> list[str]:
    """Return the lines of a text with their endings; other separators that Unicode knows are part of a line."""
    return list(io.StringIO(text, newline=""))


def separator_of(lines: list[str], separators: Sequence[str] = SEPARATORS) -> str | None:
    """Return the separator of a table: one that divides (nearly) every line into the same number of cells."""
    filled = [line for line in lines if line.strip() and not line.startswith("#")][:_LOOKED_AT]
    if len(filled) < 2:
        return None
    for separator in separators:
        widths = [len(cells_of(line, separator)) for line in filled]
        if min(widths) > 1 and widths.count(max(set(widths), key=widths.count)) >= 0.9 * len(widths):
            return separator
    return None


def change_table(lines: list[str], separator: str, variant: int, chance: Chance) -> tuple[str, str]:
    """Return a table changed in the way of a variant, and how; unchanged when there is no way."""
    head, body = split_header(lines, separator)
    ways: Sequence[Way] = _TABLE_WAYS.get(variant, _TABLE_WAYS[2])
    changed, how = _first_change(ways, body, separator, chance)
    return "".join(head) + changed, how


def change_lines(lines: list[str], variant: int, chance: Chance) -> tuple[str, str]:
    """Return a text that is no table, changed in the way of a variant, and how; unchanged when there is no way."""
    if variant == 3 and separator_of(lines, " ") is not None:
        return change_table(lines, " ", variant, chance)
    ways = _LINE_WAYS.get(variant, _LINE_WAYS[2])
    return _first_change((*ways, _shuffle_words), lines, " ", chance)


def _first_change(ways: Sequence[Way], lines: list[str], separator: str, chance: Chance) -> tuple[str, str]:
    text = "".join(lines)
    for way in ways:
        changed, how = way(lines, separator, chance)
        if changed != text:
            return changed, how
    return text, ""


def split_header(lines: list[str], separator: str) -> tuple[list[str], list[str]]:
    """Return a table's head and body. The head is comments, and a first row without numbers above rows with numbers."""
    # A table has two filled lines at least; see `separator_of`.
    start = next(index for index, line in enumerate(lines) if line.strip() and not line.startswith("#"))
    first, second = (cells_of(line, separator) for line in lines[start : start + 2])
    # A table of texts may have a header too; keeping one data row unchanged costs nothing.
    numbers = [[cell_number(cell, separator) is not None for cell in row] for row in (first, second)]
    if not any(numbers[0]) or any(not a and b for a, b in zip(*numbers, strict=False)):
        start += 1
    return lines[:start], lines[start:]


def cells_of(line: str, separator: str) -> list[str]:
    """Split a line at separators outside double quotes; the line's ending stays with the last cell."""
    if '"' not in line:
        return line.split(separator)
    cells, start, quoted = [], 0, False
    for at, sign in enumerate(line):
        quoted ^= sign == '"'
        if sign == separator and not quoted:
            cells.append(line[start:at])
            start = at + 1
    return [*cells, line[start:]]


def _scale_cells(lines: list[str], separator: str, chance: Chance) -> tuple[str, str]:
    rows = [cells_of(line, separator) for line in lines]
    named = names_rows(rows)

    def cell(text: str, column: int) -> str:
        match = cell_number(text, separator)
        if match is None or (named and column == 0):
            return text
        return renumbered(match, lambda number: scaled(number, chance))

    changed = (separator.join(cell(item, column) for column, item in enumerate(row)) for row in rows)
    return "".join(changed), "numeric cells scaled unequally"


def names_rows(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first column only names the rows: whole numbers one after the other, beside another column of numbers.

    Scaled they would no longer be names: two might become one, and a second table could not refer to them.
    """
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    names = [row[0].strip().strip('"') for row in filled]
    if len(names) < 3 or not all(re.fullmatch("[0-9]{1,15}", name) for name in names):
        return False
    numbers = list(map(int, names))
    others = any(cell_number(cell) for row in filled for cell in row[1:])
    return others and all(after - before == 1 for before, after in pairwise(numbers))


def _exchange_texts(lines: list[str], separator: str, chance: Chance) -> tuple[str, str]:
    """Shuffle every column but the first, each for itself."""
    rows = holders = [cells_of(line.rstrip("\r\n"), separator) for line in lines]
    for column in range(1, max((len(row) for row in rows), default=0)):
        holders = [row for row in holders if column < len(row)]
        for row, cell in zip(holders, chance.shuffled([row[column] for row in holders]), strict=True):
            row[column] = cell
    return in_place(lines, [separator.join(row) for row in rows]), "text cells exchanged between rows"


def _pair_anew(lines: list[str], separator: str, chance: Chance) -> tuple[str, str]:
    rows = [cells_of(line.rstrip("\r\n"), separator) for line in lines]
    factors = _factors(rows, separator, chance)
    holders = chance.shuffled([row for row in rows if len(row) > 1])
    column = 0
    while holders:
        kind = _kind(separator, factors.get(column, Decimal(1)))
        cells = perturb_anew.column_anew([row[column] for row in holders], column, kind)
        for row, cell in zip(holders, cells, strict=True):
            row[column] = cell
        column += 1
        holders = [row for row in holders if column < len(row)]
    if separator == " " and all(map(_is_prose, rows)):  # its words stand in every column: there have to be other ones
        rows = [line.split(" ") for line in _other_words([" ".join(row) for row in rows])]
    return in_place(lines, [separator.join(row) for row in rows]), perturb_anew.HOW


def _is_prose(row: Sequence[str]) -> bool:
    return len(row) >= _PROSE_WORDS and not any(map(cell_number, row))


def _factors(rows: Sequence[Sequence[str]], separator: str, chance: Chance) -> dict[int, Decimal]:
    """Return by what each column of numbers grows: the smaller their sum, the more, so that another column leads."""
    sums: dict[int, Decimal] = {}
    for row in rows:
        for column, cell in enumerate(row):
            match = cell_number(cell, separator)
            if match is not None:
                sums[column] = sums.get(column, Decimal(0)) + Decimal(match[2].replace(",", "."))
    if len(sums) < 2:
        return dict.fromkeys(sums, perturb_anew.factor_of(chance))
    step = (GROWTH_MOST - GROWTH_LEAST) // (len(sums) - 1)
    order = sorted(sums, key=lambda column: sums[column])
    return {column: Decimal(GROWTH_MOST - step * at) / 1000 for at, column in enumerate(order)}


def _other_words(lines: Sequence[str]) -> list[str]:
    """Return lines of which every second has its longer words backwards, and the longest words of all a letter more."""
    longest = max(
        (len(word) for line in lines for word in _LONG_WORD.findall(line) if len(word) <= _WORD_MAX), default=0
    )

    def kept(match: re.Match[str]) -> str:
        return match[0] + (match[0][0] if len(match[0]) == longest else "")

    def turned(match: re.Match[str]) -> str:
        return match[0][::-1] + (match[0][0] if len(match[0]) == longest else "")

    return [_LONG_WORD.sub(kept if at % 2 else turned, line) for at, line in enumerate(lines)]


def _kind(separator: str, factor: Decimal) -> Kind[str]:
    """Return how the cells of a table are changed."""

    def grown(text: str) -> str | None:
        match = cell_number(text, separator)
        return None if match is None else renumbered(match, lambda number: scaled_by(number, factor))

    def other(text: str) -> str:  # between two blanks is no cell of a text
        return text if separator == " " and not text else perturb_anew.other_text(text)

    return Kind(grown, _raised, other)


def _raised(zero: str, digit: int) -> str:
    return zero.replace("0", str(digit), 1)


def _grow_and_turn(lines: list[str], separator: str, chance: Chance) -> tuple[str, str]:
    """Let numbers grow; where fewer than half of the lines have any, what is measured is the lines: change these too."""
    changed, how = _grow_numbers(lines, separator, chance)
    filled = [line for line in lines if line.strip()]
    if not 0 < 2 * sum(bool(NUMBER.search(line)) for line in filled) < len(filled):
        return changed, how
    text, also = _lines_anew(lines_of(changed), separator, chance)
    return text, f"{how}, {also}"


def _grow_numbers(lines: list[str], _: str, chance: Chance) -> tuple[str, str]:
    factor = perturb_anew.factor_of(chance)

    def grown(match: re.Match[str]) -> str:
        more = scaled_by(match[0], factor)
        return more if more != match[0] else _raised(more, 1)

    return NUMBER.sub(grown, "".join(lines)), "numbers grown"


def _lines_anew(lines: list[str], separator: str, chance: Chance) -> tuple[str, str]:
    """Change a text's filled lines like the one column of a table; the first of them may be its header."""
    rows = [line.rstrip("\r\n") for line in lines]
    filled = [index for index, row in enumerate(rows) if row.strip()][1:]
    order = chance.shuffled(filled)
    cells = perturb_anew.column_anew(
        [rows[index] for index in order], 1, _kind(separator, perturb_anew.factor_of(chance))
    )
    for index, cell in zip(order, cells, strict=True):
        rows[index] = cell
    if not any(_BLANK.search(rows[index].strip()) or len(rows[index]) > _LONG_LINE for index in order):
        return in_place(lines, rows), "lines put in another order, one in place of another"
    # In prose the order of lines may mean nothing: fewer lines and other words do.
    for index, line in zip(order, _other_words([rows[index] for index in order]), strict=True):
        rows[index] = line
    left_out = set(order[1::6]) if len(order) > 6 else set()
    kept = [row for index, row in enumerate(rows) if index not in left_out]
    return in_place(lines, kept), "lines put in another order, some left out, letters in half of them turned"


def _draw_rows(lines: list[str], _: str, chance: Chance) -> tuple[str, str]:
    return in_place(lines, chance.drawn(lines)), "rows drawn again with replacement"


def _scale_numbers(lines: list[str], _: str, chance: Chance) -> tuple[str, str]:
    return NUMBER.sub(lambda match: scaled(match[0], chance), "".join(lines)), "numbers scaled unequally"


def _shuffle_lines(lines: list[str], _: str, chance: Chance) -> tuple[str, str]:
    return in_place(lines, chance.shuffled(lines)), "lines put in another order"


def _shuffle_words(lines: list[str], separator: str, chance: Chance) -> tuple[str, str]:
    return separator.join(chance.shuffled("".join(lines).split(separator))), "words put in another order"


def in_place(lines: list[str], changed: list[str]) -> str:
    """Join changed lines with the endings of the last ones, so that a file ends as it did."""
    endings = [line[len(line.rstrip("\r\n")) :] for line in lines[len(lines) - len(changed) :]]
    return "".join(line.rstrip("\r\n") + ending for line, ending in zip(changed, endings, strict=True))


_TABLE_WAYS: dict[int, Sequence[Way]] = {
    1: (_scale_cells, _exchange_texts),
    2: (_draw_rows, _scale_cells, _exchange_texts),
    3: (_pair_anew,),
}
_LINE_WAYS: dict[int, Sequence[Way]] = {
    1: (_scale_numbers, _shuffle_lines),
    2: (_draw_rows, _scale_numbers),
    3: (_grow_and_turn, _lines_anew, _shuffle_lines),
}
