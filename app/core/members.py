"""Which metrics an expectation is about. Most are about one; a ranking and a table are about metrics of their own.

A member is an expectation too, of one metric: what is read from a result, moved by an attack or compared cell by cell is
always a member, and never needs to know where it came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.model import Expectation, Rule

if TYPE_CHECKING:
    from app.core.model import Claim

#: Rules that ask what the seeds' spread allows to say. They need a script, and several seeds of it.
SEED_RULES = frozenset({Rule.EQUIVALENCE, Rule.PREDICTION, Rule.DIRECTION})

#: Rules that further seeds may decide.
STATISTICAL = SEED_RULES | {Rule.INTERVAL, Rule.RANKING}

#: Rules that a table may hold its cells to: those that take one printed value and decide without statistics.
CELL_RULES = (Rule.ROUNDING, Rule.EXACT, Rule.ABSOLUTE, Rule.POINTS, Rule.RELATIVE, Rule.EITHER, Rule.ULP)


def members(expectation: Expectation) -> tuple[Expectation, ...]:
    """Return the expectations of single metrics that an expectation is made of: itself, unless it is a set of them."""
    if expectation.rule is Rule.TABLE:
        rule = expectation.cell_rule or Rule.ROUNDING
        shared = {"unit": expectation.unit, "tolerance": expectation.tolerance, "absolute": expectation.absolute}
        cells = expectation.cells or {}
        return tuple(Expectation(metric=metric, rule=rule, value=text, **shared) for metric, text in cells.items())
    if expectation.rule is Rule.RANKING:
        unit = expectation.unit
        return tuple(
            Expectation(metric=metric, rule=Rule.RANKING, unit=unit, better=expectation.better)
            for metric in expectation.order or ()
        )
    return (expectation,)


def by_metric(claim: Claim) -> dict[str, Expectation]:
    """Return the member that each reported metric of a claim belongs to, in the claim's order.

    A metric that is ranked and expected by itself belongs to the latter, which says more about it.
    """
    found: dict[str, Expectation] = {}
    for member in (member for expectation in claim.expect for member in members(expectation)):
        if member.rule is not Rule.RANKING or member.metric not in found:
            found[member.metric] = member
    return found
