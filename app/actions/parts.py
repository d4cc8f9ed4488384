"""The service's parts, opened once a process and handed to every action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.queue import Queue
from app.store.blobs import Blobs
from app.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from app.core.keys import Signer
    from app.settings import Settings
    from app.store.intake import Submitted

    #: Called in the transaction that writes what was submitted.
    Also = Callable[[Session, Submitted], None]


@dataclass(frozen=True)
class Parts:
    """Settings, database, blobs and queue; and, in the hands of a judge alone, who signs."""

    settings: Settings
    store: Store
    blobs: Blobs
    queue: Queue
    signer: Signer | None = None

    @classmethod
    def open(cls, settings: Settings) -> Parts:
        """Open database, blobs and queue; none of them is contacted yet."""
        store = Store(settings.database, pool_size=settings.pool_size)
        return cls(settings, store, Blobs(settings.blob_folder), Queue(settings))

    def close(self) -> None:
        """Give every connection back."""
        self.store.close()
        self.queue.close()
