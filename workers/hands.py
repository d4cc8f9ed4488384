"""What one worker process holds: the service's parts, its sandbox slot, its environments, its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import actions
from app.actions import Parts
from sandbox import Sandbox, host_python
from workers.execute import owner

if TYPE_CHECKING:
    from app.settings import Settings
    from sandbox import Environment


@dataclass(frozen=True)
class Hands:
    """One worker process. Its environments are keyed by digest: a run is claimed only if its digest is here."""

    parts: Parts
    box: Sandbox
    environments: dict[str, Environment]
    name: str

    @classmethod
    def open(cls, settings: Settings) -> Hands:
        """Open database, queue and sandbox, and publish this host's environments."""
        parts = Parts.open(settings)
        python = host_python(settings.python, cache=settings.home / "cache")
        hands = cls(parts, Sandbox(minimum=settings.isolation), {python.digest: python}, owner())
        actions.publish_environment(parts, python.name, python.digest, python.describe())
        return hands

    def close(self) -> None:
        """End the slot's launcher and give the connections back."""
        self.box.close()
        self.parts.close()
