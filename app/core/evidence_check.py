"""Checking an evidence archive: everything is hashed again, and the verdict is derived again from the runs.

1. The archive is packed as it was written, every member is the one that the judge's statement names, and the signature
   on it is that of the signer whom it names (`evidence_members`). Whether that signer is to be trusted follows from the
   keys that whoever checks has, and from nothing in the archive. The first format has a manifest and no signature.
2. The seal is spelled as it was sealed and made for our rules and our program in the box. For others than ours this
   version can say neither yes nor no: the archive is unreadable here, never contradicted.
3. The bundle is the one that was sealed, and sealing what its `claim.toml` says gives the same seal. Otherwise nothing
   else is looked at: the rest of the program expects claims that intake would accept.
4. The runs are those that the plan asks for, all of them. Changed inputs are made again from the seal; a formula is
   evaluated again; what a proof's replay was given is what its prove runs left.
5. The runs are judged again; every field of the verdict must come out the same.

Nothing in the archive is trusted for a path, a size or a conclusion.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from app.core import formula
from app.core.boxjob import CLAIM_FILES, UNDERIVABLE, BoxJob, box_job, check_evaluator
from app.core.canonical import digest
from app.core.claim import LEVELS, Policy, claim_from_json, parse_claim
from app.core.errors import Fault, Refusal
from app.core.evidence_archive import Unreadable, read_json, run_bytes, verdict_bytes
from app.core.evidence_members import intact
from app.core.grounding import sealed_sources
from app.core.model import Judgement, Limits, OutcomeKind, Run
from app.core.plan import Conclude, next_step
from app.core.seal import check_versions, make_seal, read_seal
from app.core.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.core.evidence_members import Intact
    from app.core.keys import KnownKey
    from app.core.model import Claim, Seal

_ANY = 1 << 60
_NO_LIMITS = Limits(
    wall_ms=_ANY, cpu_ms=_ANY, cpus=_ANY, memory_bytes=_ANY, processes=_ANY, scratch_bytes=_ANY, gpus=_ANY
)


@dataclass(frozen=True)
class Report:
    """What checking an archive found."""

    ok: bool
    findings: tuple[str, ...]  # one sentence for everything that does not hold
    seal: str = ""
    judgement: Judgement | None = None  # as derived again
    format: str = ""
    signed: bool = False
    signer: str | None = None  # id of the key whose signature holds
    trusted: bool = False  # whether that key is one of those that were given
    members: int = 0


def verify(archive: bytes, keys: Sequence[KnownKey] = ()) -> Report:
    """Check an archive and derive its verdict again.

    Args:
        archive: its bytes.
        keys: those that whoever checks trusts.

    Raises:
        Unreadable: the bytes are no evidence archive, or one of other rules than this version's.

    """
    found = intact(archive, keys)
    findings = list(found.findings)
    try:
        seal = read_seal(found.members.get("seal.json", b""))
    except Fault as error:
        return _report(found, [*findings, error.detail])
    try:
        check_versions(seal)
        check_evaluator(seal)
    except Fault as error:
        raise Unreadable(f"{error.detail}; check it with the program version that sealed it") from error
    bundle = found.bundle()
    findings += _check_bundle(seal, bundle)
    unclaimed = _check_claim(seal, bundle)
    if unclaimed:
        return _report(found, [*findings, *unclaimed])
    judgement, more = _check_verdict(seal, found.seal, found.members)
    return _report(found, findings + more, judgement)


def _report(found: Intact, findings: list[str], judgement: Judgement | None = None) -> Report:
    return Report(
        ok=not findings,
        findings=tuple(findings),
        seal=found.seal,
        judgement=judgement,
        format=found.format,
        signed=found.signed,
        signer=found.signer.id if found.signer is not None else None,
        trusted=found.trusted,
        members=len(found.members),
    )


def _check_bundle(seal: Seal, bundle: Mapping[str, bytes]) -> list[str]:
    findings = [f"bundle/{path} was not sealed" for path in sorted(bundle.keys() - seal.files.keys())]
    for path, sealed in seal.files.items():
        if path not in bundle or digest(bundle[path]) != sealed:
            findings.append(f"bundle/{path} is not the file that was sealed")
    return findings


def _check_claim(seal: Seal, bundle: Mapping[str, bytes]) -> list[str]:
    """Read the claim's own file again and seal it again: what was sealed must be what its author wrote."""
    names = sorted(CLAIM_FILES & bundle.keys(), reverse=True)
    if not names:
        return ["the bundle holds no claim"]
    environments = {seal.environment.name: seal.environment.digest}
    policy = Policy(default_limits=seal.claim.limits, maximum_limits=_NO_LIMITS, environments=environments)
    try:
        claim = _read_claim(names[0], bundle, policy)
    except (Refusal, ValueError, RecursionError) as error:
        return [f"bundle/{names[0]} is no claim that can be read: {error}"]
    # Limits are the operator's to fill in and to lower.
    claim = claim.model_copy(update={"limits": seal.claim.limits})
    again = make_seal(claim, seal.files, seal.environment, seal.evaluator, seal.proof)
    return [] if again == seal else [f"the sealed claim is not the one that bundle/{names[0]} states"]


def _read_claim(name: str, bundle: Mapping[str, bytes], policy: Policy) -> Claim:
    if name.endswith(".json"):
        return claim_from_json(json.loads(bundle[name]), policy)
    return parse_claim(bundle[name], bundle.keys(), policy)


def _check_verdict(seal: Seal, found_seal: str, members: Mapping[str, bytes]) -> tuple[Judgement | None, list[str]]:
    findings: list[str] = []
    try:
        read = _runs(members)
    except ValidationError as error:
        return None, [f"a run cannot be read: {error}"]
    runs = [run for _, run, _ in read]
    for item in read:
        name, run, _ = item
        if f"runs/{run.spec.key}/run.json" != name:
            findings.append(f"{name} describes the run {run.spec.key}")
        findings += _check_run(seal, found_seal, item, members)
    try:
        judgement = judge(seal, runs, sealed_sources(seal, lambda path: members[f"bundle/{path}"]))
        findings += _check_complete(seal, runs)
    except Fault as error:
        return None, [*findings, f"the runs lead to no verdict: {error.detail}"]
    return judgement, findings + _check_recorded(judgement, members)


def _check_recorded(judgement: Judgement, members: Mapping[str, bytes]) -> list[str]:
    recorded = read_json(members, "verdict.json")
    if not isinstance(recorded, dict) or recorded.get("judgement") != judgement.model_dump(mode="json"):
        return ["the recorded verdict is not the one that follows from the runs"]
    told = [recorded.get(key) for key in ("evaluated_at", "verification", "publisher")]
    if not _spelled(members["verdict.json"], lambda: verdict_bytes(judgement, *map(str, told))):
        return ["verdict.json is not spelled as it was written"]
    return []


def _spelled(body: bytes, again: Callable[[], bytes]) -> bool:
    """Whether a member has the bytes that this program gives it; what has no canonical spelling has not."""
    try:
        return body == again()
    except ValueError:
        return False


#: A run's member, the run itself, and the digests of its changed inputs as recorded, whatever they are.
_Read = tuple[str, Run, Any]


def _runs(members: Mapping[str, bytes]) -> list[_Read]:
    """Read every run of an archive.

    Raises:
        Unreadable: a run's document is no JSON object.
        ValidationError: it is not that of a run.

    """
    found = []
    for name in sorted(members):
        folder, _, file = name.rpartition("/")
        if file != "run.json" or not folder.startswith("runs/") or folder.count("/") != 1:
            continue
        document = read_json(members, name)
        if not isinstance(document, dict):
            raise Unreadable(f"{name} is no object")
        derived = document.pop("derived", {})
        result = members.get(f"{folder}/result.json")
        text = None if result is None else result.decode("utf-8", "surrogateescape")
        found.append((name, Run.model_validate({**document, "result": text}), derived))
    return found


def _check_complete(seal: Seal, runs: Sequence[Run]) -> list[str]:
    step = next_step(seal, runs)
    return [] if isinstance(step, Conclude) else [f"the run {spec.key} is missing" for spec in step]


def _check_run(seal: Seal, found_seal: str, read: _Read, members: Mapping[str, bytes]) -> list[str]:
    """Make the box of a run again: the digests of its changed inputs, and what a formula gives, follow from the seal."""
    name, run, derived = read

    def left(key: str, artifact: str) -> bytes:
        return members.get(f"runs/{key}/artifacts/{artifact}", b"")

    try:
        job = box_job(seal, found_seal, run.spec, lambda path: members[f"bundle/{path}"], left)
    except KeyError as error:
        return [f"the inputs of the run {run.spec.key} cannot be made again: {error} is missing"]
    again = job.derived if isinstance(job, BoxJob) else {}
    findings = []
    if again != derived:
        findings.append(f"the changed inputs of the run {run.spec.key} are not those of its derivation")
    elif not _spelled(members[name], lambda: run_bytes(run, again)):
        findings.append(f"{name} is not spelled as it was written")
    outcome = run.outcome
    if not isinstance(job, BoxJob):
        ended = outcome.kind is OutcomeKind.CANCELLED and outcome.limit == UNDERIVABLE and run.result is None
        if not ended:
            findings.append(f"the run {run.spec.key} does not end as it must: its input cannot be changed")
    elif outcome.limit == UNDERIVABLE:
        findings.append(f"the run {run.spec.key} says that its input cannot be changed, and it can")
    if not _sealed_enough(run, seal.claim.limits.isolation):
        findings.append(f"the run {run.spec.key} was less isolated than the seal demands")
    if isinstance(job, BoxJob) and (outcome.replaced != job.replaced or not _told(job, run)):
        findings.append(f"the run {run.spec.key} does not say what was changed for it")
    if isinstance(job, BoxJob) and job.mode == "evaluator" and run.outcome.kind is OutcomeKind.EXITED:
        findings += _check_formula(job, run)
    return findings


def _sealed_enough(run: Run, least: str) -> bool:
    """Whether a run says no level of isolation below the sealed one; a run that no box was started for says none."""
    level = run.isolation.get("level", least)
    return level in LEVELS and LEVELS.index(level) >= LEVELS.index(least)


def _told(job: BoxJob, run: Run) -> bool:
    """Whether a run says what was changed for it: controls quote that."""
    return run.outcome.notes[: bool(job.summary)] == ((job.summary,) if job.summary else ())


def _check_formula(job: BoxJob, run: Run) -> list[str]:
    """Evaluate a formula's job again; the evaluator is pure, so its result can only be this one."""
    given = next(item.data for item in job.files if item.target == "/in/formula.json")
    try:
        same = json.loads(run.result or "null") == formula.results(json.loads(given))
    except (ValueError, RecursionError):
        same = False
    return [] if same else [f"the result of the run {run.spec.key} is not what its formula gives"]
