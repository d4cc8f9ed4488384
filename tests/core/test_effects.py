"""What is said about the effect of a control is what the judge does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.core.controls_catalogue import CATALOGUE, PROOF_CATALOGUE
from app.core.effects import effect
from app.core.model import Claim, ControlResult, Judgement, Status
from app.core.reasons import BLAME, PROOF_BLAME
from app.core.verdict import judge
from tests.core.builders import Program, a_seal, play
from tests.core.test_verdict import SCENARIOS, scripted


def judged(claim: Claim, answers: list[Any] | Program) -> Judgement:
    seal = a_seal(claim)
    return judge(seal, play(seal, None, scripted(*answers) if isinstance(answers, list) else answers)[0])


@pytest.mark.parametrize(("claim", "answers", "code", "says"), SCENARIOS)
def test_a_judgement_is_what_its_controls_say(claim: Claim, answers: list[Any] | Program, code: str, says: str) -> None:
    found = judged(claim, answers)
    effects = [effect(item.name, item.result) for item in found.controls]
    keeping = [text for text in effects if text.startswith("keeps the claim UNVERIFIED")]
    withholding = [text for text in effects if text.startswith("keeps a contradiction")]
    if keeping:
        assert found.status is Status.UNVERIFIED
    if withholding:
        assert found.status is not Status.FALSIFIED
    if found.status is Status.FALSIFIED:
        assert "lets a contradiction be FALSIFIED" in effects
    if code in {"TAUTOLOGICAL", "UNTRACEABLE", "COINCIDENCE"}:
        assert any(text.endswith(f": {code}") for text in keeping)
    if code == "CONTROL_UNDECIDED" and not withholding:
        assert any(text.endswith(f": {code}") for text in keeping)


@pytest.mark.parametrize("name", [*CATALOGUE, *PROOF_CATALOGUE])
def test_every_result_of_every_control_has_an_effect(name: str) -> None:
    told = {result: effect(name, result) for result in ControlResult}
    codes = {code for text in told.values() for code in re.findall(r"[A-Z]+_[A-Z_]+|TAUTOLOGICAL|[A-Z]{9,}", text)}
    assert codes - {"UNVERIFIED", "FALSIFIED"} <= BLAME.keys() | PROOF_BLAME.keys()
    assert told[ControlResult.FAIL] not in told[ControlResult.PASS]
    assert told[ControlResult.NOT_APPLICABLE] == "lets the verdict stand"


def test_what_only_warns_blocks_nothing() -> None:
    blocking = {name for name in CATALOGUE if "keeps the claim" in effect(name, ControlResult.WARN)}
    required = {name for name in CATALOGUE if "keeps the claim" in effect(name, ControlResult.UNDECIDED)}
    assert (blocking, required) == (set(), {"repeat", "input_response"})
