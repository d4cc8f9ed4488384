"""From what the supervisor saw to an outcome. The order is fixed and the first that applies decides:

cancelled, output cap, memory (any kill inside the box, even when the program exited 0), locks, CPU, wall, signal, exit
code.
Refused forks and a full scratch are notes beside it, and name the limit: also at exit 0, because a program that goes on
after a refusal may report a number that we spoiled.

A fault is ours alone: whatever happens before the program has begun, and an end that came from outside of the box. What
happens afterwards is the program's doing, however it ends, and whatever it writes: were a stranger able to cause a fault,
he could have his run repeated until chance favours him.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sandbox.job import Job, NoIsolation, Outcome, SandboxFault

if TYPE_CHECKING:
    from sandbox.channel import Channel

CAPS = ("stdout", "stderr", "result", "output")
NO_SPACE = (b"No space left on device", b"Errno 28]", b"Errno 27]")  # 27: beyond RLIMIT_FSIZE, the same figure
# Where no cgroup counts, only the program can say that it was refused.
NO_PROCESS = (b"Resource temporarily unavailable", b"Errno 11]", b"can't start new thread")
NO_MEMORY = b"MemoryError"
#: What PyTorch, CUDA and cuBLAS say, in the last of what a failed program wrote.
NO_GPU_MEMORY = (
    b"CUDA out of memory",
    b"CUDA error: out of memory",
    b"CUDA_ERROR_OUT_OF_MEMORY",
    b"CUBLAS_STATUS_ALLOC_FAILED",
)
LAST_BYTES = 65_536
#: Record locks of one run at a time. They are memory of the kernel that no cgroup counts; programs need a few.
LOCKS_MAX = 4096


@dataclass(frozen=True)
class Ending:
    """What the launcher reported when nothing of the run was left."""

    status: int | None  # exit code of the engine, negative for a signal
    ended_at: float  # on the monotonic clock
    cpu_ms: int
    peak_bytes: int
    unfinished: bool = False  # whether something of the run may be left; the slot is retired then


@dataclass
class Seen:
    """Everything observed about one run; filled in while it goes on."""

    channel: Channel
    causes: set[str] = field(default_factory=set)  # every limit that was passed
    cause: str | None = None  # the first one
    ended_at: float = 0.0
    ending: Ending | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    wall_ms: int = 0
    cpu_ms: int = 0
    memory_bytes: int = 0  # with the files of the scratch
    own_bytes: int = 0  # of the processes alone
    locks: int = 0  # record locks
    peak_bytes: int = 0
    oom_kills: int = 0
    host_oom_kills: int = 0  # of the whole host, where no cgroup counts
    refused_forks: int = 0
    source: str = "rusage"


def judge(job: Job, seen: Seen, isolation: dict[str, Any]) -> Outcome:
    """Return the outcome of a finished run.

    Raises:
        NoIsolation: the box could not be made.
        SandboxFault: the launcher failed, or the program never began.

    """
    if seen.ending is None:
        raise SandboxFault("the launcher ended during a run")
    if seen.channel.too_large is not None:
        seen.causes.add(seen.channel.too_large)
    if seen.host_oom_kills and not seen.causes and (seen.ending.status is None or seen.ending.status < 0):
        seen.causes.add("memory")  # the kernel, and not we, ended the box that it was told to end first
    facts = _facts(job, seen, isolation)
    if "cancelled" in seen.causes:
        return Outcome(kind="cancelled", **facts)
    if not seen.channel.begun or not (seen.causes or seen.oom_kills):
        _refuse_fault(seen, seen.ending, isolation.get("engine", "bwrap"))
    capped = next((name for name in CAPS if name in seen.causes), None)
    if capped is not None:
        return Outcome(kind="output", limit=capped, **facts)
    how, number = seen.channel.status or _from_engine(seen.ending)
    failed = how == "signal" or number != 0
    if seen.oom_kills or "memory" in seen.causes or (failed and _says_no_memory(seen)):
        return Outcome(kind="memory", limit="memory", **facts)
    if "locks" in seen.causes:
        return Outcome(kind="memory", limit="locks", **facts)
    clock: Literal["cpu", "wall"]
    for clock in ("cpu", "wall"):
        if clock in seen.causes:
            return Outcome(kind="timeout", clock=clock, limit=clock, **facts)
    limit = "gpu" if failed and _says_no_gpu_memory(job, seen) else _marred(seen)
    if how == "signal":
        return Outcome(kind="signal", signal=number, limit=limit, **facts)
    result = seen.channel.result
    return Outcome(
        kind="exited",
        exit_code=number,
        limit=limit,
        result=result,
        artifacts=tuple(sorted(seen.channel.artifacts.items())),
        **facts,
    )


def _facts(job: Job, seen: Seen, isolation: dict[str, Any]) -> dict[str, Any]:
    notes = list(seen.channel.notes)
    if seen.channel.begun and seen.channel.status is None and not seen.causes and not seen.oom_kills:
        notes.append("the program ended the box that it ran in")
    if seen.ending is not None and seen.ending.unfinished:
        notes.append("the kernel did not end the run in time; what is left of it is no part of any other run")
    notes += [f"{name} had more than {cap} bytes" for name, cap in _caps(job).items() if name in seen.causes]
    if seen.locks > LOCKS_MAX:
        notes.append(f"{seen.locks} record locks were held at once, and {LOCKS_MAX} are allowed")
    if b"processes" in seen.channel.said:
        notes.append(f"processes and threads were more than the {job.processes} that are allowed")
    if seen.refused_forks:
        notes.append(f"{seen.refused_forks} forks were refused at the limit of {job.processes} processes")
    if _any_of(NO_SPACE, seen.stderr):
        notes.append(f"the program said that nothing was left of its scratch of {job.scratch_bytes >> 20} MiB")
    if _says_no_gpu_memory(job, seen):
        notes.append("the program said that no memory of its GPU was left")
    return {
        "stdout": seen.stdout,
        "stderr": seen.stderr,
        "notes": tuple(notes),
        "wall_ms": seen.wall_ms,
        "cpu_ms": seen.cpu_ms,
        "peak_memory_bytes": seen.peak_bytes,
        "usage_source": seen.source,
        "isolation": isolation,
    }


def _caps(job: Job) -> dict[str, int]:
    found = (job.stdout_cap, job.stderr_cap, job.result_cap, job.output_cap)
    return dict(zip(CAPS, found, strict=True))


def _marred(seen: Seen) -> str | None:
    """Return the limit that a program ran into without being ended by it."""
    if b"scratch" in seen.channel.said or _any_of(NO_SPACE, seen.stderr):
        return "scratch"
    if (
        seen.refused_forks
        or b"processes" in seen.channel.said
        or (seen.source == "rusage" and _any_of(NO_PROCESS, seen.stderr))
    ):
        return "processes"
    return None


def _says_no_memory(seen: Seen) -> bool:
    """Whether a program was refused memory by its own account; a cgroup would have told."""
    last = seen.stderr.rstrip().rpartition(b"\n")[2]
    return seen.source == "rusage" and last.startswith(NO_MEMORY)


def _says_no_gpu_memory(job: Job, seen: Seen) -> bool:
    return job.gpu is not None and _any_of(NO_GPU_MEMORY, seen.stderr[-LAST_BYTES:])


def _any_of(texts: tuple[bytes, ...], said: bytes) -> bool:
    return any(text in said for text in texts)


def _from_engine(ending: Ending) -> tuple[str, int]:
    """Return how the program ended when our runner did not say: it ended the runner, and engines report 128 + signal.

    Their word comes from inside the box as well, so that anything else than a signal reads as the kill that it was.
    """
    status = ending.status or 0
    return "signal", status - 128 if 128 < status <= 128 + signal.SIGRTMAX else int(signal.SIGKILL)


def _refuse_fault(seen: Seen, ending: Ending, engine: str) -> None:
    """Raise for a box that could not be made, or that was ended from outside, where no program can reach.

    What bubblewrap, our launcher and our runner say bears their names, once at least: bubblewrap's two processes can fail
    together, and write name and message apart, so that the names of both come before the messages. What an OCI runtime
    says has no mark; but it comes before the runner's, whose other failures are tracebacks.
    """
    if ending.status is None or ending.status < 0:
        raise SandboxFault(f"the box was ended from outside, by signal {-(ending.status or 0)}")
    if seen.channel.begun:
        return
    lines = seen.stderr.decode("utf-8", "replace").strip().splitlines()
    marked = [line for line in lines if line.startswith(("bwrap:", "launcher:", "runner:"))]
    said = (marked or lines or [f"exit {ending.status}"])[-1][:300]
    unmarked = engine.startswith("oci:") and lines and b"Traceback (most recent" not in seen.stderr
    if unmarked or marked:
        raise NoIsolation(f"the box could not be made: {said}")
    raise SandboxFault(f"the runner in the box failed: {said}")
