"""Endpoints over HTTP: whose they are, what is told once, what is refused; and the log with its replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest

from app import actions
from app.api.webhooks import EventName
from app.core.caller import USUAL, Scope
from app.core.webhook import SUBSCRIBABLE, Outcome
from tests.api.tenants import World, build

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.api.service import Service

HOOKS = "/v1/webhook-endpoints"
WANTED = {"url": "https://example.org/hook", "events": ["verdict.recorded"], "description": "a bot"}


@pytest.fixture
def world(service: Service) -> World:
    """Give two publishers whose keys may manage webhooks too."""
    found = build(service)
    for name in ("alice", "bob"):
        found.make(name, name, USUAL | {Scope.WEBHOOKS_MANAGE})
    return found


@pytest.fixture
def endpoint(world: World) -> dict[str, Any]:
    answer = world.as_("alice").post(HOOKS, json=WANTED)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{HOOKS}/{made['id']}"
    return made


def test_whoever_asks_may_subscribe_to_everything_that_there_is(world: World) -> None:
    assert sorted(get_args(EventName)) == sorted(SUBSCRIBABLE)
    wanted = {**WANTED, "events": ["record.opened", "record.closed"]}
    assert world.as_("alice").post(HOOKS, json=wanted).status_code == 201


def sent(world: World, endpoint_id: str) -> str:
    answer = world.as_("alice").post(f"{HOOKS}/{endpoint_id}/test")
    assert answer.status_code == 202
    return str(answer.json()["id"])


def fail(world: World, times: int) -> None:
    """Let the one due delivery fail."""
    for _ in range(times):
        with world.service.parts.store.transaction() as session:
            session.connection().exec_driver_sql("UPDATE webhook_delivery SET due_at = 1 WHERE state = 'pending'")
        (taken,) = actions.take_deliveries(world.service.parts, 1)
        actions.settle_delivery(world.service.parts, taken, Outcome(500, "sorry", "the receiver answered 500"), 12)


def test_a_secret_is_told_once(world: World, endpoint: dict[str, Any]) -> None:
    assert endpoint["secret"].startswith("whsec_")
    alice = world.as_("alice")
    where = f"{HOOKS}/{endpoint['id']}"
    for answer in (alice.get(where), alice.get(HOOKS), alice.patch(where, json={"description": "other"})):
        assert answer.status_code == 200
        assert "whsec_" not in answer.text
    rotated = alice.post(f"{where}/rotate", json={"overlap_seconds": 60}).json()["secret"]
    assert rotated != endpoint["secret"]
    assert alice.get(where).json()["old_secret_until"] is not None
    alice.post(f"{where}/rotate", json={"overlap_seconds": 0})
    assert alice.get(where).json()["old_secret_until"] is None


def test_an_endpoint_is_there_for_its_publisher_alone(world: World, endpoint: dict[str, Any]) -> None:
    delivery = sent(world, endpoint["id"])
    where = f"{HOOKS}/{endpoint['id']}"
    asked: list[tuple[str, str, Any]] = [
        ("GET", where, None),
        ("PATCH", where, {"url": "https://evil.example/"}),
        ("POST", f"{where}/rotate", {}),
        ("POST", f"{where}/test", None),
        ("GET", f"{where}/deliveries", None),
        ("POST", f"/v1/webhook-deliveries/{delivery}/replay", None),
        ("DELETE", where, None),
    ]
    nothing = [(method, path.replace(endpoint["id"], "whe_0").replace(delivery, "msg_0")) for method, path, _ in asked]
    for (method, path, body), (_, unknown) in zip(asked, nothing, strict=True):
        told = []
        for address in (path, unknown):
            answer = world.as_("bob").request(method, address, json=body)
            told.append((answer.status_code, answer.json()["detail"]))
        assert told[0] == told[1]
        assert told[0][0] == 404, path
        assert world.as_(None).request(method, path, json=body).status_code == 401
    assert world.as_("bob").get(HOOKS).json()["data"] == []
    assert [item["id"] for item in world.as_("alice").get(HOOKS).json()["data"]] == [endpoint["id"]]
    assert world.as_("admin").get(where).json()["url"] == WANTED["url"]
    assert world.as_("alice").delete(where).status_code == 204
    assert world.as_("alice").get(where).status_code == 404


def test_a_key_needs_the_scope(world: World, endpoint: dict[str, Any]) -> None:
    world.make("reader", "alice", frozenset({Scope.VERDICTS_READ}))
    for method, path in (("GET", HOOKS), ("POST", HOOKS), ("DELETE", f"{HOOKS}/{endpoint['id']}")):
        answer = world.as_("reader").request(method, path, json=WANTED if method == "POST" else None)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/scope-missing")
    answer = world.as_("alice").post(HOOKS, json={**WANTED, "operator": True})
    assert answer.status_code == 403
    assert world.as_("admin").post(HOOKS, json={**WANTED, "operator": True}).json()["operator"] is True


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "http://example.org/"}, "/url"),
        ({"url": "https://example.org:8443/"}, "/url"),
        ({"url": "https://user@example.org/"}, "/url"),
        ({"url": "https://example.org/\u0000"}, "/url"),
        ({"url": ""}, "/url"),
        ({"events": []}, "/events"),
        ({"events": ["verdict.none"]}, "/events/0"),
        ({"description": "x" * 201}, "/description"),
        ({"secret": "whsec_mine"}, "/secret"),
    ],
)
def test_what_is_no_endpoint_is_refused_with_its_place(world: World, change: dict[str, Any], pointer: str) -> None:
    answer = world.as_("alice").post(HOOKS, json={**WANTED, **change})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert world.as_("alice").get(HOOKS).json()["data"] == []


def test_there_is_an_end_to_endpoints(world: World) -> None:
    alice = world.as_("alice")
    answers = [alice.post(HOOKS, json=WANTED) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [201] * 20 + [422]
    assert "at most 20" in answers[-1].text
    assert world.as_("bob").post(HOOKS, json=WANTED).status_code == 201
    alice.delete(f"{HOOKS}/{answers[0].json()['id']}")
    assert alice.post(HOOKS, json=WANTED).status_code == 201
    first = alice.get(f"{HOOKS}?limit=15").json()
    rest = alice.get(HOOKS, params={"limit": "15", "cursor": first["next_cursor"]}).json()
    assert len({item["id"] for item in first["data"] + rest["data"]}) == 20
    assert rest["next_cursor"] is None


def test_the_log_shows_every_attempt_and_a_dead_delivery_is_replayed(world: World, endpoint: dict[str, Any]) -> None:
    delivery, alice = sent(world, endpoint["id"]), world.as_("alice")
    fail(world, 1)
    where = f"{HOOKS}/{endpoint['id']}/deliveries"
    (item,) = alice.get(where).json()["data"]
    assert (item["id"], item["state"], item["event"]) == (delivery, "pending", "endpoint.test")
    assert item["next_attempt_at"] is not None
    (made,) = item["log"]
    assert (made["status"], made["answer"], made["duration_ms"]) == (500, "sorry", 12)
    fail(world, 7)
    assert [item["id"] for item in alice.get(f"{where}?state=dead").json()["data"]] == [delivery]
    assert alice.get(f"{where}?state=delivered").json()["data"] == []
    assert alice.post(f"/v1/webhook-deliveries/{delivery}/replay").json() == {"id": delivery}
    (item,) = alice.get(where).json()["data"]
    assert (item["state"], item["attempts"], len(item["log"])) == ("pending", 0, 8)


def test_a_disabled_endpoint_is_sent_nothing_until_it_is_enabled(world: World, endpoint: dict[str, Any]) -> None:
    delivery, alice = sent(world, endpoint["id"]), world.as_("alice")
    where = f"{HOOKS}/{endpoint['id']}"
    assert alice.patch(where, json={"state": "disabled"}).json()["state"] == "disabled"
    for path in (f"{where}/test", f"/v1/webhook-deliveries/{delivery}/replay"):
        answer = alice.post(path)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/endpoint-disabled")
    assert alice.patch(where, json={"state": "enabled"}).json()["state"] == "enabled"
    assert alice.post(f"/v1/webhook-deliveries/{delivery}/replay").status_code == 202


def test_alone_on_its_machine_the_operator_needs_no_key(
    serving: Callable[..., AbstractContextManager[Service]],
) -> None:
    with serving() as service:
        made = service.client.post(HOOKS, json={**WANTED, "operator": True})
        assert made.status_code == 201
        assert made.json()["operator"] is True
        assert len(service.client.get(HOOKS).json()["data"]) == 1
        with closed(service):
            assert service.client.get(HOOKS).status_code == 401


def closed(service: Service) -> AbstractContextManager[None]:
    """Make the first key: from now on the loopback is nobody."""
    from contextlib import nullcontext

    actions.create_key(service.parts, actions.NewKey("house", "", frozenset({Scope.ADMIN})))
    service.client.app.state.door._asked = float("-inf")  # type: ignore[attr-defined]
    return nullcontext()
