"""`assay lint`: the same complaints as intake, the controls' own advice, and nothing is ever run."""

from __future__ import annotations

import json
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from app.settings import Settings
from cli.lint import ANY_SEAL, lint
from cli.main import run
from tests.api.bundles import CLAIM, SCRIPT, SCRIPT_CLAIM, formula_bundle, inside, script_bundle, tarred, zipped
from tests.cli.command import ROOT, assay, lay

if TYPE_CHECKING:
    from pathlib import Path

POLICY = Settings().policy({"python": ANY_SEAL})

SOURCED = CLAIM.replace("[[expect]]", 'quote = "A gains 8.7 points over B."\n[[expect]]', 1).replace(
    'source = "Table 1, A"\n', 'source = "Table 1, A"\ncell = { source = "t", row = "A", column = "score" }\n'
)
SOURCED = SOURCED.replace(
    'source = "Table 1, B"\n', 'source = "Table 1, B"\ncell = { source = "t", row = "B", column = "score" }\n'
)
SOURCED += '[[source]]\nid = "t"\ntitle = "Table 1"\nfile = "t.csv"\n[[source]]\nid = "p"\ntitle = "p"\nfile = "p.md"\n'
TABLE = b"name,score\nA,77.0\nB,68.3\n"
PAPER = b"# Results\n\nA gains 8.7 points over B.\n"


def sourced(claim: str = SOURCED, table: bytes = TABLE, paper: bytes = PAPER) -> dict[str, bytes]:
    return {"claim.toml": claim.encode(), "t.csv": table, "p.md": paper}


def advice(tmp_path: Path, files: dict[str, bytes]) -> list[tuple[str, str, str | None, str]]:
    """Return level, control, file and the text of its line for everything that a bundle is told."""
    found = lint(lay(tmp_path / "x", files), POLICY)
    assert not found.problems
    told = []
    for item in found.advice:
        assert item.problem.file is not None
        assert item.problem.line is not None
        row = files[item.problem.file].decode().splitlines()[item.problem.line - 1]
        told.append((item.level, item.problem.code, item.problem.file, row))
    return told


def test_a_grounded_claim_is_told_nothing(tmp_path: Path) -> None:
    assert advice(tmp_path, sourced()) == []


@pytest.mark.parametrize(
    ("files", "told"),
    [
        pytest.param(
            sourced(paper=b"Nothing of it.\n"),
            ("warning", "quote", "claim.toml", 'quote = "A gains 8.7 points over B."'),
            id="quote in no source",
        ),
        pytest.param(
            sourced(SOURCED.replace('value = "8.7"', 'value = "8.6"')),
            ("warning", "quote", "claim.toml", 'quote = "A gains 8.7 points over B."'),
            id="value not in the quote",
        ),
        pytest.param(
            sourced(table=TABLE.replace(b"68.3", b"68.4")),
            ("warning", "cells", "claim.toml", "[reproduce.values.b]"),
            id="cell that prints another number",
        ),
        pytest.param(formula_bundle(), ("note", "quote", "claim.toml", "[claim]"), id="no quote"),
        pytest.param(
            sourced(SOURCED.replace('row = "B"', 'row = "C"')),
            ("warning", "cells", "claim.toml", "[reproduce.values.b]"),
            id="row that is not there",
        ),
        pytest.param(
            formula_bundle(CLAIM.replace("A is 8.7 points above B", "77.0 - 68.3 = 8.4")),
            ("warning", "arithmetic", "claim.toml", "[claim]"),
            id="print that does not add up",
        ),
        pytest.param(
            script_bundle(SCRIPT_CLAIM.replace('inputs = ["scores.csv"]\n', "")),
            ("warning", "input_response", "claim.toml", "[reproduce]"),
            id="no inputs",
        ),
        pytest.param(
            {**script_bundle(), "scores.csv": b"\xff\xfe\x00"},
            ("warning", "input_response", "claim.toml", 'inputs = ["scores.csv"]'),
            id="input that no control can change",
        ),
        pytest.param(
            script_bundle(SCRIPT_CLAIM.replace('"6"', '"61.7"'), SCRIPT + "x = 0.617\n"),
            ("warning", "hardcoded", "reproduce.py", "x = 0.617"),
            id="printed value in the script",
        ),
        pytest.param(
            {**script_bundle(SCRIPT_CLAIM.replace('"6"', '"61.7"')), "data/notes.txt": b"\nit is 61.7\n"},
            ("warning", "hardcoded", "data/notes.txt", "it is 61.7"),
            id="printed value beside the script",
        ),
    ],
)
def test_what_a_control_will_say_is_said_before_at_its_line(
    tmp_path: Path, files: dict[str, bytes], told: tuple[str, ...]
) -> None:
    assert told in advice(tmp_path, files)


def test_inputs_and_sources_may_hold_the_printed_value(tmp_path: Path) -> None:
    files = script_bundle(SCRIPT_CLAIM.replace('"6"', '"61.7"'))
    found = advice(tmp_path, {**files, "scores.csv": b"61.7\n"})
    assert "hardcoded" not in {code for _, code, _, _ in found}


def test_the_examples_are_warned_of_what_their_verdicts_say_and_of_nothing_else() -> None:
    expected: dict[str, Any] = tomllib.loads((ROOT / "examples" / "expected.toml").read_text(encoding="utf-8"))
    warned = {
        name: {item.problem.code for item in lint(ROOT / "examples" / name, POLICY).advice if item.level == "warning"}
        for name in expected
    }
    found = {name: codes for name, codes in warned.items() if codes}
    assert found == {"altered-quote": {"quote"}, "other-cell": {"cells"}, "hard-coded": {"hardcoded"}}
    assert {expected[name]["status"] for name in found} == {"UNVERIFIED"}


# --- the command -----------------------------------------------------------------------------------------------------

Said = tuple[int, str, str]


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Said:
    monkeypatch.setattr(sys, "argv", ["assay", *map(str, arguments)])
    return int(run()), *capsys.readouterr()


def test_every_problem_of_a_refused_bundle_has_its_line_and_remedy_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = lay(tmp_path / "x", formula_bundle(CLAIM.replace('"8.7"', '"eight"') + "typo = 1\n"))
    code, out, err = said(monkeypatch, capsys, "lint", folder)
    assert (code, err) == (2, "")
    lines = out.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{folder}/claim.toml:") for line in lines)
    assert any(line.endswith("[unknown-key]") and ": error: " in line for line in lines)
    code, out, _ = said(monkeypatch, capsys, "lint", folder, "--json")
    document = json.loads(out)
    assert (code, document["claim"], document["advice"]) == (2, None, [])
    assert {item["code"] for item in document["problems"]} == {"unreadable-number", "unknown-key"}
    assert all(item["line"] and item["remedy"] for item in document["problems"])


@pytest.mark.parametrize(
    ("files", "strict", "code"),
    [
        (sourced(), True, 0),
        (formula_bundle(), True, 0),
        (sourced(paper=b"x"), False, 0),
        (sourced(paper=b"x"), True, 2),
    ],
    ids=["clean", "a note", "a warning", "a warning, strictly"],
)
def test_warnings_end_with_2_only_when_strict_and_notes_never(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    files: dict[str, bytes],
    code: int,
    *,
    strict: bool,
) -> None:
    folder = lay(tmp_path / "x", files)
    assert said(monkeypatch, capsys, "lint", folder, *(["--strict"] if strict else []))[0] == code


def test_a_folder_of_bundles_and_archives_are_read_alike(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lay(tmp_path / "all" / "one", sourced())
    lay(tmp_path / "all" / "two", formula_bundle())
    lay(tmp_path, {"a.tar.gz": tarred(sourced()), "b.zip": zipped(inside("x", sourced())), "c.zip": b"PK nonsense"})
    code, out, _ = said(monkeypatch, capsys, "lint", tmp_path / "all", tmp_path / "a.tar.gz", tmp_path / "b.zip")
    assert code == 0
    assert out.count(": note: ") == 2
    assert out.count("nothing to complain about") == 3
    code, out, _ = said(monkeypatch, capsys, "lint", tmp_path / "c.zip")
    assert (code, "[bad-archive]" in out) == (2, True)


def test_nothing_is_run_and_nothing_is_written(tmp_path: Path) -> None:
    """Not even a host that could make no box is needed."""
    evil = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    folder = lay(tmp_path / "x", {**script_bundle(script=evil + SCRIPT), "sitecustomize.py": evil.encode()})
    done = assay("lint", folder, home=tmp_path / "home", ASSAY_PYTHON="/nowhere")
    assert done.returncode == 0
    assert sorted(item.name for item in tmp_path.iterdir()) == ["x"]


IMPORTING = """\
import json, os
import numpy as np
from pandas.core import frame
from helpers.more import nothing
import beside
try:
    import torch
except ImportError:
    torch = None
print(os.environ["ASSAY_INPUT"])
"""


def test_a_module_that_the_environment_does_not_have_is_warned_of_with_a_way_out(tmp_path: Path) -> None:
    files = {**script_bundle(script=IMPORTING), "helpers/more.py": b"", "beside.py": b""}
    folder = lay(tmp_path / "x", files)
    built = {"python": frozenset[str](), "science": frozenset({"numpy"})}
    found = [item.problem for item in lint(folder, POLICY, built).advice if item.problem.code == "environment"]
    assert [(item.file, item.line, item.detail) for item in found] == [
        ("reproduce.py", 2, "`numpy` is not in the environment `python`"),
        ("reproduce.py", 3, "`pandas` is not in the environment `python`"),
    ]
    assert "name the environment science" in found[0].remedy
    assert "bring it with the bundle" in found[1].remedy
    assert not [item for item in lint(folder, POLICY).advice if item.problem.code == "environment"], "nothing is known"
    held = {"python": frozenset({"numpy", "pandas"})}
    assert not [item for item in lint(folder, POLICY, held).advice if item.problem.code == "environment"]


@pytest.mark.parametrize(
    ("script", "warned"), [("print(6)\n", True), (SCRIPT, False), ("x = 'ASSAY_RESULT'\n", False), ("(", True)]
)
def test_a_script_that_neither_reads_inputs_nor_leaves_a_result_is_warned_of(
    tmp_path: Path, script: str, *, warned: bool
) -> None:
    found = lint(lay(tmp_path / "x", script_bundle(script=script)), POLICY)
    assert not found.problems, "there are honest ways round, so it is accepted"
    assert ("result" in {item.problem.code for item in found.advice}) is warned
