"""Deliveries to receivers that really run: taken, down, slow, lying, private; and what was written down about each."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app import actions
from app.core.webhook import SUBSCRIBABLE
from app.store import hook_lists
from app.store.lists import Wanted
from tests.core.builders import a_claim
from tests.store.house import House
from tests.workers.receivers import Authority, Receiver
from tests.workers.waiting import wait_until
from tests.workers.works import Works
from workers.deliver import Messenger, attempt
from workers.outside import Outside, way_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = "127.0.0.1"
TIMEOUT = 0.8


def opened(home: Path, *receivers: Receiver, **settings: Any) -> House:
    """Open a service whose operator has named receivers at this machine."""
    named = [receiver.named(HERE) for receiver in receivers]
    more = {"webhook_timeout_seconds": TIMEOUT, "outside_allow": named, **settings}
    return House.open(f"sqlite:///{home / 'assay.db'}", home, **more)


def endpoint(house: House, url: str, events: tuple[str, ...] = SUBSCRIBABLE) -> tuple[str, str]:
    """Make an endpoint; returns its id and its secret."""
    made, secret = actions.create_endpoint(house.parts, "demo", url, events, "", operator=False)
    return str(made["id"]), secret


def log(house: House, endpoint_id: str) -> list[dict[str, Any]]:
    """Return what became of an endpoint's deliveries, newest first."""
    with house.parts.store.read() as session:
        return hook_lists.deliveries(session, Wanted(200, {"endpoint_id": endpoint_id})).rows


def tried(house: House, url: str, outside: Outside | None = None) -> dict[str, Any]:
    """Send an endpoint one test event; returns its delivery after the first attempt."""
    endpoint_id, _ = endpoint(house, url)
    actions.test_endpoint(house.parts, endpoint_id, "demo")
    (taken,) = actions.take_deliveries(house.parts, 1)
    attempt(house.parts, outside or way_out(house.parts.settings), taken)
    (found,) = log(house, endpoint_id)
    return found


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_a_receiver_verifies_what_it_is_sent_with_the_standards_own_library(home: Path) -> None:
    with Receiver(body=b"thanks") as receiver:
        house = opened(home, receiver, public_url="https://assay.example/")
        endpoint_id, old = endpoint(house, receiver.url(HERE))
        new = str(actions.rotate_endpoint(house.parts, endpoint_id, "demo", 60))
        verification_id = house.verify(a_claim(record={"id": "paper"}))
        for taken in actions.take_deliveries(house.parts, 9):
            attempt(house.parts, way_out(house.parts.settings), taken)
        events = {}
        for _, headers, body in receiver.heard:
            events[headers["webhook-id"]] = Webhook(new).verify(body, headers)
            assert Webhook(old).verify(body, headers) == events[headers["webhook-id"]]
            with pytest.raises(WebhookVerificationError):
                Webhook(new).verify(body + b" ", headers)
        assert sorted(event["type"] for event in events.values()) == [
            "claim.received",
            "verdict.recorded",
            "verification.finished",
        ]
        url = f"https://assay.example/v1/verifications/{verification_id}"
        assert {event["data"]["urls"]["verification"] for event in events.values()} == {url}
        assert {item["id"] for item in log(house, endpoint_id)} == events.keys()
        assert {(item["state"], item["log"][0]["answer"]) for item in log(house, endpoint_id)} == {
            ("delivered", "thanks")
        }
        house.close()


@pytest.mark.parametrize(
    ("manner", "state", "status", "error"),
    [
        pytest.param({}, "delivered", 200, "", id="well"),
        pytest.param({"status": 204, "body": b""}, "delivered", 204, "", id="without a body"),
        pytest.param({"status": 302}, "pending", 302, "redirections are not followed", id="lying, 302"),
        pytest.param({"status": 500}, "pending", 500, "answered 500", id="broken"),
        pytest.param({"status": 404}, "pending", 404, "answered 404", id="elsewhere"),
        pytest.param({"status": 410}, "dead", 410, "answered 410", id="wants no more"),
        pytest.param({"wait_seconds": 2}, "pending", None, "in time", id="slow, 200 too late"),
        pytest.param({"drip_seconds": 0.2, "body": b"x" * 64}, "pending", None, "in time", id="slow, byte by byte"),
    ],
)
def test_what_becomes_of_a_delivery(
    home: Path, manner: dict[str, Any], state: str, status: int | None, error: str
) -> None:
    with Receiver(**manner) as receiver, Receiver() as other:
        receiver.headers["location"] = other.url(HERE)
        house = opened(home, receiver, other)
        begun = time.monotonic()
        found = tried(house, receiver.url(HERE))
        assert time.monotonic() - begun < TIMEOUT + 1
        (made,) = found["log"]
        assert (found["state"], made["status"]) == (state, status)
        assert error in made["error"]
        assert bool(made["error"]) == bool(error)
        assert len(receiver.heard) == 1
        assert other.connections == 0
        disabled = house.scalar("SELECT state FROM webhook_endpoint WHERE url = :url", url=receiver.url(HERE))
        assert disabled == ("disabled" if status == 410 else "enabled")
        house.close()


def test_a_receiver_that_is_down(home: Path) -> None:
    with Receiver() as receiver:
        pass
    house = opened(home, receiver)
    found = tried(house, receiver.url(HERE))
    assert (found["state"], found["log"][0]["status"]) == ("pending", None)
    assert "connection failed" in found["log"][0]["error"]
    house.close()


def test_a_receiver_whose_certificate_is_for_another_name(home: Path, authority: Authority) -> None:
    with Receiver(authority.context("other.test")) as receiver:
        house = opened(home, receiver, outside_ca=authority.file)
        found = tried(house, receiver.url(HERE))
        assert "certificate" in found["log"][0]["error"]
        assert receiver.heard == []
        house.close()


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["169.254.169.254"], [HERE], ["1.1.1.1", "fd00::1"]])
def test_a_receiver_whose_name_leads_inside(home: Path, addresses: list[str]) -> None:
    house = opened(home)
    found = tried(house, "https://inside.test/hook", Outside(resolve=lambda *_: addresses))
    assert found["state"] == "pending"
    assert "not public" in found["log"][0]["error"]
    house.close()


def test_a_receiver_that_the_operator_has_closed_since(home: Path) -> None:
    with Receiver() as receiver:
        house = opened(home, receiver)
        endpoint_id, _ = endpoint(house, receiver.url(HERE))
        house.close()
        house = opened(home)
        actions.test_endpoint(house.parts, endpoint_id, "demo")
        (taken,) = actions.take_deliveries(house.parts, 1)
        attempt(house.parts, way_out(house.parts.settings), taken)
        assert "only https at port 443" in log(house, endpoint_id)[0]["log"][0]["error"]
        assert receiver.connections == 0
        house.close()


def test_without_the_pepper_nothing_is_sent_and_the_log_says_why(home: Path, tmp_path: Path) -> None:
    with Receiver() as receiver:
        house = opened(home, receiver)
        endpoint_id, _ = endpoint(house, receiver.url(HERE))
        actions.test_endpoint(house.parts, endpoint_id, "demo")
        house.parts.settings.pepper_file.write_bytes(b"p" * 32)
        (taken,) = actions.take_deliveries(house.parts, 1)
        attempt(house.parts, way_out(house.parts.settings), taken)
        assert "could not sign" in log(house, endpoint_id)[0]["log"][0]["error"]
        assert receiver.connections == 0
        house.close()


@pytest.fixture
def messenger(home: Path) -> Iterator[Any]:
    """Start messengers that end with the test."""
    begun: list[tuple[Messenger, House]] = []

    def start(house: House) -> Messenger:
        found = Messenger(house.parts, way_out(house.parts.settings))
        begun.append((found, house))
        found.start()
        return found

    yield start
    for item, house in begun:
        item.stop()
        time.sleep(0.1)
        house.close()


def test_a_slow_receiver_holds_up_no_other(home: Path, messenger: Any) -> None:
    with Receiver(wait_seconds=1.5) as slow, Receiver() as quick:
        house = opened(home, slow, quick, webhook_timeout_seconds=5)
        one, other = (endpoint(house, receiver.url(HERE))[0] for receiver in (slow, quick))
        for _ in range(20):
            actions.test_endpoint(house.parts, one, "demo")
        for _ in range(10):
            actions.test_endpoint(house.parts, other, "demo")
        begun = time.monotonic()
        messenger(house)
        wait_until("the quick one has all", lambda: len(quick.heard) == 10, 10)
        assert time.monotonic() - begun < 1.4
        assert len(slow.heard) == 4


def test_a_receiver_that_comes_back_is_tried_again_under_the_same_id(home: Path, messenger: Any) -> None:
    with Receiver(status=503) as receiver:
        house = opened(home, receiver, webhook_schedule=[0.2, 0.2, 60])
        endpoint_id, _ = endpoint(house, receiver.url(HERE))
        actions.test_endpoint(house.parts, endpoint_id, "demo")
        messenger(house)
        wait_until("it was tried twice", lambda: len(receiver.heard) == 2, 10)
        receiver.status = 200
        wait_until("it is delivered", lambda: log(house, endpoint_id)[0]["state"] == "delivered", 10)
        assert len({headers["webhook-id"] for _, headers, _ in receiver.heard}) == 1
        assert [item["status"] for item in log(house, endpoint_id)[0]["log"]] == [503, 503, 200]


@pytest.mark.box
@pytest.mark.slow
@pytest.mark.usefixtures("a_box")
def test_a_worker_process_tells_a_receiver_of_a_claim_from_its_submission_to_its_verdict(
    migrated: Path, tmp_path: Path
) -> None:
    home = tmp_path / "works"
    home.mkdir()
    shutil.copy(migrated, home / "assay.db")
    with Receiver() as receiver, Works(home, outside_allow=[receiver.named(HERE)]) as works:
        endpoint_id, secret = endpoint(works, receiver.url(HERE))
        verification_id = works.submit().verification_id
        assert works.wait_for_end(verification_id) == "concluded"
        wait_until("all are told", lambda: len(receiver.heard) == 3)
        events = [Webhook(secret).verify(body, headers) for _, headers, body in receiver.heard]
        found = {event["type"]: event["data"] for event in events}
        assert sorted(found) == ["claim.received", "verdict.recorded", "verification.finished"]
        assert {data["verification_id"] for data in found.values()} == {verification_id}
        assert found["verdict.recorded"]["verdict_id"] == works.scalar("SELECT id FROM verdict")
        wait_until("it is written down", lambda: all(item["state"] == "delivered" for item in log(works, endpoint_id)))
