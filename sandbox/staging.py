"""Where a run's files lie on the host: a private folder for each slot, in it one for each run.

The owner of a private folder holds a lock on it, which ends with the owner however that ends. So whoever sweeps need
not know whether a process lives: in another container's process numbers nobody of ours does.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.job import SandboxFault, SealBroken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.job import StagedFile

FOLDER_PREFIX = "assay-box-"


def private_folder(uid: int | None) -> tuple[Path, int]:
    """Make a slot's folder, through which its own user may pass; that user owns nothing on the host.

    Returns:
        The folder, and the descriptor that locks it.

    """
    sweep_folders(Path(tempfile.gettempdir()))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        lock = lock_folder(folder)
        if lock is not None and folder.exists():
            break
        if lock is not None:  # somebody swept it before we had the lock
            os.close(lock)
    if uid is not None:
        os.chown(folder, -1, uid)
        folder.chmod(0o710)
    return folder, lock


def sweep_folders(parent: Path) -> None:
    """Remove the private folders of ours that nobody holds, as after a power cut."""
    for folder in parent.glob(f"{FOLDER_PREFIX}*"):
        lock = lock_folder(folder)
        if lock is not None:
            if os.fstat(lock).st_uid == os.geteuid():
                shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def lock_folder(folder: Path) -> int | None:
    """Lock a folder; None when it is held, gone, closed to us, or no folder."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def write_files(base: Path, files: Sequence[StagedFile]) -> None:
    """Write a run's files below its folder, each checked against its digest.

    Raises:
        SealBroken: a file is not what it should be.
        SandboxFault: a file has no place in the box, or could not be written.

    """
    try:
        for item in files:
            if item.sha256 is not None and "sha256:" + hashlib.sha256(item.data).hexdigest() != item.sha256:
                raise SealBroken(f"{item.target} is not the file that was sealed")
            _write(base, item.target, item.data)
    except OSError as error:
        raise SandboxFault(f"the files could not be staged: {error}") from error


def make_folders(*paths: Path) -> None:
    """Make folders that are not there yet."""
    for path in paths:
        path.mkdir()
        path.chmod(0o755)


def make_folder(path: Path) -> None:
    """Make a folder that the slot's user may read, whatever our own umask is; the slot's folder is closed to others."""
    path.mkdir(exist_ok=True)
    path.chmod(0o755)


def _write(base: Path, target: str, data: bytes) -> None:
    """Write one file; targets were checked by the caller's own rules, and again here."""
    parts = target.split("/")
    if parts[0] or len(parts) < 3 or parts[1] not in {"job", "in"} or {"", ".", ".."} & set(parts[2:]):
        raise SandboxFault(f"{target} is no place for a file in the box")
    folder = base / parts[1]
    for part in parts[2:-1]:
        folder /= part
        make_folder(folder)
    descriptor = os.open(folder / parts[-1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        os.fchmod(descriptor, 0o444)
