"""The supervisor: stages a job, hands it to the slot's launcher, watches, and says what happened.

Theory of operation. A `Sandbox` owns slots, mostly one: a lock, a user id of its own (when started as root), a cgroup, a
launcher process and a private folder. A run is: take a box, stage the files, hand the job over, then one poll loop
without sleeps over the pipes, the launcher's socket and the nearest deadline. Counters are read twenty times a second;
the first sign of a broken limit ends the whole run. The launcher reports only when nothing of the run is left, so when
`run` returns, everything of it is dead and its files are gone.

A box can be made ahead: once a run is over, the slot makes the next one in the shape of the last, and it waits while the
caller is busy with the outcome. A job of another shape, or one that comes first, has its box made at once, by the same
steps. A box is for one run in either case. Clocks and counters begin at the hand-over.

Fail closed: without the chosen engine, user namespaces and seccomp there is no run at all.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from typing import TYPE_CHECKING, Any, Self

from sandbox.channel import Channel
from sandbox.host import LEVELS, host_facts
from sandbox.job import Job, NoIsolation, Outcome, SandboxFault, Usage
from sandbox.judge import Seen, judge
from sandbox.makers import ENGINES
from sandbox.plan import hand_over
from sandbox.programs import runner_digest
from sandbox.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sandbox.box import Box
    from sandbox.job import Shape
    from sandbox.plan import Host

POLL_SECONDS = 0.05  # between two readings of the counters
TICK_SECONDS = 0.5
CHUNK = 1 << 16
TAIL = 4096
KILL_SECONDS_MAX = 10  # the kernel needs milliseconds; more means that our side is broken


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
            SealBroken: a staged file is not what it should be; nothing was executed.
            SandboxFault: the sandbox itself failed.

        """
        slot, host = self._open(job.shape)
        wanted = max(self.minimum, minimum, key=LEVELS.index)
        if LEVELS.index(slot.level) < LEVELS.index(wanted):
            raise NoIsolation(f"isolation level {wanted} is demanded, this host gives {slot.level}")
        box, ahead = slot.take_box(host, job.shape)
        try:
            box.stage(job)
            message = hand_over(job, slot.programs.evaluator(job), counted=slot.cgroup is not None)
            seen = _Watch(slot, box, job, tick).until_over(message, ahead=ahead)
        except BaseException:
            slot.end()
            raise
        finally:
            box.close()
        try:
            start = {"start": "prepared", "waited_ms": box.waited_ms} if ahead else {"start": "cold"}
            outcome = judge(job, seen, {**self._isolation(slot, host), **start})
        except SandboxFault:
            self.close()  # a launcher or host that failed once starts afresh
            raise
        with contextlib.suppress(SandboxFault):  # it concerns the next run, which will meet it again
            self._make_ahead(host, job.shape)
        return outcome

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

    def _make_ahead(self, host: Host, shape: Shape) -> None:
        while len(self._slots) < self.ahead:
            self._slots.insert(0, Slot.take(self.maker))
        for slot in self._slots[: self.ahead]:
            if not slot.waits(shape):
                slot.prepare(host, shape)

    @staticmethod
    def _isolation(slot: Slot, host: Host) -> dict[str, Any]:
        return {
            **slot.maker.isolation(host),
            "level": slot.level,
            "usage_source": slot.source,
            "runner": runner_digest(),
            "kernel": os.uname().release,
            "machine": os.uname().machine,
            "own_user": slot.uid is not None,
        }


class _Watch:
    """The poll loop over one run."""

    def __init__(self, slot: Slot, box: Box, job: Job, tick: Callable[[Usage], bool]) -> None:
        self.slot = slot
        self.box = box
        self.job = job
        self.tick = tick
        self.seen = Seen(Channel(job.result_cap, job.output_cap))
        self.buffers = {"stdout": bytearray(), "stderr": bytearray()}
        self.caps = {"stdout": job.stdout_cap, "stderr": job.stderr_cap}
        self.over = False

    def until_over(self, message: bytes, *, ahead: bool) -> Seen:
        """Hand the job over and watch the run to its end; nothing of it is left afterwards."""
        try:
            self.slot.begin(ahead=ahead)
            self.started = time.monotonic()
            self.deadline = self.started + self.job.wall_ms / 1000
            self.box.hand_over(message)
            self._loop(self.box.pipes)
            self.over = True
            for reader, name in self.box.pipes.items():
                while self._read(reader, name):
                    pass
            self._count()
            self._time()
        except BaseException:
            self.slot.abandon()  # whatever went wrong, the box ends with its launcher
            raise
        self.seen.stdout, self.seen.stderr = (bytes(self.buffers[name]) for name in ("stdout", "stderr"))
        return self.seen

    def _loop(self, pipes: dict[int, str]) -> None:
        poller = select.poll()
        for reader in pipes:
            poller.register(reader, select.POLLIN)
        socket = self.slot.fileno()
        poller.register(socket, select.POLLIN)
        next_count = self.started + POLL_SECONDS
        next_tick = self.started + TICK_SECONDS
        while True:
            wake = next_count if self.seen.cause is not None else min(next_count, next_tick, self.deadline)
            for descriptor, _ in poller.poll(max(0.0, wake - time.monotonic()) * 1000 + 1):
                if descriptor == socket:
                    self.seen.ending = self.slot.ending()
                    return
                if not self._read(descriptor, pipes[descriptor]):
                    poller.unregister(descriptor)  # at its end: poll said that there was something to read
            now = time.monotonic()
            if self.seen.cause is not None and now > self.seen.ended_at + KILL_SECONDS_MAX:
                raise SandboxFault("a run could not be ended")
            if now >= next_count:
                self._count()
                next_count = now + POLL_SECONDS
            if now >= self.deadline:
                self._end("wall")
            if now >= next_tick and self.seen.cause is None:
                if not self.tick(self._usage()):
                    self._end("cancelled")
                next_tick = time.monotonic() + TICK_SECONDS

    def _read(self, reader: int, name: str) -> bool:
        """Take in one piece of what a pipe holds; False when there is none.

        One piece, and then the clocks and the other pipes: whoever writes faster than we read must not hold us here.
        """
        try:
            data = os.read(reader, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            return False
        if name == "channel":
            if not self.seen.channel.feed(data):
                self._end(self.seen.channel.too_large or "output")
            return True
        buffer = self.buffers[name]
        left = self.caps[name] - len(buffer)
        buffer += data[:left]
        if len(data) > left:
            self._end(name)
        return True

    def _count(self) -> None:
        """Read the counters and end the run at the first limit passed."""
        seen = self.seen
        seen.wall_ms = int((time.monotonic() - self.started) * 1000)
        try:
            self.slot.count(self.job, seen)
        except OSError as error:
            raise SandboxFault(f"the counters could not be read: {error}") from error
        if seen.oom_kills or seen.memory_bytes > self.slot.memory_limit(self.job.shape):
            self._end("memory")
        elif seen.cpu_ms > self.job.cpu_ms:
            self._end("cpu")

    def _time(self) -> None:
        """Take the run's own end for its wall time: we may have been slow to notice, which is not the program's fault."""
        ending = self.seen.ending
        if ending is not None:
            self.seen.wall_ms = int((ending.ended_at - self.started) * 1000)
            self.seen.causes.discard("wall")
            if ending.ended_at > self.deadline:
                self.seen.causes.add("wall")

    def _end(self, cause: str) -> None:
        """Kill the run; the first cause by precedence is kept by the judge."""
        self.seen.causes.add(cause)
        if self.seen.cause is None:
            self.seen.cause = cause
            self.seen.ended_at = time.monotonic()
            if not self.over:
                with contextlib.suppress(OSError):
                    self.slot.kill()

    def _usage(self) -> Usage:
        seen = self.seen
        return Usage(seen.wall_ms, seen.cpu_ms, seen.memory_bytes, bytes(self.buffers["stdout"][-TAIL:]))
