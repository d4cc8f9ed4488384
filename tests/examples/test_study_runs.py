"""The study of intermediate tasks in the environment `torch`: its measures by hand, and its tiny size from end to end."""

from __future__ import annotations

import json
import math
import re
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.examples.torch_python import Module, require_torch, run_script

if TYPE_CHECKING:
    from collections.abc import Iterator

require_torch()

STUDY = Path(__file__).parents[2] / "examples" / "intermediate-task" / "study"
METRICS = [item["metric"] for item in tomllib.loads((STUDY / "claim.toml").read_text())["expect"]]
TINY = 0.02
ARMS = ("base", "extra", "english", "target", "sequential", "parallel", "random")


# --- measures, by hand -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def effects() -> Iterator[Module]:
    module = Module(STUDY / "effects.py")
    yield module
    module.close()


def test_a_find_is_1_and_a_miss_0(effects: Module) -> None:
    assert effects("hits", [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [1.0, 0.0]]) == [0.0, 0.0]
    assert effects("hits", [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [0.1, 1.0]]) == [1.0, 1.0]


def test_a_training_that_diverged_finds_nothing_that_could_be_counted(effects: Module) -> None:
    found = effects("hits", [[math.nan, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])

    assert all(map(math.isnan, found))
    assert math.isnan(effects("percent", [found, [1.0, 1.0]]))
    assert all(map(math.isnan, effects("difference", [found], [[1.0, 1.0]], 0)))


def test_what_is_mined_is_held_against_rows_that_belong_together(effects: Module) -> None:
    """All that is mined is right, or none of it."""
    same = [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]]
    crossed = [[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]

    assert effects("mined", same, same) == 1.0
    assert effects("mined", same, crossed) == 0.0
    assert math.isnan(effects("mined", same, [[[math.nan, 0.0]], [[1.0, 0.0]]]))


def test_every_language_counts_the_same(effects: Module) -> None:
    assert effects("percent", [[1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0]]) == 50.0


def test_a_difference_is_paired(effects: Module) -> None:
    """Both arms find half, of different items: 0 on average, and uncertain. The same items: 0 without any doubt."""
    one, other = [[1.0, 0.0] * 50] * 3, [[0.0, 1.0] * 50] * 3
    gap, low, high = effects("difference", one, other, 0)

    assert gap == 0.0
    assert (
        -25 < low < -10 < 10 < high < 25
    )  # items vary together in all languages: 2 · 1.96 · 100 · √(1/4 / 100) = 19.6
    assert effects("difference", one, one, 0) == [0.0, 0.0, 0.0]


def test_languages_are_drawn_as_well_as_items(effects: Module) -> None:
    """Four languages gain everything and four nothing; items all agree, so the interval comes from languages alone."""
    gap, low, high = effects("difference", [[1.0] * 10] * 4 + [[0.0] * 10] * 4, [[0.0] * 10] * 8, 0)

    assert gap == 50.0
    assert 10 <= low <= 25  # 50 ± 1.96 · 100 · √(1/4 / 8) = 50 ± 34.6
    assert 75 <= high <= 90


# --- from end to end -------------------------------------------------------------------------------------------------


def given(place: Path, effort: float) -> Path:
    place.mkdir()
    shutil.copy(STUDY / "phrases.tsv", place)
    (place / "parameters.json").write_text(json.dumps({"effort": effort}))
    return place


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    place = tmp_path_factory.mktemp("study")
    inputs = given(place / "input", TINY)
    return inputs, run_script(STUDY, "study.py", inputs, place / "run")[0]


@pytest.mark.slow
def test_the_tiny_size_reports_every_arm_and_every_effect(tiny: tuple[Path, dict[str, Any]]) -> None:
    _, result = tiny

    assert {f"{tier}.{arm}" for tier in ("low", "high", "articles", "mined") for arm in ARMS} <= result.keys()
    assert {*METRICS, "low.trigrams", "high.trigrams"} <= result.keys()
    assert all(math.isfinite(value) for value in result.values())
    for name in METRICS:
        one, other = name.removeprefix("low.").split("-")
        assert result[name] == pytest.approx(result[f"low.{one}"] - result[f"low.{other}"])
        assert result[f"{name}:from"] <= result[name] <= result[f"{name}:to"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_and_another_one_does_not(
    tiny: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    inputs, result = tiny

    assert run_script(STUDY, "study.py", inputs, tmp_path / "again")[0] == result
    assert run_script(STUDY, "study.py", inputs, tmp_path / "other", ASSAY_SEED="1")[0] != result


@pytest.mark.slow
def test_a_training_that_diverges_is_measured_as_not_finite(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(STUDY, bundle)
    text = (bundle / "learner.py").read_text()
    changed = re.sub(
        r"^RATE_LANGUAGE, RATE_PAIRS = .*$", "RATE_LANGUAGE, RATE_PAIRS = 1e30, 5e-4", text, flags=re.MULTILINE
    )
    assert changed != text
    (bundle / "learner.py").write_text(changed)

    result, _ = run_script(bundle, "study.py", given(tmp_path / "input", TINY), tmp_path / "run")

    assert all(math.isnan(result[metric]) for metric in METRICS)
    assert math.isfinite(result["low.random"])
    assert math.isfinite(result["low.trigrams"])
