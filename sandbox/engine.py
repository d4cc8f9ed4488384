"""The supervisor: stages a job, hands it to the slot's launcher, has it watched, and says what happened.

Theory of operation. A `Sandbox` owns slots, mostly one: a lock, a user id of its own (when started as root), a cgroup, a
launcher process and a private folder. A run is: take a box, stage the files, hand the job over, watch (`watch.py`). The
launcher reports only when nothing of the run is left, so when `run` returns, everything of it is dead and its files are
gone; a slot whose run the kernel does not end in time is retired instead and never used again.

A box can be made ahead: once a run is over, the slot makes the next one in the shape of the last, and it waits while the
caller is busy with the outcome. A job of another shape, or one that comes first, has its box made at once, by the same
steps. A box is for one run in either case. Clocks and counters begin with the program.

A box that is made ahead may import what its environment names; one that is made at once never does, and is the
reference. When a box ends before its program has begun, and had something to import, the job is given to one without.

Fail closed: without the chosen engine, user namespaces and seccomp there is no run at all.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Self

from sandbox import assets
from sandbox.built import require_unchanged
from sandbox.gpus import Meter, describe
from sandbox.host import LEVEL_REMEDIES, LEVELS, host_facts
from sandbox.job import MIB, Job, NoIsolation, Outcome, SandboxFault, SealBroken, Usage
from sandbox.judge import judge
from sandbox.makers import ENGINES
from sandbox.plan import SETTINGS, hand_over, variables
from sandbox.programs import runner_digest
from sandbox.slot import Slot
from sandbox.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sandbox.box import Box
    from sandbox.job import Shape
    from sandbox.judge import Seen
    from sandbox.plan import Host

#: Below this a box made ahead imports nothing: it would end for want of memory before there is a program to blame.
IMPORT_BYTES_MIN = 768 * MIB


def always(_: Usage) -> bool:
    """Let a run go on."""
    return True


class Sandbox:
    """A place in which sealed runs are executed one after the other. A context manager; not thread-safe.

    A slot is taken by the first run, in the thread that calls it, and the kernel ends it with that thread.

    Args:
        minimum: least isolation level; a weaker host raises `NoIsolation` before anything is executed.
        ahead: how many boxes wait for their jobs, each in a slot of its own; 0 makes every box when its job comes.
        engine: what makes the boxes, one of `makers.ENGINES`.

    """

    def __init__(self, minimum: str = "C", ahead: int = 0, engine: str = "bwrap") -> None:
        if minimum not in LEVELS:
            raise ValueError(f"there is no isolation level {minimum!r}; known: {', '.join(LEVELS)}")
        if engine not in ENGINES:
            raise ValueError(f"there is no engine {engine!r}; known: {', '.join(ENGINES)}")
        self.minimum = minimum
        self.ahead = ahead
        self.maker = ENGINES[engine]
        self._slots: list[Slot] = []  # the one that was used last comes last
        self._host: Host | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the launchers and give the slots back."""
        while self._slots:
            self._slots.pop().close()

    def run(self, job: Job, tick: Callable[[Usage], bool] = always, minimum: str = "C") -> Outcome:
        """Execute a job and return what its process did.

        Args:
            job: what to run.
            tick: called about twice a second; False cancels. It should be quick: nothing is read meanwhile.
            minimum: least level that this job demands, beside the sandbox's own.

        Raises:
            NoIsolation: the host cannot seal the run as demanded; nothing was executed.
            EnvironmentChanged: the environment was touched since its digest was found, before the run or meanwhile.
            AssetChanged: an asset was, likewise.
            SealBroken: a staged file is not what it should be; nothing was executed.
            SandboxFault: the sandbox itself failed.

        """
        self._require_unchanged(job)
        slot, host = self._open(job.shape)
        wanted = max(self.minimum, minimum, key=LEVELS.index)
        if LEVELS.index(slot.level) < LEVELS.index(wanted):
            detail = f"isolation level {wanted} is demanded, this host gives {slot.level}"
            raise NoIsolation(detail, LEVEL_REMEDIES[wanted])
        if job.gpu is not None and self.maker.name != "bwrap":
            raise NoIsolation(
                "no box by crun is given a GPU", "set ASSAY_ENGINE=bwrap for the workers of the queue gpu"
            )
        with Meter(job.gpu) if job.gpu is not None else contextlib.nullcontext() as meter:
            found = self._with_imports(slot, host, job, tick)
            if found is None:
                slot, host = self._open(job.shape)
                found = self._in_a_box(slot, host, job, tick, plain=True)
        box, ahead, seen = found
        self._require_unchanged(job)  # what was changed meanwhile may have decided what the program did
        try:
            start: dict[str, Any] = {"start": "cold"}
            if ahead:
                start = {"start": "prepared", "waited_ms": box.waited_ms}
            if job.gpu is not None and meter is not None:
                start["gpu"] = {**describe(job.gpu), **meter.found()}
            if box.imports:
                start["imported"] = list(box.imports)
            outcome = judge(job, seen, {**self._isolation(slot, host, job.shape), **start})
        except SandboxFault:
            self.close()  # a launcher or host that failed once starts afresh
            raise
        with contextlib.suppress(SandboxFault):  # it concerns the next run, which will meet it again
            self._make_ahead(host, job)
        return outcome

    def _with_imports(
        self, slot: Slot, host: Host, job: Job, tick: Callable[[Usage], bool]
    ) -> tuple[Box, bool, Seen] | None:
        """Run a job in whatever box suits it; None when that box had something to import and no program began in it."""
        imports = slot.waiting.imports if slot.waiting is not None and not job.plain else ()
        try:
            found = self._in_a_box(slot, host, job, tick, plain=job.plain)
        except SealBroken:
            raise
        except SandboxFault:
            if not imports:
                raise
            return None
        began = found[2].channel.begun or found[2].cause == "cancelled"
        return found if began or not found[0].imports else None

    @staticmethod
    def _in_a_box(
        slot: Slot, host: Host, job: Job, tick: Callable[[Usage], bool], *, plain: bool
    ) -> tuple[Box, bool, Seen]:
        """Run a job in a box and return it, whether it was made ahead, and what was seen."""
        box, ahead = slot.take_box(host, job.shape, plain=plain)
        try:
            box.stage(job)
            message = hand_over(job, slot.programs.evaluator(job), counted=slot.cgroup is not None)
            return box, ahead, Watch(slot, box, job, tick).until_over(message)
        except BaseException:
            slot.end()
            raise
        finally:
            box.close()

    @staticmethod
    def _require_unchanged(job: Job) -> None:
        require_unchanged(job.environment)
        assets.require_unchanged(asset for _, asset in job.assets)

    def level(self) -> str:
        """Return the isolation level that this host gives.

        Raises:
            NoIsolation: none at all.

        """
        return self._open()[0].level

    def _open(self, shape: Shape | None = None) -> tuple[Slot, Host]:
        """Return the slot for the next run: one whose box fits, else a new one, else that which rested longest."""
        if self._host is None:
            self._host = host_facts()
        for slot in [slot for slot in self._slots if not slot.alive()]:
            self._slots.remove(slot)
            slot.close()
        fitting = next((slot for slot in self._slots if shape is not None and slot.waits(shape)), None)
        slot = fitting or (self._slots[0] if self._slots else Slot.take(self.maker))
        self._slots = [*(other for other in self._slots if other is not slot), slot]
        return slot, self._host

    def _make_ahead(self, host: Host, job: Job) -> None:
        """Make the boxes that wait, in the shape of the last run; what it did not want imported, the next will not."""
        shape = job.shape
        roomy = shape.memory_bytes >= IMPORT_BYTES_MIN and job.mode == "script" and not job.plain
        imports = shape.environment.imports if roomy else ()
        while len(self._slots) < self.ahead:
            self._slots.insert(0, Slot.take(self.maker))
        for slot in self._slots[: self.ahead]:
            if not slot.waits(shape):
                slot.prepare(host, shape, imports)

    @staticmethod
    def _isolation(slot: Slot, host: Host, shape: Shape) -> dict[str, Any]:
        set_here = variables(shape)
        return {
            **slot.maker.isolation(host),
            "level": slot.level,
            "usage_source": slot.source,
            "runner": runner_digest(),
            "kernel": os.uname().release,
            "machine": os.uname().machine,
            "own_user": slot.uid is not None,
            "environment": {
                "name": shape.environment.name,
                **shape.environment.describe(),
                "settings": {name: set_here[name] for name in SETTINGS if name in set_here},
            },
            **({"assets": [assets.describe(name, asset) for name, asset in shape.assets]} if shape.assets else {}),
        }
