"""Facts about this host that every run needs, found once."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from sandbox.job import NoIsolation
from sandbox.plan import MASKED, MASKED_FOLDERS, Host

#: Isolation levels from weakest to strongest.
LEVELS = ("C", "B1", "B", "A")
DELEGATED = "start with `systemd-run --user --scope -p Delegate=yes`"
#: What gives a level to a host that gives less.
LEVEL_REMEDIES = {
    "B1": f"on cgroup v1, start as root; on cgroup v2, {DELEGATED}",
    "B": f"boot with systemd.unified_cgroup_hierarchy=1, so that cgroup v2 stands alone, and {DELEGATED}",
    "A": "no engine gives level A yet: demand B or less",
}

BWRAP_MINIMUM = (0, 8, 0)
CRUN_MINIMUM = (1, 4, 0)  # since when it can close what is mounted below a folder
PLACES = "/usr/bin:/usr/local/bin:/bin:/usr/sbin:/usr/local/sbin"
UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers")  # where cgroup v2 stands alone


@cache
def bwrap_path() -> str:
    """Return bubblewrap's program.

    Raises:
        NoIsolation: there is none.

    """
    found = shutil.which("bwrap", path=PLACES)
    if found is None:
        raise NoIsolation("bubblewrap is not installed", "apt-get install bubblewrap")
    return found


@cache
def bwrap_version() -> str:
    """Return bubblewrap's version, such as "0.8.0"."""
    said = subprocess.run([bwrap_path(), "--version"], capture_output=True, text=True, check=False, env={}).stdout
    return said.strip().rpartition(" ")[2]


def require_bwrap() -> None:
    """Check bubblewrap.

    Raises:
        NoIsolation: it is missing or too old.

    """
    _require_version("bubblewrap", bwrap_version(), BWRAP_MINIMUM)


def _require_version(name: str, version: str, minimum: tuple[int, ...]) -> None:
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())  # none is too old as well
    if numbers < minimum:
        wanted = ".".join(map(str, minimum))
        raise NoIsolation(f"{name} {version} is too old, {wanted} is needed", f"install a newer {name}")


@cache
def crun_path() -> str:
    """Return crun's program.

    Raises:
        NoIsolation: there is none.

    """
    found = shutil.which("crun", path=PLACES)
    if found is None:
        raise NoIsolation("crun is not installed", "apt-get install crun, or set ASSAY_ENGINE to bwrap")
    return found


@cache
def crun_version() -> str:
    """Return crun's version, such as "1.8.1"."""
    said = subprocess.run([crun_path(), "--version"], capture_output=True, text=True, check=False, env={}).stdout
    return said.partition("\n")[0].rpartition(" ")[2]


def require_crun() -> None:
    """Check crun, and that cgroup v2 stands alone here: it refuses to run beside v1.

    Raises:
        NoIsolation: one of them is missing or too old.

    """
    _require_version("crun", crun_version(), CRUN_MINIMUM)
    if not UNIFIED.exists():
        detail = "crun makes boxes on pure cgroup v2 only, which this host does not have"
        raise NoIsolation(detail, "boot with systemd.unified_cgroup_hierarchy=1, or set ASSAY_ENGINE to bwrap")


@cache
def host_facts() -> Host:
    """Return the facts about this host."""
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
        masked_folders=tuple(name for name in MASKED_FOLDERS if Path("/proc", name).is_dir()),
        loader_cache=Path("/etc/ld.so.cache").exists(),
        # A host without this file (gVisor) cannot forbid further namespaces; the filter refuses them anyway.
        disable_userns=Path("/proc/sys/user/max_user_namespaces").exists(),
    )
