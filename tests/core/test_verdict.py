"""From finished runs to a verdict: scenarios for every reason code, the order of precedence, and what never happens."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Fault
from app.core.model import (
    Blame,
    Claim,
    ControlResult,
    Derivation,
    Expectation,
    Judgement,
    Purpose,
    Rule,
    Run,
    RunOutcome,
    Seal,
    Status,
)
from app.core.plan import Conclude, next_step
from app.core.readings import Readings
from app.core.seal import VERSIONS
from app.core.specs import all_specs, attacks, measures
from app.core.verdict import BLAME, confirmations, judge
from tests.core.builders import (
    SCORES,
    Program,
    a_claim,
    a_formula_seal,
    a_run,
    a_script,
    a_seal,
    a_spec,
    an_expectation,
    an_outcome,
    honest,
    play,
    specs_of,
)
from tests.core.strategies import law
from tests.core.test_plan import TWO_SEEDS, ended, endings, seals

script_seals = seals.filter(lambda seal: seal.claim.reproduce.kind == "script")

HARMLESS = {ControlResult.PASS, ControlResult.WARN}


def near(data: bytes) -> bool:
    """Whether every score is the sealed one, or nearly."""
    try:
        one, two = ([float(row.rpartition(b",")[2]) for row in each.split()[1:]] for each in (SCORES, data))
    except ValueError:
        return False
    return len(one) == len(two) and all(abs(a - b) < 0.11 for a, b in zip(one, two, strict=True))


def scripted(*answers: Any) -> Program:
    """Return a program that answers one thing after the other, the last for ever; a number is a score.

    To inputs that hardly differ from the sealed ones it gives its first answer, without inputs it crashes.
    """
    left = list(answers)

    def program(inputs: Mapping[str, bytes], seed: int) -> Any:
        if not inputs and len(answers) > 1:
            return an_outcome(exit_code=1)
        hardly = inputs and inputs["scores.csv"] != SCORES and near(inputs["scores.csv"])
        answer = answers[0] if hardly else left.pop(0) if len(left) > 1 else left[0]
        return {"score": answer} if isinstance(answer, int | float) else answer

    return program


def claimed(value: str | None = "8.7", rule: str = "rounding", **changes: Any) -> Claim:
    return a_claim(an_expectation(value, rule, **changes))


def ending(kind: str = "exited", **changes: Any) -> RunOutcome:
    return an_outcome(kind, **changes)


def sampled(value: str, rule: str, **changes: Any) -> Claim:
    """Return a claim over the spread of five seeds."""
    return a_claim(an_expectation(value, rule, **changes), a_script(seeds=(0, 1, 2, 3, 4)))


def noisy(step: float = 0.01) -> Program:
    """Return the honest program with a noise that its seed decides."""

    def program(inputs: Mapping[str, bytes], seed: int) -> Any:
        found: Any = honest(inputs, seed)
        return {"score": round(found["score"] + step * ((seed * 7) % 5 - 2), 6)}

    return program


#: The taxonomy of comparison.md, section 5, as far as this version can come to its codes.
TAXONOMY: dict[str, tuple[str, str | None]] = {
    **dict.fromkeys(["MATCH_EXACT", "MATCH_ROUNDING", "MATCH_TOLERANCE"], ("VERIFIED", None)),
    **dict.fromkeys(["EQUIVALENT", "DIRECTION_HELD"], ("VERIFIED", None)),
    **dict.fromkeys(["MISMATCH", "NOT_EQUIVALENT", "DIRECTION_REVERSED"], ("FALSIFIED", "author")),
    **dict.fromkeys(["CRASHED", "NO_METRIC", "MALFORMED_RESULT", "UNIT_SUSPECT"], ("UNVERIFIED", "author")),
    **dict.fromkeys(["TAUTOLOGICAL", "SEAL_VIOLATION"], ("UNVERIFIED", "author")),
    **dict.fromkeys(["TIMEOUT", "OOM", "DISK_FULL", "OUTPUT_LIMIT"], ("UNVERIFIED", "resource")),
    **dict.fromkeys(["PROCESS_LIMIT", "RESULT_TOO_LARGE", "GPU_OOM"], ("UNVERIFIED", "resource")),
    **dict.fromkeys(["NONDETERMINISTIC", "UNDERPOWERED", "NON_FINITE"], ("UNVERIFIED", "measurement")),
    **dict.fromkeys(["COARSE_CLAIM", "CONTROL_UNDECIDED"], ("UNVERIFIED", "measurement")),
    "UNTRACEABLE": ("UNVERIFIED", "author"),
    "COINCIDENCE": ("UNVERIFIED", "measurement"),
    "CANCELLED": ("UNVERIFIED", None),
}


def scenario(name: str, claim: Claim, answers: list[Any] | Program, code: str, says: str) -> Any:
    """Return a row: a claim, what its runs answer one after the other, and the verdict's code and words."""
    return pytest.param(claim, answers, code, says, id=name)


SCENARIOS = [
    scenario("an honest script", claimed(), honest, "MATCH_EXACT", "matches expected 8.7"),
    scenario("it rounds to the print", claimed(), [8.74, 8.74, 9.5], "MATCH_ROUNDING", "Computed 8.74 matches"),
    scenario(
        "within tolerance",
        claimed(rule="relative", tolerance="5%"),
        [9.1, 9.1, 9.5],
        "MATCH_TOLERANCE",
        "(tolerance=5.0%)",
    ),
    scenario("it repeats the decision", claimed(), [8.7, 8.72, 9.5], "MATCH_EXACT", "matches"),
    scenario(
        "a contradiction",
        claimed("9.9"),
        honest,
        "MISMATCH",
        "script repro: Computed 8.7 contradicts expected 9.9 (beyond the printed rounding); confirmed by a second run",
    ),
    scenario("a noisy contradiction", claimed("9.9"), [8.7, 8.71, 9.5, 9.6, 8.72], "MISMATCH", "contradicts"),
    # What ended the process.
    scenario("exit 1", claimed(), [ending(exit_code=1)], "CRASHED", "exited with code 1"),
    scenario("a signal", claimed(), [ending("signal", signal=11)], "CRASHED", "signal SIGSEGV"),
    scenario(
        "a forbidden call", claimed(), [ending("signal", signal=31)], "SEAL_VIOLATION", "for a forbidden system call"
    ),
    scenario("a timeout", claimed(), [ending("timeout", clock="wall")], "TIMEOUT", "passed its wall limit of 10 s"),
    scenario("out of memory", claimed(), [ending("memory")], "OOM", "memory limit"),
    scenario("too much output", claimed(), [ending("output", limit="stdout")], "OUTPUT_LIMIT", "limit on stdout"),
    scenario(
        "too large a result", claimed(), [ending("output", limit="result")], "RESULT_TOO_LARGE", "limit on result"
    ),
    scenario("full scratch", claimed(), [ending(exit_code=1, limit="scratch")], "DISK_FULL", "exited with code 1"),
    scenario("full scratch, aborted", claimed(), [ending("signal", signal=6, limit="scratch")], "DISK_FULL", "SIGABRT"),
    scenario(
        "too many processes",
        claimed(),
        [ending(exit_code=1, limit="processes", notes=("forks were refused",))],
        "PROCESS_LIMIT",
        "forks were refused",
    ),
    scenario("cancelled", claimed(), [ending("cancelled")], "CANCELLED", "was cancelled"),
    # What it reported.
    scenario("no metric", claimed(), ["{}"], "NO_METRIC", "no metric 'score'"),
    scenario("no JSON", claimed(), ["score"], "MALFORMED_RESULT", "not the JSON object"),
    scenario("absurd", claimed(), ['{"score": 1e99999999999999999999}'], "MALFORMED_RESULT", "beyond"),
    scenario("not a number", claimed(), ['{"score": NaN}'], "NON_FINITE", "score is NaN"),
    scenario("units", claimed("87.0"), [0.87, 0.87, 0.9], "UNIT_SUSPECT", "units seem to differ"),
    scenario(
        "coarse",
        claimed("0.870", "absolute", tolerance="0.0001"),
        [0.8704, 0.8704, 0.9],
        "COARSE_CLAIM",
        "printed digits",
    ),
    # What the controls found.
    scenario("it does not repeat", claimed(), [8.7, 9.9, 9.5], "NONDETERMINISTIC", "A repetition turns"),
    scenario("it crashes again", claimed(), [8.7, ending(exit_code=1), 9.5], "NONDETERMINISTIC", "then crashed"),
    scenario("it knows its place", claimed(), [8.7, 8.7, 9.5, 9.6, 9.9], "NONDETERMINISTIC", "looked at twice"),
    scenario(
        "not confirmed", claimed("9.9"), [8.7, 8.7, 9.5, 9.6, 9.5, 9.9], "NONDETERMINISTIC", "does not contradict"
    ),
    scenario(
        "the confirmation timed out",
        claimed("9.9"),
        [8.7, 8.7, 9.5, 9.6, 9.5, ending("timeout", clock="cpu")],
        "NONDETERMINISTIC",
        "not confirmed",
    ),
    scenario(
        "it prints the answer",
        claimed(),
        [8.7],
        "TAUTOLOGICAL",
        "Computed 8.7 matches expected 8.7, but the control input_response shows: score stays the same",
    ),
    scenario("it prints another answer", claimed("9.9"), [8.7], "TAUTOLOGICAL", "stays the same"),
    scenario("changes crash it", claimed(), [8.7, 8.7, ending(exit_code=1)], "CONTROL_UNDECIDED", "gave no result"),
    scenario(
        "also a contradiction", claimed("9.9"), [8.7, 8.7, ending(exit_code=1)], "CONTROL_UNDECIDED", "gave no result"
    ),
    scenario(
        "changes crash it, and it needs no inputs",
        claimed(),
        lambda inputs, _: {"score": 8.7} if not inputs or near(inputs["scores.csv"]) else an_outcome(exit_code=1),
        "TAUTOLOGICAL",
        "the control empty_input shows",
    ),
    scenario(
        "inputs that print the same decide otherwise",
        claimed(None, "bounded", low="8.72"),
        honest,
        "COARSE_CLAIM",
        "the control rounding_flip shows: Within the printed rounding of the inputs the decision turns",
    ),
    # What the spread of seeds says.
    scenario("equivalent", sampled("8.7", "equivalence", tolerance="0.1"), noisy(), "EQUIVALENT", "mean of 5 seeds"),
    scenario(
        "not equivalent",
        sampled("9.9", "equivalence", tolerance="0.1"),
        noisy(),
        "NOT_EQUIVALENT",
        "confirmed by as many other seeds; p = 0.0",
    ),
    scenario("held", sampled("3.1", "direction", tolerance="8"), noisy(), "DIRECTION_HELD", "by at least 8"),
    scenario("reversed", sampled("-3.1", "direction"), noisy(), "DIRECTION_REVERSED", "contradicts expected -3.1"),
    scenario("too wide", sampled("8.7", "equivalence", tolerance="0.1"), noisy(2), "UNDERPOWERED", "8.7 over 5 seeds"),
    scenario("one value", sampled("8.7", "equivalence", tolerance="0.1"), honest, "UNDERPOWERED", "counts as one"),
    scenario(
        "other seeds leave it open",
        sampled("9.0", "equivalence", tolerance="0.1"),
        lambda inputs, seed: noisy(0.02 if seed < 5 else 2)(inputs, seed),
        "CONTROL_UNDECIDED",
        "As many other seeds leave open whether score is contradicted",
    ),
    scenario(
        "other seeds say the opposite",
        sampled("9.0", "equivalence", tolerance="0.1"),
        lambda inputs, seed: {"score": noisy()(inputs, seed)["score"] + (0.3 if seed >= 5 else 0)},
        "NONDETERMINISTIC",
        "does not contradict score",
    ),
    scenario("no inputs", a_claim(reproduce=a_script(inputs=())), [8.7], "CONTROL_UNDECIDED", "neither inputs"),
]


@pytest.mark.parametrize(("claim", "answers", "code", "says"), SCENARIOS)
def test_a_scenario_ends_in_its_verdict(claim: Claim, answers: list[Any] | Program, code: str, says: str) -> None:
    seal = a_seal(claim)
    runs, _ = play(seal, None, scripted(*answers) if isinstance(answers, list) else answers)
    found = judge(seal, runs)
    assert (found.reason_code, found.status, found.blame) == (code, *TAXONOMY[code])
    assert says in found.reason
    assert judge(seal, runs[::-1]) == found
    assert Judgement.model_validate_json(found.model_dump_json()) == found


def test_the_scenarios_cover_every_code_that_this_version_can_give() -> None:
    seen = {param.values[2] for param in SCENARIOS}
    assert seen | {"UNTRACEABLE", "COINCIDENCE", "GPU_OOM"} == TAXONOMY.keys()
    assert {code: blame.value for code, blame in BLAME.items()} == {c: b for c, (_, b) in TAXONOMY.items() if b}


LIMITS = [
    pytest.param("processes", "PROCESS_LIMIT", id="forks"),
    pytest.param("scratch", "DISK_FULL", id="scratch"),
    pytest.param("gpu", "GPU_OOM", id="memory of a GPU"),
]


@pytest.mark.parametrize(("limit", "code"), LIMITS)
@pytest.mark.parametrize("key", ["measure-1", "confirm-0"])
def test_a_number_that_a_limit_may_have_spoiled_contradicts_nothing(key: str, limit: str, code: str) -> None:
    """A script that catches what it was refused goes on and exits with 0."""
    seal = a_seal(a_claim(an_expectation("9.9"), a_script(seeds=(7, 1))))
    spoiled = ending(limit=limit, notes=("2 were refused",))
    runs = [run.model_copy(update={"outcome": spoiled}) if run.spec.key == key else run for run in play(seal)[0]]
    found = judge(seal, runs)
    assert (found.status, found.reason_code, found.blame) == ("UNVERIFIED", code, "resource")
    assert f"met its limit on {limit} (" in found.reason
    assert "), which may have spoiled the number; 2 were refused" in found.reason
    wanted = confirmations(Readings.of(seal, [run for run in runs if run.spec.key != "confirm-0"]))
    assert bool(wanted) is (key == "confirm-0")


def test_a_number_that_no_limit_kept_from_matching_stays_a_match() -> None:
    limited = {"outcome": ending(limit="processes")}
    runs = [run.model_copy(update=limited) if run.result is not None else run for run in play(a_seal())[0]]
    found = judge(a_seal(), runs)
    assert found.status is Status.VERIFIED
    assert found.reason.endswith("; a run met its limit on processes (16).")


@pytest.mark.parametrize(("limit", "code"), LIMITS)
@pytest.mark.parametrize("result", [None, "{}", "nonsense"])
def test_no_number_after_a_refusal_is_put_down_to_the_limit(limit: str, code: str, result: str | None) -> None:
    """A script that swallows the error of a full disk and exits with 0 has no result, or half of one."""
    spoiled = {"outcome": ending(limit=limit, notes=("2 were refused",)), "result": result}
    runs = [run.model_copy(update=spoiled) for run in play(a_seal())[0]]
    found = judge(a_seal(), runs)
    assert (found.status, found.reason_code, found.blame) == ("UNVERIFIED", code, "resource")
    assert f"; the run met its limit on {limit} (" in found.reason


SEEDS = [
    pytest.param([8.7, 8.7], "VERIFIED", "MATCH_EXACT", id="both match"),
    pytest.param([9.9, 9.8], "FALSIFIED", "MISMATCH", id="both contradict"),
    pytest.param([8.7, 9.9], "UNVERIFIED", "UNDERPOWERED", id="they disagree"),
    pytest.param([9.9, 8.7], "UNVERIFIED", "UNDERPOWERED", id="they disagree the other way"),
]


@pytest.mark.parametrize("rule", ["rounding", "exact"])
@pytest.mark.parametrize(("values", "status", "code"), SEEDS)
def test_seeds_have_to_agree(values: list[float], status: str, code: str, rule: str) -> None:
    seal = a_seal(a_claim(an_expectation(rule=rule), a_script(seeds=(7, 1))))

    def program(inputs: Mapping[str, bytes], seed: int) -> Any:
        return {"score": values[(7, 1).index(seed)] + (b"8.1" not in inputs["scores.csv"])}

    found = judge(seal, play(seal, None, program)[0])
    assert (found.status, found.reason_code) == (status, code)


FORMULAS = [
    pytest.param(
        "8.7", "rounding", {"a": "77.0", "b": "68.3"}, "VERIFIED", "MATCH_EXACT", id="the seed's own arithmetic"
    ),
    pytest.param("8.8", "rounding", {"a": "77.0", "b": "68.3"}, "VERIFIED", "MATCH_ROUNDING", id="the intervals meet"),
    pytest.param(
        "8.9", "rounding", {"a": "77.0", "b": "68.3"}, "FALSIFIED", "MISMATCH", id="the intervals are disjoint"
    ),
    pytest.param(
        "8.71", "exact", {"a": "77.0", "b": "68.3"}, "UNVERIFIED", "COARSE_CLAIM", id="exact, but inputs allow it"
    ),
    pytest.param("9.5", "exact", {"a": "77.0", "b": "68.3"}, "FALSIFIED", "MISMATCH", id="exact, and inputs do not"),
    pytest.param("0.087", "rounding", {"a": "77.0", "b": "68.3"}, "UNVERIFIED", "UNIT_SUSPECT", id="a hundredth"),
]


@pytest.mark.parametrize(("value", "rule", "values", "status", "code"), FORMULAS)
def test_a_formula_ends_in_its_verdict(value: str, rule: str, values: dict[str, str], status: str, code: str) -> None:
    seal = a_formula_seal(an_expectation(value, rule), None, **values)
    found = judge(seal, play(seal)[0])
    assert (found.status, found.reason_code) == (status, code)


CHEATS = [
    pytest.param(
        {"score": "x + c*c - c*c"}, {"x": "1.0", "c": "100"}, "COARSE_CLAIM", id="an interval widened by c*c - c*c"
    ),
    pytest.param(
        {"score": "x + round(c, -2)"}, {"x": "1.0", "c": "50"}, "COARSE_CLAIM", id="an interval widened by a jump"
    ),
    pytest.param({"score": "8.7 + 0*x"}, {"x": "1.0"}, "TAUTOLOGICAL", id="a typed result with a decoy"),
    pytest.param(
        {"score": "8.7 + 0*x", "count": "x"}, {"x": "8.7"}, "TAUTOLOGICAL", id="a typed result beside a computed one"
    ),
]


@pytest.mark.parametrize(("formulas", "values", "code"), CHEATS)
def test_a_formula_built_to_match_is_not_verified(formulas: dict[str, str], values: dict[str, str], code: str) -> None:
    seal = a_formula_seal([an_expectation(metric=metric) for metric in formulas], formulas, **values)
    found = judge(seal, play(seal)[0])
    assert (found.status, found.reason_code) == ("UNVERIFIED", code)


#: outcome of a run, from what decides first to what decides last
PRECEDENCE = [
    ("CANCELLED", ending("cancelled")),
    ("OUTPUT_LIMIT", ending("output", limit="stderr")),
    ("OOM", ending("memory")),
    ("TIMEOUT", ending("timeout", clock="wall")),
    ("SEAL_VIOLATION", ending("signal", signal=31)),
    ("CRASHED", ending(exit_code=3)),
    ("NO_METRIC", "{}"),
    ("NON_FINITE", '{"score": NaN}'),
    ("UNIT_SUSPECT", '{"score": 870}'),
]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(a, b, id=f"{a[0]} before {b[0]}")
        for index, a in enumerate(PRECEDENCE)
        for b in PRECEDENCE[index + 1 :]
    ],
)
@pytest.mark.parametrize("step", [1, -1], ids=["in order", "reversed"])
def test_what_decides_first_decides(first: tuple[str, Any], second: tuple[str, Any], step: int) -> None:
    parts = [first[1], second[1]][::step]
    runs = [
        a_run(spec, outcome=part, result=None) if isinstance(part, RunOutcome) else a_run(spec, part)
        for spec, part in zip(measures(TWO_SEEDS), parts, strict=True)
    ]
    assert judge(TWO_SEEDS, runs).reason_code == first[0]


def test_the_outcome_shown_is_that_of_the_deciding_run() -> None:
    runs = [a_run(measures(TWO_SEEDS)[0], outcome="timeout", result=None), a_run(measures(TWO_SEEDS)[1])]
    assert judge(TWO_SEEDS, runs).outcome == "timeout"
    assert judge(a_seal(), play(a_seal())[0]).outcome == "exited"


def test_a_contradiction_that_was_not_measured_again_stays_open() -> None:
    seal = a_seal(claimed("9.9"))
    found = judge(seal, [run for run in play(seal)[0] if run.spec.key != "confirm-0"])
    assert (found.status, found.reason_code) == ("UNVERIFIED", "CONTROL_UNDECIDED")
    assert "was not measured again" in found.reason


@pytest.mark.parametrize("other", [870, "NaN"], ids=["suspect units", "not a number"])
def test_a_contradiction_beside_something_that_cannot_be_compared_stays_open(other: Any) -> None:
    """And costs no confirming run."""
    seal = a_seal(a_claim([an_expectation("9.9"), an_expectation(metric="second")]))
    runs = [
        a_run(spec, f'{{"score": {8.7 + index}, "second": {other}}}')
        for index, spec in enumerate([*measures(seal), *attacks(seal)])
    ]
    runs[1] = a_run("repeat-0", f'{{"score": 8.7, "second": {other}}}')
    assert not confirmations(Readings.of(seal, runs))
    assert judge(seal, runs).reason_code in {"UNIT_SUSPECT", "NON_FINITE"}


# --- what is never judged --------------------------------------------------------------------------------------------


def fault_of(seal: Seal, runs: list[Run]) -> Fault:
    with pytest.raises(Fault) as caught:
        judge(seal, runs)
    return caught.value


@pytest.mark.parametrize("key", ["measure-0", "repeat-0", "perturb-0-1", "perturb-0-2", "confirm-0"])
def test_a_fault_in_any_run_is_never_a_verdict(key: str) -> None:
    seal = a_seal(claimed("9.9"))
    runs = [run for run in play(seal)[0] if run.spec.key != key]
    (spec,) = [spec for spec in all_specs(seal) if spec.key == key]
    fault = fault_of(seal, [*runs, a_run(spec, outcome="fault", result=None)])
    assert (fault.code, fault.reason_code) == ("run-faulted", "INTERNAL_ERROR")
    assert key in fault.detail


@pytest.mark.parametrize("key", ["measure-0", "repeat-0", "perturb-0-1"])
@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (ending(exit_code=1), None),
        (ending("signal", signal=11), None),
        (ending(), "{"),
        (ending(), None),
        (ending(exit_code=0, limit="scratch"), None),
    ],
    ids=["an error", "a signal", "an unreadable result", "no result", "no result after a limit that ended nothing"],
)
def test_an_evaluator_that_fails_is_our_fault_and_no_crash_of_the_author(
    key: str, outcome: RunOutcome, result: str | None
) -> None:
    seal = a_formula_seal()
    (spec,) = [spec for spec in all_specs(seal) if spec.key == key]
    runs = [run for run in play(seal)[0] if run.spec.key != key]
    fault = fault_of(seal, [*runs, a_run(spec, outcome=outcome, result=result)])
    assert (fault.code, fault.reason_code) == ("evaluator-failed", "INTERNAL_ERROR")
    assert key in fault.detail


@pytest.mark.parametrize(("kind", "code"), [("timeout", "TIMEOUT"), ("memory", "OOM"), ("cancelled", "CANCELLED")])
def test_an_evaluator_that_passes_a_limit_of_the_claim_is_no_fault(kind: str, code: str) -> None:
    seal = a_formula_seal()
    assert judge(seal, [a_run(measures(seal)[0], outcome=kind, result=None)]).reason_code == code


def test_a_verdict_needs_a_measurement_for_every_seed() -> None:
    assert fault_of(a_seal(), []).code == "runs-missing"
    assert fault_of(TWO_SEEDS, [a_run(measures(TWO_SEEDS)[0])]).code == "runs-missing"


STRANGERS = [
    pytest.param(a_spec("measure-1"), id="a second measurement"),
    pytest.param(a_spec("measure-0"), id="the same run twice"),
    pytest.param(a_spec("repeat-0", seed=9), id="another seed"),
    pytest.param(a_spec("repeat-1"), id="a second repetition"),
    pytest.param(a_spec("perturb-0-1", derivation=Derivation(target="scores.csv", variant=7)), id="another variant"),
    pytest.param(a_spec("perturb-0-1", derivation=Derivation(target="other.csv", variant=1)), id="another input"),
    pytest.param(a_spec("perturb-0-1", derivation=None), id="no derivation"),
    pytest.param(a_spec("perturb-0-1", purpose="confirm"), id="another purpose"),
]


@pytest.mark.parametrize("spec", STRANGERS)
def test_a_run_that_the_seal_does_not_call_for_is_never_judged(spec: Any) -> None:
    """Otherwise whoever runs it could pick the seed, the variant or the try that suits."""
    assert fault_of(a_seal(), [a_run("measure-0"), a_run(spec)]).code == "run-not-planned"


def test_a_run_without_its_derivation_is_refused_where_nothing_was_measured_as_well() -> None:
    crashed = a_run("measure-0", outcome=ending(exit_code=1), result=None)
    assert fault_of(a_seal(), [crashed, a_run(a_spec("perturb-0-1", derivation=None))]).code == "run-not-planned"


@pytest.mark.parametrize("versions", [{}, {**VERSIONS, "compare": 99}])
def test_a_seal_of_other_rules_is_never_judged(versions: dict[str, int]) -> None:
    seal = a_seal(versions=versions)
    fault = fault_of(seal, list(play(a_seal())[0]))
    assert (fault.code, fault.reason_code) == ("seal-other-rules", "INTERNAL_ERROR")


# --- laws ------------------------------------------------------------------------------------------------------------


def hold(found: Judgement) -> None:
    """Assert what holds for every judgement, whatever its runs were."""
    controls = {item.name: item.result for item in found.controls}
    codes = {item.code for item in found.comparisons}
    if found.status is Status.VERIFIED:
        assert controls["repeat"] in HARMLESS
        assert controls["input_response"] in HARMLESS
        assert found.comparisons
        assert all(item.match for item in found.comparisons)
        assert found.reason_code in {"MATCH_EXACT", "MATCH_ROUNDING", "MATCH_TOLERANCE"}
        assert found.outcome == "exited"
        assert found.blame is None
    elif found.status is Status.FALSIFIED:
        assert controls["repeat"] in HARMLESS
        assert controls["input_response"] in HARMLESS
        assert controls["confirm"] is ControlResult.PASS
        assert "MISMATCH" in codes
        assert not codes & {"NON_FINITE", "UNIT_SUSPECT"}
        assert (found.reason_code, found.blame, found.outcome) == ("MISMATCH", Blame.AUTHOR, "exited")
    else:
        assert found.reason_code != "MISMATCH"
        assert found.reason_code in {*BLAME, "CANCELLED"}
        assert found.blame == BLAME.get(found.reason_code)
        assert "not evidence against the claim" in found.reason


@law
@given(script_seals, st.data(), st.randoms(use_true_random=False))
def test_whatever_its_runs_come_to_a_seal_is_judged_by_the_same_rules(
    seal: Seal, data: st.DataObject, chance: random.Random
) -> None:
    runs: list[Run] = []
    while not isinstance(step := next_step(seal, runs), Conclude):
        runs += [ended(spec, data.draw(endings)) for spec in step]
    found = judge(seal, runs)
    hold(found)
    chance.shuffle(runs)
    assert judge(seal, runs) == found


@law
@given(script_seals, st.data())
def test_runs_that_are_missing_never_make_a_verdict_stronger(seal: Seal, data: st.DataObject) -> None:
    """Also with runs that no plan would have asked for together."""
    kept = {spec.key for spec in measures(seal)}
    runs = [ended(spec, data.draw(endings)) for spec in measures(seal)]
    more = [spec for spec in specs_of(seal, runs) if spec.key not in kept]
    runs += [ended(spec, data.draw(endings)) for spec in more if data.draw(st.booleans())]
    found = judge(seal, runs)
    hold(found)
    for left_out in [run for run in runs if run.spec.key not in kept]:
        less = judge(seal, [run for run in runs if run is not left_out])
        hold(less)
        if left_out.spec.key == "repeat-0":
            assert less.status is Status.UNVERIFIED


@law
@given(script_seals, st.data())
def test_the_plan_wants_a_confirmation_exactly_when_one_would_decide(seal: Seal, data: st.DataObject) -> None:
    runs = [ended(spec, data.draw(endings)) for spec in measures(seal)]
    specs = [spec for spec in specs_of(seal, runs)[len(runs) :] if spec.key != "confirm-0"]
    runs += [ended(spec, data.draw(endings)) for spec in specs]
    readings = Readings.of(seal, runs)
    if not all(item.finite for item in readings.measures):
        return
    confirmed = [a_run(all_specs(seal)[-1], run.result or "") for run in runs if run.spec.key == "measure-0"]
    falsified = judge(seal, [*runs, *confirmed]).status is Status.FALSIFIED
    assert bool(confirmations(readings)) is falsified
    assert judge(seal, runs).status is not Status.FALSIFIED


# --- how many seeds decide -------------------------------------------------------------------------------------------


def adaptive(value: str = "8.7") -> Seal:
    wanted = an_expectation(value, "equivalence", tolerance="0.1")
    return a_seal(a_claim(wanted, a_script(seeds=(0, 1, 2), seeds_max=12)))


def without(runs: Sequence[Run], *keys: str) -> list[Run]:
    return [run for run in runs if run.spec.key not in keys]


def test_seeds_are_added_until_they_decide_and_no_more() -> None:
    runs, _ = play(adaptive(), None, noisy(0.02))
    measured = [run.spec.key for run in runs if run.spec.purpose is Purpose.MEASURE]
    assert len(measured) == 6
    found = judge(adaptive(), runs)
    assert (found.reason_code, len(found.comparisons[0].values)) == ("EQUIVALENT", 6)
    assert judge(adaptive(), runs[::-1]) == found


def test_fewer_or_more_seeds_than_decide_are_refused() -> None:
    """Whoever could choose after how many seeds to stop could choose the verdict."""
    seal = adaptive()
    runs, _ = play(seal, None, noisy(0.02))
    early = without(runs, "measure-3", "measure-4", "measure-5")
    assert fault_of(seal, early).code == "runs-missing"
    assert fault_of(seal, without(runs, "measure-5")).code == "runs-missing"
    assert fault_of(seal, without(runs, "measure-0")).code == "runs-missing"
    more = [a_run(spec, noisy(0.02)({"scores.csv": SCORES}, spec.seed)) for spec in measures(seal, 2)[6:]]
    assert fault_of(seal, [*runs, *more]).code == "run-not-planned"
    assert fault_of(seal, [*runs, more[0]]).code == "run-not-planned"


def test_other_confirmations_than_those_that_the_measured_seeds_call_for_are_refused() -> None:
    seal = adaptive("9.9")
    runs, _ = play(seal, None, noisy())
    assert judge(seal, runs).reason_code == "NOT_EQUIVALENT"
    assert [run.spec.key for run in runs if run.spec.purpose is Purpose.CONFIRM] == [
        "confirm-1",
        "confirm-2",
        "confirm-3",
    ]
    extra = [a_run(spec, {"score": 8.7}) for spec in all_specs(seal) if spec.key == "confirm-4"]
    assert fault_of(seal, [*runs, *extra]).code == "run-not-planned"


def test_a_claim_of_values_and_of_spread_is_confirmed_by_both() -> None:
    both = [
        an_expectation("9.9", "equivalence", tolerance="0.1"),
        an_expectation("5", metric="second"),
    ]
    seal = a_seal(a_claim(both, a_script(seeds=(0, 1, 2))))

    def program(inputs: Mapping[str, bytes], seed: int) -> Any:
        score = noisy()(inputs, seed)["score"]
        return {"score": score, "second": round(score + 1, 6)}

    runs, _ = play(seal, None, program)
    assert [run.spec.key for run in runs if run.spec.purpose is Purpose.CONFIRM] == [f"confirm-{n}" for n in range(4)]
    found = judge(seal, runs)
    assert (found.status, found.reason_code) == ("FALSIFIED", "MISMATCH")
    lost = judge(seal, without(runs, "confirm-0"))
    assert (lost.status, lost.reason_code) == ("UNVERIFIED", "NONDETERMINISTIC")


def test_the_cells_of_a_table_are_shown_after_it_and_speak_through_it() -> None:
    table = Expectation(metric="t", rule=Rule.TABLE, cells={"score": "8.7", "double": "17.4"}, at_least="50%")

    def program(inputs: Mapping[str, bytes], seed: int) -> Any:
        score = honest(inputs, seed)["score"]
        return {"score": score, "double": 2.1 * score}

    seal = a_seal(a_claim(table))
    runs, _ = play(seal, None, program)
    found = judge(seal, runs)
    assert (found.status, found.reason_code) == ("VERIFIED", "MATCH_TOLERANCE")
    assert [(item.metric, item.table, item.code) for item in found.comparisons] == [
        ("t", None, "MATCH_TOLERANCE"),
        ("double", "t", "MISMATCH"),
        ("score", "t", "MATCH_EXACT"),
    ]
    strict = a_seal(a_claim(table.model_copy(update={"at_least": None})))
    runs, _ = play(strict, None, program)
    assert (judge(strict, runs).status, judge(strict, runs).reason_code) == ("FALSIFIED", "MISMATCH")


def test_of_several_metrics_the_least_close_gives_the_code() -> None:
    both = [
        an_expectation("8.7", "direction", tolerance="8"),
        an_expectation("8.7", "relative", tolerance="9%", metric="m"),
    ]

    def program(inputs: Mapping[str, bytes], seed: int) -> Any:
        score = noisy()(inputs, seed)["score"]
        return {"score": score, "m": score + 0.5}

    seal = a_seal(a_claim(both, a_script(seeds=(0, 1, 2, 3, 4))))
    found = judge(seal, play(seal, None, program)[0])
    assert [item.code for item in found.comparisons] == ["DIRECTION_HELD", "MATCH_TOLERANCE"]
    assert found.reason_code == "DIRECTION_HELD"
