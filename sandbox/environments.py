"""Environments: interpreters whose every file is covered by one digest.

`python` is the host's own interpreter with its standard library. Its digest covers the interpreter with its shared
library, every file of the standard library, the base system's list of packages, and the verifier `metamath` where there is
one, so that an upgrade is a new digest and not a silent change. Hashing takes a fraction of a second; the answer is kept
beside a fingerprint of names, sizes and times and taken from there while nothing of it changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from sandbox import metamath
from sandbox.job import Environment, NoIsolation

SYSTEM_PYTHON = Path("/usr/bin/python3")
PACKAGES = Path("/var/lib/dpkg/status")
MINIMUM = (3, 11)
REACHABLE = "apt-get install python3, or set ASSAY_PYTHON to an interpreter that everybody may read"

_PROBE = (
    "import json,platform,sys,sysconfig;"
    "print(json.dumps({'version':sys.version.split()[0],'info':list(sys.version_info[:2]),"
    "'executable':sys.executable,'library':sysconfig.get_path('stdlib'),"
    "'shared':'/'.join(map(str,sysconfig.get_config_vars('LIBDIR','INSTSONAME'))),"
    "'platform':platform.platform(),'machine':platform.machine(),'implementation':platform.python_implementation()}))"
)


def host_python(explicit: Path | None = None, cache: Path | None = None) -> Environment:
    """Return the environment `python`: the host's interpreter and its standard library.

    Args:
        explicit: the interpreter to use; by default the system's, else the one that runs us.
        cache: folder in which the digest is kept.

    Raises:
        NoIsolation: there is no interpreter that a box could use.

    """
    facts = _probe(explicit)
    interpreter, library = Path(facts["executable"]).resolve(), Path(facts["library"]).resolve()
    mounts = [path for path in (interpreter, library.parent) if not path.is_relative_to("/usr")]
    for path in mounts:
        refuse_unreachable(path)
    files = _files(interpreter, library, Path(facts["shared"]))
    fingerprint = _fingerprint(files)
    digest = _cached(cache, fingerprint)
    if digest is None:
        digest = _digest(files)
        _keep(cache, fingerprint, digest)
    detail = {key: facts[key] for key in ("version", "platform", "machine", "implementation")} | metamath.facts()
    return Environment(
        "python", digest, str(interpreter), tuple(str(path) for path in mounts), {**detail, "cpu": _cpu_model()}
    )


def _probe(explicit: Path | None) -> dict[str, Any]:
    candidates = [explicit] if explicit is not None else [SYSTEM_PYTHON, Path(sys.executable)]
    for candidate in candidates:
        try:
            said = subprocess.run(
                [candidate, "-S", "-s", "-P", "-B", "-c", _PROBE], capture_output=True, check=True, env={}, cwd="/"
            ).stdout
            facts: dict[str, Any] = json.loads(said)
        except (OSError, subprocess.CalledProcessError, ValueError):  # not there, too old for -P, or no Python at all
            continue
        if tuple(facts["info"]) >= MINIMUM:
            return facts
    raise NoIsolation("no Python 3.11 or newer for the box", "apt-get install python3, or set ASSAY_PYTHON")


def refuse_unreachable(path: Path, remedy: str = REACHABLE) -> None:
    """Refuse what the slot's own user could not read, instead of failing in every run.

    Raises:
        NoIsolation: a folder on the way is closed.
        OSError: there is no such path.

    """
    if os.geteuid() != 0:
        return
    for part in (path, *path.parents):
        if not part.stat().st_mode & 0o001:
            raise NoIsolation(f"{part} is closed to the user of the box", remedy)


def _files(interpreter: Path, library: Path, shared: Path) -> list[Path]:
    found = [
        path
        for path in library.rglob("*")
        if path.is_file() and not {"__pycache__", "site-packages", "dist-packages"} & set(path.parts)
    ]
    return [interpreter, *sorted(found), *(path for path in (shared, PACKAGES, metamath.PROGRAM) if path.is_file())]


def _fingerprint(files: list[Path]) -> str:
    """Return what changes whenever a file does: its time of change, unlike that of modification, cannot be set."""
    state = hashlib.sha256()
    for path in files:
        found = path.stat()
        state.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ctime_ns}\0{found.st_ino}\n".encode())
    return state.hexdigest()


def _digest(files: list[Path]) -> str:
    state = hashlib.sha256()
    for path in files:
        state.update(f"{path}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return "sha256:" + state.hexdigest()


def _cached(cache: Path | None, fingerprint: str) -> str | None:
    if cache is None:
        return None
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((cache / "python.json").read_text())
        if found["fingerprint"] == fingerprint:
            return str(found["digest"])
    return None


def _keep(cache: Path | None, fingerprint: str, digest: str) -> None:
    if cache is None:
        return
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=cache, delete=False) as file:
            json.dump({"fingerprint": fingerprint, "digest": digest}, file)
        Path(file.name).replace(cache / "python.json")


def _cpu_model() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return ""
