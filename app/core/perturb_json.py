"""JSON documents and JSON lines changed for Gate 3: numbers scaled, texts in lists exchanged, list items drawn again."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.core.perturb_numbers import scaled

if TYPE_CHECKING:
    from app.core.perturb_numbers import Chance

LONG_LIST = 4  # items from which a list is a sample and no vector or pair
SCALE_MAX = 400  # a number is 0, or between 10^-400 and 10^400; decimal arithmetic ends somewhere too


def change_json(text: str, variant: int, chance: Chance) -> tuple[str, str] | None:
    """Return a JSON document changed in the way of a variant, and how; the text itself when nothing in it can change.

    None when the text is no JSON object or list.

    Raises:
        ArithmeticError: it holds a number beyond the limits.
        RecursionError: it nests too deeply.

    """
    document = _read(text)
    if document is None:
        return None
    ways = (False, True) if variant == 1 else (True, False)
    for draw in ways:
        changed = _walk(document, chance, draw=draw)
        if _spell(changed) != _spell(document):
            return _spell(changed, indent=1), _how(draw=draw)
    return text, ""


def change_json_lines(lines: list[str], variant: int, chance: Chance) -> tuple[str, str] | None:
    """Return JSON lines changed in the way of a variant, and how; None when the lines are no JSON objects or lists.

    Raises:
        ArithmeticError: a line holds a number beyond the limits.
        RecursionError: a line nests too deeply.

    """
    filled = [line for line in lines if line.strip()]
    if len(filled) < 2 or _read(filled[0]) is None:
        return None
    documents = [_read(line) for line in filled]
    if any(document is None for document in documents):
        return None
    before = [_spell(document) for document in documents]
    after = [_spell(_walk(document, chance, draw=False)) for document in documents] if variant == 1 else before
    draw = after == before
    return "".join(line + "\n" for line in (chance.drawn(before) if draw else after)), _how(draw=draw)


def _read(text: str) -> Any:
    try:
        document = json.loads(text, parse_float=_number)
    except ValueError:
        return None
    return document if isinstance(document, dict | list) else None


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if number and abs(number.adjusted()) > SCALE_MAX:
        raise OverflowError(f"a number is beyond 10^±{SCALE_MAX}")
    return number


def _how(*, draw: bool) -> str:
    return "list items drawn again with replacement" if draw else "numbers scaled unequally, texts in lists exchanged"


def _walk(value: Any, chance: Chance, *, draw: bool) -> Any:
    if isinstance(value, dict):
        return {key: _walk(item, chance, draw=draw) for key, item in value.items()}
    if isinstance(value, list):
        if draw and len(value) >= LONG_LIST:
            return chance.drawn(value)
        items = [_walk(item, chance, draw=draw) for item in value]
        return chance.shuffled(items) if not draw and all(isinstance(item, str) for item in items) else items
    if isinstance(value, bool) or draw or not isinstance(value, int | Decimal):
        return value
    found = scaled(str(value), chance)
    return int(found) if isinstance(value, int) else Decimal(found)


def _spell(document: Any, indent: int | None = None) -> str:
    # ASCII, so that half a surrogate pair in a stranger's file stays the escape that it was.
    return json.dumps(document, default=float, indent=indent)
