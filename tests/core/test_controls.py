"""The controls: each attack, what it finds, and what an attack that succeeded says."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from app.core import controls_counterexample
from app.core.bands import Band
from app.core.controls import run_controls
from app.core.controls_catalogue import CATALOGUE
from app.core.controls_counterexample import tolerance_flip
from app.core.model import Attacker, Control, ControlResult, Expectation, Rule, Run, RunSpec, Seal
from app.core.readings import Readings
from app.core.verdict import judge
from tests.core.builders import (
    a_claim,
    a_comparison,
    a_formula_seal,
    a_run,
    a_script,
    a_seal,
    a_spec,
    an_expectation,
    an_outcome,
    play,
)

CRASH: dict[str, Any] = {"outcome": an_outcome(exit_code=1), "result": None}
UNDERIVABLE: dict[str, Any] = {"outcome": an_outcome("cancelled", limit="underivable"), "result": None}


def run_of(key: RunSpec | str, value: Any, **changes: Any) -> Run:
    """Return a run that reported a score, or ended as a mapping says."""
    return a_run(key, **value, **changes) if isinstance(value, dict) else a_run(key, f'{{"score": {value}}}', **changes)


def control_of(name: str, seal: Seal, runs: Sequence[Run]) -> Control:
    readings = Readings.of(seal, runs)
    comparisons = readings.comparisons(readings.measures)
    (found,) = [item for item in run_controls(readings, comparisons) if item.name == name]
    return found


def result_of(name: str, seal: Seal, runs: Sequence[Run]) -> str:
    return control_of(name, seal, runs).result.value


def test_every_control_says_who_attacked_and_what_it_cannot_prove() -> None:
    runs, _ = play(a_formula_seal(an_expectation("9.9")))
    readings = Readings.of(a_formula_seal(an_expectation("9.9")), runs)
    found = run_controls(readings, readings.comparisons(readings.measures))
    assert [item.name for item in found] == list(CATALOGUE)
    for item in found:
        assert (item.attacker, item.cannot_prove) == CATALOGUE[item.name]
        assert item.detail.endswith(".")
    assert found[0].attacker is Attacker.REPLICATION


def test_controls_that_do_not_apply_say_so() -> None:
    runs, _ = play(a_seal())
    readings = Readings.of(a_seal(), runs)
    found = {item.name: item.result for item in run_controls(readings, readings.comparisons(readings.measures))}
    assert list(found) == list(CATALOGUE)
    assert found["confirm"] is found["seed_response"] is found["coincidence"] is ControlResult.NOT_APPLICABLE


# --- repeat ----------------------------------------------------------------------------------------------------------

REPEATS = [
    pytest.param("8.7", "8.7", "pass", "gave identical values", id="the same"),
    pytest.param("8.7", "8.70", "pass", "gave identical values", id="the same number in other digits"),
    pytest.param("8.70", "8.72", "warn", "score was 8.70 and then 8.72", id="another value, the same decision"),
    pytest.param("9.8", "9.9", "warn", "score was 9.8 and then 9.9", id="another contradiction"),
    pytest.param("8.7", "9.9", "fail", "A repetition turns the decision", id="a match and a contradiction"),
    pytest.param("9.9", "8.7", "fail", "A repetition turns the decision", id="a contradiction and a match"),
    pytest.param("9.9", "870", "fail", "A repetition turns the decision", id="a contradiction and suspect units"),
    pytest.param("9.9", "NaN", "fail", "A repetition turns the decision", id="a contradiction and not a number"),
    pytest.param("NaN", "NaN", "pass", "gave identical values", id="not a number twice"),
    pytest.param("8.7", CRASH, "fail", "measured once and then crashed", id="a crash"),
    pytest.param("8.7", {"outcome": "signal", "result": None}, "fail", "then crashed", id="a signal"),
    pytest.param("8.7", {"outcome": "timeout", "result": None}, "fail", "ended by its timeout limit", id="a timeout"),
    pytest.param("8.7", {"metrics": "{}"}, "fail", "gave no readable result (the result has no metric", id="no metric"),
    pytest.param("8.7", None, "undecided", "was not repeated", id="no repetition"),
]


@pytest.mark.parametrize(("first", "again", "result", "says"), REPEATS)
def test_repeat_asks_whether_the_decision_stands(first: str, again: Any, result: str, says: str) -> None:
    runs = [run_of("measure-0", first)] + ([run_of("repeat-0", again)] if again is not None else [])
    found = control_of("repeat", a_seal(), runs)
    assert (found.result, says in found.detail) == (result, True), found


def test_a_repetition_is_compared_with_the_measurement_of_its_own_seed() -> None:
    seal = a_seal(a_claim(reproduce=a_script(seeds=(7, 1))))
    runs = [
        run_of(a_spec("measure-0", seed=7), "8.7"),
        run_of(a_spec("measure-1", seed=1), "9.9"),
        run_of(a_spec("repeat-0", seed=7), "8.7"),
    ]
    assert result_of("repeat", seal, runs) == "pass"
    assert result_of("repeat", seal, runs[::-1]) == "pass"
    assert result_of("repeat", seal, [*runs[:2], run_of(a_spec("repeat-0", seed=3), "8.7")]) == "undecided"


def test_a_label_that_changes_on_repetition_turns_the_decision() -> None:
    seal = a_seal(a_claim(an_expectation("RemBERT", "exact")))
    same, other = run_of("repeat-0", '"RemBERT"'), run_of("repeat-0", '"FILTER"')
    assert result_of("repeat", seal, [run_of("measure-0", '"RemBERT"'), same]) == "pass"
    assert result_of("repeat", seal, [run_of("measure-0", '"RemBERT"'), other]) == "fail"


# --- input_response --------------------------------------------------------------------------------------------------

RESPONSES = [
    # repeat, perturb variant 1, perturb variant 2
    pytest.param(
        "8.7", "9.1", "9.9", "pass", "Changing scores.csv moves the result (score from 8.7 to 9.1)", id="both move it"
    ),
    pytest.param("8.7", "8.7", "9.9", "pass", "(score from 8.7 to 9.9)", id="one moves it"),
    pytest.param("8.7", CRASH, "9.9", "pass", "(score from 8.7 to 9.9)", id="one crashes, the other moves it"),
    pytest.param(
        "8.7", UNDERIVABLE, "9.9", "pass", "(score from 8.7 to 9.9)", id="one is underivable, the other moves it"
    ),
    pytest.param("8.7", "8.7", "8.70", "fail", "score stays the same whatever scores.csv says", id="none moves it"),
    pytest.param(
        "8.7", UNDERIVABLE, "8.7", "fail", "score stays the same", id="one is underivable, the other stands still"
    ),
    pytest.param("8.7", CRASH, "8.7", "undecided", "gave no result", id="one crashes, the other stands still"),
    pytest.param("8.7", "NaN", "8.7", "undecided", "gave no result", id="one is not a number, the other stands still"),
    pytest.param("8.7", CRASH, CRASH, "undecided", "so whether score is computed is open", id="both crash"),
    pytest.param("8.7", "NaN", "NaN", "undecided", "so whether score is computed is open", id="both are not a number"),
    pytest.param(
        "8.7", UNDERIVABLE, UNDERIVABLE, "undecided", "could not be changed: there is", id="both are underivable"
    ),
    pytest.param("8.71", "8.9", "9.9", "pass", "(score from 8.7 to 8.9)", id="far beyond the spread of repetition"),
    pytest.param("8.71", "8.71", "8.69", "fail", "stays the same", id="within the spread of repetition"),
    pytest.param(
        CRASH, "8.7001", "9.9", "pass", "(score from 8.7 to 8.7001)", id="without a spread any movement counts"
    ),
    pytest.param("8.7", "8.7000000009", "8.7", "fail", "stays the same", id="no more than arithmetic may cause"),
    pytest.param("8.71", "8.75", "9.9", "undecided", "hardly more than a repetition", id="one is as noise may be"),
    pytest.param("8.71", "8.75", "8.7", "undecided", "hardly more than a repetition", id="both are as noise may be"),
    pytest.param(
        "8.7", "8.72", "8.73", "warn", "stays within what the claim accepts", id="whatever it says it matches"
    ),
    pytest.param("8.71", CRASH, "9.9", "pass", "moves the result", id="noisy, one crashes, the other moves it far"),
]


@pytest.mark.parametrize(("again", "one", "two", "result", "says"), RESPONSES)
def test_input_response_asks_whether_the_result_moves(again: Any, one: Any, two: Any, result: str, says: str) -> None:
    runs = [
        run_of("measure-0", "8.7"),
        run_of("repeat-0", again),
        run_of("perturb-0-1", one),
        run_of("perturb-0-2", two),
    ]
    found = control_of("input_response", a_seal(), runs)
    assert (found.result, says in found.detail) == (result, True), found


@pytest.mark.parametrize("name", ["recognised", "pinned", "anchored"])
def test_where_no_input_could_be_changed_nothing_was_withstood(name: str) -> None:
    too_large = {"outcome": an_outcome("cancelled", limit="underivable", notes=("a.csv has more than 4 MiB",))}
    runs = [run_of("measure-0", "8.7"), run_of("repeat-0", "8.7")]
    not_made = [run_of(f"perturb-0-{variant}", too_large | {"result": None}) for variant in (1, 2)]
    found = control_of(name, a_seal(), [*runs, *not_made])
    assert (found.result, found.detail) == ("undecided", "The inputs could not be changed: a.csv has more than 4 MiB.")
    made = [run_of("perturb-0-1", "9.9"), *not_made[1:]]
    assert "could not be changed" not in control_of(name, a_seal(), [*runs, *made]).detail


@pytest.mark.parametrize("unmade", [(), (UNDERIVABLE,)], ids=["it gave no result", "it could not be changed"])
def test_an_input_beside_others_that_move_the_result_is_told_with_its_reason(unmade: Any) -> None:
    seal = a_seal(a_claim(reproduce=a_script(inputs=("a.csv", "b.csv"))))
    (one,) = unmade or (CRASH,)
    runs = [run_of("measure-0", "8.7"), run_of("repeat-0", "8.7")]
    runs += [perturbed("a.csv", variant, value) for variant, value in ((1, "9.9"), (2, "7.7"))]
    runs += [perturbed("b.csv", variant, one, 1) for variant in (1, 2)]
    said = "b.csv could not be changed: there is nothing to change" if unmade else "changing b.csv gave no result"
    assert said in control_of("input_response", seal, runs).detail


def perturbed(target: str, variant: int, value: Any, position: int = 0) -> Run:
    spec = a_spec(f"perturb-{position}-{variant}", derivation={"target": target, "variant": variant})
    return run_of(spec, value)


PAIRINGS = [
    pytest.param(["8.7", "8.7", "9.1"], "pass", id="it moves what the others left"),
    pytest.param([CRASH, CRASH, "9.1"], "pass", id="it alone gave a result, which moved"),
    pytest.param(["8.7", "8.7", "8.7"], "fail", id="nothing moves under any"),
    pytest.param([CRASH, "8.7", "8.7"], "undecided", id="it stands still, and one of the others crashes"),
    pytest.param(["8.7", CRASH, "8.7"], "undecided", id="it stands still, and the rows crash, as strict dates do"),
    pytest.param(["8.7", "NaN", "8.7"], "undecided", id="it stands still, and another gives no number"),
    pytest.param([UNDERIVABLE, "8.7", "8.7"], "fail", id="nor under the two that can be made"),
    pytest.param(["8.7", "8.7", CRASH], "undecided", id="it crashes, which an honest script may do"),
    pytest.param(["8.7", "8.7", "NaN"], "undecided", id="it gives no number"),
    pytest.param([CRASH, CRASH, "8.7"], "undecided", id="it alone stands still, which is too little"),
]


@pytest.mark.parametrize(("values", "result"), PAIRINGS)
def test_what_stands_still_has_to_do_so_with_its_rows_paired_anew(values: list[Any], result: str) -> None:
    runs = [run_of("measure-0", "8.7"), run_of("repeat-0", "8.7")]
    runs += [perturbed("scores.csv", variant, value) for variant, value in enumerate(values, 1)]
    assert result_of("input_response", a_seal(), runs) == result
    assert result_of("input_response", a_seal(), runs[::-1]) == result


ORDERINGS = [
    pytest.param(["8.7", "9.1", "8.7"], "warn", "only an input that is put in order moves score", id="one moves it"),
    pytest.param([CRASH, CRASH, "9.1"], "warn", "only an input that is put in order moves score", id="others crash"),
    pytest.param(["8.7", "8.7", "8.7"], "fail", "score stays the same whatever", id="none does"),
    pytest.param([CRASH, CRASH, CRASH], "fail", "score stays the same whatever", id="it bears none of them"),
]


@pytest.mark.parametrize(("values", "result", "says"), ORDERINGS)
def test_what_still_stands_is_offered_inputs_that_are_put_in_order(values: list[Any], result: str, says: str) -> None:
    runs = [run_of("measure-0", "8.7"), run_of("repeat-0", "8.7")]
    runs += [perturbed("scores.csv", variant, "8.7") for variant in (1, 2, 3)]
    assert result_of("input_response", a_seal(), runs) == "fail"
    runs += [perturbed("scores.csv", variant, value) for variant, value in enumerate(values, 5)]
    found = control_of("input_response", a_seal(), runs)
    assert found.result.value == result
    assert says in found.detail


SILENT = [
    pytest.param([CRASH, "8.7", "8.7"], "(scores.csv with its values changed)", id="values"),
    pytest.param(["8.7", "NaN", "8.7"], "(scores.csv with other rows or values)", id="rows"),
    pytest.param(["8.7", "8.7", CRASH], "(scores.csv with its rows paired anew)", id="pairs"),
    pytest.param([CRASH, CRASH, CRASH], "Changing scores.csv gave no result, so whether score", id="all of them"),
]


@pytest.mark.parametrize(("values", "says"), SILENT)
def test_the_change_that_gave_no_result_is_named(values: list[Any], says: str) -> None:
    runs = [run_of("measure-0", "8.7"), run_of("repeat-0", "8.7")]
    runs += [perturbed("scores.csv", variant, value) for variant, value in enumerate(values, 1)]
    found = control_of("input_response", a_seal(), runs)
    assert (found.result, says in found.detail) == ("undecided", True), found
    assert judge(a_seal(), runs).reason_code == "CONTROL_UNDECIDED"


def test_the_change_of_a_parameter_that_gave_no_result_is_named() -> None:
    runs = [run_of("measure-0", "8.7"), run_of("repeat-0", "8.7")]
    runs += [perturbed("scores.csv", variant, "8.7") for variant in (1, 2, 3)]
    runs += [perturbed("parameters.n", variant, value, 1) for variant, value in ((1, CRASH), (2, "8.7"), (3, CRASH))]
    found = control_of("input_response", TWO_INPUTS, runs)
    assert "gave no result (parameters.n made smaller, parameters.n moved far)" in found.detail, found


TWO_INPUTS = a_seal(a_claim(reproduce=a_script(parameters={"n": 5})))

INPUTS = [
    pytest.param(
        ["9.1", "9.2"], ["9.1", "9.2"], "pass", "Changing scores.csv, parameters.n moves the result", id="both"
    ),
    pytest.param(["8.7", "8.7"], ["9.1", "8.7"], "warn", "changing scores.csv does not", id="only the parameter"),
    pytest.param(["9.1", "8.7"], ["8.7", "8.7"], "warn", "changing parameters.n does not", id="only the file"),
    pytest.param(
        [CRASH, CRASH], ["9.1", "9.1"], "warn", "changing scores.csv gave no result", id="the file crashes it"
    ),
    pytest.param(["8.7", "8.7"], ["8.7", "8.7"], "fail", "whatever scores.csv, parameters.n says", id="none"),
    pytest.param(["8.7", "8.7"], [CRASH, "8.7"], "undecided", "Changing parameters.n gave no result", id="one unsure"),
]


@pytest.mark.parametrize(("file", "parameter", "result", "says"), INPUTS)
def test_inputs_that_do_not_matter_are_named(file: list[Any], parameter: list[Any], result: str, says: str) -> None:
    runs = [run_of("measure-0", "8.7"), run_of("repeat-0", "8.7")]
    runs += [perturbed("scores.csv", index + 1, value) for index, value in enumerate(file)]
    runs += [perturbed("parameters.n", index + 1, value, 1) for index, value in enumerate(parameter)]
    found = control_of("input_response", TWO_INPUTS, runs)
    assert (found.result, says in found.detail) == (result, True), found


TWO_METRICS = a_seal(a_claim([an_expectation(), an_expectation("3", metric="count")]))


@pytest.mark.parametrize(
    ("values", "result", "says"),
    [
        pytest.param(['"score": 9.1, "count": 4'] * 2, "pass", "moves the result", id="both move"),
        pytest.param(
            ['"score": 9.1, "count": 3', '"score": 8.7, "count": 2'], "pass", "moves the result", id="each once"
        ),
        pytest.param(['"score": 8.7, "count": 4'] * 2, "fail", "score stays the same", id="one is typed in"),
        pytest.param(
            ['"score": 8.7, "count": 4', '"score": NaN, "count": 4'],
            "undecided",
            "whether score is",
            id="one is unsure",
        ),
    ],
)
def test_a_computed_metric_does_not_carry_one_that_is_typed_in(values: list[str], result: str, says: str) -> None:
    runs = [a_run(key, '{"score": 8.7, "count": 3}') for key in ("measure-0", "repeat-0")]
    runs += [a_run(f"perturb-0-{index}", f"{{{text}}}") for index, text in enumerate(values, 1)]
    found = control_of("input_response", TWO_METRICS, runs)
    assert (found.result, says in found.detail) == (result, True), found


def test_a_label_moves_when_it_becomes_another() -> None:
    seal = a_seal(a_claim(an_expectation("RemBERT", "exact")))
    runs = [run_of("measure-0", '"RemBERT"'), run_of("repeat-0", '"RemBERT"'), run_of("perturb-0-1", '"RemBERT"')]
    assert result_of("input_response", seal, [*runs, run_of("perturb-0-2", '"FILTER"')]) == "pass"
    assert result_of("input_response", seal, [*runs, run_of("perturb-0-2", '"RemBERT"')]) == "fail"


def test_a_script_without_inputs_shows_nothing() -> None:
    seal = a_seal(a_claim(reproduce=a_script(inputs=())))
    found = control_of("input_response", seal, [run_of("measure-0", "8.7"), run_of("repeat-0", "8.7")])
    assert (found.result, "neither inputs nor parameters" in found.detail) == ("undecided", True)


def test_inputs_beyond_those_tried_are_counted() -> None:
    seal = a_seal(a_claim(reproduce=a_script(inputs=tuple(f"{index}.csv" for index in range(20)))))
    runs = [
        run_of("measure-0", "8.7"),
        run_of("repeat-0", "8.7"),
        perturbed("0.csv", 1, "9.9"),
        perturbed("0.csv", 2, "9.9"),
    ]
    found = control_of("input_response", seal, runs)
    assert found.result == "warn"
    assert found.detail.endswith(
        "changing 1.csv, 2.csv, 3.csv and 12 more gave no result. 4 further inputs were not tried."
    )


@pytest.mark.parametrize(("inputs", "result"), [(16, "fail"), (17, "undecided")])
def test_what_stands_still_is_open_while_an_input_was_not_tried(inputs: int, result: str) -> None:
    seal = a_seal(a_claim(reproduce=a_script(inputs=tuple(f"{index}.csv" for index in range(inputs)))))
    runs = [run_of("measure-0", "8.7"), run_of("repeat-0", "8.7")]
    runs += [perturbed(f"{index}.csv", variant, "8.7", index) for index in range(16) for variant in (1, 2, 3)]
    found = control_of("input_response", seal, runs)
    assert found.result == result
    assert found.detail.endswith("is open. 1 further inputs were not tried.") is (result == "undecided")


@pytest.mark.parametrize("runs", [[], ["repeat-0"], ["perturb-0-1"]], ids=["none", "no perturbation", "one"])
def test_runs_that_are_missing_leave_it_open(runs: list[str]) -> None:
    found = [run_of("measure-0", "8.7"), *(run_of(key, "8.7") for key in runs if key != "perturb-0-1")]
    assert result_of("input_response", a_seal(), found) == "undecided"


FORMULAS = [
    pytest.param(
        {"score": "a - b"}, {"a": "77.0", "b": "68.3"}, "pass", "Shifting a, b moves the result", id="all move it"
    ),
    pytest.param({"score": "max(a, b)"}, {"a": "8.7", "b": "1.0"}, "warn", "shifting b does not", id="one does not"),
    pytest.param({"score": "8.7 + 0*a"}, {"a": "1.0"}, "fail", "score stays the same whatever a says", id="none does"),
    pytest.param(
        {"score": "8.7 + 0*log(a)"}, {"a": "0.010"}, "fail", "score stays the same", id="none does, all is defined"
    ),
    pytest.param({"score": "8.7 + 0*log(a)"}, {"a": "0.01"}, "undecided", "gave no result", id="undefined far away"),
    pytest.param(
        {"score": "8.7 + sqrt(0.0026 - (a - 1)**2)*0"},
        {"a": "1.0"},
        "undecided",
        "Shifting a gave no result, so whether score is computed is open",
        id="far shifts leave the domain, near ones move nothing",
    ),
    pytest.param(
        {"score": "8.65 + sqrt(0.0026 - (a - 1)**2)"},
        {"a": "1.0"},
        "pass",
        "Shifting a moves the result",
        id="far shifts leave the domain, near ones move it",
    ),
    pytest.param({"score": "round(a)"}, {"a": "9.2"}, "pass", "(score from 9 to 8)", id="only far shifts move it"),
    pytest.param(
        {"score": "a - b", "count": "a*0 + 3"},
        {"a": "77.0", "b": "68.3"},
        "fail",
        "count stays the same whatever a, b says",
        id="one of two metrics is typed in",
    ),
    pytest.param(
        {"score": "a - b", "count": "b"}, {"a": "77.0", "b": "68.3"}, "pass", "moves the result", id="two metrics"
    ),
]


@pytest.mark.parametrize(("formulas", "values", "result", "says"), FORMULAS)
def test_a_formula_has_to_depend_on_its_values(
    formulas: dict[str, str], values: dict[str, str], result: str, says: str
) -> None:
    expect = [an_expectation(metric=metric) for metric in formulas]
    seal = a_formula_seal(expect, formulas, **values)
    found = control_of("input_response", seal, play(seal)[0])
    assert (found.result, says in found.detail) == (result, True), found


@pytest.mark.parametrize("ending", [CRASH, {"metrics": "{}"}, None], ids=["crashed", "unreadable", "missing"])
def test_a_formula_whose_perturbation_gave_nothing_is_open(ending: Any) -> None:
    seal = a_formula_seal()
    runs = [run for run in play(seal)[0] if not run.spec.key.startswith("perturb")]
    if ending is not None:
        spec = a_spec("perturb-0-1", derivation={"target": "values", "variant": 1})
        runs.append(a_run(spec, **ending))
    assert result_of("input_response", seal, runs) == "undecided"


# --- confirm ---------------------------------------------------------------------------------------------------------

CONFIRMS = [
    pytest.param("9.9", "pass", "appears again, in fresh scratch, on the same worker", id="again"),
    pytest.param("9.8", "pass", "appears again", id="another contradiction"),
    pytest.param("8.7", "fail", "does not contradict score", id="a match"),
    pytest.param("870", "fail", "does not contradict score", id="suspect units"),
    pytest.param("NaN", "fail", "does not contradict score", id="not a number"),
    pytest.param(CRASH, "fail", "crashed, so the contradiction is not confirmed", id="a crash"),
    pytest.param({"outcome": "memory", "result": None}, "fail", "ended by its memory limit", id="out of memory"),
    pytest.param(None, "undecided", "was not measured again", id="not yet"),
]


@pytest.mark.parametrize(("again", "result", "says"), CONFIRMS)
def test_confirm_wants_the_contradiction_back(again: Any, result: str, says: str) -> None:
    runs = [run_of("measure-0", "9.9"), run_of("repeat-0", "9.9")]
    runs += [] if again is None else [run_of("confirm-0", again)]
    found = control_of("confirm", a_seal(), runs)
    assert (found.result, says in found.detail) == (result, True), found


def test_every_contradicted_metric_has_to_come_back() -> None:
    runs = [a_run("measure-0", {"score": 9.9, "count": 9}), a_run("repeat-0", {"score": 9.9, "count": 9})]
    half = control_of("confirm", TWO_METRICS, [*runs, a_run("confirm-0", {"score": 9.9, "count": 3})])
    assert (half.result, half.detail) == ("fail", "The confirming run does not contradict count.")
    assert result_of("confirm", TWO_METRICS, [*runs, a_run("confirm-0", {"score": 9.9, "count": 9})]) == "pass"


def test_a_confirmation_on_another_worker_says_so() -> None:
    runs = [run_of("measure-0", "9.9"), run_of("confirm-0", "9.9", worker="elsewhere:2")]
    assert "on another worker" in control_of("confirm", a_seal(), runs).detail


# --- rounding_flip and tolerance_flip --------------------------------------------------------------------------------

ROUNDING_FLIPS = [
    pytest.param(
        {"value": "8.65", "rule": "absolute", "tolerance": "0.1"},
        {"a": "77.0", "b": "68.3"},
        "warn",
        "between 8.6 and 8.8, of which 8.55 to 8.75",
        id="the upper part is outside",
    ),
    pytest.param(
        {"value": "8.75", "rule": "absolute", "tolerance": "0.1"},
        {"a": "77.0", "b": "68.3"},
        "warn",
        "between 8.6 and 8.8, of which 8.65 to 8.85",
        id="the lower part is outside",
    ),
    pytest.param(
        {"value": "8.7"}, {"a": "77.0", "b": "68.3"}, "warn", "between 8.6 and 8.8, of which 8.65 to 8.75", id="mixed"
    ),
    pytest.param({"value": "8.7"}, {"a": "77.00", "b": "68.30"}, "pass", "the same decision", id="one match"),
    pytest.param({"value": "9.9"}, {"a": "77.0", "b": "68.3"}, "pass", "the same decision", id="one contradiction"),
    pytest.param(
        {"value": "8.7", "rule": "relative", "tolerance": "5%"}, {"a": "77.0", "b": "68.3"}, "pass", "same", id="wide"
    ),
    pytest.param(
        {"value": None, "rule": "bounded", "low": "8.7"},
        {"a": "77.0", "b": "68.3"},
        "warn",
        "of which at least 8.7 is accepted",
        id="open",
    ),
    pytest.param({"value": "8.7", "rule": "exact"}, {"a": "77.0", "b": "68.3"}, "warn", "8.7 to 8.7", id="exact"),
]


@pytest.mark.parametrize(("expect", "values", "result", "says"), ROUNDING_FLIPS)
def test_rounding_flip_asks_whether_the_printed_inputs_allow_another_decision(
    expect: dict[str, Any], values: dict[str, str], result: str, says: str
) -> None:
    seal = a_formula_seal(an_expectation(**expect), None, **values)
    found = control_of("rounding_flip", seal, play(seal)[0])
    assert (found.result, says in found.detail) == (result, True), found


def test_a_formula_without_intervals_has_nothing_to_flip() -> None:
    seal = a_formula_seal()
    text = '{"variants": [{"name": "base", "metrics": {"score": {"value": "8.7"}}}]}'
    assert result_of("rounding_flip", seal, [a_run("measure-0", text)]) == "pass"


TOLERANCE_FLIPS = [
    pytest.param(
        {"rule": "relative", "tolerance": "5%"}, "9.1", "warn", "score turns at a tolerance of 0.0459771", id="loose"
    ),
    pytest.param(
        {"rule": "relative", "tolerance": "5%"}, "8.71", "pass", "turns at a tolerance of 0.00114943", id="close"
    ),
    pytest.param({"rule": "rounding"}, "9.9", "pass", "turns at a tolerance of 1.2", id="contradicted"),
    pytest.param({"rule": "exact"}, "8.7", "not_applicable", "No tolerance", id="exact"),
]


@pytest.mark.parametrize(("rule", "value", "result", "says"), TOLERANCE_FLIPS)
def test_tolerance_flip_says_where_the_decision_turns(rule: dict[str, Any], value: str, result: str, says: str) -> None:
    found = control_of("tolerance_flip", a_seal(a_claim(an_expectation(**rule))), [run_of("measure-0", value)])
    assert (found.result, says in found.detail) == (result, True), found


def test_the_loosest_match_is_shown_before_others() -> None:
    close, loose = a_comparison(metric="close"), a_comparison(metric="loose", code="MATCH_TOLERANCE", flips_at="2")
    assert "loose turns at a tolerance of 2" in tolerance_flip([close, loose]).detail
    assert tolerance_flip([close, loose]).result is ControlResult.WARN


def test_a_contradiction_is_shown_before_any_match() -> None:
    close, loose = a_comparison(metric="close"), a_comparison(metric="loose", code="MATCH_TOLERANCE", flips_at="2")
    wrong = a_comparison(metric="wrong", code="MISMATCH", match=False, flips_at="7")
    found = tolerance_flip([close, loose, wrong])
    assert (found.result, found.detail) == ("pass", "The decision on wrong turns at a tolerance of 7.")


def test_the_cells_of_a_table_are_attacked_as_values_of_their_own() -> None:
    """A formula's cell may turn within its inputs' rounding, and a ranking has no tolerance that could turn it."""
    table = Expectation(metric="t", rule=Rule.TABLE, cells={"a": "8.7", "b": "1.00"})
    order = Expectation(metric="r", rule=Rule.RANKING, order=("a", "b"))
    seal = a_formula_seal([table, order], {"a": "x - y", "b": "z - y"}, x="77.0", y="68.3", z="69.30")
    readings = Readings.of(seal, play(seal)[0])
    found = {item.name: item for item in judge(seal, play(seal)[0]).controls}
    assert [wanted.metric for wanted, _ in readings.pieces] == ["a", "b"]
    assert [item.table for _, item in readings.pieces] == ["t", "t"]
    assert found["rounding_flip"].result is ControlResult.WARN
    assert "a lies between 8.6 and 8.8" in found["rounding_flip"].detail
    assert "turns at a tolerance of 0" in found["tolerance_flip"].detail


def test_an_open_band_is_told_by_the_end_that_it_has() -> None:
    told = [controls_counterexample._ends(Band(low, high)) for low, high in ((None, Decimal(3)), (Decimal(1), None))]
    assert told == ["at most 3", "at least 1"]
