"""Which record locks processes hold: told by their open files that there are none, counted where the kernel lists them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sandbox import locks as module
from sandbox.locks import Locks, have_none

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCKING = """
import ctypes, fcntl, os, sys, tempfile, threading, time
libc = ctypes.CDLL(None)
file = tempfile.TemporaryFile()
def lock():
    for at in (0, 2): fcntl.lockf(file, fcntl.LOCK_EX, 1, at)
def ready():
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)
"""
#: ways to hold two locks so that the process's own open files do not show them
HIDDEN = {
    "by a thread, whose process has no table of open files any more": """
def go_on():
    lock(); time.sleep(0.2); ready()
threading.Thread(target=go_on).start()
libc.pthread_exit(None)
""",
    "in a table that the first thread has left": """
threading.Thread(target=lambda: (lock(), time.sleep(600)), daemon=True).start()
time.sleep(0.3)
CLOSE_RANGE_UNSHARE = 2
if libc.close_range(900, 901, CLOSE_RANGE_UNSHARE): sys.exit("no such call")
ready()
""",
    "behind many open files": "kept = [os.dup(0) for _ in range(700)]; lock(); ready()",
    "through a file that is open twice": "again = os.dup(file.fileno()); lock(); ready()",
    "by a process whose /proc is closed to its user": "libc.prctl(4, 0); lock(); ready()",
}


@contextmanager
def running(script: str) -> Iterator[int]:
    """Run a script that says "ready" and then waits."""
    command = [sys.executable, "-c", LOCKING + script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.kill()


@pytest.mark.parametrize("how", HIDDEN)
def test_locks_are_found_wherever_they_are_held(how: str) -> None:
    with running(HIDDEN[how]) as pid:
        assert not have_none([pid])
        assert _locks(pid) == 2


def test_open_files_without_locks_tell_that_there_are_none_and_the_list_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running("fcntl.flock(file, fcntl.LOCK_EX); threading.Thread(target=ready).start()") as pid:
        assert have_none([pid])
        monkeypatch.setattr(module, "_LIST_PIECE", None)  # with which nothing can be read
        assert Locks().count([pid]) == 0
    assert have_none([pid])  # it has ended


@pytest.mark.parametrize("name", ["_FILES_SECONDS", "_FILES_MAX"])
def test_what_was_not_looked_at_tells_nothing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with running("ready()") as pid:
        assert have_none([pid])
        monkeypatch.setattr(module, name, 0)
        assert not have_none([pid])


def test_a_kernel_whose_files_do_not_tell_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    with running("ready()") as pid, monkeypatch.context() as patch:
        patch.setattr(module, "_told", lambda _: b"pos:\t0\n")  # as gVisor has it
        module._files_tell.cache_clear()
        assert not have_none([pid])
    module._files_tell.cache_clear()


def test_a_process_that_is_closed_or_hidden_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with running("ready()") as pid:
        with monkeypatch.context() as patch:
            patch.setattr(os, "listdir", _refuse(PermissionError))
            assert not have_none([pid])
        with monkeypatch.context() as patch:
            patch.setattr(os, "listdir", _refuse(FileNotFoundError))  # as under hidepid=2
            assert not have_none([pid])
            patch.setattr(os, "kill", _refuse(PermissionError))
            assert not have_none([pid])


def _refuse(error: type[OSError]):  # noqa: ANN202
    def refuse(*_: object) -> None:
        raise error

    return refuse


def test_threads_that_come_while_others_are_asked_may_have_been_given_what_these_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A table of open files goes from thread to thread faster than anybody reads; only new ones can be given it."""
    really = module._names
    with running("ready()") as pid:
        seen = iter([[str(pid)], [str(pid), "1"]])
        monkeypatch.setattr(module, "_names", lambda path: next(seen) if path.endswith("/task") else really(path))
        assert not have_none([pid])


def test_locks_are_counted_for_those_who_hold_them() -> None:
    with running("lock(); ready()") as other, tempfile.TemporaryFile() as file:
        assert _locks(other) == 2
        before = _locks(os.getpid())
        for at in range(0, 6, 2):
            fcntl.lockf(file, fcntl.LOCK_EX, 1, at)
        assert _locks(os.getpid()) == before + 3
        assert _locks(os.getpid(), other) == before + 5
        fcntl.flock(file, fcntl.LOCK_EX)
        assert _locks(os.getpid()) == before + 3  # one for each open file, which has a limit
    assert _locks() == 0


def test_a_long_list_of_locks_is_read_in_pieces_and_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECE_SECONDS", 0)  # so that a look is one page
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


def _locks(*pids: int) -> int:
    """Return how many record locks processes hold, by one pass."""
    locks = Locks()
    while (found := locks.count(pids)) >= 0 and locks._list is not None:
        pass
    return found
