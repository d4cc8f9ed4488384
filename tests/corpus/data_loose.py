"""Data sets in which nothing goes with anything, or everything, so that one of few answers stands firm."""

from __future__ import annotations

import random


def _chance(name: str) -> random.Random:
    return random.Random(f"corpus/{name}")  # noqa: S311 - reproducible, not secret


def trial() -> bytes:
    """Return 48 patients with one of two arms and a change that has nothing to do with it."""
    chance = _chance("trial")
    rows = [f"p{at:02d},{('drug', 'placebo')[at % 2]},{chance.gauss(20, 3):.1f}\n" for at in range(48)]
    return f"patient,arm,change\n{''.join(rows)}".encode()


def loose_pairs() -> bytes:
    """Return 24 rows of x and y that have nothing to do with each other."""
    chance = _chance("loose pairs")
    rows = [f"{chance.uniform(3, 9):.2f},{chance.uniform(3, 9):.2f}\n" for _ in range(24)]
    return f"x,y\n{''.join(rows)}".encode()


def leads() -> bytes:
    """Return 30 tasks with a score of ours and one of a baseline that is at most a fifth of it."""
    chance = _chance("leads")
    rows = [f"t{at},{chance.uniform(70, 95):.1f},{chance.uniform(6, 14):.1f}\n" for at in range(30)]
    return f"task,ours,base\n{''.join(rows)}".encode()


def ballots() -> bytes:
    """Return 61 ballots that rank three candidates, two in three of them with the same one first."""
    chance = _chance("ballots")
    rows = []
    for at in range(61):
        others = chance.sample(["bob", "cy"], 2)
        rows.append(["ann", *others] if at % 3 else [*others, "ann"])
    return ("first,second,third\n" + "".join(",".join(row) + "\n" for row in rows)).encode()
