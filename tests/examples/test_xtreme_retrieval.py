"""XTREME's measures against cases worked out by hand. Vectors have lengths 1 that are exact, such as (0.6, 0.8)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.examples.torch_python import Module, require_torch

if TYPE_CHECKING:
    from collections.abc import Iterator

require_torch()

LIBRARY = Path(__file__).parents[2] / "examples" / "intermediate-task" / "study" / "xtreme_retrieval.py"
INF, NAN = math.inf, math.nan


@pytest.fixture(scope="module")
def library() -> Iterator[Module]:
    module = Module(LIBRARY)
    yield module
    module.close()


# --- one vector a text -----------------------------------------------------------------------------------------------


def test_a_text_is_the_mean_of_its_tokens_without_padding(library: Module) -> None:
    hidden = [[[1.0, 2.0], [3.0, 4.0], [50.0, 60.0]], [[1.0, 1.0], [2.0, 5.0], [6.0, 0.0]]]

    assert library("mean_pool", hidden, [[1, 1, 0], [1, 1, 1]]) == [[2.0, 3.0], [3.0, 2.0]]


@pytest.mark.parametrize("rubbish", [INF, NAN, 1e38])
def test_what_stands_under_padding_does_not_matter(library: Module, rubbish: float) -> None:
    assert library("mean_pool", [[[1.0, 2.0], [rubbish, -rubbish]]], [[1, 0]]) == [[1.0, 2.0]]


def test_padding_on_the_left_is_padding_too(library: Module) -> None:
    assert library("mean_pool", [[[9.0, 9.0], [1.0, 2.0], [2.0, 3.0]]], [[0, 1, 1]]) == [[1.5, 2.5]]


def test_a_text_without_tokens_is_refused(library: Module) -> None:
    with pytest.raises(ValueError, match="without tokens"):
        library("mean_pool", [[[1.0], [2.0]], [[1.0], [2.0]]], [[1, 1], [0, 0]])


def test_vectors_come_to_length_1_and_zero_stays_zero(library: Module) -> None:
    found = library("unit", [[3.0, 4.0], [0.0, 0.0], [-0.5, 0.0]])

    assert found == [pytest.approx([0.6, 0.8]), [0.0, 0.0], [-1.0, 0.0]]


# --- Tatoeba ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "pool", "row"),
    [
        pytest.param([1.0, 0.0], [[10.0, 10.0], [0.1, 0.0]], 1, id="the angle counts and not the length"),
        pytest.param([1.0, 0.0], [[-1.0, 0.0], [0.0, 1.0]], 1, id="opposite is farther than square"),
        pytest.param([2.0, 0.0], [[0.0, 1.0], [0.6, 0.8], [0.6, -0.8]], 1, id="of equals the lower row"),
        pytest.param([1.0, 0.0], [[0.0, 0.0], [0.6, 0.8]], 1, id="zero is farther than a cosine of 0.6"),
        pytest.param([1.0, 0.0], [[0.0, 0.0], [0.28, 0.96]], 0, id="zero is nearer than a cosine of 0.28"),
    ],
)
def test_the_nearest(library: Module, query: list[float], pool: list[list[float]], row: int) -> None:
    assert library("nearest", [query], pool) == [row]


def test_accuracy_is_the_share_that_finds_its_own_row(library: Module) -> None:
    english = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]
    foreign = [[0.8, 0.6], [0.0, 1.0], [1.0, 0.1]]  # the first English one is nearer to the third foreign one

    assert library("accuracy", english, foreign) == pytest.approx(1 / 3)


def test_the_queries_search_the_pool_and_not_the_other_way_round(library: Module) -> None:
    """Both queries are nearest to the first row of the pool; each row of the pool is nearest to its own query."""
    queries, pool = [[1.0, 0.0], [0.8, 0.6]], [[0.96, 0.28], [0.0, 1.0]]

    assert library("accuracy", queries, pool) == 0.5
    assert library("accuracy", pool, queries) == 1.0


def test_more_queries_than_one_block_are_all_answered(library: Module) -> None:
    circle = [[math.cos(turn / 300), math.sin(turn / 300)] for turn in range(600)]

    assert library("nearest", circle, circle) == list(range(600))
    assert library("accuracy", circle, circle[::-1]) == 0.0


@pytest.mark.parametrize("bad", [NAN, INF])
def test_vectors_that_are_not_finite_give_no_accuracy(library: Module, bad: float) -> None:
    assert math.isnan(library("accuracy", [[1.0, 0.0]], [[bad, 0.0]]))
    assert math.isnan(library("accuracy", [[bad, 0.0]], [[1.0, 0.0]]))


@pytest.mark.parametrize(("queries", "pool"), [([], []), ([[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]])])
def test_sides_that_are_no_translations_of_each_other_are_refused(library: Module, queries: Any, pool: Any) -> None:
    with pytest.raises(ValueError, match="queries cannot have"):
        library("accuracy", queries, pool)


def test_every_language_counts_the_same(library: Module) -> None:
    assert library("macro", {"de": 90.0, "sw": 30.0, "yo": 0.0}) == 40.0
    with pytest.raises(ValueError, match="no language"):
        library("macro", {})


# --- BUCC ------------------------------------------------------------------------------------------------------------


def test_a_score_is_the_cosine_over_the_mean_of_both_neighbourhoods(library: Module) -> None:
    """Cosines 1 and 0.6, 0 and 0.8. Neighbourhoods of two: sources 0.8 and 0.4, targets 0.5 and 0.7."""
    found = library("mine", [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.6, 0.8]], 2)

    assert found == [[0, 0, pytest.approx(1 / 0.65)], [1, 1, pytest.approx(0.8 / 0.55)]]


def test_the_margin_prefers_its_own_translation_to_one_that_is_near_to_everything(library: Module) -> None:
    """The first source is nearer to the first target by cosine (0.8 against 0.6), and less so by margin."""
    found = library("mine", [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0]], [[0.8, 0.6, 0.0], [0.6, 0.0, 0.8]], 2)

    assert found == [[1, 0, pytest.approx(0.96 / 0.77)], [0, 1, pytest.approx(0.6 / 0.59)]]


def test_lengths_do_not_matter(library: Module) -> None:
    short = library("mine", [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.6, 0.8]], 2)
    long = library("mine", [[7.0, 0.0], [0.0, 0.1]], [[2.0, 0.0], [3.0, 4.0]], 2)

    assert [pair[:2] for pair in long] == [pair[:2] for pair in short]
    assert [pair[2] for pair in long] == pytest.approx([pair[2] for pair in short])


def test_a_sentence_is_in_one_pair_only(library: Module) -> None:
    """Both sources want the one target: cosines 1 and 0.8, its neighbourhood 0.9."""
    found = library("mine", [[0.8, 0.6], [1.0, 0.0]], [[1.0, 0.0]])

    assert found == [[1, 0, pytest.approx(1 / 0.95)]]


def test_of_equal_sentences_the_lower_rows_are_paired(library: Module) -> None:
    found = library("mine", [[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]], 2)

    assert found[0] == [0, 0, 1.0]


def test_a_score_below_0_is_no_translation(library: Module) -> None:
    """The second target has no nearer source than one at -0.6, which is free: -0.6 over the mean of -0.6 and 0.8."""
    sources, targets = [[1.0, 0.0], [0.8, 0.6]], [[1.0, 0.0], [-0.96, 0.28]]

    assert library("mine", sources, targets, 1) == [[0, 0, 1.0]]


def test_fewer_sentences_than_neighbours_are_all_of_them(library: Module) -> None:
    two = library("mine", [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.6, 0.8]], 2)

    assert library("mine", [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.6, 0.8]]) == two


def test_sentences_of_several_blocks_find_each_other(library: Module) -> None:
    circle = [[math.cos(turn / 100), math.sin(turn / 100)] for turn in range(600)]

    assert sorted(pair[:2] for pair in library("mine", circle, circle, 1)) == [[row, row] for row in range(600)]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param([[NAN, 0.0]], [[1.0, 0.0]], id="not finite"),
        pytest.param([[1.0, 0.0]], [[0.0, 1.0]], id="0 over 0"),
    ],
)
def test_a_score_that_is_no_number_is_refused(library: Module, source: Any, target: Any) -> None:
    with pytest.raises(ValueError, match="score is no number"):
        library("mine", source, target)


def test_an_empty_side_is_refused(library: Module) -> None:
    with pytest.raises(ValueError, match="empty side"):
        library("mine", [], [[1.0, 0.0]])


PAIRS = [[0, 0, 5.0], [1, 2, 4.0], [2, 2, 3.0], [3, 1, 2.0]]


@pytest.mark.parametrize(
    ("gold", "threshold", "reached"),
    [
        pytest.param([[0, 0], [2, 2]], 2.5, 4 / 5, id="halfway to the next score"),
        pytest.param([[0, 0]], 4.5, 1.0, id="above a wrong pair"),
        pytest.param([[3, 1]], 2.0, 2 / 5, id="the last score itself"),
        pytest.param([[0, 0], [7, 7], [8, 8]], 4.5, 2 / 4, id="a pair that was not mined lowers recall"),
        pytest.param([[9, 9]], 0.0, 0.0, id="no right pair"),
        pytest.param([], 0.0, 0.0, id="no gold"),
    ],
)
def test_the_threshold_has_the_best_f1(library: Module, gold: Any, threshold: float, reached: float) -> None:
    for pairs in (PAIRS, PAIRS[::-1]):
        assert library("best_threshold", pairs, gold) == threshold
        assert library("f1", pairs, gold, threshold) == pytest.approx(reached)


def test_of_equally_good_cuts_the_highest_is_taken(library: Module) -> None:
    """With two true pairs, one right of one and two right of four both give 2/3."""
    assert library("best_threshold", PAIRS, [[0, 0], [3, 1]]) == 4.5


def test_a_pair_at_the_threshold_is_taken(library: Module) -> None:
    assert library("f1", PAIRS, [[0, 0], [1, 2]], 4.0) == 1.0
    assert library("f1", PAIRS, [[0, 0], [1, 2]], 4.0001) == pytest.approx(2 / 3)


def test_bundles_that_carry_a_module_of_another_one_carry_its_bytes() -> None:
    """Each bundle is sealed by itself, so that what they share is copied."""
    tatoeba, bucc = (LIBRARY.parents[2] / "xtreme-tatoeba" / name for name in ("tatoeba", "bucc"))
    assert {folder.joinpath(LIBRARY.name).read_bytes() for folder in (tatoeba, bucc)} == {LIBRARY.read_bytes()}
    assert (bucc / "encode.py").read_bytes() == (tatoeba / "encode.py").read_bytes()
