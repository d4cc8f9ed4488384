"""The planner: what comes next follows from the seal and the finished runs, in whatever order they finished."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.model import Derivation, Purpose, Run, RunSpec, Script, Seal
from app.core.plan import Conclude, least_steps, next_step, total_steps
from app.core.readings import Readings
from app.core.seal import schedule
from app.core.specs import (
    TARGETS_TRIED_MAX,
    all_specs,
    attacks,
    confirmation,
    fresh_confirmations,
    measures,
    orderings,
    own_changes,
    pairings,
)
from tests.core.builders import (
    a_claim,
    a_formula_seal,
    a_run,
    a_script,
    a_seal,
    an_expectation,
    an_outcome,
    specs_of,
)
from tests.core.strategies import law

TWO_SEEDS = a_seal(a_claim(reproduce=a_script(seeds=(7, 1), parameters={"n": 5})))

ADAPTIVE = a_seal(
    a_claim(an_expectation("8.7", "equivalence", tolerance="0.1"), a_script(seeds=(4, 0, 9), seeds_max=10))
)


def keys(step: Any) -> list[str]:
    return ["conclude"] if isinstance(step, Conclude) else [spec.key for spec in step]


def test_the_runs_of_a_script_follow_from_its_seal() -> None:
    usual = [spec for spec in all_specs(TWO_SEEDS) if spec.derivation is None or spec.derivation.attack is None]
    assert [(spec.key, spec.purpose, spec.seed, spec.derivation) for spec in usual] == [
        ("measure-0", Purpose.MEASURE, 7, None),
        ("measure-1", Purpose.MEASURE, 1, None),
        ("repeat-0", Purpose.REPEAT, 7, None),
        ("perturb-0-1", Purpose.PERTURB, 7, Derivation(target="scores.csv", variant=1)),
        ("perturb-0-2", Purpose.PERTURB, 7, Derivation(target="scores.csv", variant=2)),
        ("perturb-1-1", Purpose.PERTURB, 7, Derivation(target="parameters.n", variant=1)),
        ("perturb-1-2", Purpose.PERTURB, 7, Derivation(target="parameters.n", variant=2)),
        ("perturb-0-1-again", Purpose.PERTURB, 7, Derivation(target="scores.csv", variant=1)),
        ("perturb-0-3", Purpose.PERTURB, 7, Derivation(target="scores.csv", variant=3)),
        ("perturb-1-3", Purpose.PERTURB, 7, Derivation(target="parameters.n", variant=3)),
        ("perturb-0-4", Purpose.PERTURB, 7, Derivation(target="scores.csv", variant=4)),
        ("perturb-0-5", Purpose.PERTURB, 7, Derivation(target="scores.csv", variant=5)),
        ("perturb-0-6", Purpose.PERTURB, 7, Derivation(target="scores.csv", variant=6)),
        ("perturb-0-7", Purpose.PERTURB, 7, Derivation(target="scores.csv", variant=7)),
        ("perturb-0-8", Purpose.PERTURB, 7, Derivation(target="scores.csv", variant=8)),
        ("confirm-0", Purpose.CONFIRM, 7, None),
    ]
    assert total_steps(TWO_SEEDS) == len(usual) + OWN_RUNS


OWN_RUNS = 60  # of the controls of a script with a file


def test_controls_have_runs_of_their_own() -> None:
    runs = [a_run(spec, {"score": 8.7}) for spec in measures(TWO_SEEDS)]
    own = [spec for spec in specs_of(TWO_SEEDS, runs) if spec.derivation is not None and spec.derivation.attack]
    assert [spec.key for spec in own] == [
        "perturb-hardcoded-1",
        "perturb-empty_input-1",
        "perturb-looked_up-1",
        "perturb-recognised-1",
        "perturb-rescaled-1",
        "perturb-rounding_flip-1",
        "perturb-rounding_flip-2",
        "perturb-recognised-4",
        "perturb-recognised-7",
        "perturb-hardcoded-2",
        "perturb-looked_up-1-decimals",
        "perturb-recognised-1-decimals",
        "perturb-rescaled-1-decimals",
        "perturb-typed-1",
        "perturb-recognised-8",
        *(f"perturb-input_response-{variant}" for variant in (1, 2, 3, 4, 5, 6)),
        "perturb-pinned-26",
        *(f"perturb-pinned-{variant}" for variant in range(8, 26)),
        "perturb-looked_up-2",
        "perturb-recognised-2",
        "perturb-recognised-3",
        "perturb-recognised-5",
        "perturb-recognised-6",
        *(f"perturb-pinned-{variant}" for variant in (1, 2, 3, 4, 5, 6)),
        *(f"perturb-rescaled-{variant}" for variant in (2, 3, 4, 5)),
        *(f"perturb-anchored-{variant}" for variant in (1, 2, 3, 4, 5)),
        "perturb-looked_up-2-decimals",
        "perturb-recognised-2-decimals",
        "perturb-recognised-3-decimals",
        "perturb-recognised-5-decimals",
        "perturb-recognised-6-decimals",
        *(f"perturb-pinned-{variant}-decimals" for variant in (1, 2, 3, 4, 5, 6)),
        *(f"perturb-rescaled-{variant}-decimals" for variant in (2, 3, 4, 5)),
        *(f"perturb-anchored-{variant}-decimals" for variant in (1, 2, 3, 4, 5)),
    ]
    assert {spec.seed for spec in own} == {7}
    assert own[0].derivation == Derivation(target="*", variant=1, attack="hardcoded", values=("8.7",))
    assert own[1].derivation == Derivation(target="*", variant=1, attack="empty_input")


@pytest.mark.parametrize(
    ("script", "attacks_made"),
    [
        pytest.param(a_script(inputs=()), [], id="nothing declared"),
        pytest.param(
            a_script(inputs=(), parameters={"n": 5}),
            ["hardcoded-1", "empty_input-1", "hardcoded-2", "anchored-1", "anchored-2", "anchored-3"],
            id="parameters alone",
        ),
    ],
)
def test_only_what_is_there_is_attacked(script: Script, attacks_made: list[str]) -> None:
    specs = all_specs(a_seal(a_claim(reproduce=script)))
    own = [spec.key.removeprefix("perturb-") for spec in specs if spec.derivation and spec.derivation.attack]
    assert own == attacks_made


def test_a_formula_is_perturbed_in_one_run() -> None:
    assert [spec.key for spec in all_specs(a_formula_seal())] == ["measure-0", "repeat-0", "perturb-0-1", "confirm-0"]


def test_only_so_many_inputs_are_tried() -> None:
    seal = a_seal(a_claim(reproduce=a_script(inputs=tuple(f"{index}.csv" for index in range(40)))))
    assert len(attacks(seal)) == 1 + 2 * TARGETS_TRIED_MAX + 1
    assert len(pairings(seal)) == TARGETS_TRIED_MAX


SEAL = a_seal()

#: How an honest result follows some of the changes that controls make, as a factor and a step.
FOLLOWED = {"perturb-looked_up-1": (1, 1), "perturb-recognised-1": (1.0001, 0), "perturb-rescaled-1": (1.1, 0)}


def own_after(seal: Seal, measured: list[Run]) -> list[Run]:
    """Return the runs that controls make of their own after a measurement, as an honest script would have ended them."""
    found = []
    metrics = json.loads(measured[0].result or "{}")
    for spec in own_changes(Readings.of(seal, measured)):
        if spec.key == "perturb-empty_input-1":
            found.append(a_run(spec, outcome=an_outcome(exit_code=1), result=None))
        else:
            factor, step = FOLLOWED.get(spec.key, (1, 0))
            found.append(a_run(spec, {name: value * factor + step for name, value in metrics.items()}))
    return found


def own_of(value: float) -> list[Run]:
    return own_after(SEAL, [a_run("measure-0", {"score": value})])


OWN, OWN_WRONG = own_of(8.7), own_of(9.9)
OWN_KEYS = [run.spec.key for run in OWN]
ATTACKED = ["repeat-0", "perturb-0-1", "perturb-0-2", "perturb-0-1-again", *OWN_KEYS]
MEASURED = a_run("measure-0", {"score": 8.7})
REPEATED = a_run("repeat-0", {"score": 8.7})
MOVED = [a_run(f"perturb-0-{end}", {"score": score}) for end, score in {"1": 9.0, "2": 9.5, "1-again": 9.0}.items()]
STILL = [a_run(f"perturb-0-{end}", {"score": 9.9}) for end in ("1", "2", "1-again")]
PAIRED = a_run("perturb-0-3", {"score": 5.0})
WRONG = a_run("measure-0", {"score": 9.9})
STILL_PAIRED, *STILL_ORDERED = [a_run(f"perturb-0-{variant}", {"score": 9.9}) for variant in (3, 5, 6, 7, 8)]
WRONG_AGAIN = a_run("repeat-0", {"score": 9.9})
CONFIRMED = a_run("confirm-0", {"score": 9.9})

STEPS = [
    pytest.param([], ["measure-0"], id="first it measures"),
    pytest.param([MEASURED], ATTACKED, id="then everything else side by side"),
    pytest.param([MEASURED, REPEATED], ATTACKED[1:], id="what is finished is not asked for again"),
    pytest.param(
        [MEASURED, MOVED[1]], ["repeat-0", "perturb-0-1", "perturb-0-1-again", *OWN_KEYS], id="in whatever order"
    ),
    pytest.param([MEASURED, REPEATED, *MOVED, *OWN], ["conclude"], id="a match needs no confirmation"),
    pytest.param([WRONG, WRONG_AGAIN, *OWN_WRONG, *MOVED], ["confirm-0"], id="a contradiction does"),
    pytest.param([WRONG, WRONG_AGAIN, *OWN_WRONG, *MOVED, CONFIRMED], ["conclude"], id="once"),
    pytest.param([WRONG, REPEATED, *OWN_WRONG, *MOVED], ["conclude"], id="not if it did not repeat"),
    pytest.param(
        [WRONG, WRONG_AGAIN, *OWN_WRONG, *STILL], ["perturb-0-3"], id="what nothing moved so far is paired anew"
    ),
    pytest.param(
        [WRONG, WRONG_AGAIN, *OWN_WRONG, STILL[0], a_run("perturb-0-2", "{}"), STILL[2]],
        ["perturb-0-3"],
        id="what gave nothing is as well",
    ),
    pytest.param([WRONG, WRONG_AGAIN, *OWN_WRONG, *STILL, PAIRED], ["confirm-0"], id="which saves an honest script"),
    pytest.param(
        [WRONG, WRONG_AGAIN, *OWN_WRONG, *STILL, STILL_PAIRED],
        ["perturb-0-5", "perturb-0-6", "perturb-0-7", "perturb-0-8"],
        id="what still stands is put in order",
    ),
    pytest.param(
        [WRONG, WRONG_AGAIN, *OWN_WRONG, *STILL, STILL_PAIRED, *STILL_ORDERED],
        ["conclude"],
        id="which confirms that another is worthless",
    ),
    pytest.param([WRONG, REPEATED, *OWN_WRONG, *STILL], ["conclude"], id="what does not repeat is not paired anew"),
    pytest.param([a_run("measure-0", outcome="timeout", result=None)], ["conclude"], id="without a measurement"),
    pytest.param([a_run("measure-0", "{}")], ["conclude"], id="without the metric"),
    pytest.param([a_run("measure-0", '{"score": NaN}')], ["conclude"], id="without a finite one"),
    pytest.param([a_run("measure-0", {"score": 870})], ATTACKED, id="suspect units"),
    pytest.param(
        [a_run("measure-0", {"score": 870}), a_run("repeat-0", {"score": 870}), *MOVED, *own_of(870)],
        ["conclude"],
        id="suspect units are not confirmed",
    ),
]


@pytest.mark.parametrize(("runs", "wanted"), STEPS)
def test_the_plan_asks_for_what_is_missing(runs: list[Run], wanted: list[str]) -> None:
    assert keys(next_step(a_seal(), runs)) == wanted
    assert keys(next_step(a_seal(), runs[::-1])) == wanted


def test_every_seed_is_measured_before_anything_is_attacked() -> None:
    first, second = (a_run(spec) for spec in measures(TWO_SEEDS))
    assert keys(next_step(TWO_SEEDS, [])) == ["measure-0", "measure-1"]
    assert keys(next_step(TWO_SEEDS, [second])) == ["measure-0"]
    assert keys(next_step(TWO_SEEDS, [first, second]))[0] == "repeat-0"


def test_seeds_that_disagree_are_not_confirmed() -> None:
    runs = [a_run(measures(TWO_SEEDS)[0], {"score": 9.9}), a_run(measures(TWO_SEEDS)[1], {"score": 8.7})]
    asked: list[str] = []
    while not isinstance(step := next_step(TWO_SEEDS, runs), Conclude):
        asked += keys(step)
        runs += [a_run(spec, {"score": 9.9 + len(runs) + index}) for index, spec in enumerate(step)]
    assert "repeat-0" in asked
    assert not [key for key in asked if key.startswith("confirm")]


#: What a run may come to: a reported value, a text that is no result, or an end of its process.
endings = st.one_of(
    st.sampled_from([8.7, 8.7, 8.72, 9.9, 9.9, 9.91, 870]).map(lambda value: {"metrics": {"score": value}}),
    st.sampled_from(["{}", "", '{"score": NaN}', '{"score": "x"}', "[]"]).map(lambda text: {"metrics": text}),
    st.sampled_from(["timeout", "memory", "output", "signal", "cancelled"]).map(
        lambda kind: {"outcome": kind, "result": None}
    ),
    st.just({"outcome": an_outcome(exit_code=1), "result": None}),
    st.just({"outcome": an_outcome("cancelled", limit="underivable"), "result": None}),
)
seals = st.sampled_from(
    [
        a_seal(),
        TWO_SEEDS,
        a_formula_seal(),
        a_seal(a_claim(an_expectation(rule="relative", tolerance="5%"))),
    ]
)
all_seals = st.one_of(seals, st.just(ADAPTIVE))


def ended(spec: RunSpec, ending: dict[str, Any]) -> Run:
    return a_run(spec, **ending)


@law
@given(all_seals, st.data(), st.randoms(use_true_random=False))
def test_the_plan_ends_whatever_comes_of_its_runs(seal: Seal, data: st.DataObject, chance: random.Random) -> None:
    """Within the promised number of runs, each asked for once, each one of the seal's own, the order never mattering."""
    asked: set[str] = set()
    runs: list[Run] = []
    while not isinstance(step := next_step(seal, runs), Conclude):
        assert step
        wanted = {spec.key: spec for spec in specs_of(seal, runs)}
        for spec in step:
            assert wanted[spec.key] == spec
            assert spec.key not in asked
            asked.add(spec.key)
        finished = [ended(spec, data.draw(endings)) for spec in step]
        chance.shuffle(finished)
        # Some finish before the others: what is still asked for is the rest of the same step.
        early = chance.randrange(len(finished))
        still = next_step(seal, [*runs, *finished[:early]])
        assert keys(still) == [spec.key for spec in step if spec.key in {run.spec.key for run in finished[early:]}]
        runs += finished
        chance.shuffle(runs)
    assert len(runs) <= total_steps(seal)
    if all(reading.finite for reading in Readings.of(seal, runs).measures):
        assert len(runs) >= least_steps(seal)


@law
@given(all_seals, st.data(), st.randoms(use_true_random=False))
def test_the_order_of_runs_never_matters(seal: Seal, data: st.DataObject, chance: random.Random) -> None:
    runs = [ended(spec, data.draw(endings)) for spec in all_specs(seal) if data.draw(st.booleans())]
    step = next_step(seal, runs)
    chance.shuffle(runs)
    assert next_step(seal, runs) == step


def test_the_confirmation_uses_the_first_seed() -> None:
    assert confirmation(TWO_SEEDS).seed == 7


# --- further seeds ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seeds", "most", "wanted", "looks"),
    [
        pytest.param((0,), None, (0,), (1,), id="one"),
        pytest.param((7, 1), None, (7, 1), (2,), id="no more than named"),
        pytest.param((0, 1, 2), 3, (0, 1, 2), (3,), id="no room for more"),
        pytest.param((0, 1, 2), 4, (0, 1, 2, 3), (3, 4), id="one more"),
        pytest.param((4, 0, 9), 8, (4, 0, 9, 1, 2, 3, 5, 6), (3, 6, 8), id="the least numbers not named"),
        pytest.param((0, 1, 2, 3, 4), 20, tuple(range(20)), (5, 10, 20), id="twice as many each time"),
        pytest.param((2**63 - 1, 0, 1), 4, (2**63 - 1, 0, 1, 2), (3, 4), id="beside the greatest one"),
    ],
)
def test_seeds_and_looks_follow_from_the_claim(
    seeds: tuple[int, ...], most: int | None, wanted: tuple[int, ...], looks: tuple[int, ...]
) -> None:
    claim = a_claim(an_expectation("8.7", "equivalence", tolerance="0.1"), a_script(seeds=seeds, seeds_max=most))
    assert schedule(claim) == (wanted, looks)
    assert a_seal(claim).looks == looks


def measured_at(look: int, score: float, step: float = 0.0) -> list[Run]:
    """Return the measure runs up to a look of ADAPTIVE, around a score."""
    offsets = (-1, 1, 0)
    return [
        a_run(spec, {"score": round(score + step * offsets[index % 3] * (1 + index % 2), 6)})
        for index, spec in enumerate(measures(ADAPTIVE, look))
    ]


def stepwise(specs: Sequence[RunSpec]) -> list[tuple[RunSpec, int]]:
    """Return runs with how far each moves a result: one more than the last, and as far under the same change."""
    at = {spec.key: index for index, spec in enumerate(specs)}
    return [(spec, at[spec.key.removesuffix("-again")]) for spec in specs]


def attacked(score: float) -> list[Run]:
    return [a_run(spec, {"score": score + step}) for spec, step in stepwise(attacks(ADAPTIVE))]


WIDE, NARROW = 0.5, 0.01
FURTHER = [
    pytest.param(measured_at(0, 8.7, NARROW), ["conclude"], id="decided at once"),
    pytest.param(measured_at(0, 8.7, WIDE), ["measure-3", "measure-4", "measure-5"], id="not decided"),
    pytest.param(measured_at(1, 8.7, WIDE), [f"measure-{index}" for index in range(6, 10)], id="still not"),
    pytest.param(measured_at(2, 8.7, WIDE), ["conclude"], id="nor ever"),
    pytest.param(measured_at(0, 8.7), ["conclude"], id="seeds that change nothing are not multiplied"),
    pytest.param(measured_at(0, 9.9, NARROW), ["confirm-1", "confirm-2", "confirm-3"], id="contradicted"),
    pytest.param(
        measured_at(2, 9.9, NARROW)[:3], ["confirm-1", "confirm-2", "confirm-3"], id="at the look that decides"
    ),
    pytest.param(
        [*measured_at(0, 8.7, WIDE), a_run(measures(ADAPTIVE, 1)[3], "{}")], ["measure-4", "measure-5"], id="a"
    ),
    pytest.param(
        [*measured_at(0, 8.7, WIDE), *(a_run(spec, "{}") for spec in measures(ADAPTIVE, 1)[3:])],
        ["conclude"],
        id="further seeds without a measurement",
    ),
]


@pytest.mark.parametrize(("runs", "wanted"), FURTHER)
def test_further_seeds_are_measured_only_while_they_may_decide(runs: list[Run], wanted: list[str]) -> None:
    first = runs[0].result or ""
    score = float(first.removeprefix('{"score": ').removesuffix("}"))
    assert keys(next_step(ADAPTIVE, [*runs, *attacked(score), *own_after(ADAPTIVE, runs)])) == wanted


def test_further_seeds_wait_for_the_attacks_and_a_worthless_script_gets_none() -> None:
    runs = measured_at(0, 8.7, WIDE)
    assert keys(next_step(ADAPTIVE, runs))[0] == "repeat-0"
    first = json.loads(runs[0].result or "")["score"]
    ordered = orderings(Readings(ADAPTIVE, {}))
    still = [a_run(spec, {"score": first}) for spec in (*attacks(ADAPTIVE), *pairings(ADAPTIVE), *ordered)]
    assert keys(next_step(ADAPTIVE, [*runs, *still, *own_after(ADAPTIVE, runs)])) == ["conclude"]


def test_another_expectation_that_is_contradicted_or_open_ends_the_search() -> None:
    """A mean that is too wide beside a value that is wrong: the claim is false whatever further seeds say."""
    both = [an_expectation("8.7", "equivalence", tolerance="0.1"), an_expectation("5", metric="second")]
    seal = a_seal(a_claim(both, a_script(seeds=(0, 1, 2), seeds_max=6)))
    scores = (8.2, 9.7, 8.0)

    def runs(second: float) -> list[Run]:
        measured = [
            a_run(spec, {"score": score, "second": second}) for spec, score in zip(measures(seal), scores, strict=True)
        ]
        changed = [
            a_run(spec, {"score": 8.2 + step, "second": second + step}) for spec, step in stepwise(attacks(seal))
        ]
        return measured + changed + own_after(seal, measured)

    assert keys(next_step(seal, runs(5.0))) == ["measure-3", "measure-4", "measure-5"]
    assert keys(next_step(seal, runs(9.0))) == ["confirm-0"]
    assert keys(next_step(seal, runs(500.0))) == ["conclude"]  # suspect units


def test_one_seed_alone_is_followed_by_another_before_it_counts_as_one_that_changes_nothing() -> None:
    wanted = an_expectation(None, "interval", low="8.5", high="8.9", level="95%", n="5")
    seal = a_seal(a_claim(wanted, a_script(seeds_max=4)))
    assert seal.looks == (1, 2, 4)

    def asked(*scores: float) -> list[str]:
        """Return what is asked for when the attacks have run their course, and every change moves the score."""
        runs = [a_run(spec, {"score": score}) for spec, score in zip(measures(seal, 1), scores, strict=False)]
        while not isinstance(step := next_step(seal, runs), Conclude) and step[0].purpose is not Purpose.MEASURE:
            still = {spec.key for spec in step if spec.purpose is Purpose.REPEAT} | {"perturb-hardcoded-2"}
            runs += [a_run(spec, {"score": 8.96 + 0.01 * (spec.key not in still)}) for spec in step]
        return keys(step)

    assert asked(8.96) == ["measure-1"]
    assert asked(8.96, 8.96) == ["conclude"]
    assert asked(8.96, 8.98) == ["measure-2", "measure-3"]


def test_a_confirmation_by_seeds_measures_none_that_was_measured() -> None:
    fresh = fresh_confirmations(ADAPTIVE, 1)
    assert [spec.seed for spec in fresh] == [10, 11, 12, 13, 14, 15]
    assert not {spec.seed for spec in fresh} & set(ADAPTIVE.seeds)
    assert {spec.purpose for spec in fresh} == {Purpose.CONFIRM}


def test_the_cost_is_known_in_advance() -> None:
    assert (least_steps(a_formula_seal()), total_steps(a_formula_seal())) == (3, 4)
    assert (least_steps(ADAPTIVE), total_steps(ADAPTIVE)) == (3 + 4 + 10, 10 + 4 + 2 + 4 + OWN_RUNS + 1 + 10)
    one_run = a_seal(a_claim(an_expectation(None, "interval", low="8", high="9", level="95%", n="5")))
    assert total_steps(one_run) == total_steps(a_seal())  # one seed has no spread that could contradict
