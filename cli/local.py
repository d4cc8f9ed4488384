"""`assay verify`: the whole job on this machine, without server, database or account.

The same intake, plan, box, judge and archive as the service, in one loop over one seal.
"""

from __future__ import annotations

import secrets
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from app.core import boxjob, evidence, plan, verdict
from app.core.canonical import digest
from app.core.claim import parse_claim
from app.core.complaint import last_words
from app.core.effects import effect
from app.core.errors import Fault, Refusal
from app.core.grounding import check_sources, sealed_sources, unreadable
from app.core.model import Environment, Proof, Run
from app.core.proof_terms import proof_terms
from app.core.seal import assets_of, environment_of, make_seal, seal_bytes, seal_digest
from app.intake import claim_of
from cli.approvals import approved_here
from cli.bundles import problems_of, read_bundle
from cli.exits import Exit, of_status
from cli.progress import of_runs
from sandbox import NoIsolation, SandboxFault, assets, gpus, host_python
from sandbox.apart import require_apart
from sandbox.built import built_names, load
from sandbox.recipe import how_to_build
from workers.execute import Executed, execute, owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.core.keys import Signer
    from app.core.model import Judgement, RunSpec, Seal
    from app.settings import Settings
    from sandbox import Asset, Gpu, Sandbox, Usage
    from sandbox import Environment as BuiltEnvironment

Said: TypeAlias = "Callable[[str, float], None]"


@dataclass(frozen=True)
class Verified:
    """What came of one bundle."""

    path: str
    exit: Exit
    document: dict[str, Any]  # the fields that `--json` prints
    archive: bytes | None = None


class Local:
    """Verifies bundles one after the other with one sandbox and the environments of this host."""

    def __init__(self, settings: Settings, box: Sandbox, signer: Signer | None = None) -> None:
        self.settings = settings
        self.box = box
        self.signer = signer  # None: no evidence is wanted
        self._built: dict[str, BuiltEnvironment] = {}
        self._assets: dict[str, Asset] = {}
        self._held: tuple[Gpu, IO[str]] | None = None

    @cached_property
    def python(self) -> BuiltEnvironment:
        """The environment `python` of this host.

        Raises:
            Fault: it has none that a box could use, or state of ours lies where boxes would show it.

        """
        try:
            require_apart(self.settings.state)  # before anything is kept there
            found = host_python(self.settings.python, cache=self.settings.home / "cache")
            require_apart(self.settings.state, found)
        except NoIsolation as error:
            raise Fault("no-isolation", error.detail, error.remedy, reason_code="NO_ISOLATION") from error
        return found

    def verify(self, path: Path, said: Said) -> Verified:
        """Do the whole job for one bundle; refusals, faults and surprises are part of the answer.

        Args:
            path: a bundle folder or an archive.
            said: called with a plain line for every step, and which share of the most runs is done.

        """
        sealed = name = None
        try:
            files = read_bundle(path)
            seal = self._seal(files)
            name = seal.claim.claim.id
            body = seal_bytes(seal)
            sealed = seal_digest(body)
            runs = self.runs(seal, sealed, files, said)
            judgement = verdict.judge(seal, [run for run, _ in runs], sealed_sources(seal, files.__getitem__))
            archive = self._archive(body, files, runs, judgement)
        except Refusal as refusal:
            return Verified(str(path), Exit.REFUSED, _refused(refusal))
        except Fault as fault:
            return Verified(str(path), Exit.FAULT, _faulted(fault, sealed, name))
        except Exception:  # noqa: BLE001 - one bundle's surprise must not take the others' answers away
            traceback.print_exc()
            surprise = Fault("unexpected", "this program failed; its output above has the reason", "report it")
            return Verified(str(path), Exit.FAULT, _faulted(surprise, sealed, name))
        return Verified(str(path), of_status(judgement.status), _document(judgement, sealed, name, runs), archive)

    def _seal(self, files: dict[str, bytes]) -> Seal:
        own = claim_of(files)
        names = (self.python.name, *built_names(self.settings.environment_folder))
        kept = {item.digest: item.name for item in assets.read_manifests(self.settings.assets)}
        policy = self.settings.policy(dict.fromkeys(names, ""), kept)
        claim = parse_claim(own, files, policy)
        check_sources(claim, lambda path: len(files[path]), lambda path: unreadable(path, files[path]))
        digests = {name: digest(data) for name, data in files.items()}
        built = self.named(environment_of(claim))
        environment = Environment(name=built.name, digest=built.digest)
        terms = None
        if isinstance(claim.reproduce, Proof):
            approval = approved_here(self.settings, claim, digests)
            said = built.describe().get("proof")
            terms = proof_terms(claim, digests, environment, said, approval, self.settings.proof_trust)
        return make_seal(claim, digests, environment, boxjob.evaluator_digest(claim), terms)

    def named(self, name: str) -> BuiltEnvironment:
        """Return an environment of this host, which is looked at when it is first asked for: its files are many.

        Raises:
            Fault: it has none of that name, or one that cannot be used.

        """
        if name == self.python.name:
            return self.python
        if name not in self._built:
            self._built[name] = self._load(name)
        return self._built[name]

    def _load(self, name: str) -> BuiltEnvironment:
        folder = self.settings.environment_folder
        if name not in built_names(folder):
            detail, remedy = f"this host has no environment {name}", f"run `{how_to_build(name)}`"
            raise Fault("no-environment", detail, remedy, reason_code="IMAGE_PULL_FAILED")
        try:
            return load(folder, name, self.python, self.settings.home / "cache")
        except (SandboxFault, NoIsolation) as error:
            raise Fault("environment-changed", str(error), reason_code="IMAGE_PULL_FAILED") from error

    def kept(self, seal: Seal) -> dict[str, Asset]:
        """Return the assets that a seal names and this host has, by their digests; each is looked at once.

        Raises:
            Fault: one of them is not as it was added.

        """
        folder, cache = self.settings.assets, self.settings.home / "cache"
        for found in set(assets_of(seal.claim).values()) - self._assets.keys():
            try:
                if assets.read_manifest(folder, found) is not None:  # what runs without it refuse by its name
                    self._assets[found] = assets.load(folder, found, cache)
            except (SandboxFault, NoIsolation) as error:
                raise Fault("asset-changed", str(error), reason_code="IMAGE_PULL_FAILED") from error
        return self._assets

    def gpu(self, seal: Seal) -> Gpu | None:
        """Return a GPU that is free, taken for as long as this lives, when a seal asks for one; None when there is none."""
        if self._held is None and seal.claim.limits.gpus:
            try:
                self._held = gpus.take(gpus.find())
            except SandboxFault as error:
                raise Fault("no-gpu", str(error), "see `assay doctor --gpu`", reason_code="NO_ISOLATION") from error
        return None if self._held is None else self._held[0]

    def _archive(
        self, sealed: bytes, files: dict[str, bytes], runs: list[tuple[Run, Executed]], judgement: Judgement
    ) -> bytes | None:
        if self.signer is None:
            return None
        archived = [_archived(run, done) for run, done in runs]
        context = evidence.Context(evaluated_at=datetime.now(UTC).isoformat())
        return evidence.build(sealed, files, archived, judgement, context, self.signer)

    def runs(self, seal: Seal, sealed: str, files: dict[str, bytes], said: Said) -> list[tuple[Run, Executed]]:
        """Execute every run that the plan asks for; those of a stage in an order drawn anew, as the service does.

        Raises:
            Fault: one could not be executed; says nothing about the claim.

        """
        environment, kept, gpu = self.named(seal.environment.name), self.kept(seal), self.gpu(seal)
        by_digest = {seal.files[name]: data for name, data in files.items()}
        done: list[tuple[Run, Executed]] = []
        least, most = plan.least_steps(seal), plan.total_steps(seal)
        while not isinstance(step := plan.next_step(seal, [run for run, _ in done]), plan.Conclude):
            left = {run.spec.key: dict(executed.artifacts) for run, executed in done}
            found: dict[str, Executed] = {}
            for count, spec in enumerate(secrets.SystemRandom().sample(step, len(step)), len(done)):
                said(f"{spec.key} ({count + 1} of {of_runs(count + 1, least, most)})", count / most)
                found[spec.key] = execute(
                    self.box,
                    environment,
                    seal,
                    sealed,
                    spec,
                    by_digest.__getitem__,
                    _go_on,
                    kept,
                    lambda key, name, left=left: left.get(key, {}).get(name, b""),  # type: ignore[misc]
                    gpu,
                )
            done += [(_run(spec, found[spec.key]), found[spec.key]) for spec in step]
        return done


def _go_on(_: Usage) -> bool:
    return True


def _run(spec: RunSpec, executed: Executed) -> Run:
    result = executed.result
    return Run(
        spec=spec,
        outcome=executed.outcome,
        result=None if result is None else result.decode("utf-8", "surrogateescape"),
        worker=owner(),
        isolation=executed.isolation,
    )


def _archived(run: Run, executed: Executed) -> evidence.ArchivedRun:
    return evidence.ArchivedRun(run, executed.stdout, executed.stderr, executed.derived, dict(executed.artifacts))


def _document(judgement: Judgement, sealed: str, name: str | None, runs: list[tuple[Run, Executed]]) -> dict[str, Any]:
    measured = next((run for run, _ in runs if run.isolation), None)
    found = judgement.model_dump(mode="json")
    return {
        **{name: found[name] for name in ("status", "outcome", "reason_code", "reason", "blame")},
        "seal": sealed,
        "comparisons": found["comparisons"],
        "controls": [item | {"effect": effect(item["name"], item["result"])} for item in found["controls"]],
        "runs": [
            {
                "key": run.spec.key,
                "purpose": run.spec.purpose.value,
                "seed": run.spec.seed,
                "derivation": run.spec.derivation.model_dump() if run.spec.derivation else None,
                "outcome": run.outcome.model_dump(mode="json"),
                "stderr": last_words(executed.stderr),
            }
            for run, executed in runs
        ],
        "isolation": measured.isolation if measured else None,
        "claim_name": name,
    }


def _nothing(
    reason_code: str | None, reason: str, blame: str | None, sealed: str | None, name: str | None
) -> dict[str, Any]:
    return {
        "status": None,
        "outcome": None,
        "reason_code": reason_code,
        "reason": reason,
        "blame": blame,
        "seal": sealed,
        "comparisons": [],
        "controls": [],
        "runs": [],
        "isolation": None,
        "claim_name": name,
    }


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {**_nothing(None, str(refusal), "author", None, None), "problems": problems_of(refusal)}


def _faulted(fault: Fault, sealed: str | None, name: str | None) -> dict[str, Any]:
    return _nothing(fault.reason_code, str(fault), "service", sealed, name)
