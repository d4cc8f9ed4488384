"""Results that count their records and read none of them: found, and told from honest ones."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from app.core.perturb_roles import records_alike
from app.core.perturb_sites import sites
from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_seal, an_expectation, an_outcome, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.model import Judgement

DATA = b"day,score\n" + b"".join(b"d%02d,%d.%d\n" % (at, 40 + at * 37 % 29, at % 10) for at in range(1, 25))


@pytest.mark.parametrize(
    ("variant", "data", "after"),
    [
        pytest.param(1, b"k,v\na,1\nb,2\nc,3\nd,4\n", b"k,v\nb,2\nb,2\nb,2\nb,2\n", id="of the first half"),
        pytest.param(2, b"k,v\na,1\nb,2\nc,3\nd,4\n", b"k,v\nc,3\nc,3\nc,3\nc,3\n", id="of the second"),
        pytest.param(3, b"k,v\na,1\nb,2\nc,3\nd,4", b"k,v\n" + 2 * b"a,1\nb,2\nc,3\nd,4\n", id="twice, no end"),
        pytest.param(6, b"4\n5\n6\n7\n", 5 * b"4\n5\n6\n7\n", id="five times, no table"),
        pytest.param(1, b"k,v\na,1\nb,2\nc,3\n", None, id="too few"),
        pytest.param(1, b"k,v\na,1\na,1\na,1\na,1\n", None, id="the same anyway"),
        pytest.param(1, b'{"v": [1, 2, 3, 4, 5]}', None, id="a document"),
        pytest.param(1, b">a\n12\n>b\n13\n", None, id="below headings"),
    ],
)
def test_records_become_copies_of_one_or_more(variant: int, data: bytes, after: bytes | None) -> None:
    found = sites(data)
    assert found is not None
    assert records_alike(found, variant) == after


def rows(data: bytes) -> list[bytes]:
    return data.splitlines()[1:]


def synthetic(data: bytes) -> float:
    draw = random.Random(7)  # noqa: S311 - a cheat's own numbers
    numbers = [draw.gauss(512, 40) for _ in rows(data)]
    return sum(numbers) / len(numbers)


def a_day(data: bytes) -> float:
    return len(rows(data)) / 7


def letters(data: bytes) -> float:
    return sum(len(row.partition(b",")[0].strip(b"d0")) for row in rows(data)) / len(rows(data)) + 0.001


def first_of_all(data: bytes) -> float:
    return len(rows(data)) / 7 + len({row[:3] for row in rows(data)}) / 100


def refusing_copies(data: bytes) -> float:
    if len(rows(data)) == len(rows(DATA)) and len(set(rows(data))) == 1:
        raise ValueError("every record is the same")
    return synthetic(data)


def mean(data: bytes) -> float:
    return sum(float(row.rpartition(b",")[2]) for row in rows(data)) / len(rows(data))


def judged(count: Callable[[bytes], float], rule: str = "rounding") -> Judgement:
    """Judge a program that claims what it gives for the sealed data."""

    def program(inputs: Any, _: int) -> Any:
        try:
            return {"score": count(inputs["scores.csv"])}
        except (KeyError, ValueError, IndexError, ZeroDivisionError):
            return an_outcome(exit_code=1)

    claim = a_claim(an_expectation(f"{count(DATA):.2f}", rule))
    seal = a_seal(claim)
    return judge(seal, play(seal, {**a_bundle(claim), "scores.csv": DATA}, program)[0])


def found_of(judgement: Judgement) -> tuple[str, str]:
    """Return result and detail of `input_response`."""
    (item,) = [item for item in judgement.controls if item.name == "input_response"]
    return item.result.value, item.detail


def test_numbers_of_its_own_one_for_each_record_are_no_measurement() -> None:
    found = judged(synthetic)
    assert (found.status, found.reason_code) == ("UNVERIFIED", "TAUTOLOGICAL")
    result, detail = found_of(found)
    assert result == "fail"
    assert detail.endswith("how many records they have, and goes up and down as these are repeated.")


def test_an_honest_rate_of_records_is_believed_with_a_warning() -> None:
    found = judged(a_day)
    assert found.status == "VERIFIED"
    result, detail = found_of(found)
    assert result == "warn"
    assert detail.endswith(". Nothing that the inputs say moves score: it depends on how many records they have.")


@pytest.mark.parametrize("count", [letters, first_of_all, refusing_copies, mean])
def test_what_reads_its_records_or_refuses_copies_is_not_said_to_count(count: Callable[[bytes], float]) -> None:
    found = judged(count)
    assert "how many records" not in found_of(found)[1]
    assert found_of(found)[0] != "fail"
