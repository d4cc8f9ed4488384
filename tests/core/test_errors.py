"""Errors that carry their explanation."""

from __future__ import annotations

import pytest

from app.core.errors import AssayError, Fault, Problem, Refusal

LINE = Problem("claim.toml", 12, "/expect/0/rule", "unknown-rule", "there is no rule 'x'", "use exact")
BODY = Problem(None, None, "/expect", "not-a-table", "it is no table", "")
FOLDER = Problem(".", None, "", "no-bundle", "there is no bundle", "claim.toml is missing")
WHOLE = Problem(None, None, "", "bomb", "it is too large", "leave data out")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (LINE, "claim.toml:12: there is no rule 'x'. Use exact."),
        (BODY, "/expect: it is no table."),
        (FOLDER, "this folder: there is no bundle. claim.toml is missing."),
        (WHOLE, "bundle: it is too large. Leave data out."),
    ],
)
def test_a_problem_reads_as_place_reason_and_remedy(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_refusal_lists_every_problem_and_is_summed_up_by_its_first() -> None:
    refusal = Refusal.of(LINE, BODY)
    assert str(refusal) == f"{LINE}\n{BODY}"
    assert (refusal.code, refusal.detail, refusal.remedy) == (
        "unknown-rule",
        "there is no rule 'x' (and 1 more)",
        "use exact",
    )
    assert refusal.problems == (LINE, BODY)
    assert Refusal.of(WHOLE).detail == "it is too large"


def test_a_fault_names_a_reason_of_the_service_and_says_what_to_do() -> None:
    fault = Fault("lost", "the worker was lost", "try again", reason_code="WORKER_LOST")
    assert (str(fault), fault.reason_code) == ("the worker was lost. Try again.", "WORKER_LOST")
    assert str(Fault("lost", "the worker was lost")) == "the worker was lost."
    assert Fault("lost", "x").reason_code == "INTERNAL_ERROR"


def test_refusals_and_faults_are_never_mixed_up() -> None:
    assert issubclass(Refusal, AssayError)
    assert issubclass(Fault, AssayError)
    assert not issubclass(Refusal, Fault)
    assert not issubclass(Fault, Refusal)
