"""Claims of proofs through the whole house, by the command: approved, compiled, replayed, judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.proofs.prover import case

if TYPE_CHECKING:
    from sandbox import Environment

pytestmark = [pytest.mark.box, pytest.mark.slow]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLAIM = """
schema = "assay-claim-v1"

[record]
id = "proofs"
title = "Proofs"

[claim]
id = "{name}"
statement = "What the challenge states."

[reproduce]
kind = "lean4"
challenge = "challenge.lean"
solution = "solution.lean"
theorem = "target"
"""


def assay(home: Path, lean4: Environment, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a store that accepts a checker for tests."""
    own = {
        "ASSAY_HOME": str(home),
        "ASSAY_ENVIRONMENTS": str(Path(lean4.site).parents[1]),
        "ASSAY_PROOF_ASSURANCE": "test",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "cli", *words]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=False)


def verdict(path: Path, home: Path, lean4: Environment, *, approved: bool = True) -> tuple[int, dict[str, Any]]:
    """Return exit code and verdict of a case's claim."""
    folder = home / path.stem
    folder.mkdir(parents=True)
    wanted = case(path)
    (folder / "claim.toml").write_text(CLAIM.format(name=path.stem.replace("_", "-")))
    (folder / "challenge.lean").write_bytes(wanted.challenge)
    (folder / "solution.lean").write_bytes(wanted.solution)
    if approved:
        said = assay(home, lean4, "approve", str(folder), "--local")
        assert said.returncode == 0, said.stderr
    done = assay(home, lean4, "verify", str(folder), "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize(
    ("source", "code", "status"),
    [
        ("honest/own_definition", 0, ("VERIFIED", "PROOF_ACCEPTED")),
        ("attacks/kernel_switched_off", 1, ("FALSIFIED", "PROOF_REJECTED")),
        ("honest/refuted", 1, ("FALSIFIED", "COUNTEREXAMPLE")),
    ],
)
def test_a_proof_gets_the_verdict_that_it_deserves(
    lean4: Environment, tmp_path: Path, source: str, code: int, status: tuple[str, str]
) -> None:
    exited, found = verdict(HERE / f"{source}.lean", tmp_path, lean4)
    text = json.dumps(found)
    assert exited == code, text
    assert all(word in text for word in status), text


def test_a_statement_that_nobody_approved_is_not_looked_at(lean4: Environment, tmp_path: Path) -> None:
    exited, found = verdict(HERE / "honest/commutes.lean", tmp_path, lean4, approved=False)
    assert exited not in {0, 1}
    assert "STATEMENT_NOT_APPROVED" in json.dumps(found)
