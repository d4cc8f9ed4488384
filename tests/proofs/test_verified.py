"""`assay approve` and `assay verify` with the real checker: from a bundle to a signed verdict that holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.core import evidence
from app.core.evidence_archive import read_json, unpack
from app.core.model import Run, Status
from app.core.seal import read_seal
from app.core.verdict import judge
from app.settings import Settings
from cli.local import Local
from sandbox import Sandbox
from tests.cli.command import assay
from tests.core.builders import SIGNER

if TYPE_CHECKING:
    from sandbox import Environment

pytestmark = [pytest.mark.box, pytest.mark.slow]

CLAIM = b"""schema = "assay-claim-v1"
[claim]
id = "sum-commutes"
statement = "Addition of natural numbers commutes"
[reproduce]
kind = "lean4"
challenge = "challenge.lean"
solution = "solution.lean"
theorem = "Paper.sum_comm"
"""
STATED = b"theorem Paper.sum_comm (a b : Nat) : a + b = b + a := "


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "proof"
    folder.mkdir()
    for name, data in (
        ("claim.toml", CLAIM),
        ("challenge.lean", STATED + b"sorry\n"),
        ("solution.lean", STATED + b"Nat.add_comm a b\n"),
    ):
        (folder / name).write_bytes(data)
    return folder


def test_an_approved_statement_with_a_true_proof_is_verified_where_the_checker_is_accepted(
    lean4: Environment, bundle: Path, tmp_path: Path
) -> None:
    folder = Path(lean4.site).parent.parent
    approved = assay("approve", bundle, "--local", home=tmp_path, ASSAY_ENVIRONMENTS=str(folder))
    assert approved.returncode == 0, approved.stderr
    settings = Settings(home=tmp_path, environments=folder, proof_assurance="test")
    with Sandbox(minimum=settings.isolation) as box:
        done = Local(settings, box, SIGNER).verify(bundle, lambda _, __: None)
    assert done.archive is not None, done.document
    found = done.document
    assert (found["status"], found["reason_code"]) == ("VERIFIED", "PROOF_ACCEPTED"), found["reason"]
    assert [run["key"] for run in found["runs"]] == ["prove-challenge", "prove-solution", "replay-0"]
    members = unpack(done.archive)
    report = evidence.verify(done.archive)
    assert report.ok, report.findings
    # The same runs where the operator asks for a checker in production.
    seal = read_seal(members["seal.json"])
    assert seal.proof is not None
    strict = seal.model_copy(update={"proof": seal.proof.model_copy(update={"accepts": "production"})})
    runs = [run_of(members, name) for name in members if name.endswith("/run.json")]
    judged = judge(strict, runs)
    assert (judged.status, judged.reason_code) == (Status.UNVERIFIED, "CHECKER_NOT_TRUSTED")


def run_of(members: dict[str, bytes], name: str) -> Run:
    document = read_json(members, name)
    document.pop("derived")
    result = members[name.replace("run.json", "result.json")].decode()
    return Run.model_validate({**document, "result": result})
