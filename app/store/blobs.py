"""Content-addressed files: the name is the digest, and reading checks it every time.

Theory of operation. A file is written under a temporary name, flushed to the disk and renamed; what exists under a digest
is complete, and nothing is ever changed in place. Rows are committed only after that, so a row never refers to bytes that
a power cut could take. Bytes that lie there already, whole, are not written again: most runs of a verification report the
same result, and flushing is what a `put` costs.

A blob without a row is an orphan: its submission was refused, or crashed before its rows. `remove_stale` takes orphans
away once they are old, while others may be putting the very same bytes. A lock decides that race: who finds a blob there
holds it shared while he gives it its new age, who gives it its place or removes it holds it alone. The lock is one of 256
that all blobs share, so nobody holds it for longer than a name takes: bytes are hashed before, and it must then still be
the same file that lies there.

That bytes lie here already may be nobody's business: flushing is what a `put` costs, so that whoever times one learns
whether somebody put the same before. `Growing.settle` can be told to write in any case.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.store.errors import BlobMissing, BlobTampered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import BufferedReader
    from types import TracebackType

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_NEW = "new-"


class Blobs:
    """A folder of blobs; safe to share between threads, processes and hosts that see the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Store bytes; returns their digest."""
        digest = _digest(data)
        return digest if self._refreshed(digest) else self.put_stream((data,))[0]

    def put_stream(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store bytes that come in pieces; returns digest and size. An error in the source leaves nothing."""
        with self.begin() as growing:
            for chunk in chunks:
                growing.write(chunk)
            return growing.keep(), growing.size

    def begin(self) -> Growing:
        """Return a blob to be written piece by piece, of which nothing is left unless it is kept."""
        return Growing(self.folder, self._refreshed, self._place)

    def read(self, digest: str) -> bytes:
        """Return a blob's bytes after hashing them again.

        Raises:
            BlobMissing: there is no such file.
            BlobTampered: its bytes are not those of its name.

        """
        try:
            data = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise BlobMissing(digest) from None
        if _digest(data) != digest:
            raise BlobTampered(digest)
        return data

    def read_part(self, digest: str, offset: int, number: int) -> bytes:
        """Return some of a blob's bytes, fewer at its end. They are not hashed: for people to look at, and nothing else.

        Raises:
            BlobMissing: there is no such file.

        """
        try:
            with self.path(digest).open("rb") as file:
                file.seek(offset)
                return file.read(number)
        except FileNotFoundError:
            raise BlobMissing(digest) from None

    def size(self, digest: str) -> int:
        """Return how many bytes a blob has.

        Raises:
            BlobMissing: there is no such file.

        """
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            raise BlobMissing(digest) from None

    def renew(self, digest: str) -> int | None:
        """Make a blob as young as a new one, so that rows may come to refer to it; returns its size, None if it is missing.

        Its bytes are not hashed: naming a blob costs little, and whoever reads it hashes it.
        """
        path = self.path(digest)
        if not path.exists():
            return None
        with self._locked(path, fcntl.LOCK_SH), suppress(FileNotFoundError):
            os.utime(path)
            return path.stat().st_size
        return None

    def opened(self, digest: str) -> BufferedReader:
        """Return a blob's file at its beginning, its bytes hashed before; for what is too large for the memory.

        Raises:
            BlobMissing, BlobTampered: as `read`.

        """
        try:
            file = self.path(digest).open("rb")
        except FileNotFoundError:
            raise BlobMissing(digest) from None
        if not _holds(file, digest):
            file.close()
            raise BlobTampered(digest)
        file.seek(0)
        return file

    def path(self, digest: str) -> Path:
        """Return where a blob lies.

        Raises:
            ValueError: that is no digest.

        """
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise ValueError(f"{digest[:80]!r} is not a digest")
        return self.folder / match[1][:2] / match[1]

    def stale(self, older_than_seconds: float) -> Iterator[str]:
        """Yield the digests of blobs that were put long ago, referred to or not."""
        for folder in self.folder.glob("[0-9a-f][0-9a-f]"):
            for file in folder.iterdir():
                if _older(file, older_than_seconds):
                    yield f"sha256:{file.name}"

    def remove_stale(self, digest: str, older_than_seconds: float) -> bool:
        """Remove a blob unless somebody put it again meanwhile; says whether it was removed."""
        path = self.path(digest)
        with self._locked(path, fcntl.LOCK_EX):
            if not _older(path, older_than_seconds):
                return False
            path.unlink(missing_ok=True)
        return True

    def remove_unfinished(self, older_than_seconds: float) -> int:
        """Remove temporary files that crashed writers left; returns how many."""
        found = [file for file in self.folder.glob(f"{_NEW}*") if _older(file, older_than_seconds)]
        for file in found:
            file.unlink(missing_ok=True)
        return len(found)

    def _refreshed(self, digest: str) -> bool:
        """Make a blob that lies there, whole, as young as a new one; False when it must be written."""
        path = self.path(digest)
        try:
            with path.open("rb") as file:
                if not _holds(file, digest):
                    return False
                with self._locked(path, fcntl.LOCK_SH):
                    if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                        return False
                    os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def _place(self, file: Path, digest: str) -> None:
        """Give a flushed file its name, and flush the name too before anybody else counts on it."""
        target = self.path(digest)
        with suppress(FileExistsError):
            target.parent.mkdir(mode=0o700)
            _flush_folder(self.folder)
        file.chmod(0o444)
        with self._locked(target, fcntl.LOCK_EX), _freed_later(target):
            file.replace(target)
            _flush_folder(target.parent)

    @contextmanager
    def _locked(self, path: Path, kind: int) -> Iterator[None]:
        """Hold the lock of a blob, which it shares with those whose digest begins alike."""
        with (self.folder / f"lock-{path.parent.name}").open("ab") as lock:
            fcntl.flock(lock, kind)
            yield


class Growing:
    """A blob that is being written; a context manager, after which it lies in its place or is gone without a trace."""

    def __init__(self, folder: Path, refreshed: Callable[[str], bool], place: Callable[[Path, str], None]) -> None:
        self.size = 0
        self._refreshed = refreshed
        self._place = place
        self._settled: bool | None = None  # whether it lies there already, once that is known
        self._state = hashlib.sha256()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, self._name = tempfile.mkstemp(dir=folder, prefix=_NEW)
        self._file = os.fdopen(handle, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        with suppress(FileNotFoundError):
            os.unlink(self._name)  # noqa: PTH108 - the temporary name is a string

    @property
    def digest(self) -> str:
        """The digest of what was written so far."""
        return "sha256:" + self._state.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._state.update(chunk)
        self.size += len(chunk)
        self._file.write(chunk)

    def settle(self, *, anyway: bool = False) -> None:
        """Do what takes long of keeping: hash what lies there already, or flush what was written. It has no name yet.

        Args:
            anyway: write it also if it lies there already, so that keeping takes as long as if it did not.

        """
        self._file.flush()
        self._settled = not anyway and self._refreshed(self.digest)
        if not self._settled:
            os.fsync(self._file.fileno())

    def keep(self) -> str:
        """Give the blob its place; returns its digest. It is settled first, unless it was."""
        if self._settled is None:
            self.settle()
        if not self._settled:
            self._place(Path(self._name), self.digest)
        return self.digest


def _holds(file: BufferedReader, digest: str) -> bool:
    return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}" == digest


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _older(file: Path, seconds: float) -> bool:
    try:
        return file.stat().st_mtime < time.time() - seconds
    except FileNotFoundError:
        return False


@contextmanager
def _freed_later(path: Path) -> Iterator[None]:
    """Let a file be replaced whose bytes another thread frees: that takes the longer the more they are.

    Where no file is, the same is done with none, so that the time does not tell.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        handle = os.open(os.devnull, os.O_RDONLY)
    try:
        yield
    finally:
        threading.Thread(target=os.close, args=(handle,)).start()


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
