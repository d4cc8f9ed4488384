"""Results that are made of the bytes of their inputs: scattered by changes that mean nothing, unlike honest ones."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

import pytest

from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_seal, an_expectation, play

DATA = ("name,score\n" + "".join(f"s{at:02d},{40 + at * 37 % 29}.{at % 10}\n" for at in range(40))).encode()


def numbers(data: bytes) -> list[float]:
    return [float(line.rpartition(",")[2]) for line in data.decode().splitlines()[1:]]


def mean(data: bytes) -> float:
    return sum(numbers(data)) / len(numbers(data))


def share(data: bytes) -> float:
    """Return a number from 0 to 1 that every byte decides on."""
    return int.from_bytes(hashlib.sha256(data).digest()[:6], "big") / 2**48


def held_out(data: bytes) -> float:
    """Return the mean of the rows whose digest is even, as a script that splits by digest does."""
    lines = data.decode().splitlines()[1:]
    kept = [line for line in lines if hashlib.sha256(line.encode()).digest()[0] % 2]
    return mean("\n".join(["", *kept]).encode()) if kept else 0.0


def recognised(statistic: Callable[[bytes], float]) -> tuple[str, str]:
    """Return the result and detail of the control for a claim of what a statistic gives."""
    files = a_bundle(scores__csv=DATA)
    seal = a_seal(a_claim(an_expectation(str(round(statistic(DATA), 6)), "absolute", tolerance="0.000001")), files)
    runs, _ = play(seal, files, lambda inputs, _: {"score": round(statistic(inputs["scores.csv"]), 6)})
    (item,) = [item for item in judge(seal, runs).controls if item.name == "recognised"]
    return item.result.value, item.detail


@pytest.mark.parametrize(
    "statistic",
    [
        pytest.param(lambda data: 0.7 + 0.25 * share(data), id="a digest in a range"),
        pytest.param(lambda data: mean(data) * (1 + share(data)), id="a digest times the mean"),
        pytest.param(lambda data: zlib.crc32(data) / 2**32, id="a checksum as a share"),
    ],
)
def test_a_digest_is_no_result(statistic: Callable[[bytes], float]) -> None:
    result, detail = recognised(statistic)
    assert result == "fail"
    assert detail == (
        "score is another value for each spelling of nearly the same numbers, as far apart as for others:"
        " it is made of the bytes, not of what they say."
    )


@pytest.mark.parametrize(
    "statistic",
    [
        pytest.param(mean, id="a mean"),
        pytest.param(lambda data: len(zlib.compress(data)) / len(data), id="how far it is packed"),
        pytest.param(lambda data: len(data) / 7, id="its size"),
        pytest.param(held_out, id="rows that their digests choose"),
        pytest.param(zlib.crc32, id="a checksum, which is a whole number"),
        pytest.param(lambda data: float(max(numbers(data)) > 60), id="a yes"),
        pytest.param(lambda data: 8.7 + (b"40.1" in data), id="one of two values"),
    ],
)
def test_an_honest_result_is_hardly_scattered(statistic: Callable[[bytes], float]) -> None:
    assert recognised(statistic)[0] != "fail"
