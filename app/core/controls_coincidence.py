"""The counterexample attacker: is the match cheap? How often would other cells of the same table have matched too?"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from app.core import formula
from app.core.bands import accepted, expects_text
from app.core.codes import MATCHES
from app.core.coincidence import COMBINATIONS_LEAST, Pool, Question, Rate, possible, rate
from app.core.controls_catalogue import control
from app.core.grounding_numbers import Token, number_tokens
from app.core.members import by_metric
from app.core.model import ControlResult, Formula, Rule
from app.core.quantity import printed
from app.core.seal import seal_bytes, seal_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.grounding import CellFinding
    from app.core.grounding_tables import SourceTable
    from app.core.model import Comparison, Control, Expectation
    from app.core.readings import Readings

CHEAP = 0.01  # share of accidental matches above which a match is cheap
POOL_MAX = 10_000  # numbers of one table

PASS, WARN, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.WARN, ControlResult.FAIL, ControlResult.UNDECIDED
NOT_APPLICABLE = ControlResult.NOT_APPLICABLE


def coincidence(readings: Readings, comparisons: Sequence[Comparison], *, cited: bool) -> Control:
    """Count the accidental matches of a formula that matches.

    Of several metrics the one that is hardest to meet counts, because all of them matched.

    Args:
        readings: of a seal with its sources.
        comparisons: those of its measure runs.
        cited: whether `quote` and `cells` pass.

    """
    claim = readings.seal.claim
    if not isinstance(claim.reproduce, Formula):
        return control("coincidence", NOT_APPLICABLE, "The claim is no formula over printed cells.")
    if not all(item.code in MATCHES for item in comparisons):
        return control("coincidence", NOT_APPLICABLE, "Nothing matches, so nothing could match by accident.")
    pools = _pools(readings.grounding.cells)
    if not pools:
        return control(
            "coincidence", UNDECIDED, "No value stands in a table of the bundle whose other cells could be tried."
        )
    found = [(item, _rate(readings, claim.reproduce, item, pools)) for item in by_metric(claim).values()]
    known = [(item, each) for item, each in found if each is not None]
    if not known:
        detail = f"The tables give fewer than {COMBINATIONS_LEAST} combinations, too few for a rate."
        return control("coincidence", UNDECIDED, detail)
    hardest, least = min(known, key=lambda pair: pair[1].share)
    detail = _said(hardest, least)
    if least.share <= CHEAP:
        return control("coincidence", PASS, f"{detail}.")
    if cited:
        return control("coincidence", WARN, f"{detail}; quote and cells are traceable, so the match is not only that.")
    return control("coincidence", FAIL, f"{detail}, and quote and cells are not both traceable.")


def _said(item: Expectation, found: Rate) -> str:
    of = f"{found.tried:,} sampled of {found.possible:,}" if found.sampled else f"{found.tried:,}"
    if found.possible > 10**15:
        of = f"{found.tried:,} sampled"
    share = f"{100 * found.share:.2g} %"
    return (
        f"{found.hits:,} of {of} combinations of cells like these ({share}) give a {item.metric} that the claim accepts"
    )


def _rate(readings: Readings, claimed: Formula, item: Expectation, pools: dict[str, Pool]) -> Rate | None:
    """Return the rate of accidental matches of one metric; None when it cannot be asked.

    Half of all differences have a claimed sign: of a direction or a place in a ranking the rate says nothing.
    """
    if item.rule in {Rule.DIRECTION, Rule.RANKING}:
        return None
    tree = formula.parse(claimed.formulas[item.metric])
    used = formula.names(tree)
    exchanged = {name: pool for name, pool in pools.items() if name in used}
    if not exchanged or expects_text(item):
        return None
    values = claimed.values.items()
    fixed = {name: float(printed(value.value).value) for name, value in values if name not in exchanged}
    question = Question(tree, fixed, exchanged)
    if possible(question) < COMBINATIONS_LEAST:
        return None
    return rate(question, accepted(item), seal_digest(seal_bytes(readings.seal)))


def _pools(cells: Sequence[CellFinding]) -> dict[str, Pool]:
    """Return for each located value the numbers of its table that look as it does."""
    tables: list[SourceTable] = []
    pools: dict[str, Pool] = {}
    for item in cells:
        if not item.located:
            continue
        place = item.printing[0]
        if place.table not in tables:
            tables.append(place.table)
        wanted = printed(item.value)
        own = next(token for token in number_tokens(place.text) if token.prints(wanted))
        places = -int(wanted.value.as_tuple().exponent)
        pools[item.name] = Pool(tables.index(place.table), _numbers(place.table, own), max(0, places))
    return pools


def _numbers(table: SourceTable, own: Token) -> tuple[float, ...]:
    cells = (cell for row in table.rows for cell in (row.cells[1:] if len(row.cells) > 1 else row.cells))
    found = (token for cell in cells for token in number_tokens(cell) if _looks_like(token, own))
    return tuple(float(token.readings[0].value) for token in itertools.islice(found, POOL_MAX))


def _looks_like(token: Token, own: Token) -> bool:
    return token.percent == own.percent and token.readings[0].half_unit == own.readings[0].half_unit
