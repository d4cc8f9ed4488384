"""Broker, worker and API as children of one process that dies with them and they with it.

Theory of operation. Each child is started through `setpriv --pdeathsig KILL`, so that the kernel ends it when this
process dies, SIGKILL included; the worker passes the same on to its pool, its launcher and its boxes. A child that ends
by itself is started again: the broker finds its append-only file, the worker finds its rows. A child that keeps dying
within seconds ends the whole house with its last words. The death signal follows the thread that forked, so all
children are started from the main thread. State lies below `home`; a lock there keeps a second house out.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import httpx2

from app.store import migrate
from cli import broker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.settings import Settings

START_SECONDS_MAX = 30
QUICK_DEATH_SECONDS = 5
QUICK_DEATHS_MAX = 3


class CannotServe(Exception):
    """The house could not be started or kept up; the message says why and what to do."""


@dataclass
class Child:
    """One process of the house and how often it died young."""

    name: str
    command: list[str]
    log: Path | None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    quick_deaths: int = 0
    pids: list[int] = field(default_factory=list)  # every process id it ever had


class House:
    """The running service: its address and its children."""

    def __init__(self, settings: Settings, port: int, *, workers: int = 2, quiet: bool = False) -> None:
        self.settings = settings
        self.home = settings.home
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._run_folder = Path(tempfile.mkdtemp(prefix="assay-"))
        self.socket = self._run_folder / "broker.sock"
        logs = self.home / "logs"
        self._env = _child_environment(settings, self.socket)
        python = [sys.executable, "-m"]
        celery = ["celery", "-A", "workers.main", "worker", "-Q", "cpu,gpu,judge", "-c", str(workers)]
        beat = ["-B", "--schedule", str(self.home / "beat"), "--without-gossip", "--without-mingle"]
        uvicorn = ["uvicorn", "app.main:create_app", "--factory", "--host", "127.0.0.1", "--port", str(port)]
        self.children = [
            Child("broker", broker.command(self.socket, self.home / "broker"), logs / "broker.log" if quiet else None),
            Child(
                "worker",
                [*python, *celery, *beat, "--loglevel", "warning"],
                logs / "worker.log" if quiet else None,
            ),
            Child(
                "api",
                [*python, *uvicorn, "--no-access-log", "--log-level", "warning"],
                logs / "api.log" if quiet else None,
            ),
        ]
        for folder in (self.home / "broker", logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def start(self) -> None:
        """Bring everything up and wait until the API says that it is ready.

        Raises:
            CannotServe: a part did not come up; nothing of it is left running.

        """
        try:
            migrate.upgrade(self.settings.database)
            for child in self.children:
                self._spawn(child)
                if child.name == "broker" and not broker.wait_until_up(self.socket, START_SECONDS_MAX):
                    raise CannotServe(f"the broker did not come up{self._last_words(child)}")
            self._wait_ready()
        except BaseException:
            self.stop()
            raise

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            self.tend()
            try:
                if httpx2.get(f"{self.url}/readyz", timeout=2).status_code == httpx2.codes.OK:
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.05)
        raise CannotServe(f"the service is not ready after {START_SECONDS_MAX} s; see {self.home / 'logs'}")

    def tend(self) -> None:
        """Start again what has ended; called every now and then from the main thread.

        Raises:
            CannotServe: a child died young several times in a row.

        """
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            young = time.monotonic() - child.started_at < QUICK_DEATH_SECONDS
            child.quick_deaths = child.quick_deaths + 1 if young else 0
            if child.quick_deaths >= QUICK_DEATHS_MAX:
                raise CannotServe(f"the {child.name} keeps dying{self._last_words(child)}")
            self._spawn(child)

    def stop(self) -> None:
        """End every child, gently first, and remove the socket's folder."""
        for child in reversed(self.children):
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 8
        for child in reversed(self.children):
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        shutil.rmtree(self._run_folder, ignore_errors=True)

    def _spawn(self, child: Child) -> None:
        output: IO[bytes] | None = child.log.open("ab") if child.log else None
        try:
            child.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *child.command],
                env=self._env,
                cwd=Path(__file__).parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=output or sys.stderr,
                stderr=output or sys.stderr,
                start_new_session=True,  # Ctrl-C reaches us alone; we end the children in order
            )
        except FileNotFoundError as error:
            raise CannotServe("setpriv is missing: apt-get install util-linux") from error
        finally:
            if output is not None:
                output.close()
        child.started_at = time.monotonic()
        child.pids.append(child.process.pid)

    @staticmethod
    def _last_words(child: Child) -> str:
        if child.log is None or not child.log.exists():
            return ""
        lines = child.log.read_text(errors="replace").splitlines()[-5:]
        return "; its last words:\n" + "\n".join(lines)


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the lock of a home for as long as a house stands in it.

    Raises:
        CannotServe: another house stands there.

    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotServe(
                f"a service already runs in {home}; stop it, or set ASSAY_HOME to another folder"
            ) from None
        yield


def free_port(wanted: int, *, fall_back: bool) -> int:
    """Return `wanted` when nobody listens there, else any free port if `fall_back`.

    Raises:
        CannotServe: the port is taken and no other may be used.

    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            if not fall_back:
                raise CannotServe(f"port {wanted} is taken; choose another with --port") from None
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _child_environment(settings: Settings, broker_socket: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "ASSAY_HOME": str(settings.home),
        "ASSAY_BROKER_URL": f"redis+socket://{broker_socket}",
        "PYTHONUNBUFFERED": "1",
    }
