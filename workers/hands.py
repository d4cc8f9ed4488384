"""What one worker process holds: the service's parts, its sandbox slot, its environments, its name."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING

from app import actions
from app.actions import Parts
from app.core.errors import Fault
from app.queue import CPU_QUEUE, GPU_QUEUE, JUDGE_QUEUE, OUTSIDE_QUEUE
from app.store.presence import KnownWorker
from sandbox import NoIsolation, Sandbox, SandboxFault, assets, gpus, host_python
from sandbox.apart import require_apart
from sandbox.built import changes, load_all
from workers.execute import owner
from workers.keyring import Signing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.settings import Settings
    from sandbox import Asset, Environment, Gpu

log = logging.getLogger(__name__)

ALL_QUEUES = (CPU_QUEUE, GPU_QUEUE, JUDGE_QUEUE, OUTSIDE_QUEUE)


def hides_state(settings: Settings) -> None:
    """Make sure that no box of this worker would show what is the service's own.

    Raises:
        Fault: one would, or there is no interpreter for boxes.

    """
    try:
        require_apart(settings.state)  # before the first file is kept there
        require_apart(settings.state, host_python(settings.python, cache=settings.home / "cache"))
    except NoIsolation as error:
        raise Fault("no-isolation", error.detail, error.remedy, reason_code="NO_ISOLATION") from error


@dataclass(frozen=True)
class Hands:
    """One worker process. Its environments are keyed by digest: a run is claimed only if its digest is here.

    An environment that is built while the worker runs is there a moment later (`look`); one that was built anew is there
    beside its older build, in which runs that were sealed before can still be executed. Assets are looked for likewise, and
    one that is gone or was changed is offered no more.
    """

    parts: Parts
    box: Sandbox
    environments: dict[str, Environment]
    name: str  # who executes: host and process
    queues: frozenset[str]
    signing: Signing | None = None  # in a judge alone
    assets: dict[str, Asset] = field(default_factory=dict)  # by digest, likewise
    _held: list[tuple[Gpu, IO[str]]] = field(default_factory=list)  # the device that this process holds, and its lock
    _seen: list[str] = field(default_factory=list)  # what was built when it was looked last
    _seen_assets: list[str] = field(default_factory=list)  # what was there of assets

    @classmethod
    def open(
        cls, settings: Settings, queues: Iterable[str] = ALL_QUEUES, devices: Callable[[], list[Gpu]] = gpus.find
    ) -> Hands:
        """Open database, queue and sandbox, take a GPU, and publish this host's environments and this worker."""
        parts = Parts.open(settings)
        python = host_python(settings.python, cache=settings.home / "cache")
        box = Sandbox(minimum=settings.isolation, ahead=settings.prepared_boxes, engine=settings.engine)
        signing = Signing(settings) if JUDGE_QUEUE in queues else None
        hands = cls(parts, box, {}, owner(), frozenset(queues), signing)
        hands.take_gpu(devices)
        hands.offer(python)
        hands.look()
        actions.announce(parts, hands.worker)
        return hands

    @property
    def worker(self) -> KnownWorker:
        """What others know of this worker."""
        queues = self.queues if self.gpu is not None else self.queues - {GPU_QUEUE}
        device = "" if self.gpu is None else json.dumps(gpus.describe(self.gpu))
        return KnownWorker(self.name, queues, frozenset(self.environments), frozenset(self.assets), device)

    @property
    def gpu(self) -> Gpu | None:
        """The device that this process holds, and no other process of this host."""
        return self._held[0][0] if self._held else None

    def take_gpu(self, devices: Callable[[], list[Gpu]]) -> None:
        """Hold a GPU that is free, where this worker serves runs that need one."""
        if GPU_QUEUE not in self.queues:
            return
        try:
            held = gpus.take(gpu for gpu in devices() if gpus.trouble(gpu) is None)
        except SandboxFault as fault:
            log.warning("worker %s holds no GPU: %s", self.name, fault)
            return
        if held is not None:
            self._held.append(held)

    def look_at_gpu(self) -> None:
        """Give the device to no further run unless it answers and its memory is free again."""
        wrong = None if self.gpu is None else gpus.trouble(self.gpu)
        if wrong is not None:
            log.error("worker %s gives its GPU to no further run: %s", self.name, wrong)
            self._give_gpu_back()

    def _give_gpu_back(self) -> None:
        while self._held:
            self._held.pop()[1].close()

    def offer(self, environment: Environment) -> None:
        """Execute runs in an environment from now on, and tell intake of it."""
        self.environments[environment.digest] = environment
        actions.publish_environment(self.parts, environment.name, environment.digest, environment.describe())

    def doubt(self) -> None:
        """Have environments and assets loaded anew at the next look: one of them is not as it was on the disk."""
        self._seen.clear()
        self._seen_assets.clear()

    def look(self) -> None:
        """Offer what was built or added since the last look."""
        if CPU_QUEUE not in self.queues and GPU_QUEUE not in self.queues:
            return
        self._look_at_environments()
        self._look_at_assets()

    def _look_at_environments(self) -> None:
        settings = self.parts.settings
        now = changes(settings.environment_folder)
        if now == self._seen:
            return
        python = host_python(settings.python, cache=settings.home / "cache")
        found, wrong = load_all(settings.environment_folder, python, settings.home / "cache")
        for problem in wrong.values():
            log.warning("worker %s: %s", self.name, problem)
        for environment in found:
            self.offer(environment)
        self._seen[:] = now

    def _look_at_assets(self) -> None:
        settings = self.parts.settings
        now = changes(settings.assets)
        if now == self._seen_assets:
            return
        found, wrong = assets.load_all(settings.assets, settings.home / "cache")
        for problem in wrong.values():
            log.warning("worker %s: %s", self.name, problem)
        actions.publish_assets(self.parts, [assets.row(asset) for asset in found])
        self.assets.update({asset.digest: asset for asset in found})
        for digest in self.assets.keys() - {asset.digest for asset in found}:
            self.assets.pop(digest)
        self._seen_assets[:] = now

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
        self._give_gpu_back()
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
                self._hands.look()
                actions.announce(self._hands.parts, self._hands.worker)
            except (Fault, SandboxFault) as fault:
                log.warning("worker %s could not say that it is there: %s", self._hands.name, fault)
