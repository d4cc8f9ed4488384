"""A proof's way through the service: approved, sealed, run, judged, and what the database keeps of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import evidence
from app.core.canonical import digest
from app.core.errors import Refusal
from app.store import approvals
from tests.core.builders import KEY, an_outcome
from tests.core.proofs import (
    MANIFEST,
    THEOREM,
    Boxes,
    a_proof_claim,
    proof_bundle,
    rejecting,
    replayed,
)
from tests.store.house import House
from tests.store.proving import approve, offering, run, verdict, verify


@pytest.fixture
def proving(house: House) -> House:
    """Return a service with a checker for tests, which it accepts."""
    return offering(house, proof_assurance="test")


# --- approvals -----------------------------------------------------------------------------------------------------------


def test_an_approval_is_kept_once_and_the_first_one_stands(house: House) -> None:
    first = approve(house, imports=["Init.Data", "Init"])
    again = approve(house, imports=["Init", "Init.Data"], by="key_2")
    assert again == first
    assert (first["approved_by"], first["imports"]) == ("key_1", ["Init", "Init.Data"])
    approve(house, theorem="Paper.other")
    with house.parts.store.read() as session:
        assert [item["theorem"] for item in approvals.listed(session, "demo")] == ["Paper.other", THEOREM]
        assert approvals.listed(session, "demo", digest(b"other")) == approvals.listed(session, "other") == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE approval SET created_at = '2020-01-01 00:00:00'", "DELETE FROM approval"],
)
def test_nobody_changes_when_a_statement_was_approved(house: House, statement: str) -> None:
    approve(house)
    with pytest.raises(IntegrityError, match="append-only"):
        house.change(statement)


@pytest.mark.parametrize(
    "changes",
    [
        {"challenge": digest(b"other")},
        {"theorem": "Paper.other"},
        {"imports": ["Init", "Lean"]},
        {"publisher": "other"},
    ],
)
def test_an_approval_of_something_else_approves_nothing(proving: House, changes: dict[str, Any]) -> None:
    approve(proving, **changes)
    verification_id = verify(proving)
    assert verdict(proving, verification_id) == ("UNVERIFIED", "STATEMENT_NOT_APPROVED", "author")
    assert len(proving.runs(verification_id, "done")) == 1


def test_an_approval_makes_another_seal_and_so_another_verification(proving: House) -> None:
    before = verify(proving)
    approve(proving)
    after = verify(proving)
    assert (verdict(proving, before)[1], verdict(proving, after)[1]) == ("STATEMENT_NOT_APPROVED", "PROOF_ACCEPTED")
    assert verify_again(proving) == after


def verify_again(house: House) -> str:
    return house.submit_files(proof_bundle()).verification_id


# --- verdicts ------------------------------------------------------------------------------------------------------------

NO = {"rejected": {"name": "cheat", "message": "no"}}
REJECTED: Boxes = {"replay-0": rejecting(), "confirm-0": rejecting()}


@pytest.mark.parametrize(
    ("boxes", "expected", "runs"),
    [
        ({}, ("VERIFIED", "PROOF_ACCEPTED", None), 3),
        (REJECTED, ("FALSIFIED", "PROOF_REJECTED", "author"), 4),
        (
            {"replay-0": rejecting(kernels=[{"name": "a", "version": "1"}, {**NO, "name": "b", "version": "1"}])},
            ("UNVERIFIED", "KERNELS_DISAGREE", "service"),
            3,
        ),
        ({"replay-0": replayed(sorry=True)}, ("UNVERIFIED", "PROOF_INCOMPLETE", "author"), 3),
        ({"prove-solution": an_outcome("memory", limit="memory")}, ("UNVERIFIED", "OOM", "resource"), 2),
        ({"replay-0": an_outcome(exit_code=9)}, ("UNVERIFIED", "PROOF_TOOLCHAIN_ERROR", "service"), 3),
    ],
)
def test_a_proof_goes_through_the_service_to_its_verdict(
    proving: House, boxes: Boxes, expected: tuple[str, str, str | None], runs: int
) -> None:
    approve(proving)
    verification_id = verify(proving, boxes)
    assert verdict(proving, verification_id) == expected
    assert len(proving.runs(verification_id, "done")) == runs
    archive = proving.parts.blobs.read(str(proving.scalar("SELECT evidence FROM verdict")))
    found = evidence.verify(archive, [KEY])
    assert (found.ok, found.trusted) == (True, True), found.findings


def test_in_production_a_checker_for_tests_decides_nothing(house: House) -> None:
    offering(house)
    approve(house)
    for boxes in ({}, REJECTED):
        verification_id = verify(house, boxes, force=True)
        assert verdict(house, verification_id) == ("UNVERIFIED", "CHECKER_NOT_TRUSTED", "service")


def test_a_revoked_checker_decides_nothing_and_runs_nothing(house: House) -> None:
    offering(house, proof_assurance="test", proof_revoked=[MANIFEST["lean_commit"]])
    approve(house)
    verification_id = verify(house)
    assert verdict(house, verification_id) == ("UNVERIFIED", "PROOF_TOOLCHAIN_ERROR", "service")
    assert house.heard.judged == [verification_id]
    assert house.count("run") == 0


def test_a_proof_without_an_environment_for_proofs_is_refused(house: House) -> None:
    with pytest.raises(Refusal) as caught:
        house.submit_files(proof_bundle())
    assert [item.code for item in caught.value.problems] == ["unknown-environment"]
    with pytest.raises(Refusal) as caught:
        house.submit_files(proof_bundle(a_proof_claim(environment="python")))
    assert [item.code for item in caught.value.problems] == ["no-checker"]


def test_the_database_refuses_a_proved_verdict_without_a_replay(proving: House) -> None:
    """Whatever the program believes: the judge is made to believe that everything was accepted."""
    approve(proving)
    verification_id = verify(proving)
    ran = "SELECT count(*) FROM run WHERE verification_id = :id AND purpose = 'replay'"
    assert proving.scalar(ran, id=verification_id) == 1
    submitted = proving.submit_files(proof_bundle(), force=True)
    for run_id in proving.runs(submitted.verification_id, "queued"):
        run(proving, run_id, {})
    for run_id in proving.runs(submitted.verification_id, "queued"):
        proving.change("UPDATE run SET state = 'cancelled' WHERE id = :id", id=run_id)
    proving.change("UPDATE verification SET state = 'concluding' WHERE id = :id", id=submitted.verification_id)
    copied = (
        "INSERT INTO verdict (id, verification_id, claim_id, claim_revision_id, revision, status, outcome, reason_code,"
        " reason, evidence, keyid, evaluated_at) SELECT 'vrd_x', w.id, v.claim_id, v.claim_revision_id, w.revision,"
        " v.status, v.outcome, v.reason_code, v.reason, v.evidence, v.keyid, v.evaluated_at FROM verdict v, verification w"
        " WHERE v.verification_id = :old AND w.id = :new"
    )
    findings = (
        "INSERT INTO comparison SELECT 'vrd_x', position, document FROM comparison",
        "INSERT INTO control (verdict_id, position, name, attacker, result, detail, cannot_prove)"
        " SELECT 'vrd_x', position, name, attacker, result, detail, cannot_prove FROM control",
    )
    with pytest.raises(IntegrityError, match="the runs that this status needs"):
        write(proving, (*findings, copied), old=verification_id, new=submitted.verification_id)


def write(house: House, statements: tuple[str, ...], **values: str) -> None:
    with house.parts.store.transaction() as session:
        for statement in statements:
            session.connection().execute(text(statement), values)


@pytest.mark.parametrize("code", ["CRASHED", "INTERNAL_ERROR"])
def test_no_other_verdict_lays_anything_on_the_service(proving: House, code: str) -> None:
    approve(proving)
    verification_id = verify(proving, {"replay-0": an_outcome(exit_code=9)})
    submitted = proving.submit_files(proof_bundle(), force=True)
    copied = (
        "INSERT INTO verdict (id, verification_id, claim_id, claim_revision_id, revision, status, outcome, reason_code,"
        " blame, reason, evidence, keyid, evaluated_at) SELECT 'vrd_x', w.id, v.claim_id, v.claim_revision_id, w.revision,"
        " v.status, v.outcome, :code, 'service', v.reason, v.evidence, v.keyid, v.evaluated_at FROM verdict v,"
        " verification w WHERE v.verification_id = :old AND w.id = :new"
    )
    for run_id in proving.runs(submitted.verification_id, "queued"):
        proving.change("UPDATE run SET state = 'cancelled' WHERE id = :id", id=run_id)
    proving.change("UPDATE verification SET state = 'concluding' WHERE id = :id", id=submitted.verification_id)
    with pytest.raises(IntegrityError, match="no_fault"):
        proving.change(copied, old=verification_id, new=submitted.verification_id, code=code)
