"""Everything below a folder, in one digest: names, kinds, modes and contents; no times, and not who owns it.

Files are read-only for whoever uses them, so one bit of a mode matters: whether a file may be executed. A digest is the
SHA-256 of one record for each entry, in the order of their paths, each ended by NUL, which no path can hold:

    kind NUL path NUL value NUL     kind: file, program, folder, link; value: SHA-256, target of the link, or nothing

A fingerprint changes whenever a digest could: it is made of what the kernel says of each entry, of which the time of
change cannot be set by anybody.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from sandbox.job import SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Entries = dict[str, tuple[str, str]]  # path -> kind, value

CHUNK = 1 << 20


def entries(folder: Path, said: Callable[[float], None] | None = None) -> Entries:
    """Return everything below a folder.

    Args:
        folder: where to look.
        said: called with the share of the bytes that were read, now and then.

    Raises:
        SandboxFault: something is no file, folder or link, or cannot be read.

    """
    found: Entries = {}
    try:
        states = list(walk(folder))
        total, done = sum(state.st_size for _, state in states if stat.S_ISREG(state.st_mode)) or 1, 0

        def read(count: int) -> None:
            nonlocal done
            done += count
            if said is not None:
                said(min(done / total, 1.0))  # more than there was, when a file grows meanwhile

        for path, state in states:
            found[path] = _entry(folder, path, state, read)
    except OSError as error:
        raise SandboxFault(f"{error.filename or folder}: {error.strerror or error}") from error
    return found


def digest_of(found: Mapping[str, tuple[str, str]], *before: str) -> str:
    """Return the digest of entries, and of texts that come before them."""
    state = hashlib.sha256()
    for text in before:
        state.update(text.encode() + b"\0")
    for path, (kind, value) in sorted(found.items()):
        for part in (kind, path, value):
            state.update(os.fsencode(part) + b"\0")
    return "sha256:" + state.hexdigest()


def fingerprint(folder: Path) -> str:
    """Return what changes whenever something below a folder does.

    Raises:
        SandboxFault: it cannot be looked at.

    """
    state = hashlib.sha256()
    try:
        around = [(place, (folder / place).lstat()) for place in (".", "..")]
        for path, found in [*around, *sorted(walk(folder), key=lambda item: item[0])]:
            numbers = (found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            state.update(os.fsencode(f"{path}\0{numbers}\0"))
    except OSError as error:
        raise SandboxFault(f"{error.filename or folder}: {error.strerror or error}") from error
    return state.hexdigest()


def differences(before: Mapping[str, tuple[str, str]], now: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return what differs, one plain line for each path, in their order."""
    found = []
    for path in sorted(before.keys() | now.keys()):
        if path not in now:
            found.append(f"{path} is missing")
        elif path not in before:
            found.append(f"{path} was added")
        elif before[path] != now[path]:
            what = "contents" if before[path][0] == now[path][0] else f"kind, from {before[path][0]} to {now[path][0]}"
            found.append(f"{path} changed its {what}")
    return found


def walk(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield every entry below a folder, by its path from there; links are not followed."""
    waiting = [""]
    while waiting:
        base = waiting.pop()
        with os.scandir(folder / base) as listed:
            for item in listed:
                path = f"{base}/{item.name}" if base else item.name
                state = item.stat(follow_symlinks=False)
                yield path, state
                if stat.S_ISDIR(state.st_mode):
                    waiting.append(path)


def _entry(folder: Path, path: str, state: os.stat_result, read: Callable[[int], None]) -> tuple[str, str]:
    if stat.S_ISDIR(state.st_mode):
        return "folder", ""
    if stat.S_ISLNK(state.st_mode):
        return "link", os.readlink(folder / path)  # noqa: PTH115 - as it stands, not as a path
    if not stat.S_ISREG(state.st_mode):
        raise SandboxFault(f"{folder / path} is no file, folder or link (remove it)")
    hashed = hashlib.sha256()
    with open(folder / path, "rb", buffering=0) as file:  # noqa: PTH123 - thousands of them
        while data := file.read(CHUNK):
            hashed.update(data)
            read(len(data))
    return "program" if state.st_mode & stat.S_IXUSR else "file", hashed.hexdigest()
