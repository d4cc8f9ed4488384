"""A result that is one parameter behind simple arithmetic, and honest results that only look like it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.core.controls import run_controls
from app.core.controls_parameters import on_a_line
from app.core.readings import Readings
from tests.core.builders import a_claim, a_script, a_seal, play

Given = Mapping[str, Any]
NUMBERS = {"n": 40, "x": 2.5}


def looked_up(parameters: Given, value: Callable[[Given], Any], *, inputs: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return what the control says of a script that reports a function of its parameters."""

    def program(files: Mapping[str, bytes], _: int) -> Any:
        given = json.loads(files["parameters.json"]) if "parameters.json" in files else dict(parameters)
        return {"score": value({**given, "files": files})}

    seal = a_seal(a_claim(reproduce=a_script(inputs=inputs, parameters=parameters)))
    readings = Readings.of(seal, play(seal, None, program)[0])
    found = run_controls(readings, readings.comparisons(readings.measures))
    return next((item.result.value, item.detail) for item in found if item.name == "looked_up")


@pytest.mark.parametrize(
    ("parameters", "value", "says"),
    [
        (NUMBERS, lambda given: given["n"] * 0.2175, "a multiple of parameters.n"),
        (NUMBERS, lambda given: -3 * given["x"], "a multiple of parameters.x"),
        (NUMBERS, lambda given: 348 / given["n"], "a constant divided by parameters.n"),
        (NUMBERS, lambda given: 3 * given["n"] - 111.3, "a constant and a multiple of parameters.n"),
        (NUMBERS, lambda given: given["n"] / 8 + 1e-9, "a constant and a multiple of parameters.n"),
        ({"text": "8.7"}, lambda given: float(given["text"]), "a number of parameters.text"),
        ({"text": "8.7"}, lambda given: -100 * float(given["text"]), "a number of parameters.text"),
        ({"each": [4, 87, 5]}, lambda given: given["each"][1] / 10, "a number of parameters.each"),
        (NUMBERS, lambda given: given["n"] - given["x"], "the sum of parameters.n and parameters.x"),
        (NUMBERS, lambda given: (given["n"] + given["x"]) / 100, "the sum of parameters.n and parameters.x"),
        ({"n": 40, "label": "", "on": True}, lambda given: given["n"] / 8, "a multiple of parameters.n"),
    ],
)
def test_simple_arithmetic_on_parameters_alone_is_no_computation(
    parameters: Given, value: Callable[[Given], Any], says: str
) -> None:
    result, detail = looked_up(parameters, value)
    assert result == "fail"
    assert says in detail


@pytest.mark.parametrize(
    ("parameters", "value"),
    [
        pytest.param(NUMBERS, lambda given: given["n"] * given["x"], id="a product of two"),
        pytest.param(NUMBERS, lambda given: 2 * given["n"] + given["x"], id="a sum with weights"),
        pytest.param(NUMBERS, lambda given: given["n"] + given["x"] + 1, id="a sum and a constant"),
        pytest.param(NUMBERS, lambda given: given["n"] + given["x"] ** 2 / 2.5, id="a sum at the sealed values alone"),
        pytest.param(NUMBERS, lambda given: given["n"] ** 2, id="a square"),
        pytest.param(NUMBERS, lambda given: given["n"] * 2**0.5, id="no simple constant"),
        pytest.param(NUMBERS, lambda given: 2**0.5 / given["n"], id="no simple constant above"),
        pytest.param(NUMBERS, lambda given: given["n"] * 2**0.5 + 1, id="a line with no simple slope"),
        pytest.param(NUMBERS, lambda given: max(given["n"], 10) * 3 + 1, id="a line that bends far away"),
        pytest.param(NUMBERS, lambda given: given["n"] and 0.0, id="zero"),
        pytest.param({"each": [4, 87, 5]}, lambda given: sum(given["each"]) / 3, id="a mean"),
        pytest.param(
            {"each": [4, 87, 5], "n": 9}, lambda given: given["each"][1] + given["n"], id="a list and another"
        ),
        pytest.param({"text": "queue"}, lambda given: sum(map(ord, given["text"][:2])), id="a text of no number"),
        pytest.param({"on": True}, lambda given: 8.7 if given["on"] else 3.0, id="a truth value"),
    ],
)
def test_what_is_computed_is_not_accused(parameters: Given, value: Callable[[Given], Any]) -> None:
    assert looked_up(parameters, value)[0] == "pass"


def test_an_input_that_moves_the_result_or_may_move_it_leaves_it_alone() -> None:
    def seen(given: Given) -> Any:
        return given["n"] * 3 + len(given["files"].get("scores.csv", b""))

    def crash(given: Given) -> Any:
        lines = given["files"].get("scores.csv", b"").splitlines()
        return given["n"] * 3 if lines[1:2] == [b"sw,8.1"] else int("no number")

    def unseen(given: Given) -> Any:
        return given["n"] * 3

    assert looked_up({"n": 40}, seen, inputs=("scores.csv",))[0] == "pass"
    assert looked_up({"n": 40}, unseen, inputs=("scores.csv",))[0] == "fail"
    assert looked_up({"n": 40}, crash, inputs=("scores.csv",))[0] != "fail"


def test_only_a_line_with_a_constant_asks_for_a_change_far_away() -> None:
    def lines(value: Callable[[Given], Any]) -> list[str]:
        def program(files: Mapping[str, bytes], _: int) -> Any:
            return {"score": value(json.loads(files.get("parameters.json", b'{"n": 40}')))}

        seal = a_seal(a_claim(reproduce=a_script(inputs=(), parameters={"n": 40})))
        runs = play(seal, None, program)[0]
        found = on_a_line(Readings.of(seal, runs))
        assert any(run.spec.key == "perturb-0-3" for run in runs) is bool(found)
        return found

    assert lines(lambda given: 3 * given["n"] + 1) == ["score"]
    assert lines(lambda given: 3 * given["n"]) == []
    assert lines(lambda given: given["n"] ** 2) == []
