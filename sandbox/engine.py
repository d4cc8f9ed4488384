"""The supervisor: stages a job, hands it to the slot's launcher, watches, and says what happened.

Theory of operation. One `Sandbox` owns one slot: a lock, a user id of its own (when started as root), a cgroup, a
launcher process and a private folder. A run is: write the files, make three pipes, send the launcher bwrap's arguments
and the descriptors, then one poll loop without sleeps over the pipes, the launcher's socket and the nearest deadline.
Counters are read twenty times a second; the first sign of a broken limit ends the whole run. The launcher reports only
when nothing of the run is left, so when `run` returns, everything of it is dead and its files are gone.

Fail closed: without bubblewrap, user namespaces and seccomp there is no run at all.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from typing import TYPE_CHECKING, Any, Self

from sandbox import seccomp
from sandbox.channel import Channel
from sandbox.host import LEVELS, bwrap_version, host_facts
from sandbox.job import Job, NoIsolation, Outcome, SandboxFault, Usage
from sandbox.judge import Seen, judge
from sandbox.plan import Host, bwrap_arguments, command
from sandbox.slot import Slot, runner_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

POLL_SECONDS = 0.05  # between two readings of the counters
TICK_SECONDS = 0.5
CHUNK = 1 << 16
TAIL = 4096
KILL_SECONDS_MAX = 10  # the kernel needs milliseconds; more means that our side is broken
SECCOMP_FD = 5  # where the launcher puts the filter


def always(_: Usage) -> bool:
    """Let a run go on."""
    return True


class Sandbox:
    """One slot in which sealed runs are executed one after the other. A context manager; not thread-safe.

    The slot is taken by the first run, in the thread that calls it, and the kernel ends it with that thread.

    Args:
        minimum: least isolation level; a weaker host raises `NoIsolation` before anything is executed.

    """

    def __init__(self, minimum: str = "C") -> None:
        if minimum not in LEVELS:
            raise ValueError(f"there is no isolation level {minimum!r}; known: {', '.join(LEVELS)}")
        self.minimum = minimum
        self._slot: Slot | None = None
        self._host: Host | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the launcher and give the slot back."""
        if self._slot is not None:
            self._slot.close()
            self._slot = None

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
        slot, host = self._open()
        wanted = max(self.minimum, minimum, key=LEVELS.index)
        if LEVELS.index(slot.level) < LEVELS.index(wanted):
            raise NoIsolation(f"isolation level {wanted} is demanded, this host gives {slot.level}")
        with slot.staged(job) as staging:
            folder, compiled = slot.programs(job)
            arguments = bwrap_arguments(job, host, staging, str(folder), SECCOMP_FD)
            inside = command(job, compiled, counted=slot.cgroup is not None)
            seen = _Watch(slot, job, tick).until_over(arguments, inside)
        try:
            return judge(job, seen, self._isolation(slot, host))
        except SandboxFault:
            self.close()  # a launcher or host that failed once starts afresh
            raise

    def level(self) -> str:
        """Return the isolation level that this host gives.

        Raises:
            NoIsolation: none at all.

        """
        return self._open()[0].level

    def _open(self) -> tuple[Slot, Host]:
        if self._host is None:
            self._host = host_facts()
        if self._slot is None or not self._slot.alive():
            self.close()
            self._slot = Slot.take()
        return self._slot, self._host

    @staticmethod
    def _isolation(slot: Slot, host: Host) -> dict[str, Any]:
        return {
            "engine": "bwrap",
            "engine_version": bwrap_version(),
            "level": slot.level,
            "usage_source": slot.source,
            "seccomp": seccomp.digest(),
            "runner": runner_digest(),
            "kernel": os.uname().release,
            "machine": os.uname().machine,
            "own_user": slot.uid is not None,
            "userns_disabled": host.disable_userns,
        }


class _Watch:
    """The poll loop over one run."""

    def __init__(self, slot: Slot, job: Job, tick: Callable[[Usage], bool]) -> None:
        self.slot = slot
        self.job = job
        self.tick = tick
        self.seen = Seen(Channel(job.result_cap, job.output_cap))
        self.buffers = {"stdout": bytearray(), "stderr": bytearray()}
        self.caps = {"stdout": job.stdout_cap, "stderr": job.stderr_cap}
        self.over = False

    def until_over(self, arguments: list[str], inside: list[str]) -> Seen:
        """Start the run and watch it to its end; nothing of it is left afterwards."""
        pipes: dict[int, str] = {}
        theirs: list[int] = []
        try:
            for name in ("stdout", "stderr", "channel"):
                reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
                os.set_blocking(writer, True)
                pipes[reader] = name
                theirs.append(writer)
                if self.slot.uid is not None and name != "channel":
                    os.fchown(writer, self.slot.uid, self.slot.uid)  # so that /dev/stdout can be opened
            self.slot.limit(self.job)
            self.started = time.monotonic()
            self.deadline = self.started + self.job.wall_ms / 1000
            self.slot.launch(self.job, arguments, inside, theirs)
            while theirs:
                os.close(theirs.pop())
            self._loop(pipes)
            self.over = True
            for reader, name in pipes.items():
                while self._read(reader, name):
                    pass
            self._count()
            self._time()
        except BaseException:
            self.slot.abandon()  # whatever went wrong, the box ends with its launcher
            raise
        finally:
            for descriptor in (*pipes, *theirs):
                os.close(descriptor)
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
        if seen.oom_kills or seen.memory_bytes > self.slot.memory_limit(self.job):
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
