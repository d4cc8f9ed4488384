"""What enters the boxes of a proof. Only text and our own program, and never what another box compiled.

A prove box gets one of the two files, a replay box the two texts that the prove boxes exported, as data. The program is that
of the kind's checker (`checkers`): of Lean `assay_prover` in the environment, whose digest covers it, so that the seal names
the protocol between us and it; of Metamath files of ours, whose digest the seal names. Both files of a claim in Lean are
compiled under one module name, so that what they declare has the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.canonical import canonical
from app.core.checkers import checker_of
from app.core.model import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.model import Proof, RunSpec

PROGRAM_PATH = "/job/prove.py"
TERMS_PATH = "/in/proof.json"
EXPORT = "export.txt"  # the artifact of a prove run
CHALLENGE, SOLUTION = "prove-challenge", "prove-solution"

#: file of a replay box -> the run whose export it holds
EXPORTS = {"/in/challenge.txt": CHALLENGE, "/in/solution.txt": SOLUTION}


def proof_argv(spec: RunSpec) -> tuple[str, ...]:
    """Return the program of a proof's box and its arguments."""
    return (PROGRAM_PATH, "prove" if spec.purpose is Purpose.PROVE else "replay", TERMS_PATH)


def proof_files(
    proof: Proof, spec: RunSpec, read: Callable[[str], bytes], left: Callable[[str, str], bytes]
) -> dict[str, bytes]:
    """Return the files of a proof's box: path in the box -> bytes.

    Args:
        proof: as sealed.
        spec: which run.
        read: path in the bundle -> its sealed bytes.
        left: (key of an earlier run, name of an artifact) -> its bytes, empty when it left none.

    """
    terms = canonical({"theorem": proof.theorem, "imports": list(proof.imports)})
    checker = checker_of(proof)
    files = {**checker.program(), TERMS_PATH: terms}
    if spec.purpose is Purpose.PROVE:
        path = proof.challenge if spec.key == CHALLENGE else proof.solution
        return files | {f"/in/{checker.source}": read(path)}
    return files | {path: left(key, EXPORT) for path, key in EXPORTS.items()}
