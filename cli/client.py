"""The client as the command uses it, and the bundles that it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.intake import ArchiveLimits, read_folder
from assay_client import FINAL_STATES, Client, ServiceError, Unreachable
from assay_client.sending import packed

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

    return packed(read_folder(folder, ArchiveLimits(), keep))
