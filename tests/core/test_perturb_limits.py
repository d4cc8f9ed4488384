"""What a hostile input may cost when it is changed, and what is too large or too extreme to be changed."""

from __future__ import annotations

import json

import pytest

from app.core.model import Derivation
from app.core.perturb import BYTES_MAX, Derived, Underivable, derive

SEAL = "sha256:" + "5" * 64
MILLION = 1_000_000


def derived(data: bytes, variant: int = 1) -> Derived | Underivable:
    return derive(SEAL, Derivation(target="x.csv", variant=variant), data)


@pytest.mark.parametrize("variant", [1, 2, 3])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"a,b\n1," + b"1" * MILLION + b"x\n2,3\n", id="digits"),
        pytest.param(b"a,b\n1,1" + b" " * MILLION + b"x\n2,3\n", id="spaces"),
        pytest.param(b"a,b\n1," + b" " * MILLION + b"x\n2,3\n", id="spaces alone"),
        pytest.param(b'a,b\n1,"' + b"x" * MILLION + b'"\n2,3\n', id="a quoted cell"),
        pytest.param(b"a,b\n" + b"x,y\n" * 20_000 + b"," * 100_000 + b"\n", id="one wide row"),
        pytest.param(b"1" * MILLION + b"x 5\n", id="digits in a text"),
    ],
)
def test_a_hostile_cell_costs_no_more_than_its_length(data: bytes, variant: int) -> None:
    """Looked at again from each of its places, one would cost its square: hours, where this takes less than a second."""
    assert derived(data, variant)


MANY = 100_000


@pytest.mark.parametrize("variant", [1, 2, 3])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps([{f"k{index}": 1} for index in range(MANY)]), id="records of a key each"),
        pytest.param("".join(f'{{"k{index}": 1}}\n' for index in range(MANY)), id="JSON lines of a key each"),
        pytest.param(json.dumps([[0]] * MANY + [[0] * MANY]), id="short rows and a long one"),
        pytest.param(json.dumps({f"k{index}": [1] for index in range(MANY)}), id="a list for each key"),
        pytest.param("1,2\n" * MANY + ",".join("3" * MANY) + "\n", id="a table with one long row"),
        pytest.param("1 2\n" * MANY + " ".join("3" * MANY) + "\n", id="a text with one long row"),
        pytest.param(",".join("c" * MANY) + "\n" + (",".join("3" * MANY) + "\n") * 3, id="a table of many columns"),
    ],
)
def test_many_keys_and_ragged_rows_are_changed_one_by_one(text: str, variant: int) -> None:
    """Looked for in one another they would cost their product: most of an hour, where this takes a second."""
    assert derived(text.encode(), variant)


def test_an_input_is_changed_up_to_four_mebibytes() -> None:
    found = derived(b" " * BYTES_MAX + b"1")
    assert found == Underivable("x.csv has more than 4 MiB")


@pytest.mark.parametrize("number", ["1e99999999999999999999", "1e1000000", "1e-1000000", "-2E401", "1e-401"])
@pytest.mark.parametrize("text", ['{{"a": {}, "b": 2}}', '{{"a": 1}}\n{{"a": {}}}\n'], ids=["document", "lines"])
def test_json_with_a_number_beyond_all_measure_cannot_be_changed(text: str, number: str) -> None:
    for variant in (1, 2, 3):
        assert derived(text.format(number).encode(), variant) == Underivable(
            "x.csv holds a number beyond 10^±400, so its values cannot be scaled"
        )
