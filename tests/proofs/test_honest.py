"""Honest proofs through real boxes, by the real kernel: each is accepted, on the three axioms at most.

Those that prove the negation of what their challenge states refute it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.proofs.prover import case, spread

if TYPE_CHECKING:
    from tests.proofs.prover import Prover

pytestmark = [pytest.mark.box, pytest.mark.slow]

SOURCES = sorted((Path(__file__).parent / "honest").glob("*.lean"))
REFUTING = {"refuted", "refuted_of_all"}


@pytest.mark.parametrize("path", SOURCES, ids=spread(SOURCES))
def test_an_honest_proof_is_accepted(prover: Prover, path: Path) -> None:
    wanted = case(path)
    found = prover.check(wanted.name, wanted.challenge, wanted.solution, limits=wanted.limits)
    deserved = "COUNTEREXAMPLE" if path.stem in REFUTING else "PROOF_ACCEPTED"
    assert found.code == wanted.expect == deserved, (found.prove, found.replay)


def test_there_are_enough_honest_proofs() -> None:
    assert len(SOURCES) >= 20
