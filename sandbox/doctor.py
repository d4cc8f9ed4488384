"""Audit of a host: what sealing needs, what is there, and the exact remedy for each lack.

The last check runs a canary through the production path, same arguments and same filter: parts that are all present can
still fail together (an AppArmor profile, a masked /proc), and only the real thing shows it.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import cgroup, seccomp
from sandbox.engine import Sandbox
from sandbox.environments import host_python
from sandbox.host import bwrap_version, host_facts
from sandbox.job import Environment, Job, NoIsolation, SandboxFault, StagedFile

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = b"""
import os, socket
assert os.getpid() < 10 and os.getuid() == 1000
try:
    socket.socket(socket.AF_INET)
except PermissionError:
    open(os.environ["ASSAY_RESULT"], "w").write('{"sealed": 1}')
"""


@dataclass(frozen=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    required: bool = True


@dataclass(frozen=True)
class Audit:
    """All checks and the isolation level that follows; None when nothing would be executed."""

    checks: tuple[Check, ...]
    level: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the audit as plain values."""
        return asdict(self)


def audit(python: Path | None = None) -> Audit:
    """Audit this host; `python` is the interpreter that the operator set."""
    checks = [_guard("bubblewrap", _bubblewrap), _user_namespaces(), _apparmor(), _guard("seccomp", _seccomp)]
    checks += [_cgroup(), _uid()]
    environment: Environment | None = None
    try:
        environment = host_python(python)
        detail = f"{environment.interpreter} ({environment.describe()['version']})"
        checks.append(Check("interpreter", ok=True, detail=detail))
    except NoIsolation as error:
        checks.append(Check("interpreter", ok=False, detail=str(error), remedy=error.remedy))
    level = None
    if environment is not None:
        canary, level = _canary(environment)
        checks.append(canary)
    return Audit(tuple(checks), level)


def _guard(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, detail=look())
    except NoIsolation as error:
        return Check(name, ok=False, detail=str(error), remedy=error.remedy)
    except ValueError as error:
        return Check(name, ok=False, detail=str(error), remedy="use an x86-64 or arm64 host")


def _bubblewrap() -> str:
    host_facts()
    return f"version {bwrap_version()}"


def _seccomp() -> str:
    return f"filter of {len(seccomp.program())} bytes, {seccomp.digest()[:19]}…"


def _user_namespaces() -> Check:
    path = Path("/proc/sys/user/max_user_namespaces")
    allowed = int(path.read_text()) if path.exists() else 0
    clone = Path("/proc/sys/kernel/unprivileged_userns_clone")
    blocked = clone.exists() and clone.read_text().strip() == "0"
    if allowed > 0 and not blocked:
        return Check("user namespaces", ok=True, detail=f"up to {allowed}")
    remedy = "sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1"
    return Check("user namespaces", ok=False, detail="the kernel refuses them", remedy=remedy)


def _apparmor() -> Check:
    path = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if not path.exists() or path.read_text().strip() == "0":
        return Check("AppArmor", ok=True, detail="does not restrict user namespaces")
    remedy = "allow `userns` in a profile for bwrap, or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    return Check("AppArmor", ok=False, detail="restricts user namespaces", remedy=remedy, required=False)


def _cgroup() -> Check:
    found = cgroup.open_cgroup(os.getpid())
    if found is None:
        remedy = "as root: nothing to do on v1; on v2 start with `systemd-run --user --scope -p Delegate=yes`"
        detail = "none that we may use: limits are weaker (level C)"
        return Check("cgroup", ok=False, detail=detail, remedy=remedy, required=False)
    found.remove()
    return Check("cgroup", ok=True, detail=f"{found.source}, level {found.level}")


def _uid() -> Check:
    if os.geteuid() == 0:
        return Check("own user", ok=True, detail="every slot runs under a user id of its own")
    return Check("own user", ok=True, detail=f"runs as the ordinary user {os.geteuid()}")


def _canary(environment: Environment) -> tuple[Check, str | None]:
    try:
        with Sandbox() as box:
            job = Job(
                environment,
                ("/job/canary.py",),
                (StagedFile("/job/canary.py", CANARY),),
                wall_ms=20_000,
                cpu_ms=10_000,
            )
            outcome = box.run(job)
            if outcome.result != b'{"sealed": 1}':
                said = outcome.stderr.decode("utf-8", "replace")[-300:]
                return Check("canary", ok=False, detail=f"the box is not sealed: {said}", remedy="report this"), None
            return Check("canary", ok=True, detail=f"a sealed run took {outcome.wall_ms} ms"), box.level()
    except NoIsolation as error:
        return Check("canary", ok=False, detail=str(error), remedy=error.remedy), None
    except SandboxFault as error:
        return Check("canary", ok=False, detail=str(error), remedy="see the message above"), None
