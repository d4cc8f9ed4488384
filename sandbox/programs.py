"""Our own programs in the box, compiled once for each slot by the interpreter that will run them.

The runner is always there. An evaluator's program is ours too, so it is compiled from the bytes that were checked when
they were staged, under the digest of those bytes; a stranger's program never is.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import staging
from sandbox.job import SandboxFault

if TYPE_CHECKING:
    from sandbox.job import Environment, Job

RUNNER = Path(__file__).parent / "runner.py"
NO_ENVIRONMENT: dict[str, str] = {}


@cache
def runner_digest() -> str:
    """Return the digest of the program that reports from inside the box."""
    return "sha256:" + hashlib.sha256(RUNNER.read_bytes()).hexdigest()


class Programs:
    """The compiled programs of a slot, in one folder for each environment."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._folders: dict[str, Path] = {}  # digest of an environment -> its folder

    def folder(self, environment: Environment) -> Path:
        """Return the folder with the runner, to which evaluators are added.

        Raises:
            SandboxFault: the interpreter cannot compile it.

        """
        if environment.digest not in self._folders:
            folder = self._base / f"programs-{len(self._folders)}"
            try:
                staging.make_folder(folder)
                _compile(environment, RUNNER, folder / "runner.pyc", "runner.py")
            except SandboxFault:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._folders[environment.digest] = folder
        return self._folders[environment.digest]

    def evaluator(self, job: Job) -> str:
        """Return the name that a job's compiled evaluator has in the folder; "" for a script.

        Raises:
            SandboxFault: the interpreter cannot compile it.

        """
        if job.mode != "evaluator":
            return ""
        source = next(item.data for item in job.files if item.target == job.argv[0])
        target = self.folder(job.environment) / f"{hashlib.sha256(source).hexdigest()}.pyc"
        if not target.exists():
            plain = self._base / "evaluator.py"
            plain.write_bytes(source)
            _compile(job.environment, plain, target, job.argv[0])
        return target.name


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
