"""What the hostile scripts aim at, all of it real: listeners, a file, a process, another run's files, a run beside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import Sandbox, host_python
from tests.sandbox.boxes import HERE, ORDINARY_USER, a_job
from workers.keyring import Keyring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Environment, Usage

SECRET = "f3-planted-in-the-environment"
LONG_MS = 600_000
READY_SECONDS = 20


@contextmanager
def targets(environment: Environment) -> Iterator[dict[str, str]]:
    """Set everything up, and yield the environment that tells a script where it is."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="escape-targets-")))
        folder.chmod(0o755)
        secret = folder / "secret"
        secret.write_text("secret")
        secret.chmod(0o644)
        mark = f"mark-{os.getpid()}"
        process = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)", mark], stdin=subprocess.DEVNULL
        )
        stack.callback(_end, process)
        os.environ["ASSAY_ESCAPE_SECRET"] = SECRET
        stack.callback(os.environ.pop, "ASSAY_ESCAPE_SECRET")
        leaked = os.open(secret, os.O_RDONLY)
        os.set_inheritable(leaked, True)
        stack.callback(os.close, leaked)
        yield {
            **_listeners(stack, folder),
            **_neighbours(stack, environment),
            "HOST_FILE": str(secret),
            "HOST_MARK": mark,
            "HOST_NAME": socket.gethostname(),
            "HOST_SECRET_IS": SECRET[::-1],
            "OTHER_JOB": _other_job(stack, environment),
            "LEAKED": str(leaked),
            "JUDGES_KEYS": str(_judges_keys(folder)),
        }


def _judges_keys(folder: Path) -> Path:
    """Make a judge's key and leave it open to everybody, as no operator should."""
    keys = Keyring(folder / "keys")
    keys.generate(datetime.now(UTC))
    keys.folder.chmod(0o755)
    for path in keys.folder.iterdir():
        path.chmod(0o644)
    return keys.folder


def _listeners(stack: ExitStack, folder: Path) -> dict[str, str]:
    tcp = stack.enter_context(socket.create_server(("0.0.0.0", 0)))  # noqa: S104 - the host's outward address
    udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", 0))
    threading.Thread(target=_answer, args=(udp,), daemon=True).start()
    named = stack.enter_context(socket.socket(socket.AF_UNIX))
    named.bind(str(folder / "socket"))
    named.listen()
    (folder / "socket").chmod(0o777)
    abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
    abstract.bind(f"\0assay-escape-{os.getpid()}")
    abstract.listen(64)
    return {
        "HOST_ADDRESS": _outward_address(),
        "HOST_TCP": str(tcp.getsockname()[1]),
        "HOST_UDP": str(udp.getsockname()[1]),
        "HOST_ABSTRACT": f"assay-escape-{os.getpid()}",
        "HOST_SOCKET": str(folder / "socket"),
    }


def _other_job(stack: ExitStack, environment: Environment) -> str:
    """Stage another run, and return where its input lies."""
    other = stack.enter_context(Sandbox())
    slot, facts = other._open()
    job = a_job(environment, "", {"/in/theirs": b"secret"})
    theirs, _ = slot.take_box(facts, job.shape)
    stack.callback(theirs.close)
    stack.callback(slot.end)
    theirs.stage(job)
    return str(theirs.staging.inputs / "theirs")


def _neighbours(stack: ExitStack, environment: Environment) -> dict[str, str]:
    """Start the same program twice: in the box beside, and bare, for the control; as the weakest box's own user."""
    names = {"NEIGHBOUR": f"neighbour-{os.getpid()}", "NEIGHBOUR_KEY": str(0x5EED0000 + os.getpid() % 0x10000)}
    source = (HERE / "neighbour.py").read_text()
    user: dict[str, Any] = {"user": ORDINARY_USER, "group": ORDINARY_USER} if os.geteuid() == 0 else {}
    bare = subprocess.Popen(
        [host_python().interpreter, "-c", source], env=names, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **user
    )
    stack.callback(_end, bare)
    assert bare.stdout is not None
    stack.enter_context(bare.stdout)
    assert bare.stdout.readline() == b"ready\n"
    ready, over = threading.Event(), threading.Event()

    def tick(usage: Usage) -> bool:
        if usage.stdout:
            ready.set()
        return not over.is_set()

    def beside() -> None:
        with Sandbox() as box:
            box.run(a_job(environment, source, env=names, wall_ms=LONG_MS, cpu_ms=LONG_MS), tick)

    thread = threading.Thread(target=beside)
    thread.start()
    stack.callback(thread.join)
    stack.callback(over.set)
    assert ready.wait(READY_SECONDS), "the run in the box beside did not start"
    return names


def _answer(udp: socket.socket) -> None:
    while True:
        try:
            _, sender = udp.recvfrom(512)
            udp.sendto(b"answer", sender)
        except OSError:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def _outward_address() -> str:
    """Return this host's own outward address; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
