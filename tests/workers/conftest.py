from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.store import migrate
from cli import broker
from sandbox import NoIsolation, Sandbox
from tests.workers.station import Station
from tests.workers.works import Works

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "assay.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def a_box() -> None:
    """Ask for a host on which runs can be sealed; without one the tests are skipped here, and fail on CI."""
    try:
        with Sandbox() as box:
            box.level()
    except NoIsolation as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def home(migrated: Path, tmp_path: Path) -> Path:
    """Return a home with a migrated database."""
    found = tmp_path / "home"
    found.mkdir()
    shutil.copy(migrated, found / "assay.db")
    return found


@pytest.fixture
def station(a_box: None, home: Path) -> Iterator[Station]:
    """Give one worker's hands, with a real box and a queue that only listens."""
    found = Station.open(home)
    yield found
    found.close()


@pytest.fixture
def socket_folder() -> Iterator[Path]:
    """Give a short folder for sockets, whose paths end at 108 bytes."""
    found = Path(tempfile.mkdtemp(prefix="assay-q-", dir="/tmp"))
    yield found
    shutil.rmtree(found)


@pytest.fixture
def valkey(socket_folder: Path) -> Iterator[Path]:
    """Give the socket of a running broker."""
    socket = socket_folder / "b.sock"
    server = subprocess.Popen(broker.command(socket, socket_folder), stdout=subprocess.DEVNULL)
    assert broker.wait_until_up(socket, 20)
    yield socket
    server.kill()
    server.wait()


@pytest.fixture(scope="module")
def works(a_box: None, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    """Give a broker process and a worker process on one database."""
    home = tmp_path_factory.mktemp("works")
    shutil.copy(migrated, home / "assay.db")
    with Works(home) as found:
        yield found
