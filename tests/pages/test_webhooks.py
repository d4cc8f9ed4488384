"""`/webhooks`: who is shown endpoints and deliveries, and who makes one again by its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import actions
from app.core.caller import USUAL, Scope
from app.core.webhook import Outcome
from tests.api.service import ADDRESS, open_service
from tests.api.tenants import World, build
from tests.pages.test_login import browser, logged_in, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANSWER = "<script>alert(1)</script>"


@pytest.fixture
def world(migrated: Path, tmp_path: Path) -> Iterator[World]:
    """Give two publishers whose keys may manage webhooks too."""
    for service in open_service(migrated, tmp_path):
        found = build(service)
        for name in ("alice", "bob"):
            found.make(name, name, USUAL | {Scope.WEBHOOKS_MANAGE})
        yield found


def failed(world: World) -> tuple[str, str]:
    """Make an endpoint of Alice's whose one delivery is dead; returns the endpoint's id and the delivery's."""
    parts = world.service.parts
    made, _ = actions.create_endpoint(parts, "alice", "https://example.org/h", ["verdict.recorded"], "", operator=False)
    delivery = str(actions.test_endpoint(parts, made["id"], "alice"))
    for _ in range(8):
        with parts.store.transaction() as session:
            session.connection().exec_driver_sql("UPDATE webhook_delivery SET due_at = 1")
        (taken,) = actions.take_deliveries(parts, 1)
        actions.settle_delivery(parts, taken, Outcome(500, ANSWER, "the receiver answered 500"), 12)
    return str(made["id"]), delivery


def state(world: World, delivery: str) -> str:
    with world.service.parts.store.read() as session:
        found = session.connection().exec_driver_sql("SELECT id, state FROM webhook_delivery").all()
    return {row[0]: row[1] for row in found}[delivery]


def test_endpoints_show_to_their_publisher_and_the_operator_alone(world: World) -> None:
    endpoint, _ = failed(world)
    for client in (browser(world), logged_in(world, "bob"), world.as_(None), world.as_("bob")):
        page = client.get("/webhooks", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert endpoint not in page.text + client.get("/webhooks.json").text
        assert "example.org" not in page.text
    assert "Log in</a> with a key" in browser(world).get("/webhooks").text
    for name in ("alice", "admin"):
        page = logged_in(world, name).get("/webhooks")
        assert endpoint in page.text
        assert "answered 500" in page.text
        assert ANSWER not in page.text
        assert "whsec_" not in page.text
    (shown,) = world.as_("alice").get("/webhooks.json").json()["endpoints"]
    assert len(shown["deliveries"][0]["log"]) == 8


def test_the_button_makes_a_delivery_again(world: World) -> None:
    _, delivery = failed(world)
    client = logged_in(world, "alice")
    page = client.get("/webhooks")
    where = f"/webhooks/deliveries/{delivery}/replay"
    assert f'action="{where}"' in page.text
    ours = {"Origin": ADDRESS}
    for fields, headers in (({}, ours), ({"form_token": token_of(page)}, {"Origin": "https://elsewhere.example"})):
        assert client.post(where, data=fields, headers=headers).status_code == 403
    bob = logged_in(world, "bob")
    assert bob.post(where, data={"form_token": token_of(bob.get("/"))}, headers=ours).status_code == 404
    assert state(world, delivery) == "dead"
    answer = client.post(where, data={"form_token": token_of(page)}, headers=ours)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/webhooks")
    assert state(world, delivery) == "pending"
    assert where not in client.get("/webhooks").text


def test_a_disabled_endpoint_has_no_button_and_refuses_the_form(world: World) -> None:
    endpoint, delivery = failed(world)
    actions.change_endpoint(world.service.parts, endpoint, None, {"state": "disabled"})
    client = logged_in(world, "alice")
    page = client.get("/webhooks")
    assert "Deliver again" not in page.text
    sent = {"form_token": token_of(page)}
    answer = client.post(f"/webhooks/deliveries/{delivery}/replay", data=sent, headers={"Origin": ADDRESS})
    assert answer.status_code == 409
    assert state(world, delivery) == "dead"
