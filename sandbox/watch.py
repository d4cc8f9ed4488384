"""The poll loop over one run: from the hand-over to the moment at which nothing of it is left.

Theory of operation. One loop without sleeps over the pipes, the launcher's socket and the nearest deadline. Until the
program begins, which the box says on its channel, the run is ours: making has a bound of its own, and whatever fails is
our fault. From then on the run is the program's: wall clock and counters start, counters are read twenty times a second,
and the first sign of a broken limit ends the whole run. A kill needs milliseconds; where the kernel takes longer than
`KILL_SECONDS_MAX`, the outcome is recorded all the same and the slot is retired with what is left in it.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from typing import TYPE_CHECKING

from sandbox.cgroup import OWN_MEMORY
from sandbox.channel import Channel
from sandbox.job import SandboxFault, Usage
from sandbox.judge import LOCKS_MAX, Ending, Seen
from sandbox.meter import memory_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.box import Box
    from sandbox.job import Job
    from sandbox.slot import Slot

POLL_SECONDS = 0.05  # between two readings of the counters
TICK_SECONDS = 0.5
CHUNK = 1 << 16
TAIL = 8192
MAKING_SECONDS_MAX = 30  # a box needs a fraction of one, on a busy machine a few
KILL_SECONDS_MAX = 10


class Watch:
    """One run, watched.

    Args:
        slot: where it runs.
        box: what it runs in.
        job: what it may use.
        tick: called about twice a second; False cancels.

    """

    def __init__(self, slot: Slot, box: Box, job: Job, tick: Callable[[Usage], bool]) -> None:
        self.slot = slot
        self.box = box
        self.job = job
        self.tick = tick
        self.seen = Seen(Channel(job.result_cap, job.output_cap))
        self.buffers = {"stdout": bytearray(), "stderr": bytearray()}
        self.caps = {"stdout": job.stdout_cap, "stderr": job.stderr_cap}
        self.begun = self.over = False
        self.started = 0.0  # when it was handed over, later when the program began; on the monotonic clock
        self.deadline = 0.0  # of the making, later of the wall clock

    def until_over(self, message: bytes) -> Seen:
        """Hand the job over and watch the run to its end; nothing of it is left afterwards, or the slot is retired.

        Raises:
            SandboxFault: no box came about in time, or the counters could not be read.

        """
        try:
            self.slot.meter.begin()
            self.started = time.monotonic()
            self.deadline = self.started + MAKING_SECONDS_MAX
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
            ready = [descriptor for descriptor, _ in poller.poll(max(0.0, wake - time.monotonic()) * 1000 + 1)]
            for descriptor in ready:
                if descriptor != socket and not self._read(descriptor, pipes[descriptor]):
                    poller.unregister(descriptor)  # at its end: poll said that there was something to read
                    if pipes[descriptor] == "channel":
                        self.box.unstage()
            if socket in ready:
                self.seen.ending = self.slot.ending()
                return
            now = time.monotonic()
            if self.seen.cause is not None and now > self.seen.ended_at + KILL_SECONDS_MAX:
                self.slot.retire()
                self.seen.ending = Ending(None, now, 0, 0, unfinished=True)
                return
            if now >= self.deadline:
                self._late()  # before anything that takes time
            if now >= next_count:
                self._count()
                counted = time.monotonic()
                next_count = max(now + POLL_SECONDS, counted + (counted - now))  # half of the time at most
            if now >= next_tick and self.seen.cause is None:
                if not self.tick(self._usage()):
                    self._end("cancelled")
                next_tick = time.monotonic() + TICK_SECONDS

    def _begin(self) -> None:
        """Start the clocks and counters of the program; what came before was ours.

        A program that has ended before we looked keeps those of the hand-over, so that what it used is counted at all.
        """
        self.begun = True
        if not self.slot.is_over():
            self.slot.meter.begin()
            self.started = time.monotonic()
        self.deadline = self.started + self.job.wall_ms / 1000

    def _late(self) -> None:
        if self.begun:
            self._end("wall")
        elif self.seen.cause is None:
            raise SandboxFault(f"the box was not made within {MAKING_SECONDS_MAX} s")

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
            goes_on = self.seen.channel.feed(data)
            if self.seen.channel.begun and not self.begun:
                self._begin()
            if not goes_on:
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
        if not self.begun:
            return
        seen.wall_ms = int((time.monotonic() - self.started) * 1000)
        try:
            self.slot.meter.count(self.job, seen, self.deadline)
        except OSError as error:
            raise SandboxFault(f"the counters could not be read: {error}") from error
        if seen.oom_kills or self._has_too_much():
            self._end("memory")
        elif seen.locks > LOCKS_MAX:
            self._end("locks")
        elif seen.cpu_ms > self.job.cpu_ms:
            self._end("cpu")

    def _has_too_much(self) -> bool:
        """Whether memory is passed: by what processes hold of their own, or together with the files of the scratch."""
        own = self.job.memory_bytes + OWN_MEMORY
        return self.seen.own_bytes > own or self.seen.memory_bytes > memory_limit(self.job.shape)

    def _time(self) -> None:
        """Take the run's own end for its wall time: we may have been slow to notice, which is not the program's fault."""
        ending = self.seen.ending
        if ending is not None and self.begun:
            self.seen.wall_ms = max(0, int((ending.ended_at - self.started) * 1000))
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
        stdout, stderr = (self.buffers[name] for name in ("stdout", "stderr"))
        return Usage(
            seen.wall_ms,
            seen.cpu_ms,
            seen.memory_bytes,
            bytes(stdout[-TAIL:]),
            bytes(stderr[-TAIL:]),
            len(stdout),
            len(stderr),
        )
