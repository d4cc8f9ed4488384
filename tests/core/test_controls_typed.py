"""A result that is made of the script's own decimals: what each run has to say before it is warned of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app.core.attacks import attacked
from app.core.attacks_moves import REPLACED_MAX
from app.core.attacks_parts import NAMED_MAX, Attacked, Contents
from app.core.model import Derivation, Run, Seal
from app.core.perturb import Underivable
from app.core.plan import next_step
from app.core.verdict import judge
from tests.core.builders import (
    a_claim,
    a_formula_seal,
    a_run,
    a_script,
    a_seal,
    a_spec,
    an_expectation,
    an_outcome,
    play,
)
from tests.core.test_controls_attacks import MEASURED, own, perturbed, result_of
from tests.core.test_plan import own_after

NOTE = ("reproduce.py, line 2: 0.87 became 0.957",)
#: The runs that a result is asked with: decimals of the inputs, of the script, all numbers of the inputs.
STILL, FOLLOWED = own("rescaled-1", 8.7), own("typed-1", 9.57, notes=NOTE)
SEAL = a_seal()


def typed(*runs: Run, seal: Seal = SEAL) -> tuple[str, str]:
    return result_of("typed", seal, [*MEASURED, *perturbed(12.0, 8.0), *runs])


def parameter(value: float) -> Run:
    return a_run(a_spec("perturb-1-1", derivation={"target": "parameters.n", "variant": 1}), {"score": value})


@pytest.mark.parametrize(
    ("runs", "result", "said"),
    [
        pytest.param(
            [own("rescaled-1", 9.57), FOLLOWED], "pass", "follows the decimals of its inputs", id="it follows"
        ),
        pytest.param([STILL], "undecided", "were not scaled", id="not asked"),
        pytest.param([STILL, own("typed-1", "no decimals")], "pass", "No decimals.", id="none are typed"),
        pytest.param([STILL, own("typed-1", None)], "undecided", "gave no result", id="a crash"),
        pytest.param(
            [STILL, own("typed-1", 8.7)], "pass", "in no proportion", id="the script's decimals do not matter"
        ),
        pytest.param([STILL, own("typed-1", 9.2)], "pass", "in no proportion", id="they matter beside other things"),
        pytest.param([STILL, FOLLOWED], "warn", f"({NOTE[0]})", id="numbers of the inputs cannot be made larger"),
        pytest.param([STILL, own("typed-1", 9.56, notes=NOTE)], "warn", "a tenth larger", id="nearly a tenth"),
        pytest.param(
            [own("rescaled-1", "no decimals"), FOLLOWED], "warn", "a tenth larger", id="no decimals in the data"
        ),
        pytest.param([STILL, FOLLOWED, own("anchored-4", None)], "warn", "a tenth larger", id="far inputs crash it"),
        pytest.param(
            [STILL, FOLLOWED, own("anchored-4", 9.9)], "warn", "a tenth larger", id="far inputs hardly matter"
        ),
        pytest.param([STILL, FOLLOWED, own("anchored-4", 34.8)], "pass", "in no proportion", id="a conversion"),
        pytest.param([STILL, FOLLOWED, parameter(4.3)], "pass", "in no proportion", id="a parameter times a constant"),
        pytest.param([STILL, FOLLOWED, parameter(8.8)], "warn", "a tenth larger", id="a parameter that hardly matters"),
    ],
)
def test_each_run_has_its_say(runs: Sequence[Run], result: str, said: str) -> None:
    found = typed(*runs)
    assert found[0] == result
    assert said in found[1]


def test_a_label_is_in_no_proportion() -> None:
    text = a_run(FOLLOWED.spec, '{"score": "high"}', outcome=an_outcome(notes=NOTE))
    assert typed(STILL, text)[0] == "undecided"  # no result, where a number is printed
    label = a_seal(a_claim(an_expectation("high", "exact")))
    runs = [a_run(spec, '{"score": "high"}') for spec in ("measure-0", "repeat-0")]
    assert result_of("typed", label, [*runs, a_run(STILL.spec, '{"score": "high"}'), text])[0] == "pass"


def test_without_files_there_is_nothing_to_weigh() -> None:
    seal = a_seal(a_claim(reproduce=a_script(inputs=(), parameters={"n": 5})))
    assert result_of("typed", seal, MEASURED)[0] == "not_applicable"
    formula = a_formula_seal()
    (found,) = [item for item in judge(formula, play(formula)[0]).controls if item.name == "typed"]
    assert found.result == "not_applicable"


def test_a_value_of_zero_and_one_that_does_not_repeat_or_match_are_not_asked() -> None:
    assert typed(STILL, FOLLOWED, seal=a_seal(a_claim(an_expectation("9.9"))))[0] == "pass"
    zero = [a_run("measure-0", {"score": 0}), a_run("repeat-0", {"score": 0})]
    assert result_of("typed", SEAL, [*zero, own("rescaled-1", 0), own("typed-1", 0)])[0] == "pass"
    moved = [MEASURED[0], a_run("repeat-0", {"score": 8.71})]
    assert result_of("typed", SEAL, [*moved, STILL, FOLLOWED])[0] == "pass"


def asked(*changes: Any) -> list[str]:
    runs = [*MEASURED, *perturbed(9.0, 9.5), a_run("perturb-0-1-again", {"score": 9.0})]
    usual = [run for run in own_after(SEAL, runs) if run.spec.key not in {item.spec.key for item in changes}]
    step = next_step(SEAL, [*runs, *usual, *changes])
    return [spec.key for spec in step] if isinstance(step, tuple) else []


def test_the_runs_are_made_only_where_they_can_tell() -> None:
    assert asked(STILL) == ["perturb-typed-1"]
    assert "perturb-typed-1" not in asked(own("rescaled-1", 9.57))
    assert asked(STILL, FOLLOWED) == ["perturb-anchored-4"]
    assert "perturb-anchored-4" not in asked(STILL, own("typed-1", 8.7))


# --- what is changed -------------------------------------------------------------------------------------------------


def scaled(**files: bytes) -> Attacked | Underivable:
    others = {name.replace("__", "."): data for name, data in files.items()}
    contents = Contents({"scores.csv": b"x\n0.87\n"}, others, {"n": 0.87})
    return attacked("sha256:1", Derivation(target="*", variant=1, attack="typed"), a_claim(), contents)


def test_decimals_of_programs_alone_are_made_a_tenth_larger_and_named_with_their_lines() -> None:
    found = scaled(a__py=b"x = 1\ny = 0.87\n", b__py=b"z = 0.87 + 2.3\n", c__txt=b"w = 0.87\n", d__py=b"v = (\n")
    assert isinstance(found, Attacked)
    assert found.contents.others == {
        "a.py": b"x = 1\ny = 0.957\n",
        "b.py": b"z = 0.957 + 2.53\n",
        "c.txt": b"w = 0.87\n",
        "d.py": b"v = (\n",
    }
    assert (found.contents.inputs, found.contents.parameters) == ({"scores.csv": b"x\n0.87\n"}, {"n": 0.87})
    assert found.summary == (
        "a.py, line 2: 0.87 became 0.957; b.py, line 1: 0.87 became 0.957; b.py, line 1: 2.3 became 2.53"
    )
    assert found.replaced == (("0.87", "0.957"), ("2.3", "2.53"))


def test_of_many_decimals_few_are_named() -> None:
    found = scaled(a__py="".join(f"x = 20.{number:03}1\n" for number in range(100)).encode())
    assert isinstance(found, Attacked)
    assert found.summary.endswith(f"; and {100 - NAMED_MAX} more")
    assert found.summary.count("became") == NAMED_MAX
    assert len(found.replaced) == REPLACED_MAX
    assert b"20." not in found.contents.others["a.py"]


def test_a_script_without_decimals_says_so() -> None:
    found = scaled(a__py=b"x = 1\n", b__txt=b"0.87")
    assert isinstance(found, Underivable)
    assert found.reason == "the script's text has no decimals that could be amounts"
