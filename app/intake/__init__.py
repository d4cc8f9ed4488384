"""Reading a bundle: an archive that strangers send, a list of files that lie here already, or a folder on this machine.

Theory of operation. Nothing is ever extracted to a path. Members are read one after the other and streamed to a sink
(the blob store) under their checked name; only regular files count. The libraries' own extraction is not used at all:
their filters have been escaped before (CVE-2025-4517). Every limit is counted on bytes that were really read, because
headers lie: packed and unpacked bytes, number of files, depth of folders, and the ratio of the two once enough has been
unpacked for a ratio to mean something. The kind is recognised by its first bytes, not by its name. Whichever way the same
files come, as folder, list, tar or zip, the same bundle comes of them: leftovers of editors and file managers count in
none.

    gate   what is counted and which names are let in     tar, zip   one format each, as a stream of members
"""

from __future__ import annotations

import os
import struct
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from app.core.errors import Problem, Refusal
from app.intake.gate import CHUNK, REPOSITORY, ArchiveLimits, Gate, is_leftover, refuse, shown
from app.intake.tar import tar_members, tar_names
from app.intake.zip import zip_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "CLAIM_FILE",
    "REPOSITORY",
    "ArchiveLimits",
    "bundle_at",
    "bundle_files",
    "claim_of",
    "escaped",
    "read_archive",
    "read_folder",
    "read_list",
    "refuse",
    "repository_paths",
]

T = TypeVar("T")

CLAIM_FILE = "claim.toml"
MISSING = "missing-blob"


def claim_of(files: Mapping[str, T]) -> T:
    """Return what stands for the claim among a bundle's files.

    Raises:
        Refusal: there is none.

    """
    if CLAIM_FILE not in files:
        remedy = f"put {CLAIM_FILE} at the top of the bundle; `assay init` writes one"
        raise refuse("missing-claim", f"the bundle has no {CLAIM_FILE}", remedy)
    return files[CLAIM_FILE]


def bundle_at(path: Path) -> Path:
    """Return the bundle that a path names: the folder around, when it is a claim's own file."""
    return path.parent if path.name == CLAIM_FILE and path.is_file() else path


def read_archive(
    stream: BinaryIO,
    limits: ArchiveLimits,
    sink: Callable[[str, Iterator[bytes]], T],
    folder: str | None = None,
) -> dict[str, T]:
    """Stream every file of a `.tar`, `.tar.gz` or `.zip` to a sink.

    A single folder around everything is taken off.

    Args:
        stream: seekable, at its beginning.
        limits: what is accepted.
        sink: called with each path and its bytes in pieces; must consume them.
        folder: the bundle's, where the archive is a whole repository as a forge packs it; "" for its top.

    Returns:
        path in the bundle -> what the sink returned.

    Raises:
        Refusal: the archive is not acceptable. What the sink was given before is the caller's to forget.

    """
    gate = _opened(stream, limits)
    zipped = folder is None and stream.read(2) == b"PK"
    stream.seek(0)
    below = f"{folder}/" if folder else folder
    members = zip_members(stream, gate) if zipped else tar_members(stream, gate, below)
    found: dict[str, T] = {}
    while True:
        with _reading():
            member = next(members, None)
        if member is None:
            return _without_outer_folder(found) if folder is None else found
        name, chunks = member
        found[name] = sink(name, gate.counted(_readable(chunks)))


def repository_paths(stream: BinaryIO, limits: ArchiveLimits) -> list[str]:
    """Return the path of every file of a repository that a forge packed, without the folder around everything.

    Raises:
        Refusal: as `read_archive`.

    """
    with _reading():
        return list(tar_names(stream, _opened(stream, limits)))


def _opened(stream: BinaryIO, limits: ArchiveLimits) -> Gate:
    packed = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if packed > limits.packed_bytes:
        raise refuse("too-large", f"the archive has more than {limits.packed_bytes >> 20} MiB", "leave data out")
    return Gate(limits, packed)


def _readable(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with _reading():
        yield from chunks


@contextmanager
def _reading() -> Iterator[None]:
    """Turn what a reader stumbles over into a refusal; only reading stands inside, so that the sink's errors stay ours."""
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise refuse("bad-archive", "the archive is damaged or truncated", "pack it again") from error
    except (NotImplementedError, RuntimeError, OverflowError, ValueError, LookupError) as error:
        raise refuse("bad-archive", "the archive uses something that cannot be read", "pack it plainly") from error


def read_folder(folder: Path, limits: ArchiveLimits, sink: Callable[[str, Iterator[bytes]], T]) -> dict[str, T]:
    """Stream every file of a bundle folder to a sink, under the same limits.

    Raises:
        Refusal: as `read_archive`; a link is refused, an unreadable file too.

    """
    gate = Gate(limits, None)
    found: dict[str, T] = {}
    for name, path in bundle_files(folder):
        gate.admit(name)
        found[name] = sink(name, gate.counted(_file(name, path)))
    return found


def read_list(named: Mapping[str, str], limits: ArchiveLimits, size_of: Callable[[str], int | None]) -> dict[str, str]:
    """Return a bundle whose files are named by their digests, under the same limits.

    Args:
        named: path in the bundle -> digest.
        limits: what is accepted.
        size_of: bytes of the blob of a digest; None for one that is not there.

    Returns:
        path in the bundle -> digest.

    Raises:
        Refusal: as `read_archive`; or files are missing, and then it names all of them.

    """
    gate = Gate(limits, None)
    found: dict[str, str] = {}
    missing: list[Problem] = []
    for name, digest in named.items():
        if is_leftover(name):
            continue
        found[gate.admit(name)] = digest
        size = size_of(digest)
        if size is None:
            detail = f"the file {shown(name)} was never sent, or is no longer kept"
            remedy = f"send its bytes with PUT /v1/blobs/{digest}, then this again"
            missing.append(Problem(None, None, f"/files/{escaped(name)}", MISSING, detail, remedy))
        else:
            gate.count(size)
    if missing:
        raise Refusal.of(*missing)
    return _without_outer_folder(found)


def escaped(name: str) -> str:
    """Return a name as one part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _file(name: str, path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise refuse("unreadable-file", f"{shown(name)} cannot be read: {error.strerror}", "check its mode") from error


def bundle_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield path in the bundle and path on disk of every file of a bundle folder, in a fixed order.

    Leftovers (hidden files, byte code, backups) are left out, folders of them are not entered.

    Raises:
        Refusal: something in it is neither a regular file nor a folder, or a folder cannot be read.

    """
    for base, folders, files in os.walk(folder, onerror=_unreadable):
        here = Path(base)
        folders[:] = sorted(name for name in folders if not is_leftover(name))
        for name in sorted([*files, *(item for item in folders if (here / item).is_symlink())]):
            path = here / name
            inside = path.relative_to(folder).as_posix()
            if is_leftover(name):
                continue
            if path.is_symlink() or not path.is_file():
                detail = f"{shown(inside)} is a link or a special file"
                raise refuse("not-a-file", detail, "put the file itself there", inside)
            yield inside, path


def _unreadable(error: OSError) -> None:
    raise refuse("unreadable-file", f"a folder cannot be read: {error.strerror}", "check its mode") from error


def _without_outer_folder(found: dict[str, T]) -> dict[str, T]:
    """Take off a single folder around everything, as forges and file managers add it."""
    if CLAIM_FILE in found:
        return found
    outer = {PurePosixPath(name).parts[0] for name in found}
    if len(outer) == 1 and f"{next(iter(outer))}/{CLAIM_FILE}" in found:
        return {name.partition("/")[2]: item for name, item in found.items()}
    return found
