"""The page of printed claims under three rules says what the core makes of them today."""

from __future__ import annotations

from bench.paper import CLAIMS, PAGE, page, pairs_that_match
from tests.docs.pages import rows, section


def test_the_page_is_the_one_that_the_formulas_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m bench.paper`"


def test_rounding_finds_what_a_tolerance_hides() -> None:
    """What was computed by hand from the same cells, before there was a program."""
    marks = {
        row[0]: [cell[0] for cell in row[4:7]]
        for row in rows(section("docs/paper-table.md", "# Printed arithmetic under three rules"))
    }
    fine = ["✓", "✓", "✓"]
    assert {name for name, found in marks.items() if found != fine} == {
        "xlmr-struct",
        "filter-task-avg",
        "phang-gain, updated baseline",
    }
    assert marks["xlmr-struct"] == marks["filter-task-avg"] == ["✗", "✓", "✓"]
    assert marks["phang-gain, updated baseline"] == ["✗", "✗", "✓"]
    assert len(marks) == len(CLAIMS) + 2  # two metrics of mgte-gain, and the updated baseline


def test_a_tolerance_makes_matches_cheap() -> None:
    assert pairs_that_match() == (75, [11, 11, 118], 2_775)
