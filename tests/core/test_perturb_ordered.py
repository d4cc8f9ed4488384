"""Inputs that are put in order: what they keep, when they are asked for, and whom they do not let by."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import pytest

from app.core.model import Derivation, Status
from app.core.perturb import Derived, Underivable, gunzip
from app.core.perturb_ordered import AGAINST, EXCHANGED, FAR_APART, TOGETHER, VARIANTS, ordered
from app.core.verdict import judge
from tests.core.builders import Program, a_bundle, a_claim, a_seal, an_expectation, honest, play

SEAL = "sha256:" + "5" * 64
TABLE = b'id,x,kind,y\na,3.5,"no",9\nb,-2,yes,10\nc,,no,-1e2\nd,11,"yes",8\n'


def changed(variant: int, data: bytes) -> bytes:
    found = ordered(SEAL, Derivation(target="x", variant=variant), data)
    assert isinstance(found, Derived), found
    assert f"(variant {variant})" in found.summary
    return found.data


def test_columns_of_a_table_rise_together_below_its_header() -> None:
    assert changed(TOGETHER, TABLE) == b'id,x,kind,y\na,-2,"no",-1e2\nb,3.5,"yes",8\nc,,no,9\nd,11,yes,10\n'


def test_every_second_column_runs_against_the_others() -> None:
    assert changed(AGAINST, TABLE) == b'id,x,kind,y\na,11,"no",10\nb,3.5,"yes",9\nc,,no,8\nd,-2,yes,-1e2\n'


def test_a_column_of_running_numbers_names_its_rows_and_stays() -> None:
    assert changed(AGAINST, b"n;v\r\n1;2,5\r\n2;1,5\r\n3;10,5\r\n") == b"n;v\r\n1;10,5\r\n2;2,5\r\n3;1,5\r\n"


def test_columns_between_blanks_are_sorted_too() -> None:
    assert changed(TOGETHER, b"7 b\n3 c\n5 a\n") == b"3 a\n5 b\n7 c\n"


def test_numbers_of_a_key_are_sorted_in_json() -> None:
    document = [{"x": 3, "y": 1.5, "name": "b"}, {"x": 1, "y": 0.5, "name": "a"}, {"x": 2, "y": 2.5, "name": "c"}]
    data = json.dumps(document).encode()
    rows = json.loads(changed(AGAINST, data))
    assert [(row["x"], row["y"], row["name"]) for row in rows] == [(1, 2.5, "b"), (2, 1.5, "a"), (3, 0.5, "c")]
    rows = json.loads(changed(TOGETHER, data))
    assert [(row["x"], row["y"]) for row in rows] == [(1, 0.5), (2, 1.5), (3, 2.5)]


def test_numbers_lie_far_apart_and_nothing_else_moves() -> None:
    rows = [line.split(",") for line in changed(FAR_APART, TABLE).decode().splitlines()]
    assert [row[0] for row in rows] == ["id", "a", "b", "c", "d"]
    assert [row[2] for row in rows] == ["kind", '"no"', "yes", "no", '"yes"']
    assert 3 <= float(rows[1][1]) / 3.5 <= 30
    assert 3 <= float(rows[2][1]) / -2 <= 30


def test_numbers_of_a_row_and_names_of_a_column_change_places() -> None:
    table = b"task,ours,base\nt1,84.6,12\nt2,79,13.5\n"
    assert changed(EXCHANGED, table) == b"task,ours,base\nt2,12,84.6\nt1,13.5,79\n"
    ballots = b"first,second,third\nAda,Bo,Cy\nBo,Ada,Cy\nCy,Bo,Ada\n"
    assert changed(EXCHANGED, ballots) == b"first,second,third\nBo,Ada,Ada\nCy,Bo,Ada\nAda,Ada,Cy\n"


def test_a_packed_file_stays_one() -> None:
    assert gunzip(changed(TOGETHER, gzip.compress(b"7 b\n3 c\n5 a\n"))) == b"3 a\n5 b\n7 c\n"


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"\xff\xfe\x00", "is not text", id="no text"),
        pytest.param(b"one line of prose and nothing else\n", "nothing that could be put in order", id="prose"),
        pytest.param(b"a,b\nc,d\n", "nothing that could be put in order", id="in order already, without numbers"),
    ],
)
def test_what_has_no_order_says_so(variant: int, data: bytes, why: str) -> None:
    found = ordered(SEAL, Derivation(target="x", variant=variant), data)
    assert isinstance(found, Underivable)
    assert why in found.reason


CALLS = "".join(f"p{at:02d},{('drug', 'none')[at % 2]},{6 + at * 7 % 9}.5\n" for at in range(40))


def word(inputs: Mapping[str, bytes], _: int) -> Mapping[str, Any]:
    """Say whether the means of two arms are far apart."""
    arms: dict[str, list[float]] = {}
    for line in inputs["scores.csv"].decode().splitlines()[1:]:
        _, arm, change = line.split(",")
        arms.setdefault(arm, []).append(float(change))
    means = [fmean(values) for values in arms.values()]
    return {"score": "apart" if max(means) > 1.4 * min(means) else "alike"}


def typed(_: Mapping[str, bytes], __: int) -> Mapping[str, Any]:
    return {"score": "alike"}


@pytest.mark.parametrize(
    ("program", "status"),
    [
        pytest.param(word, Status.VERIFIED, id="a test's word is believed"),
        pytest.param(typed, Status.UNVERIFIED, id="a typed one is not"),
    ],
)
def test_a_word_that_no_usual_change_turns(program: Program, status: Status) -> None:
    files = a_bundle(scores__csv=f"patient,arm,change\n{CALLS}".encode())
    seal = a_seal(a_claim(an_expectation("alike", "exact")), files)
    runs, _ = play(seal, files, program)
    assert {"perturb-0-5", "perturb-0-6", "perturb-0-7", "perturb-0-8"} <= {run.spec.key for run in runs}
    assert judge(seal, runs).status is status


def test_a_mean_that_stands_still_is_not_asked_again() -> None:
    """What is the same while the inputs are near would move when they are far away."""

    def window(inputs: Mapping[str, bytes], seed: int) -> Mapping[str, Any]:
        found = honest(inputs, seed)["score"]
        return {"score": 8.71 if found < 40 else found}

    seal = a_seal(a_claim(an_expectation("8.71")))
    runs, _ = play(seal, program=window)
    assert "perturb-0-3" in {run.spec.key for run in runs}
    assert "perturb-0-5" not in {run.spec.key for run in runs}
    assert judge(seal, runs).reason_code == "TAUTOLOGICAL"
