"""A claim of a proof in Metamath: how it is read, which checker it needs, and what enters its boxes."""

from __future__ import annotations

import pytest

from app.core.boxjob import BoxJob, box_job, evaluator_digest
from app.core.checkers import CHECKERS, LEAN_PROTOCOL
from app.core.claim import parse_claim
from app.core.errors import Refusal
from app.core.model import Claim, Environment, Metamath, ProofTerms
from app.core.proof_plan import PROVE
from app.core.proof_terms import Approval, Trust, proof_terms
from app.core.seal import make_seal, seal_bytes, seal_digest
from tests.core.builders import a_policy
from tests.core.proofs import MANIFEST as LEAN

PYTHON = Environment(name="python", digest="sha256:" + "3" * 64)
TEXT = b"""schema = "assay-claim-v1"
[claim]
id = "two"
statement = "Two and two are four"
[reproduce]
kind = "metamath"
challenge = "stated.mm"
solution = "proved.mm"
theorem = "2p2e4"
"""
FILES = {name: f"sha256:{digit * 64}" for name, digit in (("claim.toml", "1"), ("stated.mm", "2"), ("proved.mm", "3"))}
USUAL = Trust()
DEBIAN = {"backend": "metamath", "assurance": "production", "lean_version": "0.195", "lean_commit": "ab"}


def read(text: bytes = TEXT) -> Claim:
    return parse_claim(text, FILES, a_policy(environments={PYTHON.name: PYTHON.digest}))


def terms(manifest: object, trust: Trust = USUAL) -> ProofTerms | None:
    return proof_terms(read(), FILES, PYTHON, manifest, Approval("key_1", "2026-11-22T12:00:00+00:00"), trust)


def test_a_claim_is_read_and_imports_nothing() -> None:
    assert read().reproduce == Metamath(challenge="stated.mm", solution="proved.mm", theorem="2p2e4")
    with pytest.raises(Refusal) as caught:
        read(TEXT + b'imports = ["set.mm"]\n')
    assert [item.code for item in caught.value.problems] == ["unknown-key"]


@pytest.mark.parametrize("manifest", [None, LEAN, {**DEBIAN, "backend": "other"}, {**DEBIAN, "assurance": "high"}])
def test_only_a_checker_of_its_own_kind_is_heard(manifest: object) -> None:
    with pytest.raises(Refusal) as caught:
        terms(manifest)
    (problem,) = caught.value.problems
    assert (problem.code, "no checker of proofs in Metamath" in problem.detail) == ("no-checker", True)
    assert "package `metamath`" in problem.remedy


def test_the_floor_is_one_of_lean_and_a_revocation_is_not() -> None:
    for trust, refused in ((USUAL, None), (Trust(revoked=frozenset({"ab"})), "revoked by the operator")):
        found = terms(DEBIAN, trust)
        assert found is not None
        assert found.refused == refused


def test_its_boxes_hold_our_program_whose_digest_is_sealed_and_the_file() -> None:
    claim = read()
    seal = make_seal(claim, FILES, PYTHON, evaluator_digest(claim), terms(DEBIAN))
    assert seal.evaluator not in {LEAN_PROTOCOL, ""}
    job = box_job(seal, seal_digest(seal_bytes(seal)), PROVE[1], lambda path: path.encode())
    assert isinstance(job, BoxJob)
    held = {item.target: item.data for item in job.files}
    assert held["/in/source.mm"] == b"proved.mm"
    assert held.keys() == {*CHECKERS["metamath"].program(), "/in/source.mm", "/in/proof.json"}
    assert b"stated.mm" not in b"".join(held.values())
