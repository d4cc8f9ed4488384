"""What is told to receivers, how it is signed, and when it is tried again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.core import webhook
from app.core.webhook import Event, opening

MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD, NEW = webhook.secret_of(b"o" * 32), webhook.secret_of(b"n" * 32)
SENT = webhook.body(
    "verdict.recorded", MOMENT, {"verdict_id": "vrd_1", "urls": {"verdict": "/v1/v", "none": None}}, "https://a"
)


def test_a_payload_is_thin_and_its_addresses_are_whole() -> None:
    assert json.loads(SENT) == {
        "type": "verdict.recorded",
        "timestamp": "2026-11-22T12:00:00+00:00",
        "data": {"verdict_id": "vrd_1", "urls": {"verdict": "https://a/v1/v"}},
    }


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_the_standards_own_library_takes_either_secret_while_both_are_in_use(secret: str) -> None:
    headers = webhook.headers("msg_1", datetime.now(UTC), SENT, (NEW, OLD))
    assert Webhook(secret).verify(SENT, headers)["type"] == "verdict.recorded"


@pytest.mark.parametrize(
    ("change", "late"),
    [({"webhook-id": "msg_2"}, 0), ({}, 301), ({}, -301), ({"webhook-signature": "v1,AAAA"}, 0)],
)
def test_the_standards_own_library_refuses_what_was_changed_or_is_old(change: dict[str, str], late: int) -> None:
    headers = webhook.headers("msg_1", datetime.now(UTC) - timedelta(seconds=late), SENT, (NEW,))
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(SENT, {**headers, **change})


def test_a_retired_secret_signs_no_more() -> None:
    headers = webhook.headers("msg_1", datetime.now(UTC), SENT, (NEW,))
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(SENT, headers)


def test_the_pauses_are_those_of_the_schedule_and_then_it_is_over() -> None:
    whole = [webhook.pause(attempts, 0.0) for attempts in range(1, 9)]
    assert whole == [5, 300, 1800, 7200, 18000, 36000, 36000, None]
    assert webhook.pause(1, 0.5) == pytest.approx(5.5)
    assert webhook.pause(1, 0.999) < 6.0  # type: ignore[operator]


@pytest.mark.parametrize(
    ("status", "taken", "gone"),
    [(200, True, False), (204, True, False), (302, False, False), (410, False, True), (500, False, False)],
)
def test_what_an_answer_means(status: int, *, taken: bool, gone: bool) -> None:
    found = webhook.judge(status, b"x" * 2000)
    assert (found.delivered, found.gone, len(found.answer)) == (taken, gone, 1024)


PRIVATE, CLOSED, OPEN = ("private", False), ("public", False), ("public", True)


@pytest.mark.parametrize(
    ("was", "now", "event"),
    [
        (PRIVATE, CLOSED, Event.OPENED),
        (PRIVATE, OPEN, Event.OPENED),
        (CLOSED, OPEN, Event.OPENED),
        (OPEN, CLOSED, Event.CLOSED),
        (CLOSED, PRIVATE, Event.CLOSED),
        (OPEN, PRIVATE, Event.CLOSED),
        (PRIVATE, ("private", True), None),
        (("private", True), PRIVATE, None),
        (CLOSED, CLOSED, None),
        (OPEN, OPEN, None),
    ],
)
def test_a_record_is_opened_or_closed_by_what_strangers_are_shown(
    was: tuple[str, bool], now: tuple[str, bool], event: Event | None
) -> None:
    before, after = ({"visibility": seen, "claims_public": claims, "title": "t"} for seen, claims in (was, now))
    assert opening(before, after) is event
