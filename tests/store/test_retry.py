"""Beginning a faulted verification again, on request."""

from __future__ import annotations

import pytest

from app import actions
from app.core.errors import Refusal
from app.store.intake import Submitted
from app.store.presence import KnownWorker
from tests.core.builders import ENVIRONMENT
from tests.store.house import House, at_once

NEW = "sha256:" + "f" * 64


def test_a_faulted_verification_is_begun_again_under_its_own_seal(house: House) -> None:
    faulted = house.fault("INTERNAL_ERROR")
    old = house.verification(faulted)
    house.heard.forget()
    found = actions.retry(house.parts, faulted)
    assert found is not None
    assert found.created
    new = house.verification(found.verification_id)
    assert (new.retry_of, new.seal, new.claim_revision_id) == (faulted, old.seal, old.claim_revision_id)
    assert (new.publisher, new.queue, new.runs_planned, new.state) == ("demo", "cpu", old.runs_planned, "queued")
    assert house.heard.runs == [(found.run_ids[0], "cpu")]
    assert house.verification(faulted) == old
    house.run_all(new.id)
    assert actions.conclude(house.parts, new.id) is not None


def test_asking_twice_begins_once(house: House) -> None:
    faulted = house.fault()
    first = actions.retry(house.parts, faulted)
    assert first is not None
    assert actions.retry(house.parts, faulted) == Submitted(first.verification_id, (), "cpu", created=False)
    assert house.count("verification") == 2


def test_asking_at_once_begins_once(house: House) -> None:
    for number in range(3):
        verification_id = house.submit(publisher=f"p{number}").verification_id
        actions.fault_verification(house.parts, verification_id, "WORKER_LOST", "It went away.")
        answers = at_once(*[lambda item=verification_id: actions.retry(house.parts, item)] * 4)
        assert sorted(item.created for item in answers if isinstance(item, Submitted)) == [False, False, False, True]
    assert house.count("verification") == 6


def test_a_retry_that_has_its_verdict_is_returned_too(house: House) -> None:
    faulted = house.fault()
    first = actions.retry(house.parts, faulted)
    assert first is not None
    house.run_all(first.verification_id)
    actions.conclude(house.parts, first.verification_id)
    again = actions.retry(house.parts, faulted)
    assert again == Submitted(first.verification_id, (), "cpu", created=False)


@pytest.mark.parametrize("end", ["faulted", "cancelled"])
def test_a_retry_that_ended_without_a_verdict_is_followed_by_another(house: House, end: str) -> None:
    faulted = house.fault()
    first = actions.retry(house.parts, faulted)
    assert first is not None
    if end == "faulted":
        actions.fault_verification(house.parts, first.verification_id, "WORKER_LOST", "Again.")
    else:
        actions.cancel(house.parts, first.verification_id)
    second = actions.retry(house.parts, faulted)
    assert second is not None
    assert second.created


def test_what_was_submitted_again_meanwhile_is_the_retry(house: House) -> None:
    faulted = house.fault()
    submitted = house.submit()
    found = actions.retry(house.parts, faulted)
    assert found == Submitted(submitted.verification_id, (), "cpu", created=False)


def test_a_verdict_from_before_the_fault_is_not_taken_for_a_retry(house: House) -> None:
    """The fault was of a verification that was forced although a verdict stood."""
    concluded = house.verify()
    forced = house.submit(force=True).verification_id
    actions.fault_verification(house.parts, forced, "WORKER_LOST", "It went away.")
    found = actions.retry(house.parts, forced)
    assert found is not None
    assert found.created
    assert found.verification_id != concluded


def test_what_does_not_exist_is_not_begun_again(house: House) -> None:
    assert actions.retry(house.parts, "ver_nobody") is None


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        ("queued", "Wait for its end"),
        ("running", "Wait for its end"),
        ("concluding", "Wait for its end"),
        ("concluded", "Submit the claim again with force"),
        ("cancelled", "Submit the claim again with force"),
    ],
)
def test_only_a_faulted_verification_is_begun_again(house: House, state: str, remedy: str) -> None:
    verification_id = house.submit().verification_id
    if state == "running":
        house.claim(house.runs(verification_id, "queued")[0])
    if state in {"concluding", "concluded"}:
        house.run_all(verification_id)
    if state == "concluded":
        actions.conclude(house.parts, verification_id)
    if state == "cancelled":
        actions.cancel(house.parts, verification_id)
    with pytest.raises(Refusal, match=f"the verification is {state}, .*{remedy}") as refused:
        actions.retry(house.parts, verification_id)
    assert refused.value.code == "not-faulted"
    assert house.count("verification") == 1


def test_a_retry_is_refused_when_its_environment_is_gone(house: House) -> None:
    faulted = house.fault()
    house.publish(NEW)
    with pytest.raises(
        Refusal, match=r"environment python is no longer the sealed one\. Submit the claim again"
    ) as refused:
        actions.retry(house.parts, faulted)
    assert refused.value.code == "environment-gone"
    assert house.count("verification") == 1


def test_a_retry_is_taken_while_a_worker_has_the_old_environment(house: House) -> None:
    faulted = house.fault()
    house.publish(NEW)
    actions.announce(house.parts, KnownWorker("host:1", frozenset({"cpu"}), frozenset({ENVIRONMENT.digest})))
    assert actions.retry(house.parts, faulted) is not None


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("app.core.boxjob.SCRIPT_PROTOCOL", "sha256:" + "1" * 64, "evaluator-gone"),
        ("app.core.seal.VERSIONS", {"compare": 9, "plan": 9, "perturb": 9}, None),
    ],
    ids=["evaluator", "rules"],
)
def test_a_retry_is_refused_when_the_program_is_another(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str, value: object, code: str | None
) -> None:
    faulted = house.fault()
    monkeypatch.setattr(name, value)
    with pytest.raises(Refusal, match="Submit the claim again") as refused:
        actions.retry(house.parts, faulted)
    assert code is None or refused.value.code == code
    assert house.count("verification") == 1


def test_a_broker_that_is_away_does_not_fail_a_retry(house: House) -> None:
    faulted = house.fault()
    house.heard.up = False
    found = actions.retry(house.parts, faulted)
    assert found is not None
    assert house.run_row(found.run_ids[0]).state == "queued"
