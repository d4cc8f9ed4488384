"""Content-addressed files: the name is the digest, and reading checks it every time.

A file is written to a temporary name, flushed to the disk, and renamed; what exists under a digest is complete. Nothing
is ever changed in place, so the same bytes may be put any number of times.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from app.store.errors import BlobMissing, BlobTampered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class Blobs:
    """A folder of blobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Store bytes; returns their digest."""
        return self.put_stream((data,))[0]

    def put_stream(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store bytes that come in pieces; returns digest and size. An error in the source leaves nothing."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(dir=self.folder, prefix="new-")
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    state.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            digest = "sha256:" + state.hexdigest()
            target = self.path(digest)
            target.parent.mkdir(exist_ok=True, mode=0o700)
            Path(name).chmod(0o444)
            Path(name).replace(target)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)  # noqa: PTH108 - the temporary name is a string
            raise
        return digest, size

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
        if "sha256:" + hashlib.sha256(data).hexdigest() != digest:
            raise BlobTampered(digest)
        return data

    def path(self, digest: str) -> Path:
        """Return where a blob lies.

        Raises:
            ValueError: that is no digest.

        """
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise ValueError(f"{digest[:80]!r} is not a digest")
        return self.folder / match[1][:2] / match[1]

    def sweep(self, referenced: Collection[str], older_than_seconds: float) -> int:
        """Remove blobs that no row refers to and that are not fresh; returns how many."""
        removed = 0
        limit = time.time() - older_than_seconds
        for path in self.folder.glob("*"):
            candidates = [path] if path.is_file() else list(path.iterdir())
            for file in candidates:
                if f"sha256:{file.name}" not in referenced and file.stat().st_mtime < limit:
                    file.unlink(missing_ok=True)
                    removed += 1
        return removed
