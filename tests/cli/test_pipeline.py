"""The action and GitLab's template: against their published schemas, and their script in clean checkouts of a repository."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema.validators import validator_for

from cli.reports import case_of
from cli.reports.annotations import LINES_MAX, workflow_commands
from tests.api.bundles import CLAIM, formula_bundle
from tests.cli.command import ROOT, environment, lay
from tests.cli.served import Served
from tests.cli.test_changed import commit, git
from tests.cli.test_reports import HOSTILE, SCHEMA, document, line_in
from tests.docs.pages import first_cells, section

if TYPE_CHECKING:
    from collections.abc import Mapping

VENDOR = Path(__file__).parent / "vendor"
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
TEMPLATE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "ci" / "gitlab.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
VERIFY = STEPS["Verify what changed"]
WRONG = CLAIM.replace('"8.7"', '"8.2"')
_EXPRESSION = re.compile(r"\$\{\{ (.+?) \}\}")


# --- the files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "schema"), [("action", "github-actions.json"), ("template", "gitlab-ci.json")])
def test_action_and_template_fit_their_published_schemas(file: str, schema: str) -> None:
    rules = json.loads((VENDOR / schema).read_text(encoding="utf-8"))
    checker = validator_for(rules)(rules)
    found = ACTION if file == "action" else TEMPLATE
    assert [error.message for error in checker.iter_errors(found)] == []
    assert list(checker.iter_errors({**found, "runs": {"using": "nonsense"}, "assay": {"script": 3}}))


def test_nothing_from_outside_is_put_into_a_script_and_no_action_of_others_is_used() -> None:
    assert all("${{" not in step["run"] for step in STEPS.values())
    assert all("uses" not in step for step in STEPS.values())
    told = " ".join(VERIFY["env"].values())
    assert {f"inputs.{name}" for name in ACTION["inputs"]} <= set(re.findall(r"inputs\.[\w-]+", told))


def test_every_script_is_one_for_its_shell() -> None:
    for step in STEPS.values():
        assert step["shell"] == "bash"
        subprocess.run(["bash", "-n", "-c", step["run"]], check=True)
    for line in (*TEMPLATE["assay"]["before_script"], *TEMPLATE["assay"]["script"]):
        subprocess.run(["sh", "-n", "-c", line], check=True)
    subprocess.run(["sh", "-n", ROOT / "deploy" / "ci" / "verify-changed.sh"], check=True)


def test_every_variable_that_is_set_is_one_that_the_script_reads() -> None:
    script = (ROOT / "deploy" / "ci" / "verify-changed.sh").read_text(encoding="utf-8")
    read = set(re.findall(r"\$\{?(ASSAY_\w+)", script)) | {"ASSAY_TOKEN", "ASSAY_HOME"}  # these the command reads
    assert set(VERIFY["env"]) <= read
    assert {name for name in TEMPLATE["assay"]["variables"] if name.startswith("ASSAY_")} <= read
    listed = set(re.findall(r"^#   (ASSAY_\w+)(?:, (ASSAY_\w+))?", script, re.MULTILINE))
    assert {name for pair in listed for name in pair if name} == read - {"ASSAY_HOME"}


@pytest.mark.parametrize("part", ["inputs", "outputs"])
def test_the_page_of_pipelines_lists_every_input_and_output_and_no_other(part: str) -> None:
    assert first_cells(section("docs/ci.md", f"### {part.title()}")) == set(ACTION[part])


# --- a pipeline ------------------------------------------------------------------------------------------------------


class Pipeline:
    """A repository with two claims and a change of one, and clean checkouts of it in which the action's step runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        origin = folder / "origin"
        lay(origin / "claims" / "kept", formula_bundle(WRONG))
        lay(origin / "claims" / "changed", formula_bundle())
        git(origin, "init", "-q")
        self.base = commit(origin, "base")
        self.origin = origin
        self.summary = folder / "summary.md"
        self.command = folder / "assay"
        self.command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli "$@"\n')
        self.command.chmod(0o755)

    def change(self, files: Mapping[str, bytes], place: str = "claims/changed") -> None:
        lay(self.origin / place, files)
        commit(self.origin, "change")

    def run(self, depth: int | None = None, **more: str) -> tuple[int, str, dict[str, str], Path]:
        """Check out and run the step; returns its exit code, what it printed, its outputs, and the checkout."""
        checkout = self.folder / "checkout"
        shutil.rmtree(checkout, ignore_errors=True)
        shallow = [] if depth is None else ["--depth", str(depth)]
        git(self.folder, "clone", "-q", *shallow, self.origin.as_uri(), str(checkout))
        known = {
            "github.action_path": str(ROOT),
            "runner.temp": str(self.folder / "temp"),
            "github.event.pull_request.base.sha": self.base,
            **{f"inputs.{name}": item["default"] for name, item in ACTION["inputs"].items()},
            **{name.replace("__", "."): value for name, value in more.items() if name.startswith("inputs__")},
        }
        own = {name: value for name, value in more.items() if not name.startswith("inputs__")}
        output = self.folder / "output"
        for path in (output, self.summary):
            path.unlink(missing_ok=True)
        (self.folder / "temp").mkdir(exist_ok=True)
        step = {name: evaluated(text, known) for name, text in VERIFY["env"].items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", VERIFY["run"]],
            cwd=checkout,
            env={
                **environment(self.folder / "home"),
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                **step,
                "ASSAY_COMMAND": str(self.command),
                **own,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        told = dict(line.split("=", 1) for line in output.read_text().splitlines()) if output.exists() else {}
        return done.returncode, done.stdout + done.stderr, told, checkout


def evaluated(text: str, known: Mapping[str, str]) -> str:
    """Return a text with its expressions as the runner would fill them in, as far as the action uses them."""
    return _EXPRESSION.sub(
        lambda match: next((found for part in match[1].split(" || ") if (found := _both(part.strip("()"), known))), ""),
        text,
    )


def _both(text: str, known: Mapping[str, str]) -> str:
    """Return what the last of some names joined by `&&` stands for; nothing when one of them stands for nothing."""
    values = [_not(known.get(name[1:], "")) if name[0] == "!" else known.get(name, "") for name in text.split(" && ")]
    return values[-1] if all(values) else ""


def _not(value: str) -> str:
    return "" if value == "true" else "true"


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path)


def junit_names(told: Mapping[str, str]) -> dict[str, str]:
    """Return the folder of each claim in a JUnit report and how it ended."""
    suite = ET.fromstring(Path(told["junit"]).read_bytes())[0]  # noqa: S314 - we wrote it
    return {Path(item.attrib["file"]).parent.name: item[0].tag for item in suite}


@pytest.mark.box
def test_only_the_changed_claim_is_verified_and_every_report_is_there(pipeline: Pipeline) -> None:
    pipeline.change(formula_bundle(CLAIM.replace("A is", "Today A is")))
    code, said, told, checkout = pipeline.run()
    assert code == 0, said
    assert told["exit-code"] == "0"
    assert junit_names(told) == {"changed": "system-out"}
    assert json.loads(Path(told["sarif"]).read_text())["runs"][0]["results"] == []
    assert "## Assay: 1 VERIFIED" in (pipeline.folder / "summary.md").read_text(encoding="utf-8")
    assert git(checkout, "status", "--porcelain") == ""


@pytest.mark.box
def test_a_change_that_does_not_hold_fails_and_is_annotated_on_its_line(pipeline: Pipeline) -> None:
    pipeline.change(formula_bundle(WRONG))
    code, said, told, _ = pipeline.run()
    assert (code, told["exit-code"]) == (1, "1")
    assert junit_names(told) == {"changed": "failure"}
    line = line_in(WRONG.encode(), "[[expect]]")
    *_, last = said.splitlines()
    assert last.startswith(f"::error file=claims/changed/claim.toml,line={line},title=gate2/MISMATCH::gain: ")


@pytest.mark.box
def test_without_a_base_everything_is_verified_and_nothing_changed_is_no_failure(pipeline: Pipeline) -> None:
    for base in ("0" * 40, ""):
        code, _, told, _ = pipeline.run(ASSAY_CI_BASE=base)
        assert (code, junit_names(told)) == (1, {"changed": "system-out", "kept": "failure"})
    code, said, told, _ = pipeline.run()
    assert (code, junit_names(told)) == (0, {})
    assert "no bundle changed" in said


@pytest.mark.parametrize(("forced", "base"), [("", "b" * 40), ("false", "b" * 40), ("true", "")])
def test_a_push_is_compared_with_what_it_came_upon_unless_it_was_forced(forced: str, base: str) -> None:
    known = {"github.event.before": "b" * 40, "github.event.forced": forced}
    assert evaluated(VERIFY["env"]["ASSAY_CI_BASE"], known) == base
    assert evaluated(VERIFY["env"]["ASSAY_CI_BASE"], {**known, "inputs.base": "main"}) == "main"


def test_after_a_forced_push_the_whole_history_has_not_what_was_before_and_the_remedy_says_what_helps(
    pipeline: Pipeline,
) -> None:
    pipeline.change(formula_bundle(CLAIM.replace("A is", "Today A is")))
    gone = git(pipeline.origin, "rev-parse", "HEAD").strip()
    git(pipeline.origin, "commit", "-q", "--amend", "-m", "another")
    code, said, _, _ = pipeline.run(ASSAY_CI_BASE=gone)
    assert code == 2
    assert "After a forced push that has it no more" in said
    assert "leave the base out" in said


def test_a_checkout_without_history_is_refused_and_reported(pipeline: Pipeline) -> None:
    pipeline.change(formula_bundle(CLAIM.replace("A is", "Today A is")))
    code, said, told, _ = pipeline.run(depth=1)
    assert (code, told["exit-code"]) == (2, "2")
    assert "check out with the whole history" in said
    assert 'errors="1"' in Path(told["junit"]).read_text()
    assert "::error title=intake/no-commit::" in said


@pytest.mark.box
@pytest.mark.parametrize(("mode", "code"), [("fail", 3), ("pass", 0), ("maybe", 2)])
def test_what_no_verdict_does_to_the_job_is_the_users_choice(pipeline: Pipeline, mode: str, code: int) -> None:
    script = {**formula_bundle(CLAIM.split("[reproduce]", maxsplit=1)[0] + SCRIPT_PART), "r.py": b"raise SystemExit(3)"}
    pipeline.change(script)
    found, _, told, _ = pipeline.run(inputs__unverified=mode)
    assert found == code
    assert told.get("exit-code") == ("2" if mode == "maybe" else "3")


SCRIPT_PART = '[reproduce]\nkind = "script"\nentrypoint = "r.py"\n'


@pytest.mark.box
def test_names_and_texts_of_a_change_are_neither_words_of_a_shell_nor_commands_of_the_runner(
    pipeline: Pipeline,
) -> None:
    for name in (
        "::error title=pwned::x",
        "$(touch pwned)",
        "`touch pwned`;touch pwned",
        "-x --evidence=pwned",
        "a\nb",
    ):
        pipeline.change(formula_bundle(WRONG), f"claims/{name}")
    pipeline.change(formula_bundle(WRONG), "::add-mask::x")
    code, said, _, checkout = pipeline.run()
    assert code == 1
    assert not list(pipeline.folder.rglob("pwned"))
    assert not (checkout / "pwned").exists()
    stop, *muted = said.splitlines()
    word = stop.removeprefix("::stop-commands::")
    assert re.fullmatch(r"[0-9a-f]{32}", word)
    after = muted[muted.index(f"::{word}::") + 1 :]
    assert all(re.match(r"::error file=[^:]+,line=\d+,title=gate2/MISMATCH::gain: ", line) for line in after)
    assert len(after) == 6


@pytest.mark.parametrize("kind", ["folder", "above", "absolute", "file"])
def test_a_report_is_written_through_no_link_of_the_checkout(pipeline: Pipeline, kind: str) -> None:
    victim = pipeline.folder / "victim"
    reports = pipeline.origin / "reports"
    if kind != "file":
        victim.mkdir()
        reports.symlink_to(victim)
    else:
        victim.write_text("mine")
        reports.mkdir()
        (reports / "assay.sarif").symlink_to(victim)
    commit(pipeline.origin, "links")
    place = {"above": "reports/of/assay", "absolute": str(pipeline.folder / "checkout" / "reports" / "x")}
    code, said, told, _ = pipeline.run(ASSAY_CI_REPORTS=place.get(kind, "reports"))
    if kind != "file":
        assert (code, list(victim.iterdir()), told) == (2, [], {"exit-code": "2"})
        assert "is a link" in said
        assert "is a link" in pipeline.summary.read_text(encoding="utf-8")
    else:
        assert (code, victim.read_text()) == (0, "mine")


def test_a_folder_in_a_reports_place_is_refused_and_says_nothing_of_a_claim(pipeline: Pipeline) -> None:
    lay(pipeline.origin / "reports" / "assay.sarif", {"x": b""})
    commit(pipeline.origin, "a folder")
    code, said, _, _ = pipeline.run(ASSAY_CI_REPORTS="reports")
    assert code == 2
    assert "a folder stands where a report belongs" in said


@pytest.mark.box
def test_what_lies_above_the_checkout_may_be_a_link(pipeline: Pipeline) -> None:
    (pipeline.folder / "real").mkdir()
    (pipeline.folder / "link").symlink_to(pipeline.folder / "real")
    code, said, _, _ = pipeline.run(ASSAY_CI_REPORTS=str(pipeline.folder / "link" / "reports"))
    assert code == 0, said
    assert (pipeline.folder / "real" / "reports" / "assay.sarif").is_file()


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run"])
def test_an_event_that_gives_a_forks_change_our_secrets_is_refused(pipeline: Pipeline, event: str) -> None:
    code, said, told, _ = pipeline.run(GITHUB_EVENT_NAME=event)
    assert (code, told["exit-code"]) == (2, "2")
    assert f"not verified on {event}" in said
    assert_told(pipeline, said, told, f"not verified on {event}")


def assert_told(pipeline: Pipeline, said: str, told: Mapping[str, str], words: str, title: str = "Assay") -> None:
    """Assert that every report, the summary and an annotation say what happened."""
    suite = ET.fromstring(Path(told["junit"]).read_bytes())[0]  # noqa: S314 - we wrote it
    ending = suite[0][0]
    assert ending.tag == "error"
    assert words in ending.attrib["message"] + (ending.text or "")
    log = json.loads(Path(told["sarif"]).read_text(encoding="utf-8"))
    assert [error.message for error in SCHEMA.iter_errors(log)] == []
    assert words in json.dumps(log)
    assert words in pipeline.summary.read_text(encoding="utf-8").replace("\\", "")
    assert re.search(rf"^::error (?:.*,)?title={title}::.*{re.escape(words)}", said, re.MULTILINE)


def test_a_command_that_never_came_to_a_claim_is_told_all_the_same(pipeline: Pipeline) -> None:
    given = {"inputs__url": "http://127.0.0.1:1", "inputs__timeout": "soon"}
    code, said, told, _ = pipeline.run(**given)
    assert (code, told["exit-code"]) == (2, "2"), said
    assert_told(pipeline, said, told, "exit code 2 before it looked at a claim")
    pipeline.command.write_text("#!/bin/sh\nexit 0\n")
    code, said, told, _ = pipeline.run()
    assert (code, told["exit-code"]) == (5, "5"), said  # a job is not green over what wrote no report
    assert_told(pipeline, said, told, "exit code 5 before it looked at a claim")


def test_an_address_or_setting_that_is_wrong_is_told(pipeline: Pipeline) -> None:
    pipeline.change(formula_bundle(WRONG))
    for more, code, words, title in (
        ({"inputs__url": "example.org"}, 2, "is no address of a service", "intake/usage"),
        ({"inputs__url": "http://127.0.0.1:1"}, 5, "no service answers at", "service"),
        ({"ASSAY_PREPARED_BOXES": "many"}, 2, "a setting is wrong", "intake/usage"),
    ):
        found, said, told, _ = pipeline.run(**more)
        assert (found, told["exit-code"]) == (code, str(code)), said
        assert_told(pipeline, said, told, words, title)


@pytest.mark.box
def test_a_service_is_asked_where_one_is_named(pipeline: Pipeline, served: Served) -> None:
    made = subprocess.run(
        [str(pipeline.command), "keys", "create", "--publisher", "p"],
        env=environment(served.home),
        capture_output=True,
        text=True,
        check=True,
    )
    pipeline.change(formula_bundle(WRONG))
    code, said, told, _ = pipeline.run(inputs__url=served.url, inputs__token="assay_live_wrong")
    assert (code, told["exit-code"]) == (4, "4"), said
    assert_told(pipeline, said, told, "Set ASSAY_TOKEN to a key of this service", "service")
    assert "UNSENT" in pipeline.summary.read_text(encoding="utf-8")
    token = made.stdout.strip()
    code, said, told, _ = pipeline.run(inputs__url=served.url, inputs__token=token)
    assert (code, junit_names(told)) == (1, {"changed": "failure"}), said
    assert token not in said
    assert [item["claim"] for item in served.get("/v1/verdicts")["data"]] in ([], ["gain"])
    slow = {**formula_bundle(CLAIM.split("[reproduce]", maxsplit=1)[0] + SCRIPT_PART)}
    pipeline.change({**slow, "r.py": b"import time\ntime.sleep(5)"})
    code, _, told, _ = pipeline.run(inputs__url=served.url, inputs__token=token, inputs__timeout="0.2")
    assert (code, told["exit-code"], junit_names(told)) == (124, "124", {"changed": "error"})


@pytest.mark.box
def test_the_templates_script_does_the_same_without_a_runner_of_github(pipeline: Pipeline) -> None:
    pipeline.change(formula_bundle(WRONG))
    checkout = pipeline.folder / "checkout"
    git(pipeline.folder, "clone", "-q", pipeline.origin.as_uri(), str(checkout))
    given = {name: value for name, value in TEMPLATE["assay"]["variables"].items() if name.startswith("ASSAY_CI_")}
    given = {name: value.replace("$CI_MERGE_REQUEST_DIFF_BASE_SHA", pipeline.base) for name, value in given.items()}
    (line,) = TEMPLATE["assay"]["script"]
    done = subprocess.run(
        ["sh", "-ec", line.replace("/opt/assay", str(ROOT))],
        cwd=checkout,
        env={
            **{name: value for name, value in environment(pipeline.folder / "home").items() if "GITHUB" not in name},
            "ASSAY_COMMAND": str(pipeline.command),
            **given,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "::" not in done.stdout
    report = checkout / TEMPLATE["assay"]["artifacts"]["reports"]["junit"]
    assert junit_names({"junit": str(report)}) == {"changed": "failure"}
    assert report.parent.relative_to(checkout).as_posix() + "/" in TEMPLATE["assay"]["artifacts"]["paths"]
    assert "1 FALSIFIED" in (report.parent / "assay.md").read_text(encoding="utf-8")


# --- annotations -----------------------------------------------------------------------------------------------------


def test_a_strangers_text_stays_within_its_own_annotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = lay(Path("a,b:c%\n::warning ::x"), formula_bundle())
    found = case_of(folder, document("UNVERIFIED", reason_code="TIMEOUT", reason=HOSTILE + "\n::error::x\r100%"), 0)
    (line,) = workflow_commands([found]).splitlines()
    head, _, message = line.removeprefix("::").partition("::")
    assert head.startswith("warning file=a%2Cb%3Ac%25%0A%3A%3Awarning %3A%3Ax/claim.toml,line=")
    assert "%0A::error::x%0D100%25" in message
    assert all(sign.isprintable() for sign in line)
    assert "[l](" in message


def test_of_each_level_there_are_no_more_than_the_runner_shows(tmp_path: Path) -> None:
    case = case_of(lay(tmp_path / "x", formula_bundle()), document("UNVERIFIED", reason_code="TIMEOUT"), 0)
    fault = case_of(tmp_path / "x", document(reason_code="NO_ISOLATION"), 0)
    lines = workflow_commands([*[case] * 30, fault]).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::warning"] * LINES_MAX + ["::error"]
    assert lines[-1].startswith("::error title=service::gain: The service failed, which says nothing about the claim")
    assert workflow_commands([]) == ""
