"""From the finished runs of a proof to what may be said about its claim.

A proof counts when a kernel accepted every declaration of it in a process that never ran anything of it, when what is proved
is the approved statement down to its definitions, and when no axiom stands behind it but Lean's own three. A proof of the
statement's negation that passes all of this twice is a counterexample: the claim is FALSIFIED, and the statement false.
Otherwise FALSIFIED needs a proof that is clean of all else and a kernel that rejected the same declaration twice; that
rejects the proof, and says nothing about the statement. A checker that the operator does not believe enough decides
nothing. See `proof_readings` for what comes before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import wording
from app.core.checkers import checker_of
from app.core.controls_catalogue import control
from app.core.controls_citation import quote
from app.core.errors import Fault
from app.core.grounding import grounded
from app.core.model import Comparison, ControlResult, Judgement, OutcomeKind, Status
from app.core.proof import Replayed
from app.core.proof_plan import proof_specs, proof_steps
from app.core.proof_readings import (
    CONFIRM,
    REPLAY,
    Ending,
    barred,
    disagreement,
    marred,
    proof_of,
    refutes,
    replayed,
    said,
    said_all,
    shortcoming,
    unproved,
)
from app.core.reasons import BLAME, FAILED_CONTROL, PRECEDENCE, PROOF_BLAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import Control, Run, Seal

PASS, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.FAIL, ControlResult.UNDECIDED
ACCEPTED, REJECTED, COUNTEREXAMPLE = "PROOF_ACCEPTED", "PROOF_REJECTED", "COUNTEREXAMPLE"
COMPUTED = {ACCEPTED: "accepted", REJECTED: "rejected", COUNTEREXAMPLE: "refuted"}
PROOF_RULE = "proof"  # what the one comparison of a proof is held to


def judge_proof(seal: Seal, runs: Sequence[Run], sources: Mapping[str, bytes]) -> Judgement:
    """Return the judgement that follows from the seal of a proof and all of its finished runs, whatever their order.

    Raises:
        Fault: a run ended by a fault of ours, is missing, there twice or not one of the seal's, or the seal has no terms
            of its proof; nothing may be said about the claim.

    """
    try:
        proof_of(seal)
    except ValueError as error:
        raise Fault("seal-without-terms", str(error)) from error
    _refuse(seal, runs)
    by_key = {run.spec.key: run for run in runs}
    ending = barred(seal) or unproved(seal, by_key)
    found = ending or replayed(seal, by_key[REPLAY.key])
    if isinstance(found, Ending):
        return _inconclusive(runs, found)
    again = replayed(seal, by_key[CONFIRM.key]) if CONFIRM.key in by_key else None
    controls = _controls(seal, found, again, sources)
    spoiled = None if found.rejected is None else marred(seal, by_key[REPLAY.key])
    lacking = (
        shortcoming(seal, found)
        or spoiled
        or disagreement(found)
        or _unconfirmed(seal, found, again)
        or _uncited(controls)
    )
    if lacking is not None:
        return _inconclusive(runs, lacking, controls=controls)
    return _decided(seal, runs, found, controls)


def _decided(seal: Seal, runs: Sequence[Run], found: Replayed, controls: tuple[Control, ...]) -> Judgement:
    proof, terms = proof_of(seal)
    code = COUNTEREXAMPLE if refutes(found) else ACCEPTED if found.rejected is None else REJECTED
    comparisons = (_comparison(proof.theorem, code),)
    if terms.assurance == "test" and terms.accepts != "test":
        what = {ACCEPTED: "accepted the proof", REJECTED: "rejected the proof"}.get(
            code, "accepted a proof of the negation"
        )
        detail = f"{terms.backend} {what}, and a checker whose assurance is test decides nothing in this store"
        return _inconclusive(runs, Ending("CHECKER_NOT_TRUSTED", detail), comparisons, controls)
    checker = checker_of(proof)
    if found.rejected is not None:
        reason = (
            f"{checker.rejects} {said(found.rejected.name)} ({said(found.rejected.message)});"
            " confirmed by a second run; this rejects the proof, not the statement."
        )
        return _judgement(runs, Status.FALSIFIED, code, reason, comparisons, controls)
    axioms = ", ".join(item for item in checker.allowed if item in found.axioms) or checker.approved
    count = f"{found.declarations} declaration{'s' * (found.declarations != 1)}"
    others = "".join(f" and {said(item.name)} {said(item.version)}" for item in found.kernels[1:])
    accepted = f"{checker.language} {terms.lean_version} ({terms.backend}){others} accepted every one of {count}"
    if code == COUNTEREXAMPLE:
        reason = (
            f"A proof of the negation of the approved statement {proof.theorem} passed the same checks: {accepted};"
            f" axioms: {axioms}; confirmed by a second run."
        )
        return _judgement(runs, Status.FALSIFIED, code, reason, comparisons, controls)
    reason = f"{accepted}; {proof.theorem} is the approved statement; axioms: {axioms}."
    return _judgement(runs, Status.VERIFIED, code, reason, comparisons, controls)


def _comparison(theorem: str, code: str) -> Comparison:
    computed = COMPUTED[code]
    return Comparison(
        metric=theorem,
        unit=None,
        rule=PROOF_RULE,
        tolerance=None,
        expected="accepted",
        computed=computed,
        values=(computed,),
        low=None,
        high=None,
        computed_low=None,
        computed_high=None,
        match=code == ACCEPTED,
        code=code,
        flips_at=None,
    )


def _controls(
    seal: Seal, found: Replayed, again: Replayed | Ending | None, sources: Mapping[str, bytes]
) -> tuple[Control, ...]:
    """Return what was asked of a replayed proof. `confirm` is there when the kernel was asked twice."""
    count = f"{found.declarations} declaration{'s' * (found.declarations != 1)}"
    checker = checker_of(proof_of(seal)[0])
    if disagreement(found) is not None:
        kernel = control("kernel", UNDECIDED, f"The kernels disagree: {_words(found)}.")
    elif found.rejected is None:
        kernel = control("kernel", PASS, f"A process that ran nothing of the proof gave {count} to the kernel.")
    else:
        kernel = control("kernel", FAIL, f"The kernel rejected {said(found.rejected.name)}.")
    differing = found.definitions or ()
    if found.theorem is not None and not (found.theorem.challenge and found.theorem.solution):
        file = "solution" if found.theorem.challenge else "challenge"
        stated = control("statement", FAIL, f"There is nothing to compare: the {file} has no such theorem.")
    elif found.statement == "same" and not differing:
        stated = control("statement", PASS, "The theorem and every definition under it are those of the approved file.")
    elif refutes(found) and not differing:
        detail = (
            "The theorem is the negation of the approved one, and every definition under it that of the approved file."
        )
        stated = control("statement", PASS, detail)
    else:
        what = said_all(differing) if differing else "the theorem's type"
        stated = control("statement", FAIL, f"Not as in the approved file: {what}.")
    beyond = [item for item in found.axioms if item not in checker.allowed]
    scope = f" Looked for in: {said(found.axioms_scope)}." if found.axioms_scope and checker.allowed else ""
    if beyond or found.sorry:
        axioms = control("axioms", FAIL, f"The theorem depends on {said_all(beyond) or checker.hole}.{scope}")
    else:
        axioms = control(
            "axioms",
            PASS,
            f"The theorem depends on {said_all(found.axioms) or checker.rests}.{scope}",
        )
    confirmed = () if again is None else (_confirm(seal, found, again),)
    cited = quote(seal.claim, grounded(seal.claim, sources))
    return (kernel, stated, axioms, *confirmed, cited)


def _words(found: Replayed) -> str:
    return ", ".join(
        f"{said(item.name)} {'accepted' if item.rejected is None else 'rejected'} it" for item in found.kernels
    )


def _confirm(seal: Seal, found: Replayed, again: Replayed | Ending) -> Control:
    if isinstance(again, Ending):
        return control("confirm", UNDECIDED, f"The second replay found nothing: {again.what}.")
    if refutes(found):
        lacking = shortcoming(seal, again) or disagreement(again)
        if refutes(again) and lacking is None:
            return control("confirm", PASS, "A second replay accepted the proof of the negation as well.")
        return control("confirm", FAIL, "A second replay did not accept the proof of the negation.")
    same = found.rejected is not None and again.rejected is not None and again.rejected.name == found.rejected.name
    detail = "A second replay rejected the same declaration." if same else "A second replay found something else."
    return control("confirm", PASS if same else FAIL, detail)


def _unconfirmed(seal: Seal, found: Replayed, again: Replayed | Ending | None) -> Ending | None:
    if again is None or isinstance(again, Ending):
        return again
    if _confirm(seal, found, again).result is PASS:
        return None
    what = "accepted the negation" if found.rejected is None else f"rejected {said(found.rejected.name)}"
    return Ending("NONDETERMINISTIC", f"the kernel {what} once and not again")


def _uncited(controls: Sequence[Control]) -> Ending | None:
    failed = next((item for item in controls if item.name in FAILED_CONTROL and item.result is FAIL), None)
    return None if failed is None else Ending(FAILED_CONTROL[failed.name], wording.finding(failed))


def _refuse(seal: Seal, runs: Sequence[Run]) -> None:
    """Let no run decide that the seal does not call for, and decide nothing before all that it calls for are there."""
    wanted = {spec.key: spec for spec in proof_specs(seal)}
    for run in runs:
        if wanted.pop(run.spec.key, None) != run.spec:
            raise Fault("run-not-planned", f"the run {run.spec.key} is not one that the seal calls for, or there twice")
        if run.outcome.kind is OutcomeKind.FAULT:
            raise Fault("run-faulted", f"the run {run.spec.key} ended by a fault of the service")
    have: list[Run] = []
    while step := proof_steps(seal, have):
        due = {spec.key for spec in step}
        found = [run for run in runs if run.spec.key in due]
        if len(found) < len(due):
            raise Fault("runs-missing", f"a verdict needs the runs {', '.join(sorted(due))}")
        have += found
    if len(have) < len(runs):
        raise Fault("run-not-planned", "more runs are there than the finished ones call for")


def _inconclusive(
    runs: Sequence[Run],
    ending: Ending,
    comparisons: tuple[Comparison, ...] = (),
    controls: tuple[Control, ...] = (),
) -> Judgement:
    reason = wording.inconclusive(ending.what)
    return _judgement(runs, Status.UNVERIFIED, ending.code, reason, comparisons, controls)


def _judgement(  # noqa: PLR0913 - the parts of a judgement
    runs: Sequence[Run],
    status: Status,
    code: str,
    reason: str,
    comparisons: tuple[Comparison, ...],
    controls: tuple[Control, ...],
) -> Judgement:
    return Judgement(
        status=status,
        outcome=min((run.outcome.kind for run in runs), key=PRECEDENCE.index, default=OutcomeKind.CANCELLED),
        reason_code=code,
        blame=PROOF_BLAME.get(code, BLAME.get(code)),
        reason=reason,
        comparisons=comparisons,
        controls=controls,
    )
