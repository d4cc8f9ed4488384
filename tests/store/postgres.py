"""A throw-away PostgreSQL server on a Unix socket, for as long as a test session lasts, and never longer.

Below a short folder of its own, because socket paths end at 108 bytes. PostgreSQL refuses to be run by root, so root hands
folder and process to `nobody`. Nothing is flushed to the disk: whether PostgreSQL is durable is not what is tested.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from app.store import migrate

NOBODY = 65534
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "deadlock_timeout": "100ms",  # whoever meets one should know soon
}
START_SECONDS_MAX = 30
PREFIX = "assay-pg-"
HELD = "held"
TEMPLATE = "assay_template"


def programs() -> Path:
    """Return the folder of the server programs; without them the tests are skipped here, and fail on CI."""
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        reason = "the PostgreSQL server programs are missing: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found[-1]


def _place() -> Path:
    """Return where the cluster lies: in memory where there is enough of it."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > 1 << 30 else Path("/tmp")


def sweep(place: Path) -> None:
    """Remove what sessions left that were killed; a lock says whose session still goes on."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError, BlockingIOError), (folder / HELD).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


class Cluster:
    """A running server with a migrated template, from which databases are copied; below `place` when it is given."""

    def __init__(self, place: Path | None = None) -> None:
        self._bin = programs()
        place = place or _place()
        sweep(place)
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        self._lock = (self._folder / HELD).open("a")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._count = 0
        self._environment = {**os.environ, "HOME": str(self._folder)}
        if os.geteuid() == 0:
            os.chown(self._folder, NOBODY, NOBODY)
        self._make()
        settings = SETTINGS | {"unix_socket_directories": str(self._folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = self._command("postgres", "-D", "data", *options)
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(command, cwd=self._folder, env=self._environment, stdout=log, stderr=log)
        self._admin = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._wait()
        self._say(f"CREATE DATABASE {TEMPLATE}")
        migrate.upgrade(self._url(TEMPLATE))

    def create(self, template: str = TEMPLATE) -> str:
        """Return the URL of a fresh database: at the newest revision, or empty with the template `template1`."""
        self._count += 1
        name = f"test_{self._count}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever still uses it."""
        self._say(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def stop(self) -> None:
        """End the server and remove everything."""
        self._admin.dispose()
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(START_SECONDS_MAX)
        shutil.rmtree(self._folder)
        self._lock.close()

    def _make(self) -> None:
        command = self._command(
            "initdb", "-D", "data", "-A", "trust", "-U", "assay", "--no-sync", "--locale", "C.UTF-8"
        )
        done = subprocess.run(command, cwd=self._folder, env=self._environment, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')[-1000:]}")

    def _command(self, program: str, *arguments: str) -> list[str]:
        as_nobody = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
        return ["setpriv", *as_nobody, "--pdeathsig", "KILL", "--", str(self._bin / program), *arguments]

    def _url(self, database: str) -> str:
        url = URL.create("postgresql+psycopg", "assay", database=database, query={"host": str(self._folder)})
        return url.render_as_string()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                return self._say("SELECT 1")
            except OperationalError as error:
                if time.monotonic() > deadline or self._server.poll() is not None:
                    last_words = (self._folder / "log").read_text(errors="replace")[-1000:]
                    raise RuntimeError(f"PostgreSQL did not start: {last_words}") from error
                time.sleep(0.05)

    def _say(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))
