"""A faulted verification, begun again: the same seal in a new row, because what ended stays ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.actions.planning import first_runs, nudge_begun, sealed
from app.core import boxjob
from app.core.caller import OPERATOR, Caller
from app.core.errors import Fault, Problem, Refusal
from app.core.lifecycle import VERIFICATION, final
from app.core.seal import check_versions
from app.store import ending, hook_reports, intake, presence

if TYPE_CHECKING:
    from app.actions.parts import Also, Parts
    from app.core.model import Seal
    from app.store.intake import Submitted

SUBMIT_AGAIN = "submit the claim again: it is then sealed as things are now"


def retry(
    parts: Parts, verification_id: str, caller: Caller = OPERATOR, *, also: Also | None = None
) -> Submitted | None:
    """Begin a faulted verification again under its own seal, or return the one that was begun since.

    None: there is no such verification of the caller's. `also` is called in the transaction that writes the rows.

    Raises:
        BudgetUsed: it does not fit into the budgets of the caller's key.
        Refusal: it has not faulted, or what it was sealed with is gone.

    """
    with parts.store.read() as session:
        row = ending.find(session, verification_id)
    if row is None or not caller.owns(row.publisher):
        return None
    if row.state != "faulted":
        ended = row.state in final(VERIFICATION)
        remedy = "submit the claim again with force to have it verified anew" if ended else "wait for its end"
        raise _refuse("not-faulted", f"the verification is {row.state}, and only a faulted one is retried", remedy)
    seal = sealed(parts, row.seal)
    _refuse_what_is_gone(parts, seal)
    with parts.store.transaction() as session:
        found = intake.again(session, verification_id, first_runs(seal), seal.environment.digest, caller.account)
        hook_reports.move_reports(session, verification_id, found.verification_id)
        if also is not None:
            also(session, found)
    if found.created:
        nudge_begun(parts, found)
    return found


def _refuse_what_is_gone(parts: Parts, seal: Seal) -> None:
    name, digest = seal.environment.name, seal.environment.digest
    with parts.store.read() as session:
        newest = intake.environments(session).get(name)
        present = presence.present(session, parts.settings.presence_seconds)
    if digest != newest and not any(digest in worker.environments for worker in present):
        raise _refuse("environment-gone", f"the environment {name} is no longer the sealed one", SUBMIT_AGAIN)
    try:
        check_versions(seal)
    except Fault as fault:
        raise _refuse(fault.code, fault.detail, SUBMIT_AGAIN) from fault
    if seal.evaluator != boxjob.evaluator_digest(seal.claim):
        raise _refuse("evaluator-gone", "the claim was sealed with another version of the evaluator", SUBMIT_AGAIN)


def _refuse(code: str, detail: str, remedy: str) -> Refusal:
    return Refusal.of(Problem(None, None, "", code, detail, remedy))
