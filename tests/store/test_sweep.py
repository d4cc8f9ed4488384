"""What the sweeper mends, that it does so once, and that it disturbs nothing that is in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.store import judging, runs, sweep
from app.store.presence import KnownWorker
from app.store.tables import Verification
from tests.core.builders import ENVIRONMENT
from tests.store.house import ATTACKS, House, at_once

if TYPE_CHECKING:
    from collections.abc import Callable

NEW = "sha256:" + "f" * 64


def snapshot(house: House) -> list[object]:
    """Return every row of runs and verifications as it is."""
    with house.parts.store.read() as session:
        connection = session.connection()
        runs = connection.exec_driver_sql("SELECT * FROM run ORDER BY id").all()
        return [
            *map(tuple, runs),
            *map(tuple, connection.exec_driver_sql("SELECT * FROM verification ORDER BY id").all()),
        ]


def wait(house: House, seconds: float) -> None:
    """Let every run and verification have waited so much longer, and every nudge be so much older."""
    house.change(
        "UPDATE run SET touched_at = touched_at - :s, nudge_at = nudge_at - :s"
        " WHERE state NOT IN ('done', 'cancelled', 'faulted')",
        s=seconds,
    )
    house.change("UPDATE verification SET touched_at = touched_at - :s WHERE state = 'concluding'", s=seconds)


def present(house: House, name: str = "host:1", *environments: str) -> None:
    """Let a worker be there."""
    worker = KnownWorker(name, frozenset({"cpu"}), frozenset(environments or {ENVIRONMENT.digest}))
    actions.announce(house.parts, worker)


def test_a_house_in_order_is_left_alone(house: House) -> None:
    house.verify()
    house.fault("INTERNAL_ERROR")
    house.claim(house.submit(publisher="working").run_ids[0])
    house.submit(publisher="waiting")
    house.run_all(house.submit(publisher="concluding").verification_id)
    house.heard.forget()
    before = snapshot(house)
    actions.sweep(house.parts)
    assert snapshot(house) == before
    assert (house.heard.runs, house.heard.judged) == ([], [])


# --- lost nudges


def test_a_run_that_waits_is_nudged_again(house: House) -> None:
    run_id = house.submit().run_ids[0]
    house.heard.forget()
    wait(house, 31)
    actions.sweep(house.parts)
    assert house.heard.runs == [(run_id, "cpu")]


def test_sweeping_twice_nudges_once(house: House) -> None:
    house.submit()
    house.heard.forget()
    wait(house, 31)
    for _ in range(3):
        actions.sweep(house.parts)
    assert len(house.heard.runs) == 1


def test_the_longer_a_run_waits_the_rarer_it_is_nudged(house: House) -> None:
    """Behind a long queue every run waits; nudging all of them at every sweep would fill the broker."""
    house.submit()
    house.heard.forget()
    for _ in range(3600 // 20):
        wait(house, 20)
        actions.sweep(house.parts)
    nudges = len(house.heard.runs)
    assert 8 <= nudges <= 14  # 30, 60, 120, 240, 480 s, then every ten minutes


def test_a_nudge_that_could_not_be_sent_stays_due(house: House) -> None:
    house.submit()
    house.heard.forget()
    wait(house, 31)
    house.heard.up = False
    actions.sweep(house.parts)
    house.heard.up = True
    actions.sweep(house.parts)
    assert len(house.heard.runs) == 1


def test_with_the_broker_away_one_nudge_is_tried_and_not_a_thousand(house: House) -> None:
    tried: list[str] = []
    for number in range(5):
        house.submit(publisher=f"p{number}")
    wait(house, 31)

    def away(run_id: str, queue: str = "cpu") -> bool:
        tried.append(f"{run_id} {queue}")
        return False

    house.heard.nudge_run = away  # type: ignore[method-assign]
    actions.sweep(house.parts)
    assert len(tried) == 1


def test_a_judge_that_was_not_reached_is_asked_again(house: House) -> None:
    house.heard.up = False
    verification_id = house.submit().verification_id
    house.run_all(verification_id)
    house.heard.up = True
    actions.sweep(house.parts)
    assert house.heard.judged == []
    wait(house, 31)
    actions.sweep(house.parts)
    actions.sweep(house.parts)
    assert house.heard.judged == [verification_id]


def test_a_verification_that_loses_every_judge_ends_as_our_fault(house: House) -> None:
    verification_id = house.submit().verification_id
    house.run_all(verification_id)
    for _ in range(3):
        house.heard.forget()
        take_up(house, verification_id)  # and is never heard of again
        wait(house, 31)
        actions.sweep(house.parts)
    assert house.heard.judged == []
    assert house.verification(verification_id).state == "concluding"
    wait(house, 600)
    actions.sweep(house.parts)
    row = house.verification(verification_id)
    assert (row.state, row.reason_code, row.blame) == ("faulted", "WORKER_LOST", "service")
    assert row.detail == "Every judge that took the verification up was lost."
    assert house.count("verdict") == 0


def test_a_judge_that_is_lost_is_followed_by_another(house: House) -> None:
    verification_id = house.submit().verification_id
    house.run_all(verification_id)
    take_up(house, verification_id)
    house.heard.forget()
    actions.sweep(house.parts)
    assert house.heard.judged == []  # it has only just begun
    wait(house, 31)
    actions.sweep(house.parts)
    assert house.heard.judged == [verification_id]
    assert actions.conclude(house.parts, verification_id) is not None


def test_the_last_judge_may_take_its_time(house: House) -> None:
    verification_id = house.submit().verification_id
    house.run_all(verification_id)
    for _ in range(2):
        take_up(house, verification_id)
    wait(house, 3600)
    take_up(house, verification_id)
    wait(house, 590)
    actions.sweep(house.parts)
    assert house.verification(verification_id).state == "concluding"


def take_up(house: House, verification_id: str) -> None:
    """Begin to judge, as a judge does first of all."""
    with house.parts.store.transaction() as session:
        assert judging.take_up(session, verification_id, house.parts.settings.attempts_max) is not None


# --- lost leases


def test_a_run_whose_worker_was_lost_is_given_to_another(house: House) -> None:
    run_id = house.submit().run_ids[0]
    house.claim(run_id)
    house.expire(run_id)
    house.heard.forget()
    actions.sweep(house.parts)
    row = house.run_row(run_id)
    assert (row.state, row.attempts, row.lease_owner) == ("queued", 1, None)
    assert house.heard.runs == [(run_id, "cpu")]
    assert house.claim(run_id, "host:2").fence == 2


def test_a_run_that_loses_every_worker_ends_its_verification_as_our_fault(house: House) -> None:
    submitted = house.submit()
    for _ in range(3):
        house.claim(submitted.run_ids[0])
        house.expire(submitted.run_ids[0])
        actions.sweep(house.parts)
    row = house.verification(submitted.verification_id)
    assert (row.state, row.reason_code, row.blame) == ("faulted", "WORKER_LOST", "service")
    assert row.detail == "Every worker that took the run was lost."
    assert house.run_row(submitted.run_ids[0]).state == "faulted"
    assert house.count("verdict") == 0


def test_a_fault_that_was_seen_before_is_named_in_the_end(house: House) -> None:
    submitted = house.submit()
    actions.fail_run(house.parts, house.claim(submitted.run_ids[0]), "NO_ISOLATION", "No user namespaces.")
    for _ in range(2):
        house.claim(submitted.run_ids[0])
        house.expire(submitted.run_ids[0])
        actions.sweep(house.parts)
    row = house.verification(submitted.verification_id)
    assert (row.state, row.reason_code, row.detail) == ("faulted", "NO_ISOLATION", "No user namespaces.")


def test_a_lease_that_was_renewed_meanwhile_is_not_taken_back(house: House) -> None:
    """The sweeper looks again under the lock: between finding and taking back, a heartbeat may have come."""
    claimed = house.claim(house.submit().run_ids[0])
    house.expire(claimed.run_id)
    with house.parts.store.read() as session:
        assert sweep.expired(session) == [claimed.run_id]
    actions.renew(house.parts, claimed)
    with house.parts.store.transaction() as session:
        assert sweep.take_back(session, claimed.run_id, 3) is None
    assert house.run_row(claimed.run_id).state == "running"


def test_sweepers_at_once_take_a_lease_back_once(house: House) -> None:
    for number in range(5):
        run_id = house.submit(publisher=f"p{number}").run_ids[0]
        house.claim(run_id)
        house.expire(run_id)
        house.heard.forget()
        assert at_once(*[lambda: actions.sweep(house.parts)] * 4) == [None] * 4
        assert house.heard.runs == [(run_id, "cpu")]
        assert house.run_row(run_id).state == "queued"


def test_a_sweeper_and_a_zombie_that_meet_do_not_block_each_other(house: House) -> None:
    for number in range(15):
        claimed = house.claim(house.submit(publisher=f"p{number}").run_ids[0])
        house.expire(claimed.run_id)
        swept, finished = at_once(lambda: actions.sweep(house.parts), lambda claimed=claimed: house.finish(claimed))
        assert swept is None, swept
        assert finished is None or type(finished).__name__ == "StaleFence", finished
        assert house.run_row(claimed.run_id).state == ("done" if finished is None else "queued")


# --- missing plans


def unplan(house: House) -> tuple[str, str]:
    """Leave a verification whose worker died between storing the last outcome and planning; returns it and its run."""
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    done = house.execute(claimed)
    kept = runs.Kept((house.parts.blobs.put(done.result or b""), len(done.result or b"")), None, None)
    with house.parts.store.transaction() as session:
        runs.finish_run(session, claimed, outcome=done.outcome, isolation={}, derived={}, kept=kept, worker="host:1")
    return submitted.verification_id, claimed.run_id


def test_a_verification_that_nobody_planned_is_planned(house: House) -> None:
    verification_id, _ = unplan(house)
    house.heard.forget()
    actions.sweep(house.parts)
    queued = house.runs(verification_id, "queued")
    assert len(queued) == ATTACKS
    assert sorted(run_id for run_id, _ in house.heard.runs) == queued


def test_sweepers_at_once_plan_once(house: House) -> None:
    verification_id, _ = unplan(house)
    assert at_once(*[lambda: actions.sweep(house.parts)] * 4) == [None] * 4
    assert len(house.runs(verification_id, "queued")) == ATTACKS


def test_a_verification_that_cannot_be_planned_faults_and_holds_up_no_other(house: House) -> None:
    broken, run_id = unplan(house)
    path = house.parts.blobs.path(str(house.scalar("SELECT result FROM outcome WHERE run_id = :id", id=run_id)))
    path.chmod(0o600)
    path.write_bytes(b'{"score": 9.9}')
    waiting = house.submit(publisher="waiting").run_ids[0]
    house.heard.forget()
    wait(house, 31)
    actions.sweep(house.parts)
    row = house.verification(broken)
    assert (row.state, row.reason_code, row.blame) == ("faulted", "INTERNAL_ERROR", "service")
    assert "has other bytes. Restore it from a backup." in (row.detail or "")
    assert house.heard.runs == [(waiting, "cpu")]
    assert house.count("verdict") == 0


# --- environments that are gone


def test_a_run_whose_environment_was_replaced_does_not_wait_for_ever(house: House) -> None:
    submitted = house.submit()
    present(house, "host:1", NEW)
    house.publish(NEW)
    wait(house, 601)
    actions.sweep(house.parts)
    row = house.verification(submitted.verification_id)
    assert (row.state, row.reason_code, row.blame) == ("faulted", "IMAGE_PULL_FAILED", "service")
    assert row.detail == (
        "No worker has the environment python as it was sealed any more."
        " Please submit the claim again: it is then sealed as things are now."
    )
    again = house.submit()
    assert again.created
    assert house.run_row(again.run_ids[0]).environment == NEW


@pytest.mark.parametrize(
    "why",
    ["it has not waited long", "a worker still has it", "no other was published", "it was published again last"],
)
def test_a_run_is_left_waiting_when(house: House, why: str) -> None:
    run_id = house.submit().run_ids[0]
    if why != "no other was published":
        house.publish(NEW)
    if why == "a worker still has it":
        present(house, "host:1", ENVIRONMENT.digest)
    if why == "it was published again last":
        house.publish()
    wait(house, 599 if why == "it has not waited long" else 100_000)
    actions.sweep(house.parts)
    assert house.run_row(run_id).state == "queued"


def test_a_run_in_the_middle_of_a_verification_does_not_wait_for_ever_either(house: House) -> None:
    submitted = house.submit()
    house.run(submitted.run_ids[0])
    house.publish(NEW)
    wait(house, 601)
    actions.sweep(house.parts)
    assert house.verification(submitted.verification_id).reason_code == "IMAGE_PULL_FAILED"
    assert len(house.runs(submitted.verification_id, "faulted")) == ATTACKS


# --- faults that time heals


def ago(house: House, verification_id: str, seconds: float) -> None:
    """Let a verification have ended so long ago."""
    with house.parts.store.transaction() as session:
        row = session.get_one(Verification, verification_id)
        row.ended_at = datetime.now(UTC) - timedelta(seconds=seconds)


@pytest.mark.parametrize("code", ["WORKER_LOST", "NO_ISOLATION"])
def test_a_fault_that_time_may_heal_is_begun_again_once_after_a_pause(house: House, code: str) -> None:
    faulted = house.fault(code)
    actions.sweep(house.parts)
    assert house.count("verification") == 1
    ago(house, faulted, 301)
    house.heard.forget()
    actions.sweep(house.parts)
    assert house.count("verification") == 2
    retry = str(house.scalar("SELECT id FROM verification WHERE retry_of = :id", id=faulted))
    assert house.heard.runs == [(house.runs(retry, "queued")[0], "cpu")]
    actions.sweep(house.parts)
    assert house.count("verification") == 2
    assert house.submit().verification_id == retry


def test_what_faults_again_is_not_begun_a_third_time(house: House) -> None:
    faulted = house.fault()
    ago(house, faulted, 301)
    actions.sweep(house.parts)
    retry = str(house.scalar("SELECT id FROM verification WHERE retry_of = :id", id=faulted))
    actions.fault_verification(house.parts, retry, "WORKER_LOST", "It went away again.")
    ago(house, retry, 301)
    actions.sweep(house.parts)
    assert house.count("verification") == 2


@pytest.mark.parametrize(
    ("code", "seconds"),
    [("INTERNAL_ERROR", 400), ("IMAGE_PULL_FAILED", 400), ("WORKER_LOST", 299), ("WORKER_LOST", 90_000)],
    ids=["bytes or programs that changed", "an environment that is gone", "too early", "too long ago"],
)
def test_a_fault_is_left_to_people_when_it_is(house: House, code: str, seconds: float) -> None:
    ago(house, house.fault(code), seconds)
    actions.sweep(house.parts)
    assert house.count("verification") == 1


def test_what_was_submitted_again_is_not_begun_again_as_well(house: House) -> None:
    faulted = house.fault()
    house.submit()
    ago(house, faulted, 301)
    actions.sweep(house.parts)
    assert house.count("verification") == 2
    assert house.scalar("SELECT count(*) FROM verification WHERE retry_of IS NOT NULL") == 0


def test_sweepers_at_once_begin_a_fault_again_once(house: House) -> None:
    ago(house, house.fault(), 301)
    assert at_once(*[lambda: actions.sweep(house.parts)] * 4) == [None] * 4
    assert house.count("verification") == 2


def test_a_fault_whose_environment_is_gone_is_left_to_people(house: House) -> None:
    ago(house, house.fault(), 301)
    house.publish(NEW)
    actions.sweep(house.parts)
    assert house.count("verification") == 1


# --- all of it


def test_sweeping_in_the_middle_of_everything_never_costs_a_verdict(house_with: Callable[..., House]) -> None:
    """Leases run out at every moment, every nudge is lost, and nobody plans but the sweeper: one verdict all the same."""
    house = house_with(attempts_max=50)
    submitted = house.submit()
    house.heard.up = False
    for _ in range(40):
        for run_id in house.runs(submitted.verification_id, "queued"):
            claimed = house.claim(run_id)
            house.expire(run_id)
            actions.sweep(house.parts)
            house.finish(house.claim(run_id, "host:2"))
            assert not actions.look(house.parts, claimed).held
        actions.sweep(house.parts)
        actions.conclude(house.parts, submitted.verification_id)
        if house.verification(submitted.verification_id).state == "concluded":
            break
    assert house.count("verdict") == 1
