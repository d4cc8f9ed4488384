"""`assay approve`: shows a statement and approves it, here or at a service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.core.canonical import digest
from tests.cli.command import assay
from tests.core.builders import a_bundle
from tests.core.proofs import CHALLENGE, THEOREM, proof_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_statement_is_shown_and_approved_on_this_machine(tmp_path: Path) -> None:
    bundle = written(tmp_path / "proof", proof_bundle(solution__lean=b"not written yet\n"))
    done = assay("approve", str(bundle), "--local", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert CHALLENGE.decode() in done.stderr
    found = json.loads(done.stdout)
    assert (found["challenge"], found["theorem"], found["imports"]) == (digest(CHALLENGE), THEOREM, ["Init"])
    assert found["approved_by"] == "local"
    again = assay("approve", str(bundle), "--local", "--json", home=tmp_path)
    assert json.loads(again.stdout) == found
    plain = assay("approve", str(bundle), "--local", home=tmp_path)
    assert plain.stdout.startswith(f"{found['id']}  {THEOREM} in {digest(CHALLENGE)}, approved by local")


def test_a_statement_cannot_steer_the_terminal_that_shows_it(tmp_path: Path) -> None:
    challenge = CHALLENGE + "-- \x1b[2J\u202e".encode()
    bundle = written(tmp_path / "proof", proof_bundle(challenge__lean=challenge))
    done = assay("approve", str(bundle), "--local", home=tmp_path)
    assert done.returncode == 0
    assert not {"\x1b", "\u202e"} & set(done.stderr)


def test_a_script_has_no_statement_to_approve(tmp_path: Path) -> None:
    bundle = written(tmp_path / "script", a_bundle())
    done = assay("approve", str(bundle), "--local", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "a script has no statement that could be approved" in done.stderr
    assert not (tmp_path / "assay.db").exists()


def test_a_proof_is_not_verified_where_no_checker_is_built(tmp_path: Path) -> None:
    bundle = written(tmp_path / "proof", proof_bundle())
    done = assay("verify", str(bundle), "--json", home=tmp_path)
    assert done.returncode == 2
    assert [item["code"] for item in json.loads(done.stdout)["problems"]] == ["unknown-environment"]
