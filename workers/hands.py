"""What one worker process holds: the service's parts, its sandbox slot, its environments, its name."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app import actions
from app.actions import Parts
from app.core.errors import Fault
from app.queue import CPU_QUEUE, GPU_QUEUE, JUDGE_QUEUE, OUTSIDE_QUEUE
from app.store.presence import KnownWorker
from sandbox import Sandbox, host_python
from workers.execute import owner
from workers.keyring import Signing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.settings import Settings
    from sandbox import Environment

log = logging.getLogger(__name__)

ALL_QUEUES = (CPU_QUEUE, GPU_QUEUE, JUDGE_QUEUE, OUTSIDE_QUEUE)


@dataclass(frozen=True)
class Hands:
    """One worker process. Its environments are keyed by digest: a run is claimed only if its digest is here."""

    parts: Parts
    box: Sandbox
    environments: dict[str, Environment]
    worker: KnownWorker
    signing: Signing | None = None  # in a judge alone

    @classmethod
    def open(cls, settings: Settings, queues: Iterable[str] = ALL_QUEUES) -> Hands:
        """Open database, queue and sandbox, and publish this host's environments and this worker."""
        parts = Parts.open(settings)
        python = host_python(settings.python, cache=settings.home / "cache")
        worker = KnownWorker(owner(), frozenset(queues), frozenset({python.digest}))
        box = Sandbox(minimum=settings.isolation, ahead=settings.prepared_boxes, engine=settings.engine)
        signing = Signing(settings) if JUDGE_QUEUE in queues else None
        hands = cls(parts, box, {python.digest: python}, worker, signing)
        actions.publish_environment(parts, python.name, python.digest, python.describe())
        actions.announce(parts, worker)
        return hands

    @property
    def name(self) -> str:
        """Who executes: host and process."""
        return self.worker.name

    def judging(self) -> Parts:
        """Return the service's parts with the key in use, which is published before anything is signed with it.

        Raises:
            Fault: there is no such key here.

        """
        if self.signing is None:
            return self.parts
        signer = self.signing.current(lambda keys: actions.publish_keys(self.parts, keys))
        return replace(self.parts, signer=signer)

    def close(self) -> None:
        """End the slot's launcher, say that this worker ends, and give the connections back."""
        self.box.close()
        try:
            actions.leave(self.parts, self.worker)
        except Fault as fault:
            log.warning("worker %s ends without saying so: %s", self.name, fault)
        self.parts.close()


class Presence:
    """Says every few seconds that a worker is there, from a thread of its own: an idle worker is there too."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._announce, name="presence", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, at once."""
        self._over.set()
        self._thread.join()

    def _announce(self) -> None:
        while not self._over.wait(self._hands.parts.settings.presence_seconds):
            try:
                actions.announce(self._hands.parts, self._hands.worker)
            except Fault as fault:
                log.warning("worker %s could not say that it is there: %s", self._hands.name, fault)
