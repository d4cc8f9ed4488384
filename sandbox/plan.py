"""From a shape to bubblewrap's arguments. Pure; the arguments are the security model, so this file is the one to read.

bubblewrap defines no policy of its own: what is not listed here is not in the box. Every namespace is new, the world is
read-only, nothing of the host is writable, scratch is a tmpfs of limited size, and the environment holds what is set
here and nothing else. Order matters: mounts are made in the order of the arguments, the root is sealed last.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.job import Environment, Job, Shape, Staging

HOSTNAME = "sandbox"
RESULT = "/tmp/.assay/result.json"  # noqa: S108 - a tmpfs inside the box
OUTPUT = "/tmp/output"  # noqa: S108
PROGRAMS = "/assay"
RUNNER = f"{PROGRAMS}/runner.pyc"
SITE = "/site"  # the packages of an environment that the operator built
ASSETS = "/assets"  # a folder for each asset of the job, under the name that the job gives it

#: What libraries are told in every box of a built environment, and in every one with a GPU: the same arithmetic each time,
#: and nothing from a network that is not there. From PyTorch's notes on randomness, and the offline switches of
#: transformers and tokenizers.
LIBRARIES = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "NVIDIA_TF32_OVERRIDE": "0",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_OFFLINE": "1",
}
#: Variables that say how a program computes, for the evidence.
SETTINGS = (
    "PYTHONHASHSEED",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    *LIBRARIES,
)

#: Files of /proc that tell about the kernel or reach into it, by which a host can be known again, or whose exact counters
#: one run could move and a later one read; hidden behind /dev/null. What stays readable is listed in docs/threat-model.md.
MASKED = (
    "bootconfig",
    "buddyinfo",
    "cmdline",
    "config.gz",
    "diskstats",
    "interrupts",
    "kallsyms",
    "kcore",
    "keys",
    "mdstat",
    "modules",
    "pagetypeinfo",
    "partitions",
    "sched_debug",
    "schedstat",
    "slabinfo",
    "softirqs",
    "sys/kernel/random/boot_id",
    "sysrq-trigger",
    "timer_list",
    "vmallocinfo",
    "vmstat",
    "zoneinfo",
)
#: Folders of /proc that name the host's hardware and its disks, or count its waiting; hidden behind an empty one.
MASKED_FOLDERS = ("acpi", "asound", "bus", "fs", "pressure", "scsi")
NAMESPACES = ("user", "pid", "net", "ipc", "uts", "cgroup")


@dataclass(frozen=True)
class Host:
    """What the plan must know about the host."""

    links: Mapping[str, str]  # top-level links of a merged /usr, e.g. "/lib64" -> "usr/lib64"
    folders: Sequence[str]  # top-level folders where /usr is not merged, e.g. "/lib"
    masked: Sequence[str]  # which of MASKED exist
    masked_folders: Sequence[str]  # which of MASKED_FOLDERS exist
    loader_cache: bool  # whether /etc/ld.so.cache exists
    disable_userns: bool  # whether the host lets us forbid further user namespaces


def shown(host: Host, environment: Environment | None = None) -> tuple[str, ...]:
    """Return what of the host boxes show beside the files of their job: of an environment, or of all of them."""
    own = () if environment is None else (*environment.mounts, *filter(None, (environment.site,)))
    return ("/usr", *host.folders, *own)


def bwrap_arguments(shape: Shape, host: Host, staging: Staging, programs: str, seccomp_fd: int) -> list[str]:
    """Return the options of bwrap, without the command.

    Args:
        shape: what the box is for.
        host: facts about the host.
        staging: folders for the job's files.
        programs: host folder with our in-box programs.
        seccomp_fd: number under which bwrap inherits the filter.

    """
    arguments = [f"--unshare-{name}" for name in NAMESPACES]
    arguments += ["--uid", "1000", "--gid", "1000", "--hostname", HOSTNAME]
    if host.disable_userns:
        arguments += ["--disable-userns"]
    arguments += ["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    for name, value in sorted(variables(shape).items()):
        arguments += ["--setenv", name, value]
    arguments += ["--ro-bind", "/usr", "/usr"]
    for path, target in sorted(host.links.items()):
        arguments += ["--symlink", target, path]
    for path in host.folders:
        arguments += ["--ro-bind", path, path]
    arguments += ["--ro-bind", programs, PROGRAMS]
    arguments += ["--ro-bind", str(staging.inputs), "/in", "--ro-bind", str(staging.job), "/job"]
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    if shape.gpu is not None:
        for target, node in shape.gpu.nodes:
            arguments += ["--dev-bind", node, target]
        for path in shape.gpu.reads:
            arguments += ["--ro-bind", path, path]
    scratch = str(shape.scratch_bytes)
    arguments += ["--size", scratch, "--tmpfs", "/tmp", "--size", scratch, "--tmpfs", "/dev/shm"]  # noqa: S108
    for path in shape.environment.mounts:  # after the scratch, which would hide one below /tmp
        arguments += ["--ro-bind", path, path]
    if shape.environment.site:
        arguments += ["--ro-bind", shape.environment.site, SITE]
    for name, asset in shape.assets:
        arguments += ["--ro-bind", asset.folder, f"{ASSETS}/{name}"]
    arguments += ["--dir", "/etc"]
    if host.loader_cache:
        arguments += ["--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for name in host.masked:
        arguments += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    for name in host.masked_folders:
        arguments += ["--size", "4096", "--tmpfs", f"/proc/{name}"]
    for path in (*(f"/proc/{name}" for name in host.masked_folders), "/dev", "/"):
        arguments += ["--remount-ro", path]
    return [*arguments, "--seccomp", str(seccomp_fd), "--chdir", "/tmp"]  # noqa: S108


def command(environment: Environment, imports: Sequence[str] = ()) -> list[str]:
    """Return what runs inside: the interpreter and our runner, and what that imports before its job comes.

    `-P` and the order of the path keep a bundle from shadowing the library; not `-I` or `-E`, which would ignore
    PYTHONHASHSEED: the environment is scrubbed anyway. `-S` keeps the host's own packages out and starts faster.
    """
    return [environment.interpreter, "-S", "-s", "-P", "-B", RUNNER, *imports]


def hand_over(job: Job, compiled: str, *, counted: bool) -> bytes:
    """Return what the runner is told when its job comes: fields that NUL separates, as none may hold one.

    Args:
        job: what is to run.
        compiled: name of the compiled evaluator beside the runner; "" for a script, which is compiled as it is read.
        counted: whether a cgroup limits processes; otherwise the runner does.

    """
    caps = [str(job.result_cap), str(job.output_cap)]
    processes = "0" if counted else str(job.processes)
    own = variables(job.shape)
    further = [f"{name}={value}" for name, value in sorted(job.env.items()) if name not in own]
    fields = [*caps, processes, compiled and f"{PROGRAMS}/{compiled}", str(len(job.argv)), *job.argv, *further]
    return b"\0".join(os.fsencode(field) for field in fields)


def variables(shape: Shape) -> dict[str, str]:
    """Return the variables that every box has, and no job can replace."""
    threads = str(shape.cpus)
    libraries = LIBRARIES if shape.environment.site or shape.gpu is not None else {}
    if shape.environment.site:
        libraries = {**libraries, "ASSAY_SITE": SITE}
    return {
        **libraries,
        **({"ASSAY_ASSETS": ASSETS} if shape.assets else {}),
        "ASSAY_INPUT": "/in",
        "ASSAY_RESULT": RESULT,
        "ASSAY_OUTPUT": OUTPUT,
        "HOME": "/tmp",  # noqa: S108
        "TMPDIR": "/tmp",  # noqa: S108
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "NUMEXPR_NUM_THREADS": threads,
    }
