"""Zip archives as a stream of members.

Theory of operation. The library finds and reads the directory at the end of the archive, all of it at once; so it reads
through a wrapper that refuses a directory larger than our number of files can need. Members must lie one after the other
without sharing bytes, be stored or deflated (other methods ask for memory as they please), and have exactly the size that
the directory says. Names must be ASCII or marked as UTF-8: unmarked ones mean something else on every machine.
"""

from __future__ import annotations

import os
import stat
import zipfile
from typing import TYPE_CHECKING, BinaryIO

from app.intake.gate import CHUNK, is_leftover, refuse, shown, too_many_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.intake.gate import Gate

DIRECTORY_BYTES = 1_024  # for each file that an archive may have
END_RECORD = b"PK\5\6"
END_RECORD_BYTES = 22
LOCAL_HEADER_BYTES = 30
ENCRYPTED, UTF8 = 0x1, 0x800  # flags of a member
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def zip_members(stream: BinaryIO, gate: Gate) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield name and contents of every file; contents must be consumed before the next one is asked for.

    Raises:
        Refusal: the archive holds something that is not accepted.
        EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error: it is damaged or truncated.

    """
    with zipfile.ZipFile(_Careful(stream, gate.limits.files * DIRECTORY_BYTES)) as archive:
        members = [item for item in archive.infolist() if not item.is_dir() and not is_leftover(item.filename)]
        if len(members) > gate.limits.files:
            raise too_many_files(gate.limits)
        _refuse_loose_ends(stream, archive)
        for member in members:
            _check(member)
            name = gate.admit(member.filename)
            with archive.open(member) as file:
                yield name, _exactly(file, member.file_size)  # type: ignore[arg-type]


def _check(member: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise refuse("not-a-file", f"{shown(member.filename)} is a link or special", "put the file itself there")
    if member.flag_bits & ENCRYPTED:
        raise refuse("encrypted", "the archive is encrypted", "pack it without a password")
    if member.compress_type not in METHODS:
        raise refuse("bad-archive", f"{shown(member.filename)} is packed by a rare method", "use deflate, or .tar.gz")
    if member.orig_filename != member.filename:  # the library cuts a name at a NUL
        raise refuse("bad-name", f"{shown(member.filename)} is not a plain path", "use relative names with /")
    if not member.filename.isascii() and not member.flag_bits & UTF8:
        detail = f"the name {shown(member.filename)} is not marked as UTF-8"
        raise refuse("bad-name", detail, "use an ASCII name, or pack a .tar.gz")


def _refuse_loose_ends(stream: BinaryIO, archive: zipfile.ZipFile) -> None:
    """Refuse members that share bytes, and bytes after the end: what they mean depends on who reads them."""
    end = 0
    for member in sorted(archive.infolist(), key=lambda item: item.header_offset):
        if member.header_offset < end:
            raise refuse("bad-archive", "two members share the same bytes", "pack it again")
        end = member.header_offset + LOCAL_HEADER_BYTES + len(member.orig_filename) + member.compress_size
    if end > archive.start_dir:
        raise refuse("bad-archive", "a member reaches into the directory", "pack it again")
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - END_RECORD_BYTES - len(archive.comment)))
    if stream.read(4) != END_RECORD:
        raise refuse("bad-archive", "something follows the end of the archive", "pack it again")


def _exactly(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(CHUNK, size))
        if not piece:
            raise EOFError
        size -= len(piece)
        yield piece


class _Careful:
    """A stream of which only so much is read at once; the directory is the one thing that is read whole."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream = stream
        self._most = most
        self.tell, self.seek = stream.tell, stream.seek

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size) if 0 <= size <= self._most else self._stream.read(self._most + 1)
        if len(data) > self._most:
            raise refuse("too-many-files", "the directory of the archive is beyond reason", "pack fewer files")
        return data
