"""What the box holds when a control makes a change of its own, beside those of `perturb` that every input has.

hardcoded      variant 1: numbers in the script's own files that spell the printed or measured value are replaced;
               2: its programs without comments and layout (`literals_plain`)
empty_input    no declared input is there, and no parameters
input_response variants 1 and 2: as many records, all copies of one; 3 to 6: all records twice to five times
looked_up      all numbers of the inputs but the one cell that equals the measured or printed value, or gives it in one
               step, are changed beyond recognition
recognised     variant 1: a few numbers moved by one unit of their last place; 2: the same ones the other way; 3: the same
               numbers in other spelling; 4 to 6: records in another order, see `perturb_roles`; 7: three zeros behind
               every decimal of a table; 8: the last line ended otherwise
rounding_flip  variant 1: every printed decimal moved within its rounding; 2: the same the other way
anchored       variant 1: all numbers three to thirty times as large; 2: rows paired anew; 3: all numbers as much smaller;
               in 1 and 3 of a text with few numbers four of its letters one, and a table without any put in order; in these,
               parameters far away; 4 and 5: all numbers times four and a hundred
pinned, rescaled, typed and turned: see `attacks_moves` and `attacks_roles`

For a script that bears no change of whole numbers the same are made of decimals alone (`perturb_spared`).

Each follows from the seal, the measured values that its derivation names, and the bundle, so that anybody can make the
same bytes again. What cannot be made is `Underivable`, and no box is started for it: a literal that is not there, a cell
that does not exist.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.attacks_moves import in_scale, pinned, typed
from app.core.attacks_parts import DECIMALS, NAMED_MAX, Attacked, Contents, chance_of, each_input, searched
from app.core.attacks_roles import turned
from app.core.bands import accepted, expects_text
from app.core.literals import find, replaced, sought
from app.core.literals_plain import plain_program
from app.core.members import by_metric
from app.core.model import Derivation
from app.core.perturb import Derived, Underivable, derive, strong_parameter
from app.core.perturb_kept import mended
from app.core.perturb_moves import ENDED, SPELLED, letters_merged, times, zeros_behind
from app.core.perturb_ordered import AGAINST, TOGETHER, put_in_order
from app.core.perturb_roles import COPIED, ENDS, records_alike, records_moved
from app.core.perturb_sites import Sites, all_but, ended, exchanged, nudged, rewritten, sites, strongly, within_rounding
from app.core.perturb_spared import VARIANT as SPARED
from app.core.perturb_spared import cells_exchanged, decimals_of, spared
from app.core.quantity import EXACT, number_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.model import Claim, Expectation

PERCENTS = (Decimal(1), Decimal(100), Decimal("0.01"))  # a cell may be stated in percent
STEPS = tuple(
    Decimal(factor) for factor in ("10", "0.1", "1000", "0.001", "2", "0.5", "-1")
)  # from a result to its cell
FEW_DIGITS = 2
LARGER, ANEW = 1, 2  # variants of `anchored`
PLAIN = 2  # variant of `hardcoded`
PAIRED = 3  # variant of `perturb`
FACTORS = {4: Decimal(4), 5: Decimal(100)}  # variants of `anchored`
HOW_ANCHORED = {
    1: "numbers made far larger",
    ANEW: "rows paired anew",
    3: "numbers made far smaller",
    4: "every number four times as large",
    5: "every number a hundred times as large",
}
PRINTS_MAX = 32  # expectations whose prints are looked for


def attacked(seal: str, derivation: Derivation, claim: Claim, contents: Contents) -> Attacked | Underivable:
    """Return what the box holds under a control's own change.

    Args:
        seal: digest of the seal, which fixes every random choice.
        derivation: names the control and the variant.
        claim: what is claimed.
        contents: as sealed.

    """
    spare = derivation.target == DECIMALS
    return _ATTACKS[derivation.attack or ""](seal, derivation, claim, replace(contents, spare=spare))


def _hardcoded(seal: str, derivation: Derivation, claim: Claim, contents: Contents) -> Attacked | Underivable:
    if derivation.variant == PLAIN:
        return _plain(contents)
    wanted = sought(prints_of(claim), derivation.values, _bands(claim))
    if not wanted:
        return Underivable("the printed and measured values are too common to be looked for in the script's files")
    chance = chance_of(seal, derivation, "literals")
    share = chance.thousandths(60, 120) * (1 if chance.below(2) else -1)
    looked_at, passed_over = searched(contents.others)
    found = {path: find(path, data, wanted, share) for path, data in looked_at.items()}
    hits = [hit for each in found.values() for hit in each]
    if not hits:
        where = f"{len(found)} files" if len(contents.others) != 1 else "the script"
        nothing = f"nothing in {where} spells the printed or measured value"
        return Underivable(f"{nothing}; {passed_over}" if passed_over else nothing)
    changed = {path: replaced(data, found.get(path, ())) for path, data in contents.others.items()}
    named = [f"{hit.path}, line {hit.line}: {hit.old} became {hit.new}" for hit in hits[:NAMED_MAX]]
    more = [f"and {len(hits) - NAMED_MAX} more"] if len(hits) > NAMED_MAX else []
    pairs = dict.fromkeys((hit.old, hit.new) for hit in hits)
    summary = "; ".join([*named, *more, *([passed_over] if passed_over else [])])
    return Attacked(replace(contents, others=changed), summary, tuple(pairs))


def _plain(contents: Contents) -> Attacked | Underivable:
    looked_at, _ = searched(contents.others)
    found = {path: plain_program(data) for path, data in looked_at.items() if path.endswith(".py")}
    changed = {path: data for path, data in found.items() if data is not None}
    if not changed:
        return Underivable("no program of the script shows a way to its own text")
    named = ", ".join(list(changed)[:NAMED_MAX])
    return Attacked(replace(contents, others={**contents.others, **changed}), f"{named}: without comments and layout")


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
    return Attacked(replace(contents, inputs={}, parameters=None), f"without {', '.join(gone[:NAMED_MAX])}")


def _input_response(_: str, derivation: Derivation, __: Claim, contents: Contents) -> Attacked | Underivable:
    how = "every record a copy of one" if derivation.variant in COPIED else "all records more than once"
    return each_input(contents, lambda _, found: records_alike(found, derivation.variant), how)


def _looked_up(seal: str, derivation: Derivation, claim: Claim, contents: Contents) -> Attacked | Underivable:
    found = {path: _kept_or_changed(contents, path) for path in contents.inputs}
    known = {path: each for path, each in found.items() if each is not None}
    cells = Counter(Decimal(text) for each in known.values() for text in each.literals)
    whole = {number for each in known.values() for number in _columns_of_one(each)}
    keep: list[Decimal] = []
    for value in filter(None, map(number_in, dict.fromkeys((*derivation.values, *prints_of(claim))))):
        for same in ({EXACT.multiply(value, factor) for factor in PERCENTS}, *({each} for each in _behind(value))):
            keep += same if sum(cells[number] for number in same) == 1 or same & whole else ()
    if not keep or len(known) < len(found):
        return Underivable("neither the measured nor the printed value is that of one number of the inputs")

    def change(path: str, each: Sites) -> bytes:
        chance = chance_of(seal, derivation, path)
        if contents.spare and not decimals_of(each).spans:
            return cells_exchanged(each, chance, keep)
        data = all_but(each, keep, chance, derivation.variant)
        return mended(contents.inputs[path], data) if contents.spare else data

    changed = {path: change(path, each) for path, each in known.items()}
    return Attacked(
        replace(contents, inputs=changed), "every number of the inputs changed but the one that was measured"
    )


def _kept_or_changed(contents: Contents, path: str) -> Sites | None:
    """Return the numbers of an input: without whole ones where these are spared, unless there are no others."""
    found = contents.sites(path)
    return sites(contents.inputs[path]) if found is None or not found.spans else found


def _columns_of_one(found: Sites) -> set[Decimal]:
    """Return the numbers of which a whole column consists, where there are other columns to change."""
    columns: dict[str, set[Decimal]] = {}
    for column, text in zip(found.columns, found.literals, strict=True):
        columns.setdefault(column, set()).add(Decimal(text))
    return {next(iter(numbers)) for numbers in columns.values() if len(numbers) == 1 < len(columns)}


def _behind(value: Decimal) -> tuple[Decimal, ...]:
    """Return the cells that give a value by one step: times a power of ten, doubled, halved, negated, up to 1 or 100.

    A value of one digit is too common to be looked for in so many ways.
    """
    if len(value.normalize(EXACT).as_tuple().digits) < FEW_DIGITS:
        return ()
    whole = (EXACT.subtract(Decimal(end), value) for end in (1, 100))
    return (*(EXACT.multiply(value, factor) for factor in STEPS), *whole)


def _recognised(seal: str, derivation: Derivation, _: Claim, contents: Contents) -> Attacked | Underivable:
    if derivation.variant == SPELLED:
        return each_input(contents, lambda _, found: zeros_behind(found), "the same numbers with more zeros")
    if derivation.variant == ENDED:
        return each_input(contents, lambda _, found: ended(found), "the last line ended otherwise")
    if derivation.variant >= ENDS:
        return each_input(
            contents, lambda _, found: records_moved(found, derivation.variant), "records in another order"
        )

    def change(path: str, found: Sites) -> bytes | None:
        chance = chance_of(seal, derivation, path, variant=False)
        if derivation.variant == 3:
            return rewritten(found)
        return nudged(found, chance, 1 if derivation.variant == 1 else -1) or exchanged(
            found, chance_of(seal, derivation, path)
        )

    how = "the same numbers spelled otherwise" if derivation.variant == 3 else "a few numbers moved by one unit"
    return each_input(contents, change, how)


def _rounding_flip(seal: str, derivation: Derivation, _: Claim, contents: Contents) -> Attacked | Underivable:
    sign = 1 if derivation.variant == 1 else -1
    return each_input(
        contents,
        lambda path, found: within_rounding(found, chance_of(seal, derivation, path, variant=False), sign),
        "printed decimals moved within their rounding",
    )


def _anchored(seal: str, derivation: Derivation, _: Claim, contents: Contents) -> Attacked | Underivable:
    variant = derivation.variant

    def change(path: str, found: Sites) -> bytes | None:
        chance = chance_of(seal, derivation, path)
        if variant in FACTORS:
            return found.changed(lambda _, text: times(text, FACTORS[variant])) if found.spans else None
        if variant != ANEW:
            larger = found.changed(lambda _, text: strongly(text, chance, variant)) if found.spans else None
            after = found if larger is None else sites(larger)
            if contents.spare or after is None:
                return larger
            order = AGAINST if variant == LARGER else TOGETHER
            return letters_merged(after) or larger or put_in_order(found, order, chance)
        way, at = (spared, SPARED) if contents.spare else (derive, PAIRED)
        anew = way(seal, Derivation(target=path, variant=at), found.encoded(found.text))
        return anew.data if isinstance(anew, Derived) else None

    parameters = contents.parameters and {
        name: strong_parameter(chance_of(seal, derivation, f"parameters.{name}"), value, derivation.variant)
        for name, value in contents.parameters.items()
    }
    found = each_input(contents, change, HOW_ANCHORED[variant])
    if variant in FACTORS:
        return found
    if isinstance(found, Underivable):
        if parameters == contents.parameters:
            return found
        return Attacked(replace(contents, parameters=parameters), "parameters moved far")
    return replace(found, contents=replace(found.contents, parameters=parameters))


_ATTACKS: Mapping[str, Callable[[str, Derivation, Claim, Contents], Attacked | Underivable]] = {
    "hardcoded": _hardcoded,
    "empty_input": _empty_input,
    "input_response": _input_response,
    "looked_up": _looked_up,
    "recognised": _recognised,
    "rounding_flip": _rounding_flip,
    "anchored": _anchored,
    "pinned": pinned,
    "rescaled": in_scale,
    "turned": turned,
    "typed": typed,
}
