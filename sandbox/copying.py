"""Copying what becomes an asset: the entries that were looked at, and no others.

The original may lie where others write, and whoever adds may be root. So no file is opened by way of a link that was put in
its place, or in that of a folder above it, after it was looked at. When all is copied the original is looked at once more:
what changed meanwhile may be half of one version and half of another, which nobody meant to add.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.entries import CHUNK, walk
from sandbox.job import Misused, SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Listed = list[tuple[str, Path, os.stat_result]]  # path below what is added ("": that itself), where it is, what it is
NO_LINK = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # nor does it wait at a pipe
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def listed_below(path: Path) -> Listed:
    """Return every entry of what is to be added; a link that is named itself means what it leads to.

    Raises:
        Misused: there is nothing, or whoever adds it may not look.

    """
    try:
        if path.is_file():
            return [("", path, path.stat())]
        if path.is_dir():
            return [(item, path / item, state) for item, state in walk(path)]
        raise Misused(f"{path} is neither file nor folder (name what is to be added)")
    except PermissionError as error:
        raise closed(error.filename or path) from error


def closed(path: Path | str) -> Misused:
    """Return what is said of something that whoever adds it may not read."""
    return Misused(f"{path} cannot be read (give yourself the right to, or add it as who has it)")


def copy(data: Path, path: Path, listed: Listed, said: Callable[[float], None]) -> int:
    """Copy entries and give each the mode that it has on every host; returns how many bytes files have.

    Args:
        data: folder that the copy becomes.
        path: what is copied.
        listed: its entries, as they were looked at.
        said: called with the share of the bytes that were copied, now and then.

    Raises:
        SandboxFault: something changed meanwhile.

    """
    data.mkdir()
    total, done = size_of(listed), 0
    for item, _, state in sorted(listed, key=lambda each: each[0]):
        target = data / (item or path.name)
        if stat.S_ISDIR(state.st_mode):
            target.mkdir()
        elif stat.S_ISLNK(state.st_mode):
            with _not_another(path, item), _above(path, item) as (folder, last):
                text = os.readlink(last, dir_fd=folder)
            target.symlink_to(text)
        else:
            for count in _copy_file(path, item, target, state):
                done += count
                said(done / total)
    for found in (data, *data.rglob("*")):
        if found.is_dir() and not found.is_symlink():
            found.chmod(0o755)
    _require_same(path, listed)
    return total


def size_of(listed: Listed) -> int:
    """Return how many bytes the files among entries have."""
    return sum(state.st_size for _, _, state in listed if stat.S_ISREG(state.st_mode))


def _copy_file(path: Path, item: str, target: Path, state: os.stat_result) -> Iterator[int]:
    """Copy the file that was looked at, and no other; yields how many bytes each step copied."""
    with _not_another(path, item):
        source = _open(path, item)
    with open(source, "rb", buffering=0) as reader, target.open("xb") as writer:  # noqa: PTH123 - a descriptor
        if not os.path.samestat(os.fstat(source), state):
            raise _changed(path, item)
        left = state.st_size
        while data := reader.read(min(CHUNK, left + 1)):
            left -= len(data)
            if left < 0:
                break
            writer.write(data)
            yield len(data)
        if left:
            raise _changed(path, item)
        os.fchmod(writer.fileno(), 0o644)


def _open(path: Path, item: str) -> int:
    """Open an entry below a folder, where nothing on the way below it is a link; or a file that is named itself."""
    if not item:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a link means what it leads to
    with _above(path, item) as (folder, last):
        return os.open(last, os.O_RDONLY | NO_LINK, dir_fd=folder)


@contextmanager
def _above(path: Path, item: str) -> Iterator[tuple[int, str]]:
    """Open the folder that holds an entry, where nothing on the way below the path is a link."""
    folder = os.open(path, FOLDER)
    *above, last = item.split("/")
    try:
        for name in above:
            inner = os.open(name, FOLDER | NO_LINK, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder, last
    finally:
        os.close(folder)


def _require_same(path: Path, listed: Listed) -> None:
    """Refuse what is not as it was when copying began: files that were written, entries that came or went.

    Raises:
        SandboxFault: something is not.

    """
    before = {item: _marks(state) for item, _, state in listed}
    try:
        now = {item: _marks(state) for item, _, state in listed_below(path)}
    except (OSError, SandboxFault) as error:
        raise _changed(path, "") from error
    for item in sorted(before.keys() | now.keys()):
        if before.get(item) != now.get(item):
            raise _changed(path, item)


def _marks(state: os.stat_result) -> tuple[int, ...]:
    """Return what differs when an entry does; of a folder only that it is one, for its entries are compared too."""
    kind = stat.S_IFMT(state.st_mode)
    return (kind,) if stat.S_ISDIR(kind) else (kind, state.st_ino, state.st_size, state.st_mtime_ns)


@contextmanager
def _not_another(path: Path, item: str) -> Iterator[None]:
    """Say of what cannot be opened any more that another one is in its place, or none."""
    try:
        yield
    except OSError as error:
        raise _changed(path, item) from error


def _changed(path: Path, item: str) -> SandboxFault:
    return SandboxFault(f"{path / item} became another one while it was copied (add it when nothing writes there)")
