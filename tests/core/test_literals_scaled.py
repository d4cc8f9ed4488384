"""Decimals in a program's text: which of them may be amounts, and the same program with all of them larger."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.literals_scaled import TYPED_MAX, scaled_program, typed_decimals
from tests.core.strategies import law


def texts(source: str) -> list[str]:
    return [item.text for item in typed_decimals(source.encode())]


FOUND = [
    pytest.param("TABLE = {'pos': 0.913, 'neg': 0.842}", ["0.913", "0.842"], id="a table"),
    pytest.param("x = 0.97 - 1.13 / n ** 0.45", ["0.97", "1.13"], id="no exponent"),
    pytest.param("x = 2.5 ** 1.7", ["2.5"], id="what is raised"),
    pytest.param("x = 1.0 + 2.0 + 10.0 + 100.0 + 0.5 + 0.25 + 1.5", [], id="what every program has"),
    pytest.param("x = 11.0 + 95.0 + 2.25", ["11.0", "95.0", "2.25"], id="what few have"),
    pytest.param("x = 0.9 if y > 0.55 else 0.8", ["0.9", "0.8"], id="no threshold"),
    pytest.param("x = y if -0.7 < y < +0.7 else 0.8", ["0.8"], id="nor a negated one"),
    pytest.param("x = y * 0.3048 > 1.77", ["0.3048"], id="what is computed before it is compared"),
    pytest.param("random.seed(0.77); x = random.Random(0.78).random() * 0.79", ["0.79"], id="no seed"),
    pytest.param("x = f'{0.31:.2f} {y:.3}' + str(0.32)", ["0.32"], id="nothing in an f-string"),
    pytest.param("x = y[int(0.41 * n)] * 0.42", ["0.42"], id="no index"),
    pytest.param("x = 1_000.25 * 1e-3 + 3.5E2 + 7 + '0.9'", ["1000.25", "1e-3", "3.5E2"], id="other spellings"),
    pytest.param("é = 'ü'; x = 0.61", ["0.61"], id="behind other letters"),
    pytest.param("# 0.91\nx = (", [], id="no program"),
    pytest.param("x = 1e999", [], id="infinite"),
]


@pytest.mark.parametrize(("source", "found"), FOUND)
def test_decimals_that_may_be_amounts_are_found(source: str, found: list[str]) -> None:
    assert texts(source) == found


def test_all_of_them_are_scaled_and_the_rest_stays() -> None:
    source = b"# 0.5 of 0.9\nA = 0.913  # high\nB = [0.5, 2.5e-3,\n  0.8]\n"
    after, pairs = scaled_program(source, Decimal("1.1"))
    assert after == b"# 0.5 of 0.9\nA = 1.0043  # high\nB = [0.5, 2.75e-3,\n  0.88]\n"
    assert [(item.line, item.text, new) for item, new in pairs] == [
        (2, "0.913", "1.0043"),
        (3, "2.5e-3", "2.75e-3"),
        (4, "0.8", "0.88"),
    ]


def test_what_does_not_stand_where_the_syntax_says_is_left_alone() -> None:
    """Offsets are those of the decoded text: a byte order mark moves the first line, a declared encoding all others."""
    assert [item.text for item in typed_decimals(b"\xef\xbb\xbfx = 0.913\ny = 0.77\n")] == ["0.77"]


def test_only_so_many_are_looked_at() -> None:
    assert len(texts(f"x = [{', '.join('0.7' for _ in range(TYPED_MAX + 5))}]")) == TYPED_MAX
    assert texts(f"x = 0.7  # {'-' * (1 << 20)}") == []


@law
@given(st.lists(st.floats(0.011, 9e5).filter(lambda number: number * 4 != int(number * 4)), max_size=5))
def test_whatever_stands_in_a_list_is_found_and_made_larger(numbers: list[float]) -> None:
    source = f"x = {numbers!r}"
    after: dict[str, list[float]] = {}
    exec(scaled_program(source.encode(), Decimal("1.1"))[0].decode(), after)  # noqa: S102 - our own text
    assert texts(source) == [repr(number) for number in numbers]
    assert after["x"] == [float(Decimal(repr(number)) * Decimal("1.1")) for number in numbers]
