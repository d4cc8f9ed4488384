"""Numbers that spell a value: found in whatever form, replaced in place, and never at a cost that a stranger chooses."""

from __future__ import annotations

import ast
import base64
import time
import zlib
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import literals
from app.core.literals import another, find, replaced, sought
from app.core.literals_fold import constants
from tests.core.strategies import law

WANTED = sought(["8.7"], ["8.7"])
SHARE = Decimal("0.08")


def hits(source: str, path: str = "reproduce.py") -> list[tuple[int, str, str]]:
    return [(hit.line, hit.old, hit.new) for hit in find(path, source.encode(), WANTED, SHARE)]


def after(source: str, path: str = "reproduce.py") -> str:
    return replaced(source.encode(), find(path, source.encode(), WANTED, SHARE)).decode()


SPELLINGS = [
    "8.7",
    "8.70",
    "08.7",
    "0.087e2",
    "870e-2",
    "8700",
    "0.087",
    "-8.7",
    "87/10",
    "870 / 100",
    "8 + 0.7",
    "8 + .5 + .2",
    "9 - 0.3",
    "2**3 + 0.7",
    "round(8.654, 1)",
    "abs(-8.7)",
    'int("8") + int("7") / 10',
    'float("8" + ".7")',
    'float("8.7")',
    'f"{8}.{7}"',
    '"%d.%d" % (8, 7)',
    '"{}.{}".format(8, 7)',
    '".".join(["8", "7"])',
    '".".join(map(str, [8, 7]))',
    "sum([8, 0.5, 0.2])",
    "float(bytes([56, 46, 55]))",
    'float("".join(chr(code) for code in [56, 46, 55]))',
    'float("".join(chr(code) for code in (56, 46, 55, 99) if code < 99))',
    'float(base64.b64decode("OC43"))',
    'float(bytes.fromhex("382e37"))',
    'float("7.8"[::-1])',
    'float("x8.7x"[1:4])',
    'float("x8.7".removeprefix("x"))',
    'json.loads(\'{"a": {"b": 8.7}}\')["a"]["b"]',
    'json.loads("[1, " + "8" + ".7]")[1]',
    'float.fromhex("0x1.1666666666666p+3")',
    'struct.unpack("<d", bytes.fromhex("6666666666662140"))[0]',
    f"float(zlib.decompress({zlib.compress(b'8.7')!r}))",
    "float(Fraction(87, 10))",
    'Decimal("8.7")',
    'Decimal(8) + Decimal("0.7")',
    "math.sqrt(75.69)",
    "0x57 / 0xA",
    "(8 +\n.7)",
    "8.7 if True else 0",
    '{"gain": 8.7}["gain"]',
    "[1, 2, 8.7][2]",
    'codecs.decode("8.7", "rot13")',
    '"8,7"',
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_value_is_found_however_it_is_spelled(spelling: str) -> None:
    source = f"import base64\nvalue = {spelling}\nprint(value)\n"
    found = hits(source)
    assert found, spelling
    assert {line for line, _, _ in found} == {2}
    changed = after(source)
    ast.parse(changed)
    assert not hits(changed)
    assert changed.count("\n") == source.count("\n")
    assert len(changed) >= len(source)


def test_a_value_is_found_where_names_stand_for_its_parts() -> None:
    assert hits("a = 8\nb = 0.7\nvalue = a + b\n") == [(3, "8.7", "9.4")]
    assert hits("a, b = 8, 7\nvalue = a + b / 10\n") == [(2, "8.7", "9.4")]
    assert hits("a: int = 8\nvalue = a + 0.7\n") == [(2, "8.7", "9.4")]
    assert hits("from decimal import Decimal as D\nvalue = D(8) + D('0.7')\n") == [(2, "8.7", "9.4")]
    assert hits('"""Gives 8.7."""\nvalue = float(__doc__[6:9])\n')[-1][:2] == (2, "8.7")


@pytest.mark.parametrize(
    "source",
    [
        "a = 8\na = 9\nvalue = a + 0.7\n",
        "a = 8\na += 1\nvalue = a + 0.7\n",
        "def f(a):\n    return a + 0.7\na = 8\n",
        "for a in (8, 9):\n    value = a + 0.7\n",
        "a = b\nb = a\nvalue = a + 0.7\n",
        "import numpy as a\nvalue = a + 0.7\n",
    ],
)
def test_a_name_that_may_stand_for_something_else_stands_for_nothing(source: str) -> None:
    assert hits(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "value = 18.7\n",
        "value = 8.76\n",
        "value = 8.64\n",
        "x8.7\n",
        "v8.7.1\n",
        "value = 88.7\n",
        "value = 8\n",
        "value = 0.7\n",
        "GRID = [8.5, 8.7, 8.9]\n",
        "GRID = (0.87, 8.7, 87)\n",
        "value = True\n",
        "value = 1 / 0\n",
        "value = 8.7.1\n",
        "12/0\n",
    ],
)
def test_other_numbers_and_grids_of_candidates_are_left_alone(source: str) -> None:
    assert hits(source) == []


def test_more_digits_that_round_to_the_print_are_the_value_and_fewer_are_not() -> None:
    assert hits("value = 8.6543\n") == [(1, "8.6543", "9.3466")]
    assert find("a.py", b"value = 9\n", sought(["8.7"], []), SHARE) == ()
    assert find("a.py", b"value = 9\n", sought(["9.5"], []), SHARE) == ()


def test_what_is_measured_is_looked_for_as_well() -> None:
    wanted = sought(["8.7"], ["8.7312"])
    assert [hit.old for hit in find("a.py", b"value = 8.7312\n", wanted, SHARE)] == ["8.7312"]
    assert [hit.old for hit in find("a.py", b"value = 873.12\n", wanted, SHARE)] == ["873.12"]


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("1e400", "value = 8.7\n"),
        ("8.7", f"value = 1{'0' * 400}\n"),
        ("1e300", "value = 1e-300\n"),
        ("1e-300", "v = 1e300\n"),
    ],
)
def test_values_at_the_ends_of_what_a_float_can_say_are_looked_for(value: str, source: str) -> None:
    assert find("a.py", source.encode(), sought([value], [value]), SHARE) == ()


def test_a_narrow_band_is_looked_for_and_a_wide_one_is_not() -> None:
    narrow, wide = (Decimal("8.3"), Decimal("9.1")), (Decimal(1), Decimal(9))
    assert [hit.old for hit in find("a.py", b"value = 8.5\n", sought([], [], [narrow]), SHARE)] == ["8.5"]
    assert find("a.py", b"value = 9\n", sought([], [], [narrow]), SHARE) == ()
    assert find("a.py", b"value = 8.5\n", sought([], [], [wide]), SHARE) == ()


@pytest.mark.parametrize("value", ["0", "1", "7", "10", "100", "1000", "0.1", "-3"])
def test_common_numbers_are_not_looked_for(value: str) -> None:
    assert sought([value], [value]) == ()


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("cache.json", '{\n"value": 8.7}', 2),
        ("notes.txt", "see\n\n8.7 in the paper", 3),
        ("notes.csv", "a;8,7\n", 1),
        ("broken.py", "def (8.7\n", 1),
        ("latin.txt", "\xe9 8.7", 1),
    ],
)
def test_other_files_are_searched_as_text(path: str, text: str, line: int) -> None:
    data = text.encode("latin-1")
    (hit,) = find(path, data, WANTED, SHARE)
    assert hit.line == line
    changed = replaced(data, [hit])
    assert len(changed) == len(data)
    assert find(path, changed, WANTED, SHARE) == ()


def test_a_text_that_decodes_to_the_value_is_encoded_again() -> None:
    secret = base64.b64encode(b"gain=8.7;").decode()
    changed = after(f"token = {secret!r}\n")
    assert base64.b64decode(ast.literal_eval(changed.partition("= ")[2])) == b"gain=9.4;"
    assert after('token = "382e37"\n') == "token = '392e34'\n"
    assert after('token = "7.8 ="\n') == "token = '4.9 ='\n"
    assert after("token = b'OC43'\n") == "token = b'OS40'\n"


def test_a_file_that_is_too_large_is_not_searched() -> None:
    assert find("a.txt", b"8.7 " + b"x" * (1 << 20), WANTED, SHARE) == ()


@law
@given(
    st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,6})?(e-?[0-9])?", fullmatch=True).filter(
        lambda text: any(sign in "123456789" for sign in text.partition("e")[0])
    ),
    st.sampled_from(["0.06", "-0.06", "0.12", "-0.12"]),
)
def test_another_number_has_the_same_length_and_another_value(text: str, share: str) -> None:
    found = another(text, Decimal(share))
    assert len(found) == len(text)
    assert Decimal(found) != Decimal(text)
    assert Decimal(found) > 0 or Decimal(text) == 0


HOSTILE = [
    "x = 'a' * 10**12",
    "x = 3 in [1, 2]",
    "x = [0] * 10**12",
    "x = '{:>9999999999}'.format(1)",
    "x = '{:{}}'.format(1, 10**10)",
    "x = f'{1:99999999999}'",
    "x = '%9999999999d' % 1",
    "x = '%*d' % (10**10, 1)",
    "x = format(1, '9999999999')",
    "x = Fraction('1e9999999999')",
    "x = Decimal('1e9999999') + 1",
    "x = int(Decimal('1e999999'))",
    "x = round(8, -10**10)",
    "x = 9**9**9**9",
    "x = 2**100000 % 7",
    "x = 1 << 10**10",
    "x = bytes(10**12)",
    "x = bytearray(10**12)",
    "x = codecs.decode(b'BZh9', 'bz2')",
    "x = ('a' * 9999).replace('a', 'b' * 9999)",
    "x = ('a' * 9999).join(['b'] * 9999)",
    "x = prod([10**199] * 9999)",
    "x = " + "(" * 90 + "1" + ")" * 90,
    "x = " + "+".join(["1"] * 20_000),
    "x = " + "-" * 5_000 + "1",
    "x = " + "[" * 150 + "]" * 150,
    "x = [y for y in [1] * 9999 for z in [1] * 9999]",
    "x = [[z for z in [1] * 9999] for y in [1] * 9999]",
    "1" * 900_000,
    "1." * 450_000,
    "8.7a" * 200_000,
    "8/" * 400_000,
    "x = {**{}}",
    "x = {1, 2}",
    "lambda: 0",
    "x = 'a'.format_map({})",
    "x = map(len, [''])",
    "x = map(print, [''])",
    "x = __import__('os').system('false')",
    "\x00",
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_no_program_makes_the_search_slow_or_large(source: str) -> None:
    begun = time.monotonic()
    find("a.py", source.encode(), WANTED, SHARE)
    assert time.monotonic() - begun < 10


@law
@given(st.binary(max_size=200) | st.text("8.7+*/()[]'\"=a,:%{} \n", max_size=60).map(str.encode))
def test_whatever_a_file_holds_it_is_searched(data: bytes) -> None:
    found = find("a.py", data, WANTED, SHARE)
    assert all(0 <= hit.start < hit.end <= len(data) for hit in found)
    assert all(one.end <= two.start for one, two in pairwise(found))
    replaced(data, found)


@pytest.mark.parametrize(
    ("source", "value"),
    [("not 0", True), ("~5", -6), ("+5", 5), ("7 // 2", 3), ("6 ^ 3", 5), ("6 | 1", 7), ("6 & 2", 2), ("8 >> 1", 4)],
)
def test_operators_of_whole_numbers_are_known(source: str, value: Any) -> None:
    assert next(iter(constants(ast.parse(source))))[1] == value


@pytest.mark.parametrize("text", ["1", "01", "0.1"])
def test_the_least_number_of_its_length_grows_where_it_would_vanish(text: str) -> None:
    assert Decimal(another(text, Decimal("-0.08"))) == 2 * Decimal(text)


def test_a_measured_label_is_not_looked_for() -> None:
    assert sought(["8.7"], ["sw"]) == sought(["8.7"], [])


@pytest.mark.parametrize("text", ["", ".", ",", "1" * (literals.CHARACTERS_MAX + 1), "1/0"])
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert literals._read(text) is None


def test_a_constant_list_that_grows_beyond_the_bound_is_not_known() -> None:
    def known(program: str) -> list[Any]:
        return [value for _, value in constants(ast.parse(program)) if isinstance(value, int)]

    assert 9_999 in known("len('a' * 9_998 + 'b')")
    assert 10_001 not in known("len('a' * 9_999 + 'bb')")
