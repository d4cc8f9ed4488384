"""Where a run's files lie on the host: a private folder for each slot, in it one for each run."""

from __future__ import annotations

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


def private_folder(uid: int | None) -> Path:
    """Make a slot's folder, through which its own user may pass; that user owns nothing on the host."""
    sweep_folders(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-"))
    if uid is not None:
        os.chown(folder, -1, uid)
        folder.chmod(0o710)
    return folder


def sweep_folders(parent: Path) -> None:
    """Remove the private folders that dead owners left, as after a power cut."""
    for folder in parent.glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def write_files(base: Path, files: Sequence[StagedFile]) -> None:
    """Write a run's files below its folder, each checked against its digest.

    Raises:
        SealBroken: a file is not what it should be.
        SandboxFault: a file has no place in the box, or could not be written.

    """
    try:
        for folder in (base, base / "job", base / "in"):
            make_folder(folder)
        for item in files:
            if item.sha256 is not None and "sha256:" + hashlib.sha256(item.data).hexdigest() != item.sha256:
                raise SealBroken(f"{item.target} is not the file that was sealed")
            _write(base, item.target, item.data)
    except OSError as error:
        raise SandboxFault(f"the files could not be staged: {error}") from error


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
