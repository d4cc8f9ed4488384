"""Numbers in running text: what a passage prints, and what it does not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.grounding_numbers import number_tokens, stands_in
from tests.core.strategies import law

PRINTED = [
    ("8.7", "RemBERT gains 8.7 points."),
    ("8.7", "(8.7)"),
    ("8.7", "+8.7"),
    ("-1.4", "NER −1.4"),
    ("-1.4", "NER -1.4 points"),
    ("8", "a range of 5-8"),
    ("3.5", "GPT-3.5 was used"),
    ("5", "5–8"),
    ("0.685", "an average of .685"),
    (".685", "an average of 0.685"),
    ("1234.5", "1,234.5 sentences"),
    ("75000", "75,000"),
    ("75000", "75'000"),
    ("8.7", "um 8,7 Punkte"),
    ("1.234", "um 1,234 Punkte"),
    ("1234", "1,234 sentences"),
    ("28", "F(2,28) = 3.1"),
    ("2", "F(2,28) = 3.1"),
    ("1e-5", "a rate of 1e-5"),
    ("1e-5", "a rate of 1 × 10^-5"),
    ("1e-5", "a rate of 1×10−5"),
    ("0.00001", "a rate of 1e-5"),
    ("3e5", "3 x 10^{5} steps"),
    ("87.3", "87.3% of them"),
    ("87.3", "87.3 per cent"),
    ("7", "seven tasks"),
    ("12", "Twelve tasks"),
    ("110", "110M parameters"),
    ("80.0", "RemBERT,80.0,74.9"),
    ("74.9", "RemBERT,80.0,74.9"),
    ("8.70", "8.70"),
]

ABSENT = [
    ("8.7", "18.70"),
    ("8.7", "8.70"),
    ("8.70", "8.7"),
    ("8.7", "8.75"),
    ("8.7", "1.8.7"),
    ("7", "8.7"),
    ("8", "8.7"),
    ("234", "1,234"),
    ("1", "F1 points"),
    ("5", "mT5-Large"),
    ("1.4", "NER −1.4"),
    ("0.5", "NER −0.5"),
    ("3", "the 3rd table"),
    ("8.7", "no number at all"),
    ("1e-5", "1 × 10"),
    ("6", "weightsix"),
    ("10", "1 × 10^-5"),
]


@pytest.mark.parametrize(("value", "text"), PRINTED)
def test_a_value_stands_in_a_text_that_prints_it(value: str, text: str) -> None:
    assert stands_in(text, value) == "printed"


@pytest.mark.parametrize(("value", "text"), ABSENT)
def test_a_value_does_not_stand_in_a_text_that_prints_another(value: str, text: str) -> None:
    assert stands_in(text, value) is None


@pytest.mark.parametrize(
    ("text", "value", "unit", "standing"),
    [
        ("87.3 %", "0.873", "fraction", "printed"),
        ("87.3 %", "0.873", None, None),
        ("87.3", "0.873", "fraction", None),
        ("87.30 %", "0.873", "fraction", None),
        ("0.873", "0.873", "fraction", "printed"),
        ("it falls by 1.4", "-1.4", "points", "unsigned"),
        ("it falls by 2.4", "-1.4", "points", None),
    ],
)
def test_units_and_words_may_carry_what_the_number_does_not(
    text: str, value: str, unit: str | None, standing: str | None
) -> None:
    assert stands_in(text, value, unit) == standing


def test_tokens_come_in_order_with_their_places() -> None:
    text = "Two of 1,234 (12.5 %)"
    found = number_tokens(text)
    assert [(text[token.start : token.end].strip(), token.text, token.percent) for token in found] == [
        ("Two", "Two", False),
        ("1,234", "1,234", False),
        ("12.5 %", "12.5 %", True),
    ]
    assert [str(reading.value) for reading in found[1].readings] == ["1234", "1.234"]


def test_a_number_with_too_many_digits_is_none() -> None:
    assert number_tokens("9" * 61) == []
    assert len(number_tokens("9" * 60)) == 1


@law
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**6), max_value=10**6),
    st.text("ab (,;", max_size=6),
)
def test_every_number_stands_where_it_was_printed(value: Decimal, around: str) -> None:
    assert stands_in(f"{around} {value} {around}", str(value)) == "printed"


@law
@given(st.integers(1, 9999), st.integers(0, 99), st.integers(0, 9))
def test_one_more_digit_at_either_end_is_another_number(whole: int, part: int, digit: int) -> None:
    value = f"{whole}.{part:02}"
    for other in (f"{digit + 1}{value}" if digit < 9 else f"1{value}", f"{value}{digit}"):
        assert stands_in(f"it is {other} here", value) is None
