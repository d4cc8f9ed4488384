"""Events are rows of the transactions that they tell of; what becomes of them is decided once."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from app import actions
from app.core.errors import Refusal
from app.core.webhook import SUBSCRIBABLE, Outcome
from app.store import ending, hook_lists
from app.store.lists import Wanted
from app.store.presence import KnownWorker
from tests.core.builders import a_claim
from tests.store.house import FALSE, House, at_once

URL = "https://example.org/hook"
ALL = list(SUBSCRIBABLE)
FAILED = Outcome(None, "", "no")


def endpoint(house: House, publisher: str = "demo", events: list[str] = ALL, *, operator: bool = False) -> str:
    made, _ = actions.create_endpoint(house.parts, publisher, URL, events, "", operator=operator)
    return str(made["id"])


def told(house: House, endpoint_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Return what an endpoint is told, oldest first."""
    with house.parts.store.read() as session:
        found = hook_lists.deliveries(session, Wanted(200, {"endpoint_id": endpoint_id})).rows
    return [(item["event"], item["data"]) for item in reversed(found)]


def names(house: House, endpoint_id: str) -> list[str]:
    return sorted(name for name, _ in told(house, endpoint_id))


def fail(house: House, *, status: int = 500, gone: bool = False) -> str:
    (taken,) = actions.take_deliveries(house.parts, 1)
    return actions.settle_delivery(house.parts, taken, Outcome(status, "no", f"answered {status}", gone), 3)


def test_a_verdict_is_told_in_its_own_transaction_with_ids_and_addresses(house: House) -> None:
    listening = endpoint(house)
    verification_id = house.verify()
    verdict_id = house.scalar("SELECT id FROM verdict")
    found = dict(told(house, listening))
    assert names(house, listening) == ["claim.received", "verdict.recorded", "verification.finished"]
    assert found["claim.received"]["verification_id"] == verification_id
    recorded = found["verdict.recorded"]
    assert (recorded["verdict_id"], recorded["status"], recorded["reason_code"]) == (
        verdict_id,
        "VERIFIED",
        "MATCH_EXACT",
    )
    assert recorded["urls"]["evidence"] == f"/v1/verdicts/{verdict_id}/evidence"
    assert found["verification.finished"]["state"] == "concluded"
    assert house.heard.delivering >= 2


def test_what_is_rolled_back_is_not_told(house: House) -> None:
    listening = endpoint(house, events=["verification.finished"])
    submitted = house.submit()

    def undone() -> None:
        with house.parts.store.transaction() as session:
            assert ending.fault_verification(session, submitted.verification_id, "INTERNAL_ERROR", "no")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert told(house, listening) == []
    assert house.count("webhook_delivery") == 0
    actions.fault_verification(house.parts, submitted.verification_id, "INTERNAL_ERROR", "no")
    assert names(house, listening) == ["verification.finished"]


def test_nobody_hears_of_another_publishers_claims(house: House) -> None:
    theirs, ours = endpoint(house, "another", operator=True), endpoint(house)
    house.verify()
    assert told(house, theirs) == []
    assert len(told(house, ours)) == 3


def test_an_endpoint_hears_what_it_subscribed_to_and_nothing_while_disabled(house: House) -> None:
    some, none = endpoint(house, events=["verdict.recorded"]), endpoint(house)
    actions.change_endpoint(house.parts, none, "demo", {"state": "disabled"})
    house.verify()
    assert names(house, some) == ["verdict.recorded"]
    assert told(house, none) == []


@pytest.mark.parametrize(("end", "state"), [("fault", "faulted"), ("cancel", "cancelled")])
def test_an_end_without_a_verdict_is_told_too(house: House, end: str, state: str) -> None:
    listening = endpoint(house, events=["verification.finished"])
    if end == "fault":
        house.fault()
    else:
        actions.cancel(house.parts, house.submit().verification_id)
    assert [(name, data["state"]) for name, data in told(house, listening)] == [("verification.finished", state)]


def test_a_verdict_that_changes_a_record_is_told_as_a_correction(house: House) -> None:
    listening = endpoint(house, events=["verdict.corrected"])
    house.verify(a_claim(record={"id": "paper"}))
    assert told(house, listening) == []
    house.submit(a_claim(FALSE, record={"id": "paper"}))
    (event,) = told(house, listening)
    assert event[0] == "verdict.corrected"
    assert event[1]["record_id"].startswith("rec_")
    assert event[1]["corrected_verdict_id"] == house.scalar("SELECT id FROM verdict")


def test_a_lost_worker_is_told_once_to_the_operator_alone(house: House) -> None:
    operators, others = endpoint(house, "ops", operator=True), endpoint(house)
    actions.announce(house.parts, KnownWorker("host:7", frozenset({"cpu"}), frozenset()))
    actions.sweep(house.parts)
    assert told(house, operators) == []
    house.change("UPDATE worker SET seen_at = 1")
    actions.sweep(house.parts)
    actions.sweep(house.parts)
    assert [(name, data["worker"]) for name, data in told(house, operators)] == [("worker.offline", "host:7")]
    assert told(house, others) == []
    actions.announce(house.parts, KnownWorker("host:7", frozenset({"cpu"}), frozenset()))
    house.change("UPDATE worker SET seen_at = 1")
    actions.sweep(house.parts)
    assert len(told(house, operators)) == 2


def test_an_attempt_is_one_workers_to_make_and_comes_back_when_the_worker_is_lost(house: House) -> None:
    listening = endpoint(house)
    sent = actions.test_endpoint(house.parts, listening, "demo")
    found = at_once(*[lambda: actions.take_deliveries(house.parts, 5)] * 4)
    assert all(isinstance(item, list) for item in found), found
    assert [taken.id for item in found for taken in item] == [sent]  # type: ignore[union-attr]
    assert actions.take_deliveries(house.parts, 5) == []
    house.change("UPDATE webhook_delivery SET due_at = 1")  # its worker was lost
    (again,) = actions.take_deliveries(house.parts, 5)
    assert (again.id, again.attempts) == (sent, 2)


def test_a_late_worker_does_not_decide_over_the_attempt_of_another(house: House) -> None:
    actions.test_endpoint(house.parts, endpoint(house), "demo")
    (late,) = actions.take_deliveries(house.parts, 5)
    house.change("UPDATE webhook_delivery SET due_at = 1")
    (_,) = actions.take_deliveries(house.parts, 5)
    assert actions.settle_delivery(house.parts, late, Outcome(200, "", ""), 3) == "pending"
    assert house.scalar("SELECT state FROM webhook_delivery") == "pending"


def counted(house: House, publisher: str | None) -> tuple[int, int]:
    """Return how many deliveries the page of the house says wait, and were given up."""
    with house.parts.store.read() as session:
        found = hook_lists.waiting(session, publisher)
    assert (found["oldest_seconds"] is None) is (found["pending"] == 0)
    return found["pending"], found["dead"]


def test_a_delivery_fails_along_the_schedule_until_it_is_dead_and_can_be_replayed(house: House) -> None:
    listening = endpoint(house)
    sent = actions.test_endpoint(house.parts, listening, "demo")
    assert counted(house, "demo") == counted(house, None) == (1, 0)
    for seconds in (5, 300, 1800, 7200, 18000, 36000, 36000):
        assert fail(house) == "pending"
        pause = house.scalar("SELECT due_at FROM webhook_delivery") - time.time()
        assert seconds - 5 <= pause <= seconds * 1.2
        house.change("UPDATE webhook_delivery SET due_at = 1")
    assert fail(house) == "dead"
    assert counted(house, "demo") == counted(house, None) == (0, 1)
    assert counted(house, "another") == (0, 0)
    assert house.count("webhook_attempt") == 8
    assert actions.take_deliveries(house.parts, 1) == []
    assert actions.replay_delivery(house.parts, str(sent), "another") is None
    assert actions.replay_delivery(house.parts, str(sent), "demo") == "dead"
    (taken,) = actions.take_deliveries(house.parts, 1)
    assert (taken.id, taken.attempts) == (sent, 1)
    assert actions.settle_delivery(house.parts, taken, Outcome(200, "ok", ""), 3) == "delivered"
    with house.parts.store.read() as session:
        (shown,) = hook_lists.deliveries(session, Wanted(1, {"endpoint_id": listening})).rows
    assert [item["status"] for item in shown["log"]] == [500] * 8 + [200]


def test_a_delivery_that_waits_is_tried_now_on_request_and_its_schedule_goes_on(house: House) -> None:
    listening = endpoint(house)
    sent = str(actions.test_endpoint(house.parts, listening, "demo"))
    assert fail(house) == "pending"
    assert actions.take_deliveries(house.parts, 1) == []
    heard = house.heard.delivering
    assert actions.replay_delivery(house.parts, sent, "demo") == "pending"
    assert house.heard.delivering == heard + 1
    (taken,) = actions.take_deliveries(house.parts, 1)
    assert (taken.id, taken.attempts) == (sent, 2)


def test_what_is_being_sent_is_not_sent_twice_whatever_is_asked(house: House) -> None:
    listening = endpoint(house)
    sent = str(actions.test_endpoint(house.parts, listening, "demo"))
    (taken,) = actions.take_deliveries(house.parts, 1)
    asked = at_once(*[lambda: actions.replay_delivery(house.parts, sent, "demo")] * 3)
    assert all(isinstance(item, Refusal) and item.problems[0].code == "not-again" for item in asked), asked
    actions.change_endpoint(house.parts, listening, None, {"state": "disabled"})
    actions.change_endpoint(house.parts, listening, None, {"state": "enabled"})
    with pytest.raises(Refusal, match="being made at this moment"):
        actions.replay_delivery(house.parts, sent, "demo")
    assert actions.take_deliveries(house.parts, 1) == []
    with house.parts.store.read() as session:
        (shown,) = hook_lists.deliveries(session, Wanted(1, {"endpoint_id": listening})).rows
    assert (shown["under_way"], shown["next_attempt_at"]) == (True, None)
    assert actions.settle_delivery(house.parts, taken, FAILED, 3) == "dead"  # given up when it was disabled
    assert actions.replay_delivery(house.parts, sent, "demo") == "dead"
    (again,) = actions.take_deliveries(house.parts, 1)
    assert (again.id, again.attempts) == (sent, 1)
    house.change("UPDATE webhook_delivery SET held_until = 1")  # its worker was lost
    assert actions.replay_delivery(house.parts, sent, "demo") == "pending"


def test_an_endpoint_that_fails_for_days_is_disabled_and_its_owner_is_told(house: House) -> None:
    failing = endpoint(house)
    other = endpoint(house, events=["endpoint.disabled"])
    for _ in range(2):
        actions.test_endpoint(house.parts, failing, "demo")
    fail(house)
    assert house.scalar("SELECT state FROM webhook_endpoint WHERE id = :id", id=failing) == "enabled"
    house.change("UPDATE webhook_endpoint SET failing_since = failing_since - 432001 WHERE id = :id", id=failing)
    fail(house)
    assert house.scalar("SELECT state FROM webhook_endpoint WHERE id = :id", id=failing) == "disabled"
    assert "5 days" in str(house.scalar("SELECT reason FROM webhook_endpoint WHERE id = :id", id=failing))
    assert (
        house.scalar("SELECT count(*) FROM webhook_delivery WHERE endpoint_id = :id AND state = 'dead'", id=failing)
        == 2
    )
    assert told(house, other)[0][1]["endpoint_id"] == failing
    with pytest.raises(Refusal, match="disabled"):
        actions.test_endpoint(house.parts, failing, "demo")
    actions.change_endpoint(house.parts, failing, "demo", {"state": "enabled"})
    assert house.scalar("SELECT failing_since FROM webhook_endpoint WHERE id = :id", id=failing) is None


def test_a_success_forgets_failures_and_410_disables_at_once(house: House) -> None:
    failing = endpoint(house)
    actions.test_endpoint(house.parts, failing, "demo")
    fail(house)
    house.change("UPDATE webhook_delivery SET due_at = 1")
    (taken,) = actions.take_deliveries(house.parts, 1)
    actions.settle_delivery(house.parts, taken, Outcome(204, "", ""), 3)
    assert house.scalar("SELECT failing_since FROM webhook_endpoint") is None
    actions.test_endpoint(house.parts, failing, "demo")
    assert fail(house, status=410, gone=True) == "dead"
    assert house.scalar("SELECT state FROM webhook_endpoint") == "disabled"


def test_both_secrets_sign_until_the_overlap_is_over(house: House) -> None:
    made, first = actions.create_endpoint(house.parts, "demo", URL, ALL, "", operator=False)
    second = actions.rotate_endpoint(house.parts, made["id"], "demo", 3600)
    assert actions.rotate_endpoint(house.parts, made["id"], "another", 3600) is None
    actions.test_endpoint(house.parts, made["id"], "demo")
    (taken,) = actions.take_deliveries(house.parts, 1)
    assert actions.secrets_of(house.parts, taken) == (second, first)
    stored = str(house.scalar("SELECT secret || old_secret FROM webhook_endpoint"))
    assert first not in stored
    assert str(second) not in stored
    house.change("UPDATE webhook_endpoint SET old_until = 1")
    house.change("UPDATE webhook_delivery SET due_at = 1")
    (taken,) = actions.take_deliveries(house.parts, 1)
    assert actions.secrets_of(house.parts, taken) == (second,)


def test_a_slow_endpoint_leaves_room_for_others(house: House) -> None:
    slow, quick = endpoint(house), endpoint(house)
    for _ in range(30):
        actions.test_endpoint(house.parts, slow, "demo")
    actions.test_endpoint(house.parts, quick, "demo")
    taken = actions.take_deliveries(house.parts, 16)
    assert sorted(item.endpoint_id for item in taken) == sorted([slow] * 4 + [quick])
    assert actions.take_deliveries(house.parts, 11, {slow: 4, quick: 1}) == []
    assert len(actions.take_deliveries(house.parts, 11, {slow: 3})) == 1
    actions.settle_delivery(house.parts, next(item for item in taken if item.endpoint_id == slow), FAILED, 3)
    assert len(actions.take_deliveries(house.parts, 16)) == 1, "one at a time while it fails"


def test_old_attempts_are_forgotten_with_their_deliveries_and_what_waits_stays(house: House) -> None:
    listening = endpoint(house)
    for _ in range(2):
        actions.test_endpoint(house.parts, listening, "demo")
    fail(house)
    (taken,) = actions.take_deliveries(house.parts, 1)
    actions.settle_delivery(house.parts, taken, Outcome(200, "", ""), 3)
    actions.tidy(house.parts)
    assert (house.count("webhook_attempt"), house.count("webhook_delivery")) == (2, 2)
    house.change("UPDATE webhook_attempt SET attempted_at = '2020-01-01 00:00:00.000000'")
    house.change("UPDATE webhook_delivery SET ended_at = '2020-01-01 00:00:00.000000' WHERE ended_at IS NOT NULL")
    actions.tidy(house.parts)
    assert (house.count("webhook_attempt"), house.count("webhook_delivery")) == (0, 1)


def test_a_removed_endpoint_keeps_no_secret_and_is_found_no_more(house: House) -> None:
    gone = endpoint(house)
    assert actions.give_up_endpoint(house.parts, gone, "another") is False
    assert actions.give_up_endpoint(house.parts, gone, "demo") is True
    assert (
        json.dumps(
            [house.scalar("SELECT url FROM webhook_endpoint"), house.scalar("SELECT secret FROM webhook_endpoint")]
        )
        == '["", ""]'
    )
    assert actions.change_endpoint(house.parts, gone, "demo", {"state": "enabled"}) is None
    house.verify()
    assert told(house, gone) == []
