"""How often somebody may ask: by key, by address, with bad keys; and what becomes of it when Valkey goes away."""

from __future__ import annotations

import logging
import re
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from app.api import limits
from app.api.limits import Limiter
from app.core.caller import USUAL, Budgets
from app.settings import Settings
from cli import broker
from tests.api.bundles import formula_document
from tests.api.service import ADDRESS, TARGET
from tests.api.tenants import WRONG, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.api.service import Service

    Serving = Callable[..., AbstractContextManager[Service]]

RECORDS = "/v1/records"
FEW = {"requests_per_minute": 3, "changes_per_minute": 2, "bad_keys_per_minute": 2}


@pytest.fixture
def world(serving: Serving) -> Iterator[World]:
    """Give a service with small limits and three keys."""
    with serving(**FEW, proxies=["192.0.2.0/24"], allow_clients=["0.0.0.0/0", "::/0"]) as service:
        found = World(service)
        found.make("alice", "alice")
        found.make("bob", "bob")
        found.make("rich", "rich", USUAL, Budgets(requests_per_minute=5))
        yield found


def peer(world: World, address: str, **headers: str) -> TestClient:
    """Return a client at an address."""
    app = world.service.client.app
    return TestClient(app, ADDRESS, client=(address, 5), raise_server_exceptions=False, headers=headers)


def statuses(client: TestClient, number: int, path: str = RECORDS, method: str = "GET", **more: Any) -> list[int]:
    return [client.request(method, path, **more).status_code for _ in range(number)]


def test_a_key_has_its_own_count_and_its_budget_has_precedence(world: World) -> None:
    assert statuses(world.as_("alice"), 5) == [200, 200, 200, 429, 429]
    assert statuses(world.as_("bob"), 4) == [200, 200, 200, 429]
    assert statuses(world.as_("rich"), 6) == [200] * 5 + [429]
    assert statuses(world.as_(None), 1) == [200]


def test_the_refusal_says_when_to_come_back_and_answers_before_it_what_is_left(world: World) -> None:
    alice = world.as_("alice")
    told = [alice.get(RECORDS) for _ in range(4)]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in told] == ["r=2", "r=1", "r=0", "r=0"]
    assert {answer.headers["RateLimit-Policy"] for answer in told} == {'"requests";q=3;w=60'}
    problem = told[3].json()
    assert (problem["type"], problem["status"]) == ("/problems/too-many-requests", 429)
    wait = int(told[3].headers["Retry-After"])
    assert 50 <= wait <= 60
    assert told[3].headers["RateLimit"] == f'"requests";r=0;t={wait}'
    assert len(told[3].headers.get_list("ratelimit")) == 1


def test_what_changes_something_has_a_smaller_count(world: World) -> None:
    alice = world.as_("alice")
    before = world.service.rows()["record"]
    found = [alice.put(f"{RECORDS}/r-{number}", json={}) for number in range(3)]
    assert [answer.status_code for answer in found] == [201, 201, 429]
    assert found[1].headers["RateLimit-Policy"] == '"changes";q=2;w=60'
    assert "changes: more than 2" in found[2].json()["detail"]
    assert world.service.rows()["record"] == before + 2
    assert statuses(alice, 2) == [200, 429]  # changes are requests as well, refused ones are not


def test_whoever_shows_no_key_is_counted_by_address(world: World) -> None:
    assert statuses(peer(world, "203.0.113.7"), 4) == [200, 200, 200, 429]
    assert statuses(peer(world, "203.0.113.8"), 1) == [200]
    assert statuses(peer(world, "203.0.113.7"), 1, "/schemas") == [429]
    assert statuses(peer(world, "2001:db8::1"), 3) == [200] * 3
    assert statuses(peer(world, "2001:db8::2"), 1) == [429]  # one network, one holder
    assert statuses(peer(world, "2001:db8:0:1::2"), 1) == [200]
    assert "RateLimit" not in peer(world, "203.0.113.8").get(RECORDS).headers  # may be kept by caches


def test_behind_a_proxy_it_is_the_address_that_the_proxy_names(world: World) -> None:
    proxy, liar = "192.0.2.1", "203.0.113.9"
    forwarded = {"X-Forwarded-For": "198.51.100.1, 198.51.100.2, 192.0.2.7"}
    assert statuses(peer(world, proxy, **forwarded), 4) == [200, 200, 200, 429]
    assert statuses(peer(world, "198.51.100.2"), 1) == [429]  # the last that is no proxy: before it, anyone may write
    assert statuses(peer(world, proxy, **{"X-Forwarded-For": "198.51.100.1"}), 1) == [200]
    assert statuses(peer(world, liar, **{"X-Forwarded-For": "198.51.100.4"}), 3) == [200] * 3
    assert statuses(peer(world, liar, **{"X-Forwarded-For": "198.51.100.5"}), 1) == [429]
    assert statuses(peer(world, proxy, **{"X-Forwarded-For": "no address"}), 1) == [200]


def test_bad_keys_are_counted_by_address_and_lock_no_good_key_out(world: World) -> None:
    wrong = [WRONG[:-1] + digit for digit in "12345"]
    found = [peer(world, "203.0.113.7", Authorization=f"Bearer {key}").get(RECORDS) for key in wrong]
    assert [answer.status_code for answer in found] == [401, 401, 429, 429, 429]
    assert "bad-keys" in found[2].json()["detail"]
    good = {"Authorization": f"Bearer {world.keys['alice']}"}
    assert statuses(peer(world, "203.0.113.7", **good), 1) == [200]
    assert statuses(peer(world, "203.0.113.7"), 1) == [200]


def test_probes_and_static_files_are_never_counted(world: World) -> None:
    client = peer(world, "203.0.113.7")
    assert set(statuses(client, 6, "/livez")) == {200}
    assert 429 not in statuses(client, 6, "/readyz")
    assert set(statuses(client, 6, "/static/assay.css")) == {200}


def test_the_loopback_is_the_operators_own_until_keys_exist(serving: Serving) -> None:
    with serving(**FEW) as service:
        assert set(statuses(service.client, 6, TARGET, "POST", json=formula_document())) == {200, 202}
        World(service).make("alice", "alice")
        assert statuses(service.client, 1, TARGET, "POST", json={}) == [401]  # now it is known that there are keys
        assert 429 in statuses(service.client, 6)


# --- shared counts ----------------------------------------------------------------------------------------------------


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Run a Valkey server; gives its address."""
    folder.mkdir(exist_ok=True)
    socket = folder / "v.sock"
    process = subprocess.Popen(broker.command(socket, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert broker.wait_until_up(socket, 20)
        yield f"unix://{socket}"
    finally:
        process.kill()
        process.wait(20)


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder whose path is short enough for a socket."""
    return tmp_path_factory.mktemp("v")


def test_processes_count_together_and_a_server_that_is_away_opens_nothing_and_locks_nobody_out(
    short: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAUSE_SECONDS", 0.2)
    caplog.set_level(logging.WARNING)
    with valkey(short) as url:
        settings = Settings(home=tmp_path, limits_url=url)
        first, second = Limiter(settings), Limiter(settings)
        assert first.waits
        assert [one.take("requests", 3, "x") for one in (first, second, first, second)] == [True, True, True, False]
        left = second.left("requests", 3, "x")
        assert (left.remaining, 50 <= left.seconds <= 60) == (0, True)
        assert caplog.messages == []
    begun = time.monotonic()
    assert [first.take("requests", 3, "x") for _ in range(5)] == [True, True, True, False, False]
    assert first.left("requests", 3, "x").remaining == 0
    assert time.monotonic() - begun < 1
    assert len(caplog.messages) == 1
    assert re.match(r"limits are no longer shared, .* ConnectionError$", caplog.messages[0])
    time.sleep(0.3)
    assert not first.take("requests", 3, "x")  # asked again, still away, and told once only
    assert len(caplog.messages) == 1
    with valkey(short):
        time.sleep(0.3)
        assert second.take("requests", 3, "y")
        assert first.take("requests", 3, "y")
        assert caplog.messages[1:] == ["limits are shared again"]


def test_the_broker_is_used_unless_another_server_is_named(tmp_path: Path) -> None:
    def chosen(**settings: str) -> str:
        return Settings(home=tmp_path, **settings).limits  # type: ignore[arg-type]

    assert chosen() == ""  # the embedded broker serves one web process
    assert chosen(broker_url="redis://h/0") == "redis://h/0"
    assert chosen(broker_url="redis://h/0", limits_url="valkey://g/1") == "valkey://g/1"
    assert chosen(broker_url="redis://h/0", limits_url="memory") == "memory"
    assert not Limiter(Settings(home=tmp_path, broker_url="redis://h/0", limits_url="memory")).waits
