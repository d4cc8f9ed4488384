"""`assay hooks`: endpoints of every publisher, made, changed and removed on the service's host."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.actions import Parts
from app.core.webhook import Outcome
from app.settings import Settings
from tests.cli.command import assay

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://example.org/hook"


def hooks(home: Path, *arguments: str, code: int = 0) -> str:
    done = assay("hooks", *arguments, home=home)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def listed(home: Path, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in hooks(home, *arguments, "--json").splitlines()]


def fail(home: Path, times: int) -> None:
    """Let the one waiting delivery fail."""
    parts = Parts.open(Settings(home=home))
    for _ in range(times):
        with parts.store.transaction() as session:
            session.connection().exec_driver_sql("UPDATE webhook_delivery SET due_at = 1 WHERE state = 'pending'")
        (taken,) = actions.take_deliveries(parts, 1)
        actions.settle_delivery(parts, taken, Outcome(500, "sorry", "the receiver answered 500"), 12)
    parts.close()


def test_an_endpoint_from_its_making_to_its_end(tmp_path: Path) -> None:
    made = json.loads(hooks(tmp_path, "add", URL, "--publisher", "alice", "--description", "bot", "--json"))
    assert made["secret"].startswith("whsec_")
    assert "worker.offline" not in made["events"]
    endpoint = made["id"]
    second = hooks(tmp_path, "add", URL, "--operator", "--event", "worker.offline").strip()
    assert second.startswith("whsec_")
    assert [(row["publisher"], row["operator"]) for row in listed(tmp_path, "list")] == [
        ("local", True),
        ("alice", False),
    ]
    assert [row["id"] for row in listed(tmp_path, "list", "--publisher", "alice")] == [endpoint]
    assert "whsec_" not in hooks(tmp_path, "list")
    assert hooks(tmp_path, "rotate", endpoint).strip() not in {made["secret"], second}
    delivery = hooks(tmp_path, "test", endpoint).strip()
    fail(tmp_path, 1)
    line = hooks(tmp_path, "deliveries", endpoint)
    assert all(word in line for word in (delivery, "endpoint.test", "pending", "answered 500", "next "))
    fail(tmp_path, 7)
    (dead,) = listed(tmp_path, "deliveries", endpoint, "--state", "dead")
    assert (dead["id"], len(dead["log"])) == (delivery, 8)
    hooks(tmp_path, "replay", delivery)
    assert listed(tmp_path, "deliveries", endpoint)[0]["state"] == "pending"
    hooks(tmp_path, "disable", endpoint)
    assert "is disabled" in hooks(tmp_path, "test", endpoint, code=2)
    hooks(tmp_path, "enable", endpoint)
    hooks(tmp_path, "remove", endpoint)
    assert [row["publisher"] for row in listed(tmp_path, "list")] == ["local"]


def test_a_refusal_names_what_was_typed(tmp_path: Path) -> None:
    (row,) = listed(tmp_path, "add", URL)
    hooks(tmp_path, "disable", row["id"])
    for words, said in (
        (("add", "http://127.0.0.1/hook"), "URL http://127.0.0.1/hook: "),
        (("add", URL, "--event", "nonsense"), "--event: there is no such event. Use one or more of "),
        (("test", row["id"]), f"{row['id']}: the endpoint is disabled. Enable it again first."),
    ):
        assert hooks(tmp_path, *words, code=2).startswith(said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "http://example.org/"), "only https at port 443"),
        (("add", URL, "--event", "none"), "there is no such event"),
        (("rotate", "whe_none"), "there is no endpoint whe_none"),
        (("rotate", "whe_none", "--overlap", "30d"), "seven days at most"),
        (("test", "whe_none"), "there is no endpoint whe_none"),
        (("remove", "whe_none"), "there is no endpoint whe_none"),
        (("enable", "whe_none"), "there is no endpoint whe_none"),
        (("replay", "msg_none"), "there is no delivery msg_none"),
        (("deliveries", "whe_none"), "there is no endpoint whe_none"),
        (("deliveries", "whe_none", "--state", "lost"), "a delivery is pending, delivered, dead"),
    ],
)
def test_what_is_wrong_is_said_and_exits_with_2(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    hooks(tmp_path, "add", URL)
    assert said in " ".join(hooks(tmp_path, *words, code=2).split())
    assert len(listed(tmp_path, "list")) == 1
