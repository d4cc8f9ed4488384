"""Small values for tests: each builder gives something plain and valid, and takes what a test cares about by keyword.

`a_seal()` is a script that computes `score` = 8.7 from the mean of `scores.csv`; `a_formula_seal()` is 77.0 - 68.3.
`play(seal, files, program)` takes a seal through its whole plan with a Python function in the place of the box.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.core import evidence, formula, plan
from app.core.boxjob import box_job, evaluator_digest
from app.core.canonical import digest
from app.core.claim import Policy
from app.core.grounding import sealed_sources
from app.core.keys import KnownKey, PublicKey
from app.core.model import (
    Claim,
    Comparison,
    Derivation,
    Environment,
    Expectation,
    Formula,
    Judgement,
    Lean4,
    Limits,
    NamedValue,
    OutcomeKind,
    Purpose,
    Rule,
    Run,
    RunOutcome,
    RunSpec,
    Script,
    Seal,
    Statement,
    Status,
)
from app.core.perturb import Underivable
from app.core.readings import Readings
from app.core.seal import make_seal, seal_bytes, seal_digest
from app.core.specs import all_specs
from app.core.verdict import judge

MIB = 1 << 20
ENVIRONMENT = Environment(name="python", digest="sha256:" + "e" * 64)
SCRIPT = b"import json, os\n"
SCORES = b"language,score\nsw,8.1\nyo,9.0\nha,9.0\n"  # mean 8.7


@dataclass(frozen=True)
class TestSigner:
    """A judge whose private key is known to everybody; a signature of it says nothing outside of tests."""

    __test__ = False  # pytest thinks otherwise by its name
    private: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """See `app.core.keys.Signer`."""
        return PublicKey(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, message: bytes) -> bytes:
        """See `app.core.keys.Signer`."""
        return self.private.sign(message)


def a_signer(number: int = 1) -> TestSigner:
    """Return a judge; another number is another one."""
    return TestSigner(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


SIGNER = a_signer()
KEY = KnownKey(SIGNER.public)

#: What a program in the place of the box is given: path below /in -> bytes, and the seed.
Program = Callable[[Mapping[str, bytes], int], "Mapping[str, Any] | str | RunOutcome"]


def some_limits(**changes: Any) -> Limits:
    """Return limits of ten seconds, one core and 256 MiB."""
    usual = {
        "wall_ms": 10_000,
        "cpu_ms": 10_000,
        "cpus": 1,
        "memory_bytes": 256 * MIB,
        "processes": 16,
        "scratch_bytes": 64 * MIB,
    }
    return Limits.model_validate(usual | changes)


def a_policy(**changes: Any) -> Policy:
    """Return an operator's policy: the usual limits, ten times as much at most, the environment `python`."""
    most = some_limits(
        wall_ms=100_000, cpu_ms=100_000, cpus=4, memory_bytes=2_560 * MIB, processes=160, scratch_bytes=640 * MIB
    )
    usual: dict[str, Any] = {
        "default_limits": some_limits(),
        "maximum_limits": most,
        "environments": {ENVIRONMENT.name: ENVIRONMENT.digest},
    }
    return Policy(**(usual | changes))


def an_expectation(value: str | None = "8.7", rule: str = "rounding", **changes: Any) -> Expectation:
    """Return the expectation that `score` is 8.7 within its printed rounding."""
    return Expectation(**{"metric": "score", "rule": Rule(rule), "value": value, **changes})


def a_formula(formulas: Mapping[str, str] | None = None, **values: str) -> Formula:
    """Return the formula `score` = a - b of 77.0 and 68.3."""
    named = values or {"a": "77.0", "b": "68.3"}
    return Formula(
        formulas=dict(formulas or {"score": "a - b"}),
        values={name: NamedValue(value=text, source=f"Table 1, {name}") for name, text in named.items()},
    )


def a_script(**changes: Any) -> Script:
    """Return the script `reproduce.py` over `scores.csv`."""
    return Script.model_validate({"entrypoint": "reproduce.py", "inputs": ("scores.csv",), **changes})


def a_claim(
    expect: Expectation | Sequence[Expectation] | None = None,
    reproduce: Formula | Script | Lean4 | None = None,
    **changes: Any,
) -> Claim:
    """Return the claim that the mean score is 8.7."""
    wanted = expect if expect is not None else an_expectation()
    usual: dict[str, Any] = {
        "claim": Statement(id="mean-score", statement="The mean score is 8.7"),
        "expect": (wanted,) if isinstance(wanted, Expectation) else tuple(wanted),
        "reproduce": reproduce or a_script(),
        "limits": some_limits(),
    }
    return Claim(**(usual | changes))


def claim_toml(claim: Claim) -> str:
    """Return the `claim.toml` that states a claim; its limits are left to the operator."""
    document = claim.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"limits"})
    reproduce = document.pop("reproduce")
    tables: dict[str, Any] = {name: document.pop(name) for name in ("record", "claim") if name in document}
    arrays = {name: document.pop(name) for name in ("expect", "source")}
    values = reproduce.pop("values", {})
    tables["reproduce"] = reproduce
    tables |= {f"reproduce.values.{name}": item for name, item in values.items()}
    parts = [_toml_keys(document)]
    parts += [f"[[{name}]]\n{_toml_keys(item)}" for name, items in arrays.items() for item in items]
    parts += [f"[{name}]\n{_toml_keys(item)}" for name, item in tables.items()]
    return "\n".join(parts)


def a_bundle(claim: Claim | None = None, **changes: bytes) -> dict[str, bytes]:
    """Return the files of a claim; a keyword is a file's name with `__` for the dot."""
    wanted = claim or a_claim()
    usual = {"claim.toml": claim_toml(wanted).encode()}
    if isinstance(wanted.reproduce, Script):
        usual |= {"reproduce.py": SCRIPT, "scores.csv": SCORES}
    return usual | {name.replace("__", "."): data for name, data in changes.items()}


def a_seal(claim: Claim | None = None, files: Mapping[str, bytes] | None = None, **changes: Any) -> Seal:
    """Return the seal of the usual script claim, or of another, over its bundle."""
    wanted = claim or a_claim()
    digests = {path: digest(data) for path, data in (a_bundle(wanted) if files is None else files).items()}
    return make_seal(wanted, digests, ENVIRONMENT, evaluator_digest(wanted)).model_copy(update=changes)


def a_formula_seal(
    expect: Expectation | Sequence[Expectation] | None = None,
    formulas: Mapping[str, str] | None = None,
    **values: str,
) -> Seal:
    """Return the seal of 77.0 - 68.3 = 8.7, or of another formula."""
    return a_seal(a_claim(expect, a_formula(formulas, **values)))


def an_outcome(kind: str = "exited", **changes: Any) -> RunOutcome:
    """Return a process that exited with 0."""
    code = 0 if kind == "exited" else None
    return RunOutcome(**{"kind": OutcomeKind(kind), "exit_code": code, "wall_ms": 40, "cpu_ms": 30, **changes})


def a_spec(key: str = "measure-0", **changes: Any) -> RunSpec:
    """Return the specification of a run; its purpose follows from its key unless given."""
    usual: dict[str, Any] = {"key": key, "purpose": Purpose(key.partition("-")[0]), "seed": 0}
    if key.startswith("perturb"):
        usual["derivation"] = Derivation(
            target="scores.csv", variant=int(key.removesuffix("-again").rpartition("-")[2])
        )
    return RunSpec(**(usual | changes))


def a_run(spec: RunSpec | str = "measure-0", metrics: Mapping[str, Any] | str | None = None, **changes: Any) -> Run:
    """Return a finished run that reported `score` = 8.7; `metrics` may be the result's raw text.

    A keyword `outcome` may be a `RunOutcome` or the name of its kind.
    """
    reported = {"score": 8.7} if metrics is None else metrics
    outcome = changes.pop("outcome", "exited")
    usual: dict[str, Any] = {
        "spec": a_spec(spec) if isinstance(spec, str) else spec,
        "outcome": an_outcome(outcome) if isinstance(outcome, str) else outcome,
        "result": reported if isinstance(reported, str) else json.dumps(reported),
        "worker": "host:1",
    }
    return Run(**(usual | changes))


def a_comparison(**changes: Any) -> Comparison:
    """Return a match of 8.7 within printed rounding."""
    usual: dict[str, Any] = {
        "metric": "score",
        "unit": None,
        "rule": "rounding",
        "tolerance": None,
        "expected": "8.7",
        "computed": "8.7",
        "values": ("8.7",),
        "low": "8.65",
        "high": "8.75",
        "computed_low": None,
        "computed_high": None,
        "match": True,
        "code": "MATCH_EXACT",
        "flips_at": "0",
    }
    return Comparison(**(usual | changes))


def a_judgement(**changes: Any) -> Judgement:
    """Return a VERIFIED judgement without controls."""
    usual: dict[str, Any] = {
        "status": Status.VERIFIED,
        "outcome": OutcomeKind.EXITED,
        "reason_code": "MATCH_EXACT",
        "blame": None,
        "reason": "Sealed-sandbox script repro: Computed 8.7 matches expected 8.7 (within printed rounding).",
        "comparisons": (a_comparison(),),
        "controls": (),
    }
    return Judgement(**(usual | changes))


def honest(inputs: Mapping[str, bytes], seed: int) -> Mapping[str, Any]:
    """Compute what the usual script claims to compute: the mean of the last column."""
    rows = inputs["scores.csv"].decode().split("\n")[1:]
    numbers = [float(row.rpartition(",")[2]) for row in rows if row]
    return {"score": round(sum(numbers) / len(numbers), 4)}


def specs_of(seal: Seal, runs: Sequence[Run]) -> tuple[RunSpec, ...]:
    """Return every run that can belong to a seal of which these measure runs are finished."""
    return all_specs(seal, Readings.of(seal, runs))


def play(
    seal: Seal, files: Mapping[str, bytes] | None = None, program: Program = honest
) -> tuple[tuple[Run, ...], tuple[evidence.ArchivedRun, ...]]:
    """Take a seal through its plan with `program` in the place of the box (a formula evaluates itself)."""
    bundle = a_bundle(seal.claim) if files is None else files
    sealed = seal_digest(seal_bytes(seal))
    archived: list[evidence.ArchivedRun] = []
    while not isinstance(step := plan.next_step(seal, [item.run for item in archived]), plan.Conclude):
        archived += [_execute(seal, sealed, spec, bundle, program) for spec in step]
    return tuple(item.run for item in archived), tuple(archived)


def an_archive(
    seal: Seal | None = None, files: Mapping[str, bytes] | None = None, program: Program = honest, **changes: Any
) -> bytes:
    """Return the evidence archive of a seal that was played to its end."""
    wanted = seal or a_seal()
    runs, archived = play(wanted, files, program)
    usual_files = a_bundle(wanted.claim) if files is None else files
    usual: dict[str, Any] = {
        "sealed": seal_bytes(wanted),
        "bundle": usual_files,
        "runs": archived,
        "judgement": judge(wanted, runs, sealed_sources(wanted, usual_files.__getitem__)),
        "context": evidence.Context("2026-11-22T12:00:00+00:00", "ver_1", "demo"),
        "signer": SIGNER,
    }
    return evidence.build(**(usual | changes))


def _execute(
    seal: Seal, sealed: str, spec: RunSpec, files: Mapping[str, bytes], program: Program
) -> evidence.ArchivedRun:
    job = box_job(seal, sealed, spec, files.__getitem__)
    if isinstance(job, Underivable):
        return evidence.ArchivedRun(
            a_run(spec, outcome=an_outcome("cancelled", limit="underivable", notes=(job.reason,)), result=None)
        )
    inputs = {item.target.removeprefix("/in/"): item.data for item in job.files if item.target.startswith("/in/")}
    found = _evaluate(inputs) if job.mode == "evaluator" else run_program(program, inputs, spec.seed)
    told: dict[str, Any] = {"notes": (job.summary,) if job.summary else (), "replaced": job.replaced}
    if isinstance(found, RunOutcome):
        run = a_run(
            spec, outcome=found.model_copy(update={**told, "notes": (*told["notes"], *found.notes)}), result=None
        )
    else:
        run = a_run(spec, found, outcome=an_outcome(**told))
    return evidence.ArchivedRun(run, b"stdout\n", b"", dict(job.derived), {"plot.svg": b"<svg/>"})


def run_program(program: Program, inputs: Mapping[str, bytes], seed: int) -> Mapping[str, Any] | str | RunOutcome:
    """Run a program in the place of the box; one that misses its inputs, or cannot read them, crashes."""
    try:
        return program(inputs, seed)
    except (KeyError, ValueError):
        return an_outcome(exit_code=1)


def _evaluate(inputs: Mapping[str, bytes]) -> Mapping[str, Any]:
    return formula.results(json.loads(inputs["formula.json"]))


def _toml_keys(table: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_toml_value(item)}\n" for name, item in table.items())


def _toml_value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
