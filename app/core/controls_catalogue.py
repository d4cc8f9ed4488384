"""The controls of this version: who attacks, and what a pass leaves open. The page shows the last beside every result."""

from __future__ import annotations

from app.core.model import Attacker, Control, ControlResult

#: control -> attacker, what a pass cannot prove
CATALOGUE = {
    "repeat": (Attacker.REPLICATION, "stability on other hardware"),
    "hardcoded": (Attacker.REPLICATION, "absence: a value can be assembled or encoded"),
    "empty_input": (Attacker.REPLICATION, "that inputs are used well"),
    "input_response": (Attacker.REPLICATION, "honest computation: a script may recognise the sealed bytes"),
    "looked_up": (Attacker.REPLICATION, "that nothing was looked up: a lookup can hide behind arithmetic"),
    "recognised": (Attacker.REPLICATION, "that the script treats no inputs in a way of their own"),
    "pinned": (Attacker.REPLICATION, "that the result is right where it moves"),
    "rescaled": (Attacker.REPLICATION, "that the law which the result follows is the paper's"),
    "anchored": (Attacker.REPLICATION, "that the inputs matter as much as the paper says"),
    "turned": (Attacker.REPLICATION, "that what is compared is what the paper compares"),
    "typed": (Attacker.REPLICATION, "whether typed numbers are known constants or invented ones"),
    "seed_response": (Attacker.REPLICATION, "that the seed drives the right part"),
    "confirm": (Attacker.REPLICATION, "independence of an environment that both runs share"),
    "quote": (Attacker.CITATION, "that the number supports the statement"),
    "cells": (Attacker.CITATION, "that the right cell was meant"),
    "arithmetic": (Attacker.CITATION, "that the print is right: much that is wrong fits together"),
    "rounding_flip": (
        Attacker.COUNTEREXAMPLE,
        "that the printed inputs were right, nor anything about corners not tried",
    ),
    "tolerance_flip": (Attacker.COUNTEREXAMPLE, "that the tolerance is reasonable"),
    "coincidence": (Attacker.COUNTEREXAMPLE, "that the authors did not search"),
}

#: the same of proofs alone; `confirm` and `quote` they share with programs
PROOF_CATALOGUE = {
    "kernel": (Attacker.REPLICATION, "that the kernel is sound, nor the modules that it was given ready-made"),
    "statement": (Attacker.CITATION, "that the approved statement says what the paper says"),
    "axioms": (Attacker.COUNTEREXAMPLE, "which axioms stand behind theorems of the imported modules"),
}


def control(name: str, result: ControlResult, detail: str) -> Control:
    """Return a control's result with what the catalogue says about it."""
    attacker, cannot_prove = (CATALOGUE | PROOF_CATALOGUE)[name]
    return Control(name=name, attacker=attacker, result=result, detail=detail, cannot_prove=cannot_prove)
