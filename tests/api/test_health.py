"""`/livez` and `/readyz`: the process answers, and a claim would be taken in; each part that is broken is named."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from app.store.errors import StoreBroken
from tests.api.service import open_service

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
    with pytest.raises(StoreBroken, match=r"lacks the trigger .* run `python -m app.store.migrate`"):
        next(open_service(tmp_path / "none", tmp_path / "empty"))


def test_a_database_that_goes_away_is_a_503_that_asks_to_come_back(service: Service) -> None:
    break_database(service)
    answer = service.client.get("/v1/verifications/ver_0")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/store-unavailable"
    assert int(answer.headers["Retry-After"]) > 0
