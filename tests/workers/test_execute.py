"""One sealed run, executed: what is refused before a box is opened, and how an outcome is handed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from app.core.errors import Fault
from app.core.model import OutcomeKind
from app.core.seal import seal_bytes, seal_digest
from sandbox import Environment, Job, NoIsolation, Outcome, SandboxFault, SealBroken
from tests.core.builders import ENVIRONMENT, a_bundle, a_claim, a_formula_seal, a_seal, a_spec, some_limits
from workers.execute import execute

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.model import RunSpec, Seal
    from app.executed import Executed
    from sandbox import Usage

HERE = Environment(ENVIRONMENT.name, ENVIRONMENT.digest, "/usr/bin/python3")


@dataclass
class Box:
    """In the place of the box: says what it is told to, and remembers what it was asked."""

    answer: Outcome | Exception = field(
        default_factory=lambda: Outcome("exited", exit_code=0, result=b'{"score": 8.7}')
    )
    jobs: list[Job] = field(default_factory=list)
    minimum: str = ""

    def run(self, job: Job, tick: Callable[[Usage], bool], minimum: str = "C") -> Outcome:
        """See `sandbox.Sandbox`."""
        assert callable(tick)
        self.jobs.append(job)
        self.minimum = minimum
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def go(box: Box, seal: Seal, spec: RunSpec | str = "measure-0", environment: Environment = HERE) -> Executed:
    """Execute a run of the usual bundle."""
    files = {seal.files[path]: data for path, data in a_bundle(seal.claim).items()}
    wanted = a_spec(spec) if isinstance(spec, str) else spec
    sealed = seal_digest(seal_bytes(seal))
    return execute(box, environment, seal, sealed, wanted, files.__getitem__, lambda _: True)  # type: ignore[arg-type]


def test_the_box_gets_the_sealed_files_limits_and_environment() -> None:
    box = Box()
    wanted = {"wall_ms": 1_234, "cpu_ms": 2_345, "cpus": 3, "memory_bytes": 4_567, "processes": 5, "scratch_bytes": 678}
    go(box, a_seal(a_claim(limits=some_limits(**wanted, isolation="B"))))
    (job,) = box.jobs
    assert {item.target for item in job.files} == {"/job/reproduce.py", "/in/scores.csv"}
    assert {name: getattr(job, name) for name in wanted} == wanted
    assert job.environment is HERE
    assert job.env["ASSAY_SEED"] == "0"
    assert box.minimum == "B"


def test_everything_that_the_box_says_is_handed_on() -> None:
    said = Outcome(
        "timeout",
        clock="wall",
        limit="wall",
        result=b"half",
        artifacts=(("plot.svg", b"<svg/>"),),
        stdout=b"out",
        stderr=b"err",
        notes=("4 forks were refused",),
        wall_ms=10_001,
        cpu_ms=12,
        peak_memory_bytes=13,
        isolation={"level": "B"},
    )
    done = go(Box(said), a_seal())
    assert done.outcome.kind is OutcomeKind.TIMEOUT
    assert (done.outcome.clock, done.outcome.limit, done.outcome.notes) == ("wall", "wall", ("4 forks were refused",))
    assert (done.outcome.wall_ms, done.outcome.cpu_ms, done.outcome.peak_memory_bytes) == (10_001, 12, 13)
    assert (done.result, done.stdout, done.stderr) == (b"half", b"out", b"err")
    assert done.artifacts == (("plot.svg", b"<svg/>"),)
    assert done.isolation == {"level": "B"}
    assert done.derived == {}


@pytest.mark.parametrize("key", ["repeat-0", "perturb-0-1", "confirm-0"])
def test_only_the_first_measure_run_keeps_its_artifacts(key: str) -> None:
    done = go(Box(Outcome("exited", exit_code=0, result=b"{}", artifacts=(("plot.svg", b"<svg/>"),))), a_seal(), key)
    assert (done.result, done.artifacts) == (b"{}", ())


def test_a_perturbed_run_says_what_was_changed() -> None:
    done = go(Box(), a_seal(), "perturb-0-1")
    assert list(done.derived) == ["/in/scores.csv"]
    assert done.outcome.notes[0]


def test_inputs_that_cannot_be_changed_are_no_fault_and_open_no_box() -> None:
    """They are no table and no text: the control stays undecided, and the run is said not to have happened."""
    box = Box()
    noise = b"\xff\xfe\x00\x01"
    seal = a_seal(files=a_bundle(scores__csv=noise))
    done = execute(box, HERE, seal, "sha256:" + "1" * 64, a_spec("perturb-0-1"), lambda _: noise, lambda _: True)  # type: ignore[arg-type]
    assert (done.outcome.kind, done.outcome.limit) == (OutcomeKind.CANCELLED, "underivable")
    assert "scores.csv" in done.outcome.notes[0]
    assert box.jobs == []


def test_another_environment_than_the_sealed_one_is_our_fault() -> None:
    box = Box()
    with pytest.raises(Fault, match=r"python is not the sealed one.*Submit the claim again") as caught:
        go(box, a_seal(), environment=Environment("python", "sha256:" + "f" * 64, "/usr/bin/python3"))
    assert caught.value.reason_code == "IMAGE_PULL_FAILED"
    assert box.jobs == []


@pytest.mark.parametrize("seal", [a_seal, a_formula_seal], ids=["script", "formula"])
def test_another_evaluator_than_the_sealed_one_is_our_fault(seal: Callable[[], Seal]) -> None:
    """A worker that was upgraded must not run another program of ours under an old seal."""
    box = Box()
    with pytest.raises(Fault, match=r"evaluator is not the sealed one.*Submit the claim again") as caught:
        go(box, seal().model_copy(update={"evaluator": "sha256:" + "0" * 64}))
    assert caught.value.reason_code == "INTERNAL_ERROR"
    assert box.jobs == []


def test_other_rules_than_the_sealed_ones_are_our_fault() -> None:
    box = Box()
    with pytest.raises(Fault) as caught:
        go(box, a_seal().model_copy(update={"versions": {"compare": 99, "perturb": 1, "plan": 1}}))
    assert caught.value.reason_code == "INTERNAL_ERROR"
    assert box.jobs == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoIsolation("no user namespaces"), "NO_ISOLATION"),
        (SandboxFault("the launcher is gone"), "INTERNAL_ERROR"),
        (SealBroken("/in/scores.csv is not the file that was sealed"), "INTERNAL_ERROR"),
    ],
    ids=["no isolation", "a broken sandbox", "a broken seal"],
)
def test_what_fails_in_the_sandbox_is_our_fault(error: Exception, code: str) -> None:
    with pytest.raises(Fault, match=str(error).partition(" (")[0]) as caught:
        go(Box(error), a_seal())
    assert caught.value.reason_code == code
    assert "doctor" in caught.value.remedy
