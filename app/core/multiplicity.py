"""Many claims by statistics in one record: how many of their contradictions may be called one.

"Every tested claim is verified" needs no correction, because every one of them has to be (intersection-union test). "Some
claim is contradicted" does: of twenty sound claims one is contradicted by chance. Holm's step-down procedure (Holm 1979)
holds the error of a whole record at ALPHA, however its claims depend on each other: the k-th smallest of m probabilities
counts while each so far is at most ALPHA / (m - k + 1). It speaks about a record and changes no recorded verdict.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.codes import CONTRADICTIONS
from app.core.members import STATISTICAL
from app.core.statistics import ALPHA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import Comparison


def chance(comparisons: Sequence[Comparison]) -> Decimal | None:
    """Return how probable a claim's contradiction is by chance, None when chance has no part in it.

    A claim by statistics that is not contradicted has 1: it belongs to the record's claims by statistics all the same. Of
    several such comparisons of one claim any may contradict it, so that the smallest probability counts for all of them.
    """
    wrong = [item for item in comparisons if item.code in CONTRADICTIONS and item.table is None]
    asked = [item for item in comparisons if item.rule in STATISTICAL]
    if not asked or any(item.p is None for item in wrong):
        return None
    least = min((Decimal(item.p) for item in wrong if item.p is not None), default=Decimal(1))
    return min(Decimal(1), least * len(asked))


def holding(chances: Mapping[str, Decimal]) -> frozenset[str]:
    """Return the names whose contradiction stands when all of them are looked at together."""
    found = set()
    ordered = sorted(chances.items(), key=lambda item: (item[1], item[0]))
    for position, (name, each) in enumerate(ordered):
        if each > ALPHA / (len(ordered) - position):
            break
        found.add(name)
    return frozenset(found)
