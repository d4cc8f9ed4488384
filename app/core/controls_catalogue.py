"""The controls of this version: who attacks, and what a pass leaves open. The page shows the last beside every result."""

from __future__ import annotations

from app.core.model import Attacker, Control, ControlResult

#: control -> attacker, what a pass cannot prove
CATALOGUE = {
    "repeat": (Attacker.REPLICATION, "stability on other hardware"),
    "input_response": (Attacker.REPLICATION, "honest computation: a script may recognise the sealed bytes"),
    "confirm": (Attacker.REPLICATION, "independence of an environment that both runs share"),
    "rounding_flip": (Attacker.COUNTEREXAMPLE, "that the printed inputs were themselves right"),
    "tolerance_flip": (Attacker.COUNTEREXAMPLE, "that the tolerance is reasonable"),
}


def control(name: str, result: ControlResult, detail: str) -> Control:
    """Return a control's result with what the catalogue says about it."""
    attacker, cannot_prove = CATALOGUE[name]
    return Control(name=name, attacker=attacker, result=result, detail=detail, cannot_prove=cannot_prove)
