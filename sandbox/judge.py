"""From what the supervisor saw to an outcome. The order is fixed and the first that applies decides:

cancelled, output cap, memory (any kill inside the box, even when the program exited 0), CPU, wall, signal, exit code.
Refused forks and a full scratch are notes beside it, and name the limit when the program did not exit 0.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sandbox.job import Job, NoIsolation, Outcome, SandboxFault

if TYPE_CHECKING:
    from sandbox.channel import Channel

CAPS = ("stdout", "stderr", "result", "output")
NO_SPACE = (b"No space left on device", b"Errno 28", b"Errno 27")  # 27: beyond RLIMIT_FSIZE, the same figure


@dataclass(frozen=True)
class Ending:
    """What the launcher reported when nothing of the run was left."""

    status: int | None  # exit code of bwrap, negative for a signal
    cpu_ms: int
    peak_bytes: int


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
    memory_bytes: int = 0
    peak_bytes: int = 0
    oom_kills: int = 0
    refused_forks: int = 0
    source: str = "rusage"


def judge(job: Job, seen: Seen, isolation: dict[str, Any]) -> Outcome:
    """Return the outcome of a finished run.

    Raises:
        NoIsolation: the box could not be made.
        SandboxFault: the launcher failed.

    """
    if seen.ending is None:
        raise SandboxFault("the launcher ended during a run")
    if seen.channel.too_large is not None:
        seen.causes.add(seen.channel.too_large)
    status = seen.channel.status
    if status is None and not seen.causes and not seen.oom_kills:
        _refuse_broken_box(seen)
    facts = _facts(job, seen, isolation)
    if "cancelled" in seen.causes:
        return Outcome(kind="cancelled", **facts)
    capped = next((name for name in CAPS if name in seen.causes), None)
    if capped is not None:
        return Outcome(kind="output", limit=capped, **facts)
    if seen.oom_kills or "memory" in seen.causes:
        return Outcome(kind="memory", limit="memory", **facts)
    clock: Literal["cpu", "wall"]
    for clock in ("cpu", "wall"):
        if clock in seen.causes:
            return Outcome(kind="timeout", clock=clock, limit=clock, **facts)
    how, number = status or _from_bwrap(seen.ending)
    failed = how == "signal" or number != 0
    limit = _marred(seen) if failed else None
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
    if seen.refused_forks:
        notes.append(f"{seen.refused_forks} forks were refused at the limit of {job.processes} processes")
    if any(text in seen.stderr for text in NO_SPACE):
        notes.append(f"the scratch of {job.scratch_bytes >> 20} MiB was full")
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


def _marred(seen: Seen) -> str | None:
    """Return the limit that a failing program ran into without being ended by it."""
    if any(text in seen.stderr for text in NO_SPACE):
        return "scratch"
    return "processes" if seen.refused_forks else None


def _from_bwrap(ending: Ending) -> tuple[str, int]:
    """Return how the program ended when our runner did not say: it was killed, and bwrap reports 128 + signal."""
    status = ending.status if ending.status is not None else -9
    if status < 0:
        return "signal", -status
    return ("signal", status - 128) if status > 128 else ("exit", status)


def _refuse_broken_box(seen: Seen) -> None:
    """Tell a box that could not be made from a program that killed our runner."""
    ending = seen.ending
    if ending is None or ending.status is None or not 0 < ending.status <= 127:
        return
    said = seen.stderr.decode("utf-8", "replace").strip()
    with contextlib.suppress(IndexError):
        said = said.splitlines()[-1][:300]
    if said.startswith(("bwrap:", "launcher:")):
        raise NoIsolation(f"the box could not be made: {said}")
    raise SandboxFault(f"the runner in the box failed: {said}")
