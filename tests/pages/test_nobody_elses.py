"""What one publisher keeps to itself changes nothing that others see: pages, twins, counts, feeds, streams, badges.

Everything that another publisher and a stranger are shown is noted, then somebody else adds closed things of every kind
and in every state, then it is shown again. How much waits, runs and is stuck in the house is told to everybody, and left
out here; so is the number of the newest event, for everybody's events share one sequence.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.core.caller import USUAL, Scope
from app.store.presence import KnownWorker
from tests.api.service import ENVIRONMENT
from tests.api.tenants import World, bundle, ids_of, matching, worlds
from tests.pages.test_login import browser, logged_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi.testclient import TestClient

VEILED = "quokka"  # stands in everything that is added, and in nothing else
WORKER = "host:7"
FEED = (
    "/",
    "/records",
    "/records.json",
    "/feed.json",
    "/feed.atom",
    "/?status=UNVERIFIED",
    "/feed.json?kind=script&blame=author",
    "/feed/new.json",
)
HOUSE = ("/webhooks", "/webhooks.json", "/compare", "/docs", "/read", "/openapi.json")
LISTS = ("records", "claims", "verifications", "runs", "verdicts", "verdicts/summary", "events")
SHOWN = (
    "/records/{record_id}",
    "/claims/{claim_id}",
    "/verifications/{verification_id}",
    "/runs/{run_id}",
    "/compare?claim={claim_id}",
)
BADGES = ("/v1/claims/{claim_id}/badge.json", "/v1/records/{record_id}/badge.json", "/v1/records/{record_id}/badge.svg")
DOORS = (
    "/v1/verifications/{verification_id}/events",
    "/compare?verification={verification_id}&verification={other}",
    "/compare.json?claim={claim_id}&claim={known}",
    "/compare?claim={claim_id}",
    "/v1/claims/{claim_id}/badge.svg",
    "/runs/{run_id}/stdout.txt",
    "/verifications/{verification_id}?part=live",
)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the service with two publishers that may manage webhooks, on both databases."""
    for found in worlds(request.param, migrated, tmp_path_factory.mktemp("apart")):
        for name in ("alice", "bob"):
            found.make(name, name, USUAL | {Scope.WEBHOOKS_MANAGE})
        yield found


def others(world: World) -> dict[str, TestClient]:
    """Return everybody else: a stranger and another publisher."""
    return {"a stranger": browser(world), "bob": logged_in(world, "bob")}


def shown_to(client: TestClient, world: World) -> dict[str, str]:
    """Return address -> what is shown there; of the house what is not everybody's."""
    twins = [path.replace("?", ".json?") if "?" in path else f"{path}.json" for path in SHOWN]
    paths = [*FEED, *HOUSE, *(f"/v1/{name}" for name in LISTS), *SHOWN, *twins, *BADGES]
    found = {}
    for path in (item.format(**world.shown) for item in paths):
        answer = client.get(path)
        assert answer.status_code == 200, path
        found[path] = json.dumps(answer.json()["data"]) if path == "/v1/events" else answer.text
    house = client.get("/workers.json").json()
    workers = [worker | {"seen_seconds": 0} for worker in house.pop("workers")]
    del house["queues"], house["stuck"]
    return found | {"/workers.json": json.dumps([house, [row["running"] for row in workers if row["name"] != WORKER]])}


def all_events(client: TestClient) -> str:
    """Return every event that a client is told of, page by page."""
    found, after = "", 0
    while after is not None:
        page = client.get("/v1/events", params={"after": after, "limit": 200})
        found, after = found + page.text, page.json()["next_after"]
    return found


def add(world: World) -> dict[str, dict[str, Any]]:
    """Add things that nobody else may know of, one in every state; returns their verifications."""
    alice, parts = world.of("alice"), world.service.parts
    put = {"title": f"The {VEILED} record", "visibility": "private", "claims_visibility": "open", "claims_total": 9}
    assert alice.client.put(f"/v1/records/{VEILED}", json=put).status_code == 201
    found = {
        "verified": alice.conclude(matching, bundle(f"{VEILED}-verified", VEILED)),
        "crashed": alice.conclude(lambda _: None, bundle(f"{VEILED}-crashed", VEILED)),
    }
    for state in ("queued", "running", "stuck", "cancelled", "faulted"):
        found[state] = alice.submit(bundle(f"{VEILED}-{state}", VEILED)).json()
    ids = {state: job["id"] for state, job in found.items()}
    assert alice.client.post(f"/v1/verifications/{ids['cancelled']}/cancel").status_code == 202
    actions.fault_verification(parts, ids["faulted"], "INTERNAL_ERROR", "a test")
    actions.announce(parts, KnownWorker(WORKER, frozenset({"cpu"}), frozenset({ENVIRONMENT})))
    for state in ("running", "stuck"):
        assert actions.claim_run(parts, found[state]["runs"][0]["id"], WORKER, {ENVIRONMENT}) is not None
    with parts.store.transaction() as session:
        session.connection().exec_driver_sql(
            f"UPDATE run SET lease_until = 1 WHERE id = '{found['stuck']['runs'][0]['id']}'"
        )
    draft = alice.conclude(matching, bundle(f"{VEILED}-draft", None))
    claim = f"/v1/claims/{draft['claim']['id']}"
    assert alice.client.patch(claim, json={"visibility": "private"}, headers={"If-Match": "*"}).status_code == 200
    where, events = f"https://{VEILED}.example/h", ["verdict.recorded"]
    made, _ = actions.create_endpoint(parts, "alice", where, events, VEILED, operator=False)
    actions.test_endpoint(parts, made["id"], "alice")
    return found | {"draft": draft}


def plain(text: str) -> str:
    """Return what is shown without what is of the moment."""
    return re.sub(r'name="form_token" value="[^"]*"', "", text)


def test_what_somebody_keeps_to_himself_changes_nothing_that_others_see(world: World) -> None:
    clients = others(world)
    before = {name: shown_to(client, world) for name, client in clients.items()}
    hidden = add(world)
    for name, client in clients.items():
        after = shown_to(client, world)
        for path, text in before[name].items():
            assert plain(after[path]) == plain(text), f"{name} sees a change of {path}"
            assert VEILED not in after[path]
        house, page = client.get("/workers.json").json(), client.get("/workers").text
        (worker,) = [row for row in house["workers"] if row["name"] == WORKER]
        assert {(row["run"], row["claim"]) for row in worker["running"]} == {(None, None)}, "that it works is no secret"
        assert [(row["run"], row["claim"]) for row in house["stuck"]] == [(None, None)]
        assert VEILED not in json.dumps(house) + page
        assert not [job for job in hidden.values() if job["id"] in page or job["runs"][0]["id"] in page]
    alice = logged_in(world, "alice")
    assert any(job["id"] in all_events(alice) for job in hidden.values())
    assert f"of {VEILED}-stuck</a>" in alice.get("/workers").text
    for path in (
        "/",
        "/feed.json",
        "/feed.atom",
        "/webhooks",
        "/workers",
        "/v1/runs?limit=200",
    ):
        told = alice.get(path).text
        assert VEILED in told or any(job["id"] in told for job in hidden.values()), f"{path} shows her her own"


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/event-stream"])
def test_every_door_to_what_is_hidden_is_as_one_to_nothing_in_words_and_in_work(world: World, accept: str) -> None:
    hidden = ids_of(world.of("alice").conclude(matching, bundle(f"{VEILED}-{accept.partition('/')[2]}", "zyzzyva")))
    nothing = {name: f"{value[:4]}0none" for name, value in hidden.items()}
    more = {"other": world.shown["verification_id"], "known": world.shown["claim_id"]}
    for name in (None, "bob"):
        client = world.as_(name)
        for path in DOORS:
            told = []
            for ids in (hidden, nothing):
                with world.statements() as asked:
                    answer = client.get(path.format(**{**ids, **more}), headers={"Accept": accept})
                words = re.sub(r'"(instance|request_id)": ?"[^"]*"|<code>[0-9a-f]{32}</code>', "", answer.text)
                told.append((answer.status_code, words, [item for item in asked if "api_key" not in item]))
            assert told[0] == told[1], path
            assert told[0][0] == 404, path
