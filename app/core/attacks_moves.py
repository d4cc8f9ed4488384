"""What the box holds when all numbers of the inputs are moved together, here and at other inputs.

pinned   the sealed inputs, or those that `perturb` makes of them in its first variant, with every number moved by a small
         step: variants 1, 3, 5 here, 2, 4, 6 there; 1 and 2 once, 3 and 4 the other way, 5 and 6 twice as far.
         Variant 7 is the inputs there without a step, where there are several; of one input `perturb` has that run.
         Variants 8 to 25 move whole numbers half up and half down, others up: 8, 10, 12 here, by the same multiples, and
         9, 11, 13 where `perturb` has drawn rows anew (its second variant); 14 to 19 and 20 to 25 likewise, with other
         numbers up. Variant 26 moves every number there to one side, 27 is the inputs there, where there are several.
rescaled all decimals of the inputs times a common factor, exactly: a tenth more, a tenth less, a fifth more, 15 % less;
         variant 5 is a tenth more of what `perturb` makes of them in its first variant
typed    the inputs as they are, and all decimals in the text of the script's programs a tenth larger
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.attacks_parts import NAMED_MAX, Attacked, Contents, chance_of, each_input, searched
from app.core.literals_scaled import scaled_program
from app.core.model import Derivation
from app.core.perturb import Underivable, derive
from app.core.perturb_moves import BALANCED_LEAST, KINDS_LEAST, balanced, can_be_balanced, rescaled, unsettled
from app.core.perturb_spared import VARIANT as SPARED
from app.core.perturb_spared import spared

if TYPE_CHECKING:
    from app.core.model import Claim
    from app.core.perturb_sites import Sites

FACTORS = tuple(map(Decimal, ("1.1", "0.9", "1.2", "0.85", "1.1")))  # of variants 1 to 5 of `rescaled`
SCALED_ELSEWHERE = 5
REPLACED_MAX = 64  # numbers of the script that a run names
TIMES = (1, -1, 2)  # how often the step of variants 1 and 2, 3 and 4, 5 and 6
ELSEWHERE = 7
BALANCED = tuple((here, here + 1) for here in range(8, 26, 2))  # variants of `pinned`: here, where rows are others
ONE_SIDE, OTHER_ROWS = 26, 27
ROWS = 2  # variant of `perturb`
TYPED_FACTOR = Decimal("1.1")


def pinned(seal: str, derivation: Derivation, _: Claim, contents: Contents) -> Attacked | Underivable:
    """Return the inputs with every number moved by a step, here or where `perturb` has changed them."""
    variant = derivation.variant
    if variant > ELSEWHERE:
        return _in_balance(seal, derivation, contents)

    def change(path: str, found: Sites) -> bytes | None:
        there = _elsewhere(seal, path, contents) if variant % 2 == 0 or variant == ELSEWHERE else found
        if there is None or variant == ELSEWHERE:
            return None if there is None else there.encoded(there.text)
        chance = chance_of(seal, derivation, path, variant=False)
        return unsettled(there, chance, TIMES[(variant - 1) // 2])

    where = "changed in every number" if variant == ELSEWHERE else "every number moved by a small step"
    return each_input(contents, change, f"{where}, elsewhere" if variant % 2 == 0 else where)


def _in_balance(seal: str, derivation: Derivation, contents: Contents) -> Attacked | Underivable:
    """Return the inputs with whole numbers moved up and down, here or where rows were drawn anew; or those without."""
    variant = derivation.variant
    pair, there = divmod(variant - BALANCED[0][0], 2)
    again, step = divmod(pair, len(TIMES))
    if variant < ONE_SIDE and not any(map(can_be_balanced, filter(None, map(contents.sites, contents.inputs)))):
        return Underivable(f"no input has a column of {BALANCED_LEAST} whole numbers or more")

    def change(path: str, found: Sites) -> bytes | None:
        at = _elsewhere(seal, path, contents, ROWS) if there or variant == ONE_SIDE else found
        if at is None or variant == OTHER_ROWS:
            return None if at is None else at.encoded(at.text)
        if variant == ONE_SIDE:
            return unsettled(at, chance_of(seal, derivation, path), 1)
        return balanced(at, chance_of(seal, derivation, f"{path}/{again}", variant=False), TIMES[step])

    if variant == ONE_SIDE:
        return each_input(contents, change, "rows drawn anew, and every number moved by a small step")
    if variant == OTHER_ROWS:
        return each_input(contents, change, "rows drawn anew")
    how = "whole numbers moved by a small step, half of them up and half down"
    return each_input(contents, change, f"rows drawn anew, and {how}" if there else how)


def in_scale(seal: str, derivation: Derivation, _: Claim, contents: Contents) -> Attacked | Underivable:
    """Return the inputs with all decimals times a common factor, here or where `perturb` has changed them."""
    factor = FACTORS[derivation.variant - 1]
    elsewhere = derivation.variant == SCALED_ELSEWHERE

    def change(path: str, found: Sites) -> bytes | None:
        there = _elsewhere(seal, path, contents) if elsewhere else found
        return None if there is None else rescaled(there, factor) or (there.encoded(there.text) if elsewhere else None)

    found = each_input(contents, change, f"decimals times {factor}{', elsewhere' if elsewhere else ''}")
    if isinstance(found, Underivable):
        return Underivable(
            f"no input has a column of decimals with {KINDS_LEAST} different numbers or more, half of them different"
        )
    return found


def typed(_: str, __: Derivation, ___: Claim, contents: Contents) -> Attacked | Underivable:
    """Return the script's programs with all decimals in their text times a common factor."""
    changed, pairs = dict(contents.others), []
    for path, data in searched(contents.others)[0].items():
        if path.endswith(".py"):
            changed[path], found = scaled_program(data, TYPED_FACTOR)
            pairs += [(path, item, new) for item, new in found]
    if not pairs:
        return Underivable("the script's text has no decimals that could be amounts")
    where = [f"{path}, line {item.line}: {item.text} became {new}" for path, item, new in pairs[:NAMED_MAX]]
    more = [f"and {len(pairs) - NAMED_MAX} more"] if len(pairs) > NAMED_MAX else []
    replaced = tuple(dict.fromkeys((item.text, new) for _, item, new in pairs))
    return Attacked(replace(contents, others=changed), "; ".join([*where, *more]), replaced[:REPLACED_MAX])


def _elsewhere(seal: str, path: str, contents: Contents, usual: int = 1) -> Sites | None:
    """Return the places in an input as a usual change leaves it, or the one that spares whole numbers."""
    way, variant = (spared, SPARED) if contents.spare else (derive, usual)
    changed = way(seal, Derivation(target=path, variant=variant), contents.inputs[path])
    if isinstance(changed, Underivable):
        return None
    return replace(contents, inputs={path: changed.data}).sites(path)
