"""Single numbers of an input: found in every kind of file, changed one by one, the rest left as it was."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.perturb_json import is_json
from app.core.perturb_numbers import Chance
from app.core.perturb_sites import Sites, all_but, exchanged, nudged, rewritten, sites, stepped, within_rounding
from tests.core.strategies import law

TABLE = b"id,name,score,n\n1,sw,8.10,40\n2,yo,9.05,7\n3,ha,7.50,12\n"
FILES = [
    pytest.param(TABLE, ["8.10", "40", "9.05", "7", "7.50", "12"], id="a table whose first column names its rows"),
    pytest.param(b"a;b\n1,5;x\n-2,25;y\n", ["1.5", "-2.25"], id="decimal commas"),
    pytest.param(b"a\tb\n1\t2\n3\t4\n", ["1", "2", "3", "4"], id="tabs"),
    pytest.param(b'a,b\n"1.5",x\n "2",y\n', ["1.5", "2"], id="quoted cells"),
    pytest.param(b"3.25\n4\n5.5\n", ["3.25", "4", "5.5"], id="one number a line"),
    pytest.param(b'{"a": [1, -2.5], "b": {"c": "7", "d": 1e3}}', ["1", "-2.5", "1e3"], id="JSON"),
    pytest.param(b'{"a": 1}\n{"a": 2}\n', ["1", "2"], id="lines of JSON"),
    pytest.param(b"2024-03-01T10:00:00Z took 31 ms v1.2.3\n", ["31"], id="dates and versions stay"),
    pytest.param(gzip.compress(TABLE), ["8.10", "40", "9.05", "7", "7.50", "12"], id="packed"),
    pytest.param(b"only words\n", [], id="no numbers"),
]


def found_in(data: bytes) -> Sites:
    found = sites(data)
    assert found is not None
    return found


@pytest.mark.parametrize(("data", "literals"), FILES)
def test_the_numbers_of_a_file_are_found(data: bytes, literals: list[str]) -> None:
    found = found_in(data)
    assert list(found.literals) == literals
    assert len(found.columns) == len(found.spans)
    same = found.changed(lambda _, text: text)
    assert (gzip.decompress(same) if found.packed else same) == (gzip.decompress(data) if found.packed else data)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\x1f\x8bno", gzip.compress(b"\xff", mtime=0), b"1 " * (3 << 20)])
def test_what_is_no_text_or_too_large_has_none(data: bytes) -> None:
    assert sites(data) is None


def test_numbers_of_one_column_or_key_belong_together() -> None:
    assert found_in(TABLE).columns == ("2", "3") * 3
    assert found_in(b'[{"a": 1, "b" : 2}, {"a": 3}]').columns == ('"a"', '"b"', '"a"')


def test_a_few_numbers_move_by_one_unit_and_back() -> None:
    found = found_in(TABLE)
    up, down = (found_in(nudged(found, Chance("k"), sign) or b"").literals for sign in (1, -1))
    moved = [index for index, (one, two) in enumerate(zip(found.literals, up, strict=True)) if one != two]
    assert moved[0] == 0
    assert 2 <= len(moved) <= 3
    for index in moved:
        one, two, three = (Decimal(each[index]) for each in (down, found.literals, up))
        assert three - two == two - one > 0
    assert nudged(found_in(b"words\n"), Chance("k"), 1) is None


@pytest.mark.parametrize(
    ("text", "sign", "wanted"),
    [("8.70", 1, "8.71"), ("7", -1, "6"), ("+9", 1, "+10"), ("1e3", 1, "2e+3"), ("0", -1, "-1")],
)
def test_a_number_moves_by_one_unit_of_its_last_place(text: str, sign: int, wanted: str) -> None:
    assert stepped(text, sign) == wanted


def test_decimals_stay_within_their_rounding_and_whole_numbers_stand_still() -> None:
    found = found_in(TABLE)
    one, two = (found_in(within_rounding(found, Chance("k"), sign) or b"").literals for sign in (1, -1))
    for before, up, down in zip(found.literals, one, two, strict=True):
        if "." not in before:
            assert before == up == down
            continue
        half = Decimal(10) ** Decimal(before).as_tuple().exponent / 2  # type: ignore[operator]
        assert 0 < abs(Decimal(up) - Decimal(before)) < half
        assert Decimal(up) - Decimal(before) == Decimal(before) - Decimal(down)
    assert within_rounding(found_in(b"1\n2\n"), Chance("k"), 1) is None
    assert b"1.5e3" in (within_rounding(found_in(b"1.5e3\n2.5\n"), Chance("k"), 1) or b"")


def test_the_same_numbers_are_spelled_otherwise() -> None:
    again = found_in(rewritten(found_in(TABLE)))
    assert [Decimal(text) for text in again.literals] == [Decimal(text) for text in found_in(TABLE).literals]
    assert b"8.100" in rewritten(found_in(TABLE))
    assert rewritten(found_in(b"1\n2\n")) == b"1\n2"
    assert rewritten(found_in(b"1\n2")) == b"1\n2\n"
    assert rewritten(found_in(b"1.5e3\n2.5\n")) == b"1.5e3\n2.50\n"


@pytest.mark.parametrize("variant", [1, 2])
def test_all_numbers_but_one_change_beyond_recognition(variant: int) -> None:
    found = found_in(TABLE)
    after = found_in(all_but(found, [Decimal("9.05")], Chance("k"), variant)).literals
    for before, now in zip(found.literals, after, strict=True):
        assert (Decimal(before) == Decimal(now)) is (before == "9.05")
    if variant == 2:  # their order turns
        assert Decimal(after[1]) < Decimal(after[5]) < Decimal(after[3])


def test_without_numbers_two_neighbouring_lines_change_places() -> None:
    data = b"a\nb\nc\nd\n"
    after = exchanged(found_in(data), Chance("k"))
    assert after is not None
    assert after != data
    assert sorted(after.split()) == sorted(data.split())
    assert exchanged(found_in(b"a\nb\n"), Chance("k")) is None
    assert exchanged(found_in(b"h\na\na\n\n"), Chance("k")) is None
    assert exchanged(found_in(b"h\na\nb"), Chance("k")) == b"h\nb\na"


@law
@given(
    st.lists(
        st.dictionaries(st.text(max_size=3), st.floats(-1e6, 1e6) | st.integers(-999, 999) | st.text(), max_size=4)
    )
)
def test_changed_json_is_json_of_the_same_shape(document: list[dict[str, object]]) -> None:
    data = json.dumps(document).encode()
    found = found_in(data)
    for after in (nudged(found, Chance("k"), 1), rewritten(found), all_but(found, [], Chance("k"), 2)):
        if after is not None:
            again = json.loads(after)
            assert [list(row) for row in again] == [list(row) for row in document]


@pytest.mark.parametrize("text", ['{"a": 1e999}', "[" * 200_000])
def test_json_that_cannot_be_read_is_taken_for_text(text: str) -> None:
    assert not is_json(text, [text])
