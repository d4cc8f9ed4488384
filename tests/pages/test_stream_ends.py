"""A stream outlives neither the key nor the login that it began with, nor the time in which this machine needs none."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.actions import NewKey
from app.api import streams
from app.core.caller import USUAL
from tests.api.service import ADDRESS, open_service
from tests.api.tenants import World, bundle, worlds
from tests.pages.test_login import COOKIE, browser, logged_in, token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi.testclient import TestClient

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the service with two publishers, on both databases."""
    yield from worlds(request.param, migrated, tmp_path_factory.mktemp("ends"))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let streams look often, and end late enough that only looking can have ended them."""
    monkeypatch.setattr(streams, "SEEN_SECONDS", 0.2)
    monkeypatch.setattr(streams, "STREAM_SECONDS_MAX", 60)


def ends(client: TestClient, path: str, by: Callable[[], object]) -> None:
    """Follow a stream, do something, and see that the stream ends by it and not before."""
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(client.get(path, headers=STREAM).status_code), daemon=True)
    thread.start()
    thread.join(1.5)
    assert thread.is_alive(), "it ended by itself"
    by()
    thread.join(20)
    assert answers == [200]


@pytest.mark.parametrize("path", ["/v1/events", "/v1/verifications/{verification_id}/events"])
def test_a_stream_ends_with_its_key_and_with_its_login(world: World, path: str) -> None:
    job = world.of("alice").submit(bundle(f"waiting-{len(path)}", None)).json()["id"]
    goal = path.format(verification_id=job)
    for name, client_of in (("by-key", world.as_), ("by-login", lambda name: logged_in(world, name))):
        world.make(f"{name}-{len(path)}", "alice")
        client = client_of(f"{name}-{len(path)}")
        ends(client, goal, partial(actions.revoke_key, world.service.parts, world.ids[f"{name}-{len(path)}"]))


def test_a_stream_ends_when_its_browser_logs_out(world: World) -> None:
    client, other = logged_in(world, "alice"), browser(world)
    other.cookies.set(COOKIE, client.cookies[COOKIE])
    form = {"form_token": token_of(other.get("/login"))}
    ends(client, "/v1/events", lambda: other.post("/logout", data=form, headers={"Origin": ADDRESS}))


def test_a_stream_that_needed_no_key_ends_with_the_first_key(migrated: Path, tmp_path: Path) -> None:
    for service in open_service(migrated, tmp_path):
        make = partial(actions.create_key, service.parts, NewKey("local", "first", USUAL))
        ends(service.client, "/v1/events", make)
