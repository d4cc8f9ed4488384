"""What a slot is put together from when it is taken: its number, and the resource limits of its boxes."""

from __future__ import annotations

import fcntl
import os
import resource
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sandbox.job import SandboxFault

if TYPE_CHECKING:
    from sandbox.job import Shape

FIRST_UID = 210_000
SLOTS_MAX = 256
IMPORT_SECONDS = 30  # of a processor, that imports made ahead may take on a slow one


def rlimits(shape: Shape) -> dict[str, int]:
    """Return the resource limits of each process in a box."""
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 1024,
        # a backstop for each process, which may import before its job comes; the supervisor counts them together
        "RLIMIT_CPU": shape.cpu_ms // 1000 + 2 + (IMPORT_SECONDS if shape.environment.imports else 0),
        "RLIMIT_MEMLOCK": 65_536,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 128,
    }


def allow_many_descriptors() -> None:
    """Raise our own limit as far as we may.

    The kernel counts the descriptors in flight of all processes of a user, boxes included where they have no user of
    their own, and refuses a sender when they are more than the sender may have open. A box may have fewer than we.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def locks_folder() -> Path:
    """Return the folder of this user's locks on this host.

    Raises:
        SandboxFault: it is not ours.

    """
    base = Path("/run") if os.geteuid() == 0 and Path("/run").is_dir() else Path(tempfile.gettempdir())
    folder = base / f"assay-slots-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
        raise SandboxFault(f"{folder} belongs to somebody else; let its owner or root remove it")
    return folder


def lock_free_slot() -> tuple[int, IO[str]]:
    """Return the number of a slot that is free on this host, and the file that locks it.

    Raises:
        SandboxFault: all are taken, or their folder is not ours.

    """
    folder = locks_folder()
    for number in range(SLOTS_MAX):
        lock = (folder / f"slot-{number}").open("a")
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, lock
        lock.close()
    raise SandboxFault(f"all {SLOTS_MAX} slots of this host are taken")
