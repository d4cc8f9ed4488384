"""The seam of this room: a `Job` goes in, an `Outcome` comes out. Nothing here knows what a claim is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1 << 20

Kind = Literal["exited", "signal", "timeout", "memory", "output", "cancelled"]


class SandboxFault(Exception):
    """The sandbox failed; nothing may be concluded about the program that it should have run."""


class Misused(SandboxFault):
    """What somebody named cannot be used as it is; nothing failed, and nothing was changed."""


class NoIsolation(SandboxFault):
    """This host cannot seal a run as demanded; nothing was executed.

    Attributes:
        detail: what is missing.
        remedy: what the operator can do.

    """

    def __init__(self, detail: str, remedy: str = "run `assay doctor`") -> None:
        super().__init__(f"{detail} ({remedy})")
        self.detail = detail
        self.remedy = remedy


class SealBroken(SandboxFault):
    """A staged file does not have the digest that it should have; nothing was executed."""


class EnvironmentChanged(SandboxFault):
    """What an environment's digest covers is not on the disk any more, or not as it was; nothing was executed."""


class AssetChanged(SandboxFault):
    """What an asset's digest covers is not on the disk any more, or not as it was; nothing may be concluded."""


@dataclass(frozen=True)
class Environment:
    """An interpreter with everything that a program may import, named by a digest of all of it."""

    name: str
    digest: str  # "sha256:…"
    interpreter: str  # path in the box
    mounts: tuple[str, ...] = ()  # host files and folders beyond /usr, mounted read-only under the same path
    detail: Mapping[str, Any] = field(default_factory=dict)  # versions, for people
    site: str = ""  # folder of installed packages, which the box sees as /site; "" for none
    fingerprint: str = ""  # of that folder when its digest was found; a run is refused when it is another
    imports: tuple[str, ...] = ()  # modules that a box made ahead has imported already

    def describe(self) -> dict[str, Any]:
        """Return what people and evidence want to know about it."""
        return dict(self.detail)


@dataclass(frozen=True)
class Asset:
    """A folder of files too large for a bundle, named by a digest of all of them."""

    digest: str  # "sha256:…"
    name: str  # for people, on this host
    folder: str  # on the host
    fingerprint: str  # of that folder when its digest was found; a run is refused when it is another
    bytes: int
    files: int
    licence: str = ""  # as the operator gave it


@dataclass(frozen=True)
class Gpu:
    """A device that a box may be given, one for one."""

    number: int  # of its node
    uuid: str
    name: str
    memory_bytes: int
    driver: str
    cuda: str  # the newest version that the driver serves
    nodes: tuple[tuple[str, str], ...]  # path in the box, path on the host
    reads: tuple[str, ...] = ()  # host files and folders beyond /usr, mounted read-only under the same path
    program: str = ""  # which is asked about it


@dataclass(frozen=True)
class StagedFile:
    """A file that the box sees read-only."""

    target: str  # path in the box, below /job or /in
    data: bytes
    sha256: str | None = None  # "sha256:…"; checked on the bytes that are written


@dataclass(frozen=True)
class Shape:
    """What must be known of a job when its box is made; jobs of one shape can use each other's boxes."""

    environment: Environment
    cpu_ms: int
    cpus: int
    memory_bytes: int
    processes: int
    scratch_bytes: int
    assets: tuple[tuple[str, Asset], ...] = ()  # name in the box, asset
    gpu: Gpu | None = None


@dataclass(frozen=True)
class Job:
    """One program to be run once.

    Raises:
        ValueError: a limit below one, or a NUL byte in what becomes an argument: bubblewrap reads its options from a list
            that NUL separates, and a stranger's text must not become an option.

    """

    environment: Environment
    argv: tuple[str, ...]  # program as a path in the box, then its arguments
    files: tuple[StagedFile, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mode: Literal["script", "evaluator"] = "script"  # evaluator: a trusted program of ours, run directly
    wall_ms: int = 60_000
    cpu_ms: int = 60_000
    cpus: int = 1
    memory_bytes: int = 1024 * MIB
    processes: int = 64
    scratch_bytes: int = 256 * MIB
    stdout_cap: int = 4 * MIB
    stderr_cap: int = 4 * MIB
    result_cap: int = 1 * MIB
    output_cap: int = 64 * MIB  # all artifacts together
    plain: bool = False  # whether nothing may have been imported before the program begins
    assets: tuple[tuple[str, Asset], ...] = ()  # name in the box, asset
    gpu: Gpu | None = None

    def __post_init__(self) -> None:
        """Refuse what no box could be made for."""
        built = (self.environment.interpreter, *self.environment.mounts, self.environment.site)
        texts = (*self.argv, *self.env, *self.env.values(), *built)
        if not self.argv or any("\0" in text for text in texts):
            raise ValueError("a job needs a program, and no NUL byte in its arguments or environment")
        names = [name for name, _ in self.assets]
        if len(set(names)) < len(names) or any(
            name in {"", ".", ".."} or "/" in name or "\0" in name for name in names
        ):
            raise ValueError("every asset of a job has a name of its own, which is no path")
        limits = (self.wall_ms, self.cpu_ms, self.cpus, self.memory_bytes, self.processes, self.scratch_bytes)
        caps = (self.stdout_cap, self.stderr_cap, self.result_cap, self.output_cap)
        if min(limits) < 1 or min(caps) < 0:
            raise ValueError("every limit of a job is at least one")

    @property
    def shape(self) -> Shape:
        """What a box for this job must be like."""
        limits = (self.cpu_ms, self.cpus, self.memory_bytes, self.processes, self.scratch_bytes)
        return Shape(self.environment, *limits, assets=self.assets, gpu=self.gpu)


@dataclass(frozen=True)
class Usage:
    """What a run has used so far."""

    wall_ms: int
    cpu_ms: int
    memory_bytes: int
    stdout: bytes  # the end of it, at most a few KiB
    stderr: bytes = b""  # likewise
    stdout_bytes: int = 0  # how much there is of it by now
    stderr_bytes: int = 0


@dataclass(frozen=True)
class Outcome:
    """What the process did; never a statement about a claim."""

    kind: Kind
    exit_code: int | None = None
    signal: int | None = None
    clock: Literal["wall", "cpu"] | None = None
    limit: str | None = None  # wall cpu memory locks stdout stderr result output processes scratch
    result: bytes | None = None
    artifacts: tuple[tuple[str, bytes], ...] = ()
    stdout: bytes = b""
    stderr: bytes = b""
    notes: tuple[str, ...] = ()
    wall_ms: int = 0
    cpu_ms: int = 0
    peak_memory_bytes: int = 0
    usage_source: str = "rusage"  # cgroup2 cgroup1 rusage
    isolation: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Staging:
    """Where a run's files lie on the host while it lasts."""

    job: Path
    inputs: Path
