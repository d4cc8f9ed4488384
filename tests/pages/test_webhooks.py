"""`/webhooks`: who is shown endpoints and deliveries, and who makes one again by its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import actions
from app.core.caller import USUAL, Scope
from app.core.forges import Place
from app.core.hook_paths import PATTERN
from app.core.hooks import Kind
from app.core.webhook import Outcome
from app.store import hook_claims, hook_reports
from app.store.hook_claims import Came
from app.store.hook_reports import NewReport
from tests.api.service import ADDRESS, open_service
from tests.api.tenants import World, build
from tests.pages.test_login import browser, logged_in, token_of
from tests.workers.deliveries import by_github

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


def failed(world: World, times: int = 8) -> tuple[str, str]:
    """Make an endpoint of Alice's whose one delivery failed, so often dead; returns the endpoint's id and the delivery's."""
    parts = world.service.parts
    made, _ = actions.create_endpoint(parts, "alice", "https://example.org/h", ["verdict.recorded"], "", operator=False)
    delivery = str(actions.test_endpoint(parts, made["id"], "alice"))
    for _ in range(times):
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
    due = client.get("/webhooks").text
    assert where not in due  # there is nothing to hasten
    assert "A worker of <code>outside</code> takes it" in due


def test_the_button_hastens_what_waits_and_there_is_none_while_it_is_sent(world: World) -> None:
    parts, client = world.service.parts, logged_in(world, "alice")
    _, delivery = failed(world, 1)
    where = f"/webhooks/deliveries/{delivery}/replay"
    page = client.get("/webhooks")
    assert "Attempt 2 at" in page.text
    assert f'action="{where}"' in page.text
    assert actions.take_deliveries(parts, 1) == []
    sent = {"data": {"form_token": token_of(page)}, "headers": {"Origin": ADDRESS}}
    assert client.post(where, **sent).status_code == 303
    (taken,) = actions.take_deliveries(parts, 1)
    assert (taken.id, taken.attempts) == (delivery, 2)
    page = client.get("/webhooks")
    assert "An attempt is being made" in page.text
    assert where not in page.text
    answer = client.post(where, **sent)
    assert (answer.status_code, "being made at this moment" in answer.text) == (409, True)
    answer = world.as_("alice").post(f"/v1/webhook-deliveries/{delivery}/replay")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-again")
    assert actions.take_deliveries(parts, 1) == []


def test_a_dead_delivery_gives_its_reason_every_attempt_and_the_last_answer(world: World) -> None:
    endpoint, _ = failed(world)
    text = " ".join(logged_in(world, "alice").get("/webhooks").text.split())
    assert "Given up: all 8 attempts failed." in text
    assert text.count("the receiver answered 500 <span") == 8
    assert "The receiver answered 500: <code>&lt;script&gt;" in text
    assert "What comes next" in text
    parts = world.service.parts
    actions.test_endpoint(parts, endpoint, "alice")
    actions.change_endpoint(parts, endpoint, None, {"state": "disabled"})
    text = logged_in(world, "alice").get("/webhooks").text
    assert "Given up when its endpoint was disabled." in text
    assert "Nothing, until the endpoint is enabled" in text


def delivered(world: World) -> tuple[str, str, str]:
    """Make a source of Alice's with a failed delivery and a commit that was not told; returns the ids."""
    parts = world.service.parts
    new = actions.NewSource(
        Kind.GITHUB, "alice", "octo/claims", "1", PATTERN, ("python",), 9, 0, "https://api.example", "t"
    )
    source, secret = actions.add_source(parts, new)
    received = actions.receive(parts, source, *by_github(secret, "push", b"{}"))
    taken = actions.take_hook(parts)
    assert received is not None
    assert taken is not None
    actions.settle_hook(parts, taken, "failed", ANSWER)
    opened = actions.open_source(parts, source)
    assert opened is not None
    actions.refuse_on_commit(parts, opened.known, Place("octo/claims", "1", "c" * 40), "claim.toml:3: Mend it.")
    report = actions.take_report(parts)
    assert report is not None
    actions.note_told(parts, report, "error", None, "the source has neither a token nor an App")
    return source, received[0], report.id


def test_what_came_in_shows_to_its_publisher_and_is_worked_on_again(world: World) -> None:
    source, delivery, report = delivered(world)
    for client in (browser(world), logged_in(world, "bob"), world.as_("bob")):
        assert source not in client.get("/webhooks").text + client.get("/webhooks.json").text
        assert "ago that its" not in client.get("/workers.json").text
    assert logged_in(world, "bob").get("/workers.json").json()["incoming"]["failed"] == 0
    assert browser(world).get("/workers.json").json()["incoming"] is None
    client = logged_in(world, "alice")
    shown = client.get("/workers.json").json()["incoming"]
    assert (shown["failed"], shown["untold"], shown["last"]["detail"]) == (1, 0, ANSWER)
    assert 'href="/webhooks#in">Look at them' in client.get("/workers").text
    page = client.get("/webhooks")
    assert source in page.text
    assert ANSWER not in page.text
    assert "The source has neither a token nor an App" in page.text
    ours, fields = {"Origin": ADDRESS}, {"form_token": token_of(page)}
    for identity in (delivery, report):
        where = f"/webhooks/incoming/{identity}/replay"
        assert f'action="{where}"' in page.text
        assert client.post(where, headers=ours).status_code == 403
        bob = logged_in(world, "bob")
        assert bob.post(where, data={"form_token": token_of(bob.get("/"))}, headers=ours).status_code == 404
        answer = client.post(where, data=fields, headers=ours)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/webhooks#in")
    again = client.get("/workers.json").json()
    assert (again["incoming"]["queued"], again["incoming"]["failed"]) == (1, 0)
    assert [row["queued"] for row in again["queues"] if row["queue"] == "outside"] == [2]
    assert "No worker serves" in client.get("/workers").text or "no worker is there" in client.get("/workers").text
    taken = actions.take_hook(world.service.parts)
    assert taken is not None
    actions.settle_hook(world.service.parts, taken, "done", "")
    answer = client.post(f"/webhooks/incoming/{delivery}/replay", data=fields, headers=ours)
    assert (answer.status_code, "it is done, or failed so long ago" in answer.text.lower()) == (409, True)


def test_of_a_delivery_its_claims_show_and_of_a_commit_what_it_was_told(world: World) -> None:
    source, delivery, _ = delivered(world)
    parts = world.service.parts
    verification = world.hidden["verification_id"]
    with parts.store.transaction() as session:
        hook_claims.put(session, Came(delivery, "c" * 40, "claims/a", "first", verification_id=verification))
        hook_claims.put(session, Came(delivery, "c" * 40, "claims/b", "", refusal=f"claim.toml:3: {ANSWER}"))
        new = NewReport(source, "octo/claims", "1", "d" * 40, "assay/first", "claims/a", {}, None, verification)
        hook_reports.put_report(session, new)
    report = actions.take_report(parts)
    assert report is not None
    actions.note_told(parts, report, "success", None, said=f"VERIFIED: {ANSWER}")
    text = " ".join(logged_in(world, "alice").get("/webhooks").text.split())
    assert ANSWER not in text
    assert f"<code>{delivery}</code>" in text
    assert f'first <span class="note">claims/a at cccccccccccc</span>: <a href="/verifications/{verification}">' in text
    assert "claims/b: refused: claim.toml:3: &lt;script&gt;" in text
    assert "What commits were told" in text
    assert "VERIFIED: &lt;script&gt;" in text
    shown = world.as_("alice").get("/webhooks.json").json()["sources"][0]
    assert [claim["folder"] for claim in shown["deliveries"][0]["claims"]] == ["claims/a", "claims/b"]
    told = {item["context"]: item for item in shown["reports"]}["assay/first"]
    assert (told["told"], told["heard"], told["said"]) == ("success", True, f"VERIFIED: {ANSWER}")
    assert told["told_at"] is not None


def test_a_payload_that_would_fail_again_has_no_button(world: World) -> None:
    source, _, _ = delivered(world)
    parts = world.service.parts
    with parts.store.transaction() as session:
        session.connection().exec_driver_sql("UPDATE hook_delivery SET state = 'queued', due_at = 0")
    taken = actions.take_hook(parts)
    assert taken is not None
    actions.settle_hook(parts, taken, "failed", "the payload is no JSON", keep=False)
    page = logged_in(world, "alice").get("/webhooks").text
    assert "would fail again" in page
    assert "Work on it now" not in page
    assert source in page


def test_the_way_to_webhooks_shows_on_every_page_to_who_manages_them(world: World) -> None:
    assert '<a href="/webhooks">Webhooks</a>' in logged_in(world, "alice").get("/").text
    assert '<a href="/webhooks">Webhooks</a>' not in browser(world).get("/").text


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
