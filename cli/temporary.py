"""Folders of ours among the temporary files: held by a lock, removed at the end, swept by the next start if it was killed.

The lock is on the folder itself and ends with its holder however that ends, so that whoever sweeps need not guess by age.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN_PREFIX = "assay-run-"  # the broker's socket, whose path must be short
DEMO_PREFIX = "assay-demo-"
LOCK = "lock"  # of a home, which the folder of a demonstration is


@contextmanager
def own_folder(prefix: str) -> Iterator[Path]:
    """Yield a new folder that nobody else sweeps, and remove it; what killed commands left is removed first."""
    sweep_abandoned()
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        lock = _lock(folder, os.O_DIRECTORY)
        if lock is not None and folder.exists():
            break
        if lock is not None:  # somebody swept it before we had the lock
            os.close(lock)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep_abandoned() -> list[Path]:
    """Remove the folders of ours that nobody holds.

    Returns:
        the folders that were removed.

    """
    removed = []
    parent = Path(tempfile.gettempdir())
    for folder in (*parent.glob(f"{RUN_PREFIX}*"), *parent.glob(f"{DEMO_PREFIX}*")):
        lock = _lock(folder, os.O_DIRECTORY)
        if lock is None:
            continue
        with suppress(OSError):
            if os.fstat(lock).st_uid == os.geteuid() and not _lived_in(folder):
                shutil.rmtree(folder)
                removed.append(folder)
        os.close(lock)
    return removed


def _lived_in(folder: Path) -> bool:
    """Whether a house stands in a folder, held by the lock of its home alone."""
    if not (folder / LOCK).exists():
        return False
    lock = _lock(folder / LOCK, 0)
    if lock is not None:
        os.close(lock)
    return lock is None


def _lock(path: Path, kind: int) -> int | None:
    """Lock a path; None when it is held, gone, closed to us, or of another kind."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | kind)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
