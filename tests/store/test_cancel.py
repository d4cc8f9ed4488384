"""Cancelling, at every moment of a verification's life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import actions
from app.store.runs import Claimed
from tests.core.builders import ENVIRONMENT
from tests.store.house import ATTACKS, House, at_once

if TYPE_CHECKING:
    from collections.abc import Callable


def ended(house: House, verification_id: str) -> bool:
    """Say whether a verification is cancelled, with every run in a final state and no verdict."""
    row = house.verification(verification_id)
    live = house.runs(verification_id, "queued") + house.runs(verification_id, "running")
    return row.state == "cancelled" and row.reason_code == "CANCELLED" and row.ended_at is not None and not live


def test_nothing_is_cancelled_that_does_not_exist(house: House) -> None:
    assert not actions.cancel(house.parts, "ver_nobody")


def test_what_has_not_started_ends_at_once(house: House) -> None:
    submitted = house.submit()
    assert actions.cancel(house.parts, submitted.verification_id)
    assert ended(house, submitted.verification_id)
    assert actions.claim_run(house.parts, submitted.run_ids[0], "host:1", {ENVIRONMENT.digest}) is None


def test_what_waits_between_two_steps_ends_at_once(house: House) -> None:
    submitted = house.submit()
    house.run(submitted.run_ids[0])
    assert actions.cancel(house.parts, submitted.verification_id)
    assert ended(house, submitted.verification_id)
    assert len(house.runs(submitted.verification_id, "cancelled")) == ATTACKS
    assert len(house.runs(submitted.verification_id, "done")) == 1


def test_what_runs_is_told_and_ends_when_it_has_heard(house: House) -> None:
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    assert actions.cancel(house.parts, submitted.verification_id)
    assert house.verification(submitted.verification_id).state == "running"
    assert actions.look(house.parts, claimed).cancel
    assert actions.renew(house.parts, claimed).cancel
    actions.cancel_run(house.parts, claimed)
    assert ended(house, submitted.verification_id)
    assert house.runs(submitted.verification_id, "cancelled") == [claimed.run_id]


def test_with_two_running_the_last_to_hear_ends_it(house: House) -> None:
    submitted = house.submit()
    house.run(submitted.run_ids[0])
    *rest, one, two, three = house.runs(submitted.verification_id, "queued")
    for run_id in rest:
        house.run(run_id)
    first, second, third = (house.claim(run_id) for run_id in (one, two, three))
    actions.cancel(house.parts, submitted.verification_id)
    actions.cancel_run(house.parts, first)
    assert house.verification(submitted.verification_id).state == "running"
    house.finish(second)
    assert house.verification(submitted.verification_id).state == "running"
    actions.cancel_run(house.parts, third)
    assert ended(house, submitted.verification_id)


def test_a_run_that_finishes_before_it_hears_is_kept_and_nothing_follows(house: House) -> None:
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    actions.cancel(house.parts, submitted.verification_id)
    house.finish(claimed)
    assert house.runs(submitted.verification_id, "done") == [claimed.run_id]
    assert ended(house, submitted.verification_id)
    assert house.count("run") == 1


def test_a_run_that_faults_before_it_hears_is_not_tried_again(house: House) -> None:
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    actions.cancel(house.parts, submitted.verification_id)
    house.heard.forget()
    actions.fail_run(house.parts, claimed, "INTERNAL_ERROR", "It broke.")
    assert ended(house, submitted.verification_id)
    assert house.heard.runs == []


def test_a_lost_worker_does_not_keep_a_cancelled_verification_open(house: House) -> None:
    submitted = house.submit()
    house.claim(submitted.run_ids[0])
    actions.cancel(house.parts, submitted.verification_id)
    house.expire(submitted.run_ids[0])
    actions.sweep(house.parts)
    assert ended(house, submitted.verification_id)


def test_a_redelivered_nudge_about_a_cancelled_run_starts_nothing(house: House) -> None:
    """Its worker is lost, so the run could be claimed anew; the sweeper takes it back."""
    submitted = house.submit()
    house.claim(submitted.run_ids[0])
    actions.cancel(house.parts, submitted.verification_id)
    house.expire(submitted.run_ids[0])
    assert actions.claim_run(house.parts, submitted.run_ids[0], "host:2", {ENVIRONMENT.digest}) is None
    assert house.run_row(submitted.run_ids[0]).attempts == 1
    actions.sweep(house.parts)
    assert ended(house, submitted.verification_id)


def test_a_verification_that_waits_for_its_judge_gets_its_verdict(house: House) -> None:
    submitted = house.submit()
    house.run_all(submitted.verification_id)
    assert actions.cancel(house.parts, submitted.verification_id)
    assert house.verification(submitted.verification_id).state == "concluding"
    assert actions.conclude(house.parts, submitted.verification_id) is not None
    assert house.verification(submitted.verification_id).state == "concluded"


@pytest.mark.parametrize(
    ("state", "reach"),
    [
        ("concluded", lambda house: house.verify()),
        ("faulted", lambda house: house.fault()),
    ],
)
def test_what_has_ended_stays_as_it_is(house: House, state: str, reach: Callable[[House], str]) -> None:
    verification_id = reach(house)
    before = house.verification(verification_id)
    assert before.state == state
    assert actions.cancel(house.parts, verification_id)
    assert house.verification(verification_id) == before


def test_cancelling_twice_is_cancelling_once(house: House) -> None:
    submitted = house.submit()
    assert actions.cancel(house.parts, submitted.verification_id)
    before = house.verification(submitted.verification_id)
    assert actions.cancel(house.parts, submitted.verification_id)
    assert house.verification(submitted.verification_id) == before


def test_a_cancellation_and_a_claim_that_meet_do_not_block_each_other(house: House) -> None:
    """Taken in different orders, their locks would be a deadlock on PostgreSQL, and one of the two would be an error."""
    for number in range(25):
        submitted = house.submit(publisher=f"p{number}")
        run_id = submitted.run_ids[0]
        claimed, cancelled = at_once(
            lambda run_id=run_id: actions.claim_run(house.parts, run_id, "host:1", {ENVIRONMENT.digest}),
            lambda submitted=submitted: actions.cancel(house.parts, submitted.verification_id),
        )
        assert cancelled is True
        assert claimed is None or isinstance(claimed, Claimed)
        if isinstance(claimed, Claimed):
            assert actions.look(house.parts, claimed).cancel
            actions.cancel_run(house.parts, claimed)
        assert ended(house, submitted.verification_id)


def test_a_cancellation_and_the_last_outcome_that_meet_leave_one_end(house: House) -> None:
    for number in range(15):
        submitted = house.submit(publisher=f"p{number}")
        verification_id = submitted.verification_id
        house.run(submitted.run_ids[0])
        *rest, last = house.runs(verification_id, "queued")
        for run_id in rest:
            house.run(run_id)
        claimed = house.claim(last)
        assert at_once(
            lambda claimed=claimed: house.finish(claimed),
            lambda verification_id=verification_id: actions.cancel(house.parts, verification_id),
        ) == [None, True]
        state = house.verification(verification_id).state
        assert state == "concluding" or ended(house, verification_id)
