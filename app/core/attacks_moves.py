"""What the box holds when all numbers of the inputs are moved together, here and at other inputs.

pinned   the sealed inputs, or those that `perturb` makes of them in its first variant, with every number moved by a small
         step: variants 1, 3, 5 here, 2, 4, 6 there; 1 and 2 once, 3 and 4 the other way, 5 and 6 twice as far.
         Variant 7 is the inputs there without a step, where there are several; of one input `perturb` has that run.
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
from app.core.perturb_moves import KINDS_LEAST, rescaled, unsettled
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
TYPED_FACTOR = Decimal("1.1")


def pinned(seal: str, derivation: Derivation, _: Claim, contents: Contents) -> Attacked | Underivable:
    """Return the inputs with every number moved by a step, here or where `perturb` has changed them."""
    variant = derivation.variant

    def change(path: str, found: Sites) -> bytes | None:
        there = _elsewhere(seal, path, contents) if variant % 2 == 0 or variant == ELSEWHERE else found
        if there is None or variant == ELSEWHERE:
            return None if there is None else there.encoded(there.text)
        chance = chance_of(seal, derivation, path, variant=False)
        return unsettled(there, chance, TIMES[(variant - 1) // 2])

    where = "changed in every number" if variant == ELSEWHERE else "every number moved by a small step"
    return each_input(contents, change, f"{where}, elsewhere" if variant % 2 == 0 else where)


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


def _elsewhere(seal: str, path: str, contents: Contents) -> Sites | None:
    """Return the places in an input as the first usual change leaves it, or the one that spares whole numbers."""
    way, variant = (spared, SPARED) if contents.spare else (derive, 1)
    changed = way(seal, Derivation(target=path, variant=variant), contents.inputs[path])
    if isinstance(changed, Underivable):
        return None
    return replace(contents, inputs={path: changed.data}).sites(path)
