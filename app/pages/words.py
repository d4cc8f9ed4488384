"""Plain words for the closed sets that pages show: one sentence for each, modest where the facts are."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from app.core.attacks_parts import DECIMALS
from app.core.boxjob import UNDERIVABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS = {
    "VERIFIED": "A sealed run reproduced the printed results within the stated rule, or a kernel accepted the proof.",
    "FALSIFIED": (
        "A clean, confirmed reproduction contradicts what was printed, or a kernel twice rejected the proof or accepted a"
        " proof of the negation."
    ),
    "UNVERIFIED": "Nothing was decided. This is not evidence against the claim.",
}
BEFORE_MAX = 300
MODEST = "Descriptive verification status only; not human peer review or independent replication."
KIND = {
    "formula": "formula: printed numbers computed from other printed numbers, not a re-run of the experiment",
    "script": "script: the authors' program, run again in a sealed box",
    "metamath": "proof in Metamath: every declaration given to two verifiers, for a statement that was approved before",
    "lean4": "proof in Lean 4: every declaration given to a fresh kernel, for a statement that was approved before",
}
BLAME = {
    "author": "It lies with the claim or its reproduction; its author can mend it.",
    "resource": "It lies with the limits of the run: a larger limit or a smaller computation would help.",
    "measurement": "It lies with what was measured: it cannot decide the claim.",
    "service": "It lies with this service and says nothing about the claim.",
}
CODE = {
    "MATCH_EXACT": "every value equals the printed one",
    "MATCH_ROUNDING": "every value lies within the printed rounding",
    "MATCH_TOLERANCE": "every value lies within the tolerance",
    "EQUIVALENT": "the seeds' interval lies within the margin",
    "DIRECTION_HELD": "the claimed sign or order holds",
    "MISMATCH": "the result lies beyond tolerance and printed rounding",
    "NOT_EQUIVALENT": "the seeds' interval lies wholly outside the margin",
    "DIRECTION_REVERSED": "the difference surely has the other sign, or the order is reversed",
    "CRASHED": "the script ended with an error",
    "NO_METRIC": "the run ended well without the expected result",
    "MALFORMED_RESULT": "the result cannot be read",
    "UNIT_SUSPECT": "the units seem to differ",
    "TAUTOLOGICAL": "the match does not depend on the inputs",
    "SEAL_VIOLATION": "the script tried a forbidden system call",
    "UNTRACEABLE": "quote, printed value or cell is not in the source",
    "TIMEOUT": "the run passed its time limit",
    "OOM": "the run passed its memory limit",
    "GPU_OOM": "the run needed more memory than its GPU has",
    "DISK_FULL": "the run filled its scratch",
    "PROCESS_LIMIT": "the run was refused a process or thread",
    "OUTPUT_LIMIT": "the run wrote more than it may",
    "RESULT_TOO_LARGE": "the result is too large",
    "NONDETERMINISTIC": "the same seal decided differently when run again",
    "UNDERPOWERED": "the seeds neither show nor exclude what was printed",
    "NON_FINITE": "a value is NaN or infinite",
    "COARSE_CLAIM": "outside by no more than printed digits leave open",
    "CONTROL_UNDECIDED": "a required control could not be carried out",
    "COINCIDENCE": "too many other cells would have matched as well",
    "PROOF_ACCEPTED": "a fresh kernel accepted every declaration of a proof of the approved statement",
    "COUNTEREXAMPLE": "a fresh kernel accepted a proof of the statement's negation, twice",
    "PROOF_REJECTED": "a fresh kernel rejected the proof twice; the statement stays open",
    "PROOF_NOT_COMPILED": "statement or proof does not compile, or is no database of Metamath",
    "PROOF_INCOMPLETE": "the proof depends on sorry, in Metamath on ?",
    "PROOF_AXIOM_FORBIDDEN": "the proof depends on an axiom outside Lean's three, in Metamath outside the approved file",
    "STATEMENT_NOT_APPROVED": "nobody approved the statement before, or another one is proved",
    "DEFINITION_DIFFERS": "a definition under the statement is not the approved one",
    "THEOREM_MISSING": "there is no theorem of that name",
    "IMPORT_DENIED": "a module is imported that is not on the claim's list, in Metamath any file",
    "KERNELS_DISAGREE": "one kernel accepted the proof and another rejected it",
    "CHECKER_NOT_TRUSTED": "this checker's word is not enough to decide here",
    "PROOF_TOOLCHAIN_ERROR": "the checker is revoked, too old, or failed",
    "CANCELLED": "somebody cancelled it",
    "WORKER_LOST": "every worker that took a run was lost",
    "NO_ISOLATION": "no worker could seal the run as demanded",
    "IMAGE_PULL_FAILED": "the sealed environment or an asset is gone",
    "INTERNAL_ERROR": "a failure of the service",
}
RESULT = {
    "pass": "withstood",
    "warn": "to be known",
    "fail": "failed",
    "undecided": "undecided",
    "not_applicable": "does not apply",
}
STATE = {
    "queued": "waits for a worker",
    "running": "runs are being executed",
    "concluding": "everything is measured; a judge takes it up",
    "concluded": "the verdict is written",
    "cancelled": "somebody cancelled it; nothing was decided",
    "faulted": "this service failed; nothing is said about the claim",
    "done": "ended, and its outcome is stored",
}
OUTCOME = {
    "exited": "the process ended by itself",
    "signal": "the process was ended by a signal",
    "timeout": "the process was stopped at its time limit",
    "memory": "the process was stopped at its memory limit",
    "output": "the process was stopped for writing too much",
    "cancelled": "the run was cancelled",
    "fault": "the service failed; nothing is said about the claim",
}
PURPOSE = {
    "measure": "measures the values that decide",
    "repeat": "the same again, to see whether it is deterministic",
    "perturb": "with changed inputs, so that its values are meant to move if it computes anything",
    "confirm": "a contradiction has to come back before it counts",
    "prove": "compiles one file of a proof and exports it as text",
    "replay": "gives every declaration of the exported proof to a fresh kernel",
}
ISOLATION = {
    "A": "a virtual machine's kernel of its own",
    "B": "namespaces, system-call filter and control groups",
    "B1": "namespaces, system-call filter and control groups of the first version",
    "C": "namespaces and system-call filter; limits are kept by the supervisor",
}

#: What is done under the name of each control; docs/verdicts.md has every case of it.
TRIED = {
    "repeat": "runs the same seal with the same seed again",
    "hardcoded": "looks in the script for what spells the result, and runs it without that",
    "empty_input": "runs without the declared inputs and parameters",
    "input_response": "changes each declared input and runs again: the result has to move",
    "looked_up": "where the result stands among the inputs, changes all their other numbers: it has to move",
    "recognised": "moves a few numbers by one unit of their last place: the result must not jump",
    "pinned": "moves every number a little: the result must not stay where it was",
    "rescaled": "makes all decimals a tenth larger: the result has to follow as a computation would",
    "anchored": "makes the inputs another thing altogether: the result must not be accepted still",
    "turned": "turns round in the inputs what is ahead: a claimed direction has to turn",
    "typed": "makes the decimals in the script's text a tenth larger: the result must not be made of them alone",
    "seed_response": "compares the values of several seeds",
    "confirm": "measures a contradiction again in fresh scratch, on another worker where there is one",
    "quote": "looks the quoted sentence up in the sources of the bundle",
    "cells": "looks each printed value up in the row and column that it names",
    "arithmetic": "computes again what quote and statement spell out",
    "rounding_flip": "asks whether inputs that print the same lead to the same decision",
    "tolerance_flip": "says at which tolerance the decision would turn",
    "coincidence": "exchanges the cells for others of their table, and counts how many would be accepted as well",
    "kernel": "gives every declaration of a proof to the kernel",
    "statement": "holds the theorem, and every definition that it reaches, against the approved file",
    "axioms": "walks from the theorem through everything that it uses",
}
#: Of whichever checker of proofs an environment has; their names are older than the second one.
CHECKER_FACT = {"lean_version": "version of the checker", "lean_commit": "commit or digest of the checker"}
ISOLATION_FACT = {  # what the sandbox tells of itself
    "engine": "Engine",
    "engine_version": "Version of the engine",
    "seccomp": "System-call filter",
    "userns_disabled": "User namespaces forbidden inside",
    "usage_source": "Usage counted by",
    "runner": "Program around the run",
    "kernel": "Kernel",
    "machine": "Machine",
    "own_user": "A user of its own",
    "environment": "Interpreter and settings",
    "start": "Box",
    "waited_ms": "Waited for its box",
}
USUAL = {  # of what a usual time is told
    "seal": "As {} earlier verifications of the same seal took, from their first run to the verdict.",
    "claim": "As {} earlier verifications of this claim took, from their first run to the verdict.",
    "environment": "As {} verifications of this kind in the same environment took, from their first run to the verdict.",
}

ATTACK = {  # what is changed for an attack, by its variant, counted from 1
    "hardcoded": (
        "the numbers that spell the result replaced in the script",
        "the script's programs without comments and layout",
    ),
    "empty_input": ("without its inputs and parameters",),
    "input_response": (
        "every record a copy of one",
        "every record a copy of another",
        "all records twice",
        "all records three times",
        "all records four times",
        "all records five times",
    ),
    "looked_up": ("all other numbers changed", "all other numbers changed, their order turned"),
    "recognised": (
        "a few numbers moved by one unit",
        "the same numbers moved the other way",
        "all numbers spelled anew",
        "the first two records and the last two in each other's place",
        "the last record first",
        "the second half of the records first",
        "the same numbers with more zeros",
        "the last line ended otherwise",
    ),
    "rounding_flip": ("every decimal moved within its rounding", "every decimal moved the other way"),
    "pinned": (
        "every number moved by a small step",
        "the same steps at other inputs",
        "every number moved the other way",
        "the same steps turned at other inputs",
        "every number moved twice as far",
        "twice the steps at other inputs",
        "all inputs changed, without a step",
        "whole numbers half up, half down",
        "rows drawn anew, whole numbers half up, half down",
        "whole numbers half up, half down, turned",
        "rows drawn anew, whole numbers half up, half down, turned",
        "whole numbers half up, half down, twice as far",
        "rows drawn anew, whole numbers half up, half down, twice as far",
        "whole numbers half up, half down, others up",
        "rows drawn anew, whole numbers half up, half down, others up",
        "whole numbers half up, half down, turned, others up",
        "rows drawn anew, whole numbers half up, half down, turned, others up",
        "whole numbers half up, half down, twice as far, others up",
        "rows drawn anew, whole numbers half up, half down, twice as far, others up",
        "whole numbers half up, half down, others up again",
        "rows drawn anew, whole numbers half up, half down, others up again",
        "whole numbers half up, half down, turned, others up again",
        "rows drawn anew, whole numbers half up, half down, turned, others up again",
        "whole numbers half up, half down, twice as far, others up again",
        "rows drawn anew, whole numbers half up, half down, twice as far, others up again",
        "rows drawn anew, every number moved by a small step",
        "rows drawn anew in all inputs",
    ),
    "rescaled": (
        "decimals a tenth larger",
        "decimals a tenth smaller",
        "decimals a fifth larger",
        "decimals 15 % smaller",
        "decimals a tenth larger at other inputs",
    ),
    "anchored": (
        "all numbers three to thirty times as large",
        "rows paired anew",
        "all numbers three to thirty times as small",
        "every number four times as large",
        "every number a hundred times as large",
    ),
    "typed": ("the decimals in the script's text a tenth larger",),
    "turned": (
        "what is compared in each other's place",
        "labels in each other's place",
        "every number negated",
        "every second column upside down",
        "the first two of the ranking in each other's place",
    ),
}


def changed(derivation: Mapping[str, Any]) -> str:
    """Return how a run with changed inputs differs from what was sealed."""
    told, variant = ATTACK.get(derivation["attack"] or "", ()), int(derivation["variant"])
    if 0 < variant <= len(told):
        return told[variant - 1] + (", whole numbers left alone" if derivation["target"] == DECIMALS else "")
    if derivation["target"] == "values":
        return "each printed value shifted in turn"
    return f"{derivation['target']} changed, variant {variant}"


def withstood(gate3: Mapping[str, Any]) -> str:
    """Return what came of the attacks: "withstood 9 of 12 attacks, 3 could not be carried out; 6 more do not apply"."""
    counted = (("warned", "to be known"), ("failed", "succeeded"), ("undecided", "could not be carried out"))
    found = [f"{gate3[f'controls_{name}']} {said}" for name, said in counted if gate3[f"controls_{name}"]]
    whole = f"withstood {gate3['controls_passed']} of {gate3['controls_total']} attacks"
    left_out = gate3["controls_not_applicable"]
    return ", ".join([whole, *found]) + (f"; {left_out} more do not apply" if left_out else "")


def range(low: float, high: float) -> str:  # noqa: A001 - as templates call it
    """Return a range of seconds for people: "40–70 s", two digits each, wider rather than narrower."""
    unit, size = ("min", 60) if low >= 120 else ("s", 1)
    ends = [_two_digits(low / size, up=False), _two_digits(high / size, up=True)]
    return f"{ends[0]} {unit}" if ends[0] == ends[1] else f"{ends[0]}–{ends[1]} {unit}"


def _two_digits(value: float, *, up: bool) -> str:
    step = 10 ** (math.floor(math.log10(max(value, 0.1))) - 1)
    rounded = (math.ceil if up else math.floor)(value / step - (1e-9 if up else -1e-9)) * step
    return f"{rounded:.0f}" if step >= 1 else f"{rounded:.{1 if step >= 0.05 else 2}f}"


def unrun(outcome: Mapping[str, Any]) -> bool:
    """Whether a run was never executed because its attack found nothing to change; its notes say what was missing."""
    return bool(outcome["limit"] == UNDERIVABLE)


def before(value: Any) -> str:
    """Return what a corrected field said before: a text as it was, anything else as JSON, at most BEFORE_MAX signs of it."""
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        text = ", ".join(f"{name.replace('_', ' ')} {item}" for name, item in value.items())
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= BEFORE_MAX else text[: BEFORE_MAX - 1] + "…"


def only(sight: str) -> str:
    """Return what marks a thing that is closed to others, to who sees it by `sight`."""
    return "Only its publisher sees this" if sight == "operator" else "Only you see this"


def code(name: str | None) -> str:
    """Return what a reason code means; of one that is not known, its own words in lower case."""
    return CODE.get(name or "", (name or "").replace("_", " ").lower())


def control(name: str) -> str:
    """Return a control's name for people."""
    return name.replace("_", " ")


def kind(name: str) -> str:
    """Return what a kind of reproduction is."""
    return KIND.get(name, name)
