"""Checkers that the operator believes no more: what they decided is judged anew, once, as a correction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from app import actions
from app.core import evidence
from app.core.model import RecordRef
from app.store import ledger as rows
from app.store import records
from app.store.tables import Record
from tests.core.builders import KEY
from tests.core.proofs import LEAN4, MANIFEST, Boxes, a_proof_claim, proof_bundle, rejecting
from tests.store.house import House
from tests.store.proving import approve, offering, verdict, verify
from tests.store.test_conclusion import gate, verdicts
from tests.store.test_outbox import endpoint, told

REJECTED: Boxes = {"replay-0": rejecting(), "confirm-0": rejecting()}
REVOKED = [MANIFEST["lean_commit"]]


@pytest.fixture
def proving(house: House) -> House:
    """Return a service that accepts a checker for tests, and an approved statement."""
    offering(house, proof_assurance="test")
    approve(house)
    return house


def bundle(**changes: str) -> dict[str, bytes]:
    """Return the files of the proof of a claim of the record `paper`."""
    claim = a_proof_claim().model_copy(update={"record": RecordRef(id="paper", title="A paper")})
    named = claim.claim.model_copy(update=changes)
    return proof_bundle(claim.model_copy(update={"claim": named}))


def revoking(house: House, **settings: Any) -> House:
    return offering(house, **{"proof_assurance": "test", "proof_revoked": REVOKED, **settings})


def reopened(house: House) -> list[str]:
    """Open again what is to be opened again, and let the judge conclude what it was asked for; returns verifications."""
    house.heard.judged.clear()
    actions.reopen(house.parts)
    for verification_id in house.heard.judged:
        assert actions.conclude(house.parts, verification_id) is not None
    return list(house.heard.judged)


@pytest.mark.parametrize(
    ("boxes", "status", "code"), [({}, "VERIFIED", "PROOF_ACCEPTED"), (REJECTED, "FALSIFIED", "PROOF_REJECTED")]
)
def test_what_a_revoked_checker_decided_becomes_undecided_and_stays_readable(
    proving: House, boxes: Boxes, status: str, code: str
) -> None:
    listening = endpoint(proving, events=["verdict.corrected"])
    before = verify(proving, boxes, bundle())
    assert gate(proving)["status"] == status
    (after,) = reopened(revoking(proving))
    assert verdict(proving, before)[:2] == (status, code)
    assert verdict(proving, after) == ("UNVERIFIED", "PROOF_TOOLCHAIN_ERROR", "service")
    assert proving.runs(after, "done") == []
    assert gate(proving)["status"] == "UNVERIFIED"
    old, new = verdicts(proving)
    with proving.parts.store.read() as session:
        known = records.gather(session, session.exec(select(Record)).one())
    (correction,) = known.corrections
    assert correction.previous == {"gate_verdict": {"status": status, "reason_code": code}}
    assert correction.affected_fields == ("gate_verdict",)
    assert f"{status} ({code}) became UNVERIFIED (PROOF_TOOLCHAIN_ERROR)" in correction.public_note
    assert [(item["status"], item["standing"]) for item in known.verdicts] == [(status, False), ("UNVERIFIED", True)]
    ((_, event),) = told(proving, listening)
    assert (event["verdict_id"], event["corrected_verdict_id"]) == (new.id, old.id)


def test_the_evidence_of_both_verdicts_holds_and_both_stand_in_the_ledger(proving: House) -> None:
    verify(proving, files=bundle())
    reopened(revoking(proving))
    for item, code in zip(verdicts(proving), ("PROOF_ACCEPTED", "PROOF_TOOLCHAIN_ERROR"), strict=True):
        found = evidence.verify(actions.read_evidence(proving.parts, item.id) or b"", [KEY])
        assert (found.ok, found.trusted, found.findings) == (True, True, ())
        assert found.judgement is not None
        assert found.judgement.reason_code == code
    with proving.parts.store.read() as session:
        kinds = [item["kind"] for item in rows.rows(session, 0, 100)]
    assert (kinds.count("verdict"), kinds.count("correction")) == (2, 1)


def test_opening_again_twice_does_nothing_and_pretending_nothing_at_all(proving: House) -> None:
    verify(proving, files=bundle())
    revoking(proving)
    pretended = actions.reopen(proving.parts, pretend=True)
    assert [(item.verification_id, item.refused) for item in pretended] == [(None, "revoked by the operator")]
    assert proving.count("verification") == 1
    actions.reopen(proving.parts)
    (again,) = actions.reopen(proving.parts)  # before the judge came to it
    assert not again.new
    assert proving.heard.judged.count(str(again.verification_id)) == 1
    assert actions.conclude(proving.parts, str(again.verification_id)) is not None
    assert reopened(proving) == []
    assert proving.count("verification") == 2


def test_what_was_verified_since_is_opened_again_when_its_checker_is_revoked_once_more(proving: House) -> None:
    verify(proving, files=bundle())
    reopened(revoking(proving))
    offering(proving, proof_assurance="test", proof_revoked=[])
    verify(proving, files=bundle(), force=True)
    assert gate(proving)["status"] == "VERIFIED"
    assert len(reopened(revoking(proving))) == 1
    assert gate(proving)["status"] == "UNVERIFIED"


def test_a_claim_that_is_sent_again_meets_the_verification_that_opened_it(proving: House) -> None:
    verify(proving, files=bundle())
    (after,) = reopened(revoking(proving))
    assert proving.submit_files(bundle()).verification_id == after


def test_only_what_stands_by_that_checker_is_opened_again(proving: House) -> None:
    verify(proving, files=bundle())
    verify(proving, {"replay-0": {"stage": "solution"}}, bundle(id="undecided"))
    proving.verify()
    verify(proving, files=bundle(statement="Two and no more"))  # a further revision, whose first verdict stands no more
    assert len(reopened(revoking(proving, proof_revoked=["another"]))) == 0
    assert len(reopened(revoking(proving, proof_revoked=[LEAN4.digest]))) == 1
    assert proving.count("verdict") == 5


def test_a_floor_that_rises_opens_what_an_older_lean_decided_in_production(house: House) -> None:
    native = {**MANIFEST, "backend": "lean4-native", "assurance": "production", "lean_version": "4.34.0"}
    actions.publish_environment(house.parts, LEAN4.name, LEAN4.digest, {"proof": native})  # the first word stays
    offering(house)
    approve(house)
    assert verdict(house, verify(house, files=bundle()))[0] == "VERIFIED"
    assert reopened(house) == []
    (after,) = reopened(offering(house, proof_floor="4.34.1"))
    assert verdict(house, after)[1] == "PROOF_TOOLCHAIN_ERROR"
    assert "older than 4.34.1" in verdicts(house)[-1].reason


def test_what_faults_while_it_is_opened_again_is_left_for_a_day(proving: House) -> None:
    verify(proving, files=bundle())
    (found,) = actions.reopen(revoking(proving).parts)
    actions.fault_verification(proving.parts, str(found.verification_id), "INTERNAL_ERROR", "The disk was full.")
    assert reopened(proving) == []
    proving.change("UPDATE verification SET created_at = :then WHERE state = 'concluded'", then=ago(3))
    proving.change("UPDATE verification SET created_at = :then WHERE state = 'faulted'", then=ago(2))
    assert len(reopened(proving)) == 1


def ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(" ")
