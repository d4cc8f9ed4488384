"""Runs a proof in real boxes as the service does: both sources compiled, then the kernel's replay, each in its own box.

What a challenge compiles to is kept for the session, because many attacks are on the same one.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from app.core.proof import read_proved, read_replayed
from app.core.proof_readings import refutes, shortcoming
from sandbox import Job, Sandbox, StagedFile
from tests.core.proofs import a_proof_claim, a_proof_seal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sandbox import Environment, Outcome

PROGRAM = b"from assay_prover import main\n\nraise SystemExit(main())\n"
MIB = 1 << 20
UNIT = 4  # cases that stay together when two processes share them out
ENDED = {"timeout": "TIMEOUT", "memory": "OOM", "output": "OUTPUT_LIMIT"}


@dataclass(frozen=True)
class Limits:
    """What each run may use."""

    wall_ms: int = 600_000  # the machine of a test may be busy
    cpu_ms: int = 300_000
    memory_bytes: int = 4096 * MIB


@dataclass
class Checked:
    """What the runs of one proof left."""

    name: str
    code: str
    prove: dict[str, Any]
    replay: dict[str, Any] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()


class Prover:
    """One box of its own for each run, two runs at once."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._boxes = ExitStack()
        self._two = [self._boxes.enter_context(Sandbox()) for _ in range(2)]
        self._challenges: dict[bytes, tuple[Outcome, dict[str, Any]]] = {}
        self.checked: list[Checked] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._boxes.close()

    def check(
        self,
        name: str,
        challenge: bytes,
        solution: bytes,
        theorem: str = "target",
        imports: tuple[str, ...] = ("Init",),
        limits: Limits = Limits(),
    ) -> Checked:
        """Return the code that a proof ends with, by the precedence of docs/proofs.md."""
        proof = json.dumps({"theorem": theorem, "imports": imports}).encode()
        known = self._challenges.get(challenge)
        with ThreadPoolExecutor(2) as pool:
            ours = None if known else pool.submit(self._run, 0, "prove", proof, {"source.lean": challenge}, Limits())
            theirs = pool.submit(self._run, 1, "prove", proof, {"source.lean": solution}, limits)
            known = known or (ours.result() if ours else None)
            assert known is not None
            outcome, said = theirs.result()
        self._challenges[challenge] = known
        assert known[1].get("stage") == "ok", known
        found = Checked(name, code_of_prove(outcome, said), said, outcomes=(outcome,))
        if not found.code:
            files = {"challenge.txt": export(known[0]), "solution.txt": export(outcome)}
            again, judged = self._run(0, "replay", proof, files, limits)
            found = Checked(name, code_of_replay(again, judged, theorem), said, judged, (outcome, again))
        self.checked.append(found)
        return found

    def replay(self, theorem: str, challenge: bytes, solution: bytes) -> dict[str, Any]:
        """Return the report of a replay of two exports, whoever wrote them."""
        proof = json.dumps({"theorem": theorem, "imports": ["Init"]}).encode()
        return self._run(0, "replay", proof, {"challenge.txt": challenge, "solution.txt": solution}, Limits())[1]

    def _run(
        self, box: int, what: str, proof: bytes, files: dict[str, bytes], limits: Limits
    ) -> tuple[Outcome, dict[str, Any]]:
        staged = [StagedFile("/job/prove.py", PROGRAM), StagedFile("/in/proof.json", proof)]
        staged += [StagedFile(f"/in/{name}", data) for name, data in files.items()]
        job = Job(
            self.environment,
            ("/job/prove.py", what, "/in/proof.json"),
            tuple(staged),
            wall_ms=limits.wall_ms,
            cpu_ms=limits.cpu_ms,
            cpus=2,
            memory_bytes=limits.memory_bytes,
            scratch_bytes=512 * MIB,
        )
        outcome = self._two[box].run(job)
        if outcome.kind != "exited":
            return outcome, {}
        said = (outcome.result or b"").decode()
        assert (read_proved if what == "prove" else read_replayed)(said)  # the judge of the service can read it
        return outcome, json.loads(said)

    def table(self) -> None:
        """Print what each proof cost."""
        for item in self.checked:
            cpu = sum(one.cpu_ms for one in item.outcomes) / 1000
            peak = max(one.peak_memory_bytes for one in item.outcomes) / (1 << 30)
            wall = sum(one.wall_ms for one in item.outcomes) / 1000
            sys.stderr.write(f"{item.name:32} {item.code:24} {cpu:6.1f} s cpu {wall:6.1f} s {peak:5.2f} GiB\n")


def export(outcome: Outcome) -> bytes:
    """Return the export that a prove run left."""
    return dict(outcome.artifacts)["export.txt"]


def code_of_prove(outcome: Outcome, said: dict[str, Any]) -> str:
    """Return the code with which a proof ends at its first run, "" when it goes on."""
    if outcome.kind != "exited":
        return ENDED.get(outcome.kind, "PROOF_NOT_COMPILED")
    codes = {"imports": "IMPORT_DENIED", "ok": ""}
    return codes.get(str(said.get("stage")), "PROOF_NOT_COMPILED")


def code_of_replay(outcome: Outcome, said: dict[str, Any], theorem: str) -> str:
    """Return the code with which a proof ends after its replay, by the order in which the service decides."""
    if outcome.kind != "exited":
        return ENDED.get(outcome.kind, "PROOF_TOOLCHAIN_ERROR")
    found = read_replayed(json.dumps(said))
    if found.stage != "ok":  # the export cannot be read, or the kernel gave up behind it
        return "PROOF_NOT_COMPILED" if found.theorem is None else "OOM"
    lacking = shortcoming(a_proof_seal().model_copy(update={"claim": a_proof_claim(theorem=theorem)}), found)
    if lacking is not None:
        return lacking.code
    if refutes(found):
        return "COUNTEREXAMPLE"
    return "PROOF_REJECTED" if found.rejected is not None else "PROOF_ACCEPTED"


@dataclass(frozen=True)
class Case:
    """A source, and what its first lines say of it."""

    name: str
    expect: str
    challenge: bytes
    solution: bytes
    limits: Limits


def case(path: Path) -> Case:
    """Return a source with its challenge and what it expects.

    Its first lines are `-- expect: CODE`, `-- challenge: NAME` of a file below challenges/, and for one that is to be ended
    `-- cpu: SECONDS`.
    """
    data = path.read_bytes()
    heads = dict(re.findall(r"^-- (expect|challenge|cpu): (.*)$", data.decode(), re.MULTILINE))
    challenge = path.parent.parent / "challenges" / f"{heads['challenge']}.lean"
    limits = Limits(cpu_ms=1000 * int(heads["cpu"])) if "cpu" in heads else Limits()
    return Case(path.stem, heads["expect"], challenge.read_bytes(), data, limits)


def spread(paths: Iterable[Path]) -> list[str]:
    """Return what sources are called as cases: challenge, unit among its sources, name (`tests/spread.py`)."""
    seen: Counter[str] = Counter()
    found = []
    for path in paths:
        challenge = re.findall(r"^-- challenge: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)[0]
        found.append(f"{challenge}.{seen[challenge] // UNIT}/{path.stem}")
        seen[challenge] += 1
    return found
