"""The room's walls: the standard library alone, and three programs that must start fast."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import sandbox

FOLDER = Path(sandbox.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))
IDS = [path.name for path in MODULES]

#: Imported by the runner whatever it runs: each costs every run its start.
RUNNER_IMPORTS = {"gc", "itertools", "posix", "select", "sys"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_the_sandbox_imports_itself_and_the_standard_library_alone(path: Path) -> None:
    tops = {name.partition(".")[0] for name in _imports(path)}
    assert tops - sys.stdlib_module_names <= {"sandbox"}


@pytest.mark.parametrize("name", ["runner.py", "launcher.py"])
def test_what_runs_apart_imports_nothing_of_ours(name: str) -> None:
    assert not [module for module in _imports(FOLDER / name) if module.startswith("sandbox")]


def test_the_runner_imports_little_before_the_program() -> None:
    top = {alias.name for node in ast.parse((FOLDER / "runner.py").read_text()).body if isinstance(node, ast.Import)
           for alias in node.names}  # fmt: skip
    top |= {
        node.module for node in ast.parse((FOLDER / "runner.py").read_text()).body if isinstance(node, ast.ImportFrom)
    }
    assert top == RUNNER_IMPORTS
