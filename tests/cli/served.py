"""A running `assay serve`, started as its users start it."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import httpx2

from tests.api.bundles import tarred
from tests.cli.command import COMMAND, ROOT, environment, eventually

if TYPE_CHECKING:
    from pathlib import Path


class Served:
    """A running `assay serve`."""

    def __init__(self, home: Path, **more: str) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = home.parent / f"{home.name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *COMMAND, "serve", "--port", self.url.rpartition(":")[2]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=environment(home, **more),
            )
        eventually(self._up, 60)

    def _up(self) -> bool:
        assert self.process.poll() is None, self.said()
        return f"assay serves at {self.url}" in self.said()

    def said(self) -> str:
        """Return what the service wrote."""
        return self.log.read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal and wait; returns exit code and seconds."""
        begun = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(60)
        return code, time.monotonic() - begun

    def get(self, path: str) -> Any:
        """Return a JSON document of the service."""
        return httpx2.get(self.url + path, trust_env=False).json()

    def submit(self, files: dict[str, bytes]) -> str:
        """Submit a bundle; returns the verification's id."""
        parts = {"bundle": ("bundle", tarred(files), "application/gzip")}
        answer = httpx2.post(f"{self.url}/v1/verifications", files=parts, trust_env=False)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def running(self, verification_id: str) -> Any:
        """Return the run of a verification that runs now, once there is one."""
        path = f"/v1/verifications/{verification_id}"
        return eventually(lambda: [run for run in self.get(path)["runs"] if run["state"] == "running"])[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
