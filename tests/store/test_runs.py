"""Claiming, leases and fences: one conditional UPDATE decides every race."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.core import plan
from app.core.model import Seal
from app.store import planning
from app.store.errors import StaleFence
from app.store.runs import Claimed
from tests.core.builders import ENVIRONMENT, a_claim, an_outcome
from tests.store.house import ATTACKS, FALSE, House, at_once

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = "sha256:" + "f" * 64
THREADS = 8
RUNS = 100


def test_every_run_is_claimed_once_however_many_try(house: House) -> None:
    """Eight workers, a hundred runs, and each worker has a nudge about every run."""
    run_ids = [house.submit(publisher=f"p{number}").run_ids[0] for number in range(RUNS)]
    claimed: list[tuple[str, int]] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        mine = run_ids[number:] + run_ids[:number]
        for run_id in mine:
            found = actions.claim_run(house.parts, run_id, f"host:{number}", {ENVIRONMENT.digest})
            if isinstance(found, Claimed):
                with lock:
                    claimed.append((found.run_id, found.fence))

    problems = [item for item in at_once(*(lambda number=number: work(number) for number in range(THREADS))) if item]
    assert problems == []
    assert sorted(claimed) == sorted((run_id, 1) for run_id in run_ids)


def test_a_claimed_run_is_nobody_elses_while_its_lease_lasts(house: House) -> None:
    run_id = house.submit().run_ids[0]
    claimed = house.claim(run_id)
    assert (claimed.fence, claimed.attempts, claimed.spec.key) == (1, 1, "measure-0")
    assert actions.claim_run(house.parts, run_id, "host:2", {ENVIRONMENT.digest}) is None
    row = house.run_row(run_id)
    assert (row.state, row.lease_owner, row.attempts) == ("running", "host:1", 1)


def test_a_first_claim_starts_the_verification(house: House) -> None:
    submitted = house.submit()
    assert house.verification(submitted.verification_id).state == "queued"
    house.claim(submitted.run_ids[0])
    row = house.verification(submitted.verification_id)
    assert row.state == "running"
    assert row.started_at is not None
    assert row.started_at >= row.created_at


def test_an_expired_lease_is_claimed_under_a_higher_fence(house: House) -> None:
    run_id = house.submit().run_ids[0]
    first = house.claim(run_id)
    house.expire(run_id)
    second = house.claim(run_id, "host:2")
    assert (second.fence, second.attempts) == (first.fence + 1, 2)


@pytest.mark.parametrize("attempts_max", [1, 2, 3])
def test_nudges_alone_cannot_try_a_run_more_often_than_allowed(
    house_with: Callable[..., House], attempts_max: int
) -> None:
    """A worker that kills every process that takes a run would otherwise be fed for ever by redelivered messages."""
    house = house_with(attempts_max=attempts_max)
    run_id = house.submit().run_ids[0]
    for _ in range(attempts_max):
        house.claim(run_id)
        house.expire(run_id)
    assert actions.claim_run(house.parts, run_id, "host:9", {ENVIRONMENT.digest}) is None
    assert house.run_row(run_id).attempts == attempts_max


def test_a_worker_without_the_environment_leaves_a_run_to_others(house: House) -> None:
    run_id = house.submit().run_ids[0]
    assert actions.claim_run(house.parts, run_id, "host:1", {OTHER}) is None
    assert actions.claim_run(house.parts, run_id, "host:1", set()) is None
    assert house.run_row(run_id).attempts == 0
    assert isinstance(actions.claim_run(house.parts, run_id, "host:2", {OTHER, ENVIRONMENT.digest}), Claimed)


@pytest.mark.parametrize("run_id", ["run_nobody", ""])
def test_a_nudge_about_nothing_does_nothing(house: House, run_id: str) -> None:
    assert actions.claim_run(house.parts, run_id, "host:1", {ENVIRONMENT.digest}) is None


def test_a_finished_run_is_not_claimed_again(house: House) -> None:
    run_id = house.submit().run_ids[0]
    house.run(run_id)
    assert actions.claim_run(house.parts, run_id, "host:2", {ENVIRONMENT.digest}) is None


def test_a_heartbeat_keeps_a_lease(house: House) -> None:
    claimed = house.claim(house.submit().run_ids[0])
    house.change("UPDATE run SET lease_until = lease_until - 50")
    before = house.run_row(claimed.run_id).lease_until
    renewal = actions.renew(house.parts, claimed)
    after = house.run_row(claimed.run_id).lease_until
    assert (renewal.held, renewal.cancel) == (True, False)
    assert before is not None
    assert after is not None
    assert after > before + 40


def test_a_look_says_the_same_as_a_heartbeat_and_writes_nothing(house: House) -> None:
    claimed = house.claim(house.submit().run_ids[0])
    before = house.run_row(claimed.run_id)
    assert actions.look(house.parts, claimed).held
    assert house.run_row(claimed.run_id) == before
    house.expire(claimed.run_id)
    house.claim(claimed.run_id, "host:2")
    assert not actions.look(house.parts, claimed).held


def test_a_zombies_heartbeat_does_not_keep_anothers_lease(house: House) -> None:
    lost, _ = zombie(house)
    before = house.run_row(lost.run_id)
    assert not actions.renew(house.parts, lost).held
    assert house.run_row(lost.run_id) == before


def zombie(house: House) -> tuple[Claimed, Seal]:
    """Return a claim that was lost to another worker, and its seal."""
    run_id = house.submit().run_ids[0]
    lost = house.claim(run_id, "host:1")
    house.expire(run_id)
    house.claim(run_id, "host:2")
    return lost, actions.sealed(house.parts, lost.seal)


LATE: dict[str, Any] = {
    "finishes": lambda house, lost, seal: actions.finish_run(
        house.parts, lost, seal, house.execute(lost), worker="host:1"
    ),
    "gives the run back": lambda house, lost, _: actions.fail_run(house.parts, lost, "INTERNAL_ERROR", "It broke."),
    "ends it as cancelled": lambda house, lost, _: actions.cancel_run(house.parts, lost),
}


@pytest.mark.parametrize("what", LATE)
def test_a_zombie_changes_nothing_when_it(house: House, what: str) -> None:
    lost, seal = zombie(house)
    before = house.run_row(lost.run_id)
    tables = ("artifact", "outcome", "run_artifact", "run")
    counts = {table: house.count(table) for table in tables}
    with pytest.raises(StaleFence, match=f"the lease of run {lost.run_id} was lost"):
        LATE[what](house, lost, seal)
    assert house.run_row(lost.run_id) == before
    assert {table: house.count(table) for table in tables} == counts


def test_a_zombie_reports_no_progress(house: House) -> None:
    lost, _ = zombie(house)
    actions.report_progress(house.parts, lost, 0.9, "nearly there")
    assert house.run_row(lost.run_id).progress_fraction is None


def test_progress_is_noted_and_its_text_is_cut(house: House) -> None:
    claimed = house.claim(house.submit().run_ids[0])
    actions.report_progress(house.parts, claimed, 0.35, "epoch " + "3" * 400)
    row = house.run_row(claimed.run_id)
    assert row.progress_fraction == 0.35
    assert row.progress_text == ("epoch " + "3" * 400)[:200]


def test_an_outcome_is_stored_with_everything_that_a_run_left(house: House) -> None:
    submitted = house.submit()
    house.run(submitted.run_ids[0])
    with house.parts.store.read() as session:
        known = planning.runs_of(session, submitted.verification_id)
        artifacts = planning.artifacts_of(session, submitted.verification_id)
    done = next(item for item in known if item.id == submitted.run_ids[0])
    assert done.outcome is not None
    assert done.outcome.outcome == an_outcome()
    assert done.outcome.isolation == {"engine": "none", "level": "C"}
    assert house.parts.blobs.read(done.outcome.result or "") == b'{"score": 8.7}'
    assert house.parts.blobs.read(done.outcome.stdout or "") == b"said\n"
    assert done.outcome.stderr is None
    assert house.parts.blobs.read(artifacts[done.id]["plot.svg"]) == b"<svg/>"
    row = house.run_row(done.id)
    assert (row.state, row.lease_owner, row.lease_until) == ("done", None, None)


def test_runs_that_report_the_same_bytes_finish_at_the_same_moment(house: House) -> None:
    """Both find that the artifact is not known yet; neither may fail because the other was first."""
    for score in range(5):
        claims = [house.claim(house.submit(publisher=f"p{number}", force=True).run_ids[0]) for number in range(4)]

        def report(*_: object, score: int = score) -> dict[str, int]:
            return {"score": score}

        assert at_once(*(lambda claimed=claimed: house.finish(claimed, report) for claimed in claims)) == [None] * 4


def test_a_fault_gives_a_run_back_until_its_attempts_are_used_up(house: House) -> None:
    submitted = house.submit()
    run_id = submitted.run_ids[0]
    house.heard.forget()
    for attempt in (1, 2):
        actions.fail_run(house.parts, house.claim(run_id), "NO_ISOLATION", f"Attempt {attempt}.")
        row = house.run_row(run_id)
        assert (row.state, row.lease_owner, row.fault_code) == ("queued", None, "NO_ISOLATION")
    assert house.heard.runs == [(run_id, "cpu")] * 2
    actions.fail_run(house.parts, house.claim(run_id), "NO_ISOLATION", "Attempt 3.")
    verification = house.verification(submitted.verification_id)
    assert house.run_row(run_id).state == "faulted"
    assert (verification.state, verification.reason_code, verification.blame) == ("faulted", "NO_ISOLATION", "service")
    assert verification.detail == "Attempt 3."
    assert house.count("verdict") == 0
    assert len(house.heard.runs) == 2


def test_a_fault_for_good_ends_all_runs_of_its_verification(house: House) -> None:
    submitted = house.submit()
    house.run(submitted.run_ids[0])
    queued = house.runs(submitted.verification_id, "queued")
    assert len(queued) == ATTACKS
    running = house.claim(queued[0])
    actions.fault_verification(house.parts, submitted.verification_id, "INTERNAL_ERROR", "It broke.")
    assert set(house.runs(submitted.verification_id, "faulted")) == set(queued)
    assert not actions.look(house.parts, running).held
    with pytest.raises(StaleFence):
        house.finish(running)


def test_the_plan_goes_on_run_by_run_and_ends_with_the_judge(house: House) -> None:
    submitted = house.submit(a_claim(FALSE))
    verification_id = submitted.verification_id
    keys = []
    while queued := house.runs(verification_id, "queued"):
        keys.append(sorted(house.run_row(run_id).key for run_id in queued))
        for run_id in queued:
            house.run(run_id)
    assert [step for step in keys if len(step) == 1] == [["measure-0"], ["confirm-0"]]
    assert [len(step) for step in keys] == [1, ATTACKS, 1]
    assert {"perturb-0-1", "perturb-0-2", "perturb-empty_input-1", "repeat-0"} <= set(keys[1])
    assert house.verification(verification_id).state == "concluding"
    assert house.heard.judged == [verification_id]


def test_two_workers_that_finish_the_last_two_runs_at_once_reach_one_conclusion(house: House) -> None:
    pilot = house.submit(publisher="pilot").verification_id
    while queued := house.runs(pilot, "queued"):
        house.run(queued[0])
    total = len(house.runs(pilot, "done"))  # how many a plan asks for follows from what its attacks find
    for number in range(8):
        submitted = house.submit(publisher=f"p{number}")
        for _ in range(total - 2):
            house.run(house.runs(submitted.verification_id, "queued")[0])
        rest = house.runs(submitted.verification_id, "queued")
        claims = [house.claim(run_id, f"host:{index}") for index, run_id in enumerate(rest)]
        assert len(claims) == 2
        house.heard.forget()
        assert at_once(*(lambda claimed=claimed: house.finish(claimed) for claimed in claims)) == [None, None]
        assert house.heard.judged == [submitted.verification_id]
        assert house.verification(submitted.verification_id).state == "concluding"


def test_a_conclusion_waits_for_runs_that_are_still_going(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan may know its conclusion early; no verdict is reached, and no run cut off, while one of them runs."""
    submitted = house.submit()
    house.run(submitted.run_ids[0])
    monkeypatch.setattr(plan, "next_step", lambda *_: plan.Conclude())
    *first, last = house.runs(submitted.verification_id, "queued")
    for run_id in first:
        house.run(run_id)
        assert house.verification(submitted.verification_id).state == "running"
    house.run(last)
    assert house.verification(submitted.verification_id).state == "concluding"


def test_workers_that_finish_all_runs_of_a_step_at_once_plan_each_next_run_once(house: House) -> None:
    submitted = house.submit(a_claim(FALSE))
    house.run(submitted.run_ids[0])
    claims = [house.claim(run_id) for run_id in house.runs(submitted.verification_id, "queued")]
    assert at_once(*(lambda claimed=claimed: house.finish(claimed) for claimed in claims)) == [None] * ATTACKS
    assert [house.run_row(run_id).key for run_id in house.runs(submitted.verification_id, "queued")] == ["confirm-0"]


def test_a_broker_that_is_away_does_not_keep_an_outcome_from_being_stored(house: House) -> None:
    submitted = house.submit()
    house.heard.up = False
    house.run(submitted.run_ids[0])
    assert len(house.runs(submitted.verification_id, "queued")) == ATTACKS
    house.run_all(submitted.verification_id)
    assert house.verification(submitted.verification_id).state == "concluding"
