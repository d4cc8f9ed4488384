"""One slot: its number, user, cgroup, folder and launcher. What is held for many runs, and what each run uses of it."""

from __future__ import annotations

import array
import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sandbox import cgroup, seccomp, tree
from sandbox.host import bwrap_path
from sandbox.job import Job, NoIsolation, SandboxFault, SealBroken, Staging
from sandbox.judge import Ending, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cgroup import Cgroup
    from sandbox.job import Environment

FIRST_UID = 210_000
SLOTS_MAX = 256
FOLDER_PREFIX = "assay-box-"
HERE = Path(__file__).parent
NO_ENVIRONMENT: dict[str, str] = {}


@dataclass
class Slot:
    """A place for one run at a time."""

    number: int
    lock: IO[str]
    uid: int | None  # its own user when we are root; None when we are an ordinary user already
    cgroup: Cgroup | None
    folder: Path
    launcher: subprocess.Popen[bytes]
    channel: socket.socket
    filter_fd: int
    runners: dict[str, Path] = field(default_factory=dict)
    runs: int = 0

    @classmethod
    def take(cls) -> Slot:
        """Take a free slot and start its launcher.

        Raises:
            NoIsolation: a part that sealing needs is missing.
            SandboxFault: no slot is free, or the launcher did not start.

        """
        bwrap_path()
        try:
            program = seccomp.program()
        except ValueError as error:
            raise NoIsolation(str(error), "use an x86-64 or arm64 host") from error
        number, lock = _lock_free_slot()
        group = cgroup.open_cgroup(number)
        folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-"))
        sweep_folders(folder.parent)
        uid = FIRST_UID + number if os.geteuid() == 0 else None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        entrances = group.entrances() if group is not None else []
        launcher = subprocess.Popen(
            [sys.executable, "-S", "-E", "-s", "-B", str(HERE / "launcher.py"), *entrances],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            env=NO_ENVIRONMENT,
            cwd="/",
        )
        theirs.close()
        slot = cls(number, lock, uid, group, folder, launcher, ours, _memfd("filter", program))
        if uid is not None:
            os.chown(folder, uid, uid)
        ours.settimeout(10)
        try:
            ready = ours.recv(1 << 16)
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
        return self.launcher.poll() is None

    def close(self) -> None:
        """End the launcher and everything below it, and give everything back."""
        self.channel.close()
        try:
            self.launcher.wait(5)
        except subprocess.TimeoutExpired:
            self.launcher.kill()
            self.launcher.wait()
        os.close(self.filter_fd)
        if self.cgroup is not None:
            self.cgroup.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
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

        """
        self.runs += 1
        base = self.folder / f"run-{self.runs}"
        try:
            for folder in (base / "job", base / "in"):
                folder.mkdir(parents=True)
            for item in job.files:
                if item.sha256 is not None and "sha256:" + hashlib.sha256(item.data).hexdigest() != item.sha256:
                    raise SealBroken(f"{item.target} is not the file that was sealed")
                _write(base, item.target, item.data)
            yield Staging(base / "job", base / "in")
        finally:
            shutil.rmtree(base, ignore_errors=True)

    def runner(self, environment: Environment) -> Path:
        """Return the folder with our in-box program, compiled once by the environment's own interpreter."""
        if environment.digest not in self.runners:
            folder = self.folder / f"runner-{len(self.runners)}"
            folder.mkdir()
            code = "import py_compile,sys; py_compile.compile(sys.argv[1], sys.argv[2], dfile='runner', doraise=True)"
            subprocess.run(
                [environment.interpreter, "-S", "-s", "-B", "-c", code, HERE / "runner.py", folder / "runner.pyc"],
                check=True,
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
            )
            (folder / "runner.pyc").chmod(0o444)
            self.runners[environment.digest] = folder
        return self.runners[environment.digest]

    def limit(self, job: Job) -> None:
        """Set the limits of the next run."""
        if self.cgroup is not None:
            try:
                self.cgroup.limit(self.memory_limit(job), job.processes, job.cpus)
            except OSError as error:
                raise SandboxFault(f"the limits could not be set: {error}") from error

    @staticmethod
    def memory_limit(job: Job) -> int:
        """Return what memory and scratch may be together: scratch is memory too, and must read as a full disk."""
        return job.memory_bytes + job.scratch_bytes

    def launch(self, job: Job, arguments: list[str], inside: list[str], descriptors: list[int]) -> None:
        """Hand a run to the launcher.

        Raises:
            SandboxFault: it is gone.

        """
        os.lseek(self.filter_fd, 0, os.SEEK_SET)
        options = _memfd("arguments", b"".join(item.encode() + b"\0" for item in arguments))
        request = {
            "argv": [bwrap_path(), "--args", "4", "--", *inside],
            "uid": self.uid,
            "rlimits": _rlimits(job, counted=self.cgroup is not None),
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
        return Ending(document["status"], document["cpu_ms"], document["peak_bytes"])

    def kill(self) -> None:
        """Ask the launcher to end the run at once."""
        self.channel.send(b'{"kill": true}')

    def count(self, seen: Seen) -> None:
        """Fill in the counters of a run."""
        if self.cgroup is not None:
            now = self.cgroup.read()
            seen.cpu_ms, seen.memory_bytes, seen.peak_bytes = now.cpu_ms, now.memory_bytes, now.peak_bytes
            seen.oom_kills, seen.refused_forks, seen.source = now.oom_kills, now.refused_forks, self.cgroup.source
            return
        if seen.ending is None:
            cpu_ms, memory = tree.usage(self.launcher.pid)
            seen.cpu_ms, seen.memory_bytes = max(seen.cpu_ms, cpu_ms), memory
            seen.peak_bytes = max(seen.peak_bytes, memory)
        else:
            seen.cpu_ms = max(seen.cpu_ms, seen.ending.cpu_ms)
            seen.peak_bytes = max(seen.peak_bytes, seen.ending.peak_bytes)


def sweep_folders(parent: Path) -> None:
    """Remove the private folders that dead owners left, as after a power cut."""
    for folder in parent.glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _rlimits(job: Job, *, counted: bool) -> dict[str, int]:
    limits = {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 1024,
        "RLIMIT_FSIZE": job.scratch_bytes,
        "RLIMIT_CPU": job.cpu_ms // 1000 + 2,  # a backstop for each process; the supervisor counts them together
        "RLIMIT_MEMLOCK": 65_536,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 128,
    }
    if not counted:
        limits |= {"RLIMIT_NPROC": job.processes + cgroup.OWN_PROCESSES, "RLIMIT_DATA": job.memory_bytes}
    return limits


def _lock_free_slot() -> tuple[int, IO[str]]:
    base = Path("/run") if os.geteuid() == 0 and Path("/run").is_dir() else Path(tempfile.gettempdir())
    folder = base / f"assay-slots-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.geteuid() or folder.is_symlink():
        raise SandboxFault(f"{folder} belongs to somebody else")
    for number in range(SLOTS_MAX):
        lock = (folder / f"slot-{number}").open("a")
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, lock
        lock.close()
    raise SandboxFault(f"all {SLOTS_MAX} slots of this host are taken")


def _write(base: Path, target: str, data: bytes) -> None:
    """Write a staged file below the run's folder; targets were checked by the caller's own rules, and again here."""
    parts = target.split("/")
    if parts[0] or len(parts) < 3 or parts[1] not in {"job", "in"} or {"", ".", ".."} & set(parts[2:]):
        raise SandboxFault(f"{target} is no place for a file in the box")
    path = base.joinpath(*parts[1:])
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _memfd(name: str, data: bytes) -> int:
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
