"""A broker process and a worker process as a host would run them, to be killed and stopped by the tests.

Leases, heartbeats and sweeps are short, so that a crash is mended within seconds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from app import actions
from app.actions import Parts
from app.settings import Settings
from cli import broker
from tests.store.house import Heard, House, tarred
from tests.workers.waiting import wait_until
from workers.keyring import keyring

if TYPE_CHECKING:
    from app.queue import Queue
    from tests.workers.bundles import Slow

ROOT = Path(__file__).parent.parent.parent
QUICK = {
    "lease_seconds": 2,
    "heartbeat_seconds": 0.5,
    "sweep_seconds": 0.5,
    "nudge_after_seconds": 1,
    "presence_seconds": 1,
    "environment_wait_seconds": 1,
}
FINAL = {"concluded", "cancelled", "faulted"}


class Works(House):
    """A house whose queue is real, with its broker and its worker; a context manager."""

    def __init__(self, home: Path, **more: Any) -> None:
        self._wanted = {**QUICK, **more}
        self._folder = Path(tempfile.mkdtemp(prefix="assay-w-", dir="/tmp"))
        self.socket = self._folder / "b.sock"
        self.home = home
        settings = Settings(home=home, broker_url=f"redis+socket://{self.socket}", **self._wanted)
        keyring(settings).ensure(datetime.now(UTC))
        super().__init__(Parts.open(settings), Heard())
        self.broker: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start_broker()
        self.start_worker()
        self.wait_for_worker()
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self.worker, self.broker):
            if process is not None:
                process.kill()
                process.wait()
        self.parts.close()
        for path in self._folder.iterdir():
            path.unlink()
        self._folder.rmdir()

    @property
    def queue(self) -> Queue:
        """The real queue."""
        return self.parts.queue

    def start_broker(self) -> None:
        """Start the broker on what it kept."""
        data = self.home / "broker"
        data.mkdir(exist_ok=True)
        self.broker = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *broker.command(self.socket, data)], stdout=subprocess.DEVNULL
        )
        assert broker.wait_until_up(self.socket, 20)

    def start_worker(self) -> None:
        """Start a worker with two slots and the beat."""
        queues = "cpu,gpu,judge,outside"
        celery = [sys.executable, "-m", "celery", "-A", "workers.main", "worker", "-Q", queues, "-c", "2"]
        beat = ["-B", "--schedule", str(self.home / "beat"), "--without-gossip", "--without-mingle"]
        environment = {
            **os.environ,
            **{f"ASSAY_{name.upper()}": _spelled(value) for name, value in self._wanted.items()},
            "ASSAY_HOME": str(self.home),
            "ASSAY_BROKER_URL": self.parts.settings.broker_url,
            "PYTHONPATH": str(ROOT),
        }
        with self.log.open("ab") as log:
            self.worker = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *celery, *beat, "--loglevel", "info"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_for_worker(self) -> None:
        """Wait until both slots of the present worker have said that they are there."""
        since = time.time() - 1
        query = "SELECT count(*) FROM worker WHERE seen_at > :since"
        wait_until("both slots are there", lambda: self.scalar(query, since=since) >= 2)

    @property
    def log(self) -> Path:
        """What the workers said."""
        return self.home / "worker.log"

    def kill_worker(self) -> None:
        """Kill the worker's main process, as the kernel would; its children follow by themselves."""
        assert self.worker is not None
        self.worker.kill()
        self.worker.wait()

    def kill_broker(self) -> None:
        """Kill the broker."""
        assert self.broker is not None
        self.broker.send_signal(signal.SIGKILL)
        self.broker.wait()

    def submit_slow(self, slow: Slow, **options: Any) -> str:
        """Submit a bundle; returns the verification's id."""
        return actions.submit_archive(self.parts, tarred(slow.files), "demo", **options).verification_id

    def wait_for_end(self, verification_id: str) -> str:
        """Wait until a verification has ended; returns its state."""
        wait_until(
            f"the verification ends (now {self.verification(verification_id).state})",
            lambda: self.verification(verification_id).state in FINAL,
        )
        return self.verification(verification_id).state

    def wait_for_run(self, verification_id: str, slow: Slow) -> str:
        """Wait until the script of a verification's run is there; returns the run's id."""
        wait_until("the script runs", lambda: self.runs(verification_id, "running") and slow.processes())
        return self.runs(verification_id, "running")[0]

    def verdicts(self, verification_id: str) -> int:
        """Return how many verdicts a verification has."""
        return int(self.scalar("SELECT count(*) FROM verdict WHERE verification_id = :id", id=verification_id))

    def outcomes(self, verification_id: str) -> list[tuple[str, int, str]]:
        """Return run, attempts and worker of every outcome of a verification."""
        query = (
            "SELECT run.key, run.attempts, outcome.worker FROM run JOIN outcome ON outcome.run_id = run.id"
            f" WHERE verification_id = '{verification_id}' ORDER BY run.id"
        )
        with self.parts.store.read() as session:
            return [(key, attempts, worker) for key, attempts, worker in session.connection().exec_driver_sql(query)]


def _spelled(value: Any) -> str:
    return json.dumps(value) if isinstance(value, list) else str(value)
