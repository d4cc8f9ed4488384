"""Nudges: what is sent, on what terms, and what a broker costs that is not there."""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import redis
from kombu.exceptions import OperationalError

from app import queue
from app.queue import Queue, celery_app
from app.settings import Settings
from cli import broker
from tests.store.house import House
from workers import main, tasks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS_MAX = 8  # a request thread may wait for one deaf broker, never for minutes


def queue_on(url: str, home: Path) -> Queue:
    """Return a queue."""
    return Queue(Settings(home=home, broker_url=url))


def message(socket_path: Path, name: str) -> tuple[str, list[Any]]:
    """Return task and arguments of the newest message of a queue."""
    client = redis.Redis(unix_socket_path=str(socket_path))
    try:
        body = json.loads(client.lindex(name, 0))
    finally:
        client.close()
    return body["headers"]["task"], json.loads(base64.b64decode(body["body"]))[0]


def test_every_name_is_a_task_and_every_task_has_a_name(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    app = celery_app(settings)
    tasks.register(app, settings)
    assert {name for name in app.tasks if not name.startswith("celery.")} == set(queue.TASK_NAMES)
    assert len(set(queue.TASK_NAMES)) == len(queue.TASK_NAMES)


def test_the_beat_sends_only_tasks_that_there_are_and_lets_them_expire() -> None:
    schedule = main.app.conf.beat_schedule
    assert {entry["task"] for entry in schedule.values()} == {queue.AUDIT_TASK, queue.SWEEP_TASK, queue.TIDY_TASK}
    assert all(0 < entry["options"]["expires"] <= entry["schedule"] for entry in schedule.values())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", False),
        ("worker_prefetch_multiplier", 1),
        ("task_ignore_result", True),
        ("task_serializer", "json"),
        ("accept_content", ["json"]),
        ("task_publish_retry", False),
        ("worker_cancel_long_running_tasks_on_connection_loss", False),
        ("broker_connection_retry_on_startup", True),
    ],
)
def test_delivery_is_on_the_terms_that_the_database_counts_on(tmp_path: Path, option: str, value: object) -> None:
    assert getattr(celery_app(Settings(home=tmp_path)).conf, option) == value


@pytest.mark.parametrize("task", [queue.JUDGE_TASK, queue.SWEEP_TASK, queue.TIDY_TASK])
def test_what_changes_verdicts_or_files_is_done_by_judges_whoever_sends_it(
    valkey: Path, tmp_path: Path, task: str
) -> None:
    with celery_app(Settings(home=tmp_path, broker_url=f"redis+socket://{valkey}")) as app:
        app.send_task(task)
    assert message(valkey, "judge") == (task, [])


def test_no_connection_waits_for_ever(tmp_path: Path) -> None:
    worker = celery_app(Settings(home=tmp_path)).conf.broker_transport_options
    producer = queue_on("", tmp_path).celery.conf.broker_transport_options
    assert worker["socket_timeout"] > 5
    assert 0 < producer["socket_timeout"] <= 3
    assert 0 < producer["socket_connect_timeout"] <= 3
    assert "max_retries" not in worker
    assert producer["max_retries"] == 0


def test_a_message_outlives_no_run_that_may_still_be_going(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    visibility = celery_app(settings).conf.broker_transport_options["visibility_timeout"]
    assert visibility * 1000 >= settings.maximum_limits.wall_ms


@pytest.mark.parametrize(
    ("send", "name", "task", "subject"),
    [
        (lambda found: found.nudge_run("run_1"), "cpu", "assay.run", "run_1"),
        (lambda found: found.nudge_run("run_2", "gpu"), "gpu", "assay.run", "run_2"),
        (lambda found: found.nudge_judge("ver_1"), "judge", "assay.judge", "ver_1"),
    ],
    ids=["run", "run for a graphics card", "judge"],
)
def test_a_nudge_is_a_task_with_one_name_in_its_queue(
    valkey: Path, tmp_path: Path, send: Any, name: str, task: str, subject: str
) -> None:
    found = queue_on(f"redis+socket://{valkey}", tmp_path)
    assert send(found) is True
    assert message(valkey, name) == (task, [subject])
    found.ping()
    found.close()


@pytest.fixture
def deaf(socket_folder: Path) -> Iterator[Path]:
    """Give the socket of something that takes connections and never answers."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_folder / "deaf.sock"))
        listener.listen(10)
        yield socket_folder / "deaf.sock"


@pytest.mark.parametrize("kind", ["no socket", "nobody listens", "nobody answers"])
def test_a_broker_that_is_away_costs_seconds_and_no_exception(
    kind: str, socket_folder: Path, deaf: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    urls = {
        "no socket": f"redis+socket://{socket_folder}/none.sock",
        "nobody listens": "redis://127.0.0.1:1/0",
        "nobody answers": f"redis+socket://{deaf}",
    }
    found = queue_on(urls[kind], tmp_path)
    for _ in range(2):
        begun = time.monotonic()
        assert found.nudge_run("run_1") is False
        assert time.monotonic() - begun < SECONDS_MAX
    assert "nudge assay.run(run_1) not sent, the sweeper will repeat it" in caplog.text
    found.close()


def test_a_ping_says_that_the_broker_is_away(socket_folder: Path, tmp_path: Path) -> None:
    found = queue_on(f"redis+socket://{socket_folder}/none.sock", tmp_path)
    begun = time.monotonic()
    with pytest.raises(OperationalError):
        found.ping()
    assert time.monotonic() - begun < SECONDS_MAX
    found.close()


def test_a_broker_that_came_back_is_used_at_once(socket_folder: Path, tmp_path: Path) -> None:
    address = socket_folder / "b.sock"
    found = queue_on(f"redis+socket://{address}", tmp_path)
    for expected in ("run_1", "run_2"):
        server = subprocess.Popen(broker.command(address, socket_folder), stdout=subprocess.DEVNULL)
        assert broker.wait_until_up(address, 20)
        assert found.nudge_run(expected) is True
        assert message(address, "cpu") == ("assay.run", [expected])
        server.send_signal(signal.SIGKILL)
        server.wait()
        assert found.nudge_run("run_lost") is False
    found.close()


def test_a_submission_stands_although_the_broker_is_away(home: Path, socket_folder: Path) -> None:
    house = House.open(f"sqlite:///{home / 'assay.db'}", home)
    real = queue_on(f"redis+socket://{socket_folder}/none.sock", home)
    away = replace(house, parts=replace(house.parts, queue=real))
    begun = time.monotonic()
    submitted = away.submit()
    assert time.monotonic() - begun < SECONDS_MAX
    assert house.run_row(submitted.run_ids[0]).state == "queued"
    assert house.verification(submitted.verification_id).state == "queued"
    away.close()
