"""What a stranger does with evidence: execute it again, hold a receipt against it, export it."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.core.canonical import canonical
from app.core.evidence import verify
from app.core.evidence_archive import unpack
from app.core.model import Blame, Status
from app.settings import Settings
from app.store import migrate
from cli import show
from cli.local import Local
from cli.rerun import differences
from cli.rerun import rerun as execute_again
from sandbox import Sandbox
from tests.api.bundles import SCRIPT_CLAIM, formula_bundle, script_bundle
from tests.cli.command import assay, lay
from tests.core.builders import KEY, SIGNER, a_comparison, a_judgement
from tests.core.test_evidence import resealed
from tests.core.test_evidence_receipt import ARCHIVE, receipt
from tests.store.house import House

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home in which its own key and that of the tests are trusted."""
    found = tmp_path_factory.mktemp("home")
    assay("keys", "generate", home=found)
    for pem in (assay("keys", "export", home=found).stdout, SIGNER.public.pem):
        (found / "judge.pem").write_text(pem)
        assert assay("keys", "trust", found / "judge.pem", home=found).returncode == 0
    return found


#: Claims 7, and its script computes 6.
FALSE = script_bundle(SCRIPT_CLAIM.replace('value = "6"', 'value = "7"'))


def evidence_of(bundle: dict[str, bytes], folder: Path, home: Path) -> bytes:
    """Verify a bundle and return its evidence."""
    done = assay("verify", lay(folder / "bundle", bundle), "--evidence", folder / "e", home=home)
    assert done.returncode in {0, 1, 3}, done.stderr
    return (folder / "e").read_bytes()


def rerun(archive: bytes, folder: Path, home: Path) -> tuple[int, Any]:
    """Check an archive and execute it again; returns the exit code and the JSON that was printed."""
    (folder / "archive").write_bytes(archive)
    done = assay("evidence", "verify", folder / "archive", "--rerun", "--json", home=home)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.box
@pytest.mark.parametrize("make", [formula_bundle, script_bundle])
def test_what_is_executed_again_comes_to_the_same(
    home: Path, tmp_path: Path, make: Callable[[], dict[str, bytes]]
) -> None:
    code, document = rerun(evidence_of(make(), tmp_path, home), tmp_path, home)
    assert (code, document["rerun"]["differences"]) == (0, [])
    assert document["rerun"]["environment"] == document["rerun"]["sealed_environment"]
    assert document["rerun"]["judgement"]["status"] == document["judgement"]["status"] == "VERIFIED"


def cheat(archive: bytes) -> bytes:
    """Return the archive that a dishonest judge would sign, who writes down what was claimed and not what was measured."""
    members = {name: data for name, data in unpack(archive).items() if "confirm" not in name}
    for name in members:
        if name.endswith("result.json"):
            members[name] = canonical({"total": json.loads(members[name])["total"] + 1})
    measured = str(json.loads(members["runs/measure-0/result.json"])["total"])
    for name, body in list(members.items()):
        run = json.loads(body) if name.endswith("run.json") else {}
        if run and (run["spec"]["derivation"] or {}).get("values"):
            run["spec"]["derivation"]["values"] = [measured]
            members[name] = canonical(run)
    run = json.loads(
        members["runs/perturb-rescaled-1/run.json"]
    )  # asked of what matches alone, and changes nothing here
    run["spec"] |= {"key": "perturb-typed-1", "derivation": run["spec"]["derivation"] | {"attack": "typed"}}
    run["outcome"]["notes"] = ["the script's text has no decimals that could be amounts"]
    members["runs/perturb-typed-1/run.json"] = canonical(run)
    verdict = json.loads(members["verdict.json"])
    derived = verify(resealed(members)).judgement
    assert derived is not None
    verdict["judgement"] = derived.model_dump(mode="json")
    return resealed({**members, "verdict.json": canonical(verdict)})


@pytest.mark.box
def test_results_that_were_made_up_are_contradicted_by_executing_them_again(home: Path, tmp_path: Path) -> None:
    """The signature holds and the verdict follows from the archived runs; that they never happened shows here alone."""
    archive = cheat(evidence_of(FALSE, tmp_path, home))
    assert verify(archive, [KEY]).findings == ()
    assert verify(archive, [KEY]).trusted
    code, document = rerun(archive, tmp_path, home)
    assert code == 1
    assert document["rerun"]["contradicted"]
    assert "total: 7 in the archive, 6 here" in document["rerun"]["differences"]


@pytest.mark.box
def test_another_environment_is_said_and_contradicts_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = cheat(evidence_of(FALSE, tmp_path, home))
    report = verify(archive, [KEY])
    assert report.judgement is not None
    settings = Settings(home=home)
    with Sandbox() as box:
        local = Local(settings, box)
        upgraded = replace(local.python, digest="sha256:" + "0" * 64)
        local.__dict__["python"] = upgraded  # as after an upgrade of this machine
        again = execute_again(local, archive, report.judgement, lambda *_: None)
    assert (again.environment, again.confirmed, again.contradicted) == (upgraded.digest, False, False)
    show.report(report, None, again)
    text = capsys.readouterr().out
    assert text.index("in another environment than the sealed one") < text.index("7 in the archive, 6 here")


@pytest.mark.box
def test_an_archive_that_does_not_hold_is_not_executed(home: Path, tmp_path: Path) -> None:
    members = unpack(evidence_of(script_bundle(), tmp_path, home))
    code, document = rerun(resealed({**members, "runs/measure-0/result.json": b"{}"}), tmp_path, home)
    assert (code, document["rerun"]) == (1, None)


BEFORE = a_judgement()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, []),
        (
            {"status": Status.FALSIFIED, "reason_code": "MISMATCH"},
            [
                "status: VERIFIED in the archive, FALSIFIED here",
                "reason_code: MATCH_EXACT in the archive, MISMATCH here",
            ],
        ),
        ({"comparisons": ()}, ["score: compared in the archive alone"]),
        ({"comparisons": (a_comparison(values=("8.8",)),)}, ["score: 8.7 in the archive, 8.8 here"]),
        (
            {"comparisons": (a_comparison(values=("8.7", "8.7")),)},
            ["score: 1 values in the archive, 2 here"],
        ),
        (
            {"comparisons": (a_comparison(), a_comparison(metric="f1", table="t"))},
            ["t.f1: compared here alone"],
        ),
        ({"blame": Blame.AUTHOR}, []),
    ],
)
def test_every_difference_is_a_sentence(changes: dict[str, Any], says: list[str]) -> None:
    assert differences(BEFORE, a_judgement(**changes)) == says


# --- receipts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "code", "says"),
    [
        (receipt(), 0, "who is trusted"),
        (receipt(None), 0, "no signed checkpoint says so yet"),
        (receipt(evidence="sha256:0"), 1, "the row of the ledger names another evidence than the archive"),
        (b"{}", 2, "unreadable: the receipt cannot be read"),
    ],
    ids=["signed", "unsigned", "another", "none"],
)
def test_a_receipt_is_checked_with_its_archive(tmp_path: Path, document: bytes, code: int, says: str) -> None:
    lay(tmp_path, {"e": ARCHIVE, "r": document, "k": SIGNER.public.pem.encode()})
    where = ("evidence", "verify", tmp_path / "e", "--key", tmp_path / "k", "--receipt", tmp_path / "r")
    done = assay(*where, home=tmp_path / "home")
    assert done.returncode == code, done.stderr
    assert says in done.stdout + done.stderr


def test_a_receipt_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    lay(tmp_path, {"e": ARCHIVE})
    done = assay("evidence", "verify", tmp_path / "e", "--receipt", tmp_path / "none", home=tmp_path)
    assert done.returncode == 2
    assert f"unreadable: {tmp_path / 'none'}: No such file" in done.stderr


# --- crates ----------------------------------------------------------------------------------------------------------


def test_an_archive_is_written_as_a_crate(tmp_path: Path) -> None:
    lay(tmp_path, {"e": ARCHIVE})
    for target in ("crate", "crate.zip", "again.zip"):
        done = assay("evidence", "export", tmp_path / "e", "--ro-crate", tmp_path / target, home=tmp_path)
        assert done.returncode == 0, done.stderr
    members = unpack(ARCHIVE)
    folder = tmp_path / "crate"
    written = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    described = json.loads(written.pop("ro-crate-metadata.json"))
    assert written == members
    assert {item["@id"] for item in described["@graph"]} >= set(members)
    with zipfile.ZipFile(tmp_path / "crate.zip") as crate:
        assert {name: crate.read(name) for name in crate.namelist() if name in members} == members
        assert json.loads(crate.read("ro-crate-metadata.json")) == described
    assert (tmp_path / "crate.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()


@pytest.mark.parametrize("target", ["folder", "file", "there.zip"])
def test_a_crate_is_never_written_over_something(tmp_path: Path, target: str) -> None:
    lay(tmp_path, {"e": ARCHIVE, "folder/x": b"kept", "file": b"kept", "there.zip": b"kept"})
    done = assay("evidence", "export", tmp_path / "e", "--ro-crate", tmp_path / target, home=tmp_path)
    assert done.returncode == 2
    assert "is there already" in done.stderr
    kept = tmp_path / target
    assert (kept / "x" if kept.is_dir() else kept).read_bytes() == b"kept"
    assert len(list((tmp_path / "folder").iterdir())) == 1


def test_an_archive_that_does_not_hold_gives_no_crate(tmp_path: Path) -> None:
    lay(tmp_path, {"e": resealed({**unpack(ARCHIVE), "runs/measure-0/result.json": b"{}"}), "n": b""})
    for name, code in (("e", 1), ("n", 2), ("missing", 2)):
        done = assay("evidence", "export", tmp_path / name, "--ro-crate", tmp_path / "crate", home=tmp_path)
        assert done.returncode == code
    assert not (tmp_path / "crate").exists()


# --- what operators are told -----------------------------------------------------------------------------------------


def told(home: Path) -> tuple[Any, str]:
    """Return what `assay doctor` says of stored evidence: as JSON, and the lines after those about the host."""
    document = json.loads(assay("doctor", "--json", home=home).stdout)["evidence"]
    return document, assay("doctor", home=home).stdout


def test_doctor_tells_of_stored_evidence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert told(home)[0] is None
    migrate.upgrade(f"sqlite:///{home / 'assay.db'}")
    house = House.open(f"sqlite:///{home / 'assay.db'}", home)
    try:
        house.verify()
        document, text = told(home)
        assert (document["audit"], document["alarms"]) == (None, [])
        assert document["keys_of_others"] == [SIGNER.public.id]  # the key of the tests is not in this home
        assert "no audit yet" in text
        assert "remedy: let `assay serve` run" in text
        assert f"the key {SIGNER.public.id} was published by a judge elsewhere" in text
        house.parts.blobs.path(str(house.scalar("SELECT evidence FROM verdict"))).unlink()
        while actions.audit(house.parts):
            pass
        document, text = told(home)
        assert [alarm["verdict_id"] for alarm in document["alarms"]] == [house.scalar("SELECT id FROM verdict")]
        assert document["audit"]["failed"] == 1
        assert "✗ ALARM since" in text
        house.change("DROP TRIGGER verdict_signed")
        assert "lacks the trigger verdict_signed" in told(home)[0]["fault"]
    finally:
        house.close()
