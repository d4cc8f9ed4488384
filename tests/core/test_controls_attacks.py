"""Controls with changes of their own: what an attack that succeeds looks like, and what an honest script does instead."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.core.attacks import Attacked, Contents, attacked
from app.core.controls import run_controls
from app.core.controls_catalogue import CATALOGUE
from app.core.literals import FILE_BYTES_MAX
from app.core.model import Claim, ControlResult, Derivation, Run, Seal
from app.core.perturb import Underivable
from app.core.readings import Readings
from app.core.verdict import confirmations, judge
from tests.core.builders import (
    a_bundle,
    a_claim,
    a_formula_seal,
    a_run,
    a_script,
    a_seal,
    a_spec,
    an_expectation,
    an_outcome,
    honest,
    play,
)

SCORES = b"language,score\nsw,8.1\nyo,9.0\nha,9.0\n"
SOURCE = b"import json\nvalue = 8.7\n"


def result_of(name: str, seal: Seal, runs: Sequence[Run]) -> tuple[str, str]:
    readings = Readings.of(seal, runs)
    comparisons = readings.comparisons(readings.measures)
    (found,) = [item for item in run_controls(readings, comparisons) if item.name == name]
    return found.result.value, found.detail


def own(key: str, value: Any, **changes: Any) -> Run:
    """Return a control's own run: a score, or None for a crash."""
    attack, _, variant = key.rpartition("-")
    derivation = {"target": "*", "variant": int(variant), "attack": attack, "values": changes.pop("values", ())}
    spec = a_spec(f"perturb-{key}", purpose="perturb", derivation=derivation)
    if isinstance(value, str):
        return a_run(spec, outcome=an_outcome("cancelled", limit="underivable", notes=(value,)), result=None)
    if value is None:
        return a_run(spec, outcome=an_outcome(exit_code=1), result=None)
    return a_run(spec, {"score": value}, outcome=an_outcome(**changes))


def perturbed(*values: float, position: int = 0, target: str = "scores.csv") -> list[Run]:
    return [
        a_run(a_spec(f"perturb-{position}-{at}", derivation={"target": target, "variant": at}), {"score": value})
        for at, value in enumerate(values, 1)
    ]


MEASURED = [a_run("measure-0", {"score": 8.7}), a_run("repeat-0", {"score": 8.7})]
REPLACED = {"notes": ("reproduce.py, line 2: 8.7 became 9.4",), "replaced": (("8.7", "9.4"),), "values": ("8.7",)}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_what_is_no_number_ends_no_control_in_an_error(name: str, value: float) -> None:
    """It has a reason code of its own; the attacks are judged all the same, whatever they came to."""
    runs = [a_run("measure-0", {"score": value}), a_run("repeat-0", {"score": value}), *perturbed(12.0, 8.7)]
    own_runs = [own(f"{attack}-1", 8.7) for attack in ("looked_up", "hardcoded", "recognised", "anchored", "typed")]
    assert result_of(name, a_seal(), [*runs, *own_runs, own("looked_up-2", 8.7)])[0] in set(ControlResult)


@pytest.mark.parametrize(
    ("value", "result", "says"),
    [
        pytest.param(9.4, "fail", "reproduce.py, line 2: 8.7 became 9.4, score went from 8.7 to 9.4", id="it follows"),
        pytest.param(9.41, "fail", "written in the script", id="with a little beside"),
        pytest.param(8.7, "pass", "leaves the result as it was", id="it stands"),
        pytest.param(9.1, "pass", "moves score elsewhere", id="it moves elsewhere"),
        pytest.param(8.0, "pass", "moves score elsewhere", id="it moves the other way"),
        pytest.param(None, "undecided", "crashed", id="it crashes"),
        pytest.param("nothing spells it", "pass", "Nothing spells it.", id="nothing was found"),
    ],
)
def test_a_result_that_becomes_the_replacement_is_hard_coded(value: Any, result: str, says: str) -> None:
    run = own("hardcoded-1", value, **(REPLACED if isinstance(value, float) else {}))
    assert result_of("hardcoded", a_seal(), [*MEASURED, *perturbed(12.0, 13.0), run])[0] == result
    assert says in result_of("hardcoded", a_seal(), [*MEASURED, *perturbed(12.0, 13.0), run])[1]


def test_a_number_that_only_lies_near_counts_where_nothing_else_moves_the_result() -> None:
    seal = a_seal(a_claim(an_expectation(rule="relative", tolerance="5%")))
    run = own("hardcoded-1", 9.2, notes=("line 2: 8.5 became 9.0",), replaced=(("8.5", "9.0"),), values=("8.7",))
    assert result_of("hardcoded", seal, [*MEASURED, *perturbed(8.75, 8.65), run])[0] == "fail"
    assert result_of("hardcoded", seal, [*MEASURED, *perturbed(12.0, 8.65), run])[0] == "pass"


@pytest.mark.parametrize(
    ("script", "value", "result"),
    [
        (a_script(), 8.7, "fail"),
        (a_script(), 9.0, "pass"),
        (a_script(), None, "pass"),
        (a_script(inputs=(), parameters={"n": 5}), 8.7, "warn"),
        (a_script(parameters={"n": 5}), 8.7, "fail"),
    ],
)
def test_a_result_without_inputs_is_worthless(script: Any, value: Any, result: str) -> None:
    seal = a_seal(a_claim(reproduce=script))
    assert result_of("empty_input", seal, [*MEASURED, own("empty_input-1", value)])[0] == result


def test_a_copied_cell_stands_still_twice_and_a_selected_one_does_not() -> None:
    looks = [own("looked_up-1", 8.7), own("looked_up-2", 8.7)]
    assert result_of("looked_up", a_seal(), [*MEASURED, *perturbed(12.0, 8.7), *looks])[0] == "fail"
    assert result_of("looked_up", a_seal(), [*MEASURED, *perturbed(8.7, 12.0), *looks])[0] == "pass"  # a count
    dust = [own("looked_up-1", 8.7004), own("looked_up-2", 8.6993)]
    assert result_of("looked_up", a_seal(), [*MEASURED, *perturbed(12.0, 8.7), *dust])[0] == "fail"
    looks[1] = own("looked_up-2", 3.0)
    assert "their order chooses it" in result_of("looked_up", a_seal(), [*MEASURED, *perturbed(12.0), *looks])[1]
    moved = [own("looked_up-1", 50.0)]
    assert "changing the others moves it" in result_of("looked_up", a_seal(), [*MEASURED, *perturbed(12.0), *moved])[1]
    assert result_of("looked_up", a_seal(), [*MEASURED, own("looked_up-1", None)])[0] == "pass"
    assert result_of("looked_up", a_seal(), [*MEASURED, own("looked_up-1", "no such cell")])[1] == "No such cell."


ECHO = a_script(inputs=(), parameters={"answer": 8.7, "on": True, "name": "x", "nothing": 0.0})


def echoing(inputs: Mapping[str, bytes], _: int) -> Any:
    return {"score": json.loads(inputs["parameters.json"])["answer"]}


def test_a_result_that_repeats_a_parameter_is_looked_up() -> None:
    seal = a_seal(a_claim(reproduce=ECHO))
    runs = play(seal, None, echoing)[0]
    assert result_of("looked_up", seal, runs) == (
        "fail",
        "score repeats parameters.answer whatever it says: looked up, not computed.",
    )
    other = play(seal, None, lambda inputs, _: {"score": 8.7 if echoing(inputs, 0)["score"] == 8.7 else 3.0})[0]
    assert result_of("looked_up", seal, other) == ("pass", "No parameter is repeated as the result.")
    percent = a_seal(a_claim(an_expectation("870"), reproduce=ECHO))
    runs = play(percent, None, lambda inputs, _: {"score": echoing(inputs, 0)["score"] * 100})[0]
    assert result_of("looked_up", percent, runs)[0] == "fail"


@pytest.mark.parametrize(
    ("values", "result"),
    [
        pytest.param((8.71,), "pass", id="it hardly moves"),
        pytest.param((12.0,), "warn", id="it jumps, and nobody looked again"),
        pytest.param((12.0, 12.0, 12.0), "fail", id="to the same under all"),
        pytest.param((12.0, 12.1, 12.05), "fail", id="nearly"),
        pytest.param((12.0, 12.0, 8.7), "warn", id="spelling leaves it"),
        pytest.param((12.0, 12.0, None), "warn", id="spelling crashes it"),
        pytest.param((12.0, 5.0, 12.0), "warn", id="to the other side the other way"),
        pytest.param((8.8, 8.8, 8.8), "fail", id="out of what is accepted, however near"),
        pytest.param((8.76, 8.64, 8.7), "pass", id="over the edge of what is accepted and back"),
        pytest.param((8.76, None, 8.7), "warn", id="over the edge, once"),
        pytest.param((8.74, 8.74, 8.74), "pass", id="within what is accepted"),
        pytest.param((None,), "undecided", id="it crashes"),
    ],
)
def test_inputs_that_were_recognised_lead_to_one_other_value_once_touched(values: tuple[Any, ...], result: str) -> None:
    runs = [own(f"recognised-{at}", value) for at, value in enumerate(values, 1)]
    assert result_of("recognised", a_seal(), [*MEASURED, *runs])[0] == result


@pytest.mark.parametrize(
    ("values", "result"),
    [
        pytest.param(("ours",), "pass", id="it stays"),
        pytest.param(("base", "base", "base"), "fail", id="to the same under all"),
        pytest.param(("base", "base", "ours"), "warn", id="spelling leaves it"),
        pytest.param(("base", "other", "third"), "warn", id="a digest of the bytes"),
    ],
)
def test_a_label_can_be_ready_for_known_inputs_too(values: tuple[str, ...], result: str) -> None:
    seal = a_seal(a_claim(an_expectation("ours", "exact")))
    runs = [
        a_run(own(f"recognised-{at}", 1).spec, {"score": value}, outcome=an_outcome())
        for at, value in enumerate(values, 1)
    ]
    assert result_of("recognised", seal, [a_run("measure-0", {"score": "ours"}), *runs])[0] == result


LOOSE = a_seal(a_claim(an_expectation(rule="relative", tolerance="5%")))


@pytest.mark.parametrize(
    ("usual", "strong", "result"),
    [
        pytest.param((9.9, 8.7), (), "pass", id="a usual change leads out"),
        pytest.param((8.75, 8.65), (8.8, 8.9), "fail", id="nothing leads out"),
        pytest.param((8.75, 8.65), (8.8, 20.0), "pass", id="a strong change leads out"),
        pytest.param((8.75, 8.65), (None, 8.8), "undecided", id="one crashes"),
        pytest.param((8.75, 8.65), (None, 20.0), "pass", id="one crashes and the other leads out"),
        pytest.param((8.75, 8.65), (None, None), "undecided", id="both crash"),
    ],
)
def test_a_result_that_no_change_moves_far_is_anchored(usual: Any, strong: Any, result: str) -> None:
    runs = [*perturbed(*usual), *(own(f"anchored-{at}", value) for at, value in enumerate(strong, 1))]
    assert result_of("anchored", LOOSE, [*MEASURED, *runs])[0] == result


@pytest.mark.parametrize(
    ("values", "result"),
    [(("none",) * 2, "not_applicable"), ((8.71, 8.69), "pass"), ((8.71, 8.9), "warn"), ((None, None), "undecided")],
)
def test_scripts_are_asked_about_rounding_by_samples(values: tuple[Any, ...], result: str) -> None:
    runs = [own(f"rounding_flip-{at}", value) for at, value in enumerate(values, 1)]
    assert result_of("rounding_flip", a_seal(), [*MEASURED, *runs])[0] == result


def test_a_contradiction_that_the_printed_digits_of_the_inputs_undo_is_none_and_asks_for_no_confirmation() -> None:
    runs = [a_run("measure-0", {"score": 8.8}), a_run("repeat-0", {"score": 8.8}), *perturbed(12.0, 13.0)]
    assert [spec.key for spec in confirmations(Readings.of(a_seal(), runs))] == ["confirm-0"]
    runs += [own("rounding_flip-1", 8.72), own("rounding_flip-2", 8.8)]
    assert confirmations(Readings.of(a_seal(), runs)) == ()
    found = judge(a_seal(), runs)
    assert (found.status, found.reason_code, found.blame) == ("UNVERIFIED", "COARSE_CLAIM", "measurement")
    assert "8.72" in found.reason


def test_seeds_that_change_nothing_are_said() -> None:
    seal = a_seal(a_claim(reproduce=a_script(seeds=(0, 1))))
    first = a_run("measure-0", {"score": 8.7})
    same, other = (a_run(a_spec("measure-1", seed=1), {"score": score}) for score in (8.7, 8.72))
    assert result_of("seed_response", seal, [first, same])[0] == "warn"
    assert result_of("seed_response", seal, [first, other])[0] == "pass"
    assert result_of("seed_response", a_seal(), [first])[0] == "not_applicable"


@pytest.mark.parametrize("name", ["hardcoded", "empty_input", "looked_up", "recognised", "anchored"])
def test_what_does_not_apply_or_was_not_run_says_so(name: str) -> None:
    formula = a_formula_seal()
    assert result_of(name, formula, play(formula)[0])[0] == ControlResult.NOT_APPLICABLE
    found = result_of(name, LOOSE, [*MEASURED, *perturbed(8.75, 8.65)])
    assert found[0] == ControlResult.UNDECIDED
    assert name in CATALOGUE


# --- what is changed -------------------------------------------------------------------------------------------------

CONTENTS = Contents({"scores.csv": SCORES}, {"reproduce.py": SOURCE}, {"n": 500})


def change(attack: str, variant: int = 1, contents: Contents = CONTENTS, claim: Claim | None = None) -> Any:
    values = ("8.7",) if attack == "hardcoded" else ("8.1",) if attack == "looked_up" else ()
    derivation = Derivation(target="*", variant=variant, attack=attack, values=values)
    return attacked("sha256:1", derivation, claim or a_claim(), contents)


def test_each_attack_changes_its_own_part() -> None:
    found = change("hardcoded")
    assert isinstance(found, Attacked)
    assert found.contents.others["reproduce.py"] != SOURCE
    assert found.summary.startswith("reproduce.py, line 2: 8.7 became ")
    assert found.replaced[0][0] == "8.7"
    assert found.contents.inputs == CONTENTS.inputs
    empty = change("empty_input")
    assert (empty.contents.inputs, empty.contents.parameters) == ({}, None)
    assert empty.summary == "without scores.csv, the parameters"
    assert b",8.1\n" in change("looked_up").contents.inputs["scores.csv"]
    for attack, variant in (
        ("recognised", 1),
        ("recognised", 3),
        ("rounding_flip", 2),
        ("anchored", 1),
        ("anchored", 2),
    ):
        found = change(attack, variant)
        assert found.contents.inputs["scores.csv"] != SCORES
        assert found.contents.others == CONTENTS.others
        assert found == change(attack, variant)
    assert change("anchored").contents.parameters["n"] < 10


def test_a_value_that_is_no_number_is_not_looked_for_in_the_script() -> None:
    contents = Contents({}, {"a.py": b"x = 5\n"}, None)
    derivation = Derivation(target="*", variant=1, attack="hardcoded", values=())
    found = attacked("sha256:1", derivation, a_claim(an_expectation(value="sw", rule="exact")), contents)
    assert isinstance(found, Underivable)
    assert "too common" in found.reason


@pytest.mark.parametrize("cell", ["81.0", "0.81", "8100", "0.0081", "16.2", "4.05", "-8.1", "91.9", "-7.1"])
def test_a_cell_that_gives_the_value_in_one_step_is_kept_and_the_others_are_not(cell: str) -> None:
    found = change("looked_up", contents=Contents({"a.csv": f"x,y\n55,{cell}\n66,77\n".encode()}, {}, None))
    assert isinstance(found, Attacked)
    lines = found.contents.inputs["a.csv"].decode().splitlines()
    assert lines[1].endswith(f",{cell}")
    assert not lines[1].startswith("55,")
    assert lines[2] != "66,77"


@pytest.mark.parametrize(("value", "cell"), [("8", "16"), ("8.1", "24.3"), ("8.1", "81.1")])
def test_a_digit_and_other_arithmetic_keep_no_cell(value: str, cell: str) -> None:
    derivation = Derivation(target="*", variant=1, attack="looked_up", values=(value,))
    contents = Contents({"a.csv": f"x,y\n55,{cell}\n66,77\n".encode()}, {}, None)
    assert isinstance(attacked("sha256:1", derivation, a_claim(an_expectation(value=value)), contents), Underivable)


@pytest.mark.parametrize(
    ("attack", "contents"),
    [
        ("hardcoded", Contents({}, {"a.py": b"x = 1\n", "b.txt": b"y"}, None)),
        ("looked_up", Contents({"a": b"8.1\n8.1\n"}, {}, None)),
        ("looked_up", Contents({"a": b"8.1\n9\n", "b": b"\xff"}, {}, None)),
        ("recognised", Contents({"a": b"\xff"}, {}, None)),
        ("rounding_flip", Contents({"a": b"1\n2\n"}, {}, None)),
        ("anchored", Contents({"a": b""}, {}, None)),
    ],
)
def test_what_has_nothing_to_change_says_so(attack: str, contents: Contents) -> None:
    assert isinstance(change(attack, contents=contents), Underivable)
    common = a_claim([an_expectation("7"), an_expectation("RemBERT", "exact", metric="best")])
    derivation = Derivation(target="*", variant=1, attack="hardcoded")
    assert isinstance(attacked("sha256:1", derivation, common, CONTENTS), Underivable)


BIG = b"#" * (FILE_BYTES_MAX + 1)
MANY = {f"m{number}.py": b"#" * (900 << 10) for number in range(6)}


@pytest.mark.parametrize(
    ("others", "clause"),
    [
        pytest.param({"a.py": b"x = 1\n"}, "", id="small ones are searched"),
        pytest.param({"a.py": b"x = 1\n", "w.bin": BIG}, "w.bin: too large to be searched", id="one is too large"),
        pytest.param(
            {"a.py": b"x\n", **MANY}, "m2.py, m3.py, m4.py and 1 more: too large to be searched", id="together"
        ),
        pytest.param({f"m{n}.txt": b"#" * (1 << 20) for n in range(16)}, "", id="texts have more room"),
    ],
)
def test_what_is_too_large_to_be_searched_is_named_and_leaves_the_control_open(
    others: dict[str, bytes], clause: str
) -> None:
    found = change("hardcoded", contents=Contents({}, others, None))
    assert isinstance(found, Underivable)
    assert found.reason.partition("; ")[2] == clause
    run = own("hardcoded-1", found.reason)
    seen = result_of("hardcoded", a_seal(), [*MEASURED, *perturbed(12.0, 13.0), run])[0]
    assert seen == ("undecided" if clause else "pass")


def test_a_number_replaced_beside_a_file_that_is_too_large_leaves_the_control_open() -> None:
    found = change("hardcoded", contents=Contents({}, {"reproduce.py": SOURCE, "w.bin": BIG}, None))
    assert isinstance(found, Attacked)
    assert found.contents.others["w.bin"] == BIG
    assert found.summary.endswith("; w.bin: too large to be searched")
    run = own("hardcoded-1", 8.7, notes=(found.summary,), replaced=found.replaced)
    assert result_of("hardcoded", a_seal(), [*MEASURED, *perturbed(12.0, 13.0), run])[0] == "undecided"


def test_programs_beyond_the_budget_are_left_as_they_are() -> None:
    program = b"import sys, inspect  # 8\nx = 3.25\n"
    others = {**{f"m{number}.py": program + b"#" * (900 << 10) for number in range(3)}, "a.py": program}
    for attack, variant in (("hardcoded", 2), ("typed", 1)):
        found = change(attack, variant, Contents({}, others, None))
        assert isinstance(found, Attacked)
        same = {path for path in others if found.contents.others[path] == others[path]}
        assert same == {"m2.py"}


def test_parameters_alone_are_moved_far() -> None:
    found = change("anchored", contents=Contents({}, {}, {"n": 500}))
    assert (found.summary, found.contents.inputs) == ("parameters moved far", {})


def test_an_honest_script_passes_every_attack() -> None:
    runs = play(a_seal(), a_bundle(), honest)[0]
    for name in ("hardcoded", "empty_input", "input_response", "looked_up", "recognised", "anchored", "rounding_flip"):
        assert result_of(name, a_seal(), runs)[0] in {"pass", "not_applicable"}, name


def test_what_hardly_moves_fails_though_numbers_far_smaller_lead_out() -> None:
    seal = a_seal(a_claim(an_expectation(rule="relative", tolerance="20%")))
    runs = [*MEASURED, *perturbed(8.8, 8.6), own("anchored-1", 8.9), own("anchored-2", 8.5), own("anchored-3", 2.0)]
    assert "moves, but hardly" in result_of("anchored", seal, runs)[1]
    assert result_of("anchored", seal, runs)[0] == "fail"
    runs[-3] = own("anchored-1", 20.0)
    assert result_of("anchored", seal, runs)[0] == "pass"


@pytest.mark.parametrize(("turned", "result"), [(11.95, "fail"), (None, "pass")], ids=["it follows", "a crash"])
def test_what_is_held_in_place_has_to_follow_every_step_elsewhere(turned: float | None, result: str) -> None:
    here = [own("recognised-1", 8.7), *(own(f"pinned-{variant}", 8.7) for variant in (1, 3, 5))]
    there = [own("pinned-2", 12.05), own("pinned-4", turned), own("pinned-6", 12.1)]
    assert result_of("pinned", a_seal(), [*MEASURED, *perturbed(12.0, 8.0), *here, *there])[0] == result
