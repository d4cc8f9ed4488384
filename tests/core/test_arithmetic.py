"""Printed arithmetic: impossible means, deviations, percentages and p values, as published examples have them."""

from __future__ import annotations

import statistics
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core import arithmetic_granular as granular
from app.core.arithmetic import Finding, check, check_text
from app.core.grounding_text import normal
from app.core.model import Statement
from app.core.quantity import printed
from tests.core.builders import a_claim, an_expectation
from tests.core.strategies import law


def findings(text: str) -> list[Finding]:
    return list(check_text(normal(text)))


def verdicts(text: str) -> list[bool]:
    return [item.holds for item in findings(text)]


#: Brown and Heathers' own case, and the first rows of the data that the GRIM tool `scrutiny` ships with their results.
GRIM = [
    ("5.19", 28, False),
    ("5.18", 28, True),
    ("5.21", 28, True),
    ("7.22", 32, True),
    ("4.74", 25, False),
    ("5.23", 29, False),
    ("2.57", 24, False),
    ("6.77", 27, False),
    ("5.2", 28, True),
    ("3.00", 7, True),
    ("-1.33", 3, True),
    ("-1.34", 3, False),
]


@pytest.mark.parametrize(("mean", "n", "possible"), GRIM)
def test_a_mean_of_whole_numbers(mean: str, n: int, possible: bool) -> None:  # noqa: FBT001
    assert bool(granular.sums(printed(mean), n)) is possible


#: n, mean and sd of data that anybody can write down, and what no data give.
GRIMMER = [
    ("2.50", "1.29", 4, True),  # 1 2 3 4
    ("2.50", "1.28", 4, False),
    ("3.00", "0.00", 5, True),
    ("3.20", "0.00", 5, False),  # a mean between whole numbers has a deviation
    ("3.20", "0.45", 5, True),  # 3 3 3 3 4
    ("3.20", "0.44", 5, False),
    ("5.19", "1.34", 28, False),  # no such mean
    ("7.3", "2.51", 12, False),  # the opening example of the tool's page on GRIMMER
    ("1.03", "0.41", 40, False),
]


@pytest.mark.parametrize(("mean", "sd", "n", "possible"), GRIMMER)
def test_a_deviation_of_whole_numbers(mean: str, sd: str, n: int, possible: bool) -> None:  # noqa: FBT001
    assert granular.grimmer(printed(mean), printed(sd), n) is possible


@law
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=30), st.integers(0, 3))
def test_what_real_whole_numbers_give_is_always_possible(data: list[int], places: int) -> None:
    def shown(value: float) -> str:
        return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))

    mean, sd = shown(statistics.fmean(data)), shown(statistics.stdev(data))
    assert granular.sums(printed(mean), len(data))
    assert granular.grimmer(printed(mean), printed(sd), len(data))


@law
@given(st.integers(1, 200), st.data())
def test_a_share_of_a_count_is_always_possible_and_a_percentage_between_two_never(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    print_of = f"{100 * k / n:.1f}"
    assert k in granular.shares(printed(print_of), n)
    between = 100 * k / n + 50 / n
    assume(n < 200 and between < 100)
    assert not granular.shares(printed(f"{between:.2f}"), n)


PERCENTAGES = [
    ("87.3 % of 50 participants", [False]),
    ("88 % of 50 participants", [True]),
    ("88.0% of the 50 participants", [True]),
    ("5 % of 87 is 4.35", []),
    ("120 % of 50 participants", []),
    ("5 % of 0 participants", []),
    ("2.5 % of 30 million tokens", []),
    ("2.5 % of 30 seconds", []),
    ("2.5 % of 30 sentences", [False]),
    ("2.5 % of 30 GB", []),
    ("2.5 % of 30 = 0.75", []),
    ("5 % of 5.5 litres", []),
    ("44 of 50 participants (88 %)", [True]),
    ("44 of 50 participants (87.3 %)", [False]),
    ("44/50 (88.0 %)", [True]),
    ("1 of 8 (13 %)", [True]),
    ("1 of 8 (12 %)", [True]),
    ("88.0 % (44 of 50)", [True]),
    ("87.3% (44/50)", [False]),
    ("1,200 of 2,000 (60 %)", [True]),
    ("3 of 0 (60 %)", []),
    ("Of 50 participants, 87.3 % agreed.", [False]),
    ("Of the 50 student raters 88 % agreed.", [True]),
    ("Accuracy was 93.17 % on 120 test items.", [False]),
    ("Accuracy was 93.33 % on 120 test items.", [True]),
    ("an accuracy of 0.873 over 50 items", [False]),
    ("an accuracy of 0.9 over 50 items", [True]),
    ("a mean accuracy of 93.17 % on 120 test items over 5 seeds", []),
    ("an accuracy of 93.17 % on 120 GPUs", []),
    ("Of 50 minutes, 87.3 % passed.", []),
]


@pytest.mark.parametrize(("text", "holds"), PERCENTAGES)
def test_percentages_of_counts(text: str, holds: list[bool]) -> None:
    assert verdicts(text) == holds


SUMS = [
    ("77.0 - 68.3 = 8.7", [True]),
    ("77.0 − 68.3 = 8.8", [True]),  # the rounding of three numbers allows it
    ("77.0 − 68.3 = 8.9", [False]),
    ("12 + 15 = 27", [True]),
    ("12 + 15 + 3 = 31", [True]),
    ("12 + 15 = 29", [False]),
    ("-3 + 5 = 2", [True]),
    ("12 % + 15 % = 27", [True]),
    ("from 70.1 to 78.8, a gain of 8.7 points", [True]),
    ("from 78.8 to 70.1, a drop of 8.7 points", [True]),
    ("from 70.1 to 78.8, a gain of 9.7 points", [False]),
    ("from 70.1 % to 78.8 %, an absolute improvement of 8.7", [True]),
    ("from 70.1 to 78.8, a gain of 12.4 %", []),
    ("30 %, 45 % and the remaining 25 %", [True]),
    ("30 %, 45 % and the remaining 35 %", [False]),
    ("33.3 %, 33.3 % and 33.3 %, in total 100 %", [True]),
    ("30 %, 45 % and 35 % in three tasks", []),
    ("30 % and the rest", []),
    ("3 %, 5 % and 9 % in total", []),
    ("60 %, 45 % and 35 % in total", []),
    ("from 2000 to 2010, a gain of 8.7 points", []),
    ("from 2000 to 20, a drop of 8.7 points", [False]),
    ("2 × 3 - 1 = 5", []),
    ("a - 3 - 1 = 5", []),
    ("8.7 = 77.0 - 68.3", [True]),
    ("8.7 = 77.0 - 68.0", [False]),
    ("8.7 = 77.0 - 68.0 * 2", []),
]


@pytest.mark.parametrize(("text", "holds"), SUMS)
def test_sums_changes_and_shares(text: str, holds: list[bool]) -> None:
    assert verdicts(text) == holds


#: The first is the example of statcheck's own manual: an error, and one that changes the decision.
P_VALUES = [
    ("t(100)=1, p < 0.001", False, True),
    ("t(28) = 2.20, p = .036", True, False),
    ("t(28) = 2.2, p < .05", True, False),
    ("t(28) = 2.20, p = .03", False, False),
    ("t(28) = −2.20, p = .04", True, False),
    ("t(28.4) = 2.20, p = .06", False, True),
    ("t(28) = 1.20, p < .05", False, True),
    ("F(2, 28) = 3.34, p = .05", True, False),
    ("F(1, 10) = 4.96, p > .05", True, False),
    ("F(1, 10) = 9.96, p > .05", False, True),
    ("F(1, 10) = 9.96, p > .02", False, False),
    ("χ2(1, N = 100) = 3.84, p = .05", True, False),
    ("χ²(1) = 4.00, p = .01", False, False),
    ("r(28) = .35, p = .06", True, False),
    ("r(28) = .35, p = .01", False, True),
    ("z = 1.96, p = .05", True, False),
    ("Z = 0.50, p = .000", False, True),
    ("z = 9.99, p = .000", False, False),
    ("t(28) = 2.20, p = .018, one-sided", True, False),
    ("t(28) = 2.20, p = .018", False, False),
]


@pytest.mark.parametrize(("text", "holds", "decision"), P_VALUES)
def test_p_values_beside_their_statistics(text: str, holds: bool, decision: bool) -> None:  # noqa: FBT001
    (found,) = findings(text)
    assert (found.holds, found.decision) == (holds, decision)
    assert (" (decision error)" in found.said, "error" in found.said) == (decision, not holds)


@pytest.mark.parametrize("text", ["t(0) = 2.2, p = .03", "t(28) = 2.2, p = .03 4t", "best p = .03", "t(28) = 2.2"])
def test_what_is_no_test_is_left_alone(text: str) -> None:
    assert [item for item in findings(text) if not text.endswith("4t")] == []


MEANS = [
    ("rated on a scale from 1 to 7 (n = 28), M = 5.19", [False]),
    ("rated on a scale from 1 to 7 (n = 28), M = 5.18", [True]),
    ("rated on a scale (n = 90), M = 5.197", [False]),
    ("rated on a scale (N = 4): M = 2.50, SD = 1.29", [True]),
    ("rated on a scale (N = 4): M = 2.50, SD = 1.28", [False]),
    ("F1 over n = 28 seeds, M = 5.19", []),  # no whole numbers
    ("rated on a scale by n = 28 and n = 30, M = 5.19", []),  # of whom?
    ("rated on a scale (n = 28000), M = 5.19", []),  # any print is possible
    ("rated on a scale (n = 1), M = 5.19", []),
    ("The mean age was 21.347 (SD = 2.1, n = 17).", [False]),
    ("The mean age was 21.35 (n = 17).", [True]),
]


@pytest.mark.parametrize(("text", "holds"), MEANS)
def test_means_of_what_the_text_calls_whole_numbers(text: str, holds: list[bool]) -> None:
    assert verdicts(text) == holds


def told(quote: str | None, statement: str = "The mean is 5.19", **expect: str) -> list[bool]:
    claim = a_claim(an_expectation("5.19", **expect))
    claim = claim.model_copy(update={"claim": Statement(id="c", statement=statement, quote=quote)})
    return [item.holds for item in check(claim)]


def test_quote_and_statement_are_computed_and_each_sum_once() -> None:
    assert told("so 12 + 15 = 29", "12 + 15 = 29") == [False]
    assert told("so 12 + 15 = 29", "12 + 15 = 27") == [False, True]
    assert told(None, "12 + 15 = 27") == [True]
    assert told(None) == []


def test_a_sample_size_beside_the_value_is_asked_only_for_whole_numbers() -> None:
    assert told(None, "The mean rating is 5.19", n="28") == [False]
    assert told(None, "The mean rating is 5.19", n="27") == [True]
    assert told(None, "The mean rating is 5.19", n="27", sd="0.01") == [False]
    assert told(None, "The mean F1 is 5.19", n="28") == []
    assert told(None, "The mean rating is 5.19", n="28.5") == []
    assert told(None, "The mean rating is 5.19") == []


@pytest.mark.parametrize("digits", ["9" * 61, "1." + "0" * 70, "9" * 3_900])
def test_numbers_of_any_length_are_no_error(digits: str) -> None:
    shapes = (
        "{0} + 1 = 2",
        "1 + {0} = 2",
        "1 + 2 = {0}",
        "from {0} to 2, a gain of {0}",
        "{0} % of 50",
        "44 of {0} (88 %)",
    )
    more = ("t({0}) = 2.2, p = .03", "t(28) = {0}, p = .03", "z = 2.2, p = .{0}", "scale n = {0}, M = {0}, SD = {0}")
    for shape in (*shapes, *more, "{0} %, {0} % and the rest {0} %"):
        findings(shape.format(digits))


def test_a_label_with_a_sample_size_is_no_mean() -> None:
    claim = a_claim(an_expectation("RemBERT", "exact", n="28"))
    claim = claim.model_copy(update={"claim": Statement(id="c", statement="best on the scale")})
    assert check(claim) == ()


def test_the_working_is_shown() -> None:
    assert findings("rated on a scale (n = 28), M = 5.19")[0].said == (
        "no mean of 28 whole numbers prints as 5.19: 145/28 is 5.17857, 146/28 is 5.21429 (GRIM)"
    )
    assert findings("87.3 % of 50 people")[0].said.endswith("43 of 50 is 86 %, 44 of 50 is 88 %")
    assert "the statistic gives p = 0.32 (decision error)" in findings("t(100)=1, p < 0.001")[0].said
