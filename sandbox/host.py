"""Facts about this host that every run needs, found once."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from sandbox.job import NoIsolation
from sandbox.plan import MASKED, Host

#: Isolation levels from weakest to strongest.
LEVELS = ("C", "B1", "B", "A")

BWRAP_MINIMUM = (0, 8, 0)


@cache
def bwrap_path() -> str:
    """Return bubblewrap's program.

    Raises:
        NoIsolation: there is none.

    """
    found = shutil.which("bwrap", path="/usr/bin:/usr/local/bin:/bin")
    if found is None:
        raise NoIsolation("bubblewrap is not installed", "apt-get install bubblewrap")
    return found


@cache
def bwrap_version() -> str:
    """Return bubblewrap's version, such as "0.8.0"."""
    said = subprocess.run([bwrap_path(), "--version"], capture_output=True, text=True, check=False, env={}).stdout
    return said.strip().rpartition(" ")[2]


@cache
def host_facts() -> Host:
    """Return the facts about this host.

    Raises:
        NoIsolation: bubblewrap is missing or too old.

    """
    version = bwrap_version()
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())  # none is too old as well
    if numbers < BWRAP_MINIMUM:
        raise NoIsolation(f"bubblewrap {version} is too old, 0.8.0 is needed", "install a newer bubblewrap")
    links, folders = {}, []
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        path = Path(name)
        if path.is_symlink():
            links[name] = str(path.readlink()).lstrip("/")
        elif path.is_dir():
            folders.append(name)
    return Host(
        links=links,
        folders=tuple(folders),
        masked=tuple(name for name in MASKED if Path("/proc", name).exists()),
        loader_cache=Path("/etc/ld.so.cache").exists(),
        # A host without this file (gVisor) cannot forbid further namespaces; the filter refuses them anyway.
        disable_userns=Path("/proc/sys/user/max_user_namespaces").exists(),
    )
