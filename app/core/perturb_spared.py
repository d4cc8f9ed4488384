"""Inputs changed with their whole numbers left alone, for scripts that do not bear the other changes.

Whole numbers often are structure: a header that counts rows, the indices of a sparse matrix, the nodes of a graph, a key, a
version. `perturb` scales them and leaves rows out, and a script that checks its inputs, or builds an array of the size that
they name, then ends without a result. So here decimals alone are changed, each by its own factor of less than 1: what is
bounded from above, such as a probability, stays below its bound. What has no decimals has the last number of each row (in
JSON: those of a key) exchanged between the rows, the first row left out because it may count the others: each number still
is one of its column. What has too few numbers for that has the letters of every second line turned around, word by
word, so that aligned sequences stay aligned.

Shares of one whole keep their sum, and a table that equals its transpose goes on doing so (`perturb_kept`).

A file of the same length, the same rows and the same whole numbers is what remains; a script that refuses even that
refuses all inputs but its own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.perturb import Derived, Underivable
from app.core.perturb_kept import mended
from app.core.perturb_numbers import Chance, scaled_by
from app.core.perturb_sites import sites
from app.core.perturb_tables import lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from app.core.model import Derivation
    from app.core.perturb_sites import Sites

VARIANT = 4  # of the changes that every input has
ROWS_LEAST = 3  # in a column; fewer numbers are no rows that could change places
_JSON = ("{", "[")
_DECIMAL = re.compile(r"[.eE]")
_FORMAT = re.compile(r"version|format|schema", re.IGNORECASE)  # of JSON keys whose number says how to read the others
_WORD = re.compile(r"[^\W\d_]{4,}")
MARKED = (">", "#", "%", "@", ";")  # lines that are a heading or a remark in formats with sequences


def spared(seal: str, derivation: Derivation, data: bytes) -> Derived | Underivable:
    """Return an input's bytes changed with its whole numbers left alone; they always differ from the original.

    Args:
        seal: digest of the seal, which fixes every random choice.
        derivation: which input; its variant only names the change.
        data: the input's sealed bytes.

    """
    found, target = sites(data), derivation.target
    if found is None:
        return Underivable(f"{target} is not text, or too large, so its values cannot be found")
    chance = Chance(f"{seal}/{target}/{derivation.variant}")
    ways: tuple[tuple[str, Callable[[Sites, Chance], bytes]], ...] = (
        ("decimals made smaller, unequally", _smaller),
        ("numbers of a column exchanged between rows", cells_exchanged),
        ("letters of every second line turned around", _letters_turned),
    )
    for how, way in ways:
        changed = mended(data, way(found, chance))
        if changed != found.encoded(found.text):
            return Derived(changed, f"{target}: {how}, whole numbers as they were (variant {derivation.variant})")
    return Underivable(f"{target} has nothing that could be changed beside whole numbers")


def decimals_of(found: Sites) -> Sites:
    """Return the places of decimals alone, without those that say in which version of a format a file is."""
    kept = [
        at for at, text in enumerate(found.literals) if _DECIMAL.search(text) and not _FORMAT.search(found.columns[at])
    ]
    return replace(found, spans=tuple(found.spans[at] for at in kept), columns=tuple(found.columns[at] for at in kept))


def cells_exchanged(found: Sites, chance: Chance, keep: Collection[Decimal] = ()) -> bytes:
    """Return the file with the last number of each row, or those of each key, in other rows; what to keep stays."""
    after = list(found.literals)
    for places in _exchangeable(found):
        chosen = [at for at in places if Decimal(after[at]) not in keep]
        for at, text in zip(chosen, chance.shuffled([after[at] for at in chosen]), strict=True):
            after[at] = text
    return found.changed(lambda at, _: after[at])


def _exchangeable(found: Sites) -> list[list[int]]:
    """Return the positions of numbers that may change places with each other: those of a key in JSON, else of lines."""
    if found.text.lstrip().startswith(_JSON):
        keys: dict[str, list[int]] = {}
        for at, key in enumerate(found.columns):
            keys.setdefault(key, []).append(at)
        return [places for places in keys.values() if len(places) >= ROWS_LEAST]
    last: dict[int, int] = {}
    line, start = 0, 0
    for at, (begin, _) in enumerate(found.spans):
        line += found.text.count("\n", start, begin)
        last[line], start = at, begin
    return [list(last.values())[1:]] if len(last) > ROWS_LEAST else []


def _smaller(found: Sites, chance: Chance) -> bytes:
    return decimals_of(found).changed(lambda _, text: scaled_by(text, chance.thousandths(500, 850)))


def _letters_turned(found: Sites, _: Chance) -> bytes:
    lines = lines_of(found.text)
    worded = [at for at, line in enumerate(lines) if _WORD.search(line) and not line.startswith(MARKED)]
    for at in worded[1::2]:
        lines[at] = _WORD.sub(lambda match: match[0][::-1], lines[at])
    return found.encoded("".join(lines))
