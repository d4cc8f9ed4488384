"""What the box holds when a control makes a change of its own, beside those of `perturb` that every input has.

hardcoded      numbers in the script's own files that spell the printed or measured value are replaced (`literals`)
empty_input    no declared input is there, and no parameters
looked_up      all numbers of the inputs but the one cell that equals the measured or printed value, or gives it in one
               step, are changed beyond recognition
recognised     variant 1: a few numbers moved by one unit of their last place; 2: the same ones the other way; 3: the same
               numbers in other spelling
rounding_flip  variant 1: every printed decimal moved within its rounding; 2: the same the other way
anchored       variant 1: all numbers three to thirty times as large; 2: rows paired anew; in both, parameters far away

Each follows from the seal, the measured values that its derivation names, and the bundle, so that anybody can make the
same bytes again. What cannot be made is `Underivable`, and no box is started for it: a literal that is not there, a cell
that does not exist.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.core.bands import accepted, expects_text
from app.core.literals import find, replaced, sought
from app.core.members import by_metric
from app.core.model import Derivation
from app.core.perturb import Derived, Underivable, derive, strong_parameter
from app.core.perturb_numbers import Chance
from app.core.perturb_sites import Sites, all_but, exchanged, nudged, rewritten, sites, strongly, within_rounding
from app.core.quantity import EXACT, number_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.model import Claim, Expectation

INPUTS_MAX = 16
HITS_SHOWN = 3
PERCENTS = (Decimal(1), Decimal(100), Decimal("0.01"))  # a cell may be stated in percent
STEPS = tuple(
    Decimal(factor) for factor in ("10", "0.1", "1000", "0.001", "2", "0.5", "-1")
)  # from a result to its cell
FEW_DIGITS = 2
PRINTS_MAX = 32  # expectations whose prints are looked for


@dataclass(frozen=True)
class Contents:
    """What a script finds in its box."""

    inputs: Mapping[str, bytes]  # path below /in
    others: Mapping[str, bytes]  # path below /job
    parameters: Mapping[str, Any] | None


@dataclass(frozen=True)
class Attacked:
    """Changed contents and a sentence about the change."""

    contents: Contents
    summary: str
    replaced: tuple[tuple[str, str], ...] = ()  # numbers of the script's own files, and what took their place


def attacked(seal: str, derivation: Derivation, claim: Claim, contents: Contents) -> Attacked | Underivable:
    """Return what the box holds under a control's own change.

    Args:
        seal: digest of the seal, which fixes every random choice.
        derivation: names the control and the variant.
        claim: what is claimed.
        contents: as sealed.

    """
    return _ATTACKS[derivation.attack or ""](seal, derivation, claim, contents)


def _chance(seal: str, derivation: Derivation, of: str, *, variant: bool = True) -> Chance:
    return Chance(f"{seal}/{derivation.attack}/{of}/{derivation.variant if variant else 'both'}")


def _hardcoded(seal: str, derivation: Derivation, claim: Claim, contents: Contents) -> Attacked | Underivable:
    wanted = sought(prints_of(claim), derivation.values, _bands(claim))
    if not wanted:
        return Underivable("the printed and measured values are too common to be looked for in the script's files")
    chance = _chance(seal, derivation, "literals")
    share = chance.thousandths(60, 120) * (1 if chance.below(2) else -1)
    found = {path: find(path, data, wanted, share) for path, data in contents.others.items()}
    hits = [hit for each in found.values() for hit in each]
    if not hits:
        searched = f"{len(found)} files" if len(found) != 1 else "the script"
        return Underivable(f"nothing in {searched} spells the printed or measured value")
    changed = {path: replaced(data, found[path]) for path, data in contents.others.items()}
    where = [f"{hit.path}, line {hit.line}: {hit.old} became {hit.new}" for hit in hits[:HITS_SHOWN]]
    more = [f"and {len(hits) - HITS_SHOWN} more"] if len(hits) > HITS_SHOWN else []
    pairs = dict.fromkeys((hit.old, hit.new) for hit in hits)
    return Attacked(replace(contents, others=changed), "; ".join([*where, *more]), tuple(pairs))


def _members(claim: Claim) -> list[Expectation]:
    return list(by_metric(claim).values())[:PRINTS_MAX]


def prints_of(claim: Claim) -> tuple[str, ...]:
    """Return the numbers that a claim prints."""
    items = [item for item in _members(claim) if item.value is not None and not expects_text(item)]
    return tuple(item.value for item in items if item.value is not None)


def _bands(claim: Claim) -> list[tuple[Decimal, Decimal]]:
    bands = [accepted(item) for item in _members(claim) if not expects_text(item)]
    return [(band.low, band.high) for band in bands if band.low is not None and band.high is not None]


def _empty_input(_: str, __: Derivation, ___: Claim, contents: Contents) -> Attacked | Underivable:
    gone = [*contents.inputs, *(["the parameters"] if contents.parameters else [])]
    return Attacked(replace(contents, inputs={}, parameters=None), f"without {', '.join(gone[:HITS_SHOWN])}")


def _looked_up(seal: str, derivation: Derivation, claim: Claim, contents: Contents) -> Attacked | Underivable:
    found = {path: sites(data) for path, data in contents.inputs.items()}
    known = {path: each for path, each in found.items() if each is not None}
    cells = Counter(Decimal(text) for each in known.values() for text in each.literals)
    keep: list[Decimal] = []
    for value in filter(None, map(number_in, dict.fromkeys((*derivation.values, *prints_of(claim))))):
        for same in ({EXACT.multiply(value, factor) for factor in PERCENTS}, *({each} for each in _behind(value))):
            keep += same if sum(cells[number] for number in same) == 1 else ()
    if not keep or len(known) < len(found):
        return Underivable("neither the measured nor the printed value is that of one number of the inputs")
    changed = {
        path: all_but(each, keep, _chance(seal, derivation, path), derivation.variant) for path, each in known.items()
    }
    return Attacked(
        replace(contents, inputs=changed), "every number of the inputs changed but the one that was measured"
    )


def _behind(value: Decimal) -> tuple[Decimal, ...]:
    """Return the cells that give a value by one step: times a power of ten, doubled, halved, negated, up to 1 or 100.

    A value of one digit is too common to be looked for in so many ways.
    """
    if len(value.normalize(EXACT).as_tuple().digits) < FEW_DIGITS:
        return ()
    whole = (EXACT.subtract(Decimal(end), value) for end in (1, 100))
    return (*(EXACT.multiply(value, factor) for factor in STEPS), *whole)


def _recognised(seal: str, derivation: Derivation, _: Claim, contents: Contents) -> Attacked | Underivable:
    def change(path: str, found: Sites) -> bytes | None:
        chance = _chance(seal, derivation, path, variant=False)
        if derivation.variant == 3:
            return rewritten(found)
        return nudged(found, chance, 1 if derivation.variant == 1 else -1) or exchanged(found, chance)

    how = "the same numbers spelled otherwise" if derivation.variant == 3 else "a few numbers moved by one unit"
    return _each_input(contents, change, how)


def _rounding_flip(seal: str, derivation: Derivation, _: Claim, contents: Contents) -> Attacked | Underivable:
    sign = 1 if derivation.variant == 1 else -1
    return _each_input(
        contents,
        lambda path, found: within_rounding(found, _chance(seal, derivation, path, variant=False), sign),
        "printed decimals moved within their rounding",
    )


def _anchored(seal: str, derivation: Derivation, _: Claim, contents: Contents) -> Attacked | Underivable:
    def change(path: str, found: Sites) -> bytes | None:
        chance = _chance(seal, derivation, path)
        if derivation.variant == 1:
            return found.changed(lambda _, text: strongly(text, chance, 1)) if found.spans else None
        anew = derive(seal, Derivation(target=path, variant=3), found.encoded(found.text))
        return anew.data if isinstance(anew, Derived) else None

    parameters = contents.parameters and {
        name: strong_parameter(_chance(seal, derivation, f"parameters.{name}"), value, derivation.variant)
        for name, value in contents.parameters.items()
    }
    how = "numbers made far larger" if derivation.variant == 1 else "rows paired anew"
    found = _each_input(contents, change, how)
    if isinstance(found, Underivable):
        if parameters == contents.parameters:
            return found
        return Attacked(replace(contents, parameters=parameters), "parameters moved far")
    return replace(found, contents=replace(found.contents, parameters=parameters))


def _each_input(contents: Contents, change: Callable[[str, Sites], bytes | None], how: str) -> Attacked | Underivable:
    """Change every input that can be changed."""
    changed = dict(contents.inputs)
    named = []
    for path in list(contents.inputs)[:INPUTS_MAX]:
        found = sites(contents.inputs[path])
        data = None if found is None else change(path, found)
        if data is not None and data != contents.inputs[path]:
            changed[path] = data
            named.append(path)
    if not named:
        return Underivable("no input has anything to change in this way")
    return Attacked(replace(contents, inputs=changed), f"{', '.join(named[:HITS_SHOWN])}: {how}")


_ATTACKS: Mapping[str, Callable[[str, Derivation, Claim, Contents], Attacked | Underivable]] = {
    "hardcoded": _hardcoded,
    "empty_input": _empty_input,
    "looked_up": _looked_up,
    "recognised": _recognised,
    "rounding_flip": _rounding_flip,
    "anchored": _anchored,
}
