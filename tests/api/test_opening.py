"""Opening and closing: who is shown what changes, what was said does not, and nobody undoes what he did not see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import actions
from app.core.canonical import digest
from app.store import hook_lists
from app.store.lists import Wanted
from tests.api.tenants import World, bundle, ids_of, matching
from tests.store.house import at_once

if TYPE_CHECKING:
    import httpx2
    from fastapi.testclient import TestClient

    from tests.api.service import Service


@pytest.fixture
def world(service: Service) -> World:
    found = World(service)
    for name in ("alice", "bob"):
        found.make(name, name)
    return found


def patch(client: TestClient, path: str, tag: str | None = None, **wanted: str) -> httpx2.Response:
    return client.patch(path, json=wanted, headers={} if tag is None else {"If-Match": tag})


def test_a_claim_is_taken_back_and_released(world: World) -> None:
    ids = ids_of(world.of("alice").conclude(matching, bundle("gain", None)))
    alice, bob = world.as_("alice"), world.as_("bob")
    path, verdict = f"/v1/claims/{ids['claim_id']}", f"/v1/verdicts/{ids['verdict_id']}"
    kept = {name: world.service.rows()[name] for name in ("ledger", "correction", "verdict", "ledger_node")}
    for wanted, seen in (("private", 404), ("public", 200)):
        tag = alice.get(path).headers["ETag"]
        answer = patch(alice, path, tag, visibility=wanted)
        assert (answer.status_code, answer.json()["visibility"]) == (200, wanted)
        assert answer.headers["ETag"] == alice.get(path).headers["ETag"] != tag
        for stranger in (bob, world.as_(None)):
            for where in (path, verdict, f"{verdict}/evidence", f"/v1/verifications/{ids['verification_id']}"):
                assert stranger.get(where).status_code == seen, (wanted, where)
            assert bool(stranger.get("/v1/verdicts").json()["data"]) == (seen == 200)
            assert bool(stranger.get("/v1/verdicts/summary").json()["status"]) == (seen == 200)
        assert alice.get(verdict).status_code == 200
    assert {name: world.service.rows()[name] for name in kept} == kept


def test_a_record_opens_its_claims(world: World) -> None:
    ids = ids_of(world.of("alice").conclude(matching, bundle("gain", "survey")))
    alice, path, claim = world.as_("alice"), "/v1/records/survey", f"/v1/claims/{ids['claim_id']}"
    said = ("verdict", "correction", "ledger", "ledger_node", "event", "gate")
    before = {name: world.service.rows()[name] for name in said}
    for wanted, seen in (("open", 200), ("closed", 404)):
        answer = patch(alice, path, alice.get(path).headers["ETag"], claims_visibility=wanted)
        assert (answer.status_code, answer.json()["claims_visibility"]) == (200, wanted)
        assert world.as_(None).get(claim).status_code == seen
    assert {name: world.service.rows()[name] for name in said} == before
    refused = patch(alice, claim, "*", visibility="public")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/claim-of-record")


def test_a_change_names_what_it_changes(world: World) -> None:
    alice, path = world.as_("alice"), "/v1/records/survey"
    made = alice.put(path, json={"title": "One"})
    old = made.headers["ETag"]
    assert old == alice.get(path).headers["ETag"]
    missing = patch(alice, path, title="Two")
    assert (missing.status_code, missing.json()["type"]) == (428, "/problems/condition-needed")
    assert patch(alice, path, old.removeprefix("W/"), title="Two").status_code == 200  # in its strong form as well
    stale = patch(alice, path, old, title="Three")
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/condition-failed")
    assert alice.get(path).json()["title"] == "Two"
    assert patch(alice, path, f'"x", {alice.get(path).headers["ETag"]}', title="Three").status_code == 200
    assert patch(alice, path, "*", title="Four").status_code == 200
    assert patch(alice, "/v1/records/none", "*", title="x").status_code == 404
    assert world.service.rows()["record"] == 1


def test_of_changes_at_once_that_saw_the_same_one_passes(world: World) -> None:
    alice, path = world.as_("alice"), "/v1/records/survey"
    claim = f"/v1/claims/{world.of('alice').submit(bundle('gain', None)).json()['claim']['id']}"
    tag, claim_tag = alice.put(path, json={}).headers["ETag"], alice.get(claim).headers["ETag"]
    calls = [lambda n=n: patch(world.as_("alice"), path, tag, title=f"title {n}") for n in range(4)]
    assert sorted(getattr(item, "status_code", 0) for item in at_once(*calls)) == [200, 412, 412, 412]
    calls = [lambda: patch(world.as_("alice"), claim, claim_tag, visibility="private")] * 4
    assert sorted(getattr(item, "status_code", 0) for item in at_once(*calls)) == [200, 412, 412, 412]


def test_what_is_anothers_is_as_good_as_not_there(world: World) -> None:
    ids = ids_of(world.of("alice").conclude(matching, bundle("gain", "survey")))
    bob, answers = world.as_("bob"), []
    for path in (f"/v1/claims/{ids['claim_id']}", "/v1/claims/clm_none"):
        answer = patch(bob, path, "*", visibility="private")
        answers.append((answer.status_code, answer.json()["detail"]))
    record, other = f"/v1/records/{ids['record_id']}", "/v1/records/rec_none"
    assert [patch(bob, path, "*", visibility="private").status_code for path in (record, other)] == [
        403,
        404,
    ]  # it is public
    assert patch(world.as_("alice"), record, "*", visibility="private").status_code == 200
    closed = [patch(bob, path, "*", visibility="public") for path in (record, other)]
    assert [answer.status_code for answer in closed] == [404, 404]
    assert len({answer.json()["detail"] for answer in closed}) == 1
    assert answers[0] == answers[1] == (404, "there is no such claim")


def hear(world: World, publisher: str) -> str:
    """Make an endpoint of a publisher that subscribed to both events; returns its id."""
    events = ["record.opened", "record.closed"]
    made, _ = actions.create_endpoint(
        world.service.parts, publisher, "https://example.org/hook", events, "", operator=False
    )
    return str(made["id"])


def told(world: World, endpoint: str) -> list[tuple[str, str, str]]:
    """Return what an endpoint is told, oldest first: event, visibility, visibility of the claims."""
    with world.service.parts.store.read() as session:
        found = hook_lists.deliveries(session, Wanted(200, {"endpoint_id": endpoint})).rows
    return [(item["event"], item["data"]["visibility"], item["data"]["claims_visibility"]) for item in reversed(found)]


def test_its_publisher_is_told_when_others_are_shown_more_or_less(world: World) -> None:
    alices, bobs = hear(world, "alice"), hear(world, "bob")
    alice, path = world.as_("alice"), "/v1/records/survey"
    alice.put(path, json={"title": "new, and thus no change"})
    steps: list[tuple[dict[str, str], str | None]] = [
        ({"claims_visibility": "open"}, "record.opened"),
        ({"title": "another"}, None),
        ({"claims_visibility": "open"}, None),
        ({"visibility": "private"}, "record.closed"),
        ({"claims_visibility": "closed"}, None),
        ({"visibility": "public"}, "record.opened"),
        ({"visibility": "public", "claims_visibility": "open"}, "record.opened"),
        ({"claims_visibility": "closed"}, "record.closed"),
    ]
    for wanted, event in steps:
        before = told(world, alices)
        assert patch(alice, path, '"stale"', **wanted).status_code == 412
        assert told(world, alices) == before, "what was refused is not told"
        answer = patch(alice, path, "*", **wanted).json()
        now = (event, answer["visibility"], answer["claims_visibility"])
        assert told(world, alices) == [*before, *([now] if event else [])], wanted
    assert told(world, bobs) == []


def test_closing_hides_what_was_open_and_takes_nothing_back(world: World) -> None:
    listening = hear(world, "alice")
    alice, bob, stranger = world.as_("alice"), world.as_("bob"), world.as_(None)
    ids = ids_of(world.of("alice").conclude(matching, files := bundle("gain", "survey")))
    path = "/v1/records/survey"
    hidden = [
        f"/v1/claims/{ids['claim_id']}",
        f"/claims/{ids['claim_id']}",
        f"/v1/claims/{ids['claim_id']}/badge.svg",
        f"/v1/verifications/{ids['verification_id']}",
        f"/v1/runs/{ids['run_id']}",
        f"/v1/runs/{ids['run_id']}/stdout",
        f"/v1/verdicts/{ids['verdict_id']}/evidence",
        f"/v1/blobs/{ids['file']}",
    ]
    stay = [
        f"/records/{ids['record_id']}",
        f"/v1/records/{ids['record_id']}",
        f"/v1/records/{ids['record_id']}/badge.svg",
        f"/v1/verdicts/{ids['verdict_id']}",
        f"/v1/verdicts/{ids['verdict_id']}/receipt",
    ]
    lists = ["/feed.atom", "/feed.json", "/v1/verdicts", "/v1/events?limit=200"]
    patch(alice, path, "*", claims_visibility="open")
    named = {"files": {name: digest(data) for name, data in files.items()}}
    bobs = bob.post("/v1/verifications", json=named)
    assert bobs.status_code == 202, "what is open may be named by everybody"
    said = told(world, listening)
    for wanted, seen in (("open", 200), ("closed", 404), ("open", 200)):
        patch(alice, path, "*", claims_visibility=wanted)
        for where in hidden:
            assert stranger.get(where).status_code == seen, where
            assert alice.get(where).status_code == 200, where
        for where in stay:
            assert stranger.get(where).status_code == 200, where
        for where in lists:
            shown = [name for name in ("verdict_id", "verification_id") if ids[name] in stranger.get(where).text]
            assert bool(shown) == (seen == 200), where
        # Bob's bundle has the file since, whoever closes what.
        assert bob.get(f"/v1/blobs/{ids['file']}").content == b"gain"
    assert told(world, listening)[: len(said)] == said
