"""A corpus script taken through the real plan and judged by the real verdict."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.core import plan
from app.core.boxjob import BoxJob, box_job, evaluator_digest
from app.core.canonical import digest
from app.core.claim import Policy, parse_claim
from app.core.model import Environment, Judgement, Limits, OutcomeKind, Run, RunOutcome, RunSpec, Seal
from app.core.perturb import Underivable
from app.core.seal import make_seal, seal_bytes, seal_digest
from app.core.verdict import judge
from tests.corpus.bundles import Case, claim_toml

ENVIRONMENT = Environment(name="python", digest="sha256:" + "e" * 64)
LIMITS = Limits(
    wall_ms=20_000, cpu_ms=20_000, cpus=1, memory_bytes=1 << 30, processes=64, scratch_bytes=1 << 28, isolation="C"
)
POLICY = Policy(LIMITS, LIMITS, {"python": ENVIRONMENT.digest})
SECONDS = 20

#: What executes a job: seed and contents of the box -> outcome and result.
Execute = Callable[[BoxJob], tuple[RunOutcome, str | None]]


@dataclass(frozen=True)
class Trial:
    """What came of a case."""

    case: Case
    judgement: Judgement
    runs: int  # executed
    prints: dict[str, str]

    @property
    def wrong(self) -> bool:
        """Whether an honest script was not believed, or a cheat was."""
        return (self.judgement.status == "VERIFIED") is not self.case.honest


class Forks:
    """Runs scripts in forks of one process: the protocol of the box without its walls."""

    def __enter__(self) -> Self:
        """Start the process."""
        command = [sys.executable, "-I", "-W", "ignore", str(Path(__file__).with_name("forks.py"))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._folder = Path(tempfile.mkdtemp(prefix="corpus-"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait()
        shutil.rmtree(self._folder)

    def __call__(self, job: BoxJob) -> tuple[RunOutcome, str | None]:
        """Run one job."""
        folder = self._folder / "run"
        for name in ("in", "job", "out"):
            (folder / name).mkdir(parents=True)
        for file in job.files:
            path = folder / file.target[1:]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
        task = {
            "script": str(folder / job.argv[0][1:]),
            "folder": str(folder),
            "seed": int(job.env["ASSAY_SEED"]),
            "seconds": SECONDS,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        result = folder / "result.json"
        text = result.read_bytes().decode("utf-8", "surrogateescape") if result.is_file() else None
        shutil.rmtree(folder)
        if "signal" in answer:
            return RunOutcome(kind=OutcomeKind.SIGNAL, signal=answer["signal"]), None
        return RunOutcome(kind=OutcomeKind.EXITED, exit_code=answer["code"]), text


def attempt(case: Case, execute: Execute, salt: int = 0) -> Trial:
    """Print what a script gives for its sealed inputs, claim that, and judge the claim."""
    first = sealed(case, dict.fromkeys(metrics_of(case), "1"), salt)
    spec = plan.next_step(first[0], ())
    assert isinstance(spec, tuple)
    outcome = _run(first[0], first[1], spec[0], execute)
    found = json.loads(outcome.result or "null")
    if not isinstance(found, dict):
        raise TypeError(f"{case.name} gives no result: {outcome.outcome}")
    prints = {name: printed(found[name], case.header) for name in metrics_of(case)}
    seal, files = sealed(case, prints, salt)
    runs: list[Run] = []
    while not isinstance(step := plan.next_step(seal, runs), plan.Conclude):
        runs += [_run(seal, files, spec, execute) for spec in step]
    executed = sum(run.outcome.kind is not OutcomeKind.CANCELLED for run in runs)
    return Trial(case, judge(seal, runs), executed, prints)


def metrics_of(case: Case) -> list[str]:
    """Return the metrics that a case claims."""
    return list(case.header.get("metrics", ["value"]))


def printed(value: Any, header: dict[str, Any]) -> str:
    """Return a value as a paper would print it."""
    if isinstance(value, dict):
        value = value["value"]
    if "print" in header:
        return str(header["print"])
    if isinstance(value, str):
        return value
    return f"{Decimal(str(value)):.{header['digits']}f}" if "digits" in header else str(value)


def sealed(case: Case, prints: dict[str, str], salt: int) -> tuple[Seal, dict[str, bytes]]:
    """Return the seal of a case and the files of its bundle."""
    files = {
        **case.inputs,
        **case.files,
        case.entrypoint: case.script.encode(),
        "claim.toml": claim_toml(case, prints, salt),
    }
    claim = parse_claim(files["claim.toml"], files.keys(), POLICY)
    digests = {path: digest(data) for path, data in files.items()}
    return make_seal(claim, digests, ENVIRONMENT, evaluator_digest(claim)), files


def _run(seal: Seal, files: dict[str, bytes], spec: RunSpec, execute: Execute) -> Run:
    job = box_job(seal, seal_digest(seal_bytes(seal)), spec, files.__getitem__)
    if isinstance(job, Underivable):
        outcome = RunOutcome(kind=OutcomeKind.CANCELLED, limit="underivable", notes=(job.reason,))
        return Run(spec=spec, outcome=outcome)
    outcome, result = execute(job)
    notes = (job.summary,) if job.summary else ()
    return Run(spec=spec, outcome=outcome.model_copy(update={"notes": notes, "replaced": job.replaced}), result=result)
