"""Attacks through real boxes, on the real kernel: each ends with the code that its first line expects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.proofs.prover import Limits, case, export, spread

if TYPE_CHECKING:
    from tests.proofs.prover import Prover

pytestmark = [pytest.mark.box, pytest.mark.slow]

HERE = Path(__file__).parent
SOURCES = sorted((HERE / "attacks").glob("*.lean"))
HARMLESS = {"reads_the_environment", "vacuous_statement"}  # they gain nothing; the second is for whoever approves
COMMUTES = (HERE / "challenges/commutes.lean").read_bytes()
ENDLESS = b"partial def turn (n : Nat) : Nat := turn (n + 1)\n#eval turn 0\ntheorem target : True := trivial\n"
HUNGRY = (
    b"partial def eat (a : Array Nat) : Nat := eat (a ++ a.push 1)\n#eval eat #[1]\ntheorem target : True := trivial\n"
)


def test_every_attack_expects_to_fail_but_for_those_that_gain_nothing() -> None:
    assert {path.stem for path in SOURCES if case(path).expect == "PROOF_ACCEPTED"} == HARMLESS
    assert len(SOURCES) >= 25


@pytest.mark.parametrize("path", SOURCES, ids=spread(SOURCES))
def test_an_attack_ends_with_the_code_that_it_expects(prover: Prover, path: Path) -> None:
    wanted = case(path)
    found = prover.check(wanted.name, wanted.challenge, wanted.solution, limits=wanted.limits)
    assert found.code == wanted.expect, (found.prove, found.replay)


def test_bytes_that_are_refused_never_reach_lean(prover: Prover) -> None:
    found = prover.check("invalid_utf8", COMMUTES, b"theorem target : True := trivial -- \xff\n")
    assert (found.code, found.prove["stage"]) == ("PROOF_NOT_COMPILED", "refused")
    assert found.outcomes[0].cpu_ms < 3000  # Lean alone takes longer to start


def test_elaboration_that_never_ends_is_ended_and_the_next_proof_is_unharmed(prover: Prover) -> None:
    found = prover.check("endless", COMMUTES, ENDLESS, limits=Limits(cpu_ms=25_000))
    assert found.code == "TIMEOUT"
    hungry = prover.check("hungry", COMMUTES, HUNGRY, limits=Limits(cpu_ms=200_000))
    assert hungry.code in {"OOM", "PROOF_NOT_COMPILED"}
    after = prover.check("after_both", COMMUTES, b"theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b\n")
    assert after.code == "PROOF_ACCEPTED"


def test_an_export_that_was_forged_convinces_no_kernel(prover: Prover) -> None:
    honest = prover.check("forged_from", COMMUTES, b"theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b\n")
    assert honest.code == "PROOF_ACCEPTED"
    said = export(honest.outcomes[0]).decode()
    assert '"add_comm"' in said
    forged = said.replace('"add_comm"', '"add_assoc"')
    report = prover.replay("target", said.encode(), forged.encode())
    assert report["statement"] == "same"
    assert report["rejected"]["name"] == "target"
    unreadable = prover.replay("target", said.encode(), said.encode()[:-1])
    assert unreadable["stage"] == "solution"
