"""Gate 1: what of a claim is found in its sources, what intake refuses, and what the judge is handed."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import grounding
from app.core.canonical import digest
from app.core.errors import Fault, Refusal
from app.core.grounding import CellFinding, Grounding, check_sources, grounded, sealed_sources, unreadable
from app.core.model import Cell, Claim, Formula, NamedValue, Source, Statement
from tests.core.builders import a_bundle, a_claim, a_formula, a_script, a_seal, an_expectation

TABLE = b"model,XNLI,TyDiQA F1\nFILTER,83.9,68.3\nRemBERT,80.8,77.0\n"
NOTES = b"# Results\nRemBERT is 8.7 points above FILTER.\n"
SOURCES = {"t16.csv": TABLE, "notes.md": NOTES}


def cited(quote: str | None = "RemBERT is 8.7 points above FILTER", **changes: Any) -> Claim:
    """Return the claim that 77.0 - 68.3 is 8.7, with quote, cells and two sources."""
    cells = {"a": ("77.0", "RemBERT"), "b": ("68.3", "FILTER")}
    values = {
        name: NamedValue(value=value, source="Table 16", cell=Cell(source="t16", row=row, column="TyDiQA F1"))
        for name, (value, row) in cells.items()
    }
    usual: dict[str, Any] = {
        "reproduce": Formula(formulas={"score": "a - b"}, values=values),
        "claim": Statement(id="gain", statement="The gain is 8.7", quote=quote, section=changes.pop("section", None)),
        "source": (
            Source(id="t16", title="Table 16", file="t16.csv"),
            Source(id="notes", title="Notes", file="notes.md"),
        ),
    }
    return a_claim(**(usual | changes))


def with_value(claim: Claim, name: str, value: str, **cell: str) -> Claim:
    """Return a claim one value of which is another, or stands in another cell."""
    assert isinstance(claim.reproduce, Formula)
    old = claim.reproduce.values[name]
    where = None if old.cell is None else old.cell.model_copy(update=cell)
    values = claim.reproduce.values | {name: old.model_copy(update={"value": value, "cell": where})}
    return claim.model_copy(update={"reproduce": claim.reproduce.model_copy(update={"values": values})})


def test_quote_values_and_cells_are_found() -> None:
    found = grounded(cited(section="Results"), SOURCES)
    assert found.passage is not None
    assert (found.passage.where, found.passage.in_section) == ("notes (notes.md), line 2", True)
    assert (found.sources, found.absent, found.source_grounded, found.cells_located) == (2, (), True, 2)
    assert [(item.name, item.printing[0].line) for item in found.cells] == [("a", 3), ("b", 2)]


def test_a_claim_without_sources_is_not_grounded() -> None:
    claim = a_claim(reproduce=a_formula())
    assert grounded(claim, {}) == Grounding(
        0, None, (), (CellFinding("a", "77.0", named=False), CellFinding("b", "68.3", named=False))
    )
    assert not grounded(claim, {}).source_grounded
    assert grounded(a_claim(reproduce=a_script()), {}).cells == ()


@pytest.mark.parametrize(
    ("quote", "value", "absent", "grounded_too"),
    [
        ("RemBERT is 8.7 points above FILTER", "8.70", [("8.70", False)], False),
        ("RemBERT is 8.7 points above FILTER", "-8.7", [("-8.7", True)], True),
        ("RemBERT is", "8.7", [("8.7", False)], False),
        ("RemBERT is 9.7 points above FILTER", "9.7", [], False),
    ],
)
def test_a_printed_value_has_to_stand_in_the_quote(
    quote: str,
    value: str,
    absent: list[tuple[str, bool]],
    grounded_too: bool,  # noqa: FBT001
) -> None:
    found = grounded(cited(quote, expect=an_expectation(value)), SOURCES)
    assert [(item.value, item.unsigned) for item in found.absent] == absent
    assert found.source_grounded is grounded_too


def test_labels_are_looked_for_as_words_and_bounds_not_at_all() -> None:
    label = an_expectation("FILTER", "exact", metric="worse")
    bounds = an_expectation(None, "bounded", metric="share", low="0", high="1")
    assert grounded(cited(expect=[label, bounds]), SOURCES).absent == ()
    other = an_expectation("FILT", "exact", metric="worse")
    assert [item.metric for item in grounded(cited(expect=[other]), SOURCES).absent] == ["worse"]


def test_whole_numbers_of_a_csv_row_are_told_apart() -> None:
    claim = cited("FILTER,83,9,10", expect=an_expectation("9", "exact"))
    assert grounded(claim, SOURCES | {"t16.csv": b"model,a,b,c\nFILTER,83,9,10\n"}).source_grounded
    assert not grounded(claim, SOURCES).source_grounded


CELLS = [
    pytest.param({"value": "77.0"}, (1, 1, None), id="there"),
    pytest.param({"value": "77"}, (1, 0, None), id="fewer digits"),
    pytest.param({"value": "77.00"}, (1, 0, None), id="more digits"),
    pytest.param({"value": "77.0", "row": "FILTER"}, (1, 0, None), id="another row"),
    pytest.param({"value": "77.0", "row": "mBERT"}, (0, 0, "row"), id="no such row"),
    pytest.param({"value": "77.0", "column": "POS"}, (0, 0, "column"), id="no such column"),
    pytest.param({"value": "77.0", "source": "notes"}, (0, 0, "table"), id="no table"),
]


@pytest.mark.parametrize(("change", "counts"), CELLS)
def test_a_value_has_to_stand_in_its_cell(change: dict[str, str], counts: tuple[int, int, str | None]) -> None:
    found = grounded(with_value(cited(), "a", **change), SOURCES).cells[0]
    assert (len(found.places), len(found.printing), found.missing) == counts
    assert found.located is bool(counts[1])


def test_a_cell_may_hold_several_numbers_and_a_name_several_cells() -> None:
    table = b"model,TyDiQA F1\nFILTER,50.9/68.3\nRemBERT,63.0/77.0\nRemBERT,77.1\n"
    found = grounded(cited(), SOURCES | {"t16.csv": table})
    assert found.cells_located == 2
    assert [(len(item.places), len(item.printing)) for item in found.cells] == [(2, 1), (1, 1)]


# --- intake ----------------------------------------------------------------------------------------------------------


def refusals(claim: Claim, files: dict[str, bytes]) -> list[tuple[str | None, int | None, str]]:
    with pytest.raises(Refusal) as caught:
        check_sources(claim, lambda path: len(files[path]), lambda path: unreadable(path, files[path]))
    assert all(problem.remedy for problem in caught.value.problems)
    return [(problem.file, problem.line, problem.code) for problem in caught.value.problems]


def test_sources_that_are_text_are_let_in() -> None:
    check_sources(cited(), lambda path: len(SOURCES[path]), lambda path: unreadable(path, SOURCES[path]))
    full = SOURCES | {"notes.md": b"x" * (1 << 20)}
    check_sources(cited(), lambda path: len(full[path]), lambda path: unreadable(path, full[path]))


def test_every_bad_source_is_refused_with_its_line() -> None:
    files = {"t16.csv": b'a,b\n"' + b"x" * 200_000 + b'"\n', "notes.md": b"one\ntwo \xff\n"}
    assert refusals(cited(), files) == [("t16.csv", 2, "source-unreadable"), ("notes.md", 2, "source-unreadable")]
    assert refusals(cited(), SOURCES | {"notes.md": b" \n"}) == [("notes.md", 1, "source-unreadable")]
    assert refusals(cited(), SOURCES | {"notes.md": b"a\x00b"}) == [("notes.md", 1, "source-unreadable")]


def test_a_source_that_is_too_large_is_refused_unread() -> None:
    def unread(_: str) -> None:
        raise AssertionError

    with pytest.raises(Refusal) as caught:
        check_sources(cited(), lambda _: (1 << 20) + 1, unread)
    assert [(problem.file, problem.code) for problem in caught.value.problems] == [
        ("t16.csv", "source-too-large"),
        ("notes.md", "source-too-large"),
    ]
    with pytest.raises(Refusal) as caught:
        check_sources(cited(), lambda _: 5 << 20, unread)
    assert [(problem.file, problem.pointer, problem.code) for problem in caught.value.problems] == [
        ("claim.toml", "/source", "source-too-large")
    ]


# --- the judge -------------------------------------------------------------------------------------------------------


def fault_of(make: Any) -> str:
    with pytest.raises(Fault) as caught:
        make()
    return caught.value.code


def test_the_judge_is_handed_the_sealed_bytes() -> None:
    claim = cited()
    files = a_bundle(claim) | SOURCES
    seal = a_seal(claim, files)
    assert sealed_sources(seal, files.__getitem__) == SOURCES
    assert fault_of(lambda: sealed_sources(seal, lambda _: b"another")) == "source-not-sealed"
    assert digest(TABLE) in seal.files.values()


def test_sources_that_intake_would_have_refused_are_a_fault() -> None:
    assert fault_of(lambda: grounded(cited(), {})) == "source-missing"
    assert fault_of(lambda: grounded(cited(), SOURCES | {"notes.md": b"\xff"})) == "source-unreadable"


def test_all_limits_are_those_of_the_page() -> None:
    assert (grounding.SOURCE_BYTES_MAX, grounding.SOURCES_BYTES_MAX) == (1 << 20, 4 << 20)
