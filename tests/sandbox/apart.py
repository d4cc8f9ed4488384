"""A sandbox in a process of its own, in a world of its own. Run by `boxes.py`, with the name of an engine.

bwrap: as an ordinary user has it, without cgroup, at level C. An OCI runtime: where cgroup v2 stands alone, as it asks.
Where it does not, root can have it so for one process: in a mount namespace of its own v2 covers /sys/fs/cgroup, and what
our own limits need stays reachable elsewhere.

Reads one request a line, the `repr` of a dict, and answers each with one line: an outcome's fields, or what was raised.
"""

from __future__ import annotations

import ast
import ctypes
import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

from sandbox import Job, Sandbox, SandboxFault, StagedFile, cgroup, host, host_python

CLONE_NEWNS = 0x20000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    engine = sys.argv[1]
    if engine == "bwrap":
        cgroup.ROOT = Path("/nonexistent")
    else:
        stand_alone()
    environment = host_python()
    with Sandbox(engine=engine) as box:
        say({"level": box.level(), "uid": os.geteuid()})
        for line in sys.stdin:
            request = ast.literal_eval(line)
            files = tuple(StagedFile(*item) for item in request["files"])
            job = Job(environment, tuple(request["argv"]), files, env=request["env"], **request["limits"])
            say(answer(box, job))


def stand_alone() -> None:
    """Let cgroup v2 stand alone in a mount namespace of our own, and keep what our limits need under /mnt there."""
    if host.UNIFIED.exists():
        return
    done(libc.unshare(CLONE_NEWNS))
    done(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    done(libc.mount(b"/sys/fs/cgroup", b"/mnt", None, MS_BIND | MS_REC, None))
    done(libc.mount(b"none", b"/sys/fs/cgroup", b"cgroup2", 0, None))
    cgroup.ROOT = Path("/mnt")


def done(code: int) -> None:
    if code:
        raise OSError(ctypes.get_errno(), "the world could not be made")


def answer(box: Sandbox, job: Job) -> dict[str, Any]:
    try:
        return dataclasses.asdict(box.run(job))
    except SandboxFault as fault:
        return {"raised": type(fault).__name__, "message": str(fault)}


def say(document: dict[str, Any]) -> None:
    sys.stdout.write(repr(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
