"""A sandbox as an ordinary user has it: without cgroup, at level C. Run by `boxes.py` in a process of its own.

Reads one request a line, the `repr` of a dict, and answers each with one line: an outcome's fields, or what was raised.
"""

from __future__ import annotations

import ast
import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

from sandbox import Job, Sandbox, SandboxFault, StagedFile, cgroup, host_python


def main() -> None:
    cgroup.ROOT = Path("/nonexistent")
    environment = host_python()
    with Sandbox() as box:
        say({"level": box.level(), "uid": os.geteuid()})
        for line in sys.stdin:
            request = ast.literal_eval(line)
            files = tuple(StagedFile(*item) for item in request["files"])
            job = Job(environment, tuple(request["argv"]), files, env=request["env"], **request["limits"])
            say(answer(box, job))


def answer(box: Sandbox, job: Job) -> dict[str, Any]:
    try:
        return dataclasses.asdict(box.run(job))
    except SandboxFault as fault:
        return {"raised": type(fault).__name__, "message": str(fault)}


def say(document: dict[str, Any]) -> None:
    sys.stdout.write(repr(document) + "\n")
    sys.stdout.flush()


main()
