"""How a measurement is compared with a print: the vector table, then more rows for every rule."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from app.core.bands import accepted
from app.core.claim import parse_claim
from app.core.compare import compare
from app.core.errors import Refusal
from app.core.measurement import Unreadable, read_result
from tests.core.builders import a_bundle, a_claim, a_policy, an_expectation, claim_toml
from tests.core.strategies import measured


def code_of(value: str | None, rule: dict[str, Any], *reported: str) -> str:
    """Return the code of a claim's only metric when its runs, one per seed, report these JSON values."""
    claim = a_claim(an_expectation(value, **rule))
    found = [read_result(f'{{"score": {text}}}' if text else "{}", claim) for text in reported]
    unreadable = next((item for item in found if isinstance(item, Unreadable)), None)
    if unreadable is not None:
        return unreadable.code
    return compare(claim.expect[0], [item.metrics["score"] for item in found if not isinstance(item, Unreadable)]).code


RELATIVE_5 = {"rule": "relative", "tolerance": "5%"}
RELATIVE_1 = {"rule": "relative", "tolerance": "1%"}
ROUNDING = {"rule": "rounding"}
DELTA = {"rule": "equivalence", "tolerance": "0.1"}

#: What every comparison is held to, row by row.
VECTORS = [
    pytest.param("8.7", RELATIVE_5, "8.7", "MATCH_EXACT", id="equal"),
    pytest.param("8.7", RELATIVE_5, "8.7499", "MATCH_ROUNDING", id="rounds to the print"),
    pytest.param("8.7", RELATIVE_5, "9.135", "MATCH_TOLERANCE", id="on the upper bound"),
    pytest.param("8.7", RELATIVE_5, "9.136", "MISMATCH", id="beyond the upper bound"),
    pytest.param("8.7", ROUNDING, "8.75", "MATCH_ROUNDING", id="on the rounding's upper end"),
    pytest.param("8.7", ROUNDING, "8.751", "MISMATCH", id="beyond the rounding"),
    pytest.param("0.870", {"rule": "absolute", "tolerance": "0.0001"}, "0.8704", "COARSE_CLAIM", id="coarse absolute"),
    pytest.param("1e-5", RELATIVE_5, "1.4e-5", "COARSE_CLAIM", id="coarse exponent"),
    pytest.param("87.0", RELATIVE_1 | {"unit": "%"}, "0.87", "UNIT_SUSPECT", id="fraction for percent"),
    pytest.param("0", {"rule": "absolute", "tolerance": "0.005"}, "0.003", "MATCH_ROUNDING", id="around zero"),
    pytest.param("-100", RELATIVE_1, "-101", "MATCH_TOLERANCE", id="negative"),
    pytest.param("8.7", RELATIVE_5, "NaN", "NON_FINITE", id="not a number"),
    pytest.param("8.7", RELATIVE_5, "", "NO_METRIC", id="absent"),
    pytest.param("8.7", DELTA, "8.66 8.71 8.69 8.73 8.70", "EQUIVALENT", id="equivalent"),
    pytest.param("8.7", DELTA, "8.3 9.2 8.6", "UNDERPOWERED", id="too few and too wide"),
    pytest.param("8.7", DELTA, "9.3 9.28 9.35 9.31 9.33", "NOT_EQUIVALENT", id="surely elsewhere"),
]


@pytest.mark.parametrize(("value", "rule", "reported", "code"), VECTORS)
def test_the_vector_table_holds(value: str, rule: dict[str, Any], reported: str, code: str) -> None:
    assert code_of(value, rule, *(reported.split() or [""])) == code


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        pytest.param('rule = "relative"\nvalue = "0"\ntolerance = "5%"', "relative-to-zero", id="relative to zero"),
    ],
)
def test_vectors_that_cannot_be_judged_are_refused_at_intake(keys: str, code: str) -> None:
    text = claim_toml(a_claim()).replace('rule = "rounding"\nvalue = "8.7"', keys)
    with pytest.raises(Refusal) as caught:
        parse_claim(text.encode(), a_bundle(), a_policy())
    assert [problem.code for problem in caught.value.problems] == [code]


MORE = [
    # Under exact, counts …
    pytest.param("3", {"rule": "exact"}, "3", "MATCH_EXACT", id="exact count"),
    pytest.param("3", {"rule": "exact"}, "3.0", "MATCH_EXACT", id="exact count written as a float"),
    pytest.param("3.0", {"rule": "exact"}, "3", "MATCH_EXACT", id="exact print with a zero, written as a count"),
    pytest.param("3", {"rule": "exact"}, "30e-1", "MATCH_EXACT", id="exact count with an exponent"),
    pytest.param("3", {"rule": "exact"}, '"3.00"', "MATCH_EXACT", id="exact count written as text"),
    pytest.param("3", {"rule": "exact"}, '" 3 "', "MATCH_EXACT", id="exact count as text with white space"),
    pytest.param(" 3 ", {"rule": "exact"}, "3", "MATCH_EXACT", id="exact print with white space"),
    pytest.param("\N{MINUS SIGN}3", {"rule": "exact"}, "-3", "MATCH_EXACT", id="exact print with a typographic minus"),
    pytest.param("36", {"rule": "exact"}, "41", "MISMATCH", id="another exact count"),
    pytest.param("8.7", {"rule": "exact"}, "8.71", "COARSE_CLAIM", id="exact decimal within its print's rounding"),
    pytest.param("3", {"rule": "exact"}, "3.5", "COARSE_CLAIM", id="exact count on its rounding's end"),
    pytest.param("3", {"rule": "exact"}, '"three"', "MALFORMED_RESULT", id="a word where a count was printed"),
    pytest.param(
        "3", {"rule": "exact"}, '"3 %"', "MALFORMED_RESULT", id="a percentage as text where a count was printed"
    ),
    pytest.param("87.3", {"rule": "exact", "unit": "%"}, "0.873", "UNIT_SUSPECT", id="exact fraction for percent"),
    pytest.param(
        "87.3",
        {"rule": "exact", "unit": "%"},
        '{"value": 0.873, "unit": "fraction"}',
        "MATCH_EXACT",
        id="exact converts declared units",
    ),
    pytest.param("3", {"rule": "exact"}, "NaN", "NON_FINITE", id="exact not a number"),
    # … and labels.
    pytest.param("RemBERT", {"rule": "exact"}, '"RemBERT"', "MATCH_EXACT", id="label"),
    pytest.param("RemBERT", {"rule": "exact"}, '"  RemBERT\\n"', "MATCH_EXACT", id="label with white space around"),
    pytest.param("New York", {"rule": "exact"}, '"New \\t York"', "MATCH_EXACT", id="label with white space inside"),
    pytest.param("caf\u00e9", {"rule": "exact"}, '"cafe\u0301"', "MATCH_EXACT", id="label in decomposed Unicode"),
    pytest.param("RemBERT", {"rule": "exact"}, '"rembert"', "MISMATCH", id="label in another case"),
    pytest.param("RemBERT", {"rule": "exact"}, '"FILTER"', "MISMATCH", id="another label"),
    pytest.param("RemBERT", {"rule": "exact"}, "8.7", "MALFORMED_RESULT", id="a number where a label was printed"),
    pytest.param("RemBERT", {"rule": "exact"}, "NaN", "MALFORMED_RESULT", id="NaN where a label was printed"),
    pytest.param(
        "RemBERT", {"rule": "exact", "unit": "x"}, '{"value": "RemBERT", "unit": "y"}', "MATCH_EXACT", id="label's unit"
    ),
    pytest.param("8.7", {"rule": "absolute", "tolerance": "0.1"}, "8.6", "MATCH_TOLERANCE", id="absolute lower bound"),
    pytest.param("8.7", {"rule": "absolute", "tolerance": "0.1"}, "8.8", "MATCH_TOLERANCE", id="absolute upper bound"),
    pytest.param("8.7", {"rule": "absolute", "tolerance": "0.1"}, "8.801", "MISMATCH", id="beyond absolute"),
    pytest.param("8.7", {"rule": "absolute", "tolerance": "0"}, "8.7", "MATCH_EXACT", id="absolute zero tolerance"),
    pytest.param("8.7", RELATIVE_5, "8.265", "MATCH_TOLERANCE", id="relative lower bound"),
    pytest.param("8.7", RELATIVE_5, "8.264", "MISMATCH", id="below the relative bound"),
    pytest.param("-8.7", RELATIVE_5, "-9.135", "MATCH_TOLERANCE", id="relative bound of a negative print"),
    pytest.param(
        "8.7", {"rule": "relative", "tolerance": "0.05"}, "9.135", "MATCH_TOLERANCE", id="relative as a fraction"
    ),
    pytest.param("8.7", {"rule": "either", "tolerance": "5%"}, "9.135", "MATCH_TOLERANCE", id="either, relative alone"),
    pytest.param(
        "8.7",
        {"rule": "either", "tolerance": "1%", "absolute": "0.5"},
        "9.2",
        "MATCH_TOLERANCE",
        id="either, absolute wider",
    ),
    pytest.param(
        "8.7", {"rule": "either", "tolerance": "1%", "absolute": "0.5"}, "9.201", "MISMATCH", id="beyond either"
    ),
    pytest.param(
        "0", {"rule": "either", "tolerance": "1%", "absolute": "2"}, "2", "MATCH_TOLERANCE", id="either at zero"
    ),
    pytest.param("87.0", {"rule": "points", "tolerance": "1"}, "88", "MATCH_TOLERANCE", id="points without a unit"),
    pytest.param("87.0", {"rule": "points", "tolerance": "1", "unit": "%"}, "88.01", "MISMATCH", id="beyond points"),
    pytest.param(
        "0.870",
        {"rule": "points", "tolerance": "1", "unit": "fraction"},
        "0.88",
        "MATCH_TOLERANCE",
        id="points of a fraction",
    ),
    pytest.param(
        "0.870",
        {"rule": "points", "tolerance": "1", "unit": "fraction"},
        "0.881",
        "MISMATCH",
        id="beyond points of a fraction",
    ),
    pytest.param(
        None, {"rule": "bounded", "low": "1", "high": "2", "unit": "s"}, "1", "MATCH_TOLERANCE", id="lower bound"
    ),
    pytest.param(
        None, {"rule": "bounded", "low": "1", "high": "2", "unit": "s"}, "2.0", "MATCH_TOLERANCE", id="upper bound"
    ),
    pytest.param(None, {"rule": "bounded", "high": "2", "unit": "s"}, "-1e99", "MATCH_TOLERANCE", id="open below"),
    pytest.param(None, {"rule": "bounded", "low": "1", "unit": "s"}, "1e99", "MATCH_TOLERANCE", id="open above"),
    pytest.param(
        "1.5", {"rule": "bounded", "low": "1", "high": "2"}, "1.5", "MATCH_EXACT", id="bounded with its print"
    ),
    pytest.param(
        "1.5", {"rule": "bounded", "low": "1", "high": "2"}, "1.54", "MATCH_ROUNDING", id="bounded and rounding"
    ),
    pytest.param(
        "1.5", {"rule": "bounded", "low": "1.48", "high": "1.52"}, "1.53", "COARSE_CLAIM", id="coarse bounded"
    ),
    pytest.param(
        None, {"rule": "bounded", "high": "2"}, '{"value": 2.2, "unit": "x"}', "MISMATCH", id="one-sided unit"
    ),
    pytest.param("8.7", ROUNDING, "8.65", "MATCH_ROUNDING", id="rounding's lower end"),
    pytest.param("8.70", ROUNDING, "8.71", "MISMATCH", id="trailing zeros narrow the rounding"),
    pytest.param("-8.7", ROUNDING, "-8.75", "MATCH_ROUNDING", id="rounding of a negative print"),
    pytest.param("0", ROUNDING, "-0.0", "MATCH_EXACT", id="negative zero"),
    # What binary floating point may have caused is no contradiction.
    pytest.param("14.3", ROUNDING, "14.249999999999998", "COARSE_CLAIM", id="57/400*100 in binary64"),
    pytest.param("14.3", ROUNDING, "14.249999046325684", "COARSE_CLAIM", id="a tie in single precision"),
    pytest.param("14.3", ROUNDING, "14.2499", "MISMATCH", id="a miss that is no noise"),
    pytest.param("1234567", {"rule": "exact"}, "1234568", "MISMATCH", id="large counts differ by one"),
    pytest.param(
        None, {"rule": "bounded", "high": "14.25", "unit": "s"}, "14.250000000000002", "COARSE_CLAIM", id="bound"
    ),
    # What is not finite never passes.
    *(
        pytest.param("8.7", rule, text, "NON_FINITE", id=f"{rule['rule']} {text}")
        for text in ("NaN", "Infinity", "-Infinity")
        for rule in (
            {"rule": "absolute", "tolerance": "1e300"},
            {"rule": "relative", "tolerance": "1e300"},
            {"rule": "either", "tolerance": "1e300", "absolute": "1e300"},
            {"rule": "points", "tolerance": "1e300"},
            {"rule": "bounded", "low": "-1e300"},
            {"rule": "rounding"},
            {"rule": "exact"},
        )
    ),
]


@pytest.mark.parametrize(("value", "rule", "reported", "code"), MORE)
def test_every_rule_decides_as_its_formula_says(
    value: str | None, rule: dict[str, Any], reported: str, code: str
) -> None:
    assert code_of(value, rule, reported) == code


UNITS = [
    pytest.param("%", "fraction", "0.87", "MATCH_EXACT", id="fraction into percent"),
    pytest.param("fraction", "%", "87.0", "MISMATCH", id="87 % is 0.87, not 87"),
    pytest.param("%", "Percent", "87", "MATCH_EXACT", id="another name of percent"),
    pytest.param("points", " pp ", "87", "MATCH_EXACT", id="points and pp, white space around"),
    pytest.param("s", "s ", "87", "MATCH_EXACT", id="the same unit with white space"),
    pytest.param("s", "ms", "87", "UNIT_SUSPECT", id="other units are not converted, even when the number fits"),
    pytest.param("mW", "MW", "87", "UNIT_SUSPECT", id="case counts in units"),
    pytest.param("s", "%", "87", "UNIT_SUSPECT", id="a scale and a unit"),
    pytest.param("%", "%", "0.87", "MISMATCH", id="declared alike, so a factor is no excuse"),
    pytest.param(None, "%", "0.87", "UNIT_SUSPECT", id="only the result declares"),
    pytest.param("%", None, "0.87", "UNIT_SUSPECT", id="only the claim declares"),
    pytest.param(None, None, "8700", "UNIT_SUSPECT", id="times 100"),
    pytest.param(None, None, "87000", "UNIT_SUSPECT", id="times 1000"),
    pytest.param(None, None, "0.087", "UNIT_SUSPECT", id="a thousandth"),
    pytest.param(None, None, "-87", "UNIT_SUSPECT", id="another sign"),
    pytest.param(None, None, "0.011494", "UNIT_SUSPECT", id="the reciprocal"),
    pytest.param(None, None, "-0.011494", "MISMATCH", id="the reciprocal with another sign"),
    pytest.param(None, None, "0.0172", "MISMATCH", id="twice the reciprocal"),
    pytest.param(None, None, "0", "MISMATCH", id="zero has no reciprocal"),
    pytest.param(None, None, "870", "MISMATCH", id="times 10 is no slip of units"),
]


@pytest.mark.parametrize(("claimed", "reported", "value", "code"), UNITS)
def test_units_are_converted_when_declared_and_suspected_when_not(
    claimed: str | None, reported: str | None, value: str, code: str
) -> None:
    document = {"value": json.loads(value), "unit": reported} if reported is not None else json.loads(value)
    if claimed == "fraction":
        assert code_of("0.870", {"rule": "rounding", "unit": claimed}, json.dumps(document)) == "MATCH_EXACT"
        document = {"value": 87.0, "unit": claimed}
        assert code_of("0.870", {"rule": "rounding", "unit": claimed}, json.dumps(document)) == code
    else:
        assert code_of("87.0", {"rule": "rounding", "unit": claimed}, json.dumps(document)) == code


def test_the_noise_of_floats_around_zero_contradicts_no_bound() -> None:
    """0.3 - (0.1 + 0.2) is -5.55e-17 in binary floating point."""
    bound = {"rule": "bounded", "low": "0"}
    assert code_of(None, bound, "-5.551115123125783e-17") == "COARSE_CLAIM"
    assert code_of(None, bound, "-1e-11") == "MISMATCH"
    assert code_of("1e-15", {"rule": "absolute", "tolerance": "1e-17"}, "2e-15") == "MISMATCH"


@pytest.mark.parametrize("open_end", [{"low": "2.0"}, {"high": "1.0"}], ids=["no upper end", "no lower end"])
def test_another_unit_always_fits_an_open_band_and_is_no_reason_to_suspect_one(open_end: dict[str, Any]) -> None:
    assert code_of(None, {"rule": "bounded", **open_end}, "1.5") == "MISMATCH"
    assert code_of(None, {"rule": "bounded", "low": "2.0", "high": "3.0"}, "250") == "UNIT_SUSPECT"


def test_the_reciprocal_of_a_negative_value_is_suspected_too() -> None:
    assert code_of("-8.7", ROUNDING, "-0.11494") == "UNIT_SUSPECT"


def test_a_unit_slip_that_fits_only_the_printed_rounding_is_suspected_too() -> None:
    rule = {"rule": "absolute", "tolerance": "0.0001", "unit": "%"}
    assert code_of("87.0", rule, "0.8702") == "UNIT_SUSPECT"


SEEDS = [
    pytest.param(ROUNDING, ["8.7", "8.7"], "MATCH_EXACT", "8.7", id="all equal"),
    pytest.param(ROUNDING, ["8.7", "8.74"], "MATCH_ROUNDING", "8.74", id="the worst match decides"),
    pytest.param(RELATIVE_5, ["8.7", "8.74", "9.1", "8.35"], "MATCH_TOLERANCE", "9.1", id="the farthest of the worst"),
    pytest.param(ROUNDING, ["9.9", "9.1"], "MISMATCH", "9.9", id="all contradict"),
    pytest.param(ROUNDING, ["8.7", "9.9"], "UNDERPOWERED", "9.9", id="the seeds disagree"),
    pytest.param(
        {"rule": "absolute", "tolerance": "0"}, ["8.72", "9.9"], "UNDERPOWERED", "9.9", id="coarse and contrary"
    ),
    pytest.param(ROUNDING, ["9.9", "870"], "UNIT_SUSPECT", "870", id="one suspect unit"),
    pytest.param(ROUNDING, ["9.9", "NaN", "870"], "NON_FINITE", "NaN", id="one not a number"),
    pytest.param({"rule": "exact"}, ["8.7", "9.9"], "UNDERPOWERED", "9.9", id="exact numbers disagree"),
]


@pytest.mark.parametrize(("rule", "reported", "code", "shown"), SEEDS)
@pytest.mark.parametrize("step", [1, -1], ids=["in order", "reversed"])
def test_of_several_seeds_the_worst_is_shown_and_disagreement_decides_nothing(
    rule: dict[str, Any], reported: list[str], code: str, shown: str, step: int
) -> None:
    values = [measured(text) for text in reported[::step]]
    found = compare(an_expectation("8.7", **rule), values)
    assert (found.code, found.computed) == (code, shown)
    assert found.values == tuple(item.text for item in values)
    assert found.match is code.startswith("MATCH")


def test_labels_of_which_one_seed_differs_decide_nothing() -> None:
    assert code_of("RemBERT", {"rule": "exact"}, '"RemBERT"', '"FILTER"') == "UNDERPOWERED"
    assert code_of("RemBERT", {"rule": "exact"}, '"FILTER"', '"RemBERT"') == "UNDERPOWERED"
    assert code_of("RemBERT", {"rule": "exact"}, '"FILTER"', '"VECO"') == "MISMATCH"


def formula_value(value: str, low: str, high: str, inner: tuple[str, str] | None = None) -> Any:
    """Return a formula's value with its intervals; the inner one is the enclosing one unless given."""
    inner_low, inner_high = inner or (low, high)
    return measured(value, low=low, high=high, inner_low=inner_low, inner_high=inner_high)


FORMULAS = [
    pytest.param(ROUNDING, formula_value("8.7", "8.6", "8.8"), "MATCH_EXACT", id="the point is the print"),
    pytest.param(ROUNDING, formula_value("8.8", "8.7", "8.9"), "MATCH_ROUNDING", id="the intervals meet"),
    pytest.param(ROUNDING, formula_value("8.8", "8.75", "8.9"), "MATCH_ROUNDING", id="the intervals touch"),
    pytest.param(ROUNDING, formula_value("8.9", "8.751", "9"), "MISMATCH", id="the intervals are disjoint"),
    pytest.param(
        ROUNDING, formula_value("8.9", "7", "9", ("8.8", "9")), "COARSE_CLAIM", id="only the enclosing one meets"
    ),
    pytest.param(RELATIVE_5, formula_value("9.1", "9.0", "9.2"), "MATCH_TOLERANCE", id="the point decides, inside"),
    pytest.param(
        RELATIVE_5, formula_value("9.2", "9.1", "9.3"), "COARSE_CLAIM", id="the point outside, the interval not"
    ),
    pytest.param(RELATIVE_5, formula_value("9.2", "9.135", "9.3"), "COARSE_CLAIM", id="the interval touches the bound"),
    pytest.param(RELATIVE_5, formula_value("9.3", "9.136", "9.4"), "MISMATCH", id="the whole interval outside"),
    pytest.param(
        {"rule": "absolute", "tolerance": "0"},
        formula_value("8.76", "8.74", "8.78"),
        "COARSE_CLAIM",
        id="touches the rounding",
    ),
    pytest.param(
        {"rule": "exact"}, formula_value("8.71", "8.6", "8.8"), "COARSE_CLAIM", id="exact, inside the interval"
    ),
    pytest.param({"rule": "exact"}, formula_value("9.1", "9.0", "9.2"), "MISMATCH", id="exact, outside the interval"),
    pytest.param(
        ROUNDING, formula_value("0.0871", "0.0864", "0.0878"), "UNIT_SUSPECT", id="the interval in other units"
    ),
    pytest.param(ROUNDING, formula_value("-8.76", "-8.9", "-8.7"), "UNIT_SUSPECT", id="the interval with another sign"),
    pytest.param(ROUNDING, formula_value("0.1152", "0.1149", "0.1155"), "UNIT_SUSPECT", id="the interval's reciprocal"),
    pytest.param(
        ROUNDING, formula_value("0", "-0.001", "0.001"), "MISMATCH", id="an interval around zero has no reciprocal"
    ),
]


@pytest.mark.parametrize(("rule", "item", "code"), FORMULAS)
def test_a_formula_is_judged_by_its_intervals(rule: dict[str, Any], item: Any, code: str) -> None:
    found = compare(an_expectation("8.7", **rule), [item])
    assert found.code == code
    assert (Decimal(found.computed_low or "NaN"), Decimal(found.computed_high or "NaN")) == (item.low, item.high)


BANDS = [
    pytest.param({"rule": "rounding"}, ("8.65", "8.75"), id="rounding"),
    pytest.param({"rule": "exact"}, ("8.7", "8.7"), id="exact"),
    pytest.param({"rule": "absolute", "tolerance": "0.1"}, ("8.6", "8.8"), id="absolute"),
    pytest.param({"rule": "relative", "tolerance": "5%"}, ("8.265", "9.135"), id="relative"),
    pytest.param({"rule": "either", "tolerance": "5%", "absolute": "1"}, ("7.7", "9.7"), id="either"),
    pytest.param({"rule": "points", "tolerance": "1", "unit": "fraction"}, ("8.69", "8.71"), id="points"),
    pytest.param({"rule": "bounded", "low": "8.70"}, ("8.70", None), id="bounded below"),
    pytest.param({"rule": "bounded", "high": "9"}, (None, "9"), id="bounded above"),
]


@pytest.mark.parametrize(("rule", "ends"), BANDS)
def test_the_accepted_band_is_shown(rule: dict[str, Any], ends: tuple[str | None, str | None]) -> None:
    expectation = an_expectation("8.7", **rule)
    found = compare(expectation, [measured("8.7")])
    assert (found.low, found.high) == ends
    band = accepted(expectation)
    assert (band.low, band.high) == tuple(None if end is None else Decimal(end) for end in ends)


def test_a_label_has_no_band_and_no_tolerance_that_could_turn_it() -> None:
    claim = a_claim(an_expectation("RemBERT", "exact"))
    found = read_result('{"score": " FILTER "}', claim)
    assert not isinstance(found, Unreadable)
    item = compare(claim.expect[0], [found.metrics["score"]])
    assert (item.low, item.high, item.flips_at, item.computed) == (None, None, None, " FILTER ")


FLIPS = [
    pytest.param({"rule": "rounding"}, "8.8", "0.1", id="rounding: the half width"),
    pytest.param({"rule": "absolute", "tolerance": "1"}, "8.8", "0.1", id="absolute: the distance"),
    pytest.param({"rule": "relative", "tolerance": "5%"}, "8.8", "0.0114943", id="relative: rounded up"),
    pytest.param({"rule": "points", "tolerance": "5", "unit": "fraction"}, "8.8", "10", id="points: in points"),
    pytest.param({"rule": "either", "tolerance": "5%", "absolute": "0.05"}, "8.8", "0.0114943", id="either: relative"),
    pytest.param(
        {"rule": "either", "tolerance": "5%", "absolute": "0.1"}, "8.8", None, id="either: covered absolutely"
    ),
    pytest.param({"rule": "exact"}, "8.8", None, id="exact takes no tolerance"),
    pytest.param({"rule": "bounded", "low": "9"}, "8.8", None, id="bounded takes no tolerance"),
    pytest.param({"rule": "rounding"}, "870", None, id="in unknown units a figure would mislead"),
    pytest.param({"rule": "rounding"}, "NaN", None, id="not finite"),
]


@pytest.mark.parametrize(("rule", "value", "flips"), FLIPS)
def test_the_tolerance_at_which_the_decision_turns_is_shown(
    rule: dict[str, Any], value: str, flips: str | None
) -> None:
    assert compare(an_expectation("8.7", **rule), [measured(value)]).flips_at == flips


def test_around_zero_no_relative_tolerance_turns_anything() -> None:
    rule = {"rule": "either", "tolerance": "5%", "absolute": "0.05"}
    assert compare(an_expectation("0", **rule), [measured("3")]).flips_at is None


def test_a_formula_turns_at_the_half_width_that_meets_what_it_takes() -> None:
    found = compare(an_expectation("8.7"), [formula_value("9", "8.5", "9.5", ("8.9", "9.1"))])
    assert found.flips_at == "0.2"
    below = compare(an_expectation("8.7"), [formula_value("8.1", "8", "9.5", ("8.0", "8.2"))])
    assert below.flips_at == "0.5"


def test_a_comparison_of_nothing_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        compare(an_expectation(), [])


@pytest.mark.parametrize(
    ("value", "computed", "low"),
    [
        pytest.param("1e300", "1E+300", "5E+299", id="long numbers keep their exponent"),
        pytest.param("8.700", "8.7", "8.6995", id="zeros at the end are no digits of a computed value"),
        pytest.param("1234567890123456789", "1234567890123456789", "1234567890123456788.5", id="digits stay"),
        pytest.param("0.000", "0", "-0.0005", id="zero"),
    ],
)
def test_numbers_are_shown_plainly(value: str, computed: str, low: str) -> None:
    found = compare(an_expectation(value), [measured(value)])
    assert (found.computed, found.low) == (computed, low)


# --- units in the last place -----------------------------------------------------------------------------------------

ULPS = [
    pytest.param("0.1", "0", "0.1", "MATCH_EXACT", "0", id="the same double"),
    pytest.param("0.1", "0", "0.1000000000000000055", "MATCH_EXACT", "0", id="written with more digits"),
    pytest.param("0.1", "0", "0.10000000000000002", "COARSE_CLAIM", "1", id="one further, none allowed"),
    pytest.param("0.1", "1", "0.10000000000000002", "MATCH_ROUNDING", "1", id="one further"),
    pytest.param("0.1", "1", "0.09999999999999999", "MATCH_ROUNDING", "1", id="one before"),
    pytest.param("0.1", "1", "0.10000000000000003", "COARSE_CLAIM", "2", id="two further"),
    pytest.param("0.3", "1", "0.30000000000000004", "MATCH_ROUNDING", "1", id="the sum of 0.1 and 0.2"),
    pytest.param("0.3", "1", "0.5", "MISMATCH", "3602879701896397", id="far off"),
    pytest.param("1", "1", "0.9999999999999999", "MATCH_ROUNDING", "0.5", id="half a unit below a power of two"),
    pytest.param("0", "1", "5e-324", "MATCH_ROUNDING", "1", id="the least double"),
    pytest.param("0", "0", "0.0", "MATCH_EXACT", "0", id="zero"),
    pytest.param("1e300", "4", "1e400", "MISMATCH", None, id="beyond every double"),
]


@pytest.mark.parametrize(("value", "count", "reported", "code", "flips"), ULPS)
def test_units_in_the_last_place_are_those_of_doubles(
    value: str, count: str, reported: str, code: str, flips: str | None
) -> None:
    item = compare(an_expectation(value, "ulp", tolerance=count, unit="s"), [measured(reported, "s")])
    assert item.code == code
    assert flips is None or item.flips_at == flips
    assert Decimal(item.computed or "") == Decimal(reported)  # as it was reported, not as a double has it


def test_sets_have_bands_too() -> None:
    table = an_expectation(None, "table", cells={"a": "1"}, at_least="90%")
    assert (accepted(table).low, accepted(table).high) == (Decimal("0.9"), Decimal(1))
    ranking = accepted(an_expectation(None, "ranking", order=("a", "b")))
    assert (ranking.low, ranking.high) == (None, None)
