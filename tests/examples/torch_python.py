"""The built environment `torch` for tests that train or load a model, and calls into a bundle's module that happen there.

The service and its tests import no torch. What needs it runs in a process of its own: outside the box, where the point is
the arithmetic. Where the environment has not been built, these tests are skipped, and say in one line how to build it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.built import read_manifest
from tests.environments.shipped import BASE, missing

SERVANT = Path(__file__).with_name("tensor_calls.py")
MISSING = missing("torch")


def require_torch() -> None:
    """Skip a whole module in one line where the environment has not been built. On CI its tests fail, one by one."""
    if read_manifest(BASE, "torch") is None and not os.environ.get("CI"):
        pytest.skip(MISSING, allow_module_level=True)


def packages() -> Path:
    """Return the folder of the environment's packages; without one the test fails."""
    manifest = read_manifest(BASE, "torch")
    if manifest is None:
        pytest.fail(MISSING)
    return BASE / manifest.folder / "site"


def environment(**more: str) -> dict[str, str]:
    """Return the variables of a process that uses torch: offline, one thread, hashing that is not randomised."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(packages()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",  # more of them wait for each other, where others compute as well
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        **more,
    }


def run_script(bundle: Path, entrypoint: str, given: Path, place: Path, **more: str) -> tuple[dict[str, Any], str]:
    """Run a bundle's script as the box does, in a fresh folder; returns its result and what it printed.

    `given` is the folder of inputs, `more` are variables, such as another ASSAY_SEED.

    Raises:
        AssertionError: the script ends otherwise than well.

    """
    (place / "output").mkdir(parents=True)
    names = {"INPUT": given, "RESULT": place / "result.json", "OUTPUT": place / "output", "SEED": 0}
    variables = environment(**{f"ASSAY_{name}": str(value) for name, value in names.items()} | more)
    command = [sys.executable, str(bundle / entrypoint)]
    done = subprocess.run(command, cwd=place, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((place / "result.json").read_text()), done.stdout


class Module:
    """A module of a bundle, imported by a process that has torch; its functions are called one at a time."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SERVANT), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def __call__(self, name: str, *arguments: Any) -> Any:
        """Call a function. Lists of numbers go in and out where it takes and gives tensors.

        Raises:
            ValueError: the function raised it, with the same words.

        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps([name, arguments]), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        if "refused" in answer:
            raise ValueError(answer["refused"])
        return answer["given"]

    def close(self) -> None:
        """End the process, which ends with its input."""
        self.process.communicate(timeout=120)
        assert self.process.returncode == 0
