"""Boxes made ahead: the same box, consumed by one run, that only was there before its job was."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sandbox import Sandbox, SandboxFault, SealBroken, StagedFile, host_python, tree
from sandbox.box import MESSAGE_MAX, Box
from tests.sandbox.boxes import MIB, Prepared, Strongest, a_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Outcome

pytestmark = pytest.mark.box

SHOWS_ITSELF = """
import json, os, random, resource, sys, threading
names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
json.dump({
    "argv": sys.argv, "path": sys.path, "flags": list(sys.flags), "modules": sorted(sys.modules),
    "environment": dict(os.environ), "ids": [os.getpid(), os.getppid(), os.getuid(), os.getgid()],
    "folders": {place: sorted(os.listdir(place)) for place in ("/", "/tmp", "/in", "/job", "/dev")},
    "limits": {name: resource.getrlimit(getattr(resource, name)) for name in names},
    "descriptors": os.listdir("/proc/self/fd"), "stdin": sys.stdin.read(), "directory": os.getcwd(),
    "hash": hash("assay"), "set": list({"a", "b", "c", "d"}), "seeded": random.Random(7).random(),
    "threads": threading.active_count(), "umask": os.umask(0), "name": __name__, "file": __file__,
    "processes": sorted(name for name in os.listdir("/proc") if name.isdigit()),
}, open(os.environ["ASSAY_RESULT"], "w"))
"""
CORPUS = {
    "all of itself": SHOWS_ITSELF,
    "output and an artifact": "import os; print(1); open(os.environ['ASSAY_OUTPUT'] + '/a', 'w').write('x' * 9)",
    "an exception": "def f(): return {}['key']\nf()",
    "no Python": "1 +",
    "an exit code": "raise SystemExit(7)",
    "a text": "raise SystemExit('text')",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "a file left open": "import os; f = open(os.environ['ASSAY_RESULT'], 'w'); f.write('{}')",
    "at exit": "import atexit; atexit.register(print, 'bye')",
    "a thread that goes on": "import threading, time; threading.Thread(target=lambda: (time.sleep(.2), print(1))).start()",
    "processes": "import multiprocessing as m\nif __name__ == '__main__': print(m.Pool(2).map(abs, [-1, 2]))",
    "a full scratch": "open('/tmp/a', 'wb').write(bytes(80 << 20))",
    "too much memory": "held = bytearray(b'x') * (400 << 20)",
    "a child left behind": "import os, time\nif os.fork() == 0: time.sleep(60)",
    "seven in the environment": "import os; print(os.environ['ASSAY_SEED'], os.popen('echo $ASSAY_SEED').read())",
}


@pytest.fixture
def ahead() -> Iterator[Sandbox]:
    with Sandbox(ahead=1) as box:
        yield box


def _what_it_did(outcome: Outcome) -> dict[str, object]:
    """Return everything of an outcome that does not depend on the moment."""
    own = {"start", "waited_ms"}
    return {
        "kind": outcome.kind,
        "ending": (outcome.exit_code, outcome.signal, outcome.clock, outcome.limit),
        "result": outcome.result,
        "artifacts": outcome.artifacts,
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "notes": outcome.notes,
        "isolation": {name: value for name, value in outcome.isolation.items() if name not in own},
    }


@pytest.mark.parametrize("script", CORPUS.values(), ids=CORPUS.keys())
def test_a_program_does_the_same_in_a_box_made_ahead_and_in_one_made_at_once(
    strongest: Strongest, prepared: Prepared, script: str
) -> None:
    cold, warm = (
        box.run(script, {"/in/a": b"1"}, {"ASSAY_SEED": "7"}, memory_bytes=128 * MIB) for box in (strongest, prepared)
    )
    assert (cold.isolation["start"], warm.isolation["start"]) == ("cold", "prepared")
    assert _what_it_did(cold) == _what_it_did(warm)


def test_the_next_box_is_made_in_the_shape_of_the_last_run(ahead: Sandbox) -> None:
    python = host_python()
    shapes = [{}, {}, {"processes": 9}, {"processes": 9}, {}, {"wall_ms": 5_000}]
    starts = [ahead.run(a_job(python, "pass", **limits)).isolation["start"] for limits in shapes]
    assert starts == ["cold", "prepared", "cold", "prepared", "cold", "prepared"]


def test_a_box_made_ahead_serves_one_run_alone(ahead: Sandbox) -> None:
    script = "import os; print(os.path.exists('/tmp/left')); open('/tmp/left', 'w').write('x')"
    seen = [ahead.run(a_job(host_python(), script)).stdout for _ in range(3)]
    assert seen == [b"False\n"] * 3


def test_boxes_that_wait_in_slots_of_their_own_are_used_in_turn() -> None:
    python = host_python()
    with Sandbox(ahead=2) as box:
        box.run(a_job(python, "pass"))
        numbers = []
        for _ in range(4):
            assert box.run(a_job(python, "pass")).isolation["start"] == "prepared"
            numbers.append(box._slots[-1].number)
        assert numbers[:2] == numbers[2:]
        assert len(set(numbers)) == 2


def test_waiting_is_not_the_runs_time(ahead: Sandbox) -> None:
    job = a_job(host_python(), "pass", wall_ms=1_500, cpu_ms=1_500)
    ahead.run(job)
    time.sleep(2)
    outcome = ahead.run(job)
    assert (outcome.kind, outcome.isolation["start"]) == ("exited", "prepared")
    assert outcome.isolation["waited_ms"] >= 2_000
    assert outcome.wall_ms < 1_500


@pytest.mark.parametrize("counted", [True, False], ids=["with a cgroup", "without a cgroup"])
def test_what_a_box_used_while_it_waited_is_not_the_runs(
    counted: bool,  # noqa: FBT001 - a row
    strongest: Strongest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if it had used half a second."""
    if not counted:
        monkeypatch.setattr("sandbox.cgroup.open_cgroup", lambda _: None)
    elif strongest.level == "C":
        pytest.skip("this host has no cgroup for us")
    with Sandbox(ahead=1) as box:
        job = a_job(host_python(), "import time; time.sleep(0.2)")
        box.run(job)
        group, usage = box._slots[0].cgroup, tree.usage
        if group is not None:
            really = group._cpu_ms  # type: ignore[attr-defined]
            monkeypatch.setattr(group, "_cpu_ms", lambda: really() + 500)
        else:
            monkeypatch.setattr(
                tree, "usage", lambda *limits: replace(usage(*limits), cpu_ms=usage(*limits).cpu_ms + 500)
            )
        assert box.run(job).cpu_ms < 500


def _until_it_waits(box: Sandbox) -> None:
    """Wait until the program's process of the box made ahead is there, and idle."""
    deadline = time.monotonic() + 10
    while len(tree.descendants(box._slots[0].launcher.pid)) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)


def test_a_box_that_ended_while_it_waited_is_replaced(ahead: Sandbox) -> None:
    job = a_job(host_python(), "print(1)")
    ahead.run(job)
    _until_it_waits(ahead)
    os.kill(min(tree.descendants(ahead._slots[0].launcher.pid)), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while len(tree.descendants(ahead._slots[0].launcher.pid)) > 1:  # the child that rests until the next box is made
        assert time.monotonic() < deadline
        time.sleep(0.02)
    outcome = ahead.run(job)
    assert (outcome.stdout, outcome.isolation["start"]) == (b"1\n", "cold")


def test_a_box_whose_files_could_not_be_staged_is_thrown_away(ahead: Sandbox) -> None:
    job = a_job(host_python(), "print(1)")
    ahead.run(job)
    broken = a_job(host_python(), "print(2)")
    files = (*broken.files, StagedFile("/in/a", b"x", "sha256:0"))
    with pytest.raises(SealBroken):
        ahead.run(type(job)(**{**vars(broken), "files": files}))
    assert not list(ahead._slots[0].folder.glob("run-*"))
    outcome = ahead.run(job)
    assert (outcome.stdout, outcome.isolation["start"]) == (b"1\n", "cold")


def test_more_than_fits_into_the_hand_over_is_a_fault_and_the_next_run_works(ahead: Sandbox) -> None:
    job = a_job(host_python(), "print(1)")
    with pytest.raises(SandboxFault, match="too long"):
        ahead.run(a_job(host_python(), "print(1)", env={"A": "x" * MESSAGE_MAX}))
    assert ahead.run(job).stdout == b"1\n"


def test_the_longest_hand_over_arrives(strongest: Strongest) -> None:
    value = "x" * (MESSAGE_MAX - 200)
    assert strongest.run("import os; print(len(os.environ['A']))", env={"A": value}).stdout == b"%d\n" % len(value)


def test_a_fork_that_closes_its_copy_leaves_the_waiting_box_alone(ahead: Sandbox) -> None:
    job = a_job(host_python(), "print(1)")
    ahead.run(job)
    child = os.fork()
    if child == 0:
        ahead.close()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    outcome = ahead.run(job)
    assert (outcome.stdout, outcome.isolation["start"]) == (b"1\n", "prepared")


def test_a_fork_that_lives_on_does_not_keep_the_job_from_its_box(ahead: Sandbox) -> None:
    """It holds a copy of our end of the pipe, so the message cannot be what lies before its end."""
    job = a_job(host_python(), "print(1)", wall_ms=10_000)
    ahead.run(job)
    child = os.fork()
    if child == 0:
        time.sleep(600)
        os._exit(0)
    try:
        assert ahead.run(job).stdout == b"1\n"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_job_that_is_longer_than_its_pipe_arrives_whole(
    strongest: Strongest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel gives a pipe one page when its user has many, and a neighbour of the same user may have seen to that."""
    really = Box._open

    def narrow(box: Box, uid: int | None) -> None:
        really(box, uid)
        fcntl.fcntl(box._go, fcntl.F_SETPIPE_SZ, 4096)

    monkeypatch.setattr(Box, "_open", narrow)
    with Sandbox() as sandbox:
        job = a_job(strongest.environment, "import os; print(len(os.environ['LONG']))", env={"LONG": "x" * 50_000})
        assert sandbox.run(job).stdout == b"50000\n"
