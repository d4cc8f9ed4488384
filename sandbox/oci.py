"""From a shape to an OCI bundle: the same box as bubblewrap's, executed by crun. Pure; read `plan.py` first.

Mounts stand in the order of bubblewrap's, with the same targets; a bundle says in addition how many files a scratch may
hold. What a runtime does not do by itself is done inside: `setpriv` lets PID 1 die with the runtime, and the runner is
its own init.

The filter of system calls follows from the same policy, but the runtime compiles it, from rules (`rules.py`). What no rule
meets (a `personality`) answers ENOSYS. A foreign architecture is not named and kills, the x32 calls as well.
"""

from __future__ import annotations

import errno
import hashlib
import json
import platform
from typing import TYPE_CHECKING, Any

from sandbox import rules, seccomp
from sandbox.plan import ASSETS, HOSTNAME, PROGRAMS, SITE, command, variables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sandbox.job import Shape, Staging
    from sandbox.plan import Host

UID = 1000  # in the box
LOADER_CACHE = "/etc/ld.so.cache"
DIE_WITH_PARENT = ("/usr/bin/setpriv", "--pdeathsig", "KILL")
NAMESPACES = ("pid", "network", "ipc", "uts", "mount", "user", "cgroup")
CAPABILITIES = ("bounding", "effective", "inheritable", "permitted", "ambient")
READ_ONLY = ("rbind", "ro", "nosuid", "nodev")
BELOW = ("rro", "rnosuid", "rnodev")  # the same for what is mounted below a folder; crun refuses it for a file
#: What bubblewrap's --proc closes by itself.
CLOSED = ("irq", "sys", "sysrq-trigger")
FILE_BYTES, FILES_MIN = 4096, 65_536  # a file that is not empty takes a page; empty ones are memory of the kernel
ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}


def run_command(runtime: str, bundle: str, state: str) -> list[str]:
    """Return the command line that executes a bundle.

    Args:
        runtime: the runtime's program.
        bundle: folder with `config.json`.
        state: folder where the runtime keeps its notes.

    """
    options = ["--root", state, "--cgroup-manager=disabled"]  # so it stays in the slot's cgroup
    return [runtime, *options, "run", "--bundle", bundle, "--preserve-fds", "1", "assay"]


def bundle(  # noqa: PLR0913 - what a box is
    shape: Shape, host: Host, shared: list[dict[str, Any]], uid: int, gid: int, imports: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the document `config.json`.

    Args:
        shape: what the box is for.
        host: facts about the host.
        shared: what `mounts` returned.
        uid: user as whom the runtime is started.
        gid: that user's group.
        imports: modules that the box has imported before its job comes.

    """
    return {
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs", "readonly": True},
        "hostname": HOSTNAME,
        "process": {
            "terminal": False,
            "user": {"uid": UID, "gid": UID},
            "args": [*DIE_WITH_PARENT, *command(shape.environment, imports)],
            "env": [f"{name}={value}" for name, value in sorted(variables(shape).items())],
            "cwd": "/tmp",  # noqa: S108
            "capabilities": {kind: [] for kind in CAPABILITIES},
            "noNewPrivileges": True,
        },
        "mounts": shared,
        "linux": {
            "namespaces": [{"type": name} for name in NAMESPACES],
            "uidMappings": [{"containerID": UID, "hostID": uid, "size": 1}],
            "gidMappings": [{"containerID": UID, "hostID": gid, "size": 1}],
            "maskedPaths": [f"/proc/{name}" for name in (*host.masked, *host.masked_folders)],
            "readonlyPaths": [f"/proc/{name}" for name in CLOSED],
            "seccomp": profile(),
        },
    }


def mounts(shape: Shape, host: Host, staging: Staging, programs: str, files: Collection[str]) -> list[dict[str, Any]]:
    """Return the mounts in the order of `bwrap_arguments`; `files` are those of the environment that are no folders."""
    most = max(shape.scratch_bytes // FILE_BYTES, FILES_MIN)
    scratch = ("nosuid", "nodev", f"size={shape.scratch_bytes}", f"nr_inodes={most}", "mode=1777")
    site = shape.environment.site
    return [
        *(_bound(path, path) for path in ("/usr", *host.folders)),
        _bound(programs, PROGRAMS),
        _bound(str(staging.inputs), "/in"),
        _bound(str(staging.job), "/job"),
        _mount("proc", "/proc", "nosuid", "noexec", "nodev"),
        _mount("tmpfs", "/dev", "nosuid", "mode=755", "size=65536", "ro"),
        _mount("devpts", "/dev/pts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
        _mount("tmpfs", "/tmp", *scratch),  # noqa: S108
        _mount("tmpfs", "/dev/shm", *scratch),  # noqa: S108
        *(_bound(path, path, file=path in files) for path in shape.environment.mounts),
        *([_bound(site, SITE)] if site else []),
        *(_bound(asset.folder, f"{ASSETS}/{name}") for name, asset in shape.assets),
        *([_bound(LOADER_CACHE, LOADER_CACHE, file=True)] if host.loader_cache else []),
    ]


def is_file(mount: dict[str, Any]) -> bool:
    """Whether a file must be there to mount upon, and not a folder."""
    return mount["type"] == "bind" and not set(BELOW) <= set(mount["options"])


def _bound(source: str, target: str, *, file: bool = False) -> dict[str, Any]:
    options = [*READ_ONLY] if file else [*READ_ONLY, *BELOW]
    return {"destination": target, "type": "bind", "source": source, "options": options}


def _mount(kind: str, target: str, *options: str) -> dict[str, Any]:
    return {"destination": target, "type": kind, "source": kind, "options": list(options)}


# --- the filter of system calls


def profile(machine: str | None = None) -> dict[str, Any]:
    """Return the filter as a runtime reads it."""
    policy = seccomp.policy()
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.ENOSYS,
        "architectures": [ARCHITECTURES[machine or platform.machine()]],
        "syscalls": [
            rules.allow(policy["allowed"]),
            rules.refuse(policy["refused"]),
            *_checked(),
        ],
    }


def digest() -> str:
    """Return the digest of the filter as the runtime gets it."""
    return "sha256:" + hashlib.sha256(json.dumps(profile()).encode()).hexdigest()


def _checked() -> Iterator[dict[str, Any]]:
    """Yield the rules that decide calls by their arguments, as in `seccomp._checked`."""
    sockets = ["socket", "socketpair"]
    yield rules.allow(sockets, rules.argument(0, "SCMP_CMP_EQ", seccomp.AF_UNIX))
    yield rules.refuse(sockets, rules.argument(0, "SCMP_CMP_NE", seccomp.AF_UNIX))
    for name, (index, flags) in seccomp.WITHOUT.items():
        yield from _without(name, index, flags)
    for value in (0, seccomp.PERSONALITY_QUERY):
        yield rules.allow(["personality"], rules.bits(0, 0xFFFFFFFF, value))
    for name, (index, values) in seccomp.ALL_BUT.items():
        yield from rules.but(name, index, values, errno.EPERM)
    for name, answered in seccomp.ANSWERED.items():
        yield from rules.but(name, *answered)
    for name, index in seccomp.PLAIN.items():
        yield rules.allow([name], rules.bits(index, 0xFFFFFFFF, 0))
        for mask, value in rules.all_but(0):
            yield rules.refuse([name], rules.bits(index, mask, value), number=errno.EOPNOTSUPP)


def _without(name: str, index: int, flags: int) -> Iterator[dict[str, Any]]:
    """Yield the rules for a call of `seccomp.WITHOUT`, with what `seccomp.TOGETHER` says of it."""
    _, flag, needed = seccomp.TOGETHER.get(name, (index, 0, 0))
    yield rules.allow([name], rules.bits(index, flags | flag, 0))
    if flag:
        yield rules.allow([name], rules.bits(index, flags | flag | needed, flag | needed))
        yield rules.refuse([name], rules.bits(index, flag | needed, flag))
    for one in (1 << bit for bit in range(32)):
        if one & flags:
            yield rules.refuse([name], rules.bits(index, one, one))
