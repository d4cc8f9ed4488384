"""One worker's hands in this process: real database, real box, and a queue that only listens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.settings import Settings
from sandbox import gpus
from tests.store.house import Heard, House
from workers import judge, verify
from workers.hands import Hands
from workers.keyring import keyring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.queue import Queue
    from sandbox import Gpu


class Station(House):
    """A house with hands; nudges are heard and worked off when told."""

    hands: Hands

    @classmethod
    def open(cls, home: Path, devices: Callable[[], list[Gpu]] = gpus.find, **settings: Any) -> Station:
        """Open a worker's hands on a migrated home, with the GPUs that this host has or others in their place."""
        chosen = Settings(home=home, **settings)
        keyring(chosen).ensure(datetime.now(UTC))
        hands = Hands.open(chosen, devices=devices)
        hands.parts.queue.close()
        heard = Heard()
        queue: Queue = heard  # type: ignore[assignment] # the same three methods
        parts = replace(hands.parts, queue=queue)
        station = cls(parts, heard)
        station.hands = replace(hands, parts=parts)
        return station

    def close(self) -> None:
        """End the hands."""
        self.hands.close()

    def work(self) -> None:
        """Work off every nudge that was heard, and those that follow."""
        while self.heard.runs or self.heard.judged:
            while self.heard.runs:
                verify.execute_run(self.hands, self.heard.runs.pop(0)[0])
            while self.heard.judged:
                judge.conclude(self.hands, self.heard.judged.pop(0))
