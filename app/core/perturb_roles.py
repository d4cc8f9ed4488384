"""Inputs in which things change their roles: columns, labels, signs, the order of a column.

A result that is called after one of them has to go with it, and a difference has to turn when they do.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.perturb_json import is_json
from app.core.perturb_numbers import cell_number
from app.core.perturb_sites import respelled
from app.core.perturb_spared import MARKED
from app.core.perturb_tables import cells_of, in_place, lines_of, separator_of, split_header
from app.core.quantity import EXACT

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.core.perturb_sites import Sites


RECORDS_LEAST = 4
ENDS, LAST_FIRST, HALVES = 4, 5, 6  # variants of `recognised`
COPIED, REPEATED = (1, 2), (3, 4, 5, 6)  # variants of `input_response`
SHORT = 4  # letters of a name that may stand for a longer one


def alike(name: str, other: str) -> bool:
    """Whether two names say the same thing: letters and digits alone count, and the case of none."""
    one, two = (("".join(filter(str.isalnum, each))).casefold() for each in (name, other))
    return bool(one) and one == two


def called(name: str, members: Collection[str]) -> bool:
    """Whether a name is that of a member, or a shorter form of it: `base` says `baseline`."""
    short = "".join(filter(str.isalnum, name)).casefold()
    return any(
        alike(name, member)
        or (len(short) >= SHORT and "".join(filter(str.isalnum, member)).casefold().startswith(short))
        for member in members
    )


def columns_turned(found: Sites, names: Collection[str] | None = None) -> bytes | None:
    """Return the file with the numbers of each record in the opposite order; of those columns alone that are named.

    None where fewer than two columns take part.
    """
    wanted = {column for column in found.columns if names is None or _named(found, column, names)}
    if len(wanted) < 2:
        return None
    literals, after = found.literals, list(found.literals)
    for record in _records(found):
        part = [index for index in record if found.columns[index] in wanted]
        for index, other in zip(part, reversed(part), strict=True):
            after[index] = literals[other]
    return found.changed(lambda index, _: after[index])


def labels_turned(found: Sites, names: Collection[str] | None = None) -> bytes | None:
    """Return a table in which each text of a column gives way to the next one; only those texts that are named.

    None for what is no table, and where fewer than two texts take part.
    """
    lines = lines_of(found.text)
    separator = None if is_json(found.text, lines) else separator_of(lines)
    if separator is None:
        return None
    head, body = split_header(lines, separator)
    rows = [cells_of(line.rstrip("\r\n"), separator) for line in body]
    turned = False
    for column in range(max(map(len, rows), default=0)):
        cells = {row[column] for row in rows if column < len(row)}
        kinds = sorted(cell for cell in cells if cell.strip() and cell_number(cell, separator) is None)
        if names is not None:
            kinds = [kind for kind in kinds if any(alike(kind, name) for name in names)]
        if len(kinds) < 2:
            continue
        turned, after = True, dict(zip(kinds, [*kinds[1:], kinds[0]], strict=True))
        for row in rows:
            if column < len(row):
                row[column] = after.get(row[column], row[column])
    text = in_place(body, [separator.join(row) for row in rows])
    return found.encoded("".join(head) + text) if turned else None


def negated(found: Sites) -> bytes | None:
    """Return the file with every number's sign turned; None without numbers."""
    return found.changed(lambda _, text: _opposite(text)) if found.spans else None


def reflected(found: Sites) -> bytes | None:
    """Return the file with every second column of numbers upside down: its greatest is its least; None without numbers."""
    columns = list(dict.fromkeys(found.columns))[1::2] or list(dict.fromkeys(found.columns))
    ends: dict[str, tuple[Decimal, Decimal]] = {}
    for column, number in zip(found.columns, map(Decimal, found.literals), strict=True):
        low, high = ends.get(column, (number, number))
        ends[column] = (min(low, number), max(high, number))

    def change(index: int, text: str) -> str:
        if found.columns[index] not in columns:
            return text
        return respelled(text, EXACT.subtract(EXACT.add(*ends[found.columns[index]]), Decimal(text)))

    return found.changed(change) if found.spans else None


def _opposite(text: str) -> str:
    return text[1:] if text.startswith("-") else f"-{text.removeprefix('+')}"


def _records(found: Sites) -> list[list[int]]:
    """Return the positions of the numbers of each record; a record ends before a column comes again."""
    records: list[list[int]] = []
    seen: set[str] = set()
    for index, column in enumerate(found.columns):
        if not records or column in seen:
            records.append([])
            seen = set()
        records[-1].append(index)
        seen.add(column)
    return records


def _named(found: Sites, column: str, names: Collection[str]) -> bool:
    """Whether a column of numbers bears one of these names: in the head of a table, or as the key of a document."""
    if not column.isdigit():
        return called(column, names)
    lines = lines_of(found.text)
    separator = separator_of(lines) or ","
    head, _ = split_header(lines, separator)
    title = cells_of(head[-1].rstrip("\r\n"), separator)[int(column) :][:1] if head else []
    return called(title[0], names) if title else False


def records_moved(found: Sites, variant: int) -> bytes | None:
    """Return the file with its records in another order, below its header.

    Variant 4 exchanges the first two and the last two, 5 puts the last one first, 6 those of the second half. None for JSON,
    for lines that belong together below a heading, and for fewer than four records.
    """
    head, body = _head_and_records(found)
    count = len(body)
    if count < RECORDS_LEAST:
        return None
    if variant == ENDS:
        after = [body[1], body[0], *body[2:-2], body[-1], body[-2]]
    else:
        start = count - 1 if variant == LAST_FIRST else count // 2
        after = [*body[start:], *body[:start]]
    return found.encoded("".join(head) + in_place(body, after))


def records_alike(found: Sites, variant: int) -> bytes | None:
    """Return the file with as many records, all of them copies of one; or with all of its records more than once.

    Variant 1 copies one of the first half, 2 one of the second, 3 to 6 repeat all records twice to five times. None for
    what `records_moved` leaves alone, and where both halves say the same.
    """
    head, body = _head_and_records(found)
    count = len(body)
    if count < RECORDS_LEAST or len(set(body)) == 1:
        return None
    if variant in COPIED:
        one = count // 4 if variant == COPIED[0] else count - 1 - count // 4
        return found.encoded("".join(head) + in_place(body, [body[one]] * count))
    ended = [line if line.endswith("\n") else f"{line}\n" for line in body]
    return found.encoded("".join([*head, *(ended * (variant - REPEATED[0] + 2))]))


def _head_and_records(found: Sites) -> tuple[list[str], list[str]]:
    """Return the lines above the records and the records; no records in JSON, and in what belongs below headings."""
    lines = lines_of(found.text)
    separator = separator_of(lines)
    if is_json(found.text, lines) or (separator is None and any(line.startswith(MARKED) for line in lines)):
        return [], []
    return ([], lines) if separator is None else split_header(lines, separator)
