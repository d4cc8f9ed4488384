"""What the result of a control does to the verdict, in words. It follows from both names, so evidence leaves it out."""

from __future__ import annotations

from app.core.model import ControlResult
from app.core.reasons import FAILED_CONTROL, REQUIRED

OPEN = "keeps the claim UNVERIFIED"
NONE, SHOWN = "lets the verdict stand", "is shown, and blocks nothing"

#: control and result of which the effect is not the usual one
_OF_THEIR_OWN = {
    ("repeat", ControlResult.FAIL): f"{OPEN}: NONDETERMINISTIC",
    ("seed_response", ControlResult.WARN): "lets the seeds count as one: UNDERPOWERED where a spread is asked for",
    ("confirm", ControlResult.PASS): "lets a contradiction be FALSIFIED",
    ("confirm", ControlResult.FAIL): "keeps a contradiction from being FALSIFIED: NONDETERMINISTIC",
    ("confirm", ControlResult.UNDECIDED): "keeps a contradiction from being FALSIFIED",
    ("rounding_flip", ControlResult.WARN): "blocks no match; a contradiction that turns is COARSE_CLAIM, not FALSIFIED",
    ("kernel", ControlResult.FAIL): "makes the proof FALSIFIED once a second replay rejects the same declaration",
    ("statement", ControlResult.FAIL): f"{OPEN}: another statement, or another definition, is proved",
    ("axioms", ControlResult.FAIL): f"{OPEN}: PROOF_AXIOM_FORBIDDEN or PROOF_INCOMPLETE",
}


def effect(name: str, result: str) -> str:
    """Return what a control's result does to the verdict, as the end of a sentence about it."""
    found = ControlResult(result)
    if (name, found) in _OF_THEIR_OWN:
        return _OF_THEIR_OWN[name, found]
    if found is ControlResult.FAIL:
        return f"{OPEN}: {FAILED_CONTROL.get(name, 'TAUTOLOGICAL')}"
    if found is ControlResult.UNDECIDED and name in REQUIRED:
        return f"{OPEN}: CONTROL_UNDECIDED"
    return NONE if found in {ControlResult.PASS, ControlResult.NOT_APPLICABLE} else SHOWN
