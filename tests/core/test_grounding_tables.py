"""Tables of sources: which cell a row and a column name."""

from __future__ import annotations

import pytest

from app.core import grounding_tables
from app.core.grounding_tables import Missing, locate, tables_of
from tests.core.test_grounding_text import document

MARKDOWN = """\
Before.

| model | **XNLI** | TyDiQA F1 |
|:------|---------:|:---:|
| `FILTER` | 83.9 | 68.3 |
| **RemBERT** | 80.8 | 77.0\\|1 |

Between, a | b.
-

model | XNLI
---|---
RemBERT | 80.9
VECO | 83.0 |
"""

CSV = "rank;model;XNLI;xnli\n1;FILTER;83.9;1\n2;RemBERT;80.8;2\n\n3;rembert;80.9\n"


def cells(text: str, row: str, column: str, file: str = "t.md") -> list[tuple[int, str]] | str:
    found = locate(tables_of(document(text, file)), row, column)
    return found.what if isinstance(found, Missing) else [(place.line, place.text) for place in found]


@pytest.mark.parametrize(
    ("row", "column", "found"),
    [
        ("FILTER", "XNLI", [(5, "83.9")]),
        (" **FILTER** ", "`XNLI`", [(5, "83.9")]),
        ("RemBERT", "TyDiQA F1", [(6, "77.0 1")]),
        ("RemBERT", "XNLI", [(6, "80.8"), (13, "80.9")]),
        ("VECO", "XNLI", [(14, "83.0")]),
        ("veco", "xnli", [(14, "83.0")]),
        ("mBERT", "XNLI", "row"),
        ("VECO", "POS", "column"),
        ("VECO", "TyDiQA F1", "column"),
    ],
)
def test_a_cell_of_a_markdown_table(row: str, column: str, found: list[tuple[int, str]] | str) -> None:
    assert cells(MARKDOWN, row, column) == found


@pytest.mark.parametrize(
    ("row", "column", "found"),
    [
        ("FILTER", "XNLI", [(2, "83.9")]),
        ("1", "model", [(2, "FILTER")]),
        ("RemBERT", "XNLI", [(3, "80.8")]),
        ("REMBERT", "XNLI", [(3, "80.8"), (3, "2"), (5, "80.9")]),
        ("rembert", "XNLI", [(5, "80.9")]),
    ],
)
def test_a_cell_of_a_csv_file(row: str, column: str, found: list[tuple[int, str]]) -> None:
    assert cells(CSV, row, column, "t.csv") == found


def test_a_row_that_is_too_short_has_no_such_cell() -> None:
    assert cells("a,b,c\nx,1\n", "x", "c", "t.csv") == "column"


@pytest.mark.parametrize(
    ("text", "file"),
    [("a | b\n1 | 2\n", "t.md"), ("a | b\n--- | 2\nc | d\n", "t.md"), ("", "t.csv"), (MARKDOWN, "t.txt")],
)
def test_a_document_without_a_table_says_so(text: str, file: str) -> None:
    assert cells(text, "a", "b", file) == "table"


def test_what_lies_beyond_the_limit_of_cells_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounding_tables, "CELLS_MAX", 3)
    assert cells(MARKDOWN, "FILTER", "XNLI") == [(5, "83.9")]
    assert cells(MARKDOWN, "VECO", "XNLI") == "row"
    assert cells(CSV, "FILTER", "XNLI", "t.csv") == "table"
    monkeypatch.setattr(grounding_tables, "CELLS_MAX", 8)
    assert cells(CSV, "FILTER", "XNLI", "t.csv") == [(2, "83.9")]
    assert cells(CSV, "RemBERT", "XNLI", "t.csv") == "row"
