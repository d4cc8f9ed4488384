"""Who belongs to a tree of processes, what it uses and which locks it holds, without a look at the rest of the host."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from sandbox import locks as locks_module
from sandbox import tree
from sandbox.locks import Locks

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Two shells with two children each, one of them started by a thread; and two locks.
FAMILY = """
import fcntl, subprocess, sys, tempfile, threading
start = lambda: subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60"], stdout=subprocess.DEVNULL)
stop = threading.Event()
thread = threading.Thread(target=lambda: (start(), stop.wait()), daemon=True)
thread.start()
start()
file = tempfile.TemporaryFile()
for at in (0, 2): fcntl.lockf(file, fcntl.LOCK_EX, 1, at)
import time; time.sleep(0.3)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def family() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield process.pid
    for pid in tree.descendants(process.pid):
        os.kill(pid, 9)
    process.communicate()


def test_a_tree_is_who_descends_from_its_root_however_the_kernel_tells(
    family: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = tree.descendants(family)
    assert len(walked) == 6  # two shells with two children each, one of them started by a thread
    assert family not in walked
    monkeypatch.setattr(tree, "_tells_children", lambda: False)
    assert tree.descendants(family) == walked


def test_a_crowded_host_is_not_looked_at(family: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if not tree._tells_children():
        pytest.skip("this kernel does not list the children of a process")
    looked: list[int] = []
    really = tree._stat
    monkeypatch.setattr(tree, "_children_of_all", lambda: pytest.fail("every process was looked at"))
    monkeypatch.setattr(tree, "_stat", lambda pid: (looked.append(pid), really(pid))[1])
    assert tree.usage(family, sys.maxsize, sys.maxsize).pids == set(looked)
    assert len(looked) == 6


def test_own_memory_is_told_from_files() -> None:
    script = "import sys; held = bytearray(b'x') * (40 << 20); print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for limit in (sys.maxsize, 0):  # quick, and with a close look
            found = tree.usage(os.getpid(), limit, limit)
            assert process.pid in found.pids
            assert 40 << 20 < found.own_bytes <= found.memory_bytes
        process.communicate()


def test_locks_are_counted_for_those_who_hold_them(family: int) -> None:
    with tempfile.TemporaryFile() as file:
        assert _locks(family) == 2
        before = _locks(os.getpid())
        for at in range(0, 6, 2):
            fcntl.lockf(file, fcntl.LOCK_EX, 1, at)
        assert _locks(os.getpid()) == before + 3
        assert _locks(os.getpid(), family) == before + 5
        fcntl.flock(file, fcntl.LOCK_EX)
        assert _locks(os.getpid()) == before + 3  # one for each open file, which has a limit
    assert _locks() == 0


def test_a_long_list_of_locks_is_read_in_pieces_and_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks_module, "_PIECE_SECONDS", 0)  # so that a look is one page
    with tempfile.TemporaryFile() as file:
        before = _locks(os.getpid())
        for at in range(0, 600, 2):
            fcntl.lockf(file, fcntl.LOCK_EX, 1, at)
        locks, found = Locks(), [0]
        while locks._list is not None or found == [0]:
            found.append(locks.count([os.getpid()]))
    assert 0 < found[1] < 300
    assert max(found) == before + 300
    assert locks.count([os.getpid()]) < 300  # a new pass begins with nothing
    locks.close()


def test_a_look_stops_at_memory_when_the_run_ends_anyway(family: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(tree, "_share", lambda pid: (looked.append(pid), (1, 0))[1])
    assert tree.usage(family, 0, 0).own_bytes == len(looked) == 6
    assert tree.usage(family, 0, 0, until=0.0).own_bytes == 0
    assert len(looked) == 6


def _locks(*pids: int) -> int:
    """Return how many record locks processes hold, by one pass."""
    locks = Locks()
    while (found := locks.count(pids)) >= 0 and locks._list is not None:
        pass
    return found
