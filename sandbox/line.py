"""The line between a slot and its launcher: started with it, asked over it for a box, and what it reports of it."""

from __future__ import annotations

import array
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.job import SandboxFault
from sandbox.judge import Ending
from sandbox.programs import NO_ENVIRONMENT

if TYPE_CHECKING:
    from sandbox.cgroup import Cgroup

LAUNCHER = Path(__file__).parent / "launcher.py"
REPORT_MAX = 1 << 16


def start_launcher(group: Cgroup | None, uid: int | None) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a launcher that enters the cgroup; returns it with our end of the socket to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(10)
    with theirs:
        entrances = group.entrances() if group is not None else []
        program = [sys.executable, "-S", "-E", "-s", "-B", str(LAUNCHER), "-" if uid is None else str(uid)]
        launcher = subprocess.Popen(
            [*program, *entrances],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            env=NO_ENVIRONMENT,
            cwd="/",
            start_new_session=True,  # or an interrupt at our terminal ended boxes before we know of it
        )
    return launcher, ours


def request(channel: socket.socket, argv: list[str], limits: dict[str, int], descriptors: list[int]) -> None:
    """Ask the launcher for a box: its command line, the resource limits of its processes, its descriptors.

    Raises:
        SandboxFault: the launcher is gone.

    """
    passed = array.array("i", descriptors).tobytes()
    message = json.dumps({"argv": argv, "rlimits": limits}).encode()
    try:
        channel.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
    except OSError as error:
        raise SandboxFault(f"the launcher could not be given a box: {error}") from error


def report(channel: socket.socket) -> Ending | None:
    """Read what the launcher says of a box of which nothing is left; None when the launcher died."""
    try:
        data = channel.recv(REPORT_MAX)
    except OSError:
        data = b""
    if not data:
        return None
    document: dict[str, Any] = json.loads(data)
    return Ending(**document)
