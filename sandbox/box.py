"""One box from our side: the folders that it sees, the pipes to it, and the moment at which it gets its job.

A box is made for a shape and consumed by one run. Whether it was made ahead and has waited, or at once, is the same
code: make, stage, hand over. Its folders are empty and bound read-only when it is made; what is staged into them later
appears inside, because a mount shows a folder and not a moment of it.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sandbox import staging
from sandbox.job import SandboxFault, Staging

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.job import Job, Shape

#: What a pipe takes at once, so that a hand-over does not wait; unless the pipes of our user are so many that the kernel
#: gives it a single page, as another slot's program can see to where slots have no users of their own.
MESSAGE_MAX = 60_000
HAND_OVER_SECONDS = 10


class Box:
    """Folders and pipes of one box.

    Attributes:
        shape: what it was made for.
        imports: modules that it has imported before its job comes.
        staging: the folders that it sees.
        pipes: our reading ends, and which stream each is.
        theirs: the ends that the launcher gets: stdin, stdout, stderr, channel.

    """

    def __init__(self, base: Path, shape: Shape, uid: int | None, imports: tuple[str, ...] = ()) -> None:
        """Make folders and pipes.

        Raises:
            SandboxFault: they could not be made.

        """
        self.base = base
        self.shape = shape
        self.imports = imports
        self.staging = Staging(base / "job", base / "in")
        self.pipes: dict[int, str] = {}
        self.theirs: list[int] = []
        self._go = -1
        self._made = time.monotonic()
        self.waited_ms = 0
        try:
            staging.make_folders(base, self.staging.job, self.staging.inputs)
            self._open(uid)
        except OSError as error:
            self.close()
            raise SandboxFault(f"no box could be made: {error}") from error

    def _open(self, uid: int | None) -> None:
        stdin, self._go = os.pipe2(os.O_CLOEXEC)
        self.theirs.append(stdin)
        os.set_blocking(self._go, False)
        for name in ("stdout", "stderr", "channel"):
            reader, writer = _channel() if name == "channel" else os.pipe2(os.O_CLOEXEC)
            os.set_blocking(reader, False)
            self.pipes[reader] = name
            self.theirs.append(writer)
            if uid is not None and name != "channel":
                os.fchown(writer, uid, uid)  # so that /dev/stdout can be opened

    def launched(self) -> None:
        """Close the ends that the launcher has now."""
        while self.theirs:
            os.close(self.theirs.pop())

    def stage(self, job: Job) -> None:
        """Write a job's files, each checked against its digest.

        Raises:
            SealBroken: a file is not what it should be.
            SandboxFault: a file has no place in the box, or could not be written.

        """
        staging.write_files(self.base, job.files)

    def hand_over(self, message: bytes) -> None:
        """Tell the runner what to run.

        Raises:
            SandboxFault: there is more to tell than fits, or nobody takes it.

        """
        if len(message) > MESSAGE_MAX:
            raise SandboxFault("the arguments and variables of a job are too long")
        self.waited_ms = int((time.monotonic() - self._made) * 1000)
        left = memoryview(len(message).to_bytes(4, "big") + message)
        until = time.monotonic() + HAND_OVER_SECONDS
        with suppress(BrokenPipeError):  # it is gone: its end says more than the pipe
            while left:
                with suppress(BlockingIOError):
                    left = left[os.write(self._go, left) :]
                if time.monotonic() > until:
                    raise SandboxFault("the box did not take its job in time")
                if left:
                    select.select([], [self._go], [], HAND_OVER_SECONDS)
        os.close(self._go)
        self._go = -1

    def unstage(self) -> None:
        """Remove the job's files, while the kernel takes the box down: the runner has ended, and needs them no more."""
        for folder in (self.staging.job, self.staging.inputs):
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Give back pipes and folders, when nothing of the box is left."""
        self.let_go()
        shutil.rmtree(self.base, ignore_errors=True)

    def let_go(self) -> None:
        """Close the pipes, as a fork of the supervisor does with its copies."""
        self.launched()
        for descriptor in self.pipes:
            os.close(descriptor)
        self.pipes.clear()
        if self._go >= 0:
            os.close(self._go)
            self._go = -1


def _channel() -> tuple[int, int]:
    """Return the ends of the channel: a socket, because a pipe of one's own user can be opened through /proc.

    A program that opened it could take the word that it begins out of it before we have read it, and its run would look
    as if it had failed through us. A socket cannot be opened by its name in /proc, has none elsewhere, and is shut for
    reading on the other side; the program's own copy is closed before it begins. What else leads to a descriptor of the
    runner (pidfd_getfd, ptrace, process_vm_writev) the filter refuses. Killing or stopping the runner is the program's
    own doing, to the judge and to the clocks, and so is code in the runner's memory (/proc/PID/mem): it can send what a
    runner can send, and the word that it begins has been said by then.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.shutdown(socket.SHUT_WR)
    return ours.detach(), theirs.detach()
