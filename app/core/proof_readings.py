"""What the finished runs of a proof say, in the order in which it counts. Planning and judging look at this.

The first that applies decides:

    the checker may decide nothing    a limit that a run met      the axioms behind the theorem
    nobody approved the statement     an import off the list      the kernel
                                      a file that does not compile
                                      the theorem, its statement, the definitions under it
                                      `sorry`

What a prove run reports is no more than a reason to stop: whoever forges it to go on meets the kernel in the replay.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core import wording
from app.core.checkers import checker_of
from app.core.model import OutcomeKind, Proof, Purpose, RunSpec
from app.core.phrases import listed
from app.core.proof import Replayed, Unreportable, read_proved, read_replayed
from app.core.proof_job import CHALLENGE, SOLUTION
from app.core.reasons import MARRING, failure_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import ProofTerms, Run, Seal
    from app.core.proof import Proved

PROVE = (
    RunSpec(key=CHALLENGE, purpose=Purpose.PROVE, seed=0),
    RunSpec(key=SOLUTION, purpose=Purpose.PROVE, seed=0),
)
REPLAY = RunSpec(key="replay-0", purpose=Purpose.REPLAY, seed=0)
CONFIRM = RunSpec(key="confirm-0", purpose=Purpose.CONFIRM, seed=0)

SORRY = "sorryAx"
TAKEN = "its name is taken"  # of what a kernel did not decide, the one thing that no memory would mend
SAID_MAX = 300  # characters of a stranger's text in a sentence

_FILES = {CHALLENGE: "challenge", SOLUTION: "solution"}


@dataclass(frozen=True)
class Ending:
    """Why a proof cannot be decided: a reason code and what happened, without its full stop."""

    code: str
    what: str


def proof_of(seal: Seal) -> tuple[Proof, ProofTerms]:
    """Return the proof of a seal and the terms on which it is judged.

    Raises:
        ValueError: it is no seal of a proof, or its terms are of another challenge.

    """
    proof, terms = seal.claim.reproduce, seal.proof
    if not isinstance(proof, Proof) or terms is None or terms.challenge != seal.files.get(proof.challenge):
        raise ValueError("the seal has no terms of its proof, or those of another challenge")
    return proof, terms


def barred(seal: Seal) -> Ending | None:
    """Return what keeps a proof from being decided, whatever its runs say; None when nothing does."""
    _, terms = proof_of(seal)
    if terms.refused is not None:
        return Ending("PROOF_TOOLCHAIN_ERROR", f"the checker {_checker(seal)} is {terms.refused}")
    if terms.approved_by is None:
        return Ending("STATEMENT_NOT_APPROVED", "nobody approved the statement before its proof was submitted")
    return None


def unproved(seal: Seal, by_key: Mapping[str, Run]) -> Ending | None:
    """Return why the two files did not become two exports; None when they did."""
    ended = [_unfinished(by_key[spec.key], seal) for spec in PROVE]
    found = next((item for item in ended if item is not None), None)
    if found is not None:
        return found
    reports = [_proved(by_key[spec.key], seal) for spec in PROVE]
    endings = [item for item in reports if isinstance(item, Ending)]
    return next((item for item in endings if item.code == "IMPORT_DENIED"), endings[0] if endings else None)


def _unfinished(run: Run, seal: Seal) -> Ending | None:
    """Return the limit that ended a run, or the crash."""
    outcome = run.outcome
    if outcome.kind is OutcomeKind.EXITED:
        return None
    return Ending(failure_code(run), f"{_of(run)}: {wording.failure(run, seal.claim.limits)}")


def _proved(run: Run, seal: Seal) -> Proved | Ending:
    file = _FILES[run.spec.key]
    try:
        found = read_proved(run.result)
        if run.outcome.exit_code != 0:
            raise Unreportable(f"the run exited with code {run.outcome.exit_code}")
    except Unreportable as error:
        return marred(seal, run) or Ending(
            "PROOF_NOT_COMPILED", f"the {file} could not be compiled: {said(str(error))}"
        )
    match found.stage:
        case "ok":
            return found
        case "imports":
            what = checker_of(proof_of(seal)[0]).denied.format(said(found.denied or "a module"))
            return Ending("IMPORT_DENIED", f"the {file} {what}")
        case "compile" if found.messages.error:
            count = f"{found.messages.error} error{'s' * (found.messages.error != 1)}"
            first = found.first
            at = f"; first at {first.line}:{first.column}: {said(first.message)}" if first is not None else ""
            what = f"{_language(seal)} reported {count} in the {file}{at}"
        case "refused":
            what = f"the {file} cannot be given to {_language(seal)}: {said(found.detail)}"
        case _:
            what = f"the {file} could not be compiled and written as text: {said(found.detail)}"
    return marred(seal, run) or Ending("PROOF_NOT_COMPILED", what)


def replayed(seal: Seal, run: Run) -> Replayed | Ending:
    """Return what a replay found, or why it found nothing. In its box is our program alone: that it fails is ours."""
    ended = _unfinished(run, seal)
    if ended is not None and run.outcome.kind is not OutcomeKind.SIGNAL:
        return ended
    try:
        found = read_replayed(run.result)
        if ended is not None or run.outcome.exit_code != 0:
            raise Unreportable(wording.failure(run, seal.claim.limits))
        if found.stage == "ok" and (found.theorem is None or found.statement is None):
            raise Unreportable("the report says nothing of the theorem")
    except Unreportable as error:
        what = f"the checker {_checker(seal)} failed: {said(str(error))}"
        return marred(seal, run) or Ending("PROOF_TOOLCHAIN_ERROR", what)
    return found if found.stage == "ok" else marred(seal, run) or _stopped(found)


def _stopped(found: Replayed) -> Ending:
    """Return why a replay stopped: an export cannot be read, or (the theorem was looked for) the kernel gave up."""
    detail = said(found.detail)
    if found.theorem is None:
        return Ending("PROOF_NOT_COMPILED", f"the export of the {found.stage} cannot be read: {detail}")
    taken = found.detail.endswith(TAKEN)
    return Ending("PROOF_NOT_COMPILED" if taken else "OOM", f"the {found.stage} could be read, and {detail}")


def shortcoming(seal: Seal, found: Replayed) -> Ending | None:
    """Return what a proof lacks, whether or not the kernel accepts it; None when it lacks nothing."""
    proof, _ = proof_of(seal)
    checker = checker_of(proof)
    name, there = proof.theorem, found.theorem
    if there is None or not (there.challenge and there.solution):
        file = "solution" if there is not None and there.challenge else "challenge"
        return Ending("THEOREM_MISSING", f"the {file} has no theorem named {name}")
    if not there.is_theorem and (name in checker.allowed or name not in found.axioms):  # as an axiom it is named below
        return Ending("THEOREM_MISSING", f"{name} is no theorem in the solution")
    if found.statement != "same" and not refutes(found):
        return Ending(
            "STATEMENT_NOT_APPROVED", f"{name} is in the solution, and states something else than was approved"
        )
    if found.definitions:
        return Ending(
            "DEFINITION_DIFFERS",
            f"{said_all(found.definitions)}, used by the statement, differs from the challenge",
        )
    if found.sorry or SORRY in found.axioms:
        return Ending("PROOF_INCOMPLETE", f"the proof depends on {checker.hole}")
    beyond = [item for item in found.axioms if item not in checker.allowed]
    if beyond:
        where = "outside the allowed three" if checker.allowed else "which is not in the approved file"
        return Ending("PROOF_AXIOM_FORBIDDEN", f"it depends on {said_all(beyond)}, {where}")
    return None


def refutes(found: Replayed) -> bool:
    """Return whether what was replayed proves the negation of the approved statement, by the word of one kernel at least."""
    return (
        found.negation and found.statement == "differs" and (found.rejected is None or disagreement(found) is not None)
    )


def disagreement(found: Replayed) -> Ending | None:
    """Return that of several kernels one accepted what another rejected; None when they agree, or there is one."""
    no = [item for item in found.kernels if item.rejected is not None]
    yes = [item for item in found.kernels if item.rejected is None]
    if not no or not yes:
        return None
    first = no[0].rejected
    wrong = "" if first is None else f" {said(first.name)} ({said(first.message)})"
    return Ending(
        "KERNELS_DISAGREE", f"{said(yes[0].name)} accepted every declaration, and {said(no[0].name)} rejected{wrong}"
    )


def said_all(names: Sequence[str]) -> str:
    """Return strangers' names in a sentence, the first few of them."""
    return listed([said(name) for name in names])


def said(text: str) -> str:
    """Return a stranger's text for a sentence of ours: one line, short, nothing that turns or hides what follows."""
    visible = "".join(" " if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else sign for sign in text)
    line = " ".join(visible.split()).rstrip(". ")
    return f"{line[: SAID_MAX - 1]}…" if len(line) > SAID_MAX else line


def marred(seal: Seal, run: Run) -> Ending | None:
    """Return the limit that a run met without being ended by it, and that likely is why it found nothing."""
    limit = run.outcome.limit or ""
    return Ending(MARRING[limit], f"{_of(run)} {wording.met(run, seal.claim.limits)}") if limit in MARRING else None


def _of(run: Run) -> str:
    return f"the run {run.spec.key}"


def _language(seal: Seal) -> str:
    return checker_of(proof_of(seal)[0]).language


def _checker(seal: Seal) -> str:
    _, terms = proof_of(seal)
    return f"{terms.backend} ({_language(seal)} {terms.lean_version})"
