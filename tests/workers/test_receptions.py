"""The table of receivers in the documentation is what happens to deliveries now."""

from __future__ import annotations

from pathlib import Path

from tests.workers.receptions import HEAD, table

PAGE = Path(__file__).parent.parent.parent / "docs" / "webhooks.md"


def test_the_table_of_receivers_is_what_happened_to_their_deliveries() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(HEAD) == 1
    assert table() in page
