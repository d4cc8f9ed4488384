"""Evidence of a proof: it holds as it was written, and whatever of it is made up contradicts it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from app.core import evidence
from app.core.evidence_archive import pack, unpack
from app.core.model import Seal
from app.core.seal import seal_bytes
from app.core.verdict import judge
from tests.core.builders import SIGNER
from tests.core.proofs import Boxes, a_proof_seal, play, proof_bundle, proved, rejecting

Members = dict[str, bytes]


def archived(seal: Seal, boxes: Boxes | None = None, **changes: bytes) -> bytes:
    runs = play(seal, boxes)
    judgement = judge(seal, [item.run for item in runs])
    context = evidence.Context("2026-11-22T12:00:00+00:00", "ver_1", "demo")
    return evidence.build(seal_bytes(seal), proof_bundle(**changes), runs, judgement, context, SIGNER)


@pytest.mark.parametrize(
    ("boxes", "status"),
    [
        ({}, "VERIFIED"),
        ({"replay-0": rejecting(), "confirm-0": rejecting()}, "FALSIFIED"),
        ({"prove-solution": proved(stage="imports")}, "UNVERIFIED"),
    ],
)
def test_the_evidence_of_a_proof_holds_and_gives_its_verdict_again(boxes: Boxes, status: str) -> None:
    report = evidence.verify(archived(a_proof_seal(), boxes))
    assert report.findings == ()
    assert report.judgement is not None
    assert report.judgement.status.value == status


def test_the_evidence_of_a_statement_that_nobody_approved_holds() -> None:
    report = evidence.verify(archived(a_proof_seal(approved_by=None, approved_at=None)))
    assert report.findings == ()


def test_the_evidence_of_a_checker_that_is_believed_no_more_holds_without_a_run() -> None:
    report = evidence.verify(archived(a_proof_seal(refused="revoked by the operator")))
    assert report.findings == ()
    assert report.judgement is not None
    assert (report.judgement.reason_code, report.judgement.outcome.value) == ("PROOF_TOOLCHAIN_ERROR", "cancelled")


def forge(change: Callable[[Members], None], boxes: Boxes | None = None) -> tuple[str, ...]:
    """Return what is found in an archive whose members were changed; its signature does not hold, of course."""
    members = unpack(archived(a_proof_seal(), boxes))
    change(members)
    found = evidence.verify(pack(members)).findings
    return tuple(item for item in found if "signed" not in item and "statement" not in item.split(" is ")[0])


def other_export(members: Members) -> None:
    members["runs/prove-solution/artifacts/export.txt"] = b"1 #NS 0 Other\n"


def no_export(members: Members) -> None:
    del members["runs/prove-challenge/artifacts/export.txt"]


def other_result(members: Members) -> None:
    told = json.loads(members["runs/replay-0/result.json"])
    members["runs/replay-0/result.json"] = json.dumps({**told, "axioms": ["cheat"]}).encode()


def no_replay(members: Members) -> None:
    for name in [name for name in members if name.startswith("runs/replay-0/")]:
        del members[name]


def accepting(members: Members) -> None:
    seal = json.loads(members["seal.json"])
    seal["proof"]["approved_by"] = "key_of_mallory"
    members["seal.json"] = json.dumps(seal, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    told = json.loads(members["verdict.json"])
    told["judgement"]["reason_code"] = "MATCH_EXACT"
    members["verdict.json"] = json.dumps(told).encode()


def other_challenge(members: Members) -> None:
    members["bundle/challenge.lean"] = b"theorem Paper.main : True := sorry\n"


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (other_export, "changed inputs of the run replay-0"),
        (no_export, "changed inputs of the run replay-0"),
        (other_result, "recorded verdict is not the one"),
        (no_replay, "lead to no verdict"),
        (accepting, "recorded verdict is not the one"),
        (other_challenge, "bundle/challenge.lean is not the file that was sealed"),
    ],
)
def test_what_is_made_up_in_the_evidence_of_a_proof_is_found(change: Callable[[Members], None], part: str) -> None:
    assert any(part in item for item in forge(change)), forge(change)
