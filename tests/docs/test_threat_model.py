"""The page of the threat model says what the hostile scripts say."""

from __future__ import annotations

import pytest

from tests.docs.pages import ROOT, read, rows, section
from tests.docs.threats import COMMAND, CONTROLS, ENDINGS, PAGE, rendered
from tests.sandbox.attacks import ATTACKS, WALLS


def test_the_page_lists_every_hostile_script_as_its_header_says() -> None:
    text = read(PAGE)
    assert text == rendered(text), f"page and headers differ; `{COMMAND}` writes the tables anew"


def test_every_hostile_script_has_one_row() -> None:
    table = rows(section(PAGE, "## Attacks"))
    assert len(table) == len(ATTACKS)
    assert {cells[0].rpartition("/")[2] for cells in table} == {f"{attack.name}.py)" for attack in ATTACKS}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_header_uses_the_words_that_the_page_explains(attack: object) -> None:
    assert isinstance(attack, type(ATTACKS[0]))
    assert attack.expect in ENDINGS
    assert attack.control in CONTROLS or attack.control.startswith("none, ")


@pytest.mark.parametrize("wall", WALLS)
def test_every_wall_is_tried_by_a_script_and_built_in_a_file_that_is_there(wall: str) -> None:
    assert any(wall in attack.stopped_by for attack in ATTACKS)
    assert (ROOT / WALLS[wall][0]).is_file()
