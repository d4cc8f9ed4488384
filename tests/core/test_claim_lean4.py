"""Reading a proof's claim: what it needs, what is refused, and what its seal fixes."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.boxjob import BoxJob, box_job, evaluator_digest
from app.core.canonical import digest
from app.core.checkers import CHECKERS, LEAN_PROTOCOL
from app.core.claim import Policy, claim_from_json, parse_claim
from app.core.errors import Refusal
from app.core.model import Lean4, ProofTerms
from app.core.proof_job import EXPORTS
from app.core.proof_plan import CONFIRM, PROVE, REPLAY
from app.core.proof_terms import Approval, Trust, proof_terms, withdrawn
from app.core.seal import make_seal, read_seal, seal_bytes, seal_digest
from tests.core.builders import a_policy, a_seal, some_limits
from tests.core.proofs import LEAN4, MANIFEST, a_proof_claim, a_proof_seal, proof_bundle

CLAIM = """\
schema = "assay-claim-v1"
[claim]
id = "two"
statement = "One and one are two"
[reproduce]
kind = "lean4"
challenge = "challenge.lean"
solution = "solution.lean"
theorem = "Paper.main"
imports = ["Init", "Init.Data.Nat"]
"""
FILES = {"claim.toml", "challenge.lean", "solution.lean", "p.md", "lib/other.lean"}


def policy(**changes: Any) -> Policy:
    return a_policy(**{"environments": {"lean4": LEAN4.digest, "python": LEAN4.digest}, **changes})


def test_a_proof_is_read_with_its_defaults() -> None:
    claim = parse_claim(CLAIM.encode(), FILES, policy())
    assert claim.expect == ()
    assert claim.reproduce == Lean4(
        challenge="challenge.lean",
        solution="solution.lean",
        theorem="Paper.main",
        imports=("Init", "Init.Data.Nat"),
        environment="lean4",
    )
    plain = parse_claim(CLAIM.replace('imports = ["Init", "Init.Data.Nat"]\n', "").encode(), FILES, policy())
    assert isinstance(plain.reproduce, Lean4)
    assert plain.reproduce.imports == ("Init",)


def test_a_proof_without_limits_takes_those_of_proofs() -> None:
    large = some_limits(memory_bytes=1 << 32)
    assert parse_claim(CLAIM.encode(), FILES, policy(proof_limits=large)).limits == large
    assert parse_claim(CLAIM.encode(), FILES, policy()).limits == some_limits()
    named = f'{CLAIM}[limits]\nmemory = "64MiB"\n'
    assert parse_claim(named.encode(), FILES, policy(proof_limits=large)).limits.memory_bytes == 64 << 20


def row(name: str, old: str, new: str, code: str, line: int, pointer: str) -> Any:
    return pytest.param(old, new, code, line, pointer, id=name)


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "pointer"),
    [
        row("no challenge", 'challenge = "challenge.lean"\n', "", "missing-key", 5, "/reproduce"),
        row("no solution", 'solution = "solution.lean"\n', "", "missing-key", 5, "/reproduce"),
        row("no theorem", 'theorem = "Paper.main"\n', "", "missing-key", 5, "/reproduce"),
        row("file not there", '"solution.lean"', '"solutoin.lean"', "missing-file", 8, "/reproduce/solution"),
        row("a folder", '"challenge.lean"', '"lib"', "folder-named", 7, "/reproduce/challenge"),
        row("outside", '"challenge.lean"', '"../c.lean"', "path-outside", 7, "/reproduce/challenge"),
        row("the claim", '"challenge.lean"', '"claim.toml"', "claim-is-input", 7, "/reproduce/challenge"),
        row("one file", '"solution.lean"', '"challenge.lean"', "solution-is-challenge", 8, "/reproduce/solution"),
        row("theorem is a number", '"Paper.main"', "7", "not-a-string", 9, "/reproduce/theorem"),
        row("theorem has blanks", '"Paper.main"', '"Paper main"', "bad-name", 9, "/reproduce/theorem"),
        row("theorem has an empty part", '"Paper.main"', '"Paper..main"', "bad-name", 9, "/reproduce/theorem"),
        row("theorem is code", '"Paper.main"', '"main := sorry"', "bad-name", 9, "/reproduce/theorem"),
        row("imports are a text", '["Init", "Init.Data.Nat"]', '"Init"', "not-a-list", 10, "/reproduce/imports"),
        row("no imports", '["Init", "Init.Data.Nat"]', "[]", "bad-name", 10, "/reproduce/imports"),
        row("an import twice", '"Init.Data.Nat"', '"Init"', "duplicate-item", 10, "/reproduce/imports"),
        row("an import is a path", '"Init.Data.Nat"', '"../Init"', "bad-name", 10, "/reproduce/imports"),
        row("many imports", '"Init.Data.Nat"', ", ".join(f'"M{n}"' for n in range(40)), "too-many", 10,
            "/reproduce/imports"),
        row("environment", "imports =", 'environment = "lean5"\nimports =', "unknown-environment", 10,
            "/reproduce/environment"),
        row("unknown key", "imports =", 'axioms = ["choice"]\nimports =', "unknown-key", 10, "/reproduce/axioms"),
        row("expectation", "[reproduce]", '[[expect]]\nmetric = "m"\nrule = "exact"\nvalue = "1"\n[reproduce]',
            "expect-of-proof", 5, "/expect"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(old: str, new: str, code: str, line: int, pointer: str) -> None:
    text = CLAIM.replace(old, new)
    assert text != CLAIM
    with pytest.raises(Refusal) as caught:
        parse_claim(text.encode(), FILES, policy())
    found = [(item.code, item.line, item.pointer) for item in caught.value.problems]
    assert (code, line, pointer) in found
    assert all(item.remedy for item in caught.value.problems)


def test_a_statement_under_a_name_of_sources_cannot_be_one() -> None:
    text = CLAIM.replace("challenge.lean", "p.md") + '[[source]]\nid = "s"\ntitle = "t"\nfile = "p.md"\n'
    with pytest.raises(Refusal) as caught:
        parse_claim(text.encode(), FILES, policy())
    assert [item.code for item in caught.value.problems] == ["entrypoint-is-source"]


def test_a_proof_comes_in_a_bundle() -> None:
    reproduce = {"kind": "lean4", "challenge": "c", "solution": "s", "theorem": "t"}
    document = {"schema": "assay-claim-v1", "claim": {"id": "a", "statement": "b"}, "reproduce": reproduce}
    with pytest.raises(Refusal) as caught:
        claim_from_json(document, policy())
    assert [item.code for item in caught.value.problems if item.pointer == "/reproduce/kind"] == ["needs-bundle"]


@pytest.mark.parametrize("kind", [[], {}, 1, True, ["lean4"]])
def test_a_kind_that_is_no_word_is_refused(kind: Any) -> None:
    document = {"schema": "assay-claim-v1", "claim": {"id": "a", "statement": "b"}, "reproduce": {"kind": kind}}
    with pytest.raises(Refusal) as caught:
        claim_from_json(document, policy())
    assert "/reproduce/kind" in {item.pointer for item in caught.value.problems}


# --- the seal ----------------------------------------------------------------------------------------------------------


def test_a_seal_of_a_proof_fixes_its_terms_and_a_seal_of_others_has_none() -> None:
    seal = a_proof_seal()
    assert read_seal(seal_bytes(seal)) == seal
    assert seal_digest(seal_bytes(seal)) != seal_digest(seal_bytes(a_proof_seal(approved_by="key_2")))
    assert b'"proof"' not in seal_bytes(a_seal())
    assert seal.evaluator == LEAN_PROTOCOL == evaluator_digest(seal.claim)


def terms(trust: Trust | None = None, manifest: Any = MANIFEST, approval: Approval | None = None) -> ProofTerms | None:
    files = {path: digest(data) for path, data in proof_bundle().items()}
    return proof_terms(a_proof_claim(), files, LEAN4, manifest, approval, trust or Trust())


def test_the_terms_are_the_approval_the_manifest_and_the_operators_trust() -> None:
    found = terms(approval=Approval("key_7", "2026-11-22T12:00:00+00:00"))
    assert found is not None
    assert found.challenge == digest(proof_bundle()["challenge.lean"])
    assert (found.approved_by, found.accepts, found.refused) == ("key_7", "production", None)
    assert {name: getattr(found, name) for name in MANIFEST} == MANIFEST


@pytest.mark.parametrize("manifest", [None, {}, [], "lean", {**MANIFEST, "assurance": "perfect"}, {"backend": "x"}])
def test_an_environment_without_a_checker_is_refused(manifest: Any) -> None:
    with pytest.raises(Refusal) as caught:
        terms(manifest=manifest)
    assert [item.code for item in caught.value.problems] == ["no-checker"]


@pytest.mark.parametrize(
    ("trust", "changes", "part"),
    [
        (Trust(), {}, None),
        (Trust(revoked=frozenset({LEAN4.digest})), {}, "revoked"),
        (Trust(revoked=frozenset({MANIFEST["lean_commit"]})), {}, "revoked"),
        (Trust(revoked=frozenset({"another"})), {}, None),
        (Trust(), {"assurance": "production"}, "older than 4.34.0"),
        (Trust(), {"assurance": "production", "lean_version": "4.34.0"}, None),
        (Trust(), {"assurance": "production", "lean_version": "4.100.0-rc1"}, None),
        (Trust(), {"assurance": "production", "lean_version": "nightly"}, "older than"),
        (Trust(floor="4.20.0"), {"assurance": "production"}, None),
    ],
)
def test_a_checker_that_is_revoked_or_too_old_may_decide_nothing(
    trust: Trust, changes: dict[str, str], part: str | None
) -> None:
    found = terms(trust, {**MANIFEST, **changes})
    assert found is not None
    assert (found.refused is None) if part is None else (part in (found.refused or ""))


def test_terms_are_withdrawn_from_a_checker_that_is_revoked_later_and_are_then_those_of_a_new_submission() -> None:
    before = terms()
    assert before is not None
    assert withdrawn(before, LEAN4.digest, Trust()) is None
    revoked = Trust(accepts="test", revoked=frozenset({LEAN4.digest}))
    assert withdrawn(before, LEAN4.digest, revoked) == terms(revoked)


def test_a_claim_of_another_kind_has_no_terms() -> None:
    assert proof_terms(a_seal().claim, {}, LEAN4, None, None, Trust()) is None


# --- the boxes -----------------------------------------------------------------------------------------------------------


def test_no_box_of_a_proof_holds_the_claim_and_a_replay_holds_text_alone() -> None:
    seal, files = a_proof_seal(), proof_bundle()
    left = {"prove-challenge": b"c", "prove-solution": b"s"}
    seen = {}
    for spec in (*PROVE, REPLAY, CONFIRM):
        job = box_job(seal, "sha256:0", spec, files.__getitem__, lambda key, name: left[key] if name else b"")
        assert isinstance(job, BoxJob)
        assert all(item.data != files["claim.toml"] for item in job.files)
        assert job.argv[0] == "/job/prove.py"
        seen[spec.key] = (job.argv[1], {item.target: item.data for item in job.files}, dict(job.derived))
    terms = b'{"imports":["Init"],"theorem":"Paper.main"}'
    ours = {**CHECKERS["lean4"].program(), "/in/proof.json": terms}
    assert seen["prove-challenge"] == ("prove", ours | {"/in/source.lean": files["challenge.lean"]}, {})
    assert seen["prove-solution"] == ("prove", ours | {"/in/source.lean": files["solution.lean"]}, {})
    exports = {"/in/challenge.txt": b"c", "/in/solution.txt": b"s"}
    assert exports.keys() == EXPORTS.keys()
    derived = {path: digest(data) for path, data in exports.items()}
    assert seen["replay-0"] == seen["confirm-0"] == ("replay", ours | exports, derived)


def test_a_replay_after_runs_that_left_nothing_is_given_nothing() -> None:
    job = box_job(a_proof_seal(), "sha256:0", REPLAY, proof_bundle().__getitem__)
    assert isinstance(job, BoxJob)
    assert {item.target: item.data for item in job.files if item.target in EXPORTS} == dict.fromkeys(EXPORTS, b"")


def test_a_proof_has_nothing_that_programs_are_measured_by() -> None:
    proof = a_proof_claim().reproduce
    assert (proof.inputs, proof.parameters) == ((), {})


def test_sealing_a_proof_again_gives_the_same_seal() -> None:
    seal = a_proof_seal()
    assert make_seal(seal.claim, seal.files, seal.environment, seal.evaluator, seal.proof) == seal
