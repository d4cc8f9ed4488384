"""The slot's launcher: a small process that lives in the slot's cgroup and starts boxes there, one at a time.

Theory of operation. It is started once per slot with an empty environment and talks over the socket on fd 0. A request
is one message: JSON with the engine's command line and limits, and the descriptors of the box (stdin, stdout, stderr,
channel; for bwrap also arguments and filter). It goes to a child that was forked while the slot rested and is the
slot's user already; the child sets resource limits and executes the engine with no environment and only the descriptors
of the box. The launcher is a subreaper: when the engine's outer process ends, the box's PID 1 becomes our child, and
reaping that proves that the whole namespace is gone. Then one message says how the engine ended, when, and what was used,
and the next child is forked. A message "kill" ends a run at once; the end of the socket ends everything.

bwrap asks the kernel to let its PID 1 die with it, but only when that is set up: whoever kills bwrap earlier leaves a
child that waits for ever. So an end that is asked for also kills what is reparented to us, until nothing is left, and
our own end is an order that we can obey (SIGTERM when the supervisor dies), not a SIGKILL.

When memory ends, the kernel must choose a box and never the launcher, whose end would look like a fault of ours: boxes
ask to be killed first. A program may take that back for itself, but not for bwrap's outer process, which it cannot see.

Started as `python -S -E -s -B launcher.py UID ENTRANCES`, UID "-" for our own, so it imports little and can be forked
cheaply.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import sys
import time

TYPE_CHECKING = False  # as `typing` has it, without its import
if TYPE_CHECKING:
    from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
OOM_NEVER, OOM_FIRST = -1000, 1000
DESCRIPTORS = 6  # at most
MESSAGE_MAX = 1 << 17
FIRST = 100  # run descriptors wait above this until they take their places
KILL = b"kill"

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Enter the slot's cgroup and serve requests until the socket ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    channel = socket.socket(fileno=os.dup(0))
    channel.set_inheritable(False)
    for path in sys.argv[2:]:
        with open(path, "w") as file:  # noqa: PTH123 - pathlib is not worth its import here
            file.write(str(os.getpid()))
    with contextlib.suppress(OSError):  # only root may lower it
        set_oom_score(OOM_NEVER)
    try:
        serve(channel, None if sys.argv[1] == "-" else int(sys.argv[1]))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_children()


def serve(channel: socket.socket, uid: int | None) -> None:
    """Start one box after the other until the socket ends."""
    channel.sendall(b'{"ready": true}\n')
    children = open_children()
    while True:
        pid, line = fork_ahead(channel, uid)
        request, descriptors = receive(channel)
        while request == KILL:  # the run ended by itself meanwhile
            request, descriptors = receive(channel)
        if not request:
            return
        try:
            hand_on(line, request, descriptors)
        except OSError:  # it was killed while it rested, perhaps for memory
            line.close()
            pid, line = fork_ahead(channel, uid)
            hand_on(line, request, descriptors)
        line.close()
        for descriptor in descriptors:
            os.close(descriptor)
        if not wait(channel, pid, children):
            return


def receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    """Return the next request and its descriptors; (b"", []) at the end of the socket."""
    space = socket.CMSG_SPACE(DESCRIPTORS * array.array("i").itemsize)
    try:
        data, extra, _, _ = channel.recvmsg(MESSAGE_MAX, space)
    except ConnectionResetError:  # it ended with a report of ours unread
        return b"", []
    descriptors = array.array("i")
    for level, kind, payload in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
    return data, list(descriptors)


def hand_on(line: socket.socket, request: bytes, descriptors: list[int]) -> None:
    """Give a request to the child that waits for it."""
    line.sendmsg([request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors).tobytes())])


def fork_ahead(channel: socket.socket, uid: int | None) -> tuple[int, socket.socket]:
    """Fork the child that will execute the next engine; returns its id and the line on which it waits."""
    launcher = os.getpid()
    line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, line
    try:
        signal.set_wakeup_fd(-1)
        line.close()
        channel.close()
        become(uid, launcher)
        request, descriptors = receive(theirs)
        if request:
            enter(json.loads(request), descriptors)
    except BaseException as error:  # noqa: BLE001 - the child must never return into the launcher's loop
        os.write(2, f"launcher: {error!r}\n".encode())
    os._exit(127)


def become(uid: int | None, launcher: int) -> None:
    """Become the slot's user, who dies with the launcher and is killed for memory before others."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    set_oom_score(OOM_FIRST)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # a change of user clears it, so it comes last
    if os.getppid() != launcher:  # it died before we asked
        os._exit(127)


def enter(request: dict[str, Any], descriptors: list[int]) -> None:
    """Become the run: descriptors, limits, then the engine."""
    for place, descriptor in enumerate([fcntl.fcntl(fd, fcntl.F_DUPFD, FIRST) for fd in descriptors]):
        os.dup2(descriptor, place)
    os.closerange(len(descriptors), 1 << 16)
    for name, value in request["rlimits"].items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)  # nobody but root may raise it
        resource.setrlimit(kind, (least, least))
    os.execve(request["argv"][0], request["argv"], {})


def open_children() -> int:
    """Return a descriptor that becomes readable when a child ends."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def wait(channel: socket.socket, pid: int, children: int) -> bool:
    """Wait until nothing of the run is left and report; False when the supervisor is gone."""
    status, cpu_us, peak_kib = None, 0, 0
    killed = False
    poller = select.poll()
    poller.register(channel, select.POLLIN)
    poller.register(children, select.POLLIN)
    while True:
        while True:
            try:
                found, ended, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return report(channel, status, cpu_us, peak_kib)
            if not found:
                break
            cpu_us += int((usage.ru_utime + usage.ru_stime) * 1_000_000)
            peak_kib = max(peak_kib, usage.ru_maxrss)
            if found == pid:
                status = os.waitstatus_to_exitcode(ended)
        if killed:
            kill_children()
        for descriptor, _ in poller.poll():
            if descriptor == children:
                with contextlib.suppress(BlockingIOError):
                    os.read(children, 4096)
                continue
            if not receive(channel)[0]:
                return False
            killed = True
            kill_children()


def end_children() -> None:
    """Kill and reap until nothing is left."""
    with contextlib.suppress(ChildProcessError):
        while True:
            kill_children()
            os.wait()


def kill_children() -> None:
    """Kill every child, also those that became ours when their own parent ended."""
    me = str(os.getpid()).encode()
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:  # noqa: PTH123
            for child in file.read().split():  # none leaves the list before we have waited for it
                os.kill(int(child), signal.SIGKILL)
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        kill_children_of(me)


def kill_children_of(me: bytes) -> None:
    """Kill the children of a process, which every process of the host is asked for."""
    for name in os.listdir("/proc"):  # noqa: PTH208
        with contextlib.suppress(OSError, IndexError):
            if name.isdigit():
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - bytes: a process may have any name
                    if file.read().rpartition(b")")[2].split()[1] == me:
                        os.kill(int(name), signal.SIGKILL)


def report(channel: socket.socket, status: int | None, cpu_us: int, peak_kib: int) -> bool:
    """Tell the supervisor how the run ended."""
    document = {
        "status": status,
        "ended_at": time.monotonic(),  # the same clock in every process of a host
        "cpu_ms": cpu_us // 1000,
        "peak_bytes": peak_kib * 1024,
    }
    try:
        channel.sendall(json.dumps(document).encode() + b"\n")
    except OSError:
        return False
    return True


def set_oom_score(score: int) -> None:
    """Say how soon the kernel may kill this process for memory; children inherit it."""
    with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write(str(score))


main()
