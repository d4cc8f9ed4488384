"""Tar archives as a stream of members, plain or through gzip.

Theory of operation. The library reads single header blocks for us and nothing more: its own loop keeps whole extended
headers in memory however large they say they are, and has looped for ever before (CVE-2025-8194). So the walk from
header to header is ours: one pass, forwards, every byte either a member's contents (counted by the gate) or overhead
(headers, padding, counted here). Of the extensions only names are honoured. A size given twice, two names for one member,
sparse files, and anything after the end are refused: programs differ about them, and a seal must mean one thing.
"""

from __future__ import annotations

import tarfile
import zlib
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from app.intake.gate import CHUNK, MIB, is_leftover, refuse, shown, too_many_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.intake.gate import ArchiveLimits, Gate

BLOCK = tarfile.BLOCKSIZE
EXTENDED_BYTES_MAX = 16_384  # one extended header; a path needs a thousand
OVERHEAD_BYTES = 4_096  # for each file that an archive may have: headers and padding
END_BYTES = MIB  # zeros behind the end mark, which tape drives wanted
HEADERS_MAX = 4  # for each file that an archive may have: its own, an extended one, folders

_PAX = {tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE}
_FILES = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE}


def tar_members(stream: BinaryIO, gate: Gate, below: str | None = None) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield name and contents of every file; contents must be consumed before the next one is asked for.

    Args:
        stream: the archive, at its beginning.
        gate: what counts and checks.
        below: of a repository, as forges pack it into one outer folder, the folder that is meant, with its slash at the
            end; "" for all of it. The rest is passed over, whatever it is.

    Raises:
        Refusal: the archive is none, or holds something that is not accepted.
        EOFError, ValueError, tarfile.TarError, zlib.error: it is damaged or truncated.

    """
    for source, member in _walk(stream, gate.limits):
        name, contents = member.name.removeprefix("./"), source.contents(member.size)
        if below is not None:
            name = name.partition("/")[2]
            if not name.startswith(below):
                _pass_over(gate, contents)
                continue
            name = name.removeprefix(below)
        if member.type not in _FILES:
            raise refuse("not-a-file", f"{shown(name)} is a link, a device or sparse", "put the file itself there")
        if is_leftover(name):
            _pass_over(gate, contents)
        else:
            yield gate.admit(name), contents


def tar_names(stream: BinaryIO, gate: Gate) -> Iterator[str]:
    """Yield the path of every file of a repository, without the outer folder; raises as `tar_members`."""
    for source, member in _walk(stream, gate.limits):
        _pass_over(gate, source.contents(member.size))
        if member.type in _FILES:
            yield member.name.removeprefix("./").partition("/")[2]


def _pass_over(gate: Gate, contents: Iterator[bytes]) -> None:
    for _ in gate.counted(contents):
        pass


def _walk(stream: BinaryIO, limits: ArchiveLimits) -> Iterator[tuple[_Source, tarfile.TarInfo]]:
    """Yield every member that is no folder, its contents next in the source."""
    head = stream.read(BLOCK)
    stream.seek(0)
    if head[:2] == b"\x1f\x8b":
        source = _Source(_gunzip(stream), limits)
    elif len(head) == BLOCK and head[257:262] == b"ustar":
        source = _Source(iter(lambda: stream.read(CHUNK), b""), limits)
    else:
        raise refuse("unknown-archive", "this is neither a .tar.gz, a .tar nor a .zip", "pack the bundle folder")
    for _ in range(HEADERS_MAX * (limits.files + limits.others)):
        member = _member(source)
        if member is None:
            source.finish()
            return
        if member.type != tarfile.DIRTYPE:
            yield source, member
            source.take(-member.size % BLOCK)
    raise too_many_files(limits)


def _member(source: _Source) -> tarfile.TarInfo | None:
    """Return the next member's header with its long name applied; None at the end of the archive."""
    long_name: str | None = None
    extended = 0
    while True:
        block = source.take(BLOCK)
        if not extended and not block.strip(b"\0"):
            return None
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if member.size < 0:
            raise ValueError("a negative size")
        if member.type in _PAX:
            found: str | None = _pax(source.extended(member.size), member_follows=True)
        elif member.type == tarfile.XGLTYPE:
            found = _pax(source.extended(member.size), member_follows=False)
        elif member.type == tarfile.GNUTYPE_LONGNAME:
            found = source.extended(member.size).rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif member.type == tarfile.GNUTYPE_LONGLINK:
            source.extended(member.size)
            found = None  # of a link, which is refused when it comes
        else:
            member.name = member.name if long_name is None else long_name
            return member
        if found is not None and long_name is not None:
            raise ValueError("two names for one member")
        long_name = found if found is not None else long_name
        extended += 1
        if extended > HEADERS_MAX:
            raise ValueError("too many extended headers for one member")


def _pax(data: bytes, *, member_follows: bool) -> str | None:
    """Return the path in a pax header, None when it has none; each record begins with its own length."""
    keys: set[bytes] = set()
    path = None
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 8)
        digits = data[at:space] if space > at else b""
        end = at + int(digits) if digits.isdigit() else 0
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not equals or end > len(data) or data[end - 1 : end] != b"\n" or key in keys:
            raise ValueError("an unreadable pax header")
        keys.add(key)
        if key == b"path":
            path = value.decode("utf-8", "surrogateescape")
        if key == b"size" or key.startswith(b"GNU.sparse"):
            raise ValueError("a second size for one member")
        at = end
    if path is not None and not member_follows:
        raise ValueError("one name for all members")
    return path


class _Source:
    """The bytes of a tar in order; what is not contents counts as overhead."""

    def __init__(self, chunks: Iterator[bytes], limits: ArchiveLimits) -> None:
        self._chunks = chunks
        self._held = b""
        self._left = (limits.files + limits.others) * OVERHEAD_BYTES + END_BYTES

    def contents(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes in pieces."""
        while size:
            self._fill()
            piece, self._held = self._held[:size], self._held[size:]
            size -= len(piece)
            yield piece

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes of overhead."""
        self._spend(size)
        return b"".join(self.contents(size))

    def extended(self, size: int) -> bytes:
        """Return the payload of an extended header."""
        if size > EXTENDED_BYTES_MAX:
            raise refuse("bad-archive", "a member has an extended header beyond reason", "pack it plainly")
        data = self.take(size)
        self.take(-size % BLOCK)
        return data

    def finish(self) -> None:
        """Read to the end, so that a checksum is checked, and refuse what follows the end mark."""
        if self.take(BLOCK).strip(b"\0"):
            raise ValueError("one end block instead of two")
        for piece in chain((self._held,), self._chunks):
            self._spend(len(piece))
            if piece.strip(b"\0"):
                raise refuse("bad-archive", "something follows the end of the archive", "pack it again")

    def _fill(self) -> None:
        while not self._held:
            piece = next(self._chunks, None)
            if piece is None:
                raise EOFError
            self._held = piece

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise refuse("bomb", "the archive is mostly headers and padding", "pack the bundle folder plainly")


def _gunzip(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what a gzip stream unpacks to, in pieces of at most CHUNK bytes."""
    unpacker = zlib.decompressobj(wbits=31)
    while not unpacker.eof:
        data = unpacker.unconsumed_tail or stream.read(CHUNK)
        if not data:
            raise EOFError
        piece = unpacker.decompress(data, CHUNK)
        if piece:
            yield piece
    rest = unpacker.unused_data
    while rest:
        if rest.strip(b"\0"):
            raise refuse("bad-archive", "something follows the end of the archive", "pack it again")
        rest = stream.read(CHUNK)
