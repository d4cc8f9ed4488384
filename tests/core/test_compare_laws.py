"""Laws of comparison, tried on random prints and values on both sides of every edge."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.bands import accepted
from app.core.codes import MATCHES, SEVERITY
from app.core.compare import compare
from app.core.model import Expectation
from app.core.quantity import EXACT, fraction, printed
from tests.core.builders import an_expectation
from tests.core.strategies import NUMERIC_RULES, expectations, law, measured, nearby, printed_numbers

WITH_TOLERANCE = ("absolute", "relative", "points")


def code(expectation: Expectation, value: Decimal) -> str:
    return compare(expectation, [measured(value, "s")]).code


@law
@given(st.data(), expectations(WITH_TOLERANCE))
def test_flips_at_is_the_smallest_tolerance_that_accepts(data: st.DataObject, expectation: Expectation) -> None:
    """At it the comparison matches, one step of its last digit below it does not."""
    value = data.draw(nearby(expectation))
    flips = compare(expectation, [measured(value, "s")]).flips_at
    assert flips is not None
    at = expectation.model_copy(update={"tolerance": flips})
    assert code(at, value) in MATCHES
    if Decimal(flips):
        # A ratio is rounded up to six digits, everything else is exact.
        digits = 6 if expectation.rule == "relative" else 40
        with localcontext(EXACT):
            step = Decimal(1).scaleb(Decimal(flips).adjusted() - digits + 1)
            # Written out, a small one would have more digits than a claim may print.
            below = at.model_copy(update={"tolerance": f"{Decimal(flips) - step:E}"})
        assert code(below, value) not in MATCHES


@law
@given(st.data(), expectations(("rounding",)))
def test_under_rounding_flips_at_is_the_half_width_that_reaches_the_value(
    data: st.DataObject, expectation: Expectation
) -> None:
    value = data.draw(nearby(expectation))
    flips = compare(expectation, [measured(value, "s")]).flips_at
    with localcontext(EXACT):
        assert flips is not None
        assert Decimal(flips) == abs(value - Decimal(expectation.value or ""))
        assert (code(expectation, value) in MATCHES) is (Decimal(flips) <= printed(expectation.value or "").half_unit)


@law
@given(st.data(), expectations(WITH_TOLERANCE))
def test_a_wider_tolerance_never_loses_a_match(data: st.DataObject, expectation: Expectation) -> None:
    value = data.draw(nearby(expectation))
    more = data.draw(st.sampled_from(["0", "0.0001", "0.05", "3"]))
    wider = expectation.model_copy(update={"tolerance": f"{fraction(expectation.tolerance or '') + Decimal(more):f}"})
    assert SEVERITY.index(code(wider, value)) <= SEVERITY.index(code(expectation, value))


@law
@given(st.data(), expectations(tuple(rule for rule in NUMERIC_RULES if rule != "bounded")))
def test_turning_both_signs_changes_no_decision(data: st.DataObject, expectation: Expectation) -> None:
    value = data.draw(nearby(expectation))
    text = expectation.value or ""
    turned = expectation.model_copy(update={"value": text[1:] if text[0] == "-" else f"-{text.removeprefix('+')}"})
    one, two = compare(expectation, [measured(value, "s")]), compare(turned, [measured(-value, "s")])
    assert (one.code, one.flips_at) == (two.code, two.flips_at)


@law
@given(st.data(), expectations())
def test_the_shown_band_decides(data: st.DataObject, expectation: Expectation) -> None:
    value = data.draw(nearby(expectation))
    assert (code(expectation, value) in MATCHES) is accepted(expectation).holds(value)


@law
@given(st.data(), expectations())
def test_a_contradiction_is_outside_the_tolerance_and_outside_the_printed_rounding(
    data: st.DataObject, expectation: Expectation
) -> None:
    value = data.draw(nearby(expectation))
    if code(expectation, value) == "MISMATCH":
        each = printed(expectation.value or "")
        assert not accepted(expectation).holds(value)
        assert value < each.low or value > each.high


@law
@given(st.data(), expectations(), st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_several_seeds_match_only_together_and_contradict_only_together(
    data: st.DataObject, expectation: Expectation, picks: list[int]
) -> None:
    values = [data.draw(nearby(expectation)) for _ in range(4)]
    codes = [code(expectation, values[pick]) for pick in picks]
    found = compare(expectation, [measured(values[pick], "s") for pick in picks])
    assert found.match is all(item in MATCHES for item in codes)
    assert (found.code == "MISMATCH") is all(item == "MISMATCH" for item in codes)
    assert found.code in {*codes, "UNDERPOWERED"}


@law
@given(st.data(), expectations())
def test_without_a_unit_on_one_side_a_factor_never_contradicts(data: st.DataObject, expectation: Expectation) -> None:
    factor = data.draw(st.sampled_from(["100", "0.01", "1000", "0.001", "-1"]))
    value = Decimal(expectation.value or "") / Decimal(factor)
    assert compare(expectation, [measured(value)]).code != "MISMATCH"
    assert compare(expectation.model_copy(update={"unit": None}), [measured(value, "s")]).code != "MISMATCH"


@law
@given(printed_numbers(), st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]), st.integers(-499, 499))
def test_what_rounds_to_the_print_by_either_custom_matches_under_rounding(
    text: str, custom: str, thousandths: int
) -> None:
    each = printed(text)
    with localcontext(EXACT):
        value = each.value + each.half_unit * 2 * thousandths / 1000
        unit = Decimal(1).scaleb(int(each.value.as_tuple().exponent))
        assume(value.quantize(unit, custom) == each.value)
    assert code(an_expectation(text, unit="s"), value) in MATCHES


@law
@given(
    st.data(),
    expectations(tuple(rule for rule in NUMERIC_RULES if rule != "bounded")),
    st.sampled_from(["0", "0.3", "9"]),
)
def test_a_formula_contradicts_only_when_its_whole_interval_does(
    data: st.DataObject, expectation: Expectation, width: str
) -> None:
    """And it matches only by its point value, or under rounding by what it really takes."""
    value = data.draw(nearby(expectation))
    low, high = value - Decimal(width), value + Decimal(width)
    ends = {"low": str(low), "high": str(high), "inner_low": str(low), "inner_high": str(high)}
    found = compare(expectation, [measured(value, "s", **ends)]).code
    each, band = printed(expectation.value or ""), accepted(expectation)
    outside = not band.meets(low, high) and (high < each.low or low > each.high)
    assert (found == "MISMATCH") is outside
    if expectation.rule == "rounding":
        assert (found in MATCHES) is (not outside)
    else:
        assert (found in MATCHES) is band.holds(value)
