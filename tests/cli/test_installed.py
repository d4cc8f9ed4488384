"""The action and the template from their first line to their last, as a runner of their own starts them.

Theory of operation. Nothing is there but a system's programs and Python: a home of its own, no Assay on PATH, none of our
settings. What a runner gives a job is set as it sets it. The action lies in a checkout of its own, as GitHub's runner puts
it; the template fetches its own. Both then install Assay from the package index, and verify what a change touches.

That takes minutes and an index, so it is done on CI, and where it is asked for: `ASSAY_TEST_INSTALL=1`.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.api.bundles import CLAIM, formula_bundle
from tests.cli.command import ROOT, lay
from tests.cli.test_changed import commit, git
from tests.cli.test_pipeline import ACTION, STEPS, TEMPLATE, VERIFY, WRONG, evaluated, junit_names

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [
    pytest.mark.box,
    pytest.mark.slow,
    pytest.mark.skipif(
        not {"CI", "ASSAY_TEST_INSTALL"} & os.environ.keys(),
        reason="installs from the package index: set ASSAY_TEST_INSTALL=1",
    ),
]

PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INSTALL_SECONDS = 900


class Runner:
    """A machine on which a job begins: a checkout with a true, a false and an untouched claim, and little else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        origin = folder / "origin"
        lay(origin / "claims" / "kept", formula_bundle(WRONG))
        git(folder, "init", "-q", str(origin))
        self.base = commit(origin)
        lay(origin / "claims" / "true", formula_bundle(CLAIM))
        lay(origin / "claims" / "false", formula_bundle(WRONG))
        self.head = commit(origin)
        self.checkout = folder / "work"
        git(folder, "clone", "-q", origin.as_uri(), str(self.checkout))
        for name in ("home", "temp"):
            (folder / name).mkdir()

    def environment(self, **more: str) -> dict[str, str]:
        """Return what every job has, with the way to the package index that this machine needs."""
        way = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        way |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        own = {"PATH": PROGRAMS, "HOME": str(self.folder / "home"), "LANG": "C.UTF-8", "CI": "true"}
        return {**way, **own, **more}

    def run(self, shell: list[str], script: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a script of a job, from a file as runners do."""
        file = self.folder / "temp" / "step.sh"
        file.write_text(script, encoding="utf-8")
        return subprocess.run(
            [*shell, str(file)],
            cwd=self.checkout,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    found = Runner(tmp_path)
    there = found.run(["sh"], "command -v assay", found.environment())
    assert there.returncode != 0, "a runner has no Assay before it installs it"
    return found


def test_the_action_installs_itself_and_annotates_what_does_not_hold(runner: Runner) -> None:
    action = runner.folder / "_actions" / "owner" / "assay" / "COMMIT"
    action.parent.mkdir(parents=True)
    git(runner.folder, "clone", "-q", "--depth", "1", ROOT.as_uri(), str(action))
    output, summary = runner.folder / "temp" / "output", runner.folder / "temp" / "summary"
    given = {
        "GITHUB_ACTION_PATH": str(action),
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_SHA": runner.head,
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_WORKSPACE": str(runner.checkout),
        "RUNNER_ENVIRONMENT": "self-hosted",  # settings of this machine stay as they are
        "RUNNER_OS": "Linux",
        "RUNNER_TEMP": str(runner.folder / "temp"),
    }
    known = {
        "github.action_path": str(action),
        "github.event.pull_request.base.sha": runner.base,
        "runner.temp": given["RUNNER_TEMP"],
        **{f"inputs.{name}": item["default"] for name, item in ACTION["inputs"].items()},
    }
    for step in STEPS.values():
        own = {name: evaluated(text, known) for name, text in step.get("env", {}).items()}
        done = runner.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail"], step["run"], runner.environment(**given, **own)
        )
        if step is not VERIFY:
            assert done.returncode == 0, done.stderr
            assert re.fullmatch(r"assay \S+", done.stdout.splitlines()[-1])
    assert done.returncode == 1, done.stdout + done.stderr
    told = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
    assert told["exit-code"] == "1"
    assert junit_names(told) == {"true": "system-out", "false": "failure"}
    assert Path(told["sarif"]).is_file()
    (line,) = [item for item in done.stdout.splitlines() if item.startswith("::error ")]
    assert line.startswith("::error file=claims/false/claim.toml,line=")
    assert "## Assay: 1 FALSIFIED, 1 VERIFIED" in summary.read_text(encoding="utf-8")
    assert git(runner.checkout, "status", "--porcelain") == ""


def test_the_template_fetches_and_installs_assay_and_leaves_its_artifacts(runner: Runner) -> None:
    job = TEMPLATE["assay"]
    place = {"/opt/assay": str(runner.folder / "opt"), "/tmp/assay-home": str(runner.folder / "assay-home")}

    def placed(text: str) -> str:
        for old, new in place.items():
            text = text.replace(old, new)
        return text

    of_gitlab = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": runner.base,
        "CI_COMMIT_SHA": runner.head,
        "CI_PROJECT_DIR": str(runner.checkout),
        "GITLAB_CI": "true",
        "ASSAY_SOURCE": ROOT.as_uri(),
        "ASSAY_REVISION": git(ROOT, "rev-parse", "HEAD"),
    }
    own = {
        name: re.sub(r"\$(\w+)", lambda match: of_gitlab[match[1]], placed(value))
        for name, value in job["variables"].items()
    }
    script = "\n".join(placed(line) for line in (*job["before_script"], *job["script"]))
    done = runner.run(["bash", "-eo", "pipefail"], script, runner.environment(**of_gitlab, **own))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "::" not in done.stdout
    report = runner.checkout / job["artifacts"]["reports"]["junit"]
    assert junit_names({"junit": str(report)}) == {"true": "system-out", "false": "failure"}
    assert (report.parent / "assay.sarif").is_file()
    assert "## Assay: 1 FALSIFIED, 1 VERIFIED" in (report.parent / "assay.md").read_text(encoding="utf-8")
