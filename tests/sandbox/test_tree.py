"""Who belongs to a tree of processes, and what it uses, without a look at the rest of the host."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sandbox import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Two shells with two children each, one of them started by a thread.
FAMILY = """
import subprocess, sys, threading
start = lambda: subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60"], stdout=subprocess.DEVNULL)
stop = threading.Event()
thread = threading.Thread(target=lambda: (start(), stop.wait()), daemon=True)
thread.start()
start()
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


def test_a_look_stops_at_memory_when_the_run_ends_anyway(family: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(tree, "_share", lambda pid: (looked.append(pid), (1, 0))[1])
    assert tree.usage(family, 0, 0).own_bytes == len(looked) == 6
    assert tree.usage(family, 0, 0, until=0.0).own_bytes == 0
    assert len(looked) == 6
