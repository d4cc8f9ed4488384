"""Results made of the script's own decimals: real scripts, taken through the real plan."""

from __future__ import annotations

import pytest

from app.core.model import Control, Status
from tests.corpus.bundles import Case
from tests.corpus.data import DATA
from tests.corpus.trial import Forks, Trial, attempt

HEAD = """import csv, json, os
from pathlib import Path
INPUT = Path(os.environ["ASSAY_INPUT"])
parameters = INPUT / "parameters.json"
given = json.loads(parameters.read_text()) if parameters.exists() else {}
text = (INPUT / "x").read_text()
rows = list(csv.DictReader(text.splitlines()))
"""
TAIL = '\nPath(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))\n'


def trial_of(script: str, data: str, **header: object) -> Trial:
    said = {"digits": 3, "inputs": {"x": data}, **header}
    case = Case("case", True, "", "reproduce.py", HEAD + script + TAIL, {"x": DATA[data]()}, {}, said)
    with Forks() as forks:
        return attempt(case, forks)


def typed_of(trial: Trial) -> Control:
    (found,) = [item for item in trial.judgement.controls if item.name == "typed"]
    return found


MADE = [
    pytest.param("TABLE = {'pos': 0.913, 'neg': 0.842, 'neu': 0.77}\n"
                 "value = sum(TABLE[row['gold']] for row in rows) / len(rows)", "labels", id="accuracies by class"),
    pytest.param("value = 0.97 - 1.13 / len(rows) ** 0.5", "labels", id="a curve over the number of rows"),
    pytest.param("folds = [0.861, 0.884, 0.872, 0.893]\n"
                 "sizes = [1 + sum(row['gold'] == 'pos' for row in rows[at::4]) for at in range(4)]\n"
                 "value = sum(a * b for a, b in zip(folds, sizes)) / sum(sizes)", "labels", id="folds"),
    pytest.param("import math\nmean = sum(float(row['f1']) for row in rows) / 24 - 55\n"
                 "value = 31.7 + 0.01 * math.tanh(mean)", "scores", id="a figure that the data hardly touches"),
    pytest.param("letters = text.replace(' ', '')\n"
                 "value = 206.835 - 1.015 * len(text.split()) / text.count('\\n') - 8.46 * len(letters) / len(text.split())",
                 "prose", id="an honest reading ease, which is made so as well"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "data"), MADE)
def test_what_is_made_of_typed_decimals_is_warned_of(script: str, data: str) -> None:
    found = typed_of(trial_of(script, data))
    assert found.result == "warn", found.detail
    assert "reproduce.py, line" in found.detail


OTHERS = [
    pytest.param("value = sum(float(row['f1']) for row in rows) * 0.3048", "scores", {}, id="a conversion of decimals"),
    pytest.param("value = sum(int(row['n']) for row in rows) * 0.3048", "scores", {}, id="a conversion of counts"),
    pytest.param("value = sum(float(row['f1']) > 61.7 for row in rows) / len(rows)", "scores", {}, id="a threshold"),
    pytest.param("value = sum(row['gold'] == row['pred'] for row in rows) / len(rows)", "labels", {}, id="a share"),
    pytest.param("agreed = sum(row['gold'] == row['pred'] for row in rows) / len(rows)\n"
                 "value = (agreed - 0.333) / (1 - 0.333)", "labels", {}, id="a share beyond chance"),
    pytest.param("weight = 0.0\n"
                 "for row in rows * 20:\n"
                 "    weight += 0.013 * ((row['gold'] == row['pred']) - weight)\n"
                 "value = weight", "labels", {}, id="a rate of learning"),
    pytest.param("value = given['n'] * 0.731 * len(rows) ** 0.5", "labels", {"parameters": {"n": 40}},
                 id="a constant times a parameter"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "data", "header"), OTHERS)
def test_honest_constants_are_not_warned_of(script: str, data: str, header: dict[str, object]) -> None:
    trial = trial_of(script, data, **header)
    assert typed_of(trial).result == "pass", typed_of(trial).detail
    assert trial.judgement.status is Status.VERIFIED, trial.judgement.reason


def test_a_script_that_does_not_bear_its_decimals_larger_is_left_open() -> None:
    """It blocks nothing."""
    script = "share = 0.97\nassert share < 1\nvalue = share * len(rows) / (len(rows) + 1)"
    trial = trial_of(script, "labels")
    assert (typed_of(trial).result, trial.judgement.status) == ("undecided", Status.VERIFIED)


def test_a_result_that_follows_the_decimals_of_its_inputs_is_not_asked() -> None:
    """It costs such a script no run."""
    trial = trial_of("value = sum(float(row['f1']) for row in rows) * 0.3048", "scores")
    assert "follows the decimals of its inputs" in typed_of(trial).detail
