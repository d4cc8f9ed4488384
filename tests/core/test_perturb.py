"""Changed inputs: always changed, always the same change, and of a shape with which an honest script can work."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core import perturb
from app.core.canonical import digest
from app.core.model import Derivation
from app.core.perturb import Derived, Underivable, derive, derive_parameter, gzip_stored, strong_parameter
from app.core.perturb_numbers import Chance, scaled
from tests.core.strategies import law

SEAL = "sha256:" + "5" * 64
variants = st.sampled_from([1, 2, 3])


def changed(data: bytes, variant: int = 1, target: str = "x.csv", seal: str = SEAL) -> bytes:
    found = derive(seal, Derivation(target=target, variant=variant), data)
    assert isinstance(found, Derived), found
    return found.data


def refused(data: bytes, variant: int = 1) -> str:
    found = derive(SEAL, Derivation(target="x.csv", variant=variant), data)
    assert isinstance(found, Underivable)
    return found.reason


# --- the same bytes for everybody ------------------------------------------------------------------------------------

TABLE = b"# scores\nlanguage,score,n\nsw,8.10,12\nyo,-9.05,7\nha,0.0,1\nzu,7.77,40\nxh,1e-3,3\n"
GOLDEN = [
    pytest.param(
        TABLE,
        1,
        "numeric cells scaled unequally",
        "sha256:e7f9201b3b2758f9a1c8786e715f423381095b67f527defae48f9ef3b90bf9fe",
        id="table 1",
    ),
    pytest.param(
        TABLE,
        2,
        "rows drawn again with replacement",
        "sha256:1764769998d2ea327534ba487755c2cd4685374dc110058e02b1492e4874b742",
        id="table 2",
    ),
    pytest.param(
        b'{"a": [1, 2.50, "x", "y"], "b": true}',
        1,
        "numbers scaled unequally",
        "sha256:6cf6d6d788a919ee47e3b93ffe295f57d3c72e740cfcd051105f25502950aef8",
        id="json 1",
    ),
    pytest.param(
        b"[1, 2, 3, 4, 5]",
        2,
        "list items drawn again",
        "sha256:449726214e2d9a6bbf17dcb0b4f3574e68560d170111846722fa7821890a8da5",
        id="json 2",
    ),
    pytest.param(
        b'{"n": 1}\n{"n": 2}\n{"n": 3}\n',
        1,
        "numbers scaled unequally",
        "sha256:4003ab37ae0cdd67e46cca3c1895680cabe47c2ed669e8f1f7f8f69db50f75b6",
        id="json lines 1",
    ),
    pytest.param(
        b'{"n": 1}\n{"n": 2}\n{"n": 3}\n',
        2,
        "list items drawn again",
        "sha256:0e16081d0976949d0704ec660bb97526283b32dc84114f92337caaa8e3d890aa",
        id="json lines 2",
    ),
    pytest.param(
        b"one 1 two 2\nthree 3\nfour\n",
        1,
        "numbers scaled unequally",
        "sha256:aabef6f0e9e22086c4a4d3dc5f45d9912c21071d53861f47cb405bcc0b5db838",
        id="text 1",
    ),
    pytest.param(
        b"one 1 two 2\nthree 3\nfour\n",
        2,
        "rows drawn again",
        "sha256:b14ea843b9d95a348f5bb15aee2f9ba5f0664d819362b3f5fb6a92cddadc01e3",
        id="text 2",
    ),
    pytest.param(
        gzip.compress(TABLE, mtime=0),
        1,
        "numeric cells scaled unequally",
        "sha256:d5a0899ae186141b296b121d300693b0a66d88ffcc95936f57fd3bc9cc25c137",
        id="gzip 1",
    ),
    pytest.param(
        TABLE,
        3,
        "columns moved against each other",
        "sha256:7b17821d89efe3caf680a091fd6debbf1af9600554d3355e73269958e9eca313",
        id="table 3",
    ),
    pytest.param(
        b'[{"a": 1, "b": "x"}, {"a": 2.50, "b": "y"}]',
        3,
        "columns moved",
        "sha256:647b4d55d0dbe5e5c39ed6d8e86a2b93f372ba1497c57990714297c50d9db812",
        id="json 3",
    ),
    pytest.param(
        b"one 1 two 2\nthree 3\nfour\n",
        3,
        "numbers grown",
        "sha256:835dac808390bbc96050c9387514e13d17e9fa4b19716f8309ac8954c2f46db2",
        id="text 3",
    ),
]


@pytest.mark.parametrize(("data", "variant", "how", "known"), GOLDEN)
def test_derivations_give_the_golden_bytes(data: bytes, variant: int, how: str, known: str) -> None:
    """Whoever checks evidence in years to come has to make these very bytes again, with any Python and any zlib."""
    found = derive(SEAL, Derivation(target="x.csv", variant=variant), data)
    assert isinstance(found, Derived)
    assert found.summary.startswith(f"x.csv: {how}")
    assert found.summary.endswith(f"(variant {variant})")
    assert digest(found.data) == known


@pytest.mark.parametrize("variant", [1, 2])
def test_seal_target_and_variant_fix_the_change_and_nothing_else_does(variant: int) -> None:
    assert changed(TABLE, variant) == changed(TABLE, variant)
    assert changed(TABLE, variant) != changed(TABLE, 3 - variant)
    assert changed(TABLE, variant) != changed(TABLE, variant, target="y.csv")
    assert changed(TABLE, variant) != changed(TABLE, variant, seal="sha256:" + "6" * 64)


def test_chance_is_made_of_the_only_numbers_that_python_promises_to_repeat() -> None:
    chance = Chance("key")
    assert [chance.below(10) for _ in range(8)] == [6, 9, 8, 5, 0, 4, 1, 5]
    assert chance.shuffled("abcdef") == list("defcba")
    assert sorted(Chance("other").shuffled(range(50))) == list(range(50))


# --- tables ----------------------------------------------------------------------------------------------------------

cells = st.one_of(
    st.integers(-999, 999).map(str),
    st.decimals(-99, 99, places=2).map(str),
    st.sampled_from(["sw", "yo", '"a, b"', "", "12%", "007", ".5", "1e-3", "n/a"]),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[list[str]], str]:
    """Return separator, rows (the first is a header) and the ending of lines."""
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=2, max_size=8))
    header = ["name", *(f"column {index}" for index in range(1, width))]
    return draw(st.sampled_from([",", ";", "\t", "|"])), [header, *rows], draw(st.sampled_from(["\n", "\r\n"]))


@law
@given(tables(), variants, st.booleans())
def test_a_changed_table_keeps_its_shape(table: tuple[str, list[list[str]], str], variant: int, last: bool) -> None:  # noqa: FBT001
    separator, rows, ending = table
    text = ending.join(separator.join(row) for row in rows) + (ending if last else "")
    found = derive(SEAL, Derivation(target="x", variant=variant), text.encode())
    assume(isinstance(found, Derived))
    assert isinstance(found, Derived)
    after = found.data.decode()
    assert after != text
    assert after.endswith(ending) is last
    assert after.count("\n") == after.count(ending)
    read = list(csv.reader(io.StringIO(after, newline=""), delimiter=separator))
    before = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    assert read[0] == before[0]
    assert {len(row) for row in read} == {len(row) for row in before}
    if variant == 1:
        assert len(read) == len(before)


@law
@given(tables())
def test_scaled_cells_keep_kind_and_sign_and_all_of_them_move(table: tuple[str, list[list[str]], str]) -> None:
    separator, rows, ending = table
    text = ending.join(separator.join(row) for row in rows) + ending
    found = derive(SEAL, Derivation(target="x", variant=1), text.encode())
    assume(isinstance(found, Derived) and "scaled" in found.summary)
    assert isinstance(found, Derived)
    after = [line.split(separator) for line in found.data.decode().split(ending)[:-1]]
    before = [line.split(separator) for line in text.split(ending)[:-1]]
    for one, two in zip((c for row in before for c in row), (c for row in after for c in row), strict=True):
        number = re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e-3)?", one)
        if number is None or not Decimal(one):
            assert two == one or "%" in one
            continue
        assert two != one
        assert (Decimal(two) < 0) is (Decimal(one) < 0)
        assert ("." in two or "e" in two) is ("." in one or "e" in one)
        assert abs(Decimal(two)) <= 2 * abs(Decimal(one)) + Decimal(1).scaleb(int(Decimal(one).as_tuple().exponent))
        if one.startswith("0") and one.isdigit():
            assert len(two) == len(one)


def test_half_of_the_rows_are_drawn_again_and_a_quarter_is_left_out() -> None:
    rows = [f"{index},{index * index}" for index in range(1, 101)]
    after = changed(("a,b\n" + "\n".join(rows) + "\n").encode(), 2).decode().splitlines()
    assert after[0] == "a,b"
    assert len(after) - 1 == 75
    assert set(after[1:]) <= set(rows)
    assert len(set(after[1:])) < 75
    assert after[1:] != sorted(after[1:], key=rows.index)


TABLES = [
    pytest.param(b"a,b\n1,2\n", "numeric cells", id="one row"),
    pytest.param(b"1,2\n3,4\n", "numeric cells", id="no header"),
    pytest.param(b"# note\n\na,b\n1,2\n", "numeric cells", id="comments and blank lines above"),
    pytest.param(b"language,1990,n\nsw,1,2\n", "numeric cells", id="a header with a number"),
    pytest.param(b'a;b\n"1,5";2\n', "numeric cells", id="another separator"),
    pytest.param(b"a,b\n12%,30 %\n", "numeric cells", id="percentages"),
    pytest.param(b'a,b\n"12","x"\n', "numeric cells", id="quoted numbers"),
    pytest.param(b"a,b\nx,y\nz,w\n", "text cells", id="texts alone"),
    pytest.param(b"a,b,c\n1,2,3\n4,5,6\n7,8\n" + b"1,2,3\n" * 9, "numeric cells", id="a short row"),
]


@pytest.mark.parametrize(("data", "how"), TABLES)
def test_tables_of_many_shapes_are_recognised(data: bytes, how: str) -> None:
    found = derive(SEAL, Derivation(target="x", variant=1), data)
    assert isinstance(found, Derived)
    assert f"x: {how}" in found.summary
    head = data[: data.rindex(b"\n", 0, -1) + 1].split(b"\n")[0]
    if b"1" not in head.partition(b",")[0]:
        assert found.data.split(b"\n")[0] == head


def test_a_table_that_cannot_be_resampled_is_scaled_another_way() -> None:
    data = b"a,b\n100,200\n"
    one, two = changed(data, 1), changed(data, 2)
    assert one != two
    assert b"100" not in two


def test_exchanged_texts_stay_in_their_columns() -> None:
    data = b"name,kind\n" + b"".join(b"n%c,k%c\n" % (97 + i, 97 + i) for i in range(12))
    rows = [row.split(",") for row in changed(data, 1).decode().splitlines()[1:]]
    assert [row[0] for row in rows] == [f"n{chr(97 + i)}" for i in range(12)]
    assert sorted(row[1] for row in rows) == [f"k{chr(97 + i)}" for i in range(12)]


# --- rows paired anew ------------------------------------------------------------------------------------------------


def columns_of(data: bytes) -> list[list[str]]:
    rows = [line.split(",") for line in changed(data, 3).decode().splitlines()]
    return [list(column) for column in zip(*rows, strict=True)]


def test_the_first_column_names_the_rows_and_every_other_is_moved_on_its_own_way() -> None:
    names = [f"n{index}" for index in range(9)]
    data = "name,one,two\n" + "".join(f"{name},{name},{name}\n" for name in names)
    first, one, two = columns_of(data.encode())
    assert first == ["name", *names]
    assert (one[0], sorted(one[1:])) == ("one", names)
    assert all(len(set(row)) == 3 for row in zip(names, one[1:], two[1:], strict=True))


def test_numbers_grow_and_keep_their_order() -> None:
    values = list(range(1, 30))
    data = "name,n\n" + "".join(f"r{value},{value}\n" for value in values)
    found = sorted(map(int, columns_of(data.encode())[1][1:]))
    assert len(set(found)) == len(found)
    assert all(after > before for before, after in zip(values, found, strict=True))


def test_the_most_frequent_text_and_the_greater_class_give_way() -> None:
    data = "id,kind,class\n" + "".join(f"{index},{'aaabc'[index % 5]},{'yyn'[index % 3]}\n" for index in range(15))
    _, kinds, classes = columns_of(data.encode())
    assert ("a" in kinds, sorted(map(kinds.count, set(kinds) - {"kind"}))) == (False, [3, 12])
    assert (classes.count("y"), classes.count("n")) == (5, 10)


def test_of_two_rows_each_takes_what_the_other_had() -> None:
    assert changed(b"name,n\nx,1\ny,2\n", 3) == b"name,n\nx,2\ny,1\n"


def test_of_the_texts_of_a_column_one_takes_the_place_of_another() -> None:
    data = "id,kind\n" + "".join(f"{index},{'abcd'[index % 4]}\n" for index in range(12))
    assert len(set(columns_of(data.encode())[1][1:])) == 3


def test_two_classes_keep_their_spelling() -> None:
    data = "id,label,guess\n" + "".join(f"{index},{index % 2},{index % 2}\n" for index in range(12))
    _, label, guess = columns_of(data.encode())
    assert sorted(label[1:]) == sorted(guess[1:]) == ["0"] * 6 + ["1"] * 6
    assert label[1:] != guess[1:]


@pytest.mark.parametrize("rows", [2, 3, 12])
@pytest.mark.parametrize("kinds", ["ab", "abc", "01"])
def test_columns_that_agree_in_every_row_never_do_so_afterwards(rows: int, kinds: str) -> None:
    cells = [kinds[index % len(kinds)] for index in range(rows)]
    data = "id,x,y\n" + "".join(f"{index},{cell},{cell}\n" for index, cell in enumerate(cells))
    for key in range(40):
        after = changed(data.encode(), 3, seal=str(key)).decode().splitlines()[1:]
        assert any(one != two for _, one, two in (line.split(",") for line in after))


@pytest.mark.parametrize("zero", ["0", "0.00", "-0", "0%", '"0"', ".0"])
def test_of_a_column_of_zeros_none_stays(zero: str) -> None:
    data = "id,errors\n" + "".join(f"r{index},{zero}\n" for index in range(9)) + "r9,n/a\n"
    after = columns_of(data.encode())[1][1:]
    numbers = [Decimal(cell.strip('"%')) for cell in after if cell != "n/a"]
    assert (len(numbers), all(numbers), len(set(numbers))) == (9, True, 2)
    assert {len(cell) for cell in after} == {len(zero), 3}


@pytest.mark.parametrize("text", ["pass", '"pass"', '"a, b"', "xyz", "1", "", '""', "true"])
@pytest.mark.parametrize("rows", [1, 2, 3, 9])
def test_a_column_of_one_value_has_another_in_most_of_its_rows(text: str, rows: int) -> None:
    data = "id,state\n" + f"r,{text}\n" * rows
    after = list(csv.reader(io.StringIO(changed(data.encode(), 3).decode())))
    states = [row[1] for row in after[1:]]
    assert {len(row) for row in after} == {2}
    kept = states.count(text.strip('"'))
    assert kept <= rows / 2
    assert len(set(states)) == (2 if rows > 1 else 1)


@pytest.mark.parametrize("text", ["pass", "0", "1"])
def test_two_columns_of_the_same_one_value_agree_no_longer(text: str) -> None:
    data = "id,label,guess\n" + "".join(f"r{index},{text},{text}\n" for index in range(9))
    _, label, guess = columns_of(data.encode())
    assert label[1:] != guess[1:]


@pytest.mark.parametrize(
    "document",
    [
        [{"id": "a", "n": 0}, {"id": "b", "n": 0}, {"id": "c", "n": 0}],
        {"a": {"n": 0, "k": 5}, "b": {"n": 0, "k": 6}, "c": {"n": 0, "k": 7}},
        {"ids": ["a", "b", "c"], "n": [0, 0, 0]},
        {"n": 0, "of": 7},
        {"n": 0.0, "of": 7},
    ],
    ids=["records", "records by name", "columns", "alone", "alone, of a fraction"],
)
def test_no_zero_that_stands_for_a_whole_column_stays_in_json(document: Any) -> None:
    after = changed(json.dumps(document).encode(), 3).decode()
    assert not re.search(r"[^.\d]0(\.0)?\b", after)


@pytest.mark.parametrize("value", ["pass", True, False, None, 1, ""])
def test_one_value_in_json_becomes_another(value: Any) -> None:
    rows = [{"id": f"r{index}", "state": value} for index in range(5)]
    states = [row["state"] for row in json.loads(changed(json.dumps(rows).encode(), 3))]
    assert (states.count(value), len(states)) == (2, 5)
    alone = json.loads(changed(json.dumps({"state": value, "n": 5}).encode(), 3))
    assert alone["state"] != value


def test_lines_of_one_value_are_a_column_below_a_header() -> None:
    found = changed(b"state\n" + b"pass\n" * 9, 3).decode().split("\n")
    assert (found[0], found.count("pass"), found[-1], len(found)) == ("state", 4, "", 11)
    assert "0" not in changed(b"0\n" * 9, 3).decode().split()
    assert changed(b"errors: 0\n", 3) == b"errors: 1\n"


def test_a_table_divided_by_blanks_is_one_as_well() -> None:
    data = b"".join(b"%d %d\n" % (index % 2, index % 2) for index in range(12))
    found = [line.split() for line in changed(data, 3).decode().splitlines()]
    assert any(one != two for one, two in found)


@pytest.mark.parametrize(
    "document",
    [
        [{"gold": "ab"[i % 2], "guess": "ab"[i % 2]} for i in range(8)],
        {"gold": [0, 1] * 4, "guess": [0, 1] * 4},
        [[i, i % 2, i % 2] for i in range(8)],
        {"test": {"items": [{"n": i, "gold": True, "guess": True} for i in range(4)] + [{"gold": False}]}},
    ],
    ids=["records", "columns", "rows", "deep"],
)
def test_json_is_paired_anew_wherever_its_rows_lie(document: Any) -> None:
    found = derive(SEAL, Derivation(target="x", variant=3), json.dumps(document).encode())
    assert isinstance(found, Derived)
    assert "columns moved against each other" in found.summary
    after = json.loads(found.data)
    assert after != document
    assert re.sub(r"[^\[\]{}:]", "", json.dumps(after)) == re.sub(r"[^\[\]{}:]", "", json.dumps(document))


def test_numbers_of_a_text_grow_by_one_factor() -> None:
    found = [int(line) for line in changed(b"30\n10\n20\n40\n40\n50\n", 3).splitlines()]
    assert found[0] == 3 * found[1]
    assert found[3] == found[4] > 40


def test_a_variant_that_the_plan_never_asks_for_is_a_change_of_rows() -> None:
    assert changed(TABLE, 9) != TABLE


# --- JSON ------------------------------------------------------------------------------------------------------------

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.floats(-99, 99) | st.sampled_from(["x", "y", "ü"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict | list))


def same_shape(one: Any, two: Any, *, drawn: bool) -> bool:
    """Whether two documents differ in numbers and the order of texts alone, or in long lists as well."""
    if isinstance(one, dict):
        return (
            isinstance(two, dict)
            and list(one) == list(two)
            and all(same_shape(one[k], two[k], drawn=drawn) for k in one)
        )
    if isinstance(one, list) and isinstance(two, list):
        if drawn and len(one) >= 4:
            return 0 < len(two) < len(one) and all(item in one for item in two)
        if all(isinstance(item, str) for item in one):
            return sorted(one) == sorted(two)
        return len(one) == len(two) and all(same_shape(a, b, drawn=drawn) for a, b in zip(one, two, strict=True))
    return type(one) is type(two)


@law
@given(documents, st.sampled_from([1, 2]))
def test_changed_json_keeps_its_shape(document: Any, variant: int) -> None:
    found = derive(SEAL, Derivation(target="x", variant=variant), json.dumps(document).encode())
    assume(isinstance(found, Derived))
    assert isinstance(found, Derived)
    after = json.loads(found.data)
    assert after != document
    assert same_shape(document, after, drawn="drawn" in found.summary)


@pytest.mark.parametrize(
    ("text", "variants"),
    [
        *(
            (text, (1, 2))
            for text in ('{"a": "x"}', '{"a": true, "b": null}', '{"a": ["x"]}', '{"a": 0}', '["x", "x"]')
        ),
        *((text, (1, 2, 3)) for text in ("[]", "{}", "[NaN]")),
    ],
)
def test_json_without_anything_to_change_says_so_instead_of_being_spelled_anew(
    text: str, variants: tuple[int, ...]
) -> None:
    """Another spelling of the same document moves nothing, and would make an honest script look like a fake."""
    for variant in variants:
        assert "has nothing that could be changed" in refused(text.encode(), variant)


def test_json_lines_stay_json_lines() -> None:
    data = "".join(f'{{"id": "r{index}", "n": {index}}}\n' for index in range(1, 9)).encode()
    one = [json.loads(line) for line in changed(data, 1).splitlines()]
    assert [item["id"] for item in one] == [f"r{index}" for index in range(1, 9)]
    assert all(item["n"] != index for index, item in enumerate(one, 1))
    two = [json.loads(line) for line in changed(data, 2).splitlines()]
    assert len(two) == 6
    assert all(item in [json.loads(line) for line in data.splitlines()] for item in two)


def test_two_json_lines_are_enough() -> None:
    after = changed(b'{"n": 100}\n{"n": 200}\n').decode().splitlines()
    assert [json.loads(line)["n"] in {100, 200} for line in after] == [False, False]


def test_json_lines_without_numbers_are_drawn_again() -> None:
    data = b'{"w": "a"}\n\n{"w": "b"}\n{"w": "c"}\n'
    found = derive(SEAL, Derivation(target="x", variant=1), data)
    assert isinstance(found, Derived)
    assert "drawn again" in found.summary


@pytest.mark.parametrize("data", [b'{"n": 1}\nnot json\n', b"1\n2\n", b'{"n": 1}\n7\n'])
def test_lines_of_which_some_are_no_objects_are_text(data: bytes) -> None:
    found = derive(SEAL, Derivation(target="x", variant=1), data)
    assert isinstance(found, Derived)
    assert "numbers scaled unequally (variant 1)" in found.summary


def test_half_a_character_in_json_is_no_error_of_ours() -> None:
    assert json.loads(changed(b'{"a": "\\ud800", "n": 5}'))["a"] == "\ud800"


# --- texts -----------------------------------------------------------------------------------------------------------

TEXTS = [
    pytest.param("a 5 b 7\n", "a {} b {}\n", id="numbers between words"),
    pytest.param("5.\n", "{}.\n", id="at the end of a sentence"),
    pytest.param("x=-5, .5\n", "x={}, {}\n", id="signs and bare fractions"),
]


@pytest.mark.parametrize(("text", "shape"), TEXTS)
def test_numbers_in_a_text_are_scaled(text: str, shape: str) -> None:
    after = changed(text.encode()).decode()
    assert re.fullmatch(re.escape(shape).replace(r"\{\}", r"(-?[\d.]+)"), after)


@pytest.mark.parametrize(
    "text", ["v1.2.3", "2020-06-01", "12:30:59", "a1", "1a", "path/3/4", "3/4", "x_5", "5-6", "0", "0.00"]
)
def test_parts_of_words_versions_dates_and_paths_are_no_numbers(text: str) -> None:
    """What is left to change is the order of words, and a single word has none."""
    assert "has nothing that could be changed" in refused(text.encode())


def test_texts_without_numbers_are_shuffled_and_drawn() -> None:
    data = b"".join(b"line %c\n" % (97 + index) for index in range(12))
    assert sorted(changed(data, 1).splitlines()) == data.splitlines()
    assert len(changed(data, 2).splitlines()) == 9
    assert sorted(changed(b"four words in all").split()) == [b"all", b"four", b"in", b"words"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("the cat near blue lake\non tall lake the tree\n" * 10, id="lines of as many words"),
        pytest.param(
            "the cat near a lake\non tall lakes\nthe tree\na few trees more\nand no one\n", id="of any length"
        ),
    ],
)
def test_prose_gets_other_and_longer_words(text: str) -> None:
    words = changed(text.encode(), 3).decode().split()
    assert not set(words) <= set(text.split())
    assert max(map(len, words)) > max(map(len, text.split()))


def test_another_column_of_a_table_leads() -> None:
    table = "task,ours,base,old\n" + "".join(f"t{at},8{at}.5,7{at}.5,6{at}.5\n" for at in range(8))
    rows = [line.split(",")[1:] for line in changed(table.encode(), 3).decode().splitlines()[1:]]
    sums = [sum(float(row[at]) for row in rows) for at in range(3)]
    assert sums == sorted(sums)


def test_columns_of_labels_keep_their_labels() -> None:
    labels = "gold noun verb\npred verb noun\nthird verb verb\n" * 5
    assert set(changed(labels.encode(), 3).decode().split()) <= set(labels.split())
    sequence = "acgtacgtacgtacgtacgtacgtacgtacgtacgtacgtacgtacgt\n"
    assert {len(line) for line in changed((sequence * 6).encode(), 3).decode().splitlines()} == {len(sequence) - 1}


def test_prose_with_commas_is_no_table() -> None:
    found = derive(SEAL, Derivation(target="x", variant=1), b"In 1990, it was 5.\nOne, two, three, or 7.\nAnd, 8.\n")
    assert isinstance(found, Derived)
    assert found.summary == "x: numbers scaled unequally (variant 1)"


def test_unicode_separators_end_no_line() -> None:
    after = changed("a\u2028b 5\n".encode())
    assert after.decode().startswith("a\u2028b ")


# --- numbers ---------------------------------------------------------------------------------------------------------


@law
@given(
    st.from_regex(r"[-+]?([0-9]{1,8}(\.[0-9]{0,5})?|\.[0-9]{1,5})(e-?[0-9]{1,2})?", fullmatch=True), st.text(max_size=3)
)
def test_a_scaled_number_moves_by_a_factor_that_is_not_near_one(literal: str, key: str) -> None:
    after = scaled(literal, Chance(key))
    number, found = Decimal(literal), Decimal(after)
    if not number:
        assert after == literal
        return
    assert found
    assert found != number
    assert (found < 0) is (number < 0)
    if "e" not in literal and abs(number) >= 100 * Decimal(1).scaleb(int(number.as_tuple().exponent)):
        assert abs(number) / 2 - 1 <= abs(found) <= abs(number) * 2 + 1
        assert not Decimal("0.9") < found / number < Decimal("1.1")


def test_a_long_row_of_digits_is_a_sequence_and_stays() -> None:
    assert scaled("01" * 201, Chance("x")) == "01" * 201


# --- what cannot be changed ------------------------------------------------------------------------------------------


def test_what_is_no_text_has_too_much_or_nothing_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is not text" in refused(b"\x89PNG\r\n\xff")
    assert "nothing that could be changed" in refused(b"")
    assert "nothing that could be changed" in refused(b"a,b\nx,x\n")
    assert "nests too deeply" in refused(b"[" * 600 + b"1" + b"]" * 600)
    assert "nests too deeply" in refused(b"[" * 100_000)
    monkeypatch.setattr(perturb, "BYTES_MAX", 1 << 20)
    assert "more than 1 MiB" in refused(b"1,2\n" * (1 << 18) + b"1")
    assert "unpacks to more than 1 MiB" in refused(gzip.compress(b"1" * ((1 << 20) + 1)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(gzip.compress(TABLE)[:-9], id="truncated"),
        pytest.param(gzip.compress(TABLE)[:-8] + b"12345678", id="wrong checksum"),
        pytest.param(gzip.compress(TABLE) * 2, id="two members"),
        pytest.param(b"\x1f\x8b", id="two bytes"),
        pytest.param(b"\x1f\x8b" + b"x" * 30, id="garbage"),
    ],
)
def test_a_broken_gzip_file_cannot_be_changed(data: bytes) -> None:
    assert "no gzip file that can be read" in refused(data)


# --- gzip ------------------------------------------------------------------------------------------------------------


@law
@given(st.binary(max_size=200), st.integers(0, 3))
def test_stored_gzip_unpacks_to_what_was_packed(data: bytes, blocks: int) -> None:
    whole = data * (1 + blocks * 400)
    assert gzip.decompress(gzip_stored(whole)) == whole


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 131_070, 131_071])
def test_stored_gzip_is_right_at_the_edges_of_its_blocks(size: int) -> None:
    assert gzip.decompress(gzip_stored(b"x" * size)) == b"x" * size


@pytest.mark.parametrize("variant", [1, 2])
def test_a_packed_input_is_changed_like_its_contents_and_packed_again(variant: int) -> None:
    assert gzip.decompress(changed(gzip.compress(TABLE), variant)) == changed(TABLE, variant)


# --- parameters ------------------------------------------------------------------------------------------------------

numbers = st.one_of(
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 5e-324, 1.7e308, -1.7e308, 1.0]),
)


@law
@given(numbers, variants)
def test_a_parameter_always_changes_and_keeps_its_kind_and_sign(value: float, variant: int) -> None:
    found = derive_parameter(SEAL, Derivation(target="parameters.n", variant=variant), value)
    assert type(found) is type(value)
    assert found != value
    assert math.isfinite(found)
    assert json.loads(json.dumps(found)) == found
    if value:
        assert (found > 0) is (value > 0)
        assert found
    if isinstance(value, int) and value > 10:
        assert (found < value) is (variant != 2)


@pytest.mark.parametrize("value", ["x", "", [], ["a"], None])
def test_a_parameter_with_nothing_to_change_says_so(value: Any) -> None:
    found = derive_parameter(SEAL, Derivation(target="parameters.n", variant=1), value)
    assert isinstance(found, Underivable)
    assert "parameters.n has nothing to change" in found.reason


@pytest.mark.parametrize("variant", [1, 2, 3])
@pytest.mark.parametrize("value", [True, False, "kitten", [1, 2.5, "word", [True]], [64, 128]])
def test_other_parameters_change_item_by_item(value: Any, variant: int) -> None:
    found = derive_parameter(SEAL, Derivation(target="parameters.n", variant=variant), value)
    assert type(found) is type(value)
    assert found != value
    if not isinstance(value, bool):
        assert len(found) == len(value)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [(20_000, 2, 9), (-500, -9, -2), (7, 17, 27), (1e-9, 1e-4, 1e-2), (0.3, 0.01, 0.95), (40.0, 2, 360)],
)
def test_a_parameter_is_moved_far(value: float, least: float, most: float) -> None:
    """What has converged at the sealed value has not there."""
    for variant in (1, 2):
        found = strong_parameter(Chance(f"{variant}"), value, variant)
        assert type(found) is type(value)
        assert least <= found <= most
        assert not 0.5 <= found / value <= 2


@law
@given(st.binary(max_size=300), variants)
def test_whatever_bytes_an_input_holds_it_is_changed_or_says_why(data: bytes, variant: int) -> None:
    found = derive(SEAL, Derivation(target="x", variant=variant), data)
    if isinstance(found, Derived):
        assert found.data != data
        assert derive(SEAL, Derivation(target="x", variant=variant), data) == found
    else:
        assert found.reason


@law
@given(st.text(alphabet='a1,;.\n\t"[]{}: -e', max_size=120), variants)
def test_whatever_text_an_input_holds_it_is_changed_or_says_why(text: str, variant: int) -> None:
    found = derive(SEAL, Derivation(target="x", variant=variant), text.encode())
    if isinstance(found, Derived):
        assert found.data != text.encode()
    else:
        assert found.reason


def test_fields_of_records_that_are_lists_are_changed_inside() -> None:
    rows = [{"name": "x", "scores": [1, 2, 3]}, {"name": "y", "scores": [4, 5, 6]}]
    after = json.loads(changed(json.dumps(rows).encode(), 3))
    assert [sorted(row) for row in after] == [["name", "scores"]] * 2
    assert all(row["scores"] != one["scores"] for row, one in zip(after, rows, strict=True))


def test_a_number_in_a_heading_does_not_keep_the_lines_below_from_changing() -> None:
    """A share of letters would be called held in place, because the number of its heading is all that grew."""
    lines = [f"{'ACGT' * 15}{'GC' * at}\n" for at in range(7)]
    data = f">contig len=420\n{''.join(lines)}".encode()
    after = changed(data, 3).decode()
    assert "len=420" not in after
    assert sum(line in after for line in lines) < len(lines)
    assert b"7 words" not in changed(b"7 words here\n9 words there\nand none\n", 3)
    assert changed(b"7 words here\n9 words there\nand none\n", 3).endswith(b"words there\nand none\n")
