"""`/livez` and `/readyz`: the process answers, and a claim would be taken in; each part that is broken is named."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.core.keys import read_keys
from app.store.errors import StoreBroken
from tests.api.bundles import script_bundle
from tests.api.service import open_service
from tests.core.builders import KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.api.service import Service


def test_a_whole_service_is_ready(service: Service) -> None:
    answer = service.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def break_database(service: Service) -> None:
    path = service.parts.settings.home / "assay.db"
    path.unlink()
    path.mkdir()
    service.parts.store.engine.dispose()


def break_triggers(service: Service) -> None:
    with sqlite3.connect(service.parts.settings.home / "assay.db") as connection:
        connection.execute("DROP TRIGGER verdict_no_update")
    connection.close()


def break_blobs(service: Service) -> None:
    shutil.rmtree(service.parts.blobs.folder, ignore_errors=True)
    service.parts.blobs.folder.write_text("a file where the folder should be")


def break_workers(service: Service) -> None:
    with sqlite3.connect(service.parts.settings.home / "assay.db") as connection:
        connection.execute("DELETE FROM environment")
    connection.close()


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("database", break_database),
        ("database", break_triggers),
        ("blobs", break_blobs),
        ("workers", break_workers),
    ],
)
def test_the_broken_part_is_named_and_livez_still_answers(
    service: Service, part: str, damage: Callable[[Service], None]
) -> None:
    damage(service)
    answer = service.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/not-ready"
    assert answer.json()["detail"].startswith(f"{part}: ")
    assert service.client.get("/livez").status_code == 200


def test_a_folder_of_blobs_that_cannot_be_written_is_named(
    serving: Callable[..., AbstractContextManager[Service]],
) -> None:
    with serving(blobs="/proc") as service:
        answer = service.client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("blobs: ")


def test_a_missing_broker_is_named(serving: Callable[..., AbstractContextManager[Service]]) -> None:
    with serving(broker_url="redis+socket:///nowhere/broker.sock") as service:
        answer = service.client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("broker: ")


def test_a_database_without_our_triggers_is_not_served_at_all(tmp_path: Path) -> None:
    with pytest.raises(StoreBroken, match=r"lacks the trigger .* Run `python -m app.store.migrate`"):
        next(open_service(tmp_path / "none", tmp_path / "empty"))


def test_a_database_that_goes_away_is_a_503_that_asks_to_come_back(service: Service) -> None:
    break_database(service)
    answer = service.client.get("/v1/verifications/ver_0")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/store-unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_the_keys_of_the_judges_are_public(service: Service) -> None:
    actions.publish_keys(service.parts, [KEY])
    answer = service.client.get("/.well-known/assay-keys.json")
    assert answer.status_code == 200
    (found,) = read_keys(answer.content, "keys")
    assert found.public == KEY.public
    assert found.not_before is not None


def test_evidence_that_does_not_hold_is_a_problem_and_an_alarm(service: Service) -> None:
    """It is never served, whoever asks; what was asked for before and did not change is not read again."""
    document = service.conclude(lambda _: b"{}", script_bundle())
    assert service.client.get("/v1/health").json() == {"status": "ok", "audit": None, "alarms": 0}
    where = document["urls"]["evidence"]
    assert service.client.get(where).status_code == 200
    path = service.parts.blobs.path(service.client.get(document["urls"]["verdict"]).json()["evidence"])
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"x")
    answer = service.client.get(where)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "/problems/service-fault"
    found = service.client.get("/v1/health").json()
    assert (found["status"], found["alarms"]) == ("alarm", 1)
