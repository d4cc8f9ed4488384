"""A Metamath claim from a bundle to a signed verdict: approved, run in real boxes, judged, checked again and run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.core import evidence
from app.core.evidence_archive import read_json, unpack
from app.settings import Settings
from cli.local import Local
from cli.rerun import rerun
from sandbox import Sandbox
from sandbox.metamath import facts
from tests.cli.command import assay
from tests.core.builders import SIGNER
from tests.metamath.databases import CHALLENGE, PROOF, database

if TYPE_CHECKING:
    from cli.local import Verified

pytestmark = pytest.mark.box

CLAIM = b"""schema = "assay-claim-v1"
[claim]
id = "itself"
statement = "A term is itself"
[reproduce]
kind = "metamath"
challenge = "stated.mm"
solution = "proved.mm"
theorem = "th1"
"""


def written(folder: Path, solution: bytes) -> Path:
    folder.mkdir()
    for name, data in (("claim.toml", CLAIM), ("stated.mm", CHALLENGE), ("proved.mm", solution)):
        (folder / name).write_bytes(data)
    return folder


def approved(home: Path, bundle: Path) -> None:
    done = assay("approve", bundle, "--local", home=home)
    assert done.returncode == 0, done.stderr


def verified(home: Path, bundle: Path) -> Verified:
    settings = Settings(home=home)
    with Sandbox(minimum=settings.isolation) as box:
        return Local(settings, box, SIGNER).verify(bundle, lambda _, __: None)


@pytest.mark.parametrize(
    ("solution", "status", "code", "runs"),
    [
        (database(), "VERIFIED", "PROOF_ACCEPTED", 3),
        (database(PROOF.replace("a2", "a1", 1)), "FALSIFIED", "PROOF_REJECTED", 4),
        (database("?"), "UNVERIFIED", "PROOF_INCOMPLETE", 3),
        (database("tt tt cheat", before="cheat $a |- t = r $.\n"), "UNVERIFIED", "PROOF_AXIOM_FORBIDDEN", 3),
        (b"$[ set.mm $]", "UNVERIFIED", "IMPORT_DENIED", 2),
        (b"$c", "UNVERIFIED", "PROOF_NOT_COMPILED", 2),
    ],
)
def test_a_proof_ends_with_its_verdict_and_evidence_that_holds(
    tmp_path: Path, solution: bytes, status: str, code: str, runs: int
) -> None:
    bundle = written(tmp_path / "bundle", solution)
    approved(tmp_path, bundle)
    done = verified(tmp_path, bundle)
    found = done.document
    assert (found["status"], found["reason_code"], len(found["runs"])) == (status, code, runs), found["reason"]
    assert done.archive is not None
    report = evidence.verify(done.archive)
    assert report.ok, report.findings
    said = {
        "IMPORT_DENIED": "the solution includes set.mm, and a database stands in one file here",
        "PROOF_NOT_COMPILED": "line 1: ",
        "PROOF_REJECTED": "Read as a database, but both verifiers rejected ",  # nothing of it was compiled
    }
    assert said.get(code, "") in found["reason"]


def test_an_accepted_proof_names_both_verifiers_and_can_be_run_again(tmp_path: Path) -> None:
    bundle = written(tmp_path / "bundle", database())
    approved(tmp_path, bundle)
    done = verified(tmp_path, bundle)
    assert done.archive is not None
    version = facts()["proof"]["lean_version"]
    assert done.document["reason"] == (
        f"Metamath {version} (metamath) and assay 1 accepted every one of 8 declarations; th1 is the approved statement;"
        " axioms: those of the approved file."
    )
    axioms = next(item["detail"] for item in done.document["controls"] if item["name"] == "axioms")
    assert axioms == "The theorem depends on no axiom beyond those of the approved file."
    told = read_json(unpack(done.archive), "runs/replay-0/result.json")
    assert [item["name"] for item in told["kernels"]] == ["metamath", "assay"]
    before = evidence.verify(done.archive).judgement
    assert before is not None
    settings = Settings(home=tmp_path)
    with Sandbox(minimum=settings.isolation) as box:
        again = rerun(Local(settings, box), done.archive, before, lambda _, __: None)
    assert (again.confirmed, again.contradicted, again.differences) == (True, False, ())


def test_a_statement_that_nobody_approved_is_not_decided(tmp_path: Path) -> None:
    found = verified(tmp_path, written(tmp_path / "bundle", database())).document
    assert (found["status"], found["reason_code"]) == ("UNVERIFIED", "STATEMENT_NOT_APPROVED")


def test_its_claim_is_told_what_it_lacks(tmp_path: Path) -> None:
    bundle = written(tmp_path / "bundle", database())
    (bundle / "claim.toml").write_bytes(CLAIM.replace(b'"th1"', b'"th 1"').replace(b"proved.mm", b"stated.mm"))
    done = assay("lint", bundle, "--json", home=tmp_path)
    problems = {item["code"]: item["remedy"] for item in json.loads(done.stdout)["problems"]}
    assert problems["bad-name"] == 'write its label: theorem = "2p2e4"'
    assert problems["solution-is-challenge"] == "state the theorem in a file of its own, with `?`"
