"""The gate verdict of a record: a projection of its claims' standing verdicts into the public contract."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.gate import (
    CONTRACT,
    DEFINITIONS,
    ENFORCEMENT,
    GATE,
    NOTHING_ATTEMPTED,
    StandingVerdict,
    project,
    schema,
)
from app.core.model import Status
from app.core.multiplicity import chance, holding
from app.core.statistics import ALPHA
from tests.core.builders import a_comparison
from tests.core.strategies import law

BASE = "https://assignee.net"
VALIDATOR = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())

#: What the source's contract requires of a document, restated from its public page and not from our schema.
REQUIRED = {
    "schema",
    "schema_version",
    "contract_version",
    "status",
    "label",
    "definition",
    "reason",
    "evaluated_at",
    "gate",
    "enforcement",
}


def counted(*, run: bool = True, **counts: int) -> dict[str, Any]:
    """Return what a projection says of Gate 3: none of a kind that is not named."""
    kinds = ("passed", "warned", "failed", "undecided", "total", "not_applicable")
    return {"run": run, **{f"controls_{kind}": 0 for kind in kinds}, **counts}


def a_standing(claim: str = "gain", status: str = "VERIFIED", at: int = 0, **changes: Any) -> StandingVerdict:
    usual: dict[str, Any] = {
        "claim": claim,
        "status": Status(status),
        "outcome": "exited",
        "reason_code": {"VERIFIED": "MATCH_EXACT", "FALSIFIED": "MISMATCH"}.get(status, "TIMEOUT"),
        "blame": None if status == "VERIFIED" else "author",
        "reason": f"{claim} is {status.lower()}.",
        "evaluated_at": f"2026-11-22T12:00:{at:02}+00:00",
        "seal": "sha256:" + "a" * 64,
        "evidence_url": f"https://example.org/{claim}",
        "evidence_sha256": "sha256:" + "b" * 64,
        "controls": ("pass", "warn", "not_applicable"),
    }
    return StandingVerdict(**(usual | changes))


def test_a_record_without_verdicts_is_unverified_and_says_that_nothing_was_attempted() -> None:
    document = project([], None, BASE)
    assert (document["status"], document["label"]) == ("UNVERIFIED", "Unverified")
    assert (document["reason"], document["evaluated_at"]) == (NOTHING_ATTEMPTED, None)
    assert document["reason"] == "Nothing has been attempted for this record."
    assert document["claims"] == {"total": 0, "tested": 0, "verified": 0, "falsified": 0}
    assert document.keys() == REQUIRED | {"claims"}
    assert project([], 24, BASE)["claims"]["total"] == 24


def test_a_verified_record_has_the_source_s_own_sentences() -> None:
    document = project([a_standing()], 1, BASE)
    assert document["schema"] == "https://assignee.net/schemas/gate-verdict-v1"
    assert document["gate"] == GATE == "Gate 2 — Verification (formal proof or sandbox reproduction)"
    assert document["definition"] == (
        "This record has passed Gate 2: a Lean4 proof source type-checks, or a sealed-sandbox run reproduced the reported"
        " results within the stated tolerance. A reproducible artifact (proof source or repro script and results) is"
        " attached to this record."
    )
    assert document["enforcement"] == (
        "VERIFIED requires an attached reproducible artifact (Lean4 proof source, or repro script and results) before this"
        " status can be set; it is not derived from review score or claim count."
    )
    assert document["gate3"] == counted(
        controls_passed=1, controls_warned=1, controls_total=2, controls_not_applicable=1
    )
    assert document["evidence_url"] == "https://example.org/gain"
    assert document["evidence_sha256"] == "sha256:" + "b" * 64
    assert document["seal"] == "sha256:" + "a" * 64
    assert document["reason"] == "gain is verified."


PROJECTIONS = [
    pytest.param(["VERIFIED"], "VERIFIED", id="one verified"),
    pytest.param(["VERIFIED", "VERIFIED"], "VERIFIED", id="all verified"),
    pytest.param(["VERIFIED", "UNVERIFIED"], "UNVERIFIED", id="one left open"),
    pytest.param(["UNVERIFIED"], "UNVERIFIED", id="only left open"),
    pytest.param(["VERIFIED", "FALSIFIED"], "FALSIFIED", id="one contradicted"),
    pytest.param(["UNVERIFIED", "FALSIFIED", "VERIFIED"], "FALSIFIED", id="all kinds"),
]


@pytest.mark.parametrize(("statuses", "status"), PROJECTIONS)
def test_any_falsified_claim_falsifies_and_only_all_verified_ones_verify(statuses: list[str], status: str) -> None:
    standing = [a_standing(f"c{index}", found, index) for index, found in enumerate(statuses)]
    document = project(standing, None, BASE)
    assert document["status"] == status
    assert document["label"] == status.capitalize()
    assert document["definition"] == DEFINITIONS[Status(status)]
    assert document["claims"] == {
        "total": len(statuses),
        "tested": len(statuses),
        "verified": statuses.count("VERIFIED"),
        "falsified": statuses.count("FALSIFIED"),
    }


def test_the_newest_verdict_of_the_deciding_status_is_shown() -> None:
    standing = [a_standing("old", at=1), a_standing("new", at=3), a_standing("open", "UNVERIFIED", 2)]
    assert project(standing[:2], None, BASE)["evidence_url"].endswith("/new")
    document = project(standing, None, BASE)
    assert (document["evaluated_at"], document["reason_code"]) == ("2026-11-22T12:00:02+00:00", "TIMEOUT")


@pytest.mark.parametrize(
    ("total", "tested", "says"),
    [
        (None, 1, "c0 is verified."),
        (1, 1, "c0 is verified."),
        (9, 1, "c0 is verified. 1 of 9 claims tested."),
        (None, 2, "c1 is verified. 2 claims tested."),
        (1, 2, "c1 is verified. 2 of 2 claims tested."),
    ],
)
def test_the_reason_says_how_many_of_how_many_were_tested(total: int | None, tested: int, says: str) -> None:
    assert project([a_standing(f"c{index}", at=index) for index in range(tested)], total, BASE)["reason"] == says


@pytest.mark.parametrize(
    ("controls", "gate3"),
    [
        ((), counted(run=False)),
        (("not_applicable",), counted(run=False, controls_not_applicable=1)),
        (
            ("pass", "pass", "warn", "fail", "fail", "fail", "undecided", "not_applicable"),
            counted(
                controls_passed=2,
                controls_warned=1,
                controls_failed=3,
                controls_undecided=1,
                controls_total=7,
                controls_not_applicable=1,
            ),
        ),
    ],
)
def test_gate_3_counts_the_controls_that_were_carried_out(controls: tuple[str, ...], gate3: dict[str, Any]) -> None:
    assert project([a_standing(controls=controls)], None, BASE)["gate3"] == gate3


standings = st.lists(
    st.builds(
        a_standing,
        st.uuids().map(str),
        st.sampled_from(["VERIFIED", "UNVERIFIED", "FALSIFIED"]),
        st.integers(0, 59),
        controls=st.lists(st.sampled_from(["pass", "warn", "fail", "undecided", "not_applicable"])).map(tuple),
    ),
    max_size=5,
)


@law
@given(standings, st.none() | st.integers(0, 30), st.randoms(use_true_random=False))
def test_every_projection_fulfils_the_contract_whatever_the_order(
    standing: list[StandingVerdict], total: int | None, chance: random.Random
) -> None:
    document = project(standing, total, BASE)
    VALIDATOR.validate(document)
    assert document.keys() >= REQUIRED
    chance.shuffle(standing)
    assert project(standing, total, BASE) == document
    if document["status"] == "VERIFIED":
        assert standing
        assert all(item.status is Status.VERIFIED for item in standing)
    assert (document["status"] == "FALSIFIED") is any(item.status is Status.FALSIFIED for item in standing)


def test_the_schema_is_the_contract() -> None:
    document = schema()
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$id"].endswith(f"/schemas/{CONTRACT}")
    assert set(document["required"]) == REQUIRED
    assert ENFORCEMENT
    jsonschema.validate({**project([a_standing()], 1, BASE), "something_of_theirs": 1}, document)


BROKEN = [
    *(pytest.param({key: ...}, id=f"without {key}") for key in sorted(REQUIRED)),
    pytest.param({"status": "QUEUED"}, id="another status"),
    pytest.param({"label": "verified"}, id="another label"),
    pytest.param({"schema": "https://example.org/schemas/gate-verdict-v1"}, id="another schema"),
    pytest.param({"evaluated_at": 7}, id="a number for a date"),
    pytest.param({"seal": "abc"}, id="no digest"),
    pytest.param({"claims": {"total": -1, "tested": 0, "verified": 0, "falsified": 0}}, id="a negative count"),
    pytest.param({"blame": "nobody"}, id="another blame"),
]


@pytest.mark.parametrize("changes", BROKEN)
def test_the_schema_refuses_what_is_not_the_contract(changes: dict[str, Any]) -> None:
    document = {**project([a_standing()], 1, BASE), **changes}
    document = {key: item for key, item in document.items() if item is not ...}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())


def test_the_base_address_may_end_in_a_slash() -> None:
    assert project([], None, BASE + "/")["schema"] == project([], None, BASE)["schema"]


# --- many claims by statistics ---------------------------------------------------------------------------------------


def by_statistics(claim: str, chance: str, status: str = "FALSIFIED") -> StandingVerdict:
    code = "NOT_EQUIVALENT" if status == "FALSIFIED" else "EQUIVALENT"
    return a_standing(claim, status, reason_code=code, chance=Decimal(chance))


def test_one_contradiction_by_statistics_among_many_claims_leaves_its_claim_open() -> None:
    sound = [by_statistics(f"c{index}", "1", "VERIFIED") for index in range(4)]
    document = project([*sound, by_statistics("odd", "0.011")], None, BASE)
    VALIDATOR.validate(document)
    assert document["status"] == "UNVERIFIED"
    assert document["claims"] == {"total": 5, "tested": 5, "verified": 4, "falsified": 0, "withheld": 1}
    assert (document["reason_code"], document["blame"]) == ("UNDERPOWERED", "measurement")
    assert document["reason"] == (
        "The claim odd is contradicted by statistics (p = 0.011), which does not suffice among 5 such claims of this"
        " record; its own verdict stays as it is. 5 claims tested."
    )
    surer = project([*sound, by_statistics("odd", "0.01")], None, BASE)
    assert (surer["status"], surer["reason_code"]) == ("FALSIFIED", "NOT_EQUIVALENT")
    assert surer["claims"] == {"total": 5, "tested": 5, "verified": 4, "falsified": 1}


def test_a_contradiction_without_statistics_needs_no_company() -> None:
    sound = [by_statistics(f"c{index}", "1", "VERIFIED") for index in range(40)]
    document = project([*sound, a_standing("odd", "FALSIFIED")], None, BASE)
    assert (document["status"], document["claims"]["falsified"]) == ("FALSIFIED", 1)
    assert "withheld" not in document["claims"]
    alone = project([by_statistics("odd", "0.049")], None, BASE)
    assert alone["status"] == "FALSIFIED"
    both = project([by_statistics("one", "0.049"), a_standing("two")], None, BASE)
    assert both["status"] == "FALSIFIED"  # a claim that chance has no part in does not count among them


@pytest.mark.parametrize(
    ("chances", "wanted"),
    [
        ([], ""),
        (["0.05"], "a"),
        (["0.0501"], ""),
        (["0.025", "0.05"], "ab"),
        (["0.026", "0.001"], "ab"),
        (["0.026", "0.026"], ""),
        (["0.01", "0.04", "0.03"], "a"),  # Holm's own kind of example: 0.03 misses 0.025, and 0.04 is not asked
        (["0.01", "0.04", "0.02"], "abc"),
        (["0.017", "0.001", "0.001"], "abc"),
        (["0.9", "0.001", "1"], "b"),
    ],
)
def test_holm_s_procedure_steps_down_and_stops(chances: list[str], wanted: str) -> None:
    assert holding(dict(zip("abc", map(Decimal, chances), strict=False))) == frozenset(wanted)


@law
@given(st.dictionaries(st.sampled_from("abcdef"), st.decimals("0", "1", places=4), max_size=6))
def test_holm_is_between_bonferroni_and_no_correction(chances: dict[str, Decimal]) -> None:
    found = holding(chances)
    assert found >= {name for name, each in chances.items() if each <= ALPHA / len(chances)}
    assert all(chances[name] <= ALPHA for name in found)
    assert all(chances[name] <= chances[other] for name in found for other in chances.keys() - found)


def test_the_chance_of_a_claim_counts_its_comparisons_by_statistics() -> None:
    sure = a_comparison(code="MISMATCH")
    match = a_comparison(rule="equivalence", code="EQUIVALENT")
    wrong = a_comparison(rule="equivalence", code="NOT_EQUIVALENT", p="0.02")
    assert chance([sure]) is None
    assert chance([a_comparison()]) is None
    assert chance([match]) == 1
    assert chance([wrong]) == Decimal("0.02")
    assert chance([wrong, match, a_comparison()]) == Decimal("0.04")
    assert chance([wrong, wrong.model_copy(update={"p": "0.001"})]) == Decimal("0.002")
    assert chance([a_comparison(rule="direction", code="DIRECTION_REVERSED", p="0.7"), match]) == 1
    assert chance([wrong, sure]) is None
    assert chance([wrong, sure.model_copy(update={"table": "t1"})]) == Decimal(
        "0.02"
    )  # a cell speaks through its table
