"""The extraction of emoji names, on packages small enough to write down here."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("extract_cldr_names", EXAMPLES / "tools" / "extract_cldr_names.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def annotations(names: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return a document as the package has them: keywords, and short names where there are any."""
    entries = {item: {"default": ["keyword"], **({"tts": found} if found else {})} for item, found in names.items()}
    return {"annotations": {"identity": {}, "annotations": entries}}


def test_items_without_a_short_name_are_left_out(tool: ModuleType) -> None:
    assert tool.short_names(annotations({"⚓": ["anchor"], "⚔": []})) == {"⚓": "anchor"}


def test_a_name_that_the_package_split_is_joined(tool: ModuleType) -> None:
    assert tool.short_names(annotations({"⛸": ["faraha gudban", "Alla bari"]})) == {"⛸": "faraha gudban Alla bari"}


def test_only_items_that_every_language_names_are_kept(tool: ModuleType) -> None:
    names = {"en": {"⚓": "anchor", "⚔": "swords"}, "de": {"⚓": "Anker", "⚖": "Waage"}}

    assert tool.kept_items(names, 10) == ["⚓"]


def test_the_kept_items_are_those_with_the_smallest_digest_whatever_their_order(tool: ModuleType) -> None:
    items = ["⚓", "⚔", "⚖", "⚙"]
    smallest = sorted(items, key=lambda item: hashlib.sha256(item.encode()).hexdigest())[:2]

    for order in (items, items[::-1]):
        assert tool.kept_items({"en": dict.fromkeys(order, "x"), "de": dict.fromkeys(order, "y")}, 2) == smallest


@pytest.mark.parametrize(("item", "points"), [("👁‍🗨", "U+1F441 U+200D U+1F5E8"), ("©", "U+00A9")])
def test_the_table_names_an_item_by_its_code_points(tool: ModuleType, item: str, points: str) -> None:
    names = {"en": {item: "eye"}, "de": {item: "Auge"}}

    assert tool.table(names, [item]) == f"item\ten\tde\n{points}\teye\tAuge\n"


@pytest.mark.parametrize("separator", ["\t", "\n"])
def test_a_name_that_would_break_the_table_is_refused(tool: ModuleType, separator: str) -> None:
    with pytest.raises(ValueError, match="separator"):
        tool.table({"en": {"⚓": f"an{separator}chor"}}, ["⚓"])


def package(tool: ModuleType, path: Path) -> str:
    """Write a package with two items in every language; returns its SHA-256."""
    with tarfile.open(path, "w:gz") as archive:
        for language in tool.LANGUAGES:
            data = json.dumps(annotations({"⚓": [f"anchor {language}"], "⚔": [f"swords {language}"]})).encode()
            member = tarfile.TarInfo(f"package/annotations/{language}/annotations.json")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_package_becomes_a_line_an_item_with_every_language(tool: ModuleType, tmp_path: Path) -> None:
    sha256 = package(tool, tmp_path / "names.tgz")

    lines = tool.extract(tmp_path / "names.tgz", sha256).splitlines()

    assert lines[0].split("\t") == ["item", *tool.LANGUAGES]
    assert sorted(line.split("\t")[:3] for line in lines[1:]) == [
        ["U+2693", "anchor en", "anchor de"],
        ["U+2694", "swords en", "swords de"],
    ]


def test_another_package_than_the_one_named_is_refused(tool: ModuleType, tmp_path: Path) -> None:
    package(tool, tmp_path / "names.tgz")

    with pytest.raises(ValueError, match="SHA-256"):
        tool.extract(tmp_path / "names.tgz")


def test_the_shipped_extract_has_the_shape_that_the_tool_gives(tool: ModuleType) -> None:
    lines = (EXAMPLES / "emoji-trigrams" / "names.tsv").read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines]
    items = ["".join(chr(int(point.removeprefix("U+"), 16)) for point in row[0].split()) for row in cells[1:]]

    assert cells[0] == ["item", *tool.LANGUAGES]
    assert {len(row) for row in cells} == {len(cells[0])}
    assert len(items) == tool.ITEMS_KEPT
    assert items == sorted(items, key=lambda item: hashlib.sha256(item.encode()).digest())
