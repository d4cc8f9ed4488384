"""The folders of slots in a hierarchy of cgroups: made and locked, removed, and swept when their owner is dead.

A folder carries its owner's process id in its name, and its owner holds a lock on it, which ends with the owner however
that ends. A number may have become ours since, so those that bear it are told apart by their locks alone. Removing a folder
can be EBUSY for a moment after its last process is gone.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from sandbox.staging import lock_folder

PREFIX = "assay-slot-"
REMOVE_SECONDS = 1.0  # of a slot's own folders
SWEEP_SECONDS = 0.1  # of all leftovers together

_MAKING = threading.Lock()  # a folder of ours that is not locked yet looks like a leftover


def make_folder(base: Path, slot: int, until: float, *, again: bool = False) -> tuple[Path, int | None]:
    """Sweep until a moment of the monotonic clock, and make a slot's folder; `again` where it may be there already.

    Returns:
        The folder, and the descriptor that locks it; None where it is locked already.

    """
    with _MAKING:
        sweep(base, until)
        folder = base / f"{PREFIX}{slot}-{os.getpid()}"
        folder.mkdir(exist_ok=again)
        return folder, lock_folder(folder)


def sweep(base: Path, until: float) -> None:
    """Remove the folders that dead owners left below `base`, and end what still is in them.

    An owner in another process namespace has a number that is nobody's here, but it holds the lock. What has not ended by
    then stays for the next sweep: a start must not wait for it.
    """
    for folder in base.glob(f"{PREFIX}*"):
        owner = folder.name.rpartition("-")[2]
        if not owner.isdigit() or (int(owner) != os.getpid() and Path(f"/proc/{owner}").exists()):
            continue
        lock = lock_folder(folder)
        if lock is None:
            continue
        with suppress(OSError):
            for pid in members(folder) - {0}:  # 0: somebody whom we cannot see
                os.kill(pid, signal.SIGKILL)
        remove_folder(folder, until)
        os.close(lock)


def members(folder: Path) -> set[int]:
    """Return the ids of the processes in a cgroup."""
    return set(map(int, (folder / "cgroup.procs").read_text().split()))


def remove_folder(folder: Path, until: float) -> None:
    """Remove a folder, trying until a moment of the monotonic clock, and once in any case."""
    while True:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() >= until:
                return
            time.sleep(0.005)
        else:
            return
