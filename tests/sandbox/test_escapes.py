"""Every hostile script of `escapes/`, sealed at the strongest and the weakest level, and bare: the control.

A script says what it attacks and what must become of it:

    # attack: in words
    # expect: contained          it ran to its end and reports that it failed
              nothing            it ended and reports nothing
              KIND [DETAIL]      the outcome: `memory`, `timeout cpu`, `output stdout`, `signal 31`
    # control: succeeds          without a box the attack must succeed, or the test would prove nothing
               root              the same, where the tests run as root
               kernel            kernels differ; it may fail bare as well
               none, REASON      never run bare
    # limits: name=number, …     of the job, beside those of `boxes.py`
    # machine: x86_64            the only one that it is for
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import Sandbox
from tests.sandbox.boxes import a_job
from tests.sandbox.conftest import refuse_to_skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import Outcome
    from tests.sandbox.boxes import Box, Strongest

pytestmark = pytest.mark.box

FOLDER = Path(__file__).parent / "escapes"
HELP = "attack.py"
SECRET = "f3-planted-in-the-environment"
KEYS = {"attack", "expect", "control", "limits", "machine"}
PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Attack:
    name: str
    source: bytes
    expect: str
    control: str
    limits: dict[str, int]
    machine: str | None

    @classmethod
    def read(cls, path: Path) -> Attack:
        """Read a script with its header; a line that this file does not know is an error."""
        source = path.read_text()
        lines = [line[2:] for line in source.split("\n") if line.startswith("# ")]
        header = dict(line.split(": ", 1) for line in lines)
        assert set(header) <= KEYS, f"{path.name}: unknown header {set(header) - KEYS}"
        assert header["attack"], path.name
        limits = (item.strip().split("=") for item in header["limits"].split(",")) if "limits" in header else ()
        return cls(
            path.name,
            source.encode(),
            header["expect"],
            header["control"],
            {name: int(number) for name, number in limits},
            header.get("machine"),
        )

    def runs_here(self) -> None:
        if self.machine not in {None, platform.machine()}:
            pytest.skip(f"{self.name} is for {self.machine} alone")


ATTACKS = [Attack.read(path) for path in sorted(FOLDER.glob("*.py")) if path.name != HELP]
IDS = [attack.name.removesuffix(".py") for attack in ATTACKS]


@pytest.fixture(scope="module")
def host(strongest: Strongest) -> Iterator[dict[str, str]]:
    """Set up what the attacks aim at, all of it real: listeners, a file, a process, another run's files."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="escape-targets-")))
        folder.chmod(0o755)
        secret = folder / "secret"
        secret.write_text("secret")
        secret.chmod(0o644)
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
        mark = f"mark-{os.getpid()}"
        process = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)", mark], stdin=subprocess.DEVNULL
        )
        stack.callback(_end, process)
        other = stack.enter_context(Sandbox())
        slot, facts = other._open()
        job = a_job(strongest.environment, "", {"/in/theirs": b"secret"})
        theirs, _ = slot.take_box(facts, job.shape)
        stack.callback(theirs.close)
        stack.callback(slot.end)
        theirs.stage(job)
        os.environ["ASSAY_ESCAPE_SECRET"] = SECRET
        stack.callback(os.environ.pop, "ASSAY_ESCAPE_SECRET")
        leaked = os.open(secret, os.O_RDONLY)
        os.set_inheritable(leaked, True)
        stack.callback(os.close, leaked)
        yield {
            "HOST_ADDRESS": _outward_address(),
            "HOST_TCP": str(tcp.getsockname()[1]),
            "HOST_UDP": str(udp.getsockname()[1]),
            "HOST_ABSTRACT": f"assay-escape-{os.getpid()}",
            "HOST_SOCKET": str(folder / "socket"),
            "HOST_FILE": str(secret),
            "HOST_MARK": mark,
            "HOST_NAME": socket.gethostname(),
            "HOST_SECRET_IS": SECRET[::-1],
            "OTHER_JOB": str(theirs.staging.inputs / "theirs"),
            "LEAKED": str(leaked),
        }


@pytest.mark.parametrize("attack", ATTACKS, ids=IDS)
def test_a_hostile_script_is_contained(attack: Attack, box: Box, host: dict[str, str]) -> None:
    attack.runs_here()
    outcome = box.run(attack.source, {f"/job/{HELP}": (FOLDER / HELP).read_bytes()}, host, **attack.limits)
    said = f"{outcome.kind} {outcome.limit} {outcome.result!r} {outcome.stderr.decode()[-500:]}"
    if attack.expect == "contained":
        assert (outcome.kind, outcome.exit_code) == ("exited", 0), said
        assert json.loads(outcome.result or b"null")["escaped"] is False, said
    elif attack.expect == "nothing":
        assert (outcome.kind, outcome.exit_code, outcome.result) == ("exited", 0, None), said
    else:
        assert _named(outcome) == attack.expect, said
        assert outcome.result is None, said


@pytest.mark.parametrize("attack", ATTACKS, ids=IDS)
def test_the_same_script_succeeds_without_a_box(
    attack: Attack, host: dict[str, str], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    attack.runs_here()
    if attack.control.startswith("none, "):
        record_property("uncontrolled", f"{attack.name}: {attack.control.removeprefix('none, ')}")
        return
    if attack.control == "root" and os.geteuid() != 0:
        refuse_to_skip(f"without a box the host itself refuses {attack.name} to an ordinary user")
    result = _run_bare(attack, host, tmp_path)
    if attack.control == "kernel" and not result.get("escaped"):
        record_property("uncontrolled", f"{attack.name}: this kernel refuses it to everybody")
        return
    assert attack.control in {"succeeds", "root", "kernel"}
    assert result.get("escaped") is True, f"the control failed: {result}"


def _named(outcome: Outcome) -> str:
    detail = {"timeout": outcome.clock, "output": outcome.limit, "signal": outcome.signal}.get(outcome.kind)
    return outcome.kind if detail is None else f"{outcome.kind} {detail}"


def _run_bare(attack: Attack, host: dict[str, str], folder: Path) -> dict[str, object]:
    """Run a script as an ordinary process and return what it reported, empty when it reports nothing in time."""
    for name in ("job", "in", "out", "tmp"):
        (folder / name).mkdir()
    shutil.copyfile(FOLDER / HELP, folder / "job" / HELP)
    (folder / "job" / attack.name).write_bytes(attack.source)
    result = folder / "result.json"
    own = {
        "ASSAY_RESULT": str(result),
        "ASSAY_INPUT": str(folder / "in"),
        "ASSAY_OUTPUT": str(folder / "out"),
        "TMPDIR": str(folder / "tmp"),
    }
    done = subprocess.run(
        [sys.executable, "-B", str(folder / "job" / attack.name)],
        env={**os.environ, **host, **own},
        cwd=folder / "tmp",  # where a core dump lands
        pass_fds=[int(host["LEAKED"])],
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while attack.expect == "nothing" and not result.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    if not result.exists():
        return {"stderr": done.stderr.decode()[-500:]}
    found: dict[str, object] = json.loads(result.read_text())
    return found


def _answer(udp: socket.socket) -> None:
    while True:
        try:
            _, sender = udp.recvfrom(512)
            udp.sendto(b"answer", sender)
        except OSError:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _outward_address() -> str:
    """Return this host's own outward address; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
