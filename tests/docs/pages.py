"""The documents as tests read them: sections, tables, code blocks, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda page: page.relative_to(ROOT).as_posix())
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Block]:
    """Return every fenced block in these languages, of all pages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [
            Block(name(page), text.count("\n", 0, match.start()) + 1, match[1], match[2])
            for match in _FENCE.finditer(text)
            if match[1] in languages
        ]
    return found


def commands(program: str) -> list[tuple[str, str]]:
    """Return (where, command line) of every line in a console block that starts a program; continued lines are joined."""
    found = []
    for block in blocks("console"):
        text = block.text.replace("\\\n", " ")
        for line in text.splitlines():
            typed = line.removeprefix("$ ").strip()
            if line.startswith("$ ") and re.match(rf"(\./run )?{program} ", typed):
                found.append((block.where, typed.removeprefix("./run ").partition("    #")[0]))
    return found


def without_blocks(page: str) -> str:
    return _FENCE.sub("", read(page))


def links(page: str) -> list[str]:
    return _LINK.findall(without_blocks(page))


def anchors(page: str) -> set[str]:
    """Return the anchors that forges give the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(page: str, heading: str) -> str:
    """Return the text between a heading and the next one of any level; an empty text when there is no such heading."""
    parts = re.split(r"^(#+ .+)$", without_blocks(page), flags=re.MULTILINE)
    return next((body for title, body in zip(parts[1::2], parts[2::2], strict=True) if title == heading), "")


def rows(text: str) -> list[list[str]]:
    """Return the cells of every table row in a text, headings and rulers left out."""
    lines = text.splitlines()
    tables = [line for line in lines if line.startswith("|")]
    rulers = {index for index, line in enumerate(tables) if set(line) <= set("|-: ")}
    kept = [line for index, line in enumerate(tables) if index not in rulers and index + 1 not in rulers]
    return [[cell.strip() for cell in _CELL.split(line.strip("|"))] for line in kept]


def first_cells(text: str) -> set[str]:
    """Return what stands in backticks in the first column of the tables of a text."""
    return {found for row in rows(text) for found in re.findall(r"`([^`]+)`", row[0])}
