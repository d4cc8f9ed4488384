"""What comes next for a seal, given the runs that are finished. Pure: any worker that asks gets the same answer.

A plan is a list of stages. The runs of a stage can be executed side by side; a stage begins when all earlier ones are
finished, and asks the readings whether it is wanted at all:

measure   once for each sealed seed; a run that gives no finite measurement ends the plan, there is nothing to attack
attack    the first seed again (determinism), and changed inputs (Gate 3)
pair      rows paired anew and parameters far away, only if no change so far moved a result, or one is on a line with it
spare     whole numbers left alone, only if no change so far moved a result and one gave none
order     columns sorted, exchanged, numbers far larger, only if a result that is one of few answers still stands
type      decimals of the script larger, only if those of the inputs, made larger, left the result as it was
weigh     all numbers of the inputs larger, only if the result followed those of the script
look      only if all numbers but one were changed and the result stood still
recognise only if a few numbers moved by one unit moved the result far
count     only if other rows moved a number that no other values did: copies of one record, and all records repeated
end       only if another spelling of the same numbers led out of what the claim accepts
reorder   only if records that change places at both ends moved the result far
step      only if a few numbers moved by one unit leave the result as it was: all of them by a small step
step else the same steps at changed inputs, only if it stood still; all steps only if it moved there
one side  only if other rows moved a result that a few numbers moved by one unit left: a step of all numbers at other rows
balance   only if it moved the result: whole numbers half up and half down, here and there; all balances only if it stood
          still here and moved there by little
anchor    only if no change so far led out of what the claim accepts
seeds     further seeds up to the next look, again and again, only while statistical rules cannot decide
confirm   only if the claim would otherwise be FALSIFIED

A proof has stages of its own, see `proof_plan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.controls_anchored import ordered_by_constants, unrefused
from app.core.controls_attacks import unmoved_by_others
from app.core.controls_counted import unread
from app.core.controls_held import held_in_place, never_refused, stuck
from app.core.controls_keyed import left_by_few, moved_to_one_side, moving_in_balance
from app.core.controls_order import moved_by_order
from app.core.controls_parameters import on_a_line
from app.core.controls_pinned import moving_there, standing, still_here
from app.core.controls_recognition import jumping
from app.core.controls_response import unborne, unmoved_so_far, wants_pairs
from app.core.controls_scale import out_of_law
from app.core.controls_spelling import led_out
from app.core.controls_turned import unturned
from app.core.controls_typed import proportional, unfollowed
from app.core.looks import wanted_measures
from app.core.model import Proof, Purpose
from app.core.proof_plan import proof_specs, proof_steps
from app.core.readings import Readings
from app.core.specs import (
    all_balances,
    all_specs,
    all_steps,
    anchors,
    attacks,
    balances,
    countings,
    endings,
    far_steps,
    in_kind,
    instead,
    measures,
    near_steps,
    one_sided,
    orderings,
    own_changes,
    pairings,
    recognitions,
    reorderings,
    scales,
    second_looks,
    shrinkings,
    sparings,
    stretchings,
    turnings,
    typings,
)
from app.core.verdict import confirmations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.model import Run, RunSpec, Seal


@dataclass(frozen=True)
class Conclude:
    """Everything that can be measured has been; judge."""


@dataclass(frozen=True)
class Stage:
    """Runs that can be executed side by side, and whether the finished ones call for them.

    `wanted` is asked when every earlier stage is finished, and must not change its mind when the stage's own runs are.
    """

    name: str
    specs: Callable[[Readings], tuple[RunSpec, ...]]
    wanted: Callable[[Readings], bool] = lambda _: True
    spares: bool = False  # whether its runs leave whole numbers alone, once they had to be


STAGES = (
    Stage("measure", lambda readings: measures(readings.seal)),
    Stage("attack", lambda readings: (*attacks(readings.seal), *own_changes(readings))),
    Stage(
        "pair",
        lambda readings: pairings(readings.seal),
        lambda readings: wants_pairs(readings) or bool(on_a_line(readings)),
    ),
    Stage("spare", sparings, unborne),
    Stage("order", orderings, unmoved_so_far),
    Stage("type", typings, lambda readings: bool(unfollowed(readings))),
    Stage(
        "weigh", lambda readings: stretchings(readings)[:1], lambda readings: bool(proportional(readings)), spares=True
    ),
    Stage("look", second_looks, lambda readings: bool(unmoved_by_others(readings)), spares=True),
    Stage("recognise", recognitions, lambda readings: bool(jumping(readings)), spares=True),
    Stage("count", countings, lambda readings: bool(unread(readings))),
    Stage("end", endings, lambda readings: bool(led_out(readings))),
    Stage("reorder", reorderings, lambda readings: bool(moved_by_order(readings))),
    Stage("step", near_steps, lambda readings: bool(standing(readings)), spares=True),
    Stage("step elsewhere", far_steps, lambda readings: bool(still_here(readings)), spares=True),
    Stage("all steps", all_steps, lambda readings: bool(moving_there(readings)), spares=True),
    Stage("one side", one_sided, lambda readings: bool(left_by_few(readings))),
    Stage("balance", balances, lambda readings: bool(moved_to_one_side(readings))),
    Stage("all balances", all_balances, lambda readings: bool(moving_in_balance(readings))),
    Stage("scales", scales, lambda readings: bool(out_of_law(readings)), spares=True),
    Stage(
        "anchor",
        anchors,
        lambda readings: bool(never_refused(readings) or ordered_by_constants(readings) or stuck(readings)),
        spares=True,
    ),
    Stage("shrink", shrinkings, lambda readings: bool(unrefused(readings)), spares=True),
    Stage("stretch", stretchings, lambda readings: bool(held_in_place(readings)), spares=True),
    Stage("turn", turnings, unturned, spares=True),
    Stage("seeds", wanted_measures),
    Stage("confirm", confirmations),
)


def next_step(seal: Seal, runs: Sequence[Run]) -> tuple[RunSpec, ...] | Conclude:
    """Return the runs that must be finished next, without those that are, or that it is time to conclude."""
    if isinstance(seal.claim.reproduce, Proof):
        return proof_steps(seal, runs) or Conclude()
    readings = Readings.of(seal, runs)
    measured: set[str] = set()
    for stage in STAGES:
        if not stage.wanted(readings):
            continue
        specs = in_kind(readings, stage.specs(readings)) if stage.spares else stage.specs(readings)
        missing = tuple(spec for spec in specs if spec.key not in readings.by_key)
        if missing:
            return missing
        measured |= {spec.key for spec in specs if spec.purpose is Purpose.MEASURE}
        if not all(readings.by_key[key].finite for key in measured):
            return Conclude()
    return Conclude()


def total_steps(seal: Seal) -> int:
    """Return how many runs a verdict takes at most."""
    if isinstance(seal.claim.reproduce, Proof):
        return len(proof_specs(seal))
    return len(all_specs(seal)) - len(instead(Readings(seal, {})))


def least_steps(seal: Seal) -> int:
    """Return how many runs a verdict takes at least, when every run gives a measurement or an export."""
    if isinstance(seal.claim.reproduce, Proof):
        return min(len(proof_specs(seal)), 3)
    return len(measures(seal)) + len(attacks(seal)) + len(own_changes(Readings(seal, {})))
