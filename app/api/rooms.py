"""How much of strangers' bodies is held at once, before it is known whether they are signed."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Room:
    """Places for large bodies, some in all and few for one address; whoever finds none waits, and sends no more meanwhile.

    Used by one event loop. Who waits is not read from its connection, so its sender is held up and we hold nothing.
    """

    def __init__(self, most: int = 16, each: int = 4) -> None:
        self._most = most
        self._each = each
        self._held: Counter[str] = Counter()
        self._left = asyncio.Event()

    @asynccontextmanager
    async def place(self, who: str) -> AsyncIterator[None]:
        """Hold a place, once there is one."""
        while self._held.total() >= self._most or self._held[who] >= self._each:
            self._left.clear()
            await self._left.wait()
        self._held[who] += 1
        try:
            yield
        finally:
            self._held[who] -= 1
            if not self._held[who]:
                del self._held[who]
            self._left.set()
