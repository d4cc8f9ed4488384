"""A revoked checker's verdicts, opened again: nothing of theirs is run, and a judge says that nobody decided them.

What follows is the way of every verdict: evidence that a stranger can check, a row of the ledger, and on a record a
correction with its event. The old verdict stays readable beside it. Doing it twice does nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.actions.planning import nudge_begun, sealed
from app.core import boxjob
from app.core.errors import Fault
from app.core.model import Proof
from app.core.proof_judge import ACCEPTED, REJECTED
from app.core.proof_terms import withdrawn
from app.core.seal import make_seal, seal_bytes, seal_digest
from app.store import reopening
from app.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from app.actions.parts import Parts
    from app.core.model import Seal
    from app.store.reopening import Decided

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reopened:
    """A verdict whose checker may decide nothing any more."""

    verdict: Decided
    refused: str  # why, behind "the checker is"
    verification_id: str | None  # which judges anew; None: nothing was begun
    new: bool = False  # whether it was begun now


def reopen(parts: Parts, *, pretend: bool = False) -> list[Reopened]:
    """Judge anew every standing verdict over a proof whose checker the operator believes no more; returns these verdicts.

    Args:
        parts: the service's parts; their settings say who is believed.
        pretend: begin nothing.

    """
    with parts.store.read() as session:
        known = reopening.decided(session, (ACCEPTED, REJECTED))
    found = []
    for verdict in known:
        try:
            seal = _anew(parts, sealed(parts, verdict.seal))
            if seal is not None and seal.proof is not None and seal.proof.refused is not None:
                found.append(_reopen(parts, verdict, seal, seal.proof.refused, pretend=pretend))
        except StoreUnavailable:
            raise
        except Fault:
            log.exception("verdict %s cannot be opened again", verdict.verdict_id)
    return found


def _anew(parts: Parts, seal: Seal) -> Seal | None:
    """Return the seal under which a decided proof is judged anew; None when its checker is believed as before."""
    if seal.proof is None or not isinstance(seal.claim.reproduce, Proof):
        return None
    terms = withdrawn(seal.proof, seal.environment.digest, parts.settings.proof_trust)
    if terms is None:
        return None
    return make_seal(seal.claim, seal.files, seal.environment, boxjob.evaluator_digest(seal.claim), terms)


def _reopen(parts: Parts, verdict: Decided, seal: Seal, refused: str, *, pretend: bool) -> Reopened:
    if pretend:
        return Reopened(verdict, refused, None)
    body = seal_bytes(seal)
    with parts.store.transaction() as session:
        begun = reopening.reopen(session, verdict.verification_id, seal_digest(body), body.decode())
    if begun.created:
        log.warning("verdict %s is opened again: its checker is %s", verdict.verdict_id, refused)
        nudge_begun(parts, begun)
    return Reopened(verdict, refused, begun.verification_id, begun.created)
