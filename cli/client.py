"""The client as the command uses it, and the bundles that it sends."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

from app.intake import ArchiveLimits, read_folder
from assay_client import FINAL_STATES, Client, ServiceError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FINAL_STATES", "Client", "ServiceError", "Unreachable", "pack"]


def pack(folder: Path) -> bytes:
    """Return a bundle folder as a `.tar.gz` whose bytes depend on names and contents alone.

    Raises:
        Refusal: it holds what no bundle may hold.

    """

    def keep(_: str, chunks: Iterator[bytes]) -> bytes:
        return b"".join(chunks)

    buffer = io.BytesIO()
    # Without a time and a name in its head: the same bundle has the same digest whenever it is packed.
    with (
        gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, data in read_folder(folder, ArchiveLimits(), keep).items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
