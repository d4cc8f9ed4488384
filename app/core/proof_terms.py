"""On which terms a proof is judged: who approved its statement, and how far the operator believes its checker.

All of it is fixed when the claim is sealed, so that a stranger with the archive judges on the same terms. An approval is of
one file, one theorem and one list of imports; whatever of them differs was not approved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from app.core.checkers import CHECKERS, checker_of
from app.core.errors import Problem, Refusal
from app.core.model import Proof, ProofTerms

if TYPE_CHECKING:
    from app.core.model import Claim, Environment

Assurance = Literal["production", "test"]
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")


@dataclass(frozen=True)
class Trust:
    """Which checkers the operator lets decide."""

    accepts: Assurance = "production"  # the least assurance
    floor: str = "4.34.0"  # the oldest Lean in production
    revoked: frozenset[str] = frozenset()  # digests of environments, and commits of Lean


@dataclass(frozen=True)
class Approval:
    """That a statement was approved: by which key or publisher, and when."""

    by: str
    at: str  # ISO 8601, with its zone


def proof_terms(  # noqa: PLR0913 - what the terms of a proof are made of
    claim: Claim,
    files: Mapping[str, str],
    environment: Environment,
    manifest: Any,
    approval: Approval | None,
    trust: Trust,
) -> ProofTerms | None:
    """Return the terms of a claim's proof; None of a claim of another kind.

    Args:
        claim: as checked.
        files: path in the bundle -> digest.
        environment: the one that it names.
        manifest: what that says of itself under the key `proof`; anything, None when it says nothing.
        approval: of the challenge, if there is one.
        trust: the operator's.

    Raises:
        Refusal: the environment holds no checker of proofs.

    """
    proof = claim.reproduce
    if not isinstance(proof, Proof):
        return None
    said = manifest if isinstance(manifest, Mapping) else {}
    checker = checker_of(proof)
    try:
        terms = ProofTerms(
            challenge=files[proof.challenge],
            approved_by=None if approval is None else approval.by,
            approved_at=None if approval is None else approval.at,
            accepts=trust.accepts,
            **{name: said.get(name) for name in ("backend", "assurance", "lean_version", "lean_commit")},
        )
        if terms.backend not in checker.backends:
            raise ValueError(terms.backend)
    except ValueError:
        raise Refusal.of(
            Problem(
                "claim.toml",
                None,
                "/reproduce/environment",
                "no-checker",
                f"the environment {environment.name!r} holds no checker of proofs in {checker.language}",
                checker.get,
            )
        ) from None
    return terms.model_copy(update={"refused": refused(terms, environment.digest, trust)})


def refused(terms: ProofTerms, environment: str, trust: Trust) -> str | None:
    """Return why the operator lets a checker decide nothing, behind "the checker is"; None when it may.

    The floor is one of Lean, and holds for checkers in production: one for tests decides nothing there anyway.
    """
    if trust.revoked & {environment, terms.lean_commit}:
        return "revoked by the operator"
    floored = any(item.floored for item in CHECKERS.values() if terms.backend in item.backends)
    if floored and terms.assurance == "production" and _version(terms.lean_version) < _version(trust.floor):
        return f"older than {trust.floor}, the oldest that the operator believes"
    return None


def withdrawn(terms: ProofTerms, environment: str, trust: Trust) -> ProofTerms | None:
    """Return the terms on which a decided proof is judged anew when its checker may decide nothing any more; None: it may.

    They are those that its submission would get now, so that both are one seal.
    """
    reason = refused(terms, environment, trust)
    return None if reason is None else terms.model_copy(update={"refused": reason, "accepts": trust.accepts})


def _version(text: str) -> tuple[int, ...]:
    """Return a version's three numbers; one that has none is older than all others."""
    found = _VERSION.match(text)
    return tuple(map(int, found.groups())) if found is not None else (0, 0, 0)
