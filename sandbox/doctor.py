"""Audit of a host: what sealing needs, what is there, and the exact remedy for each lack.

The last check runs a canary through the production path, same arguments and same filter: parts that are all present can
still fail together (an AppArmor profile, a masked /proc), and only the real thing shows it.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import cgroup, gpu_doctor, seccomp
from sandbox.apart import require_apart
from sandbox.engine import Sandbox
from sandbox.environments import host_python
from sandbox.host import LEVEL_REMEDIES, bwrap_version, crun_version, require_bwrap, require_crun
from sandbox.job import Environment, Job, NoIsolation, SandboxFault, StagedFile
from sandbox.slot_parts import FIRST_UID, SLOTS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROC = Path("/proc")
CANARY = b"""
import os, socket
assert os.getpid() < 10 and os.getuid() == 1000
try:
    socket.socket(socket.AF_INET)
except PermissionError:
    open(os.environ["ASSAY_RESULT"], "w").write('{"sealed": 1}')
"""
NAMESPACES_REMEDY = "sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1"
MAY_MAKE_NAMESPACES = f"{NAMESPACES_REMEDY}; in a container, `--security-opt seccomp=deploy/seccomp-worker.json`"
APPARMOR_REMEDY = (
    "allow `userns` in a profile for bwrap (or crun), or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
)
PROC_REMEDY = "in a container, start it with `--security-opt systempaths=unconfined`"
FOLDER_REMEDY = "set TMPDIR to a folder that every user may pass through, such as /tmp"
SETPRIV_REMEDY = "apt-get install util-linux: crun's boxes need its /usr/bin/setpriv"
SECCOMP_REMEDY = (
    "use a kernel with CONFIG_SECCOMP_FILTER; in a container, one whose own filter lets the engine set another"
)

#: What a box that cannot be made says -> what helps; the first that fits.
REMEDIES = (
    ("uid map", APPARMOR_REMEDY),
    ("uid_map", APPARMOR_REMEDY),
    ("amespace", MAY_MAKE_NAMESPACES),
    ("clone: ", MAY_MAKE_NAMESPACES),
    ("mount proc", PROC_REMEDY),
    ("mount `proc`", PROC_REMEDY),
    ("SECCOMP", SECCOMP_REMEDY),
    ("no filter of system calls", SECCOMP_REMEDY),
    ("source path", FOLDER_REMEDY),
    ("chdir `", FOLDER_REMEDY),
    ("setpriv` not found", SETPRIV_REMEDY),
    ("open executable", SETPRIV_REMEDY),
    ("launcher: ", "as root in a container without user ids from 210000: run as an ordinary user"),
)


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
    isolation: dict[str, Any] = field(default_factory=dict)  # as it would be in evidence: engine, version, filter …

    def as_json(self) -> dict[str, Any]:
        """Return the audit as plain values."""
        return asdict(self)


def audit(
    python: Path | None = None, engine: str = "bwrap", state: Mapping[str, Path] | None = None, *, gpu: bool = False
) -> Audit:
    """Audit this host.

    Args:
        python: the interpreter that the operator set.
        engine: what makes the boxes.
        state: what no box may show, see `require_apart`.
        gpu: whether to compute on every GPU, in a box.

    """
    checks = [_guard(*LOOKS[engine]), _user_namespaces(), _apparmor(), _guard("seccomp", _seccomp)]
    checks += [_cgroup(), _own_user(os.geteuid())]
    environment: Environment | None = None
    try:
        environment = host_python(python)
        detail = f"{environment.interpreter} ({environment.describe()['version']})"
        checks.append(Check("interpreter", ok=True, detail=detail))
    except NoIsolation as error:
        checks.append(Check("interpreter", ok=False, detail=error.detail, remedy=error.remedy))
    if environment is None:
        return Audit(tuple(checks), None)
    apart = _guard("state", lambda: _apart(state or {}, environment))
    canary, isolation = _canary(environment, engine)
    checks += [apart, canary, *(_gpus(environment) if gpu else ())]
    return Audit(tuple(checks), isolation.get("level") if apart.ok else None, isolation)


def _guard(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, detail=look())
    except NoIsolation as error:
        return Check(name, ok=False, detail=error.detail, remedy=error.remedy)
    except ValueError as error:
        return Check(name, ok=False, detail=str(error), remedy="use an x86-64 or arm64 host")


def _bubblewrap() -> str:
    require_bwrap()
    return f"version {bwrap_version()}"


def _crun() -> str:
    require_crun()
    return f"version {crun_version()}, on pure cgroup v2"


def _apart(state: Mapping[str, Path], environment: Environment) -> str:
    require_apart(state, environment)
    return "nothing of it lies where boxes show the host"


LOOKS = {"bwrap": ("bubblewrap", _bubblewrap), "oci:crun": ("crun", _crun)}


def _seccomp(proc: Path = PROC) -> str:
    actions = proc / "sys/kernel/seccomp/actions_avail"
    known = actions.read_text().split() if actions.exists() else []
    if not {"kill_process", "errno"} <= set(known):
        raise NoIsolation("the kernel filters no system calls", SECCOMP_REMEDY)
    return f"filter of {len(seccomp.program())} bytes, {seccomp.digest()[:19]}…"


def _user_namespaces(proc: Path = PROC) -> Check:
    path, clone = proc / "sys/user/max_user_namespaces", proc / "sys/kernel/unprivileged_userns_clone"
    if clone.exists() and clone.read_text().strip() == "0":
        detail = "closed to ordinary users"
        return Check("user namespaces", ok=False, detail=detail, remedy=NAMESPACES_REMEDY)
    if not path.exists():
        return Check("user namespaces", ok=True, detail="the kernel does not say; the canary shows")
    allowed = int(path.read_text())
    if allowed == 0:
        detail = "the kernel allows none"
        return Check("user namespaces", ok=False, detail=detail, remedy=NAMESPACES_REMEDY)
    return Check("user namespaces", ok=True, detail=f"up to {allowed}")


def _apparmor(proc: Path = PROC) -> Check:
    path = proc / "sys/kernel/apparmor_restrict_unprivileged_userns"
    if not path.exists() or path.read_text().strip() == "0":
        return Check("AppArmor", ok=True, detail="does not restrict user namespaces")
    detail = (
        "restricts user namespaces to programs whose profile allows them; the canary shows whether the engine is one"
    )
    return Check("AppArmor", ok=False, detail=detail, remedy=APPARMOR_REMEDY, required=False)


def _cgroup() -> Check:
    found = cgroup.open_cgroup(os.getpid())
    if found is None:
        detail = "none that we may use: limits are weaker (level C)"
        return Check("cgroup", ok=False, detail=detail, remedy=LEVEL_REMEDIES["B1"], required=False)
    found.remove()
    more = "" if found.level == "B" else f"; for level B, {LEVEL_REMEDIES['B']}"
    return Check("cgroup", ok=True, detail=f"{found.source}, level {found.level}{more}")


def _own_user(uid: int, proc: Path = PROC) -> Check:
    if uid != 0:
        detail = f"none: boxes run as the ordinary user {uid}, as everything here does"
        remedy = "as root every slot has a user id of its own"
        return Check("own user", ok=False, detail=detail, remedy=remedy, required=False)
    spans = [line.split() for line in (proc / "self/uid_map").read_text().splitlines()]
    last = FIRST_UID + SLOTS_MAX
    if any(int(first) <= FIRST_UID and last <= int(first) + int(count) for first, _, count in spans):
        return Check("own user", ok=True, detail="every slot runs under a user id of its own")
    detail = f"user ids from {FIRST_UID} to {last} do not exist in this user namespace"
    return Check("own user", ok=False, detail=detail, remedy="run as an ordinary user, or map these ids as well")


def _gpus(environment: Environment) -> list[Check]:
    devices, why = gpu_doctor.found()
    remedy = "install the driver of NVIDIA; every run without a GPU works as it is"
    if not devices:
        return [Check("GPU", ok=False, detail=why, remedy=remedy, required=False)]
    found = []
    for device in devices:
        ok, detail = gpu_doctor.compute(environment, device)
        found.append(Check("GPU", ok=ok, detail=detail, remedy="" if ok else "look at `nvidia-smi`", required=False))
    return found


def _canary(environment: Environment, engine: str = "bwrap") -> tuple[Check, dict[str, Any]]:
    """Return the check of a real run, and the isolation that it had; empty when it was not sealed."""
    job = Job(environment, ("/job/canary.py",), (StagedFile("/job/canary.py", CANARY),), wall_ms=20_000, cpu_ms=10_000)
    try:
        with Sandbox(engine=engine) as box:
            outcome = box.run(job)
            if outcome.result == b'{"sealed": 1}':
                return Check("canary", ok=True, detail=f"a sealed run took {outcome.wall_ms} ms"), outcome.isolation
            said = outcome.stderr.decode("utf-8", "replace")[-300:] or f"ended by {outcome.kind}"
            remedy = "report this, with the output of `assay doctor --json`"
            return Check("canary", ok=False, detail=f"the box is not sealed: {said}", remedy=remedy), {}
    except SandboxFault as error:
        default = error.remedy if isinstance(error, NoIsolation) else "try again; if it stays, report this message"
        remedy = next((remedy for text, remedy in REMEDIES if text in str(error)), default)
        detail = error.detail if isinstance(error, NoIsolation) else str(error)
        return Check("canary", ok=False, detail=detail, remedy=remedy), {}
