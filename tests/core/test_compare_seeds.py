"""Rules over the spread of seeds: worked examples, edges, and laws that any statistics would have to keep."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import CONTRADICTIONS, MATCHES
from app.core.compare import compare
from app.core.model import Comparison, Expectation
from tests.core.builders import an_expectation
from tests.core.strategies import law, measured

#: Hours of sleep gained with one drug rather than the other (Student 1908). R's t.test gives 0.7001142 … 2.4598858.
SLEEP = "1.2 2.4 1.3 1.3 0.0 1.0 1.8 0.8 4.6 1.4"


def found(value: str | None, rule: str, reported: str, looks: int = 1, **keys: Any) -> Comparison:
    items = [measured(text, keys.get("unit", "h") and "h") for text in reported.split()]
    return compare(an_expectation(value, rule, **{"unit": "h", **keys}), items, looks)


def equivalence(delta: str = "0.1", **keys: Any) -> dict[str, Any]:
    return {"rule": "equivalence", "tolerance": delta, **keys}


def interval(low: str = "8.5", high: str = "8.9", **keys: Any) -> dict[str, Any]:
    return {"rule": "interval", "low": low, "high": high, "level": "95%", "n": "5", **keys}


CASES = [
    # Equivalence: inside, outside both, in between.
    pytest.param("8.7", equivalence(), "8.66 8.71 8.69 8.73 8.70", "EQUIVALENT", id="inside the margin"),
    pytest.param("8.7", equivalence("0.0266"), "8.66 8.71 8.69 8.73 8.70", "UNDERPOWERED", id="just not inside"),
    pytest.param("8.7", equivalence("0.0267"), "8.66 8.71 8.69 8.73 8.70", "EQUIVALENT", id="just inside"),
    pytest.param("8.7", equivalence(), "8.3 9.2 8.6", "UNDERPOWERED", id="too wide"),
    pytest.param("8.7", equivalence(), "9.3 9.28 9.35 9.31 9.33", "NOT_EQUIVALENT", id="above"),
    pytest.param("8.7", equivalence(), "8.1 8.08 8.15 8.11 8.13", "NOT_EQUIVALENT", id="below"),
    pytest.param("9", equivalence(), "9.3 9.28 9.35 9.31 9.33", "UNDERPOWERED", id="outside, but within the print"),
    pytest.param("8.7", equivalence(), "8.7 8.7 8.7 8.7 8.7", "UNDERPOWERED", id="all the same, and right"),
    pytest.param("8.7", equivalence(), "9.7 9.70 9.7", "UNDERPOWERED", id="all the same, and wrong"),
    pytest.param("8.7", equivalence(), "8.7", "UNDERPOWERED", id="one value"),
    pytest.param(
        "8.7", equivalence(sd="0.3", n="5"), "8.66 8.71 8.69 8.73 8.70", "UNDERPOWERED", id="the paper's error"
    ),
    pytest.param("8.7", equivalence(sd="0.01", n="50"), "8.66 8.71 8.69 8.73 8.70", "EQUIVALENT", id="a small one"),
    pytest.param("8.7", equivalence(sd="0.3", n="5"), "9.3 9.28 9.35 9.31 9.33", "NOT_EQUIVALENT", id="yet far off"),
    pytest.param("8.7", equivalence(sd="0", n="5"), "8.66 8.71 8.69 8.73 8.70", "EQUIVALENT", id="an error of zero"),
    pytest.param("8.7", equivalence(), "8.66 NaN 8.69", "NON_FINITE", id="a NaN among them"),
    pytest.param("8.7", equivalence(), "8.66 Infinity 8.69", "NON_FINITE", id="an infinity among them"),
    # Prediction: narrow and around it, narrow and elsewhere, wide.
    pytest.param("8.7", equivalence(rule="prediction"), "8.66 8.71 8.69 8.73 8.70", "EQUIVALENT", id="predicted"),
    pytest.param(
        "8.7", equivalence("0.0787", rule="prediction"), "8.66 8.71 8.69 8.73 8.70", "UNDERPOWERED", id="wide"
    ),
    pytest.param(
        "8.7", equivalence("0.0788", rule="prediction"), "8.66 8.71 8.69 8.73 8.70", "EQUIVALENT", id="enough"
    ),
    pytest.param(
        "8.7", equivalence(rule="prediction"), "9.3 9.28 9.35 9.31 9.33", "NOT_EQUIVALENT", id="not predicted"
    ),
    pytest.param("9.2", equivalence(rule="prediction"), "9.3 9.28 9.35 9.31 9.33", "UNDERPOWERED", id="on the edge"),
    pytest.param("8.7", equivalence(rule="prediction"), "8.7 8.7 8.7", "UNDERPOWERED", id="nothing predicted"),
    # Direction: surely so, surely not, a tie, too wide.
    pytest.param("1.6", {"rule": "direction"}, SLEEP, "DIRECTION_HELD", id="held"),
    pytest.param("1.6", {"rule": "direction", "tolerance": "0.866"}, SLEEP, "DIRECTION_HELD", id="by a margin"),
    pytest.param("1.6", {"rule": "direction", "tolerance": "0.867"}, SLEEP, "UNDERPOWERED", id="by more than that"),
    pytest.param("-1.6", {"rule": "direction"}, SLEEP, "DIRECTION_REVERSED", id="reversed"),
    pytest.param("-1.6", {"rule": "direction"}, "-1 -2 -3", "DIRECTION_HELD", id="a negative one held"),
    pytest.param("3", {"rule": "direction"}, "0.3 0.31 0.29 0.5", "UNDERPOWERED", id="prints as a tie"),
    pytest.param("-3", {"rule": "direction"}, "0.3 0.31 0.29 0.5", "UNDERPOWERED", id="a tie is not reversed"),
    pytest.param("3.0", {"rule": "direction"}, "0.3 0.31 0.29 0.5", "DIRECTION_HELD", id="a finer print is no tie"),
    pytest.param("1.6", {"rule": "direction"}, "9 -7 2", "UNDERPOWERED", id="cannot tell"),
    pytest.param("-1.6", {"rule": "direction"}, "9 -7 2", "UNDERPOWERED", id="nor the other way"),
    pytest.param("1.6", {"rule": "direction"}, "2 2 2", "UNDERPOWERED", id="no spread"),
    # Interval: the mean within, a little beyond, far beyond.
    pytest.param(None, interval(), "8.5", "MATCH_TOLERANCE", id="on its lower end"),
    pytest.param(None, interval(), "8.9", "MATCH_TOLERANCE", id="on its upper end"),
    pytest.param(None, interval(), "8.5 9.2", "MATCH_TOLERANCE", id="by the mean"),
    pytest.param("8.7", interval(), "8.7", "MATCH_EXACT", id="the print itself"),
    pytest.param("8.7", interval(), "8.74", "MATCH_ROUNDING", id="its rounding"),
    pytest.param("8.7", interval(), "8.76", "MATCH_TOLERANCE", id="not its rounding"),
    pytest.param(None, interval(), "8.95", "COARSE_CLAIM", id="within the rounding of an end"),
    pytest.param(None, interval(), "8.45", "COARSE_CLAIM", id="of the other end"),
    pytest.param(None, interval(), "8.96", "UNDERPOWERED", id="as two sound means may differ"),
    pytest.param(None, interval(), "8.982", "UNDERPOWERED", id="as far as they may"),
    pytest.param(None, interval(), "8.983", "MISMATCH", id="further"),
    pytest.param(None, interval(), "8.417", "MISMATCH", id="further below"),
    pytest.param("8.6", interval(), "8.417", "MISMATCH", id="an uneven interval, beyond its short arm"),
    pytest.param("8.6", interval(), "9.02", "UNDERPOWERED", id="its long arm"),
    pytest.param("8.6", interval(), "9.03", "MISMATCH", id="beyond its long arm"),
    pytest.param(None, interval(level="0.5"), "8.983", "UNDERPOWERED", id="a lower level says less"),
    pytest.param(None, interval(n="2"), "9.5", "MISMATCH", id="the paper's own n"),
    pytest.param(None, interval(), "9.5 9.6 9.4 9.5 9.7", "MISMATCH", id="surely elsewhere"),
    pytest.param(None, interval(), "9.5 8.6 9.4 9.9 8.4", "UNDERPOWERED", id="perhaps elsewhere"),
    pytest.param(None, interval("8.7", "8.7"), "8.7", "MATCH_TOLERANCE", id="no width, and there"),
    pytest.param(None, interval("8.7", "8.7"), "8.8", "MISMATCH", id="no width, and not there"),
    pytest.param(None, interval("8.7", "8.7"), "8.8 8.9 8.8 8.85", "MISMATCH", id="our spread alone"),
    pytest.param(None, interval("8.7", "8.7"), "8.8 9.9 7.9", "UNDERPOWERED", id="our wide spread alone"),
]


@pytest.mark.parametrize(("value", "keys", "reported", "code"), CASES)
def test_a_case_ends_in_its_code(value: str | None, keys: dict[str, Any], reported: str, code: str) -> None:
    item = found(value, reported=reported, **keys)
    assert (item.code, item.match) == (code, code in MATCHES)
    assert (item.p is not None) >= (code in CONTRADICTIONS and len(set(item.values)) > 1)
    assert item.p is None or code in CONTRADICTIONS


def short(text: str | None) -> str:
    return f"{Decimal(text or 'NaN'):.4f}"


def test_the_working_of_an_equivalence_is_shown() -> None:
    item = found("8.7", "equivalence", "8.66 8.71 8.69 8.73 8.70", tolerance="0.1")
    assert (item.computed, item.low, item.high, item.flips_at, item.p) == ("8.698", "8.6", "8.8", "0.026678", None)
    assert (short(item.computed_low), short(item.computed_high)) == ("8.6733", "8.7227")  # -0.027 … 0.023
    wide = found("8.7", "equivalence", "8.3 9.2 8.6", tolerance="0.1")
    assert (short(wide.computed_low), short(wide.computed_high)) == ("7.9274", "9.4726")  # ± 0.773


def test_the_working_of_the_other_rules_is_shown() -> None:
    held = found("1.6", "direction", SLEEP)
    assert (held.computed, held.low, held.high, held.flips_at) == ("1.58", "0", None, "0.866994")
    assert short(held.computed_low) == "0.8670"
    opposed = found("-1.6", "direction", SLEEP)
    assert (opposed.low, opposed.high, opposed.flips_at) == (None, "0", None)
    assert short(opposed.computed_high) == "2.2930"
    assert round(Decimal(opposed.p or "1"), 6) == Decimal("0.001416")  # R: p = 0.002833, two-sided
    tied = found("3", "direction", "0.3 0.31 0.29 0.5")
    assert (tied.flips_at, tied.note) == (None, "the difference prints as a tie")
    short_of_it = found("1.6", "direction", SLEEP, tolerance="0.867")
    assert (short_of_it.flips_at, short_of_it.note) == ("0.866994", None)
    assert found("1.6", "direction", "9 -7 2").flips_at is None
    both = found(None, "interval", SLEEP, low="0", high="3.16", level="95%", n="10")
    assert (short(both.computed_low), short(both.computed_high)) == ("0.7001", "2.4599")
    assert (both.low, both.high) == ("0", "3.16")
    run = found("1.6", "prediction", SLEEP, tolerance="3")
    assert run.flips_at == "2.91826"  # 2.2622 · 1.2300 · √1.1
    away = found("9.9", "prediction", SLEEP, tolerance="3")
    assert (away.code, away.flips_at) == ("NOT_EQUIVALENT", None)


def test_the_error_of_a_contradiction_counts_margin_sides_and_looks() -> None:
    one = found("0.5", "equivalence", SLEEP, tolerance="0.2")
    two = found("0.5", "equivalence", SLEEP, tolerance="0.2", looks=2)
    # t = (1.08 - 0.2) / 0.389 = 2.2624, and 2.5 % lie beyond 2.2622 with nine degrees of freedom
    assert (one.code, round(Decimal(one.p or "1"), 4)) == ("NOT_EQUIVALENT", Decimal("0.0250"))
    assert two.code == "NOT_EQUIVALENT"
    assert abs(Decimal(two.p or "1") - 2 * Decimal(one.p or "1")) < Decimal("1e-6")
    three = found("0.5", "equivalence", SLEEP, tolerance="0.2", looks=3)
    assert (three.code, three.p) == ("UNDERPOWERED", None)
    sides = found("0", "prediction", "1.58 1.5 1.7 1.6", tolerance="0.05")
    wider = found("0", "prediction", "1.58 1.5 1.7 1.6", tolerance="0.9")
    assert Decimal(wider.p or "0") > 2 * Decimal(sides.p or "1")  # nearer to what the margin accepts
    half = found("0", "prediction", "1.58 1.5 1.7 1.6", tolerance="0.05", looks=2)
    assert abs(Decimal(half.p or "1") - 2 * Decimal(sides.p or "1")) < Decimal("1e-7")


def test_the_margin_or_the_print_is_what_a_mean_must_be_beyond() -> None:
    """The wider of both counts: a coarse print makes a contradiction less sure, a fine one does not make it surer."""
    fine, coarse = (found(value, "equivalence", "9.9 9.8 9.95", tolerance="0.1") for value in ("8.70", "9"))
    assert Decimal(fine.p or "1") < Decimal(coarse.p or "1")
    assert fine.p == found("8.7000", "equivalence", "9.9 9.8 9.95", tolerance="0.1").p


# --- units -----------------------------------------------------------------------------------------------------------

UNITS = [
    pytest.param("87.0", equivalence("1", unit="%"), "0.87 0.871 0.869", "UNIT_SUSPECT", id="fractions for percent"),
    pytest.param("8.7", equivalence("0.1", unit=None), "-8.7 -8.71 -8.69", "UNIT_SUSPECT", id="another sign"),
    pytest.param(
        "8.7", equivalence("0.01", unit=None), "-8.74 -8.741 -8.739", "UNIT_SUSPECT", id="a sign, by the print alone"
    ),
    pytest.param("87.0", interval("86", "88", unit="%"), "0.87", "UNIT_SUSPECT", id="an interval"),
    pytest.param(
        "-8.7", {"rule": "direction", "unit": None}, "8.7 8.71 8.69", "DIRECTION_REVERSED", id="its sign is it"
    ),
]


@pytest.mark.parametrize(("value", "keys", "reported", "code"), UNITS)
def test_an_undeclared_unit_is_suspected(value: str, keys: dict[str, Any], reported: str, code: str) -> None:
    assert found(value, reported=reported, **keys).code == code


def test_declared_units_are_converted_or_do_not_go_together() -> None:
    wanted = an_expectation("87.0", "equivalence", tolerance="1", unit="%")
    shares = [measured(text, "fraction") for text in ("0.87", "0.871", "0.869")]
    item = compare(wanted, shares)
    assert (item.code, item.computed) == ("EQUIVALENT", "87")
    found = compare(wanted, [measured("87", "%"), measured("87.1", "kg"), measured("87", "%")])
    assert (found.code, str(found.computed)[:6]) == ("UNIT_SUSPECT", "87.033")
    declared = [measured(text, "%") for text in ("0.87", "0.871", "0.869")]
    assert compare(wanted, declared).code == "NOT_EQUIVALENT"


# --- formulas --------------------------------------------------------------------------------------------------------

FORMULAS = [
    pytest.param("0.8", {"rule": "direction"}, ("0.8", "0.7", "0.9"), "DIRECTION_HELD", id="held"),
    pytest.param("0.8", {"rule": "direction", "tolerance": "0.75"}, ("0.8", "0.7", "0.9"), "COARSE_CLAIM", id="margin"),
    pytest.param("0.8", {"rule": "direction"}, ("0.03", "0.01", "0.05"), "COARSE_CLAIM", id="a tie"),
    pytest.param("0.8", {"rule": "direction"}, ("-0.8", "-0.9", "-0.7"), "DIRECTION_REVERSED", id="reversed"),
    pytest.param("0.8", {"rule": "direction"}, ("-0.08", "-0.2", "0.04"), "COARSE_CLAIM", id="perhaps"),
    pytest.param("-0.8", {"rule": "direction"}, ("-0.8", "-0.9", "-0.7"), "DIRECTION_HELD", id="a negative one"),
    pytest.param("0.8", {"rule": "direction", "tolerance": "0.7"}, ("0.8", "0.7", "0.9"), "DIRECTION_HELD", id="bound"),
    pytest.param("0.8", {"rule": "direction"}, ("-0.8", "-0.9", "0"), "COARSE_CLAIM", id="zero is not below zero"),
    pytest.param("0.8", {"rule": "direction"}, ("0.05", "0.04", "0.06"), "COARSE_CLAIM", id="half a unit is a tie"),
    pytest.param("0.8", {"rule": "direction"}, ("0.051", "0.04", "0.06"), "DIRECTION_HELD", id="more is none"),
    pytest.param(None, interval(), ("8.6", "8.4", "8.8"), "MATCH_TOLERANCE", id="point within"),
    pytest.param(None, interval(), ("9.2", "8.8", "9.6"), "COARSE_CLAIM", id="partly within"),
    pytest.param(None, interval(), ("9.5", "9.3", "9.7"), "MISMATCH", id="wholly beyond"),
    pytest.param(None, interval(), ("9.5", "8.97", "9.7"), "UNDERPOWERED", id="its nearer end counts"),
    pytest.param(None, interval(), ("8.0", "7.7", "8.43"), "UNDERPOWERED", id="its nearer end below"),
]


@pytest.mark.parametrize(("value", "keys", "ends", "code"), FORMULAS)
def test_a_formula_is_held_to_what_its_inputs_allow(
    value: str | None, keys: dict[str, Any], ends: tuple[str, str, str], code: str
) -> None:
    item = measured(ends[0], "h", low=ends[1], high=ends[2], inner_low=ends[1], inner_high=ends[2])
    result = compare(an_expectation(value, **{"unit": "h", **keys}), [item])
    assert result.code == code
    assert (result.computed_low, result.computed_high) == ends[1:]
    assert result.code == "MISMATCH" or result.p is None


def test_a_margin_of_zero_would_hold_where_the_lower_end_is_zero() -> None:
    item = measured("0.5", "h", low="0", high="0.9", inner_low="0", inner_high="0.9")
    found_one = compare(an_expectation("0.8", "direction", unit="h", tolerance="0.5"), [item])
    assert (found_one.code, found_one.flips_at) == ("COARSE_CLAIM", "0")


def test_an_expectation_without_its_value_is_an_error_and_never_a_pass() -> None:
    with pytest.raises(ValueError, match="needs a value"):
        compare(an_expectation(None, "equivalence", tolerance="1"), [measured("1"), measured("2"), measured("4")])


# --- laws ------------------------------------------------------------------------------------------------------------

numbers = st.lists(st.decimals("-20", "20", places=2), min_size=1, max_size=9)
rules = st.sampled_from(["equivalence", "prediction", "direction", "interval"])


def wanted(rule: str, value: str = "8.7", delta: str = "2") -> Expectation:
    keys = {"low": "7", "high": "10.4", "level": "95%", "n": "5"} if rule == "interval" else {"tolerance": delta}
    return an_expectation(value, rule, unit="h", **keys)


def coded(expectation: Expectation, reported: list[Decimal], looks: int = 1) -> Comparison:
    return compare(expectation, [measured(number, "h") for number in reported], looks)


@law
@given(rules, numbers, st.randoms(), st.integers(1, 6))
def test_the_order_of_seeds_changes_nothing(rule: str, reported: list[Decimal], random: Any, looks: int) -> None:
    shuffled = list(reported)
    random.shuffle(shuffled)
    one, two = coded(wanted(rule), reported, looks), coded(wanted(rule), shuffled, looks)
    assert one.model_copy(update={"values": ()}) == two.model_copy(update={"values": ()})


@law
@given(st.sampled_from(["equivalence", "prediction"]), numbers, st.sampled_from(["0.001", "0.5", "10"]))
def test_a_wider_margin_never_turns_a_match_off_nor_a_contradiction_on(
    rule: str, reported: list[Decimal], more: str
) -> None:
    narrow = coded(wanted(rule), reported)
    wide = coded(wanted(rule, delta=str(2 + Decimal(more))), reported)
    assert wide.match >= narrow.match
    assert (wide.code in CONTRADICTIONS) <= (narrow.code in CONTRADICTIONS)


@law
@given(rules, numbers, st.integers(2, 6))
def test_more_looks_never_decide_more(rule: str, reported: list[Decimal], looks: int) -> None:
    once, often = coded(wanted(rule), reported), coded(wanted(rule), reported, looks)
    assert often.match <= once.match
    if rule != "interval":
        assert (often.code in CONTRADICTIONS) <= (once.code in CONTRADICTIONS)


@law
@given(rules, numbers, st.integers(1, 4))
def test_turning_every_sign_changes_no_decision(rule: str, reported: list[Decimal], looks: int) -> None:
    one = wanted(rule)
    two = wanted(rule, "-8.7")
    if rule == "interval":
        two = two.model_copy(update={"low": "-10.4", "high": "-7"})
    turned = coded(two, [-number for number in reported], looks)
    item = coded(one, reported, looks)
    assert (item.code, item.p, item.flips_at) == (turned.code, turned.p, turned.flips_at)


@law
@given(st.sampled_from(["equivalence", "prediction"]), numbers)
def test_a_match_is_within_the_margin_and_a_contradiction_beyond_margin_and_print(
    rule: str, reported: list[Decimal]
) -> None:
    item = coded(wanted(rule, "9"), reported)
    gap = abs(Decimal(item.computed or "") - 9)
    if item.match:
        assert gap <= 2
        assert len(set(reported)) > 1
    if item.code in CONTRADICTIONS:
        assert gap > 2
        assert Decimal(item.p or "1") < Decimal("0.05")


@law
@given(st.sampled_from(["equivalence", "prediction"]), numbers)
def test_flips_at_is_the_margin_from_which_it_matches(rule: str, reported: list[Decimal]) -> None:
    flips = coded(wanted(rule), reported).flips_at
    if flips is not None:
        assert coded(wanted(rule, delta=flips), reported).match
        below = Decimal(flips) * (1 - Decimal("1e-4"))
        assert not below or not coded(wanted(rule, delta=f"{below:f}"), reported).match


@law
@given(rules, st.decimals("-20", "20", places=2), st.integers(1, 9))
def test_seeds_that_change_nothing_show_nothing(rule: str, number: Decimal, count: int) -> None:
    one, many = coded(wanted(rule), [number]), coded(wanted(rule), [number] * count)
    assert one.code == many.code
    if rule != "interval":
        assert many.code == "UNDERPOWERED"
        assert "counts as one" in (many.note or "")


EXTREMES = st.lists(
    st.sampled_from(
        ["1e500", "-1e500", "1e-500", "0", "1e30", "1.0000001e30", "8.7", "8.70000001", "NaN", "-Infinity"]
    ),
    min_size=1,
    max_size=4,
)


@law
@given(rules, EXTREMES, st.sampled_from(["8.7", "1e-300", "-1e300"]), st.sampled_from(["0", "1e-300", "1e300"]))
def test_no_number_is_too_odd_to_be_judged(rule: str, reported: list[str], value: str, delta: str) -> None:
    expectation = wanted(rule, value, delta)
    if rule == "interval":
        expectation = expectation.model_copy(update={"value": None})
    found_one = compare(expectation, [measured(text, "h") for text in reported])
    assert found_one.match is (found_one.code in MATCHES)
    if any(text in {"NaN", "-Infinity"} for text in reported):
        assert found_one.code == "NON_FINITE"
