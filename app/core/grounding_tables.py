"""Tables of source documents, and the cell that a row and a column name.

Tables are the pipe tables of Markdown and whole CSV files. A row is named by its first cell, or else by any of its cells;
a column by its header. Names are compared in normal form, exactly before without regard to case. A name that stands there
twice is ambiguous: every cell that it may mean is returned, each with its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.grounding_text import Document, csv_rows, normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

CELLS_MAX = 50_000  # of one table; what lies beyond is not looked at

_DELIMITER = re.compile(r":?-+:?")
_BAR = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Row:
    """A row below the header, in normal form."""

    line: int  # of the file, 1-based
    cells: tuple[str, ...]


@dataclass(frozen=True)
class SourceTable:
    """A table of a document, in normal form."""

    source: str  # id
    header: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Place:
    """One cell that a row and a column name."""

    table: SourceTable
    line: int
    text: str


@dataclass(frozen=True)
class Missing:
    """Why no cell has these names: "table", "row" or "column" is not there."""

    what: str


def tables_of(document: Document) -> tuple[SourceTable, ...]:
    """Return the tables of a document."""
    if document.csv:
        rows = list(
            _fewer(Row(line, tuple(map(_cell, cells))) for line, cells in csv_rows(document.text) if any(cells))
        )
        return (SourceTable(document.source.id, rows[0].cells, tuple(rows[1:])),) if rows else ()
    found = _pipe_tables(document.text.splitlines()) if document.markdown else ()
    return tuple(SourceTable(document.source.id, header, tuple(_fewer(below))) for header, below in found)


def _fewer(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of a table up to the limit of its cells."""
    cells = 0
    for row in rows:
        cells += len(row.cells)
        if cells > CELLS_MAX:
            return
        yield row


def locate(tables: Sequence[SourceTable], row: str, column: str) -> list[Place] | Missing:
    """Return every cell that a row and a column may mean, in all tables; why not when there is none."""
    if not tables:
        return Missing("table")
    wanted_row, wanted_column = _cell(row), _cell(column)
    for same in (_equal, _alike):
        found = [place for table in tables for place in _places(table, wanted_row, wanted_column, same)]
        if found:
            return found
    with_row = any(_rows(table, wanted_row, _alike) for table in tables)
    return Missing("column" if with_row else "row")


def _places(table: SourceTable, row: str, column: str, same: Callable[[str, str], bool]) -> Iterator[Place]:
    columns = [index for index, name in enumerate(table.header) if same(name, column)]
    for found in _rows(table, row, same) if columns else []:
        for index in columns:
            if index < len(found.cells):
                yield Place(table, found.line, found.cells[index])


def _rows(table: SourceTable, name: str, same: Callable[[str, str], bool]) -> list[Row]:
    first = [row for row in table.rows if row.cells and same(row.cells[0], name)]
    return first or [row for row in table.rows if any(same(cell, name) for cell in row.cells)]


def _equal(one: str, other: str) -> bool:
    return one == other


def _alike(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _pipe_tables(lines: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[Row, ...]]]:
    at = 1
    while at < len(lines):
        if "|" not in lines[at - 1] or not _delimits(lines[at]):
            at += 1
            continue
        header, rows = _split(lines[at - 1]), []
        at += 1
        while at < len(lines) and "|" in lines[at]:
            rows.append(Row(at + 1, _split(lines[at])))
            at += 1
        yield header, tuple(rows)
        at += 1


def _delimits(line: str) -> bool:
    """Whether a line is what stands between header and rows, such as |---|:-:|."""
    parts = line.strip().strip("|").split("|")
    return all(_DELIMITER.fullmatch(part.strip()) for part in parts)


def _split(line: str) -> tuple[str, ...]:
    parts = _BAR.split(line.strip())
    if parts[0] == "":
        parts = parts[1:]
    if parts and parts[-1] == "":
        parts = parts[:-1]
    return tuple(map(_cell, parts))


def _cell(text: str) -> str:
    return normal(text.replace("\\|", " "), markdown=True)
