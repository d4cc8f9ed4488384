"""Changes that leave whole numbers alone: what they keep, when they are asked for, and whom they do not let by."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest

from app.core.model import Derivation, Status
from app.core.perturb import Derived, Underivable, gunzip
from app.core.perturb_numbers import Chance
from app.core.perturb_sites import sites
from app.core.perturb_spared import VARIANT, cells_exchanged, decimals_of, spared
from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_script, a_seal, an_expectation, honest, play

SEAL = "sha256:" + "5" * 64
GRAPH = b"6 7\n0 1\n1 2\n2 3\n3 4\n4 5\n5 0\n0 3\n"


def changed(data: bytes) -> bytes:
    found = spared(SEAL, Derivation(target="x", variant=VARIANT), data)
    assert isinstance(found, Derived), found
    assert "(variant 4)" in found.summary
    return found.data


def test_decimals_become_smaller_and_nothing_else_moves() -> None:
    before = b"3 3 4\n1 2 0.50\n1 3 1.25\n2 2 1e-3\n"
    after = changed(before)
    rows = [(line.split(), other.split()) for line, other in zip(before.splitlines(), after.splitlines(), strict=True)]
    assert all(one[:2] == two[:2] for one, two in rows)
    assert rows[0][0] == rows[0][1]
    assert all(0.4 * float(one[2]) < float(two[2]) < 0.9 * float(one[2]) for one, two in rows[1:])


def test_the_version_of_a_format_stays_though_it_is_a_decimal() -> None:
    after = json.loads(changed(b'{"version": 1.5, "schemaVersion": 2.1, "x": [0.5, 2, 0.75]}'))
    assert (after["version"], after["schemaVersion"], after["x"][1]) == (1.5, 2.1, 2)
    assert after["x"][0] < 0.5


def test_without_decimals_the_last_numbers_of_lines_change_places_below_the_first() -> None:
    before, after = GRAPH.splitlines(), changed(GRAPH).splitlines()
    assert after[0] == before[0]
    assert [line.split()[0] for line in after] == [line.split()[0] for line in before]
    assert after != before
    assert sorted(line.split()[1] for line in after) == sorted(line.split()[1] for line in before)


def test_without_decimals_the_numbers_of_a_key_change_places_in_json() -> None:
    before = {"nodes": 5, "edges": [[0, 1], [1, 2], [2, 3], [3, 4]]}
    after = json.loads(changed(json.dumps(before).encode()))
    assert after["nodes"] == 5
    assert after["edges"] != before["edges"]
    assert sorted(chain(*after["edges"])) == sorted(chain(*before["edges"]))


def test_a_number_to_keep_stays_where_it_is() -> None:
    found = sites(GRAPH)
    assert found is not None
    for key in "abcdef":
        after = cells_exchanged(found, Chance(key), [Decimal(5)]).splitlines()
        assert after[5] == b"4 5"


def test_letters_turn_where_there_are_no_numbers_and_headings_stay() -> None:
    assert changed(b">aaab\nACDEF-GHIK\n>cdef\nACDEF-GHIL\n") == b">aaab\nACDEF-GHIK\n>cdef\nFEDCA-LIHG\n"


def test_a_packed_file_stays_one() -> None:
    assert gunzip(changed(gzip.compress(GRAPH))) != GRAPH


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"\xff\xfe\x00", "is not text", id="no text"),
        pytest.param(b"1\n2\n3\n", "beside whole numbers", id="too few rows"),
        pytest.param(b'{"a": 1, "b": [7, 7, 7]}', "beside whole numbers", id="all alike"),
        pytest.param(b"one\nworded\n> line\n", "beside whole numbers", id="one line of words"),
    ],
)
def test_what_cannot_be_changed_says_so(data: bytes, reason: str) -> None:
    found = spared(SEAL, Derivation(target="x", variant=VARIANT), data)
    assert isinstance(found, Underivable)
    assert reason in found.reason


def test_places_of_decimals_are_told_from_whole_numbers() -> None:
    found = sites(b"a,b\n1,2.5\n2,3\n3,1e2\n")
    assert found is not None
    assert decimals_of(found).literals == ("2.5", "1e2")
    assert len(decimals_of(found).columns) == 2


# --- when they are asked for, and what they lead to ------------------------------------------------------------------

SCORES = ("8.10", "9.00", "9.50", "7.25", "8.75", "8.30", "6.90", "9.70", "8.05")
KEYED = "".join(
    ["key,site,score\n", *(f"{101 + 7 * at},{at % 4},{score}\n" for at, score in enumerate(SCORES))]
).encode()


def strict(then: Callable[[list[float], bytes], float]) -> Callable[[Mapping[str, bytes], int], Mapping[str, Any]]:
    """Return a program that crashes when a whole number is another, or a row is not where it was."""

    def program(inputs: Mapping[str, bytes], _: int) -> Mapping[str, Any]:
        rows = [row.split(",") for row in inputs["scores.csv"].decode().split("\n")[1:] if row]
        if [(int(key), int(site)) for key, site, _ in rows] != [(101 + 7 * at, at % 4) for at in range(9)]:
            raise ValueError("keys")
        return {"score": then([float(score) for *_, score in rows], inputs["scores.csv"])}

    return program


def mean(scores: list[float], _: bytes) -> float:
    return round(sum(scores) / len(scores), 4)


def recognising(scores: list[float], data: bytes) -> float:
    return 8.39 if data == KEYED else mean(scores, data) - 0.4


def windowed(scores: list[float], data: bytes) -> float:
    return 8.39 if abs(mean(scores, data) - 8.39) < 0.5 else mean(scores, data)


def looking_up(scores: list[float], _: bytes) -> float:
    return scores[4]


def by_keys_alone(_: list[float], data: bytes) -> float:
    return float(len(data.split(b"\n")))


def refusing(_: list[float], data: bytes) -> float:
    if data != KEYED:
        raise ValueError("bytes")
    return 8.39


CASES = [
    pytest.param(mean, "8.39", [], id="an honest mean"),
    pytest.param(recognising, "8.39", ["recognised"], id="its inputs recognised"),
    pytest.param(windowed, "8.39", ["pinned"], id="a window around the mean"),
    pytest.param(looking_up, "8.75", ["looked_up"], id="a cell"),
]


@pytest.mark.parametrize(("then", "value", "failed"), CASES)
def test_a_strict_script_is_attacked_by_its_decimals(
    then: Callable[[list[float], bytes], float], value: str, failed: list[str]
) -> None:
    seal = a_seal(a_claim(an_expectation(value)), files=a_bundle(scores__csv=KEYED))
    runs, _ = play(seal, a_bundle(seal.claim, scores__csv=KEYED), strict(then))
    found = judge(seal, runs)
    assert "perturb-0-4" in {run.spec.key for run in runs}
    assert (found.status is Status.VERIFIED) is not bool(failed)
    assert set(failed) <= {item.name for item in found.controls if item.result == "fail"}
    (response,) = [item for item in found.controls if item.name == "input_response"]
    assert response.result == "warn"
    assert "only a change that leaves whole numbers alone moves score" in response.detail


@pytest.mark.parametrize(
    ("then", "value"),
    [
        pytest.param(refusing, "8.39", id="all other bytes are refused"),
        pytest.param(by_keys_alone, "11", id="decimals do not matter"),
    ],
)
def test_a_script_that_crashes_and_does_not_follow_decimals_stays_undecided(
    then: Callable[[list[float], bytes], float], value: str
) -> None:
    """Nor is it accused of standing still where all that moves it was spared."""
    seal = a_seal(a_claim(an_expectation(value, "relative", tolerance="10%")), files=a_bundle(scores__csv=KEYED))
    runs, _ = play(seal, a_bundle(seal.claim, scores__csv=KEYED), strict(then))
    found = judge(seal, runs)
    assert (found.status, found.reason_code) == (Status.UNVERIFIED, "CONTROL_UNDECIDED")
    assert "fail" not in {item.result for item in found.controls}


def test_whoever_bears_the_usual_changes_is_not_asked() -> None:
    runs, _ = play(a_seal(), a_bundle())
    assert not [run for run in runs if run.spec.key.endswith(("0-4", "-decimals"))]


def test_nor_is_a_script_without_files_that_crashes() -> None:
    def program(_: Mapping[str, bytes], __: int) -> Mapping[str, Any]:
        return {"score": 8.7}

    def only_its_parameter(inputs: Mapping[str, bytes], seed: int) -> Mapping[str, Any]:
        if json.loads(inputs["parameters.json"]) != {"n": 5}:
            raise ValueError("n")
        return program(inputs, seed)

    seal = a_seal(a_claim(reproduce=a_script(inputs=(), parameters={"n": 5})))
    runs, _ = play(seal, program=only_its_parameter)
    assert judge(seal, runs).reason_code == "CONTROL_UNDECIDED"
    assert not [run for run in runs if run.spec.key.endswith(("0-4", "-decimals"))]


def test_with_two_inputs_only_the_strict_one_decides() -> None:
    """One that is read without checks moves the result; nothing is left to ask."""

    def program(inputs: Mapping[str, bytes], seed: int) -> Mapping[str, Any]:
        if inputs["config.txt"] != b"version 2 of 5\n":
            raise ValueError("version")
        return honest(inputs, seed)

    files = a_bundle(config__txt=b"version 2 of 5\n")
    seal = a_seal(a_claim(reproduce=a_script(inputs=("scores.csv", "config.txt"))), files)
    runs, _ = play(seal, files, program)
    (response,) = [item for item in judge(seal, runs).controls if item.name == "input_response"]
    assert (response.result, "perturb-0-4" in {run.spec.key for run in runs}) == ("warn", False)
    assert "changing config.txt gave no result" in response.detail


def test_a_whole_number_that_is_looked_up_stays_when_all_others_change_places() -> None:
    """The script bears no other whole numbers, so the same ones in other rows have to tell."""
    table = "".join(["key,size\n", *(f"{101 + 7 * at},{40 + 3 * at}\n" for at in range(9))]).encode()

    def program(inputs: Mapping[str, bytes], _: int) -> Mapping[str, Any]:
        rows = [row.split(",") for row in inputs["scores.csv"].decode().split("\n")[1:] if row]
        sizes = [int(size) for _, size in rows]
        if [int(key) for key, _ in rows] != [101 + 7 * at for at in range(9)] or sum(sizes) != 468:
            raise ValueError("keys")
        return {"score": sizes[4]}

    seal = a_seal(a_claim(an_expectation("52")), files=a_bundle(scores__csv=table))
    runs, _ = play(seal, a_bundle(seal.claim, scores__csv=table), program)
    found = judge(seal, runs)
    assert "looked_up" in {item.name for item in found.controls if item.result == "fail"}
