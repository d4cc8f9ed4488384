"""A native Lean with comparator and a second kernel: a stand-in for both, of which Lean alone is real."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.core import evidence
from app.core.evidence_archive import unpack
from app.core.model import Status
from app.core.proof import read_replayed
from app.core.proof_readings import disagreement
from app.core.seal import read_seal
from app.core.verdict import judge
from app.settings import Settings
from cli.local import Local
from sandbox import Sandbox, SandboxFault, host_python
from sandbox.building import build
from sandbox.built import load
from sandbox.entries import fingerprint
from sandbox.native import recipe
from tests.cli.command import assay
from tests.core.builders import SIGNER
from tests.proofs.prover import MIB, Limits, Prover, case, export
from tests.proofs.stand_in import COMPARATOR, EXPORTER, MARK, NANODA, program, sources
from tests.proofs.test_verified import CLAIM, STATED, run_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Environment

pytestmark = [pytest.mark.box, pytest.mark.slow]

HERE = Path(__file__).parent
WRONG = f"""
set_option debug.skipKernelTC true

theorem {MARK} : 1 + 1 = 3 := by decide +kernel

theorem target : 1 + 1 = 3 := {MARK}
""".encode()


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    """Lend a folder that the users of boxes may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="assay-native-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def native(lean4: Environment, ground: Path) -> Environment:
    build(recipe(sources(ground / "host", lean4)), ground / "environments", host_python(), lambda _, __: None)
    return load(ground / "environments", "lean4-native", host_python())


@pytest.fixture(scope="module")
def native_prover(native: Environment) -> Iterator[Prover]:
    with Prover(native) as made:
        yield made


@pytest.fixture(scope="module")
def wrong(native_prover: Prover) -> tuple[bytes, bytes]:
    """Return the exports of a statement and of a proof of it that only a kernel sees through."""
    proof = json.dumps({"theorem": "target", "imports": []}).encode()
    stated = b"theorem target : 1 + 1 = 3 := by sorry\n"
    outcomes = [native_prover._run(0, "prove", proof, {"source.lean": data}, Limits())[0] for data in (stated, WRONG)]
    return export(outcomes[0]), export(outcomes[1])


def with_program(native: Environment, ground: Path, name: str, text: str, mode: str) -> Environment:
    """Return the environment with another program in the place of one."""
    site = ground / f"{name}-{mode.replace(' ', '-')}"
    shutil.copytree(native.site, site)
    (site / "programs" / name).unlink()
    program(site / "programs" / name, text, mode, native.interpreter)
    return replace(native, site=str(site), fingerprint=fingerprint(site))


def test_the_environment_says_what_was_found_and_what_it_is_worth(native: Environment) -> None:
    said = native.describe()["proof"]
    assert (said["backend"], said["assurance"], said["axioms_scope"]) == (
        "lean4-native",
        "test",
        "solution+direct-base",
    )
    assert said["lean_version"] == "4.28.0-pre"
    assert len(said["lean_commit"]) == 40
    assert said["targets"] == ["Nat", "Nat.add", "propext", "Quot.sound", "Classical.choice"]  # as comparator asked
    assert {name: item["form"] for name, item in said["programs"].items()} == dict.fromkeys(
        ("lean", "lean4export", "comparator", "nanoda"), "script"
    )
    assert said["programs"]["lean4export"]["version"] == "3.1.0"
    assert said["programs"]["nanoda"]["version"] == "0.0.0-stand-in"


@pytest.mark.parametrize(
    "source",
    ["honest/evens", "honest/refuted", "attacks/own_axiom"],
)
def test_a_proof_ends_as_it_does_with_the_test_toolchain(native_prover: Prover, source: str) -> None:
    wanted = case(HERE / f"{source}.lean")
    found = native_prover.check(wanted.name, wanted.challenge, wanted.solution)
    assert found.code == wanted.expect, (found.prove, found.replay)
    kernels = {item["name"]: item["rejected"] for item in found.replay["kernels"]}
    if wanted.expect in {"PROOF_ACCEPTED", "COUNTEREXAMPLE"}:
        assert kernels == {"Lean": None, "comparator": None, "nanoda": None}
    else:  # nobody else is asked about what lacks more than a kernel's word
        assert list(kernels) == ["Lean"]


def test_a_wrong_proof_is_rejected_by_all(native_prover: Prover, wrong: tuple[bytes, bytes]) -> None:
    said = native_prover.replay("target", *wrong)
    assert said["rejected"]["name"].startswith(MARK)
    assert [item["rejected"] is not None for item in said["kernels"]] == [True, True, True]
    assert disagreement(read_replayed(json.dumps(said))) is None


def test_a_kernel_that_accepts_what_the_others_reject_decides_nothing(
    native: Environment, ground: Path, wrong: tuple[bytes, bytes]
) -> None:
    with Prover(with_program(native, ground, "comparator", COMPARATOR, "says yes")) as prover:
        said = prover.replay("target", *wrong)
    found = disagreement(read_replayed(json.dumps(said)))
    assert found is not None
    assert found.code == "KERNELS_DISAGREE"
    assert "comparator accepted every declaration, and Lean rejected" in found.what


def test_a_second_kernel_that_rejects_alone_decides_nothing(
    native: Environment, ground: Path, native_prover: Prover
) -> None:
    wanted = case(HERE / "honest/commutes.lean")
    with Prover(with_program(native, ground, "nanoda", NANODA, "says no")) as prover:
        said = prover.check(wanted.name, wanted.challenge, wanted.solution).replay
    found = disagreement(read_replayed(json.dumps(said)))
    assert found is not None
    assert found.code == "KERNELS_DISAGREE"
    assert said["rejected"] == {"name": "target", "message": "the types differ"}


def test_a_comparator_that_never_ends_is_ended(native: Environment, ground: Path, wrong: tuple[bytes, bytes]) -> None:
    with Prover(with_program(native, ground, "comparator", COMPARATOR, "never ends")) as prover:
        files = {"challenge.txt": wrong[0], "solution.txt": wrong[1]}
        proof = json.dumps({"theorem": "target", "imports": []}).encode()
        outcome, _ = prover._run(0, "replay", proof, files, Limits(cpu_ms=40_000, memory_bytes=3072 * MIB))
    assert (outcome.kind, outcome.clock) == ("timeout", "cpu")


def test_an_exporter_for_another_lean_is_refused_when_the_environment_is_built(
    lean4: Environment, native: Environment, ground: Path
) -> None:
    given = sources(ground / "other", lean4)
    other = EXPORTER.replace('COMMIT = ""', 'COMMIT = "0" * 40')
    program(given.exporter, other, python=lean4.interpreter)
    with pytest.raises(SandboxFault, match=r"lean4export was made for Lean 4\.28\.0-pre \(0{40}\)"):
        build(recipe(given), ground / "environments", host_python(), lambda _, __: None)
    assert load(ground / "environments", "lean4-native", host_python()).digest == native.digest


def test_a_kernel_that_accepts_anything_is_refused_when_the_environment_is_built(
    lean4: Environment, ground: Path
) -> None:
    given = sources(ground / "gullible", lean4)
    program(given.comparator, COMPARATOR, "says yes", lean4.interpreter)
    with pytest.raises(
        SandboxFault, match=r"a wrong proof was not rejected by all .*; comparator: yes; nanoda: the types"
    ):
        build(recipe(given), ground / "gullible/environments", host_python(), lambda _, __: None)
    assert not list((ground / "gullible/environments").glob("lean4-native*"))


def test_a_claim_is_verified_where_such_a_checker_may_decide(native: Environment, tmp_path: Path) -> None:
    folder = tmp_path / "proof"
    folder.mkdir()
    (folder / "claim.toml").write_bytes(CLAIM + b'environment = "lean4-native"\n')
    (folder / "challenge.lean").write_bytes(STATED + b"sorry\n")
    (folder / "solution.lean").write_bytes(STATED + b"Nat.add_comm a b\n")
    environments = Path(native.site).parents[1]
    approved = assay("approve", folder, "--local", home=tmp_path, ASSAY_ENVIRONMENTS=str(environments))
    assert approved.returncode == 0, approved.stderr
    settings = Settings(home=tmp_path, environments=environments, proof_assurance="test")
    with Sandbox(minimum=settings.isolation) as box:
        done = Local(settings, box, SIGNER).verify(folder, lambda _, __: None)
    assert done.archive is not None, done.document
    assert (done.document["status"], done.document["reason_code"]) == ("VERIFIED", "PROOF_ACCEPTED")
    comparator = native.describe()["proof"]["programs"]["comparator"]["version"]
    said = f"Lean 4.28.0-pre (lean4-native) and comparator {comparator} and nanoda 0.0.0-stand-in accepted every one of"
    assert said in done.document["reason"]
    report = evidence.verify(done.archive)
    assert report.ok, report.findings
    judged = {assurance: _judged(done.archive, assurance) for assurance in ("test", "production")}
    assert judged == {
        "test": (Status.UNVERIFIED, "CHECKER_NOT_TRUSTED"),
        "production": (Status.VERIFIED, "PROOF_ACCEPTED"),
    }


def _judged(archive: bytes, assurance: str) -> tuple[Status, str]:
    """Return how the same runs are judged in production, where the environment states an assurance."""
    members = unpack(archive)
    seal = read_seal(members["seal.json"])
    assert seal.proof is not None
    terms: dict[str, Any] = {"accepts": "production", "assurance": assurance}
    strict = seal.model_copy(update={"proof": seal.proof.model_copy(update=terms)})
    found = judge(strict, [run_of(members, name) for name in members if name.endswith("/run.json")])
    return found.status, str(found.reason_code)
