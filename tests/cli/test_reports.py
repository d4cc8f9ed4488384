"""JUnit, SARIF and summary: what a pipeline is told, from real verdicts, and what strangers' texts can do in it."""

from __future__ import annotations

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft4Validator

from app.core.codes import CONTRADICTIONS
from app.core.errors import Fault
from app.core.reasons import BLAME
from cli.errors import ServiceError, Unreachable
from cli.reports import Account, Case, Reports, case_of
from cli.reports.codes import KNOWN, gate_of
from cli.reports.junit import junit
from cli.reports.sarif import ROOT as SOURCE_ROOT
from cli.reports.sarif import sarif
from cli.reports.summary import BYTES_MAX, escaped, summary
from tests.api.bundles import CLAIM, formula_bundle, script_bundle, tarred
from tests.cli.command import assay, lay

VENDOR = Path(__file__).parent / "vendor"
SCHEMA = Draft4Validator(json.loads((VENDOR / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")))

TWO = CLAIM.replace(
    "[reproduce]\n",
    '# the second value\n[[expect]]\nmetric = "twice"\nvalue = "18.4"\nrule = "rounding"\n[reproduce]\n',
).replace('formula = "a - b"\n', 'formulas = { gain = "a - b", twice = "2 * (a - b)" }\n')
BUNDLES = {
    "good": formula_bundle(),
    "refused": formula_bundle(CLAIM.replace('"8.7"', '"eight"') + "typo = 1\n"),
    "two": formula_bundle(TWO),
    "crash": script_bundle(script="raise SystemExit(3)"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with four bundles and the reports of verifying them."""
    folder = tmp_path_factory.mktemp("reports")
    for name, files in BUNDLES.items():
        lay(folder / "claims" / name, files)
    options = ("--junit", folder / "j.xml", "--sarif", folder / "s.json", "--summary", folder / "m.md")
    done = assay("verify", folder / "claims", *options, home=folder / "home")
    assert done.returncode == 2, done.stderr
    return folder


def parsed(report: bytes) -> ET.Element:
    """Return the root of a report of ours."""
    return ET.fromstring(report)  # noqa: S314 - we wrote it


def line_in(text: bytes, part: str, nth: int = 1) -> int:
    """Return the line of the nth occurrence of a part."""
    return [number for number, row in enumerate(text.decode().splitlines(), 1) if part in row][nth - 1]


# --- what is written -------------------------------------------------------------------------------------------------


@pytest.mark.box
def test_junit_has_a_case_for_every_claim_with_its_own_ending(written: Path) -> None:
    (suite,) = parsed((written / "j.xml").read_bytes())
    found = {Path(case.attrib["file"]).parent.name: [item.tag for item in case][:-1] for case in suite}
    assert found == {"good": [], "refused": ["error"], "two": ["failure"], "crash": ["error"]}
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "2", "skipped": "0"}
    cases = {Path(case.attrib["file"]).parent.name: case for case in suite}
    assert cases["crash"][0].attrib["type"] == "CRASHED"
    assert cases["two"].attrib["name"] == "gain"
    assert cases["two"].attrib["line"] == str(line_in(BUNDLES["two"]["claim.toml"], "[[expect]]"))
    assert "twice: computed 17.4, expected 18.4" in (cases["two"][-1].text or "")


@pytest.mark.box
def test_sarif_fits_the_published_schema_and_points_at_the_line_that_claims_it(written: Path) -> None:
    document = json.loads((written / "s.json").read_text())
    assert [error.message for error in SCHEMA.iter_errors(document)] == []
    (log,) = document["runs"]
    places = {
        (Path(place["artifactLocation"]["uri"]).parent.name, result["ruleId"], place["region"]["startLine"])
        for result in log["results"]
        for place in (location["physicalLocation"] for location in result["locations"])
    }
    refused, two = BUNDLES["refused"]["claim.toml"], BUNDLES["two"]["claim.toml"]
    assert places == {
        ("two", "gate2/MISMATCH", line_in(two, "[[expect]]", 2)),
        ("crash", "gate2/CRASHED", line_in(BUNDLES["crash"]["claim.toml"], "[[expect]]")),
        ("refused", "intake/unreadable-number", line_in(refused, '"eight"')),
        ("refused", "intake/unknown-key", line_in(refused, "typo")),
    }
    rules = log["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in log["results"])
    assert {result["ruleId"]: result["level"] for result in log["results"]}["gate2/CRASHED"] == "warning"
    assert log["invocations"][0]["executionSuccessful"] is True


@pytest.mark.box
def test_the_summary_is_one_table_and_the_working_of_what_is_not_verified(written: Path) -> None:
    text = (written / "m.md").read_text(encoding="utf-8")
    assert text.startswith("## Assay: 1 FALSIFIED, 1 REFUSED, 1 UNVERIFIED, 1 VERIFIED\n")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 5
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)
    assert len(re.findall(r"^### ", text, re.MULTILINE)) == 3


def test_claims_of_one_name_are_told_apart_in_the_summary(tmp_path: Path) -> None:
    cases = [case_of(lay(tmp_path / name, formula_bundle()), document(), 0) for name in ("one", "two")]
    rows = [line.replace("\\", "") for line in summary(cases).splitlines() if line.startswith("| gain")]
    assert [f"gain ({tmp_path / name})" in row for name, row in zip(("one", "two"), rows, strict=True)] == [True, True]
    assert "| gain |" in summary(cases[:1])


@pytest.mark.box
def test_a_verified_claim_leaves_no_complaint_and_one_job_shares_its_summary(tmp_path: Path) -> None:
    folder = lay(tmp_path / "x", BUNDLES["good"])
    (tmp_path / "m.md").write_text("before\n")
    for _ in range(2):
        done = assay("verify", folder, "--sarif", tmp_path / "s", "--summary", tmp_path / "m.md", home=tmp_path / "h")
        assert done.returncode == 0
    assert json.loads((tmp_path / "s").read_text())["runs"][0]["results"] == []
    assert (tmp_path / "m.md").read_text(encoding="utf-8").startswith("before\n## Assay: 1 VERIFIED\n")
    assert (tmp_path / "m.md").read_text(encoding="utf-8").count("## Assay") == 2


@pytest.mark.parametrize("option", ["--junit", "--sarif", "--summary"])
def test_a_report_that_cannot_be_written_is_said_before_anything_runs(tmp_path: Path, option: str) -> None:
    for place in (tmp_path, tmp_path / "nowhere" / "report"):
        done = assay("verify", lay(tmp_path / "x", BUNDLES["good"]), option, place, home=tmp_path / "h")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{option} cannot be written to" in done.stderr


# --- cases that need no run ------------------------------------------------------------------------------------------


def document(status: str | None = None, **more: Any) -> dict[str, Any]:
    """Return what `assay verify --json` prints, of a fault unless told otherwise."""
    base: dict[str, Any] = dict.fromkeys(("outcome", "seal", "isolation", "reason_code", "blame"))
    lists: dict[str, Any] = {name: [] for name in ("comparisons", "controls", "runs")}
    return {"status": status, **base, **lists, "reason": "It could not.", **more}


def case(tmp_path: Path, claim: str = CLAIM, **more: Any) -> Case:
    return case_of(lay(tmp_path / "x", {"claim.toml": claim.encode()}), document(**more), 1.5)


def test_a_fault_is_no_result_but_a_notification_and_an_error(tmp_path: Path) -> None:
    found = case(tmp_path, reason_code="NO_ISOLATION", blame="service")
    log = sarif([found])
    assert not list(SCHEMA.iter_errors(log))
    assert log["runs"][0]["results"] == []
    (invocation,) = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "says nothing about the claim" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert parsed(junit([found]))[0][0][0].tag == "error"
    assert "1 FAULTED" in summary([found])


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"state": "cancelled"}, "CANCELLED"),
        ({"state": "faulted"}, "FAULTED"),
        ({"state": "running"}, "PENDING"),
        ({"problems": []}, "REFUSED"),
        ({"status": "VERIFIED", "state": "concluded"}, "VERIFIED"),
    ],
)
def test_what_has_no_verdict_has_a_word_for_why(tmp_path: Path, more: dict[str, Any], status: str) -> None:
    assert case(tmp_path, **more).status == status


@pytest.mark.parametrize(
    ("more", "tag", "message"),
    [
        ({"problems": []}, "error", "REFUSED: It could not."),
        ({"state": "running"}, "error", "PENDING: It could not."),
        ({"state": "cancelled"}, "skipped", "CANCELLED: It could not."),
        ({"state": "cancelled", "runs": [{}], "reason_code": "X"}, "error", "CANCELLED X: It could not."),
    ],
)
def test_only_what_was_cancelled_unbegun_is_skipped_and_a_status_is_said_once(
    tmp_path: Path, more: dict[str, Any], tag: str, message: str
) -> None:
    ending = parsed(junit([case(tmp_path, **more)]))[0][0][0]
    assert (ending.tag, ending.attrib["message"]) == (tag, message)


@pytest.mark.parametrize("place", ["empty", "nowhere"])
def test_a_search_that_is_refused_is_reported_all_the_same(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    reports = {name: tmp_path / name for name in ("junit", "sarif", "summary")}
    options = [item for name, path in reports.items() for item in (f"--{name}", path)]
    for command in (("verify",), ("submit", "--wait", "--url", "http://127.0.0.1:1")):
        done = assay(*command, tmp_path / place, *options, home=tmp_path / "h")
        assert (done.returncode, done.stdout) == (2, "")
        suite = parsed(reports["junit"].read_bytes())[0]
        assert (suite.attrib["tests"], suite.attrib["errors"], suite[0][0].tag) == ("1", "1", "error")
        log = json.loads(reports["sarif"].read_text())
        assert not list(SCHEMA.iter_errors(log))
        (result,) = log["runs"][0]["results"]
        assert result["ruleId"] == "intake/no-bundle"
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri == (tmp_path / place).as_uri()
        assert "## Assay: 1 REFUSED" in reports["summary"].read_text(encoding="utf-8")
        for path in reports.values():
            path.unlink()


@pytest.mark.parametrize("claim", ["", "= nonsense", "claim = 3\nexpect = 4", "a." * 80 + "b = 1", "\ufffd\x00"])
def test_a_claim_that_cannot_be_read_is_named_by_its_folder(tmp_path: Path, claim: str) -> None:
    found = case(tmp_path, claim, status="UNVERIFIED", reason_code="CRASHED")
    assert (found.name, found.line) == ("x", None)
    assert not list(SCHEMA.iter_errors(sarif([found])))
    assert parsed(junit([found]))[0][0].attrib["name"] == "x"


def test_an_archive_is_pointed_at_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, {"a b.tar.gz": tarred(formula_bundle())})
    found = case_of(Path("a b.tar.gz"), document("UNVERIFIED", reason_code="CRASHED"), 0)
    assert found.name == "gain"
    (result,) = sarif([found])["runs"][0]["results"]
    assert result["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "a%20b.tar.gz", "uriBaseId": SOURCE_ROOT}}}
    ]


def test_addresses_are_relative_to_the_checkout_where_they_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    inside = case_of(lay(Path("cl#aim"), formula_bundle()), document(), 0)
    assert inside.file() == "cl%23aim/claim.toml"
    here = lay(Path(), formula_bundle())
    assert case_of(here, document(), 0).file() == "claim.toml"
    outside = case_of(lay(tmp_path / "out", formula_bundle()), document(), 0)
    assert outside.file().startswith("file:///")


def test_an_alert_stays_the_same_when_its_claim_moves_in_the_file(tmp_path: Path) -> None:
    texts = (CLAIM, CLAIM.replace("[[expect]]", "\n\n[[expect]]"))
    found = [case(tmp_path, text, status="UNVERIFIED", reason_code="TIMEOUT") for text in texts]
    (one,), (other,) = (sarif([item])["runs"][0]["results"] for item in found)
    assert one["locations"] != other["locations"]
    assert one["partialFingerprints"] == other["partialFingerprints"]


def test_every_reason_code_has_a_rule_and_a_gate() -> None:
    assert KNOWN.keys() == BLAME.keys() | CONTRADICTIONS
    assert gate_of("UNTRACEABLE") == "gate1"
    assert gate_of("TAUTOLOGICAL") == gate_of("COINCIDENCE") == gate_of("NONDETERMINISTIC") == "gate3"
    assert {gate_of(code) for code in CONTRADICTIONS} == {"gate2"}


# --- texts of strangers ----------------------------------------------------------------------------------------------

HOSTILE = "a\x00\x1b[31m\ud800 ]]> & <script>x</script> | [l](http://e.example) ![p](x) `c` *b* \u202e # h"


def test_a_strangers_text_breaks_no_report(tmp_path: Path) -> None:
    comparison = {
        **dict.fromkeys(("unit", "expected", "low", "high", "tolerance", "table", "computed")),
        "metric": HOSTILE,
        "rule": "exact",
        "match": False,
        "code": "MISMATCH",
    }
    found = case(
        tmp_path, status="FALSIFIED", reason_code="MISMATCH", reason=HOSTILE + "\n" + HOSTILE, comparisons=[comparison]
    )
    case_element = parsed(junit([found]))[0][0]
    assert "<script>x</script> |" in (case_element[0].text or "")
    log = sarif([found])
    assert not list(SCHEMA.iter_errors(log))
    assert json.loads(json.dumps(log)) == log
    text = log["runs"][0]["results"][0]["message"]["text"]
    assert "\\[l\\](" in text


def test_markdown_of_a_stranger_is_shown_as_it_is() -> None:
    shown = escaped(HOSTILE)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "<" not in shown
    for sign in "[]`*|#!":
        assert re.search(rf"(?<!\\)\{sign}", shown) is None, sign
    assert "http\\://e\\.example" in shown
    assert escaped("two\nlines") == "two lines"
    assert len(escaped("x" * 999)) == 300


def test_a_summary_stays_below_what_a_code_host_takes(tmp_path: Path) -> None:
    many = [case(tmp_path, status="UNVERIFIED", reason_code="TIMEOUT", reason="é" * 250)] * 3_000
    text = summary(many)
    assert BYTES_MAX < len(text.encode()) + 2_000 < BYTES_MAX + 4_000
    assert "more parts, left out for their size" in text


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (KeyboardInterrupt(), "PENDING", "interrupted before the verdict"),
        (SystemExit(143), "PENDING", "interrupted before the verdict"),
        (TimeoutError("no verdict after 3 s"), "PENDING", "no verdict after 3 s"),
        (BrokenPipeError(), "PENDING", "went away"),
        (Unreachable("no service answers"), "FAULTED", "no service answers"),
        (OSError(28, "No space left on device", "x"), "FAULTED", "x: No space left on device"),
        (ServiceError(401, {"detail": "the key is not good"}), "UNSENT", "Set ASSAY_TOKEN to a key of this service"),
        (
            ServiceError(403, {"detail": "the key is not for this"}),
            "UNSENT",
            "Set ASSAY_TOKEN to a key that may do this",
        ),
        (ServiceError(503, {"detail": "the service is full"}), "FAULTED", "the service is full"),
        (Fault("lost", "the worker was lost", "try again"), "FAULTED", "the worker was lost. Try again."),
        (typer.BadParameter("no address"), "REFUSED", "no address"),
        (RuntimeError(), "FAULTED", "RuntimeError"),
    ],
    ids=repr,
)
def test_however_a_command_ends_its_reports_say_so(
    tmp_path: Path, error: BaseException, status: str, words: str
) -> None:
    paths = {name: tmp_path / name for name in ("junit", "sarif", "summary", "annotations")}
    done, waits, left = (case(tmp_path / name) for name in ("done", "waits", "left"))
    known = replace(done, document=document(status="VERIFIED", reason_code="MATCH", state="concluded"))
    waiting = replace(waits, document=document(state="running", reason="It is running."))
    account = Account([tmp_path], [Path(item.bundle) for item in (known, waiting, left)], [known, waiting])
    with pytest.raises(type(error)), Reports(**paths).however_it_ends(account):
        raise error
    assert [item.status for item in account.cases] == ["VERIFIED", "PENDING", status]
    reasons = [str(item.document["reason"]) for item in account.cases]
    assert words not in reasons[0]
    assert all(words in reason for reason in reasons[1:])
    assert reasons[1].startswith("It is running. ")
    suite = parsed(paths["junit"].read_bytes())[0]
    assert [item[0].tag for item in suite] == ["system-out", "error", "error"]
    log = json.loads(paths["sarif"].read_text(encoding="utf-8"))
    assert not list(SCHEMA.iter_errors(log))
    assert words in json.dumps(log)
    assert status in paths["summary"].read_text(encoding="utf-8")
    assert words in paths["annotations"].read_text(encoding="utf-8")


def test_a_refusal_is_named_in_the_summarys_table(tmp_path: Path) -> None:
    found = case(tmp_path, problems=[{"code": "unknown-key"}, {"code": "no-value"}, {"code": "unknown-key"}])
    row = next(line for line in summary([found]).splitlines() if line.startswith("| gain"))
    assert "unknown\\-key, no\\-value" in row


def test_nothing_is_written_that_was_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Reports().write([case(tmp_path / "y")])
    assert [item.name for item in tmp_path.iterdir()] == ["y"]


@pytest.mark.parametrize("name", ["sarif-schema-2.1.0.json", "github-actions.json", "gitlab-ci.json"])
def test_a_vendored_schema_is_the_one_that_its_readme_names(name: str) -> None:
    digest = hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()
    rows = [row for row in (VENDOR / "README.md").read_text(encoding="utf-8").splitlines() if f"`{name}`" in row]
    assert len(rows) == 1
    assert f"`{digest}`" in rows[0]
