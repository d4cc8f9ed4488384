"""The command as its users start it: a process of its own, from the checkout, with a home of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "cli"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment in which nothing of ours is set but the home."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ASSAY_", "NO_COLOR"))}
    return {**clean, "ASSAY_HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def assay(*arguments: str | Path, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment(home, **more),
    )


def lay(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def eventually(found: Callable[[], Any], seconds: float = 90) -> Any:
    """Return what `found` returns once it is true.

    Raises:
        AssertionError: it did not become true in time.

    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def descendants(root: int) -> dict[int, str]:
    """Return every process below `root`: id -> start time and name, which tell it from a later one with the same id."""
    processes: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            found = _stat(int(entry.name))
            if found is not None:
                processes[int(entry.name)] = found
    below: dict[int, str] = {}
    queue = [root]
    while queue:
        parent = queue.pop()
        for pid, (above, identity) in processes.items():
            if above == parent and pid not in below:
                below[pid] = identity
                queue.append(pid)
    return below


def survivors(known: Mapping[int, str]) -> list[str]:
    """Return those of known processes that still run; a zombie does not."""
    return [identity for pid, identity in known.items() if (found := _stat(pid)) is not None and found[1] == identity]


def _stat(pid: int) -> tuple[int, str] | None:
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")
    except OSError:
        return None
    fields = rest.split()
    return None if fields[0] in "ZX" else (int(fields[1]), f"{name.partition('(')[2]} since {fields[19]}")


@contextmanager
def no_survivors(known: Mapping[int, str], seconds: float = 10) -> Iterator[None]:
    """Make sure that known processes end within seconds of the block, and that a failing test leaves none either."""
    try:
        yield
        eventually(lambda: not survivors(known), seconds)
    finally:
        for pid, identity in known.items():
            if survivors({pid: identity}):
                os.kill(pid, signal.SIGKILL)


def names(known: Iterable[str]) -> set[str]:
    """Return the names of processes as `descendants` gives them."""
    return {identity.partition(" since ")[0] for identity in known}
