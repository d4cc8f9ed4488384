"""The controls on a corpus of honest and cheating scripts: few false alarms, few misses; the box says the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.command import assay, lay
from tests.corpus.__main__ import PAGE, judge_all
from tests.corpus.bundles import FOLDER, cases, read_case
from tests.corpus.trial import Forks, Trial, attempt, sealed

FALSE_ALARMS_MAX = 0.015
MISSES_MAX = 0.05


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    """Judge the corpus under another seal than those of the page."""
    return judge_all(cases(), salt=1_000)


@pytest.mark.slow
@pytest.mark.parametrize(("honest", "most", "least_cases"), [(True, FALSE_ALARMS_MAX, 60), (False, MISSES_MAX, 70)])
def test_the_error_rates_stay_within_their_bounds(
    trials: list[Trial], *, honest: bool, most: float, least_cases: int
) -> None:
    mine = [trial for trial in trials if trial.case.honest is honest]
    wrong = [f"{trial.case.name}: {trial.judgement.reason}" for trial in mine if trial.wrong]
    assert len(mine) >= least_cases
    assert len(wrong) <= most * len(mine), wrong


def test_the_page_is_about_this_corpus() -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = {f"{'honest' if case.honest else 'cheating'}/{case.name}" for case in cases()}
    assert set(re.findall(r"^\| `((?:honest|cheating)/\w+)` \|", page, re.MULTILINE)) == names
    for honest in (True, False):
        files = sum(case.honest is honest for case in cases())
        assert re.search(rf"^\| {'honest' if honest else 'cheating'} \| {files} \|", page, re.MULTILINE)


def test_no_script_holds_its_own_header() -> None:
    """A header names the print; a script that could read it would be caught for the wrong reason."""
    for case in cases():
        assert "/// assay" not in case.script
        assert Path(case.entrypoint).suffix == ".py"


#: One of each kind of ending, executed by the real box as well.
IN_THE_BOX = ["honest/mean_of_column", "honest/monte_carlo_pi", "cheating/recognise_digest", "cheating/cell_echo"]


@pytest.mark.box
@pytest.mark.parametrize("name", IN_THE_BOX)
def test_the_box_comes_to_the_same_verdict(name: str, tmp_path: Path) -> None:
    folder, _, stem = name.partition("/")
    case = read_case(FOLDER / folder / f"{stem}.py", honest=folder == "honest")
    with Forks() as forks:
        trial = attempt(case, forks)
    bundle = lay(tmp_path / "bundle", sealed(case, trial.prints, 0)[1])
    done = assay("verify", bundle, "--json", home=tmp_path / "home")
    document = json.loads(done.stdout)
    if document["reason_code"] == "NO_ISOLATION":
        pytest.skip("this host seals no box")
    # The seal is another one, and so is the chance in every change; what fails does not depend on it.
    failed = {item["name"] for item in document["controls"] if item["result"] == "fail"}
    assert (document["status"], document["reason_code"]) == (trial.judgement.status, trial.judgement.reason_code)
    assert failed == {item.name for item in trial.judgement.controls if item.result == "fail"}
