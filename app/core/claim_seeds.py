"""Reading a script's seeds: which are measured first, and how many more statistical rules may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.members import SEED_RULES, STATISTICAL
from app.core.model import Rule

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.core.claim_reader import Table

SEEDS_MAX = 64
SEED_MAX = 2**63 - 1
SEEDS_BY_DEFAULT = (0, 1, 2, 3, 4)  # under rules that weigh the seeds' spread

#: How many seeds a rule needs to be able to decide anything: two values say next to nothing of a spread.
LEAST = {Rule.EQUIVALENCE: 3, Rule.PREDICTION: 3, Rule.DIRECTION: 3}
#: A ranking may be of one seed, where nothing is left to chance; of several it weighs their spread.
LEAST_OF_SEVERAL = {Rule.RANKING: 3}


def read_seeds(table: Table, rules: Collection[Rule]) -> tuple[tuple[int, ...], int | None]:
    """Return the seeds of a `[reproduce]` table and `seeds_max`, None when it is not given.

    Args:
        table: the table.
        rules: those of the claim's expectations.

    """
    seeds = _seeds(table, SEEDS_BY_DEFAULT if SEED_RULES & set(rules) else (0,))
    needed = LEAST if len(seeds) == 1 else LEAST | LEAST_OF_SEVERAL
    for rule in sorted(needed.keys() & set(rules)):
        if len(seeds) < needed[rule]:
            detail = f"the rule {rule} needs {needed[rule]} seeds, and the claim has {len(seeds)}"
            table.report("seeds", "too-few-seeds", detail, f"write seeds = {list(SEEDS_BY_DEFAULT)}, or leave it out")
    most = table.integer("seeds_max", 1, SEEDS_MAX)
    if most is None:
        return seeds, None
    if not STATISTICAL & set(rules):
        detail = "seeds_max lets statistical rules measure further seeds, and no expectation has such a rule"
        table.report("seeds_max", "contradictory-key", detail, "remove it, or name all seeds in seeds")
    if most < len(seeds):
        detail = f"seeds_max is {most}, and {len(seeds)} seeds are measured in any case"
        table.report("seeds_max", "contradictory-bounds", detail, f"at least {len(seeds)}")
    return seeds, most


def _seeds(table: Table, usual: tuple[int, ...]) -> tuple[int, ...]:
    found = table.raw("seeds")
    if found is None:
        return usual
    whole = isinstance(found, list) and all(isinstance(item, int) and not isinstance(item, bool) for item in found)
    if not whole or not 1 <= len(found) <= SEEDS_MAX or any(not 0 <= item <= SEED_MAX for item in found):
        detail = f"seeds must be 1 to {SEEDS_MAX} whole numbers from 0 to 2^63-1"
        table.report("seeds", "bad-seeds", detail, f"write seeds = {list(usual)}")
        return usual
    if len(set(found)) < len(found):
        table.report("seeds", "duplicate-item", "a seed is named twice", "name each once")
    return tuple(found)
