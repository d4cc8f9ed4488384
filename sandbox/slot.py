"""One slot: its number, user, cgroup, folder and launcher, which are held for many runs, and the box of each run."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sandbox import cgroup, line, staging
from sandbox.box import Box
from sandbox.job import SandboxFault
from sandbox.meter import Meter, memory_limit
from sandbox.programs import Programs
from sandbox.slot_parts import FIRST_UID, allow_many_descriptors, lock_free_slot, rlimits

if TYPE_CHECKING:
    import socket

    from sandbox.cgroup import Cgroup
    from sandbox.job import Shape
    from sandbox.judge import Ending
    from sandbox.makers import Maker
    from sandbox.plan import Host

LAUNCHER_SECONDS = 5  # a launcher needs milliseconds to end what is below it

#: Slots that hold what the kernel has not ended yet; locked, so that number, user and cgroup serve nobody else meanwhile.
#: It may take a minute. Whoever takes a slot gives back those that are empty by then, so that they do not run out.
_RETIRED: list[Slot] = []


@dataclass
class Slot:
    """A place for one box at a time, and so for one run: cgroup and launcher know only one."""

    maker: Maker
    number: int
    lock: IO[str]
    uid: int | None  # its own user when we are root; None when we are an ordinary user already
    cgroup: Cgroup | None
    folder: Path
    folder_lock: int
    launcher: subprocess.Popen[bytes]
    channel: socket.socket
    owner: int = field(default_factory=os.getpid)
    thread: threading.Thread = field(default_factory=threading.current_thread)
    boxes: int = 0  # made so far
    waiting: Box | None = None
    retired: bool = False

    @classmethod
    def take(cls, maker: Maker) -> Slot:
        """Take a free slot and start its launcher.

        Raises:
            NoIsolation: a part that sealing needs is missing.
            SandboxFault: no slot is free, or the launcher did not start.

        """
        try:
            return cls._take(maker)
        except OSError as error:
            raise SandboxFault(f"no slot could be made: {error}") from error

    @classmethod
    def _take(cls, maker: Maker) -> Slot:
        maker.require()
        allow_many_descriptors()
        for slot in [slot for slot in _RETIRED if slot.is_empty()]:
            with suppress(ValueError):  # another thread was faster
                _RETIRED.remove(slot)
                slot.give_back()
        with ExitStack() as undo:
            number, lock = lock_free_slot()
            undo.callback(lock.close)
            group = cgroup.open_cgroup(number)
            if group is not None:
                undo.callback(group.remove)
            uid = FIRST_UID + number if os.geteuid() == 0 else None
            folder, folder_lock = staging.private_folder(uid)
            undo.callback(os.close, folder_lock)
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            launcher, channel = line.start_launcher(group, uid)
            undo.pop_all()
        slot = cls(maker, number, lock, uid, group, folder, folder_lock, launcher, channel)
        try:
            ready = channel.recv(1 << 16)
        except OSError:
            ready = b""
        except BaseException:  # a signal that ends us: nobody else knows of this slot yet
            slot.close()
            raise
        if not ready:
            slot.close()
            raise SandboxFault("the launcher did not start")
        return slot

    def __post_init__(self) -> None:
        """Begin without programs, and with nothing counted."""
        self.programs = Programs(self.folder)
        self.meter = Meter(self.cgroup, self.launcher.pid)

    @property
    def level(self) -> str:
        """The isolation level of this slot."""
        return self.cgroup.level if self.cgroup is not None else "C"

    @property
    def source(self) -> str:
        """Where the usage figures come from."""
        return self.cgroup.source if self.cgroup is not None else "rusage"

    def alive(self) -> bool:
        """Whether the launcher still runs, in the process that started it (a fork must not use it).

        The kernel tells the launcher to end with the thread that started it, and it may be about to obey.
        """
        if self.retired or self.owner != os.getpid():
            return False
        return self.thread.is_alive() and self.launcher.poll() is None

    def close(self) -> None:
        """End the launcher and everything below it, and give everything back; a fork only lets go of its copies.

        What is retired is not ours any more.
        """
        if self.retired:
            return
        self._let_go()
        if self.owner != os.getpid():
            if self.cgroup is not None:
                self.cgroup.let_go()
            os.close(self.folder_lock)
            self.lock.close()
            self.launcher.returncode = 0  # not our child, so there is nothing to wait for
            return
        self._wait()
        if not self.retired:
            self.give_back()

    def _let_go(self) -> None:
        """Close what leads to the launcher and into its box."""
        self.meter.close()
        self.channel.close()
        box, self.waiting = self.waiting, None
        if box is not None:
            box.let_go()

    def give_back(self) -> None:
        """Give back what a slot had in which nothing is left."""
        self._let_go()
        if self.cgroup is not None:
            self.cgroup.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.folder_lock)
        self.lock.close()

    def abandon(self) -> None:
        """End the launcher, and with it every box below it; the next run starts a new one."""
        self.launcher.terminate()
        self._wait()

    def retire(self) -> None:
        """Run nothing in this slot again: the kernel does not end what is in it. Waits for nothing."""
        if not self.retired:
            self.retired = True
            self.launcher.terminate()  # it ends when nothing is left below it
            _RETIRED.append(self)

    def is_empty(self) -> bool:
        """Whether nothing is left in a retired slot: its launcher ended in order, or was killed and nobody is there.

        Where neither tells, nobody can know, and the slot stays as it is. To a fork of the owner nothing is told.
        """
        if self.owner != os.getpid() or self.launcher.poll() is None:
            return False
        try:
            return self.launcher.returncode == 0 or (self.cgroup is not None and not self.cgroup.members())
        except OSError:
            return False

    def _wait(self) -> None:
        """Wait for the launcher, which is told to end; as it waits for what is below it, it may have to be left to that."""
        try:
            self.launcher.wait(LAUNCHER_SECONDS)
        except subprocess.TimeoutExpired:
            self.retire()

    # --- one box at a time

    def waits(self, shape: Shape) -> bool:
        """Whether a box of this shape was made ahead and still lives."""
        box = self.waiting
        return self.alive() and box is not None and box.shape == shape and not self._ended()

    def prepare(self, host: Host, shape: Shape, imports: tuple[str, ...] = ()) -> None:
        """Make a box that waits for its job, and imports modules meanwhile.

        Raises:
            SandboxFault: it could not be made.

        """
        if self.retired:
            raise SandboxFault("this slot is retired")
        self.discard()
        folder = self.programs.folder(shape.environment)
        self.boxes += 1
        box = Box(self.folder / f"run-{self.boxes}", shape, self.uid, imports)
        try:
            argv, further = self.maker.prepare(box, host, str(folder), self.uid)
            try:
                self._limit(shape)
                self._launch(shape, argv, [*box.theirs, *further])
            finally:
                for descriptor in further:
                    os.close(descriptor)
        except BaseException:
            box.close()
            raise
        box.launched()
        self.waiting = box

    def take_box(self, host: Host, shape: Shape, *, plain: bool = False) -> tuple[Box, bool]:
        """Return a box for one run, and whether it was made ahead; whoever takes it closes it.

        Args:
            host: facts about the host.
            shape: what the box is for.
            plain: whether it may have imported nothing.

        Raises:
            SandboxFault: none could be made.

        """
        ahead = self.waits(shape) and not (plain and self.waiting is not None and self.waiting.imports)
        if not ahead:
            self.prepare(host, shape)
        box, self.waiting = self.waiting, None
        assert box is not None  # noqa: S101 - made above
        return box, ahead

    def discard(self) -> None:
        """End the box that waits, if there is one, and give back what it had."""
        if self.waiting is None:
            return
        box, self.waiting = self.waiting, None
        try:
            self.end()
        finally:
            box.close()

    def end(self) -> None:
        """End the box that nothing has been handed to, and wait until it is gone."""
        if self.launcher.poll() is not None:
            return
        with suppress(OSError):
            self.kill()
        if self.ending() is None:
            self.abandon()

    def _limit(self, shape: Shape) -> None:
        if self.cgroup is not None:
            try:
                self.cgroup.limit(memory_limit(shape), shape.processes, shape.cpus)
            except OSError as error:
                raise SandboxFault(f"the limits could not be set: {error}") from error

    def _launch(self, shape: Shape, argv: list[str], descriptors: list[int]) -> None:
        """Hand a box to the launcher.

        Raises:
            SandboxFault: it is gone.

        """
        line.request(self.channel, argv, rlimits(shape), descriptors)

    def is_over(self) -> bool:
        """Whether the launcher has something to say: that nothing is left of the run, or that it is gone itself."""
        return bool(select.select([self.channel], [], [], 0)[0])

    def _ended(self) -> bool:
        """Whether the box that waits has ended by itself; its report is read."""
        if not self.is_over():
            return False
        box, self.waiting = self.waiting, None
        if self.ending() is None:
            self.abandon()
        if box is not None:
            box.close()
        return True

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the run is over."""
        return self.channel.fileno()

    def ending(self) -> Ending | None:
        """Read the launcher's report; None when it died."""
        return line.report(self.channel)

    def kill(self) -> None:
        """Ask the launcher to end the run at once."""
        self.channel.send(b"kill")
