"""One sealed run: from a run's specification to what its process did. Knows core and sandbox, and no database.

The command line's local verification and the workers call this same function, so that a verdict found on a laptop is
found the same way as one recorded by the service.
"""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.boxjob import box_job, nothing_left
from app.core.errors import Fault
from app.core.model import OutcomeKind, Purpose, RunOutcome
from app.core.perturb import Underivable
from app.core.seal import assets_of, check_versions
from app.core.series import Series
from app.executed import Executed
from sandbox import AssetChanged, EnvironmentChanged, Job, NoIsolation, SandboxFault, SealBroken, StagedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.boxjob import BoxJob
    from app.core.model import RunSpec, Seal
    from sandbox import Asset, Environment, Gpu, Outcome, Sandbox, Usage

__all__ = ["Executed", "execute", "owner"]


#: The run whose artifacts are kept, beside those of prove runs, which a replay is given. A judge holds a whole archive in
#: memory; dozens of runs that each leave 64 MiB would end it, again and again, and what a repetition or a changed input
#: draws is no evidence of the claim.
ARTIFACTS_OF = "measure-0"


def owner() -> str:
    """Return who executes: host and process, for leases and evidence."""
    return f"{socket.gethostname()}:{os.getpid()}"


def execute(  # noqa: PLR0913 - one run's whole surroundings
    box: Sandbox,
    environment: Environment,
    seal: Seal,
    seal_digest: str,
    spec: RunSpec,
    read: Callable[[str], bytes],
    tick: Callable[[Usage], bool],
    assets: Mapping[str, Asset] | None = None,
    left: Callable[[str, str], bytes] = nothing_left,
    gpu: Gpu | None = None,
) -> Executed:
    """Execute one run of a seal in the box.

    Args:
        box: this process's sandbox.
        environment: the built environment that the seal names.
        seal: what was sealed.
        seal_digest: its digest; perturbations follow from it.
        spec: which run.
        read: digest of a sealed file -> its bytes, re-hashed.
        tick: called about twice a second; False cancels.
        assets: those of this host, by digest.
        left: (key of an earlier run of the same verification, name of an artifact) -> its bytes, empty when it left none.
        gpu: the device that this process holds; a run that asks for none does not see it.

    Raises:
        Fault: the run could not be executed as sealed; says nothing about the claim.

    """
    if environment.digest != seal.environment.digest:
        raise Fault(
            "environment-changed",
            f"this host's environment {environment.name} is not the sealed one",
            "submit the claim again: it is then sealed with the environment as it is now",
            reason_code="IMAGE_PULL_FAILED",
        )
    check_versions(seal)
    planned = box_job(seal, seal_digest, spec, lambda path: read(seal.files[path]), left)
    if isinstance(planned, Underivable):
        return _not_executed(planned.reason)
    job = _job(planned, environment, seal, _assets(seal, assets or {}), _gpu(seal, gpu))
    series = Series()

    def sampled(usage: Usage) -> bool:
        series.add(usage.wall_ms, usage.cpu_ms, usage.memory_bytes)
        return tick(usage)

    try:
        outcome = box.run(job, sampled, seal.claim.limits.isolation)
    except NoIsolation as error:
        raise Fault("no-isolation", error.detail, error.remedy, reason_code="NO_ISOLATION") from error
    except EnvironmentChanged as error:
        raise Fault("environment-changed", str(error), reason_code="IMAGE_PULL_FAILED") from error
    except AssetChanged as error:
        raise Fault("asset-changed", str(error), reason_code="IMAGE_PULL_FAILED") from error
    except (SandboxFault, SealBroken) as error:
        raise Fault("sandbox", str(error), "run `assay doctor`") from error
    return replace(_executed(planned, outcome, keep_artifacts=_keeps_artifacts(spec)), samples=series.points)


def _keeps_artifacts(spec: RunSpec) -> bool:
    return spec.key == ARTIFACTS_OF or spec.purpose is Purpose.PROVE


def _assets(seal: Seal, known: Mapping[str, Asset]) -> tuple[tuple[str, Asset], ...]:
    """Return the assets of a seal by their names in the box, in the order of these.

    Raises:
        Fault: this host has one of them not.

    """
    found = []
    for name, digest in sorted(assets_of(seal.claim).items()):
        if digest not in known:
            detail, remedy = (
                f"this host has no asset {digest}, which the claim calls {name}",
                "run `assay asset add PATH`",
            )
            raise Fault("no-asset", detail, remedy, reason_code="IMAGE_PULL_FAILED")
        found.append((name, known[digest]))
    return tuple(found)


def _gpu(seal: Seal, held: Gpu | None) -> Gpu | None:
    """Return the device of a run: none, unless its claim asks for one.

    Raises:
        Fault: it asks for one, and this process holds none.

    """
    if not seal.claim.limits.gpus:
        return None
    if held is None or seal.claim.limits.gpus > 1:
        remedy = "see `assay doctor --gpu`"
        raise Fault("no-gpu", "this host has no GPU that is free for the run", remedy, reason_code="NO_ISOLATION")
    return held


def _job(
    planned: BoxJob, environment: Environment, seal: Seal, assets: tuple[tuple[str, Asset], ...], gpu: Gpu | None
) -> Job:
    limits = seal.claim.limits
    return Job(
        environment=environment,
        mode=planned.mode,
        argv=planned.argv,
        files=tuple(StagedFile(item.target, item.data, item.digest) for item in planned.files),
        env=dict(planned.env),
        wall_ms=limits.wall_ms,
        cpu_ms=limits.cpu_ms,
        cpus=limits.cpus,
        memory_bytes=limits.memory_bytes,
        processes=limits.processes,
        scratch_bytes=limits.scratch_bytes,
        stdout_cap=planned.stdout_cap,
        stderr_cap=planned.stderr_cap,
        result_cap=planned.result_cap,
        output_cap=planned.output_cap,
        assets=assets,
        gpu=gpu,
        plain=planned.plain or not planned.imported.issuperset(environment.imports),
    )


def _not_executed(reason: str) -> Executed:
    """Say that a perturb run could not even be prepared; its control stays undecided for this input."""
    outcome = RunOutcome(kind=OutcomeKind.CANCELLED, limit="underivable", notes=(reason,))
    return Executed(outcome, None, b"", b"", (), {}, {})


def _executed(planned: BoxJob, outcome: Outcome, *, keep_artifacts: bool) -> Executed:
    notes = (*((planned.summary,) if planned.summary else ()), *outcome.notes)
    return Executed(
        outcome=RunOutcome(
            kind=OutcomeKind(outcome.kind),
            exit_code=outcome.exit_code,
            signal=outcome.signal,
            clock=outcome.clock,
            limit=outcome.limit,
            notes=notes,
            replaced=planned.replaced,
            wall_ms=outcome.wall_ms,
            cpu_ms=outcome.cpu_ms,
            peak_memory_bytes=outcome.peak_memory_bytes,
        ),
        result=outcome.result,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        artifacts=outcome.artifacts if keep_artifacts else (),
        isolation=outcome.isolation,
        derived=dict(planned.derived),
    )
