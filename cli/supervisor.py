"""Broker, worker and API as children of one process that dies with them and they with it.

Theory of operation. Each child is started through `setpriv --pdeathsig KILL`, so that the kernel ends it when this
process dies, SIGKILL included; the worker passes the same on to its pool, its launcher and its boxes. A child that ends
by itself is started again: the broker finds its append-only file, the worker finds its rows. A child that keeps dying
within seconds ends the whole house with its last words. The death signal follows the thread that forked, so all
children are started from the main thread. State lies below `home`; a lock there keeps a second house out.
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2

from cli.errors import CannotServe
from cli.temporary import LOCK, RUN_PREFIX, own_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.settings import Settings

__all__ = ["CannotServe", "House", "free_port", "only_one"]

LOOPBACK = "127.0.0.1"
ADDRESS = "address"  # below home: where the running service says that it is
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 8
ANSWER_SECONDS_MAX = 4  # of those, for requests at work; streams of events would go on for a quarter of an hour
QUICK_DEATH_SECONDS = 5
QUICK_DEATHS_MAX = 3
#: Celery's warning to whoever is root. Its workers run nothing of a stranger's here: boxes do, each as a user of its own.
AS_ROOT = "ignore:You're running the worker with superuser privileges"


@dataclass
class Child:
    """One process of the house and how often it died young."""

    name: str
    command: list[str]
    log: Path | None
    env: Mapping[str, str] = field(default_factory=dict)  # beside the house's own
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    quick_deaths: int = 0
    pids: list[int] = field(default_factory=list)  # every process id it ever had


class House:
    """The running service: its address and its children."""

    def __init__(
        self, settings: Settings, port: int, *, workers: int = 2, quiet: bool = False, host: str = LOOPBACK
    ) -> None:
        keeps_apart(settings)
        self.home = settings.home
        self.port = port
        self.host = host
        self.url = f"http://{reached_at(host)}:{port}"
        told = {} if "public_url" in settings.model_fields_set else {"public_url": self.url}
        self.settings = settings = settings.model_copy(update=told)
        for folder in (self.home / "broker", self.home / "logs"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = ExitStack()
        self.socket = self._held.enter_context(own_folder(RUN_PREFIX)) / "broker.sock"
        self._env = child_environment(settings, self.socket)
        self.children = self._children(workers, quiet=quiet)

    def _children(self, workers: int, *, quiet: bool) -> list[Child]:
        from cli import broker  # it loads the server's wheel, which most commands do without

        python = [sys.executable, "-m"]
        queues = "cpu,gpu,judge,outside"
        celery = ["celery", "-A", "workers.main", "--quiet", "worker", "-Q", queues, "-c", str(workers)]
        beat = ["-B", "--schedule", str(self.home / "beat"), "--without-gossip", "--without-mingle"]
        uvicorn = ["uvicorn", "app.main:create_app", "--factory", "--host", self.host, "--port", str(self.port)]
        # Who asks is who is at the other end: a header that names somebody else would let him choose his address.
        uvicorn.append("--no-proxy-headers")
        grace = ["--timeout-graceful-shutdown", str(ANSWER_SECONDS_MAX)]
        commands = {
            "broker": broker.command(self.socket, self.home / "broker"),
            "worker": [sys.executable, "-W", AS_ROOT, "-m", *celery, *beat, "--loglevel", "warning"],
            "api": [*python, *uvicorn, "--no-access-log", "--log-level", "warning", *grace],
        }
        # On SIGTERM the worker would wait for its runs, an hour if need be; so it gives them back after a few seconds.
        extra = {"worker": {"REMAP_SIGTERM": "SIGQUIT"}}
        # What the broker warns of, such as the memory overcommit, is for who runs one himself: it stays in its file.
        logs = {name: self.home / "logs" / f"{name}.log" if quiet or name == "broker" else None for name in commands}
        return [Child(name, command, logs[name], extra.get(name, {})) for name, command in commands.items()]

    def start(self) -> None:
        """Bring everything up and wait until the API says that it is ready.

        Raises:
            CannotServe: a part did not come up; nothing of it is left running.

        """
        from app.store import migrate  # Alembic is heavy, and most commands do without
        from cli import broker
        from workers.keyring import keyring

        try:
            migrate.upgrade(self.settings.database)
            if self.settings.signing_key is None:
                keyring(self.settings).ensure(datetime.now(UTC))
            for child in self.children:
                self._spawn(child)
                if child.name == "broker" and not broker.wait_until_up(self.socket, START_SECONDS_MAX):
                    raise CannotServe(f"the broker did not come up{self._last_words(child)}")
            self._show_broker()
            self._wait_ready()
            self._show_address()
        except BaseException:
            self.stop()
            raise

    def _show_broker(self) -> None:
        """Let commands on this host find the broker below home, where its socket is not: such a path may be too long."""
        link = self.home / "broker.sock"
        link.unlink(missing_ok=True)
        link.symlink_to(self.socket)
        self._held.callback(link.unlink, missing_ok=True)

    def _show_address(self) -> None:
        """Let commands on this host know where the service of this home is, until it stops."""
        place = self.home / ADDRESS
        place.write_text(self.url + "\n", encoding="utf-8")
        self._held.callback(place.unlink, missing_ok=True)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            self.tend()
            try:
                if httpx2.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == httpx2.codes.OK:
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.05)
        said = "".join(f"\n{child.name}{self._last_words(child)}" for child in self.children if self._last_words(child))
        raise CannotServe(f"the service is not ready after {START_SECONDS_MAX} s{said}")

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
        """End every child, gently first, the broker last: the worker gives its messages back to it."""
        deadline = time.monotonic() + STOP_SECONDS_MAX
        *broker, worker, api = self.children
        for group in ((api, worker), broker):
            for child in group:
                if child.process is not None and child.process.poll() is None:
                    child.process.send_signal(signal.SIGTERM)
            for child in group:
                _end(child, deadline)
        self._held.close()

    def _spawn(self, child: Child) -> None:
        output: IO[bytes] | None = child.log.open("ab") if child.log else None
        try:
            child.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *child.command],
                env={**self._env, **child.env},
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
        return f"; its last words in {child.log}:\n" + "\n".join(lines)


def _end(child: Child, deadline: float) -> None:
    if child.process is None:
        return
    try:
        child.process.wait(max(0.5, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the lock of a home for as long as a house stands in it.

    Raises:
        CannotServe: another house stands there.

    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotServe(
                f"a service already runs in {home}; stop it, or set ASSAY_HOME to another folder"
            ) from None
        yield


def reached_at(host: str) -> str:
    """Return the name by which a service that is bound to an address is asked from its own machine."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return LOOPBACK if address.version == 4 else "[::1]"
    return host if address.version == 4 else f"[{host}]"


def may_bind(settings: Settings, host: str) -> None:
    """Make sure that whoever may reach the service there can be told apart.

    Raises:
        CannotServe: others than this machine could, and nobody has a key.

    """
    from cli import api_keys

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise CannotServe(f"{host!r} is no address of this machine such as 127.0.0.1 or 0.0.0.0") from None
    if not address.is_loopback and not api_keys.any_exists(settings):
        raise CannotServe(
            f"others could reach the service at {host}, and nobody has an API key; make one with `assay keys create`,"
            " then start it again, or leave --host out to serve this machine alone"
        )


def keeps_apart(settings: Settings) -> None:
    """Make sure that no box would show what is the service's own; the worker looks at its interpreter's folders too.

    Raises:
        CannotServe: it lies below `/usr` or beside it.

    """
    from sandbox import NoIsolation
    from sandbox.apart import require_apart

    try:
        require_apart(settings.state)
    except NoIsolation as error:
        raise CannotServe(f"{error.detail}; {error.remedy}") from error


def free_port(wanted: int, *, fall_back: bool, host: str = LOOPBACK) -> int:
    """Return `wanted` when nobody listens there, else any free port if `fall_back`.

    Raises:
        CannotServe: the port is taken and no other may be used.

    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError:
            if not fall_back:
                raise CannotServe(f"port {wanted} is taken; choose another with --port") from None
            probe.bind((host, 0))
        return int(probe.getsockname()[1])


def child_environment(settings: Settings, broker_socket: Path) -> Mapping[str, str]:
    """Return the environment of the children: exactly these settings, whatever ours says."""
    values = settings.model_dump(mode="json", exclude_none=True)
    values["broker_url"] = f"redis+socket://{broker_socket}"
    spelled = {
        f"ASSAY_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    return {**others, **spelled, "PYTHONUNBUFFERED": "1"}


def address_of(settings: Settings) -> str | None:
    """Return where the service of a home is to be reached: as its operator set it, or as the running one says; else None."""
    if "public_url" in settings.model_fields_set:
        return settings.public_url.rstrip("/")
    try:
        said = (settings.home / ADDRESS).read_text(encoding="utf-8").strip()
        place = urlsplit(said)
        with socket.create_connection((place.hostname or LOOPBACK, place.port or 80), 1):
            return said
    except (OSError, ValueError):
        return None  # nobody serves; a file that a killed service left says nothing
