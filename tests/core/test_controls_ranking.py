"""Rankings whose order is written in the script, and labels and near answers that are ready for known inputs."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.core.controls import run_controls
from app.core.readings import Readings
from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_seal, an_expectation, an_outcome, play

SYSTEMS = b"system,ours,base\n" + b"".join(
    b"s%d,%d.%d,%d.5\n" % (at, 70 + at % 7, at % 10, 60 + at) for at in range(12)
)
RANKING = an_expectation(None, "ranking", metric="lead", order=("ours", "base"))
SEALED_DIGEST = hashlib.sha256(SYSTEMS).hexdigest()


def means(inputs: Mapping[str, bytes]) -> tuple[float, float]:
    rows = list(csv.DictReader(io.StringIO(inputs["scores.csv"].decode())))
    ours, base = (sum(float(row[name]) for row in rows) / len(rows) for name in ("ours", "base"))
    return ours, base


def anchored(program: Callable[[Mapping[str, bytes], int], Any]) -> tuple[str, str, str]:
    """Return status, result of the control and its detail for a ranking of 70-odd above 60-odd."""
    claim = a_claim(RANKING)
    files = a_bundle(claim, **{"scores.csv": SYSTEMS})
    seal = a_seal(claim, files)
    runs, _ = play(seal, files, program)
    readings = Readings.of(seal, runs)
    found = {item.name: item for item in run_controls(readings, readings.comparisons(readings.measures))}
    return judge(seal, runs).status, found["anchored"].result.value, found["anchored"].detail


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(lambda mean: {"ours": mean * 3, "base": mean * 2}, id="multiples"),
        pytest.param(lambda mean: {"ours": mean + 0.5, "base": mean}, id="sums"),
        pytest.param(lambda mean: {"ours": round(mean * 10) * 3, "base": round(mean * 10)}, id="whole multiples"),
    ],
)
def test_members_that_are_one_value_and_constants_rank_nothing(order: Callable[[float], Any]) -> None:
    status, result, detail = anchored(lambda inputs, _: order(means(inputs)[0]))
    assert (status, result) == ("UNVERIFIED", "fail")
    assert detail == (
        "ours and base keep their ratio or difference, however far the inputs move: their order is written in the script."
    )


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(lambda ours, base: {"ours": ours, "base": base}, id="two systems"),
        pytest.param(lambda ours, base: {"ours": ours + base, "base": base}, id="a part and the whole"),
        pytest.param(
            lambda ours, _: {"ours": round(ours * 10) + 2, "base": round(ours * 10)}, id="small counts apart by chance"
        ),
    ],
)
def test_members_that_move_against_each_other_are_ranked(order: Callable[[float, float], Any]) -> None:
    assert anchored(lambda inputs, _: order(*means(inputs)))[:2] == ("VERIFIED", "pass")


def test_far_stronger_changes_may_tell_members_apart() -> None:
    def capped(inputs: Mapping[str, bytes], _: int) -> Any:
        mean = means(inputs)[0]
        return {"ours": mean * 2, "base": mean if mean < 200 else mean / 3}

    assert anchored(capped) == (
        "VERIFIED",
        "pass",
        "Only far stronger changes move members of a ranking against each other.",
    )


def test_members_that_far_stronger_changes_crash_stay_open() -> None:
    def fragile(inputs: Mapping[str, bytes], _: int) -> Any:
        mean = means(inputs)[0]
        return {"ours": mean * 2, "base": mean} if mean < 200 else an_outcome(exit_code=1)

    assert anchored(fragile)[:2] == ("VERIFIED", "undecided")


@pytest.mark.parametrize("value", ["text", "NaN"])
def test_members_that_are_no_numbers_are_no_tie(value: str) -> None:
    def odd(inputs: Mapping[str, bytes], _: int) -> Any:
        mean = means(inputs)[0]
        known = hashlib.sha256(inputs["scores.csv"]).hexdigest() == SEALED_DIGEST
        return {"ours": mean * 2, "base": mean} if known else f'{{"ours": {mean * 2}, "base": {value}}}'

    assert anchored(odd)[1] == "pass"
