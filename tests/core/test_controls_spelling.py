"""Results that hang on how the numbers of their inputs are spelled: a few are made of the bytes, others measure them."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from app.core.model import Control, Run
from app.core.perturb_moves import zeros_behind
from app.core.perturb_sites import sites
from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_seal, an_expectation, an_outcome, play

DATA = ("name,score\n" + "".join(f"s{at:02d},{40 + at * 37 % 29}.{at % 10}\n" for at in range(40))).encode()
DOCUMENT = json.dumps({"scores": [40 + at * 37 % 29 + at % 10 / 10 for at in range(40)]}).encode()
PROSE = ("It took 12.3 seconds in round one.\n" * 3 + "and 9.8 later, 7.1, 6.2, 5.3, 4.4, 3.5, 2.6, 1.7 s.\n").encode()


def texts(data: bytes) -> list[str]:
    if data.startswith(b"{"):
        return [str(item) for item in json.loads(data, parse_float=str)["scores"]]
    return [line.rpartition(",")[2] for line in data.decode().splitlines()[1:]]


def mean(data: bytes) -> float:
    return sum(map(float, texts(data))) / len(texts(data))


def share(data: bytes) -> float:
    """Return a number from 0 to 1 that every byte decides on."""
    return int.from_bytes(hashlib.sha256(data).digest()[:6], "big") / 2**48


def held_out(data: bytes) -> float:
    """Return the mean of the rows that their own digests choose."""
    kept = [line for line in data.decode().splitlines()[1:] if hashlib.sha256(line.encode()).digest()[0] % 2]
    return sum(float(line.rpartition(",")[2]) for line in kept) / max(1, len(kept))


def played(statistic: Callable[[bytes], Any], data: bytes = DATA, **expected: Any) -> tuple[Control, tuple[Run, ...]]:
    """Return what `recognised` says of a claim of what a statistic gives, to a thousandth, and the runs."""
    files = a_bundle(scores__csv=data)
    value = statistic(data)
    wanted = {"value": str(value), "rule": "absolute", "tolerance": "0.001"} | expected
    seal = a_seal(a_claim(an_expectation(**{**wanted, "value": str(value)})), files)

    def program(inputs: Any, _: int) -> Any:
        return {"score": statistic(inputs["scores.csv"])}

    runs, _ = play(seal, files, program)
    (item,) = [item for item in judge(seal, runs).controls if item.name == "recognised"]
    return item, runs


def asked(runs: tuple[Run, ...], variant: int) -> bool:
    found = [run for run in runs if run.spec.key == f"perturb-recognised-{variant}"]
    return bool(found) and found[0].outcome.limit != "underivable"


@pytest.mark.parametrize("data", [DATA, DOCUMENT], ids=["a table", "a document"])
def test_an_honest_mean_moved_by_the_bytes_of_its_file_is_none(data: bytes) -> None:
    """A factor between 0.98 and 1.02 by a digest: near enough to the honest mean to pass as one."""
    item, _ = played(lambda data: mean(data) * (0.98 + 0.04 * share(data)), data)
    assert item.result == "fail"
    assert "where the last line ends otherwise: it is made of the bytes, not of what they say." in item.detail


@pytest.mark.parametrize(
    "statistic",
    [
        pytest.param(held_out, id="rows chosen by the digest of their text"),
        pytest.param(lambda data: len(data) / 7, id="the size of the file"),
        pytest.param(lambda data: len(zlib.compress(data)) / len(data), id="how far it is packed"),
        pytest.param(lambda data: sum(len(text.partition(".")[2]) for text in texts(data)) / 41, id="places"),
        pytest.param(lambda data: mean(data) if data.endswith(b"\n") else 0.5 + mean(data), id="its last line alone"),
        pytest.param(lambda data: zlib.crc32(data) % 1000, id="a checksum"),
    ],
)
def test_what_measures_its_file_is_not_accused(statistic: Callable[[bytes], float]) -> None:
    assert played(statistic)[0].result in {"pass", "warn"}


def test_what_hangs_on_the_spelling_of_its_numbers_is_shown() -> None:
    item, runs = played(held_out)
    assert item.result == "warn"
    assert item.detail.endswith("for the same numbers with more zeros: it hangs on how they are spelled.")
    assert asked(runs, 8)
    item, runs = played(lambda data: len(texts(data)[0]))  # a whole number, which may claim to be that
    assert (item.result, asked(runs, 8)) == ("warn", False)
    item, runs = played(lambda data: f"from {texts(data)[0]}", rule="exact", tolerance=None)
    assert (item.result, asked(runs, 8)) == ("warn", False)


def test_a_movement_within_the_claim_is_shown_and_asked_no_further() -> None:
    item, runs = played(lambda data: mean(data) + share(data) / 10, tolerance="1")
    assert (item.result, asked(runs, 8)) == ("warn", False)


def test_an_honest_mean_costs_one_run() -> None:
    item, runs = played(mean)
    assert (item.result, asked(runs, 7), asked(runs, 8)) == ("pass", True, False)


def test_what_does_not_bear_the_ending_of_a_line_is_not_accused() -> None:
    def strict(data: bytes) -> float:
        if not data.endswith(b"\n"):
            raise ValueError(data)
        return mean(data) * (0.98 + 0.04 * share(data))

    files = a_bundle(scores__csv=DATA)
    seal = a_seal(a_claim(an_expectation(str(strict(DATA)), "absolute", tolerance="0.001")), files)

    def program(inputs: Any, _: int) -> Any:
        try:
            return {"score": strict(inputs["scores.csv"])}
        except ValueError:
            return an_outcome(exit_code=1)

    runs, _ = play(seal, files, program)
    (item,) = [item for item in judge(seal, runs).controls if item.name == "recognised"]
    assert asked(runs, 8)
    assert item.result == "warn"


def test_what_does_not_repeat_is_not_accused() -> None:
    """Chance of its own scatters it as well."""
    files = a_bundle(scores__csv=DATA)
    seal = a_seal(a_claim(an_expectation(str(mean(DATA)), "absolute", tolerance="0.001")), files)
    steps = iter(range(100))

    def program(inputs: Any, _: int) -> Any:
        at = next(steps)
        noise = 0.0001 * at if inputs["scores.csv"] == DATA else 0.9 * share(inputs["scores.csv"])
        return {"score": mean(inputs["scores.csv"]) + noise}

    runs, _ = play(seal, files, program)
    (item,) = [item for item in judge(seal, runs).controls if item.name == "recognised"]
    assert item.result != "fail"
    assert not asked(runs, 8)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(DATA, DATA.decode().replace("\n", "000\n").replace("score000", "score"), id="a table"),
        pytest.param(PROSE, None, id="letters are read as they stand"),
        pytest.param(b"dose,n\n" + b"0.5,1\n1.5,2\n" * 20, None, id="codes may be compared as texts"),
        pytest.param(b"n,m\n" + b"".join(b"%d,%d\n" % (at, at * 3) for at in range(20)), None, id="whole numbers"),
        pytest.param(
            DATA.replace(b",40.0", b",-999.0"),
            DATA.decode().replace("\n", "000\n").replace("score000", "score").replace("40.0000", "-999.0"),
            id="a mark of what is missing",
        ),
    ],
)
def test_zeros_stand_behind_amounts_alone(data: bytes, expected: str | None) -> None:
    found = sites(data)
    assert found is not None
    changed = zeros_behind(found)
    assert (None if changed is None else changed.decode()) == expected


# --- a few numbers moved by one unit, up and down ---------------------------------------------------------------------


def top(data: bytes) -> float:
    return float(max(texts(data), key=float))


@pytest.mark.parametrize(
    ("statistic", "result", "says"),
    [
        pytest.param(mean, "pass", "moving them the other way to the other side.", id="to the other side"),
        pytest.param(
            lambda data: 40 + max(0.0, float(texts(data)[0]) - 40) / 10,
            "pass",
            "moving them the other way moves score no further.",
            id="on one side",
        ),
        pytest.param(
            lambda data: 40 + abs(float(texts(data)[0]) - 40) / 10, "warn", "to the same side", id="to the same side"
        ),
    ],
)
def test_a_little_movement_out_of_the_claim_says_where_it_went(
    statistic: Callable[[bytes], float], result: str, says: str
) -> None:
    item, _ = played(statistic, tolerance="0.000001")
    assert item.result == result, item.detail
    assert says in item.detail
