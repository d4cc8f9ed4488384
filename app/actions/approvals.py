"""Statements of proofs: approved by their publisher, and the terms that follow from that when a proof is sealed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.core.model import Proof
from app.core.proof_terms import Approval, proof_terms
from app.store import approvals, intake

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.actions.parts import Parts
    from app.core.model import Claim, Environment, ProofTerms


def approve(  # noqa: PLR0913 - what an approval is of, and whose
    parts: Parts, publisher: str, challenge: str, theorem: str, imports: Collection[str], by: str
) -> tuple[dict[str, Any], bool]:
    """Approve a statement: the file of a digest, the theorem in it, what it may import; say also whether that is new."""
    with parts.store.transaction() as session:
        return approvals.approve(session, publisher, challenge, theorem, imports, by)


def approval_of(parts: Parts, publisher: str, claim: Claim, files: Mapping[str, str]) -> Approval | None:
    """Return the approval of a proof's statement; None when there is none, or the claim is no proof."""
    proof = claim.reproduce
    if not isinstance(proof, Proof):
        return None
    with parts.store.read() as session:
        found = approvals.find(session, publisher, files[proof.challenge], proof.theorem, proof.imports)
    return None if found is None else Approval(found["approved_by"], found["approved_at"].isoformat())


def terms_of(
    parts: Parts, publisher: str, claim: Claim, files: Mapping[str, str], environment: Environment
) -> ProofTerms | None:
    """Return the terms of a claim's proof as things are now; None of a claim of another kind.

    Raises:
        Refusal: its environment holds no checker.

    """
    if not isinstance(claim.reproduce, Proof):
        return None
    with parts.store.read() as session:
        detail = json.loads(intake.environment_detail(session, environment.name, environment.digest))
    approval = approval_of(parts, publisher, claim, files)
    return proof_terms(claim, files, environment, detail.get("proof"), approval, parts.settings.proof_trust)
