"""Results that stand in a table with coarse keys: found, and told from what single whole numbers decide."""

from __future__ import annotations

import json
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from app.core.perturb_moves import balanced, can_be_balanced
from app.core.perturb_numbers import Chance
from app.core.perturb_sites import sites
from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_script, a_seal, an_expectation, an_outcome, play

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.core.model import Judgement

NUMBERS = [60 + at * 37 % 83 for at in range(64)]
DATA = "".join(f"{number}\n" for number in NUMBERS).encode()
MEAN = sum(NUMBERS) / len(NUMBERS)


def lines(numbers: Sequence[int]) -> bytes:
    return "".join(f"{number}\n" for number in numbers).encode()


def moved(data: bytes, times: int = 1, chance: str = "k") -> list[int] | None:
    found = sites(data)
    assert found is not None
    after = balanced(found, Chance(chance), times)
    return None if after is None else [int(line) for line in after.split()]


def test_half_of_the_whole_numbers_go_up_and_half_down() -> None:
    steps = [after - before for before, after in zip(NUMBERS, moved(DATA) or (), strict=True)]
    assert (steps.count(1), steps.count(-1)) == (33, 31)


def test_a_large_number_moves_by_a_thousandth() -> None:
    steps = {abs(after - 5_400) for after in moved(lines([5_400] * 20)) or ()}
    assert steps == {5}


def test_more_go_up_where_there_are_many() -> None:
    assert sum(moved(lines([500] * 640)) or ()) == 500 * 640 + 20


def test_the_same_numbers_turn_and_go_twice_as_far() -> None:
    up, down, far = (moved(DATA, times) or () for times in (1, -1, 2))
    assert [a + b for a, b in zip(up, down, strict=True)] == [2 * number for number in NUMBERS]
    assert [a - n for a, n in zip(far, NUMBERS, strict=True)] == [2 * (a - n) for a, n in zip(up, NUMBERS, strict=True)]


def test_another_chance_takes_other_numbers() -> None:
    assert moved(DATA) != moved(DATA, chance="another")


def test_each_column_has_its_own_half_all_other_numbers_go_up_and_zeros_stay() -> None:
    table = b"a,b,c,z\n" + b"".join(b"%d,%d,%d.5,0\n" % (at // 2 + 10, at + 90, at + 1) for at in range(20))
    found = sites(table)
    assert found is not None
    after = balanced(found, Chance("k"), 1)
    assert after is not None
    pairs = [(x.split(b","), y.split(b",")) for x, y in zip(table.split()[1:], after.split()[1:], strict=True)]
    for column in (0, 1):
        assert sum(int(new[column]) - int(old[column]) for old, new in pairs) == 2
    assert all(float(new[2]) == pytest.approx(float(old[2]) + 0.1) for old, new in pairs)
    assert all(new[3] == b"0" for _, new in pairs)


@pytest.mark.parametrize(
    ("data", "can"),
    [
        (lines(range(10, 18)), True),
        (b"name,of\n" + b"".join(b"x%d,%d\n" % (at, at % 3) for at in range(9)), True),
        (lines(range(10, 17)), False),
        (b"1.5\n2.5\n3.5\n4.5\n5.5\n6.5\n7.5\n8.5\n9.5\n", False),
        (b"some words\n", False),
    ],
)
def test_eight_whole_numbers_in_a_column_can_be_balanced(data: bytes, *, can: bool) -> None:
    found = sites(data)
    assert found is not None
    assert can_be_balanced(found) is can


def mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers)


def by_whole_mean(numbers: Sequence[int]) -> float:
    table = {(64, whole): whole + (37 * whole % 97 + 1) / 100 for whole in range(80, 130)}
    return table.get((len(numbers), int(mean(numbers))), mean(numbers))


def by_tens(numbers: Sequence[int]) -> float:
    return {(64, 9): 97.31, (64, 10): 104.26, (64, 11): 111.83}.get(
        (len(numbers), int(mean(numbers)) // 10), round(mean(numbers), 2)
    )


def by_a_sum(numbers: Sequence[int]) -> float:
    return 0.837 if (len(numbers), sum(numbers) // 1000) == (64, int(MEAN * 64) // 1000) else mean(numbers) / 150


@pytest.fixture(params=[by_whole_mean, by_tens, by_a_sum])
def keyed(request: pytest.FixtureRequest) -> Callable[[Sequence[int]], float]:
    found: Callable[[Sequence[int]], float] = request.param
    return found


def trimmed(numbers: Sequence[int]) -> float:
    ordered, cut = sorted(numbers), len(numbers) // 5
    return mean(ordered[cut:-cut])


def pairwise_median(numbers: Sequence[int]) -> float:
    return median((one + two) / 2 for at, one in enumerate(numbers) for two in numbers[at:]) / 60


def quantile(numbers: Sequence[int]) -> float:
    ordered, at = sorted(numbers), 0.9 * (len(numbers) - 1)
    return 1.1 * (ordered[int(at)] + (ordered[int(at) + 1] - ordered[int(at)]) * (at % 1))


def deviation(numbers: Sequence[int]) -> float:
    middle = median(numbers)
    return 1.4826 * median(abs(number - middle) for number in numbers)


def stepped(numbers: Sequence[int]) -> float:
    return round(5 * mean(numbers)) / 5


HONEST = [
    pytest.param(mean, id="a mean"),
    pytest.param(lambda numbers: median(numbers) / 60, id="a median in another unit"),
    pytest.param(trimmed, id="a trimmed mean"),
    pytest.param(pairwise_median, id="a median of pairs"),
    pytest.param(quantile, id="a quantile between two numbers"),
    pytest.param(deviation, id="a median deviation"),
    pytest.param(stepped, id="a mean in steps"),
    pytest.param(lambda numbers: sum(number > 100 for number in numbers) / len(numbers), id="a share above a mark"),
    pytest.param(lambda numbers: 0.3 * max(set(numbers), key=list(numbers).count), id="a most frequent number"),
    pytest.param(lambda numbers: mean(sorted(numbers)[-3:]), id="the mean of the greatest"),
    pytest.param(lambda numbers: 1.7 if mean(numbers) > 90 else 2.3, id="a step of a scale"),
]


def by_line(found: Mapping[str, bytes]) -> tuple[Any, ...]:
    return ([int(line) for line in found["scores.csv"].split()],)


def judged(
    count: Callable[..., float],
    salt: int = 0,
    inputs: Mapping[str, bytes] = MappingProxyType({"scores.csv": DATA}),
    read: Callable[[Mapping[str, bytes]], tuple[Any, ...]] = by_line,
    **parameters: Any,
) -> Judgement:
    """Judge a program that claims what it gives for the sealed inputs, to four digits behind the point."""

    def program(found: Mapping[str, bytes], _: int) -> Any:
        try:
            return {"score": count(*read(found))}
        except (IndexError, ZeroDivisionError):
            return an_outcome(exit_code=1)

    value = count(*read({**inputs, "parameters.json": json.dumps(parameters).encode()}))
    script = a_script(inputs=tuple(inputs), parameters={"n": salt, **parameters})
    claim = a_claim(an_expectation(f"{value:.4f}", "rounding"), script)
    files = {**a_bundle(claim), **inputs}
    seal = a_seal(claim, files)
    return judge(seal, play(seal, files, program)[0])


def pinned_of(judgement: Judgement) -> tuple[str, str]:
    (item,) = [item for item in judgement.controls if item.name == "pinned"]
    return item.result.value, item.detail


@pytest.mark.parametrize("salt", range(4))
def test_a_table_by_rows_and_a_part_of_the_mean_is_no_measurement(
    keyed: Callable[[Sequence[int]], float], salt: int
) -> None:
    found = judged(keyed, salt)
    assert (found.status, found.reason_code) == ("UNVERIFIED", "TAUTOLOGICAL")
    assert pinned_of(found)[0] == "fail"


def test_several_inputs_have_their_rows_drawn_anew_together() -> None:
    result, detail = pinned_of(judged(by_whole_mean, inputs={"other.csv": DATA, "scores.csv": DATA}))
    assert result == "fail"
    assert detail.endswith("follows such steps closely where rows are others: it stands in a table.")


@pytest.mark.parametrize("count", HONEST)
def test_what_single_numbers_decide_is_not_said_to_stand_in_a_table(count: Callable[[Sequence[int]], float]) -> None:
    for salt in range(4):
        result, detail = pinned_of(judged(count, salt))
        assert result == "pass", detail


MOST = round(MEAN - 0.25, 3)
LIMITS = {"least": 10.5, "most": MOST, "step": 1.5, "unit": 0.1}


def capped(numbers: Sequence[int], most: float) -> float:
    return min(mean(numbers), most) / 60


def most_in(path: str) -> Callable[[Mapping[str, bytes]], tuple[Any, ...]]:
    return lambda found: (*by_line(found), json.loads(found[path])["most"])


def in_one(found: Mapping[str, bytes]) -> tuple[Any, ...]:
    document = json.loads(found["scores.json"])
    return document["scores"], document["most"]


@pytest.mark.parametrize("salt", [11, 14, 17, 26])
def test_a_mean_at_a_cap_is_no_table_wherever_the_cap_stands(salt: int) -> None:
    """A cap does not move with the numbers that it caps, and may not be reached where rows are others."""
    beside = {"limits.json": json.dumps(LIMITS).encode(), "scores.csv": DATA}
    within = {"scores.json": json.dumps({**LIMITS, "scores": NUMBERS}).encode()}
    for judgement in (
        judged(capped, salt, beside, most_in("limits.json")),
        judged(capped, salt, read=most_in("parameters.json"), most=MOST),
        judged(capped, salt, within, in_one),
    ):
        result, detail = pinned_of(judgement)
        assert result == "pass", detail


def rounded_elsewhere(numbers: Sequence[int]) -> float:
    return 104.26 if (len(numbers), int(mean(numbers)) // 10) == (64, int(MEAN) // 10) else round(mean(numbers), 1)


def silent_at_times(numbers: Sequence[int]) -> float:
    if len(numbers) != len(NUMBERS) and sum(numbers) % 5 == 0:
        raise IndexError
    return by_whole_mean(numbers)


@pytest.mark.parametrize("count", [rounded_elsewhere, silent_at_times])
def test_nobody_is_said_to_use_a_table_by_steps_too_coarse_to_see_or_without_a_result(
    count: Callable[[Sequence[int]], float],
) -> None:
    for salt in range(8):
        result, detail = pinned_of(judged(count, salt))
        assert result == "pass", detail
