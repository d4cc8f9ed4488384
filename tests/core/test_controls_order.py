"""Scripts that know their inputs by what stands first or last: records in other orders."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.core.perturb_roles import ENDS, HALVES, LAST_FIRST, records_moved
from app.core.perturb_sites import sites
from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_seal, an_expectation, play

ROWS = "".join(f"d{at:02d},{40 + at * 37 % 29}.{at % 10}\n" for at in range(1, 41))
DATA = f"day,score\n{ROWS}".encode()


@pytest.mark.parametrize(
    ("variant", "data", "after"),
    [
        pytest.param(ENDS, b"k,v\na,1\nb,2\nc,3\nd,4\ne,5\n", b"k,v\nb,2\na,1\nc,3\ne,5\nd,4\n", id="ends"),
        pytest.param(LAST_FIRST, b"k,v\na,1\nb,2\nc,3\nd,4", b"k,v\nd,4\na,1\nb,2\nc,3", id="the last one first"),
        pytest.param(HALVES, b"one b\r\ntwo\r\nthree\r\nfour\r\n", b"three\r\nfour\r\none b\r\ntwo\r\n", id="halves"),
        pytest.param(ENDS, b"k,v\na,1\nb,2\nc,3\n", None, id="too few"),
        pytest.param(ENDS, b">one\nACG\n>two\nACC\nTTT\n", None, id="lines below headings"),
        pytest.param(ENDS, b"[1, 2,\n3,\n4,\n5,\n6]\n", None, id="a document"),
    ],
)
def test_records_change_places(variant: int, data: bytes, after: bytes | None) -> None:
    found = sites(data)
    assert found is not None
    assert records_moved(found, variant) == after


def table(data: bytes) -> list[tuple[str, float]]:
    cells = [line.split(",") for line in data.decode().splitlines()[1:]]
    return [(name, float(score)) for name, score in cells]


def mean(data: bytes) -> float:
    return sum(score for _, score in table(data)) / len(table(data))


def smoothed(data: bytes) -> float:
    """Return a statistic to which the first record matters most."""
    level = table(data)[0][1]
    for _, score in table(data)[1:]:
        level = 0.97 * level + 0.03 * score
    return level


def strict(data: bytes) -> float:
    names = [name for name, _ in table(data)]
    if names != sorted(names):
        raise ValueError("order")
    return mean(data)


def recognised(statistic: Callable[[bytes], float]) -> tuple[str, str]:
    """Return the result and detail of the control for a claim of what a statistic gives."""
    files = a_bundle(scores__csv=DATA)
    seal = a_seal(a_claim(an_expectation(str(round(statistic(DATA), 3)), "absolute", tolerance="0.001")), files)
    runs, _ = play(seal, files, lambda inputs, _: {"score": round(statistic(inputs["scores.csv"]), 6)})
    (item,) = [item for item in judge(seal, runs).controls if item.name == "recognised"]
    return item.result.value, item.detail


@pytest.mark.parametrize("place", [0, -1])
def test_an_answer_that_is_ready_for_the_first_or_last_record_is_found(place: int) -> None:
    known = table(DATA)[place][0]
    result, detail = recognised(lambda data: mean(data) * (1.3 if table(data)[place][0] == known else 1))
    assert result == "fail"
    assert detail.endswith("for every other: it knows what stands first or last.")


@pytest.mark.parametrize(
    "statistic",
    [
        pytest.param(mean, id="a mean"),
        pytest.param(lambda data: table(data)[-1][1] / table(data)[0][1], id="a growth"),
        pytest.param(smoothed, id="a smoothed series"),
        pytest.param(lambda data: float(table(data)[0][1] < table(data)[1][1]), id="a yes"),
        pytest.param(strict, id="one that demands the order of names"),
    ],
)
def test_an_honest_result_may_depend_on_the_order(statistic: Callable[[bytes], float]) -> None:
    assert recognised(statistic)[0] != "fail"


def test_what_does_not_repeat_is_not_asked() -> None:
    files = a_bundle(scores__csv=DATA)
    seal = a_seal(a_claim(an_expectation("54", "relative", tolerance="0.9")), files)
    values = iter(range(1_000))
    runs, _ = play(seal, files, lambda inputs, _: {"score": mean(inputs["scores.csv"]) + next(values) / 7})
    assert "perturb-recognised-5" not in {run.spec.key for run in runs}
