"""Printed numbers, tolerances, durations and sizes: what is read, and what is refused with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from app.core.quantity import fraction, margin, milliseconds, number_in, plain, printed, size_bytes
from tests.core.strategies import law, printed_numbers

PRINTED = [
    ("8.7", "8.7", "0.05"),
    ("8.70", "8.70", "0.005"),
    (" 8.7 ", "8.7", "0.05"),
    ("\N{MINUS SIGN}1.4", "-1.4", "0.05"),
    ("-1e-5", "-0.00001", "0.000005"),
    ("100", "100", "0.5"),
    ("1e2", "100", "50"),
    (".5", "0.5", "0.05"),
    ("0", "0", "0.5"),
    ("1e400", "1e400", "5e399"),
]


@pytest.mark.parametrize(("text", "value", "half"), PRINTED, ids=[text for text, *_ in PRINTED])
def test_a_print_says_its_value_and_half_a_unit_of_its_last_place(text: str, value: str, half: str) -> None:
    found = printed(text)
    assert (found.value, found.half_unit) == (Decimal(value), Decimal(half))
    assert (found.low, found.high) == (Decimal(value) - Decimal(half), Decimal(value) + Decimal(half))
    assert found.text == text


REFUSED: list[tuple[Callable[[str], Any], str, str]] = [
    (printed, "8.7%", "carries a percent sign"),
    (printed, "eight", "not a decimal number"),
    (printed, "1,234", "not a decimal number"),
    (printed, "", "not a decimal number"),
    (printed, "NaN", "not a decimal number"),
    (printed, "inf", "not a decimal number"),
    (printed, "1_000", "not a decimal number"),
    (printed, "\N{ARABIC-INDIC DIGIT THREE}", "not a decimal number"),
    (printed, "1" * 61, "60 digits"),
    (printed, "1e401", "beyond ±400"),
    (printed, "1e999999999", "beyond ±400"),
    (printed, "1e-401", "beyond ±400"),
    (printed, "1.23e-399", "beyond ±400"),
    (number_in, "87.3%", "percent sign"),
    (number_in, "87.3 %", "percent sign"),
    (number_in, "1,234", "not a decimal number"),
    (number_in, "12 345 678.5", "not a decimal number"),
    (number_in, "12\N{NARROW NO-BREAK SPACE}345", "not a decimal number"),
    (number_in, "\N{MINUS SIGN}1'234", "not a decimal number"),
    (fraction, "-5%", "is negative"),
    (fraction, "five percent", "not a decimal number"),
    (fraction, "%", "not a decimal number"),
    (margin, "5%", "is relative"),
    (margin, "-1", "is negative"),
    (margin, "±1", "not a decimal number"),
    (milliseconds, "60", "not a duration"),
    (milliseconds, "-1s", "not a duration"),
    (milliseconds, "1d", "not a duration"),
    (milliseconds, "\N{ARABIC-INDIC DIGIT THREE}s", "not a duration"),
    (milliseconds, "0s", "at least 1ms"),
    (milliseconds, "0.5ms", "at least 1ms"),
    (size_bytes, "1G", "not a size"),
    (size_bytes, "1.5GiB", "not a size"),
    (size_bytes, "0MiB", "at least 1B"),
]


@pytest.mark.parametrize(
    ("read", "text", "says"), REFUSED, ids=[f"{read.__name__} {text[:20]}" for read, text, _ in REFUSED]
)
def test_what_cannot_be_read_says_why(read: Callable[[str], Any], text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        read(text)


@pytest.mark.parametrize(
    ("text", "value"), [("5%", "0.05"), ("0.05", "0.05"), ("5 %", "0.05"), ("0%", "0"), ("250%", "2.5")]
)
def test_a_relative_tolerance_is_a_percentage_or_a_fraction(text: str, value: str) -> None:
    assert fraction(text) == Decimal(value)


@pytest.mark.parametrize(("text", "value"), [("0.5", "0.5"), ("0", "0"), ("1e-3", "0.001")])
def test_a_margin_is_a_number_in_the_value_s_unit(text: str, value: str) -> None:
    assert margin(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", "3"), ("3.0", "3"), (" 3 ", "3"), ("\N{MINUS SIGN}3", "-3"), ("1e3", "1000")],
)
def test_a_text_that_spells_a_number_is_one(text: str, value: str) -> None:
    assert number_in(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["RemBERT", "3.11.2", "2020-06-01", "12 ms", "0xff", "1,2", "3 of 5", "sha256:00", "%", ""]
)
def test_labels_versions_and_dates_are_no_numbers(text: str) -> None:
    assert number_in(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("250ms", 250),
        ("60s", 60_000),
        ("1.5s", 1_500),
        ("5m", 300_000),
        ("5 min", 300_000),
        ("1h", 3_600_000),
        ("1.5ms", 1),
    ],
)
def test_a_duration_is_counted_in_milliseconds(text: str, value: int) -> None:
    assert milliseconds(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1B", 1),
        ("256MiB", 256 << 20),
        ("1 GiB", 1 << 30),
        ("2TiB", 2 << 40),
        ("3KiB", 3 << 10),
        ("500MB", 500_000_000),
        ("1kB", 1_000),
        ("1KB", 1_000),
        ("1GB", 10**9),
        ("1TB", 10**12),
    ],
)
def test_a_size_is_counted_in_bytes(text: str, value: int) -> None:
    assert size_bytes(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("8.70", "8.70"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("1E+40", "1" + "0" * 40),
        ("1E+41", "1E+41"),
        ("1E-41", "1E-41"),
    ],
)
def test_plain_text_has_an_exponent_only_where_digits_would_not_be_read(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@law
@given(printed_numbers(digits=12))
def test_printed_digits_survive_a_round_trip(text: str) -> None:
    found = printed(text)
    again = printed(plain(found.value))
    assert again.value == found.value
    if "e" not in text.lower():
        assert again.half_unit == found.half_unit
    assert found.low < found.value < found.high
