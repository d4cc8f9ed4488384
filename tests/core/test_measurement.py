"""Reading what a run reported: strict where it matters, and never an error of ours whatever a stranger writes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.canonical import canonical
from app.core.measurement import Measurement, Unreadable, depth, read_result
from app.core.model import Claim
from tests.core.builders import a_claim, a_formula, an_expectation
from tests.core.strategies import law

CLAIM = a_claim(an_expectation(unit="%"))
LABEL = a_claim(an_expectation("RemBERT", "exact"))
COUNT = a_claim(an_expectation("3", "exact"))
FORMULA = a_claim(reproduce=a_formula())


def says(text: str | None, claim: Claim = CLAIM) -> tuple[str, str]:
    found = read_result(text, claim)
    assert isinstance(found, Unreadable)
    return found.code, found.detail


def score(text: str, claim: Claim = CLAIM) -> Decimal | None:
    found = read_result(text, claim)
    assert isinstance(found, Measurement)
    return found.metrics["score"].value


READ = [
    ('{"score": 8.70}', "8.70"),
    ('{"score": 9}', "9"),
    ('{"score": -1e-5}', "-0.00001"),
    ('{"score": {"value": 8.7}}', "8.7"),
    ('{"score": {"value": 8.7, "unit": "%"}}', "8.7"),
    ('{"score": {"value": 8.7, "unit": null}}', "8.7"),
    ('{"score": {"value": 8.7, "unit": "' + "x" * 32 + '"}}', "8.7"),
    ('  {"score": 8.7, "other": [true, null, "x", {"deep": [[[[[[[[[1]]]]]]]]]}]}  ', "8.7"),
    ('{"score": 1e500}', "1e500"),
    ('{"score": 1e-500}', "1e-500"),
    ('{"score": 0e999999999999999999999999}', "0"),
    ('{"score": -0.0e-99999}', "0"),
    ('{"score": ' + "1" * 400 + "}", "1" * 400),
    ('{"score": 1e+0000000001}', "10"),
]


@pytest.mark.parametrize(("text", "value"), READ, ids=[text.strip()[:40] for text, _ in READ])
def test_a_metric_is_a_number_alone_or_with_its_unit(text: str, value: str) -> None:
    assert score(text) == Decimal(value)


def test_digits_and_unit_stay_as_they_were_reported() -> None:
    found = read_result('{"score": {"value": 8.700, "unit": "percent"}}', CLAIM)
    assert isinstance(found, Measurement)
    assert (found.metrics["score"].text, found.metrics["score"].unit) == ("8.700", "percent")
    assert found.metrics["score"].finite


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_recognised_and_not_called_malformed(text: str) -> None:
    found = read_result(f'{{"score": {text}}}', CLAIM)
    assert isinstance(found, Measurement)
    assert not found.metrics["score"].finite


MALFORMED = [
    ("", "not the JSON object it should be: it is empty"),
    ("score = 8.7", "not the JSON object it should be: it begins with 'score = 8.7'"),
    ('{"score": 8.7,}', """not the JSON object it should be: it begins with '{"score": 8.7,}'"""),
    ("\n[\U0001fae8", "not the JSON object it should be: it begins with '\\n[\\U0001fae8'"),
    ("[8.7]", "must be one JSON object"),
    ("8.7", "must be one JSON object"),
    ("null", "must be one JSON object"),
    ('{"score": 8.7} trailing', "not the JSON object it should be"),
    ('{"score": 8.7, "score": 8.7}', "the key 'score' appears twice"),
    ('{"score": {"value": 1, "value": 2}}', "the key 'value' appears twice"),
    ('{"score": "8.7"}', "is not a number"),
    ('{"score": true}', "is not a number"),
    ('{"score": null}', "is not a number"),
    ('{"score": [8.7]}', "is not a number"),
    ('{"score": {}}', "must be a number or"),
    ('{"score": {"unit": "%"}}', "must be a number or"),
    ('{"score": {"value": 8.7, "note": "x"}}', "must be a number or"),
    ('{"score": {"value": {"value": 8.7}}}', "is not a number"),
    ('{"score": {"value": 8.7, "unit": 1}}', "has a unit that is no short text"),
    ('{"score": {"value": 8.7, "unit": "' + "x" * 33 + '"}}', "has a unit that is no short text"),
    ('{"score": {"value": 8.7, "unit": "\\u0000"}}', "has a unit that is no short text"),
    ('{"score": 1e501}', "beyond 10^±500"),
    ('{"score": 1e-501}', "beyond 10^±500"),
    ('{"score": 1e99999999999999999999}', "beyond 10^±500"),
    ('{"score": -1E-99999999999999999999}', "beyond 10^±500"),
    ('{"other": 1e1000, "score": 8.7}', "beyond 10^±500"),
    ('{"score": ' + "1" * 401 + "}", "more than 400 characters"),
    ("[" * 100_000, "nests 100000 deep, and 64 are allowed"),
    ('{"a":' * 100_000, "nests 100000 deep, and 64 are allowed"),
    ('{"score": 8.7, "x": ' + "[" * 64 + "]" * 64 + "}", "nests 65 deep, and 64 are allowed"),
    ('{"score": 8.7, "x": "\udcff"}', "is not UTF-8"),
    ("\udc80", "is not UTF-8"),
    ('{"score": 8.7, ' + ", ".join(f'"m{index}": 1' for index in range(10_000)) + "}", "more than 10000 metrics"),
]


def test_how_deep_a_result_may_nest_does_not_depend_on_who_reads_it() -> None:
    deep = '{"score": 8.7, "x": ' + "[" * 63 + '"\\"[[["' + "]" * 63 + "}"

    def read_below(frames: int) -> object:
        return read_below(frames - 1) if frames else read_result(deep, CLAIM)

    assert depth(deep) == 64
    assert depth('["[", "{", "\\\\"] ]]]') == 1
    assert isinstance(read_below(0), Measurement)
    assert read_below(600) == read_below(0)


@pytest.mark.parametrize(("text", "detail"), MALFORMED, ids=[detail + text[:20] for text, detail in MALFORMED])
def test_what_is_no_result_is_malformed_and_says_why(text: str, detail: str) -> None:
    code, found = says(text)
    assert code == "MALFORMED_RESULT"
    assert detail in found


def test_no_file_and_no_metric_are_told_apart_from_a_malformed_result() -> None:
    assert says(None) == ("NO_METRIC", "the run ended without writing $ASSAY_RESULT")
    assert says("{}") == ("NO_METRIC", "the result has no metric 'score'")
    assert says('{"other": 1}') == ("NO_METRIC", "the result has no metric 'score'")


LABELS = [
    ('"RemBERT"', "RemBERT"),
    ('{"value": "RemBERT", "unit": "model"}', "RemBERT"),
    ('"two\\nlines\\tand\\r\\nmore"', "two\nlines\tand\r\nmore"),
    ('"' + "x" * 4_000 + '"', "x" * 4_000),
    ('"caf\\u00e9\\u00a0\\ud83d\\ude00"', "caf\u00e9\u00a0\U0001f600"),
]


@pytest.mark.parametrize(("reported", "text"), LABELS)
def test_a_label_is_read_as_text(reported: str, text: str) -> None:
    found = read_result(f'{{"score": {reported}}}', LABEL)
    assert isinstance(found, Measurement)
    assert (found.metrics["score"].value, found.metrics["score"].text) == (None, text)
    assert found.metrics["score"].finite


@pytest.mark.parametrize(
    "reported",
    [
        "8.7",
        "null",
        "true",
        '["RemBERT"]',
        '"\\u0000"',
        '"\\u007f"',
        '"\\ud800"',
        '"\\udfff x"',
        '"' + "x" * 4_001 + '"',
    ],
    ids=["number", "null", "bool", "list", "NUL", "DEL", "half a character", "the other half", "too long"],
)
def test_what_cannot_stand_for_a_label_is_malformed(reported: str) -> None:
    code, detail = says(f'{{"score": {reported}}}', LABEL)
    assert (code, detail) == ("MALFORMED_RESULT", "the metric 'score' is not a text, and its print is one")


@pytest.mark.parametrize(
    ("reported", "value"), [("3", "3"), ("3.0", "3"), ('"3"', "3"), ('" 3.0 "', "3"), ('"3e0"', "3")]
)
def test_a_count_may_be_a_number_or_a_text_that_spells_one(reported: str, value: str) -> None:
    assert score(f'{{"score": {reported}}}', COUNT) == Decimal(value)


@pytest.mark.parametrize("reported", ['"three"', '"3%"', '"1,234"', '""', "false"])
def test_what_cannot_stand_for_a_count_is_malformed(reported: str) -> None:
    assert says(f'{{"score": {reported}}}', COUNT) == ("MALFORMED_RESULT", "the metric 'score' is not a number")


def evaluator(*variants: dict[str, object]) -> str:
    return json.dumps({"variants": list(variants)})


VALUE = {"value": "8.7", "low": "8.6", "high": "8.8", "inner_low": "8.65", "inner_high": "8.7"}
BASE = {"name": "base", "metrics": {"score": VALUE}}


def test_the_evaluator_s_own_result_has_intervals_and_variants() -> None:
    text = evaluator(
        BASE,
        {"name": "a+", "metrics": {"score": {"value": "9"}}},
        {"name": "a-", "metrics": {"score": {"error": "division by zero"}}},
    )
    found = read_result(text, FORMULA)
    assert isinstance(found, Measurement)
    item = found.metrics["score"]
    assert (item.value, item.text, item.unit) == (Decimal("8.7"), "8.7", None)
    assert (item.low, item.high) == (Decimal("8.6"), Decimal("8.8"))
    assert (item.inner_low, item.inner_high) == (Decimal("8.65"), Decimal("8.7"))
    assert found.variants["a+"]["score"].value == 9
    assert not found.variants["a-"]["score"].finite


EVALUATOR = [
    (
        evaluator({"name": "base", "metrics": {"score": {"error": "division by zero"}}}),
        "cannot be evaluated: division by zero",
    ),
    (evaluator(), ": KeyError"),
    (evaluator({"name": "a+", "metrics": {}}), ": KeyError"),
    (evaluator({"name": "base", "metrics": {}}), ": KeyError"),
    (evaluator({"name": "base", "metrics": {"score": {}}}), ": KeyError"),
    (evaluator({"name": "base", "metrics": {"score": {"value": 8.7}}}), "TypeError"),
    (evaluator({"name": "base", "metrics": {"score": {"value": "8.7", "more": "1"}}}), "TypeError"),
    (evaluator({"name": "base", "metrics": {"score": {"value": "eight"}}}), "InvalidOperation"),
    (evaluator({"name": "base", "metrics": {"score": {"value": "1e501"}}}), "beyond 10^±500"),
    (evaluator({"name": "base", "metrics": {"score": "8.7"}}), "AttributeError"),
    (evaluator({"name": "base", "metrics": ["score"]}), "AttributeError"),
    (evaluator({"name": [], "metrics": {"score": VALUE}}), "TypeError"),
    ('{"variants": 7}', "TypeError"),
    ("{}", ": KeyError"),
]


@pytest.mark.parametrize(("text", "detail"), EVALUATOR, ids=[detail + text[:30] for text, detail in EVALUATOR])
def test_an_evaluator_s_result_that_cannot_be_is_malformed(text: str, detail: str) -> None:
    code, found = says(text, FORMULA)
    assert code == "MALFORMED_RESULT"
    assert detail in found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["score", "value", "unit", "x"]), inner)
    ),
    max_leaves=8,
)


@law
@given(json_values, st.sampled_from([CLAIM, LABEL, COUNT, FORMULA]))
def test_whatever_json_is_reported_is_a_measurement_or_says_why(document: object, claim: Claim) -> None:
    """And every text in it can be stored, shown and hashed."""
    found = read_result(json.dumps({"score": document}), claim)
    if isinstance(found, Unreadable):
        assert found.code in {"MALFORMED_RESULT", "NO_METRIC"}
        assert canonical(found.detail)
    else:
        assert canonical([item.text for item in found.metrics.values()])


@law
@given(st.text(max_size=200))
def test_whatever_text_is_reported_is_a_measurement_or_says_why(text: str) -> None:
    found = read_result(text, CLAIM)
    assert isinstance(found, Unreadable)
    assert found.detail
