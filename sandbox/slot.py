"""One slot: its number, user, cgroup, folder and launcher. What is held for many runs, and what each run uses of it."""

from __future__ import annotations

import array
import fcntl
import hashlib
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sandbox import cgroup, seccomp, staging, tree
from sandbox.host import bwrap_path
from sandbox.job import Job, NoIsolation, SandboxFault, Staging
from sandbox.judge import Ending, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cgroup import Cgroup
    from sandbox.job import Environment

FIRST_UID = 210_000
SLOTS_MAX = 256
HERE = Path(__file__).parent
RUNNER = HERE / "runner.py"
NO_ENVIRONMENT: dict[str, str] = {}


@dataclass
class Slot:
    """A place for one run at a time."""

    number: int
    lock: IO[str]
    uid: int | None  # its own user when we are root; None when we are an ordinary user already
    cgroup: Cgroup | None
    folder: Path
    folder_lock: int
    launcher: subprocess.Popen[bytes]
    channel: socket.socket
    filter_fd: int
    owner: int = field(default_factory=os.getpid)
    runners: dict[str, Path] = field(default_factory=dict)
    runs: int = 0
    host_oom_kills: int = 0  # before the run, where no cgroup counts

    @classmethod
    def take(cls) -> Slot:
        """Take a free slot and start its launcher.

        Raises:
            NoIsolation: a part that sealing needs is missing.
            SandboxFault: no slot is free, or the launcher did not start.

        """
        try:
            return cls._take()
        except OSError as error:
            raise SandboxFault(f"no slot could be made: {error}") from error

    @classmethod
    def _take(cls) -> Slot:
        bwrap_path()
        try:
            program = seccomp.program()
        except ValueError as error:
            raise NoIsolation(str(error), "use an x86-64 or arm64 host") from error
        with ExitStack() as undo:
            number, lock = _lock_free_slot()
            undo.callback(lock.close)
            group = cgroup.open_cgroup(number)
            if group is not None:
                undo.callback(group.remove)
            uid = FIRST_UID + number if os.geteuid() == 0 else None
            folder, folder_lock = staging.private_folder(uid)
            undo.callback(os.close, folder_lock)
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            filter_fd = _memfd("filter", program)
            undo.callback(os.close, filter_fd)
            launcher, channel = _start_launcher(group)
            undo.pop_all()
        slot = cls(number, lock, uid, group, folder, folder_lock, launcher, channel, filter_fd)
        try:
            ready = channel.recv(1 << 16)
        except OSError:
            ready = b""
        if not ready:
            slot.close()
            raise SandboxFault("the launcher did not start")
        return slot

    @property
    def level(self) -> str:
        """The isolation level of this slot."""
        return self.cgroup.level if self.cgroup is not None else "C"

    @property
    def source(self) -> str:
        """Where the usage figures come from."""
        return self.cgroup.source if self.cgroup is not None else "rusage"

    def alive(self) -> bool:
        """Whether the launcher still runs, in the process that started it (a fork must not use it)."""
        return self.owner == os.getpid() and self.launcher.poll() is None

    def close(self) -> None:
        """End the launcher and everything below it, and give everything back; a fork only lets go of its copies."""
        self.channel.close()
        os.close(self.filter_fd)
        if self.owner != os.getpid():
            os.close(self.folder_lock)
            self.lock.close()
            self.launcher.returncode = 0  # not our child, so there is nothing to wait for
            return
        try:
            self.launcher.wait(5)
        except subprocess.TimeoutExpired:
            self.launcher.kill()
            self.launcher.wait()
        if self.cgroup is not None:
            self.cgroup.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.folder_lock)
        self.lock.close()

    def abandon(self) -> None:
        """Kill the launcher, and with it every box below it; the next run starts a new one."""
        self.launcher.kill()
        self.launcher.wait()

    # --- one run

    @contextmanager
    def staged(self, job: Job) -> Iterator[Staging]:
        """Write a job's files, each checked against its digest, and remove them afterwards.

        Raises:
            SealBroken: a file is not what it should be.
            SandboxFault: a file has no place in the box, or could not be written.

        """
        self.runs += 1
        base = self.folder / f"run-{self.runs}"
        try:
            staging.write_files(base, job.files)
            yield Staging(base / "job", base / "in")
        finally:
            shutil.rmtree(base, ignore_errors=True)

    def programs(self, job: Job) -> tuple[Path, str]:
        """Return the folder with our in-box programs, compiled once by the environment's own interpreter, and which.

        The runner is always there. An evaluator's program is ours too, so it is compiled from the bytes that were
        checked when they were staged, under the digest of those bytes; a stranger's program never is.

        Returns:
            the folder, and the compiled evaluator's name in it ("" for a script).

        Raises:
            SandboxFault: the interpreter cannot.

        """
        environment = job.environment
        if environment.digest not in self.runners:
            folder = self.folder / f"runner-{len(self.runners)}"
            try:
                staging.make_folder(folder)
                _compile(environment, RUNNER, folder / "runner.pyc", "runner.py")
            except SandboxFault:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self.runners[environment.digest] = folder
        folder = self.runners[environment.digest]
        if job.mode != "evaluator":
            return folder, ""
        source = next(item.data for item in job.files if item.target == job.argv[0])
        target = folder / f"{hashlib.sha256(source).hexdigest()}.pyc"
        if not target.exists():
            plain = self.folder / "evaluator.py"
            plain.write_bytes(source)
            _compile(environment, plain, target, job.argv[0])
        return folder, target.name

    def limit(self, job: Job) -> None:
        """Set the limits of the next run and start its counters."""
        if self.cgroup is None:
            self.host_oom_kills = tree.host_oom_kills()
        else:
            try:
                self.cgroup.limit(self.memory_limit(job), job.processes, job.cpus)
            except OSError as error:
                raise SandboxFault(f"the limits could not be set: {error}") from error

    @staticmethod
    def memory_limit(job: Job) -> int:
        """Return what memory and scratch may be together: scratch is memory too, and must read as a full disk."""
        return job.memory_bytes + job.scratch_bytes + cgroup.OWN_MEMORY

    def launch(self, job: Job, arguments: list[str], inside: list[str], descriptors: list[int]) -> None:
        """Hand a run to the launcher.

        Raises:
            SandboxFault: it is gone.

        """
        os.lseek(self.filter_fd, 0, os.SEEK_SET)
        options = _memfd("arguments", b"".join(os.fsencode(item) + b"\0" for item in arguments))
        request = {
            "argv": [bwrap_path(), "--args", "4", "--", *inside],
            "uid": self.uid,
            "rlimits": _rlimits(job),
        }
        passed = array.array("i", [*descriptors, options, self.filter_fd])
        try:
            self.channel.sendmsg(
                [json.dumps(request).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed.tobytes())]
            )
        except OSError as error:
            raise SandboxFault("the launcher is gone") from error
        finally:
            os.close(options)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the run is over."""
        return self.channel.fileno()

    def ending(self) -> Ending | None:
        """Read the launcher's report; None when it died."""
        try:
            data = self.channel.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            return None
        document: dict[str, Any] = json.loads(data)
        return Ending(**document)

    def kill(self) -> None:
        """Ask the launcher to end the run at once."""
        self.channel.send(b'{"kill": true}')

    def count(self, job: Job, seen: Seen) -> None:
        """Fill in the counters of a run."""
        if self.cgroup is not None:
            now = self.cgroup.read()
            seen.cpu_ms, seen.memory_bytes, seen.peak_bytes = now.cpu_ms, now.memory_bytes, now.peak_bytes
            seen.oom_kills, seen.refused_forks, seen.source = now.oom_kills, now.refused_forks, self.cgroup.source
            return
        if seen.ending is None:
            cpu_ms, memory = tree.usage(self.launcher.pid, self.memory_limit(job))
            seen.cpu_ms, seen.memory_bytes = max(seen.cpu_ms, cpu_ms), memory
            seen.peak_bytes = max(seen.peak_bytes, memory)
        else:
            seen.cpu_ms = max(seen.cpu_ms, seen.ending.cpu_ms)
            seen.peak_bytes = max(seen.peak_bytes, seen.ending.peak_bytes)
            seen.host_oom_kills = tree.host_oom_kills() - self.host_oom_kills


def _start_launcher(group: Cgroup | None) -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(10)
    with theirs:
        entrances = group.entrances() if group is not None else []
        program = [sys.executable, "-S", "-E", "-s", "-B", str(HERE / "launcher.py"), *entrances]
        launcher = subprocess.Popen(
            program, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=NO_ENVIRONMENT, cwd="/"
        )
    return launcher, ours


@cache
def runner_digest() -> str:
    """Return the digest of the program that reports from inside the box."""
    return "sha256:" + hashlib.sha256(RUNNER.read_bytes()).hexdigest()


def _compile(environment: Environment, source: Path, target: Path, shown: str) -> None:
    """Compile one of our programs; `shown` is the file name that its tracebacks show.

    Raises:
        SandboxFault: the interpreter cannot.

    """
    code = "import py_compile,sys; py_compile.compile(*sys.argv[1:], doraise=True)"
    try:
        subprocess.run(
            [environment.interpreter, "-S", "-s", "-B", "-c", code, source, target, shown],
            check=True,
            env=NO_ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        target.chmod(0o444)
    except (OSError, subprocess.CalledProcessError) as error:
        target.unlink(missing_ok=True)
        raise SandboxFault(f"{environment.interpreter} could not compile {Path(shown).name}: {error}") from error


def _rlimits(job: Job) -> dict[str, int]:
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 1024,
        "RLIMIT_FSIZE": job.scratch_bytes,
        "RLIMIT_CPU": job.cpu_ms // 1000 + 2,  # a backstop for each process; the supervisor counts them together
        "RLIMIT_MEMLOCK": 65_536,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 128,
    }


def _lock_free_slot() -> tuple[int, IO[str]]:
    base = Path("/run") if os.geteuid() == 0 and Path("/run").is_dir() else Path(tempfile.gettempdir())
    folder = base / f"assay-slots-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
        raise SandboxFault(f"{folder} belongs to somebody else; let its owner or root remove it")
    for number in range(SLOTS_MAX):
        lock = (folder / f"slot-{number}").open("a")
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, lock
        lock.close()
    raise SandboxFault(f"all {SLOTS_MAX} slots of this host are taken")


def _memfd(name: str, data: bytes) -> int:
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
