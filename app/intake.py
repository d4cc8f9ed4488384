"""Reading a bundle: an archive that strangers send, or a folder on this machine.

Theory of operation. Nothing is ever extracted to a path. Members are read one after the other and streamed to a sink
(the blob store) under their checked name; only regular files count. The library's own extraction is not used at all:
its filters have been escaped before (CVE-2025-4517). Every limit is counted on bytes that were really read, because
headers lie: packed and unpacked bytes, number of files, depth of folders, and the ratio of the two once enough has been
unpacked for a ratio to mean something. The kind is recognised by its first bytes, not by its name.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from app.core.errors import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")
Sink = "Callable[[str, Iterator[bytes]], T]"

MIB = 1 << 20
CHUNK = 1 << 16
NAME_BYTES_MAX = 240
CLAIM_FILE = "claim.toml"

#: Left over by editors, version control and Python; never part of a bundle folder.
_IGNORED = re.compile(r"(^|/)(\.[^/]*|__pycache__|[^/]*~|[^/]*\.py[co])(/|$)")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class ArchiveLimits:
    """What a bundle may be at most."""

    packed_bytes: int = 64 * MIB
    unpacked_bytes: int = 512 * MIB
    files: int = 2_000
    depth: int = 12
    ratio: int = 100  # unpacked to packed bytes, once more than `ratio_from_bytes` are unpacked
    ratio_from_bytes: int = 1 * MIB


def read_archive(stream: BinaryIO, limits: ArchiveLimits, sink: Callable[[str, Iterator[bytes]], T]) -> dict[str, T]:
    """Stream every file of a `.tar`, `.tar.gz` or `.zip` to a sink.

    A single folder around everything is taken off.

    Args:
        stream: seekable, at its beginning.
        limits: what is accepted.
        sink: called with each path and its bytes in pieces; must consume them.

    Returns:
        path in the bundle -> what the sink returned.

    Raises:
        Refusal: the archive is not acceptable. What the sink was given before is the caller's to forget.

    """
    packed = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if packed > limits.packed_bytes:
        raise refuse("too-large", f"the archive has more than {limits.packed_bytes // MIB} MiB", "leave data out")
    head = stream.read(4)
    stream.seek(0)
    gate = _Gate(limits, packed)
    found: dict[str, T] = {}
    try:
        members = _zip_members(stream, gate) if head[:2] == b"PK" else _tar_members(stream, gate, head)
        for name, chunks in members:
            found[name] = sink(name, gate.counted(chunks))
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, struct.error, OSError) as error:
        raise refuse("bad-archive", "the archive is damaged or truncated", "pack it again") from error
    except (NotImplementedError, RuntimeError, UnicodeError, OverflowError, ValueError) as error:
        raise refuse("bad-archive", "the archive uses something that cannot be read", "pack it plainly") from error
    return _without_outer_folder(found)


def read_folder(folder: Path, limits: ArchiveLimits, sink: Callable[[str, Iterator[bytes]], T]) -> dict[str, T]:
    """Stream every file of a bundle folder to a sink, under the same limits.

    Raises:
        Refusal: as `read_archive`; a link is refused, an unreadable file too.

    """
    gate = _Gate(limits, None)
    found: dict[str, T] = {}
    for name, path in bundle_files(folder):
        gate.admit(name)
        try:
            with path.open("rb") as file:
                found[name] = sink(name, gate.counted(iter(lambda file=file: file.read(CHUNK), b"")))  # type: ignore[misc]
        except OSError as error:
            raise refuse("unreadable-file", f"{name} cannot be read: {error.strerror}", "check its mode") from error
    return found


def bundle_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield path in the bundle and path on disk of every file of a bundle folder, sorted; hidden files are left out.

    Raises:
        Refusal: something in it is neither a regular file nor a folder.

    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if _IGNORED.search(name):
            continue
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            continue
        if not stat.S_ISREG(mode):
            raise refuse("not-a-file", f"{name} is a link or a special file", "put the file itself there", name)
        yield name, path


def refuse(code: str, detail: str, remedy: str, file: str | None = None) -> Refusal:
    """Return a refusal of the archive as a whole, or of one of its files."""
    return Refusal.of(Problem(file, None, "", code, detail, remedy))


class _Gate:
    """Counts what comes in, and refuses names and amounts."""

    def __init__(self, limits: ArchiveLimits, packed: int | None) -> None:
        self.limits = limits
        self.packed = packed
        self.unpacked = 0
        self.names: set[str] = set()
        self.folded: dict[str, str] = {}

    def admit(self, name: str) -> str:
        """Return the checked name of a member."""
        shown = name[:80].encode("ascii", "backslashreplace").decode()
        if _bad_name(name):
            raise refuse("bad-name", f"{shown!r} is not a plain path inside the bundle", "use relative names with /")
        if name.count("/") >= self.limits.depth:
            raise refuse("too-deep", f"{shown!r} lies more than {self.limits.depth} folders deep", "flatten it")
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in self.folded:
            detail = f"{shown!r} is there twice, or differs from another name in case or accents only"
            raise refuse("duplicate-name", detail, "rename one")
        self.folded[folded] = name
        if len(self.folded) > self.limits.files:
            raise refuse("too-many-files", f"more than {self.limits.files} files", "pack data into fewer files")
        self.names.add(name)
        return name

    def counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass bytes on while they stay within the limits."""
        for chunk in chunks:
            self.unpacked += len(chunk)
            if self.unpacked > self.limits.unpacked_bytes:
                detail = f"the bundle unpacks to more than {self.limits.unpacked_bytes // MIB} MiB"
                raise refuse("too-large", detail, "leave data out")
            enough = self.unpacked > self.limits.ratio_from_bytes
            if self.packed is not None and enough and self.unpacked > self.limits.ratio * self.packed:
                detail = f"the archive unpacks to more than {self.limits.ratio} times its size"
                raise refuse("bomb", detail, "pack the data as it is, without padding")
            yield chunk


def _bad_name(name: str) -> bool:
    parts = name.split("/")
    try:
        encoded = name.encode("utf-8")
    except UnicodeEncodeError:
        return True  # surrogates: the name was not UTF-8
    return (
        not name
        or name.startswith("/")
        or "\\" in name
        or _DRIVE.match(name) is not None
        or any(part in {"", ".", ".."} for part in parts)
        or any(len(part.encode()) > NAME_BYTES_MAX for part in parts)
        or len(encoded) > 1_000
        or any(unicodedata.category(sign) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"} for sign in name)
    )


def _tar_members(stream: BinaryIO, gate: _Gate, head: bytes) -> Iterator[tuple[str, Iterator[bytes]]]:
    packed = head[:2] == b"\x1f\x8b"
    source: Any = _Gunzip(stream, gate.limits) if packed else stream
    if not packed and not _looks_like_tar(stream):
        raise refuse("unknown-archive", "this is neither a .tar.gz, a .tar nor a .zip", "pack the bundle folder")
    count = 0
    with tarfile.open(fileobj=source, mode="r|", errorlevel=2, encoding="utf-8", errors="surrogateescape") as tar:
        for member in tar:
            count += 1
            if count > 2 * gate.limits.files:
                raise refuse("too-many-files", f"more than {gate.limits.files} files", "pack data into fewer files")
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                shown = member.name[:80].encode("ascii", "backslashreplace").decode()
                raise refuse("not-a-file", f"{shown!r} is a link, a device or sparse", "put the file itself there")
            file = tar.extractfile(member)
            if file is None:
                raise refuse("bad-archive", "a member has no contents", "pack it again")
            yield gate.admit(member.name.removeprefix("./")), _exactly(file, member.size)  # type: ignore[arg-type]
    if isinstance(source, _Gunzip):
        source.finish()


def _exactly(file: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left:
        chunk = file.read(min(CHUNK, left))
        if not chunk:
            raise EOFError
        left -= len(chunk)
        yield chunk


def _looks_like_tar(stream: BinaryIO) -> bool:
    block = stream.read(512)
    stream.seek(0)
    return len(block) == 512 and block[257:262] == b"ustar"


class _Gunzip(io.RawIOBase):
    """A gzip stream read in bounded pieces; headers count towards the unpacked limit too, so padding is no way out."""

    def __init__(self, stream: BinaryIO, limits: ArchiveLimits) -> None:
        self.stream = stream
        self.unpacker = zlib.decompressobj(wbits=31)
        self.left = limits.unpacked_bytes + limits.files * 8_192

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        pieces: list[bytes] = []
        wanted = size if size >= 0 else self.left
        while wanted > 0 and not self.unpacker.eof:
            data = self.unpacker.unconsumed_tail or self.stream.read(CHUNK)
            if not data:
                raise EOFError
            piece = self.unpacker.decompress(data, min(wanted, CHUNK))
            self.left -= len(piece)
            if self.left < 0:
                raise refuse("too-large", "the archive unpacks to more than a bundle may have", "leave data out")
            wanted -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def finish(self) -> None:
        """Read to the end, so that the checksum is checked, and refuse what follows it."""
        while not self.unpacker.eof:
            if not self.read(CHUNK) and not self.unpacker.eof:
                raise EOFError
        if self.unpacker.unused_data.strip(b"\0") or self.stream.read(CHUNK).strip(b"\0"):
            raise refuse("bad-archive", "something follows the end of the archive", "pack it again")


def _zip_members(stream: BinaryIO, gate: _Gate) -> Iterator[tuple[str, Iterator[bytes]]]:
    with zipfile.ZipFile(stream) as archive:
        infos = archive.infolist()
        if len(infos) > 2 * gate.limits.files:
            raise refuse("too-many-files", f"more than {gate.limits.files} files", "pack data into fewer files")
        starts = [info.header_offset for info in infos]
        if len(set(starts)) < len(starts):
            raise refuse("bad-archive", "two members share the same bytes", "pack it again")
        for info in infos:
            if info.is_dir():
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise refuse("not-a-file", f"{info.filename[:80]!r} is a link or special", "put the file itself there")
            if info.flag_bits & 1:
                raise refuse("encrypted", "the archive is encrypted", "pack it without a password")
            if info.orig_filename != info.filename or "\0" in info.orig_filename:
                raise refuse("bad-name", f"{info.filename[:80]!r} is not a plain path", "use relative names with /")
            name = gate.admit(info.filename)
            with archive.open(info) as file:
                yield name, iter(lambda file=file: file.read(CHUNK), b"")  # type: ignore[misc]


def _without_outer_folder(found: dict[str, T]) -> dict[str, T]:
    """Take off a single folder around everything, as forges and file managers add it."""
    if CLAIM_FILE in found:
        return found
    outer = {PurePosixPath(name).parts[0] for name in found}
    if len(outer) == 1 and f"{next(iter(outer))}/{CLAIM_FILE}" in found:
        return {name.partition("/")[2]: item for name, item in found.items()}
    return found
