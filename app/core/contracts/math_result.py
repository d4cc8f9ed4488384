"""Contract `math-result-v1`: the state of a mathematical statement, from the verdicts of the record's claims.

A bounded computation that finds nothing is evidence, never a proof; only a proof that was checked here, from public source,
is called one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.checkers import CHECKERS
from app.core.contracts.shape import header, publisher
from app.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "math-result-v1"
FALSIFIED, EVIDENCE = "FALSIFIED", "COMPUTATIONAL_EVIDENCE"
ATTEMPTED, PROVED = "FORMAL_PROOF_ATTEMPTED", "FORMAL_PROOF_VERIFIED"
LABELS = {
    FALSIFIED: "Falsified",
    EVIDENCE: "Computational evidence",
    ATTEMPTED: "Formal proof attempted",
    PROVED: "Formal proof verified",
}
INTERPRETATION = (
    "FALSIFIED means that a claim of the record was contradicted; COMPUTATIONAL_EVIDENCE that a bounded computation found"
    " nothing against it; only FORMAL_PROOF_VERIFIED is a proof."
)
LIMITATIONS = (
    "A computation over finitely many cases proves nothing about the others.",
    "A rejected proof rejects that proof, not the statement.",
)
PROOF_KINDS = tuple(CHECKERS)


@dataclass(frozen=True)
class Tested:
    """A tested claim of the record."""

    kind: str  # formula, script, lean4 or metamath
    status: Status
    cpu_seconds: float | None
    reason_code: str | None = None

    @property
    def rejects_a_proof(self) -> bool:
        """Whether what was falsified is a proof alone, while its statement stays open."""
        return self.reason_code == "PROOF_REJECTED"


def state_of(claims: Sequence[Tested], *, lean4_source_public: bool) -> str | None:
    """Return the state; None when nothing was tested."""
    proofs = [claim for claim in claims if claim.kind in PROOF_KINDS]
    if any(claim.status is Status.FALSIFIED for claim in claims):
        return FALSIFIED
    if lean4_source_public and any(claim.status is Status.VERIFIED and claim.kind == "lean4" for claim in proofs):
        return PROVED
    if proofs:
        return ATTEMPTED
    return EVIDENCE if any(claim.status is Status.VERIFIED for claim in claims) else None


def _method(claims: Sequence[Tested], state: str) -> str:
    """Return the language of the proofs that made the state; of several Lean, of which alone the contract has a word."""
    if state == EVIDENCE:
        return "python_computation"
    if state == FALSIFIED:
        claims = [claim for claim in claims if claim.status is Status.FALSIFIED]
        claims = [claim for claim in claims if not claim.rejects_a_proof] or claims
    return next((kind for kind in PROOF_KINDS if any(claim.kind == kind for claim in claims)), "python_computation")


def document(
    told: Mapping[str, Any],
    claims: Sequence[Tested],
    artifacts: Sequence[Mapping[str, Any]],
    base: str,
    *,
    published_by: str,
) -> dict[str, Any] | None:
    """Return the document; None when nothing was tested.

    Args:
        told: what the publisher says of the result (`id`, `problem_id`, `problem_name`, `domain`, `statement`, `url`, `doi`,
            `n_cases`, `lean4_source_public`).
        claims: the tested claims.
        artifacts: the public artifacts (`type`, `label`, `url`, `format`).
        base: base address of the published schemas.
        published_by: the record's publisher.

    """
    public = bool(told.get("lean4_source_public"))
    state = state_of(claims, lean4_source_public=public)
    if state is None:
        return None
    against = any(claim.status is Status.FALSIFIED and not claim.rejects_a_proof for claim in claims)
    against_word = "counterexample" if against else "proof_rejected"
    seconds = [claim.cpu_seconds for claim in claims if claim.cpu_seconds is not None]
    named = ("id", "problem_id", "problem_name", "domain", "statement", "url", "doi")
    return header(NAME, base) | {
        "publisher": publisher(published_by),
        "result": {name: told.get(name) for name in named} | {"status": state.lower()},
        "verification": {
            "state": state,
            "label": LABELS[state],
            "proof_claim": state == PROVED,
            "n_cases": int(told.get("n_cases") or 0),
            "counterexample_available": against,
            "lean4_source_public": public,
            "method": _method(claims, state),
            "result": {FALSIFIED: against_word, EVIDENCE: "no_counterexample"}.get(state, state.lower()),
            "cpu_seconds": round(sum(seconds), 3) if seconds else None,
        },
        "artifact_set": [{name: item.get(name) for name in ("type", "label", "url", "format")} for item in artifacts],
        "interpretation": INTERPRETATION,
        "limitations": list(LIMITATIONS),
    }
