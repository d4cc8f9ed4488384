"""All numbers of an input moved together, in ways that a control compares with each other.

`perturb` changes an input so that everything moves; `perturb_sites` touches a few numbers. Here every number takes part, by
so little that an honest result follows in proportion, or in a way that an honest result answers in a known manner.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.perturb_json import is_json
from app.core.perturb_numbers import NUMBER
from app.core.perturb_sites import respelled, unit_of
from app.core.perturb_spared import MARKED
from app.core.perturb_tables import lines_of, separator_of
from app.core.quantity import EXACT

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.perturb_numbers import Chance
    from app.core.perturb_sites import Sites

SMALL = Decimal("0.001")  # a share of a number: a step, unless one unit of its last place is more
STEPS = (1, 2, 3, 5)  # all to one side, so that a sum moves; unequal, so that a difference does
BALANCED_LEAST = 8  # whole numbers in a column; the mean of fewer moves too far
MORE_UP = 64  # one of so many more goes up than half of them
MERGED = 4  # letters that become one
KINDS_LEAST = 8  # different numbers in a column; fewer are classes, doses, marks
SPELLED, ENDED = 7, 8  # variants of `recognised`
ZEROS = "000"  # so many that what measures the spelling itself moves far


def unsettled(found: Sites, chance: Chance, times: int) -> bytes | None:
    """Return the file with every number moved by one to five small steps; None without numbers.

    The same chance gives each number the same steps, whatever it is, so that two files of the same form are moved alike;
    `times` stretches or turns them. Places stay. Zero stays, and nothing becomes zero or changes its sign.
    """
    steps = [STEPS[chance.below(len(STEPS))] for _ in found.spans]

    def moved(index: int, text: str) -> str:
        number, step = _with_step(text)
        if not step:
            return text
        after = EXACT.add(number, EXACT.multiply(step, Decimal(steps[index] * times)))
        return respelled(text, after if after * number > 0 else EXACT.add(number, step.copy_sign(number)))

    return found.changed(moved) if found.spans else None


def balanced(found: Sites, chance: Chance, times: int) -> bytes | None:
    """Return the file with every number moved by a small step, half of the whole ones up; None without numbers.

    The mean of a column of whole numbers moves by a thirtieth of a step, since a few more go up than down; what hangs on
    single ones moves by a whole step. All other numbers go up, so that a result that one of them decides moves, too. The
    same chance turns each number the same way; `times` stretches or turns all. Zero stays.
    """
    kept = [whole for whole in _whole(found).values() if len(whole) >= BALANCED_LEAST]
    down = {
        index for whole in kept for index in chance.shuffled(whole)[len(whole) // 2 + max(1, len(whole) // MORE_UP) :]
    }

    def moved(index: int, text: str) -> str:
        number, step = _with_step(text)
        if not step:
            return text
        return respelled(text, EXACT.add(number, step * times * (-1 if index in down else 1)))

    return found.changed(moved) if found.spans else None


def _with_step(text: str) -> tuple[Decimal, Decimal]:
    """Return a number and its small step; no step for zero, or what is written with an exponent."""
    number = Decimal(text)
    if not number or "e" in text.lower():
        return number, Decimal(0)
    unit = unit_of(number)
    return number, max(unit, EXACT.multiply(abs(number), SMALL).quantize(unit, context=EXACT))


def can_be_balanced(found: Sites) -> bool:
    """Whether a column has so many whole numbers that their mean stays where half of them go up and half down."""
    return any(len(whole) >= BALANCED_LEAST for whole in _whole(found).values())


def _whole(found: Sites) -> dict[str, list[int]]:
    columns: dict[str, list[int]] = {}
    for index, (column, text) in enumerate(zip(found.columns, found.literals, strict=True)):
        if text.strip("+-").isdigit():
            columns.setdefault(column, []).append(index)
    return columns


def letters_merged(found: Sites) -> bytes | None:
    """Return a text with its three most frequent letters turned into the fourth; None with numbers in half of its lines.

    Where lines hold few numbers, what is measured is their letters: sequences, prose. Then numbers made larger say nothing.
    Tables, JSON, headings and remarks stay as they are, and so does the case of a letter.
    """
    lines = lines_of(found.text)
    filled = [line for line in lines if line.strip()]
    numbered = sum(bool(NUMBER.search(line)) for line in filled)
    if is_json(found.text, lines) or separator_of(lines) is not None or 2 * numbered >= len(filled):
        return None
    worded = [line for line in lines if not line.startswith(MARKED)]
    common = Counter(sign for line in worded for sign in line.lower() if sign.isalpha()).most_common(MERGED)
    if len(common) < MERGED:
        return None
    *old, new = (sign for sign, _ in common)
    table = str.maketrans(
        dict.fromkeys(old, new) | {sign.upper(): new.upper() for sign in old if len(sign.upper()) == 1}
    )
    return found.encoded("".join(line if line.startswith(MARKED) else line.translate(table) for line in lines))


def times(text: str, factor: Decimal) -> str:
    """Return a number times a factor, to the last digit."""
    return respelled(text, EXACT.multiply(Decimal(text), factor))


def rescaled(found: Sites, factor: Decimal) -> bytes | None:
    """Return the file with its decimals times a common factor, to the last digit; None if there are none to scale.

    Sums, differences, ratios, ties and order of the numbers stay what they were, up to the factor. Left as they are:
    columns of whole numbers, and of fewer than eight different numbers or less than half of them different, which are
    codes rather than amounts; and numbers such as -999.0 or 99.9, which often say that a value is missing.
    """
    return _of_amounts(found, lambda text: times(text, factor))


def zeros_behind(found: Sites) -> bytes | None:
    """Return a table or JSON with three zeros behind each decimal: the same numbers. None if there are none of these.

    What `rescaled` leaves stays here too, for codes may be compared as texts, and so does text that is read by its letters.
    """
    lines = lines_of(found.text)
    if not is_json(found.text, lines) and separator_of(lines) is None:
        return None
    return _of_amounts(found, lambda text: f"{text}{ZEROS}" if "." in text and "e" not in text.lower() else text)


def _of_amounts(found: Sites, change: Callable[[str], str]) -> bytes | None:
    columns: dict[str, list[str]] = {}
    for column, text in zip(found.columns, found.literals, strict=True):
        columns.setdefault(column, []).append(text)
    amounts = {column for column, texts in columns.items() if _amounts(texts)}
    if not amounts:
        return None

    def changed(index: int, text: str) -> str:
        return change(text) if found.columns[index] in amounts and not _MISSING.fullmatch(text) else text

    return found.changed(changed)


_MISSING = re.compile(r"-1(\.0*)?|[-+]?99+(\.[09]*)?|[-+]?9\.9+")


def _amounts(texts: list[str]) -> bool:
    kinds = len(set(texts))
    return any("." in text for text in texts) and kinds >= KINDS_LEAST and 2 * kinds >= len(texts)
