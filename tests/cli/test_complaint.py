"""A script that ends without a measurement: its own last words reach everybody who reads of the verdict."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from cli.reports import case_of
from cli.reports.sarif import MESSAGE_CHARACTERS_MAX, sarif
from tests.api.bundles import CLAIM, formula_bundle, script_bundle
from tests.cli.command import assay, lay

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.cli.served import Served

LACKING = "ModuleNotFoundError: No module named 'nowhere_to_be_had'"
HOSTILE = (
    "::error title=mine::VERIFIED",
    "```",
    "<b>&amp;[VERIFIED](https://evil.example)</b> @all",
    "\x1b[31m\u202ered",
)
#: More than is fetched of a log at once, so that its end is not in the first part of it.
SCRIPT = f"""import sys
for _ in range(6000): print('x' * 60, file=sys.stderr)
for line in {HOSTILE!r}: print(line, file=sys.stderr)
import nowhere_to_be_had
"""
FORMATS = ("junit", "sarif", "annotations", "summary")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return lay(tmp_path / "claims" / "lacking", script_bundle(script=SCRIPT))


def reported(folder: Path, *command: str | Path, home: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """Run a command with every report, which stand in a folder."""
    options = [item for name in FORMATS for item in (f"--{name}", folder / name)]
    done = assay(*command, *options, home=home)
    assert done.returncode == 3, done.stderr
    return done, {name: (folder / name).read_text(encoding="utf-8") for name in FORMATS}


def check(told: dict[str, str]) -> None:
    """Make sure that each report has the words, and that they mean nothing in it."""
    (suite,) = ET.fromstring(told["junit"])  # noqa: S314 - we wrote it
    (case,) = suite
    error, written = case.find("error"), case.findtext("system-err") or ""
    assert error is not None
    assert error.attrib["message"].endswith(LACKING)
    assert f"| {LACKING}" in (error.text or "")
    assert written.splitlines()[-1] == LACKING
    assert "?[31m?red" in written
    (result,) = json.loads(told["sarif"])["runs"][0]["results"]
    assert result["message"]["text"].endswith(f"\n| {LACKING}")
    (line,) = told["annotations"].splitlines()
    assert line.startswith("::warning title=gate2/CRASHED::")
    assert line.endswith(f"%0A| {LACKING}")
    blocks = MarkdownIt("gfm-like", {"linkify": False}).parse(told["summary"])
    (code,) = [block for block in blocks if block.type == "code_block"]
    assert code.content.splitlines()[-1] == f"| {LACKING}"
    assert "| ```" in code.content
    assert not [part for block in blocks for part in block.children or () if part.type in {"link_open", "html_inline"}]


@pytest.mark.box
def test_a_missing_module_is_named_in_every_report_of_a_local_verification(bundle: Path, tmp_path: Path) -> None:
    done, told = reported(tmp_path, "verify", bundle, home=tmp_path / "home")
    assert f"  | {LACKING}\n" in done.stderr
    check(told)


@pytest.mark.box
def test_a_service_s_verdict_names_it_as_well(served: Served, bundle: Path, tmp_path: Path) -> None:
    at = ("--url", served.url)
    done, told = reported(tmp_path, "submit", bundle, "--wait", *at, home=tmp_path / "home")
    assert f"  | {LACKING}\n" in done.stderr
    assert LACKING not in done.stdout
    check(told)
    verification = done.stdout.partition(":")[0]
    watched = assay("watch", verification, *at, home=tmp_path)
    assert f"  | {LACKING}\n" in watched.stderr
    last = json.loads(assay("watch", verification, "--json", *at, home=tmp_path).stdout.splitlines()[-1])
    assert [run["stderr"].splitlines()[-1] for run in last["runs"] if "stderr" in run] == [LACKING]


@pytest.mark.box
def test_who_measured_something_or_said_nothing_is_not_quoted(served: Served, tmp_path: Path) -> None:
    silent = lay(tmp_path / "silent", script_bundle(script="raise SystemExit(3)"))
    wrong = lay(tmp_path / "wrong", formula_bundle(CLAIM.replace('"8.7"', '"8.2"')))
    for folder, code in ((silent, 3), (wrong, 1)):
        done = assay("submit", folder, "--wait", "--url", served.url, home=tmp_path)
        assert done.returncode == code
        assert "last words" not in done.stdout + done.stderr


def a_run(key: str, stderr: str, exit_code: int | None = 0, kind: str = "exited") -> dict[str, Any]:
    return {"key": key, "outcome": {"kind": kind, "exit_code": exit_code}, "stderr": stderr}


def test_the_last_line_is_what_a_message_of_few_characters_keeps(tmp_path: Path) -> None:
    words = "\n".join(f"line {number} {'x' * 190}" for number in range(20))
    document = {"status": "UNVERIFIED", "reason_code": "TIMEOUT", "reason": "It took too long.", "blame": "author"}
    document |= {"seal": None, "comparisons": [], "controls": [], "runs": [a_run("measure", words, None, "timeout")]}
    (result,) = sarif([case_of(tmp_path, document, 1)])["runs"][0]["results"]
    text = result["message"]["text"]
    assert 600 < len(text) <= MESSAGE_CHARACTERS_MAX
    assert text.splitlines()[-1].startswith("| line 19 ")
    assert "line 9 " not in text
