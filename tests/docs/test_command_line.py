"""The page of the command and its parser say the same: every option of a described command, and no other."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer.main

from cli.exits import Exit
from cli.main import app
from tests.docs.pages import read, rows, section

PAGE = "docs/cli.md"
DESCRIBED = re.findall(r"^### `assay ([\w -]+)`$", read(PAGE), re.MULTILINE)
TOLD_ELSEWHERE = {"--help"}


def options(words: str) -> set[str]:
    """Return the long options of a command."""
    found: Any = typer.main.get_command(app)
    for word in words.split():
        found = found.commands[word]
    return {text for item in found.params for text in item.opts if text.startswith("--")} - TOLD_ELSEWHERE


def told(words: str) -> set[str]:
    text = section(PAGE, f"### `assay {words}`")
    return {option for row in rows(text) for option in re.findall(r"`(--[\w-]+)", row[0])}


@pytest.mark.parametrize("words", DESCRIBED)
def test_the_page_lists_every_option_of_a_command_and_no_other(words: str) -> None:
    assert told(words) == options(words)


def test_the_page_describes_the_commands_of_a_publisher() -> None:
    assert {"init", "lint", "verify", "submit", "watch", "cancel", "verdicts", "completion"} <= set(DESCRIBED)


def test_the_page_explains_every_exit_code() -> None:
    codes = {int(code) for row in rows(section(PAGE, "## Exit codes")) for code in re.findall(r"\d+", row[0])}
    assert codes == {int(item) for item in Exit}
