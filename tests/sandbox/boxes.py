"""Boxes for the tests: the strongest that this host gives, the weakest, as an ordinary user without cgroup, and crun's."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self
from unittest.mock import patch

import sandbox
from sandbox import Environment, Job, Outcome, Sandbox, StagedFile, host, host_python
from sandbox.built import load
from tests.sandbox.wheels import a_shelf

if TYPE_CHECKING:
    from collections.abc import Mapping

ORDINARY_USER = 54_321  # whom nobody else uses
SCRIPT = "/job/script.py"
HERE = Path(__file__).parent
MIB = 1 << 20


class Box(Protocol):
    """Something that runs a script sealed."""

    engine: str
    level: str

    def run(
        self,
        script: str | bytes,
        files: Mapping[str, bytes] | None = None,
        env: Mapping[str, str] | None = None,
        **limits: int,
    ) -> Outcome:
        """Run a script, with further files by their path in the box."""


def a_job(
    environment: Environment,
    script: str | bytes,
    files: Mapping[str, bytes] | None = None,
    env: Mapping[str, str] | None = None,
    **limits: int,
) -> Job:
    """Return a job that runs a script, with limits that suit a test."""
    return Job(environment, (SCRIPT,), _staged(script, files), env=env or {}, **_limits(limits))  # type: ignore[arg-type]


class Strongest:
    """The strongest box of this host, in this process."""

    engine = "bwrap"

    def __init__(self) -> None:
        self.environment = host_python()
        self.sandbox = Sandbox()
        self.level = self.sandbox.level()

    def run(
        self,
        script: str | bytes,
        files: Mapping[str, bytes] | None = None,
        env: Mapping[str, str] | None = None,
        **limits: int,
    ) -> Outcome:
        return self.sandbox.run(a_job(self.environment, script, files, env, **limits))

    def close(self) -> None:
        self.sandbox.close()


class Prepared(Strongest):
    """The strongest box, made ahead for each run."""

    imports: tuple[str, ...] = ()  # modules, while it waits

    def run(
        self,
        script: str | bytes,
        files: Mapping[str, bytes] | None = None,
        env: Mapping[str, str] | None = None,
        **limits: int,
    ) -> Outcome:
        job = a_job(self.environment, script, files, env, **limits)
        slot, host = self.sandbox._open(job.shape)
        slot.prepare(host, job.shape, self.imports)
        outcome = self.sandbox.run(job)
        assert outcome.isolation["start"] == "prepared"
        assert outcome.isolation.get("imported", []) == list(self.imports)
        return outcome


class Imported(Prepared):
    """The strongest box, made ahead for each run in an environment that was built, with its package imported already."""

    imports = ("tiny",)

    def __init__(self) -> None:
        super().__init__()
        self.shelf = a_shelf()
        with patch.dict(
            os.environ
        ):  # pip is told of the shelf for as long as this lasts, and not for the whole session
            shelf = self.shelf.__enter__()
            shelf.build()
        self.environment = load(shelf.base, "tiny", host_python())

    def close(self) -> None:
        super().close()
        self.shelf.__exit__(None, None, None)


class Apart:
    """A box in another process, `apart.py`."""

    process: subprocess.Popen[str]
    engine = "bwrap"
    level: str
    uid: int

    def hello(self) -> None:
        found = ast.literal_eval(self._line())
        self.level, self.uid = found["level"], found["uid"]

    def run(
        self,
        script: str | bytes,
        files: Mapping[str, bytes] | None = None,
        env: Mapping[str, str] | None = None,
        **limits: int,
    ) -> Outcome:
        staged = [(item.target, item.data) for item in _staged(script, files)]
        request = {"argv": [SCRIPT], "files": staged, "env": dict(env or {}), "limits": _limits(limits)}
        assert self.process.stdin is not None
        self.process.stdin.write(repr(request) + "\n")
        self.process.stdin.flush()
        answer = ast.literal_eval(self._line())
        if "raised" in answer:
            raise getattr(sandbox, answer["raised"])(answer["message"])
        return Outcome(**answer)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the process apart ended with {self.process.wait(20)}"
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Weakest(Apart):
    """Level C, for real: the supervisor itself is an ordinary user, in another process that runs a readable copy."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="assay-weakest-"))
        copy_of_sandbox(self.folder)
        self.process = as_ordinary_user(
            [str(host_python().interpreter), "-B", str(HERE / "apart.py"), "bwrap"], self.folder, stdin=True
        )
        self.hello()

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.folder)


class Oci(Apart):
    """A box by crun, for real: on pure cgroup v2, or where this process can be given a world that has it."""

    engine = "oci:crun"

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [str(host_python().interpreter), "-B", str(HERE / "apart.py"), "oci:crun"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(Path(sandbox.__file__).parent.parent), "PATH": os.defpath},
            cwd="/",
            text=True,
        )
        self.hello()

    @staticmethod
    def lack() -> str:
        """Return why this host cannot have one; "" when it can."""
        if shutil.which("crun", path=host.PLACES) is None:
            return "crun is not installed"
        if os.geteuid() != 0 and not host.UNIFIED.exists():
            return "crun needs pure cgroup v2, or root to make a world with it"
        return ""


def copy_of_sandbox(folder: Path) -> None:
    """Copy the sandbox and the test's own programs to where everybody may read them."""
    folder.chmod(0o755)
    shutil.copytree(Path(sandbox.__file__).parent, folder / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "sandbox").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def as_ordinary_user(command: list[str], folder: Path, *, stdin: bool = False) -> subprocess.Popen[str]:
    """Start a program as an ordinary user who imports `folder`; the tests' own user when that is one already."""
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": ORDINARY_USER, "group": ORDINARY_USER, "extra_groups": []}
    for place, word in enumerate(command):
        if word.startswith(str(HERE)):
            program = folder / Path(word).name
            shutil.copyfile(word, program)
            program.chmod(0o644)
            command[place] = str(program)
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(folder), "PATH": os.defpath},
        cwd="/",
        text=True,
        **user,
    )


def _staged(script: str | bytes, files: Mapping[str, bytes] | None) -> tuple[StagedFile, ...]:
    source = script.encode() if isinstance(script, str) else script
    return (StagedFile(SCRIPT, source), *(StagedFile(target, data) for target, data in (files or {}).items()))


def _limits(limits: Mapping[str, int]) -> dict[str, int]:
    return {"wall_ms": 20_000, "cpu_ms": 10_000, "memory_bytes": 256 * MIB, "scratch_bytes": 64 * MIB, **limits}
