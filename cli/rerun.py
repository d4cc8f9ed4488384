"""`assay evidence verify --rerun`: the sealed runs again, in a box of this machine, and what differs.

Everything follows from the archive: claim, files, seeds, changed inputs. What cannot follow from it is the environment. If
this machine's is not the sealed one, that is said first, and whatever differs proves nothing: another version of a library
may round otherwise. Nor does a run that met a limit prove anything, then or now: machines differ in speed. So a rerun
contradicts an archive only when it was executed in the sealed environment, met no limit, and came to another status.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core import verdict
from app.core.evidence import intact
from app.core.grounding import sealed_sources
from app.core.model import Blame, Environment
from app.core.seal import read_seal

if TYPE_CHECKING:
    from app.core.model import Comparison, Judgement
    from cli.local import Local, Said


@dataclass(frozen=True)
class Rerun:
    """What executing an archive's seal again came to."""

    judgement: Judgement  # of the runs here
    environment: str  # digest of this machine's
    sealed_environment: str
    differences: tuple[str, ...]  # a sentence for every value, control or reason that is not as it was
    contradicted: bool  # see above
    confirmed: bool  # the same status came out


def rerun(local: Local, archive: bytes, before: Judgement, said: Said) -> Rerun:
    """Execute the runs of an archive that holds again.

    Args:
        local: the box of this machine and its environment.
        archive: its bytes, checked before.
        before: what its verdict was derived to be.
        said: called with a plain line for every step.

    Raises:
        Fault: a run could not be executed; says nothing about the archive.

    """
    found = intact(archive)
    seal = read_seal(found.members["seal.json"])
    bundle = found.bundle()
    built = local.named(seal.environment.name)
    here = Environment(name=built.name, digest=built.digest)
    runs = [run for run, _ in local.runs(seal.model_copy(update={"environment": here}), found.seal, bundle, said)]
    after = verdict.judge(seal, runs, sealed_sources(seal, bundle.__getitem__))
    limited = Blame.RESOURCE in {before.blame, after.blame}
    confirmed = after.status == before.status
    return Rerun(
        judgement=after,
        environment=here.digest,
        sealed_environment=seal.environment.digest,
        differences=tuple(differences(before, after)),
        contradicted=not confirmed and not limited and here.digest == seal.environment.digest,
        confirmed=confirmed,
    )


def differences(before: Judgement, after: Judgement) -> list[str]:
    """Return what is not as it was, a sentence each."""
    found = [
        f"{name}: {getattr(before, name)} in the archive, {getattr(after, name)} here"
        for name in ("status", "reason_code")
        if getattr(before, name) != getattr(after, name)
    ]
    then, now = ({_name(item): item for item in side.comparisons} for side in (before, after))
    for name in [*then, *(name for name in now if name not in then)]:
        found += _compare(name, then.get(name), now.get(name))
    controls = {item.name: item.result for item in after.controls}
    for control in before.controls:
        if controls.get(control.name) != control.result:
            found.append(f"control {control.name}: {control.result} in the archive, {controls.get(control.name)} here")
    return found


def _name(comparison: Comparison) -> str:
    return f"{comparison.table}.{comparison.metric}" if comparison.table is not None else comparison.metric


def _compare(name: str, then: Comparison | None, now: Comparison | None) -> list[str]:
    if then is None or now is None:
        return [f"{name}: compared {'here' if then is None else 'in the archive'} alone"]
    pairs = list(zip(then.values, now.values, strict=False))
    found = [
        f"{name}: {was} in the archive, {now_is} here" + (f" (seed number {place})" if len(pairs) > 1 else "")
        for place, (was, now_is) in enumerate(pairs, 1)
        if was != now_is
    ]
    if len(then.values) != len(now.values):
        found.append(f"{name}: {len(then.values)} values in the archive, {len(now.values)} here")
    return found
