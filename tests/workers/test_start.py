"""How a worker starts and ends: its tasks, its hands, and the database that it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.queue import SWEEP_TASK, TIDY_TASK, celery_app
from app.settings import Settings
from app.store.engine import Store
from tests.store.house import House
from tests.workers.waiting import wait_until
from tests.workers.works import ROOT
from workers import tasks
from workers.keyring import keyring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery import Celery

START_SECONDS_MAX = 60


def start(home: Path, socket: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Start a worker that should not come up, and wait until it has gone."""
    environment = {
        **os.environ,
        "ASSAY_HOME": str(home),
        "ASSAY_BROKER_URL": f"redis+socket://{socket}",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "celery", "-A", "workers.main", "worker", "-c", "1", *more]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False
    )


def test_a_worker_refuses_a_database_without_tables(tmp_path: Path, socket_folder: Path) -> None:
    done = start(tmp_path, socket_folder / "none.sock")
    assert done.returncode == 1
    assert "Run `python -m app.store.migrate`" in done.stdout + done.stderr


def test_a_worker_refuses_a_database_of_which_a_rule_was_switched_off(home: Path, socket_folder: Path) -> None:
    store = Store(f"sqlite:///{home / 'assay.db'}")
    with store.transaction() as session:
        session.connection().exec_driver_sql("DROP TRIGGER verdict_runs")
    store.close()
    done = start(home, socket_folder / "none.sock")
    assert done.returncode == 1
    assert "lacks the trigger verdict_runs on verdict" in done.stdout + done.stderr


def test_a_judge_without_a_key_does_not_start(home: Path, socket_folder: Path) -> None:
    """Otherwise every verification that it takes up would end as our fault."""
    done = start(home, socket_folder / "none.sock", "-Q", "cpu,judge")
    assert done.returncode == 1
    assert "Run `assay keys generate`" in done.stdout + done.stderr


@pytest.mark.parametrize("queues", ["cpu", "gpu,judge"])
def test_a_worker_does_not_start_where_boxes_would_show_its_state(
    home: Path, socket_folder: Path, queues: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring(Settings(home=home)).ensure(datetime.now(UTC))
    monkeypatch.setenv("ASSAY_BLOBS", "/usr/share/none")
    done = start(home, socket_folder / "none.sock", "-Q", queues)
    assert done.returncode == 1
    assert "ASSAY_BLOBS is at /usr/share/none, and every box shows /usr" in done.stdout + done.stderr
    assert "et ASSAY_BLOBS to a path outside of /usr" in done.stdout + done.stderr


def test_a_run_worker_holds_no_key(application: Celery, home: Path) -> None:
    keyring(Settings(home=home)).ensure(datetime.now(UTC))
    tasks.begin(("cpu",))
    assert tasks.hands().signing is None
    assert tasks.hands().judging().signer is None


@pytest.fixture
def application(home: Path) -> Iterator[Celery]:
    """Give a worker's application in this process, without pool and broker."""
    settings = Settings(home=home, presence_seconds=0.05)
    with celery_app(settings) as app:
        tasks.register(app, settings)
        yield app
        tasks.end()


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    """Give another view of the same database."""
    found = House.open(f"sqlite:///{home / 'assay.db'}", home)
    yield found
    found.close()


def test_a_slot_is_there_while_it_has_hands(application: Celery, house: House) -> None:
    assert application
    tasks.begin(("cpu",))
    assert json.loads(str(house.scalar("SELECT queues FROM worker"))) == ["cpu"]
    house.change("UPDATE worker SET seen_at = 1")
    wait_until("the slot says again that it is there", lambda: house.scalar("SELECT seen_at FROM worker") > 1)
    tasks.end()
    assert house.count("worker") == 0
    tasks.end()


def test_a_slot_opens_its_hands_once(application: Celery) -> None:
    assert application
    tasks.begin()
    assert tasks.hands() is tasks.hands()


def test_a_slot_whose_database_was_away_at_the_start_opens_its_hands_with_the_first_task(
    application: Celery, house: House
) -> None:
    run_id = house.submit().run_ids[0]
    house.change("UPDATE run SET touched_at = 1")
    application.tasks[SWEEP_TASK]()
    assert house.run_row(run_id).nudge_at == 0  # the broker is away
    assert house.count("worker") == 1


def test_the_tidying_task_removes_orphans(application: Celery, house: House) -> None:
    orphan = house.parts.blobs.put(b"orphan")
    os.utime(house.parts.blobs.path(orphan), (1, 1))
    application.tasks[TIDY_TASK]()
    assert not house.parts.blobs.path(orphan).exists()
