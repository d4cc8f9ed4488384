"""The sentences that people read; a match keeps the published pattern to the letter."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import wording
from app.core.model import Attacker, Control, ControlResult, Limits
from tests.core.builders import a_comparison, a_run, an_outcome


def test_a_relative_match_of_a_formula_reads_as_the_published_records_do() -> None:
    """Pattern P1 of the public contracts, as the seed's own record shows it."""
    item = a_comparison(rule="relative", tolerance="5%")
    assert (
        wording.match("formula", [item])
        == "Sealed-sandbox formula repro: Computed 8.7 matches expected 8.7 (tolerance=5.0%)."
    )


MATCHES: list[tuple[dict[str, Any], str]] = [
    (
        {"rule": "rounding", "computed": "8.8"},
        "Computed 8.8 matches expected 8.7 (within the printed rounding of its inputs).",
    ),
    ({"rule": "rounding", "computed": "8.75"}, "Computed 8.75 matches expected 8.7 (within printed rounding)."),
    ({"rule": "rounding", "computed": "8.65"}, "Computed 8.65 matches expected 8.7 (within printed rounding)."),
    (
        {"rule": "relative", "tolerance": "0.05", "expected": "76", "computed": "76"},
        "Computed 76.0 matches expected 76.0 (tolerance=5.0%).",
    ),
    (
        {"rule": "relative", "tolerance": "1%", "expected": "393216", "computed": "393216"},
        "Computed 393216.0 matches expected 393216.0 (tolerance=1.0%).",
    ),
    ({"rule": "relative", "tolerance": "0.25%"}, "Computed 8.7 matches expected 8.7 (tolerance=0.25%)."),
    ({"rule": "relative", "tolerance": "1e-5"}, "Computed 8.7 matches expected 8.7 (tolerance=0.001%)."),
    ({"rule": "relative", "tolerance": "150%"}, "Computed 8.7 matches expected 8.7 (tolerance=150.0%)."),
    (
        {"rule": "relative", "tolerance": "5%", "expected": "1e399", "computed": "1E+399"},
        "Computed 1E+399 matches expected 1e399 (tolerance=5.0%).",
    ),
    (
        {"rule": "rounding", "expected": "8.70", "computed": "8.7"},
        "Computed 8.7 matches expected 8.70 (within printed rounding).",
    ),
    (
        {"rule": "exact", "expected": "RemBERT", "computed": " Rem\nBERT "},
        "Computed Rem BERT matches expected RemBERT (exactly).",
    ),
    (
        {"rule": "exact", "expected": "12345678901", "computed": "12345678901"},
        "Computed 12345678901 matches expected 12345678901 (exactly).",
    ),
    ({"rule": "absolute", "tolerance": "0.1"}, "Computed 8.7 matches expected 8.7 (tolerance=±0.1)."),
    ({"rule": "points", "tolerance": "1"}, "Computed 8.7 matches expected 8.7 (tolerance=±1 points)."),
    (
        {"rule": "either", "tolerance": "5%", "low": "7.7", "high": "9.7"},
        "Computed 8.7 matches expected 8.7 (within 7.7 to 9.7).",
    ),
    (
        {"rule": "bounded", "expected": None, "low": "8.0", "high": None},
        "Computed 8.7 matches expected at least 8.0 (at least 8.0).",
    ),
    (
        {"rule": "bounded", "expected": None, "low": None, "high": "9"},
        "Computed 8.7 matches expected at most 9 (at most 9).",
    ),
    ({"rule": "bounded", "low": "8", "high": "9"}, "Computed 8.7 matches expected 8.7 (within 8 to 9)."),
    (
        {"rule": "rounding", "computed": "8.7" + "1" * 40},
        "Computed 8.711111111 matches expected 8.7 (within printed rounding).",
    ),
    (
        {
            "rule": "rounding",
            "expected": "3.14159265358979",
            "computed": "3.14159265358979323846",
            "low": "3",
            "high": "4",
        },
        "Computed 3.1415926535897932 matches expected 3.14159265358979 (within printed rounding).",
    ),
]


@pytest.mark.parametrize(
    ("changes", "says"), MATCHES, ids=[f"{row['rule']} {index}" for index, (row, _) in enumerate(MATCHES)]
)
def test_a_match_says_number_and_rule(changes: dict[str, Any], says: str) -> None:
    assert wording.match("script", [a_comparison(**changes)]) == f"Sealed-sandbox script repro: {says}"


def test_of_several_metrics_the_one_that_matched_least_closely_is_shown() -> None:
    close = a_comparison(metric="close")
    loose = a_comparison(metric="loose", rule="relative", tolerance="5%", computed="9", code="MATCH_TOLERANCE")
    says = "Sealed-sandbox script repro: Computed loose 9.0 matches expected 8.7 (tolerance=5.0%); all 2 metrics match."
    assert wording.match("script", [close, loose]) == says
    assert wording.match("script", [loose, close]) == says


MISMATCHES: list[tuple[dict[str, Any], str]] = [
    ({"rule": "rounding"}, "Computed 9.9 contradicts expected 8.7 (beyond the printed rounding)"),
    ({"rule": "exact"}, "Computed 9.9 contradicts expected 8.7 (not equal)"),
    (
        {"rule": "exact", "expected": "12345678901", "computed": "12345678902"},
        "Computed 12345678902 contradicts expected 12345678901 (not equal)",
    ),
    ({"rule": "relative", "tolerance": "5%"}, "Computed 9.9 contradicts expected 8.7 (beyond tolerance=5.0%)"),
    ({"rule": "absolute", "tolerance": "0.1"}, "Computed 9.9 contradicts expected 8.7 (beyond tolerance=±0.1)"),
    ({"rule": "points", "tolerance": "1"}, "Computed 9.9 contradicts expected 8.7 (beyond tolerance=±1 points)"),
    (
        {"rule": "either", "tolerance": "5%", "low": "8", "high": "9"},
        "Computed 9.9 contradicts expected 8.7 (not within 8 to 9)",
    ),
    (
        {"rule": "bounded", "expected": None, "low": "8", "high": "9"},
        "Computed 9.9 contradicts expected 8 to 9 (not within 8 to 9)",
    ),
]


@pytest.mark.parametrize(
    ("changes", "says"), MISMATCHES, ids=[f"{row['rule']} {index}" for index, (row, _) in enumerate(MISMATCHES)]
)
def test_a_contradiction_says_by_what_and_that_it_came_twice(changes: dict[str, Any], says: str) -> None:
    item = a_comparison(**{"computed": "9.9", "code": "MISMATCH", **changes})
    sentence = wording.contradiction("formula", item, [item])
    assert sentence == f"Sealed-sandbox formula repro: {says}; confirmed by a second run."
    named = says.replace("Computed ", "Computed score ", 1)
    sentence = wording.contradiction("formula", item, [a_comparison(), item])
    assert sentence == f"Sealed-sandbox formula repro: {named}; confirmed by a second run."


def test_of_several_seeds_the_reason_says_that_it_shows_the_worst() -> None:
    item = a_comparison(values=("8.7", "8.71", "8.72"), computed="8.72")
    says = "Computed 8.72 (worst of 3 seeds) matches expected 8.7 (within printed rounding)."
    assert wording.match("script", [item]) == f"Sealed-sandbox script repro: {says}"


LEFT_OPEN = "but by no more than printed digits and floating-point arithmetic leave open"

PROBLEMS: list[tuple[dict[str, Any], str]] = [
    ({"code": "NON_FINITE", "computed": "NaN"}, "score is NaN, which is not a finite number"),
    (
        {"code": "UNIT_SUSPECT", "computed": "0.087", "unit": "%"},
        "score is 0.087, expected 8.7 %: the units seem to differ (declare the same one in claim and result)",
    ),
    (
        {"code": "UNIT_SUSPECT", "computed": "0.087"},
        "score is 0.087, expected 8.7: the units seem to differ (declare the same one in claim and result)",
    ),
    (
        {"code": "UNIT_SUSPECT", "computed": "0.0774", "expected": "7.7", "unit": "%", "computed_low": "0.077"},
        "score is 0.0774, expected 7.7 %: the units seem to differ"
        " (multiply by 100 in the formula, or state the value as a fraction)",
    ),
    (
        {"code": "UNIT_SUSPECT", "computed": "900", "expected": None},
        "score is 900, expected its bounds: the units seem to differ (declare the same one in claim and result)",
    ),
    (
        {"code": "COARSE_CLAIM", "rule": "absolute", "computed": "8.71"},
        f"score is 8.71, outside the tolerance of 8.7, {LEFT_OPEN}",
    ),
    (
        {"code": "COARSE_CLAIM", "rule": "exact", "computed": "8.71"},
        f"score is 8.71, not equal to 8.7, {LEFT_OPEN}",
    ),
    (
        {"code": "COARSE_CLAIM", "rule": "absolute", "computed": "9", "computed_low": "8.5", "computed_high": "9.5"},
        f"score is 9 (its inputs allow 8.5 to 9.5), outside the tolerance of 8.7, {LEFT_OPEN}",
    ),
    (
        {"code": "UNDERPOWERED", "values": ("8.7", "9.9" + "1" * 20, "NaN")},
        "the seeds disagree about score: 8.7, 9.911111111, NaN",
    ),
]


@pytest.mark.parametrize(
    ("changes", "says"), PROBLEMS, ids=[str(index) + row["code"] for index, (row, _) in enumerate(PROBLEMS)]
)
def test_what_decides_nothing_says_why(changes: dict[str, Any], says: str) -> None:
    assert wording.comparison_problem(a_comparison(**changes)) == says


LIMITS = Limits(wall_ms=1_500, cpu_ms=500, cpus=1, memory_bytes=256 << 20, processes=9, scratch_bytes=32 << 20)
FAILURES: list[tuple[dict[str, Any], str]] = [
    ({"kind": "timeout", "clock": "wall", "wall_ms": 2_040}, "the run passed its wall limit of 1.5 s, at 2.0 s"),
    (
        {"kind": "timeout", "clock": "cpu", "cpu_ms": 990},
        "the run passed its cpu limit of 0.5 s of processor time, at 1.0 s",
    ),
    (
        {"kind": "memory", "peak_memory_bytes": 257 << 20},
        "the run needed more than its memory limit of 256 MiB, and had 257 MiB",
    ),
    ({"kind": "output", "limit": "stdout"}, "the run passed its limit on stdout of 4 MiB"),
    ({"kind": "output", "limit": "stderr"}, "the run passed its limit on stderr of 4 MiB"),
    ({"kind": "output", "limit": "result"}, "the run passed its limit on result of 1 MiB"),
    ({"kind": "output", "limit": "output"}, "the run passed its limit on output of 64 MiB"),
    ({"kind": "output"}, "the run passed its limit on output of 64 MiB"),
    (
        {"kind": "output", "limit": "stdout", "notes": ("stdout had more than 4194304 bytes",)},
        "the run passed its limit on stdout of 4 MiB; stdout had more than 4194304 bytes",
    ),
    (
        {"kind": "memory", "limit": "locks", "notes": ("5000 record locks were held at once, and 4096 are allowed",)},
        "the run passed its limit on record locks, which are memory of the kernel; 5000 record locks were held at once, "
        "and 4096 are allowed",
    ),
    ({"kind": "signal", "signal": 9}, "the run was ended by signal SIGKILL"),
    ({"kind": "signal", "signal": 31}, "the run was ended by signal SIGSYS for a forbidden system call"),
    ({"kind": "signal", "signal": 99}, "the run was ended by signal 99"),
    (
        {"kind": "signal", "signal": 6, "notes": ("scratch was full",)},
        "the run was ended by signal SIGABRT; scratch was full",
    ),
    ({"kind": "cancelled"}, "the run was cancelled"),
    ({"kind": "exited", "exit_code": 3}, "the run exited with code 3"),
    ({"kind": "exited", "exit_code": 1, "notes": ("a", "b")}, "the run exited with code 1; a; b"),
]


@pytest.mark.parametrize(("changes", "says"), FAILURES, ids=[says[-30:] for _, says in FAILURES])
def test_an_ended_run_says_by_what_limit_or_signal(changes: dict[str, Any], says: str) -> None:
    assert wording.failure(a_run(outcome=an_outcome(**changes)), LIMITS) == says


@pytest.mark.parametrize(("limit", "amount"), [("scratch", "32 MiB"), ("processes", "9")])
def test_a_limit_that_a_run_met_and_went_on_is_named_with_its_amount(limit: str, amount: str) -> None:
    run = a_run(outcome=an_outcome(limit=limit, notes=("2 were refused",)))
    met = f"met its limit on {limit} ({amount})"
    assert wording.met(run, LIMITS) == met
    spoiled = f"the run contradicts the claim, but {met}, which may have spoiled the number; 2 were refused"
    assert wording.marred(run, LIMITS) == spoiled
    assert wording.unreadable("there is no metric", run, LIMITS) == f"there is no metric; the run {met}; 2 were refused"


def test_inconclusive_reasons_are_no_evidence_against_the_claim() -> None:
    for what in ("the run was cancelled", "the run was cancelled."):
        says = "Could not decide: the run was cancelled. This is not evidence against the claim."
        assert wording.inconclusive(what) == says


CONTROL = Control(
    name="input_response",
    attacker=Attacker.REPLICATION,
    result=ControlResult.FAIL,
    detail="score stays the same.",
    cannot_prove="",
)


def test_a_match_that_is_worth_nothing_says_which_control_shows_it() -> None:
    says = (
        "Computed 8.7 matches expected 8.7, but the control input_response shows: score stays the same."
        " This is not evidence against the claim."
    )
    assert wording.blocked_match([a_comparison()], CONTROL) == says
    assert wording.finding(CONTROL) == "the control input_response shows: score stays the same."


# --- rules over seeds, orders and tables -----------------------------------------------------------------------------

OF_SEEDS = {
    "values": ("8.6", "8.8", "8.7"),
    "computed": "8.7",
    "computed_low": "8.531412345",
    "computed_high": "8.868587",
}

HOWS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"rule": "equivalence", "tolerance": "0.2", **OF_SEEDS},
        "Computed 8.7 (mean of 3 seeds) matches expected 8.7 (equivalent within ±0.2: the seeds allow 8.53141 to 8.86859)",
        "Computed 8.7 (mean of 3 seeds) contradicts expected 8.7 (not equivalent within ±0.2: the seeds allow",
    ),
    (
        {"rule": "prediction", "tolerance": "0.2", **OF_SEEDS},
        "(predicted within ±0.2: the seeds allow 8.53141 to 8.86859)",
        "(not predicted within ±0.2: the seeds allow",
    ),
    (
        {"rule": "direction", "tolerance": None, "computed_low": "8.6", "computed_high": "8.8"},
        "matches expected 8.7 (in direction: the inputs allow 8.6 to 8.8)",
        "(not in direction: the inputs allow",
    ),
    (
        {"rule": "direction", "tolerance": "0.1"},
        "(in direction, by at least 0.1)",
        "(not in direction, by at least 0.1)",
    ),
    (
        {"rule": "interval", "low": "8.5", "high": "8.9"},
        "(within the printed interval 8.5 to 8.9)",
        "(not within the printed interval 8.5 to 8.9)",
    ),
    (
        {"rule": "ulp", "tolerance": "4", "computed": "8.700000000000001"},
        "Computed 8.700000000000001 matches expected 8.7 (tolerance=±4 units in the last place)",
        "(beyond tolerance=±4 units in the last place)",
    ),
    (
        {"rule": "ranking", "expected": None, "computed": "0.5", "note": "5 of 6 pairs are resolved", "low": None},
        "Computed ranking score (5 of 6 pairs are resolved) matches expected printed order (Kendall's tau 0.5)",
        "contradicts expected printed order (Kendall's tau 0.5)",
    ),
    (
        {"rule": "table", "expected": "1", "computed": "1", "note": "2 of 2 cells match", "low": "1", "high": "1"},
        "Computed table score (2 of 2 cells match) matches expected printed cells (all cells)",
        "contradicts expected printed cells (not all cells)",
    ),
    (
        {"rule": "table", "expected": "0.9", "computed": "1", "note": "2 of 2 cells match", "low": "0.9", "high": "1"},
        "matches expected printed cells (at least 90.0% of its cells)",
        "(not at least 90.0% of its cells)",
    ),
]


@pytest.mark.parametrize(("changes", "matches", "contradicts"), HOWS, ids=[f"{i}" for i in range(len(HOWS))])
def test_every_rule_says_what_it_held_the_value_to(changes: dict[str, Any], matches: str, contradicts: str) -> None:
    item = a_comparison(**changes)
    assert wording.match("script", [item]).endswith(f"{matches}.")
    sentence = wording.contradiction("script", item, [item])
    assert contradicts in sentence
    assert sentence.endswith("; confirmed by a second run.")


def test_a_contradiction_by_statistics_says_how_it_was_confirmed() -> None:
    item = a_comparison(rule="equivalence", tolerance="0.1", code="NOT_EQUIVALENT", p="0.001", **OF_SEEDS)
    assert wording.contradiction("script", item, [item]).endswith("; confirmed by as many other seeds; p = 0.001.")
    one = a_comparison(rule="interval", code="MISMATCH", p="0.001", values=("8.7",))
    assert wording.contradiction("script", one, [one]).endswith("; confirmed by a second run.")


LEFT: list[tuple[dict[str, Any], str]] = [
    (
        {"rule": "equivalence", "code": "UNDERPOWERED", "tolerance": "0.2", **OF_SEEDS},
        "score is 8.7 over 3 seeds, expected 8.7 (equivalent within ±0.2: the seeds allow 8.53141 to 8.86859): so that its"
        " spread neither shows nor excludes what was printed",
    ),
    (
        {"rule": "direction", "code": "UNDERPOWERED", "tolerance": None, "note": "the difference prints as a tie"},
        "score is 8.7, expected 8.7 (in direction): the difference prints as a tie",
    ),
    (
        {"rule": "ranking", "code": "UNDERPOWERED", "note": "0 of 3 pairs are resolved"},
        "the ranking score is left open: 0 of 3 pairs are resolved",
    ),
    (
        {"rule": "table", "code": "UNIT_SUSPECT", "note": "1 of 2 cells match"},
        "the table score is left open: 1 of 2 cells match",
    ),
    (
        {"rule": "rounding", "code": "UNDERPOWERED", "values": ("8.7", "9.9")},
        "the seeds disagree about score: 8.7, 9.9",
    ),
]


@pytest.mark.parametrize(("changes", "says"), LEFT, ids=[f"{i}" for i in range(len(LEFT))])
def test_what_seeds_and_sets_leave_open_is_said(changes: dict[str, Any], says: str) -> None:
    assert wording.comparison_problem(a_comparison(**changes)) == says
