"""Rankings and tables: several metrics compared at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import CONTRADICTIONS, MATCHES
from app.core.compare import compare_all
from app.core.measurement import Measured
from app.core.model import Comparison, Expectation, Rule
from tests.core.strategies import law, measured

Metrics = dict[str, Measured]


def reported(*seeds: str, unit: str | None = None) -> list[Metrics]:
    """Return what runs reported: one text per seed, values of a, b, c … in turn."""
    return [
        {name: measured(text, unit) for name, text in zip("abcdefgh", seed.split(), strict=False)} for seed in seeds
    ]


def ranking(order: str = "abc", **keys: Any) -> Expectation:
    return Expectation(metric="rank", rule=Rule.RANKING, order=tuple(order), **keys)


def table(cells: str = "1.0 2.0 3.0", **keys: Any) -> Expectation:
    names = zip("abcdefgh", cells.split(), strict=False)
    return Expectation(metric="t1", rule=Rule.TABLE, cells=dict(names), **keys)


RANKINGS = [
    # One seed, or seeds that change nothing: beyond noise.
    pytest.param(ranking(), ["3 2 1"], "DIRECTION_HELD", "1", "3 of 3 pairs are resolved, 0", id="in order"),
    pytest.param(
        ranking(), ["1 2 3"], "DIRECTION_REVERSED", "-1", "3 of them reversed; found: c 3, b 2, a 1", id="not"
    ),
    pytest.param(ranking(), ["3 1 2"], "DIRECTION_REVERSED", "0.333333", "1 of them reversed", id="one pair reversed"),
    pytest.param(ranking(), ["3 2 2"], "DIRECTION_HELD", "0.666667", "2 of 3 pairs are resolved", id="a tie"),
    pytest.param(ranking(), ["3 2 2.0000001"], "DIRECTION_HELD", "0.333333", "2 of 3 pairs", id="a tie but for noise"),
    pytest.param(ranking(), ["3 2 2.00001"], "DIRECTION_REVERSED", "0.333333", "3 of 3 pairs", id="more than noise"),
    pytest.param(ranking(), ["2 2 2"], "UNDERPOWERED", "0", "0 of 3 pairs are resolved", id="nothing but ties"),
    pytest.param(
        ranking(better="lower"), ["1 2 3"], "DIRECTION_HELD", "1", "found: a 1, b 2, c 3", id="lower is better"
    ),
    pytest.param(ranking(better="lower"), ["3 2 1"], "DIRECTION_REVERSED", "-1", "3 of them", id="lower, reversed"),
    pytest.param(ranking(better="higher"), ["3 2 1"], "DIRECTION_HELD", "1", "", id="higher, said"),
    pytest.param(ranking("ba"), ["1 2"], "DIRECTION_HELD", "1", "1 of 1 pairs", id="two members"),
    pytest.param(ranking(), ["3 2 1", "3 2 1"], "DIRECTION_HELD", "1", "3 of 3", id="the same twice"),
    pytest.param(ranking(), ["3 2 1", "4 3 2"], "DIRECTION_HELD", "1", "3 of 3", id="a shift that all share"),
    pytest.param(ranking(), ["2 3 1", "3 4 2"], "DIRECTION_REVERSED", "0.333333", "1 of them", id="and one reversed"),
    # Seeds that differ.
    pytest.param(ranking("ab"), ["3 2", "3.1 2", "2.9 2"], "DIRECTION_HELD", "1", "1 of 1", id="surely in order"),
    pytest.param(ranking("ba"), ["3 2", "3.1 2", "2.9 2"], "DIRECTION_REVERSED", "-1", "1 of 1", id="surely not"),
    pytest.param(ranking("ba"), ["3 2", "5 2", "1.5 2"], "UNDERPOWERED", "-1", "0 of 1", id="not surely"),
    pytest.param(ranking(), ["3 2 1", "3.1 2 9", "2.9 2 -7"], "DIRECTION_HELD", "1", "1 of 3", id="one pair alone"),
    # What no ranking is made of.
    pytest.param(ranking(), ["3 NaN 1"], "NON_FINITE", "NaN", "", id="a NaN"),
    pytest.param(ranking(), ["3 Infinity 1"], "NON_FINITE", "Infinity", "", id="an infinity"),
]


@pytest.mark.parametrize(("expectation", "seeds", "code", "tau", "says"), RANKINGS)
def test_a_ranking_ends_in_its_code(expectation: Expectation, seeds: list[str], code: str, tau: str, says: str) -> None:
    (item,) = compare_all(expectation, reported(*seeds))
    assert (item.code, item.computed, item.match) == (code, tau, code in MATCHES)
    assert says in (item.note or "")
    assert (item.expected, item.low, item.high, item.flips_at, item.table) == (None, None, None, None, None)


def test_a_reversal_by_statistics_counts_pairs_and_looks() -> None:
    seeds = reported("3 2 9", "3.1 2 9", "2.9 2 9")
    (two,) = compare_all(ranking("ba"), seeds)
    (three,) = compare_all(ranking("cba"), seeds)
    (looked,) = compare_all(ranking("ba"), seeds, 3)
    # t = 1 / (0.1 / √3) with two degrees of freedom: 0.001657
    assert round(Decimal(two.p or "1"), 5) == Decimal("0.00166")
    assert abs(Decimal(three.p or "1") - 3 * Decimal(two.p or "1")) < Decimal("1e-7")
    assert looked.p == three.p
    (sure,) = compare_all(ranking("bac"), seeds)
    assert (sure.code, sure.p) == ("DIRECTION_REVERSED", None)  # c surely leads, whatever the seeds of a and b


def test_a_reversal_by_statistics_has_at_most_certainty_and_needs_its_share_of_the_error() -> None:
    """T = 9 with one degree of freedom is 0.035 for one pair, and not enough for one of three."""
    seeds = reported("3 2.5 9", "3.1 2.7 9")
    (alone,) = compare_all(ranking("ba"), seeds)
    (among,) = compare_all(ranking("cba"), seeds)
    assert (alone.code, among.code) == ("DIRECTION_REVERSED", "DIRECTION_HELD")
    assert "2 of 3 pairs" in (among.note or "")


def test_of_each_seed_tau_is_shown() -> None:
    (item,) = compare_all(ranking(), reported("3 2 1", "1 2 3", "3 3 1"))
    assert item.values == ("1", "-1", "0.666667")


def test_only_the_first_of_many_are_named() -> None:
    (item,) = compare_all(ranking("abcdefg"), reported("7 6 5 4 3 2 1"))
    assert (item.note or "").endswith("found: a 7, b 6, c 5, d 4, e 3 and 2 more")
    (item,) = compare_all(ranking("abcde"), reported("7 6 5 4 3"))
    assert (item.note or "").endswith("found: a 7, b 6, c 5, d 4, e 3")


def test_members_may_be_in_units_that_go_together() -> None:
    both = [{"a": measured("90", "%"), "b": measured("0.8", "fraction")}]
    assert compare_all(ranking("ab"), both)[0].code == "DIRECTION_HELD"
    assert compare_all(ranking("ba"), both)[0].code == "DIRECTION_REVERSED"
    odd = [{"a": measured("90", "%"), "b": measured("0.8", "kg")}]
    assert compare_all(ranking("ab"), odd)[0].code == "UNIT_SUSPECT"
    assert compare_all(ranking("ab", unit="kg"), odd)[0].code == "UNIT_SUSPECT"


def ends(value: str, low: str, high: str) -> Measured:
    return measured(value, low=low, high=high, inner_low=low, inner_high=high)


@pytest.mark.parametrize(
    ("order", "better", "code", "tau"),
    [
        ("ac", None, "DIRECTION_HELD", "1"),
        ("ca", None, "DIRECTION_REVERSED", "-1"),
        ("ab", None, "UNDERPOWERED", "1"),
        ("ba", None, "UNDERPOWERED", "-1"),
        ("ca", "lower", "DIRECTION_HELD", "1"),
        ("ac", "lower", "DIRECTION_REVERSED", "-1"),
        ("abc", None, "DIRECTION_HELD", "1"),
    ],
)
def test_a_formula_ranks_what_its_inputs_tell_apart(order: str, better: Any, code: str, tau: str) -> None:
    metrics = {"a": ends("3", "2.9", "3.1"), "b": ends("2.8", "2.7", "2.9"), "c": ends("1", "0.9", "1.1")}
    (item,) = compare_all(ranking(order, better=better), [metrics])
    assert (item.code, item.computed, item.p) == (code, tau, None)


TABLES = [
    pytest.param(table(), ["1.0 2.0 3.0"], "MATCH_EXACT", "1", id="all equal"),
    pytest.param(table(), ["1.04 2.0 3.0"], "MATCH_ROUNDING", "1", id="one rounds"),
    pytest.param(table(), ["1.06 2.0 3.0"], "MISMATCH", "0.666667", id="one does not"),
    pytest.param(table(at_least="66%"), ["1.06 2.0 3.0"], "MATCH_TOLERANCE", "0.666667", id="enough do"),
    pytest.param(table(at_least="0.67"), ["1.06 2.0 3.0"], "MISMATCH", "0.666667", id="not quite enough"),
    pytest.param(table("1.0 2.0", at_least="0.5"), ["1.06 2.0"], "MATCH_TOLERANCE", "0.5", id="on the bound"),
    pytest.param(table("1.0 2.0", at_least="0.5"), ["1.06 2.5"], "MISMATCH", "0", id="below it"),
    pytest.param(table(at_least="0.5"), ["1.06 2.5 NaN"], "NON_FINITE", "0", id="a NaN"),
    pytest.param(table(at_least="0.5"), ["1.0 2.0 NaN"], "NON_FINITE", "0.666667", id="a NaN that would not count"),
    pytest.param(
        table(cell_rule=Rule.ABSOLUTE, tolerance="0.01"), ["1.04 2.0 3.0"], "COARSE_CLAIM", "0.666667", id="coarse"
    ),
    pytest.param(
        table(cell_rule=Rule.ABSOLUTE, tolerance="0.01", at_least="0.5"),
        ["1.04 2.5 3.04"],
        "COARSE_CLAIM",
        "0",
        id="coarse ones would make up for a contradiction",
    ),
    pytest.param(
        table(cell_rule=Rule.ABSOLUTE, tolerance="0.2"), ["1.1 2.0 3.0"], "MATCH_TOLERANCE", "1", id="another rule"
    ),
    pytest.param(table(cell_rule=Rule.RELATIVE, tolerance="5%"), ["1.05 2.1 3"], "MATCH_TOLERANCE", "1", id="relative"),
    pytest.param(table(cell_rule=Rule.EXACT), ["1 2 3"], "MATCH_EXACT", "1", id="exact"),
    pytest.param(table(), ["100 2.0 3.0"], "UNIT_SUSPECT", "0.666667", id="suspect units"),
    pytest.param(table(), ["100 2.5 3.0"], "MISMATCH", "0.333333", id="a contradiction beside suspect units"),
    pytest.param(table(at_least="0.5"), ["100 2.5 3.0"], "UNIT_SUSPECT", "0.333333", id="suspect, and they would do"),
    pytest.param(table(), ["1.0 2.0 3.0", "1.06 2.0 3.0"], "UNDERPOWERED", "0.666667", id="seeds disagree about one"),
    pytest.param(table(), ["1.06 2.0 3.0", "1.07 2.0 3.0"], "MISMATCH", "0.666667", id="seeds agree against one"),
]


@pytest.mark.parametrize(("expectation", "seeds", "code", "share"), TABLES)
def test_a_table_ends_in_its_code(expectation: Expectation, seeds: list[str], code: str, share: str) -> None:
    whole, *cells = compare_all(expectation, reported(*seeds))
    assert (whole.code, whole.computed, whole.match) == (code, share, code in MATCHES)
    assert (whole.metric, whole.table, whole.values, whole.high) == ("t1", None, (), "1")
    assert [cell.metric for cell in cells] == list(expectation.cells or ())
    assert {cell.table for cell in cells} == {"t1"}
    assert [cell.expected for cell in cells] == list((expectation.cells or {}).values())
    assert whole.expected == whole.low


def test_a_table_names_its_worst_cell() -> None:
    def worst(seed: str, **keys: Any) -> str:
        return (compare_all(table(**keys), reported(seed))[0].note or "").partition("; ")[2]

    assert worst("1.0 2.01 3.02") == "worst is c: 3.02, printed 3.0"
    assert worst("1.0 2.04 3.02") == "worst is b: 2.04, printed 2.0"
    assert worst("1.4 2.2 3.02") == "worst is a: 1.4, printed 1.0"
    assert worst("1.0 2.2 NaN") == "worst is c: NaN, printed 3.0"


def test_a_table_may_hold_labels() -> None:
    wanted = Expectation(metric="t", rule=Rule.TABLE, cells={"a": "RemBERT", "b": "3"}, cell_rule=Rule.EXACT)
    metrics = {"a": Measured(None, "RemBERT"), "b": measured("3")}
    assert compare_all(wanted, [metrics])[0].code == "MATCH_EXACT"
    metrics["a"] = Measured(None, "FILTER")
    assert compare_all(wanted, [metrics])[0].code == "MISMATCH"


def test_cells_take_the_unit_of_their_table() -> None:
    wanted = table("87.0 88.0", unit="%", cell_rule=Rule.POINTS, tolerance="1")
    whole, *_ = compare_all(wanted, reported("0.875 0.88", unit="fraction"))
    assert (whole.code, whole.unit, whole.tolerance) == ("MATCH_TOLERANCE", "%", "1")


# --- laws ------------------------------------------------------------------------------------------------------------

rows = st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=6)


def metrics_of(row: list[int]) -> Metrics:
    return {name: measured(str(number)) for name, number in zip("abc", row, strict=True)}


def ranked(order: str, found: list[list[int]], **keys: Any) -> Comparison:
    return compare_all(ranking(order, **keys), [metrics_of(row) for row in found])[0]


@law
@given(rows, st.randoms())
def test_the_order_of_seeds_changes_no_ranking(found: list[list[int]], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    one, two = ranked("abc", found), ranked("abc", shuffled)
    assert one.model_copy(update={"values": ()}) == two.model_copy(update={"values": ()})


@law
@given(rows)
def test_a_ranking_and_its_reverse_are_never_both_held(found: list[list[int]]) -> None:
    one, two = ranked("abc", found), ranked("cba", found)
    assert not (one.match and two.match)
    assert (one.code == "UNDERPOWERED") is (two.code == "UNDERPOWERED")
    assert two.match <= (one.code in CONTRADICTIONS)
    assert ranked("abc", found, better="lower").code == two.code


@law
@given(st.lists(st.integers(0, 9), min_size=3, max_size=3))
def test_with_one_seed_a_ranking_is_what_comparing_integers_says(row: list[int]) -> None:
    a, b, c = row
    signs = [(x > y) - (x < y) for x, y in ((a, b), (a, c), (b, c))]
    item = ranked("abc", [row])
    assert item.match is (min(signs) >= 0 and max(signs) > 0)
    assert (item.code in CONTRADICTIONS) is (min(signs) < 0)
    assert abs(Decimal(item.computed or "") * 3 - sum(signs)) < Decimal("1e-4")


@law
@given(
    st.lists(st.sampled_from(["1.0", "1.04", "1.05", "1.06", "9"]), min_size=1, max_size=8),
    st.sampled_from([None, "0.01", "0.25", "1/3", "0.5", "2/3", "0.75", "1"]),
)
def test_a_table_matches_when_the_share_of_its_matching_cells_is_reached(texts: list[str], least: str | None) -> None:
    share = {"1/3": "0.3333", "2/3": "0.6666"}.get(least or "1", least or "1")
    wanted = table(" ".join("1.0" for _ in texts), at_least=None if least is None else share)
    whole, *cells = compare_all(wanted, reported(" ".join(texts)))
    good = sum(Decimal(text) <= Decimal("1.05") for text in texts)
    assert sum(cell.match for cell in cells) == good
    assert whole.match is (good >= Decimal(share) * len(texts))
    assert (whole.code in CONTRADICTIONS) is not whole.match
