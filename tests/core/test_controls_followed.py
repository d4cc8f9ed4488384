"""How a result follows its inputs here and elsewhere: pinned, off the curve, turned by nothing, accepted whatever comes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import pytest

from app.core.controls import run_controls
from app.core.controls_scale import rescaled
from app.core.readings import Readings
from app.core.verdict import judge
from tests.core.builders import Program, a_bundle, a_claim, a_run, a_script, a_seal, an_expectation, an_outcome, play
from tests.core.test_controls_attacks import own, perturbed, result_of

ROWS = [(f"s{at:02d}", 60 + (at * 37 % 23) + (at % 7) / 10, 40 + (at * 29 % 17) + (at % 5) / 10) for at in range(24)]
DATA = ("system,ours,base\n" + "".join(f"{name},{one:.1f},{two:.1f}\n" for name, one, two in ROWS)).encode()


def columns(inputs: Mapping[str, bytes], path: str = "scores.csv") -> tuple[list[float], list[float]]:
    rows = list(csv.DictReader(io.StringIO(inputs[path].decode())))
    return [float(row["ours"]) for row in rows], [float(row["base"]) for row in rows]


def mean(inputs: Mapping[str, bytes], path: str = "scores.csv") -> float:
    values = columns(inputs, path)[0]
    return sum(values) / len(values)


MEAN = mean({"scores.csv": DATA})


def asked(
    program: Program, expect: Any, data: bytes = DATA, **script: Any
) -> tuple[str, dict[str, tuple[str, str]], list[str]]:
    """Return the status, result and detail of every control, and the keys of the runs that were asked for."""
    claim = a_claim(expect, a_script(**script)) if script else a_claim(expect)
    files = a_bundle(claim, **dict.fromkeys(script.get("inputs", ("scores.csv",)), data))
    seal = a_seal(claim, files)
    runs, _ = play(seal, files, program)
    readings = Readings.of(seal, runs)
    found = run_controls(readings, readings.comparisons(readings.measures))
    return (
        judge(seal, runs).status,
        {item.name: (item.result.value, item.detail) for item in found},
        [run.spec.key for run in runs],
    )


def printing(value: float, rule: str = "absolute", tolerance: str = "0.5") -> Any:
    return an_expectation(f"{value:.4f}", rule, tolerance=tolerance)


def windowed(inputs: Mapping[str, bytes], _: int) -> Any:
    """Say 90 while the mean is near the sealed one, and the mean elsewhere."""
    return {"score": 90.25 if abs(mean(inputs) - MEAN) < 3 else mean(inputs)}


# --- pinned ----------------------------------------------------------------------------------------------------------


def test_what_stands_still_at_the_sealed_inputs_alone_is_pinned() -> None:
    status, found, keys = asked(windowed, printing(90.25))
    assert (status, found["pinned"][0]) == ("UNVERIFIED", "fail")
    assert found["pinned"][1].startswith("score stays at 90.25 whatever small steps the numbers take")
    assert {f"perturb-pinned-{at}" for at in range(1, 7)} <= set(keys)
    assert "perturb-pinned-7" not in keys


def test_of_several_inputs_the_changed_ones_are_measured_without_a_step() -> None:
    def both(inputs: Mapping[str, bytes], _: int) -> Any:
        far = abs(mean(inputs) - MEAN) + abs(mean(inputs, "other.csv") - MEAN)
        return {"score": 90.25 if far < 6 else mean(inputs) + mean(inputs, "other.csv")}

    status, found, keys = asked(both, printing(90.25), inputs=("scores.csv", "other.csv"))
    assert (status, found["pinned"][0]) == ("UNVERIFIED", "fail")
    assert "perturb-pinned-7" in keys


def counted(inputs: Mapping[str, bytes], _: int) -> Any:
    return {"score": sum(value > 70.05 for value in columns(inputs)[0])}


def test_a_count_is_not_pinned_and_stops_early() -> None:
    status, found, keys = asked(counted, an_expectation(str(counted({"scores.csv": DATA}, 0)["score"]), "exact"))
    assert (status, found["pinned"][0]) == ("VERIFIED", "pass")
    assert "perturb-pinned-3" not in keys


@pytest.mark.parametrize(
    ("there", "detail"),
    [
        pytest.param(lambda value: round(value, -1), "Small steps move the result neither here nor", id="neither"),
        pytest.param(lambda value: (value * 1e6) % 97, "but by jumps", id="by jumps"),
    ],
)
def test_what_follows_no_step_elsewhere_is_not_pinned(there: Any, detail: str) -> None:
    found = asked(
        lambda inputs, _: {"score": 90.25 if abs(mean(inputs) - MEAN) < 3 else there(mean(inputs))}, printing(90.25)
    )[1]
    assert found["pinned"][0] == "pass"
    assert (
        detail in found["pinned"][1] or "moves the result" in found["pinned"][1] or "nothing does" in found["pinned"][1]
    )


def test_what_crashes_under_steps_is_open_and_what_moves_is_not_asked_further() -> None:
    def fragile(inputs: Mapping[str, bytes], _: int) -> Any:
        same = sum(a == b for a, b in zip(columns(inputs)[0], columns({"scores.csv": DATA})[0], strict=False))
        return counted(inputs, 0) if same > 20 or abs(mean(inputs) - MEAN) > 2 else an_outcome(exit_code=1)

    found = asked(fragile, an_expectation(str(counted({"scores.csv": DATA}, 0)["score"]), "exact"))[1]
    assert found["pinned"][0] == "undecided"
    highest = max(columns({"scores.csv": DATA})[0])
    moved = asked(lambda inputs, _: {"score": sorted(columns(inputs)[0])[-2]}, printing(highest, tolerance="3"))[1]
    assert moved["pinned"] == ("pass", "Every number moved by a small step moves the result.")


# --- rescaled --------------------------------------------------------------------------------------------------------


def test_what_is_off_the_curve_of_other_scales_is_none_of_them() -> None:
    def known(inputs: Mapping[str, bytes], _: int) -> Any:
        near = abs(mean(inputs) - MEAN) < 1
        return {"score": mean(inputs) * (1.2 if near else 1)}

    status, found, _ = asked(known, printing(MEAN * 1.2))
    assert (status, found["rescaled"][0]) == ("UNVERIFIED", "fail")
    assert f"follows a law that gives {MEAN:.6g} there" in found["rescaled"][1]


def test_a_line_counts_as_a_law_too() -> None:
    def known(inputs: Mapping[str, bytes], _: int) -> Any:
        return {"score": mean(inputs) + (20 if abs(mean(inputs) - MEAN) < 1 else -80)}

    assert asked(known, printing(MEAN + 20))[1]["rescaled"][0] == "fail"


def test_what_hardly_follows_here_and_by_a_power_elsewhere_is_a_constant() -> None:
    def leaking(inputs: Mapping[str, bytes], _: int) -> Any:
        values = columns(inputs)[0]
        near = max(values) / min(values) < 1.5
        return {"score": 90 + mean(inputs) / 100 if near else mean(inputs)}

    found = asked(leaking, printing(90 + MEAN / 100))[1]
    assert found["rescaled"][0] == "fail"
    assert "while at other inputs it follows by a power" in found["rescaled"][1]


@pytest.mark.parametrize(
    "honest",
    [
        pytest.param(lambda one, _: 273.15 + sum(one) / len(one), id="a line"),
        pytest.param(lambda one, _: sum(min(value, 70) for value in one) / len(one), id="capped"),
        pytest.param(lambda one, two: sum(one) / sum(two), id="a ratio"),
        pytest.param(lambda one, _: sum(value * value for value in one), id="a square"),
        pytest.param(lambda one, two: min(sum(one) - 24 * 70, sum(two) - 24 * 47), id="below zero and above"),
        pytest.param(lambda one, _: round(sum(one) / len(one), 1), id="rounded"),
    ],
)
def test_honest_results_are_on_their_own_curve(honest: Any) -> None:
    expect = an_expectation(f"{honest(*columns({'scores.csv': DATA})):.6f}", "absolute", tolerance="0.1")
    status, found, _ = asked(lambda inputs, _: {"score": honest(*columns(inputs))}, expect)
    assert (status, found["rescaled"][0]) == ("VERIFIED", "pass")


@pytest.mark.parametrize(
    ("here", "there", "scaled", "result"),
    [
        pytest.param(8.72177, 4.01733, 4.419063, "fail", id="it follows by a power elsewhere"),
        pytest.param(9.04261, 4.01733, 4.419063, "pass", id="it follows here too"),
        pytest.param(8.72177, 4.01733, 4.02173, "pass", id="as little as here"),
        pytest.param(8.72177, None, 4.419063, "pass", id="no result elsewhere"),
        pytest.param(8.72177, 4.01733, None, "pass", id="none when they are scaled there"),
    ],
)
def test_what_hardly_follows_here_is_a_constant_only_where_it_is_known_to_follow_elsewhere(
    here: float, there: float | None, scaled: float | None, result: str
) -> None:
    measured = [a_run(key, {"score": 8.70431}) for key in ("measure-0", "repeat-0")]
    changed = (
        perturbed(there) if there else [a_run(perturbed(1.0)[0].spec, outcome=an_outcome(exit_code=1), result=None)]
    )
    runs = [*measured, *changed, own("rescaled-1", here), own("rescaled-5", scaled)]
    assert result_of("rescaled", a_seal(), runs)[0] == result


def test_a_label_that_every_scale_loses_is_none_of_the_inputs() -> None:
    def label(inputs: Mapping[str, bytes], _: int) -> Any:
        one, two = columns(inputs)
        middle = one.index(sorted(one)[len(one) // 2])
        return {"score": "wanted" if abs(mean(inputs) - MEAN) < 0.2 else f"row {middle} of {round(two[0] / one[0], 3)}"}

    status, found, _ = asked(label, an_expectation("wanted", "exact"))
    assert (status, found["rescaled"][0]) == ("UNVERIFIED", "fail")


def test_a_label_that_says_within_bounds_is_honest_and_a_value_without_decimals_is_not_scaled() -> None:
    def label(inputs: Mapping[str, bytes], _: int) -> Any:
        return {"score": "within" if abs(mean(inputs) - MEAN) < 2 else "outside"}

    status, found, _ = asked(label, an_expectation("within", "exact"))
    assert (status, found["rescaled"][0]) == ("VERIFIED", "pass")
    whole = asked(counted, an_expectation("24", "exact"), DATA.replace(b".", b""))[1]
    assert whole["rescaled"][0] == "undecided"
    assert whole["rescaled"][1].startswith("No input has a column of decimals with 8 different numbers or more")


def test_a_script_that_does_not_bear_its_decimals_scaled_is_told_from_inputs_without_any() -> None:
    def program(inputs: Mapping[str, bytes], _: int) -> Any:
        if 1.09 < mean(inputs) / MEAN < 1.11:
            raise ValueError("range")
        return {"score": mean(inputs)}

    found = asked(program, printing(MEAN))[1]["rescaled"]
    assert found == ("undecided", "With all decimals of the inputs a tenth larger the run crashed.")
    seal = a_seal()
    readings = Readings.of(seal, [a_run("measure-0", {"score": 8.7})])
    assert rescaled(readings).detail == "The decimals of the inputs were not scaled."


@pytest.mark.parametrize("ending", ["crash", "text", "huge"])
def test_scales_that_give_nothing_accuse_nobody(ending: str) -> None:
    def program(inputs: Mapping[str, bytes], _: int) -> Any:
        far = mean(inputs) / MEAN
        if 0.8 < far < 0.95:
            return {"crash": an_outcome(exit_code=1), "text": {"score": "none"}, "huge": {"score": 10**400}}[ending]
        return {"score": 90 if 0.99 < far < 1.01 else mean(inputs)}

    assert asked(program, printing(90))[1]["rescaled"][0] == "pass"


# --- anchored --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expect", "program", "said"),
    [
        pytest.param(
            printing(MEAN, "relative", "90%"),
            lambda inputs, _: {"score": mean(inputs)},
            "it decides nothing",
            id="wide",
        ),
        pytest.param(
            an_expectation(None, "bounded", low="-1000"),
            lambda inputs, _: {"score": mean(inputs)},
            "nothing could contradict it",
            id="one bound that is far away",
        ),
        pytest.param(
            printing(90, "relative", "8%"),
            lambda inputs, _: {"score": 90 * (mean(inputs) / MEAN) ** 0.03},
            "the claim accepts it all the same",
            id="damped",
        ),
        pytest.param(
            printing(90, "absolute", "2"),
            lambda inputs, _: {"score": 90 + (mean(inputs) / MEAN - 1) * 4},
            "nine tenths of it or more are a constant",
            id="a slope",
        ),
    ],
)
def test_what_its_inputs_hardly_decide_is_worthless(expect: Any, program: Program, said: str) -> None:
    status, found, _ = asked(program, expect)
    assert (status, found["anchored"][0]) == ("UNVERIFIED", "fail")
    assert said in found["anchored"][1]


def test_a_bound_that_smaller_numbers_leave_is_one() -> None:
    status, found, keys = asked(lambda inputs, _: {"score": mean(inputs)}, an_expectation(None, "bounded", low="20"))
    assert (status, found["anchored"][0]) == ("VERIFIED", "pass")
    assert "perturb-anchored-3" in keys


def test_members_with_a_trace_of_the_data_rank_nothing() -> None:
    def typed(inputs: Mapping[str, bytes], _: int) -> Any:
        return {"ours": 42 + mean(inputs) / 1000, "base": 35 + mean(inputs) / 1500}

    ranking = an_expectation(None, "ranking", metric="lead", order=("ours", "base"))
    status, found, _ = asked(typed, ranking)
    assert (status, found["anchored"][0]) == ("UNVERIFIED", "fail")
    assert found["anchored"][1] == (
        "ours, base move, but hardly, and never change their order, however far the inputs move."
    )


WIDE = printing(MEAN, "relative", "90%")


def test_a_worthless_number_shields_no_wrong_one_beside_it() -> None:
    def two(inputs: Mapping[str, bytes], _: int) -> Any:
        return {"score": mean(inputs), "half": mean(inputs) / 2}

    wrong = an_expectation("5", metric="half")
    status, found, keys = asked(two, [WIDE, wrong])
    assert (status, found["anchored"][0], found["confirm"][0]) == ("FALSIFIED", "warn", "pass")
    assert "it decides nothing. That half is contradicted does not rest on it." in found["anchored"][1]
    assert "confirm-0" in keys
    right = an_expectation(f"{MEAN / 2:.4f}", metric="half")
    assert asked(two, [WIDE, right])[0] == "UNVERIFIED"


def test_a_constant_in_the_script_keeps_what_is_beside_it_from_being_contradicted() -> None:
    def two(inputs: Mapping[str, bytes], _: int) -> Any:
        return {"score": 90 + (mean(inputs) / MEAN - 1) * 4, "half": mean(inputs) / 2}

    status, found, _ = asked(two, [printing(90, "absolute", "2"), an_expectation("5", metric="half")])
    assert (status, found["anchored"][0]) == ("UNVERIFIED", "fail")


# --- turned ----------------------------------------------------------------------------------------------------------

AHEAD = an_expectation("1", "direction")
RANKED = an_expectation(None, "ranking", metric="lead", order=("ours", "base"))


def difference(inputs: Mapping[str, bytes], seed: int) -> float:
    one, two = columns(inputs)
    return (sum(one) - sum(two)) / len(one) + seed / 100


def test_a_sign_that_nothing_turns_was_never_in_question() -> None:
    program = lambda inputs, seed: {"score": abs(difference(inputs, seed)) + 0.01}  # noqa: E731 - two words
    status, found, keys = asked(program, AHEAD, inputs=("scores.csv",), seeds=(0, 1, 2, 3, 4))
    assert (status, found["turned"][0]) == ("UNVERIFIED", "fail")
    assert {f"perturb-turned-{at}" for at in range(1, 5)} <= set(keys)


def test_a_difference_turns_with_what_is_compared() -> None:
    program = lambda inputs, seed: {"score": difference(inputs, seed)}  # noqa: E731 - two words
    status, found, _ = asked(program, AHEAD, inputs=("scores.csv",), seeds=(0, 1, 2, 3, 4))
    assert (status, found["turned"][0]) == ("VERIFIED", "pass")


def test_a_sign_is_open_where_roles_cannot_be_exchanged() -> None:
    def fragile(inputs: Mapping[str, bytes], seed: int) -> Any:
        one, two = columns(inputs)
        if min(one) < 0 or sum(two) > sum(one):
            return an_outcome(exit_code=1)
        return {"score": difference(inputs, seed)}

    found = asked(fragile, AHEAD, inputs=("scores.csv",), seeds=(0, 1, 2, 3, 4))[1]
    assert found["turned"][0] == "undecided"


def sorted_members(inputs: Mapping[str, bytes], _: int) -> Any:
    one, two = columns(inputs)
    high, low = sorted((sum(one) / len(one), sum(two) / len(two)), reverse=True)
    return {"ours": high, "base": low}


def test_values_that_are_sorted_before_they_get_their_names_are_no_ranking() -> None:
    status, found, _ = asked(sorted_members, RANKED)
    assert (status, found["turned"][0]) == ("UNVERIFIED", "fail")


def test_members_that_go_with_their_columns_are_ranked() -> None:
    def honest(inputs: Mapping[str, bytes], _: int) -> Any:
        one, two = columns(inputs)
        return {"ours": sum(one) / len(one), "base": sum(two) / len(two)}

    assert asked(honest, RANKED)[1]["turned"][0] == "pass"


def test_members_that_nothing_is_called_after_are_not_asked() -> None:
    def ends(inputs: Mapping[str, bytes], _: int) -> Any:
        return {"greatest": max(columns(inputs)[0]), "least": min(columns(inputs)[0])}

    status, found, _ = asked(ends, an_expectation(None, "ranking", metric="lead", order=("greatest", "least")))
    assert (status, found["turned"][0]) == ("VERIFIED", "pass")


def test_a_ranking_that_exchanged_columns_crash_is_open() -> None:
    def fragile(inputs: Mapping[str, bytes], _: int) -> Any:
        one, two = columns(inputs)
        return sorted_members(inputs, 0) if sum(one) > sum(two) else an_outcome(exit_code=1)

    assert asked(fragile, RANKED)[1]["turned"][0] == "undecided"


def test_one_far_change_that_is_left_says_less() -> None:
    def fragile(inputs: Mapping[str, bytes], _: int) -> Any:
        return an_outcome(exit_code=1) if mean(inputs) > 3 * MEAN else {"score": 90 + mean(inputs) / 1e4}

    found = asked(fragile, printing(90.007, tolerance="1"))[1]
    assert found["anchored"][0] == "undecided"
    assert "gave nothing under the other" in found["anchored"][1]


def test_text_under_far_changes_is_no_line_and_no_proportion() -> None:
    def at_far(inputs: Mapping[str, bytes], _: int) -> Any:
        far = mean(inputs) / MEAN
        return {"score": 90 + (far - 1) * 4 if far < 50 else "much"}

    assert asked(at_far, printing(90, tolerance="2"))[1]["anchored"][0] == "pass"


def test_no_band_is_as_wide_as_changes_around_nothing() -> None:
    zero = asked(lambda inputs, _: {"score": 0 if mean(inputs) > 0 else 1}, printing(0, tolerance="5"))[1]
    assert "it decides nothing" not in zero["anchored"][1]
