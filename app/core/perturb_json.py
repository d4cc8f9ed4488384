"""JSON changed for Gate 3: numbers scaled, texts in lists exchanged, rows drawn again or paired anew."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.core import perturb_anew
from app.core.perturb_anew import Kind
from app.core.perturb_numbers import scaled, scaled_by

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    if variant == 3:
        changed = _anew(document, _kind(chance), chance)
        return (text, "") if _spell(changed) == _spell(document) else (_spell(changed, indent=1), perturb_anew.HOW)
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
    if variant == 3:
        anew = [_spell(document) for document in _anew(documents, _kind(chance), chance)]
        return "".join([line + "\n" for line in anew] if anew != before else lines), perturb_anew.HOW
    after = [_spell(_walk(document, chance, draw=False)) for document in documents] if variant == 1 else before
    draw = after == before
    return "".join(line + "\n" for line in (chance.drawn(before) if draw else after)), _how(draw=draw)


def is_json(text: str, lines: list[str]) -> bool:
    """Whether a text is a JSON object or list, or at least two lines of such."""
    try:
        filled = [line for line in lines if line.strip()]
        return _read(text) is not None or (len(filled) > 1 and all(_read(line) is not None for line in filled))
    except (ArithmeticError, RecursionError):
        return False


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


def _kind(chance: Chance) -> Kind[Any]:
    """Return how values in JSON are changed."""
    factor = perturb_anew.factor_of(chance)

    def grown(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return None
        found = scaled_by(str(value), factor)
        return int(found) if isinstance(value, int) else Decimal(found)

    def raised(value: Any, digit: int) -> Any:
        return type(value)(digit)

    def other(value: Any) -> Any:
        if isinstance(value, bool):
            return not value
        if isinstance(value, str):
            return perturb_anew.other_text(value)
        return 1 if value is None else value

    return Kind(grown, raised, other)


def _anew(value: Any, kind: Kind[Any], chance: Chance) -> Any:
    """Pair anew the records of a list, the lists of a record, and all that lies deeper."""
    if isinstance(value, dict) and len(value) > 1 and all(isinstance(item, dict) for item in value.values()):
        return dict(zip(value, _records(list(value.values()), kind, chance), strict=True))
    if isinstance(value, dict):
        position = {key: index for index, key in enumerate(key for key, item in value.items() if _scalars(item))}
        return {
            key: perturb_anew.column_anew(item, position[key], kind) if key in position else _anew(item, kind, chance)
            for key, item in value.items()
        }
    if isinstance(value, list) and len(value) > 1 and all(isinstance(item, dict) for item in value):
        return _records(value, kind, chance)
    if isinstance(value, list) and len(value) > 1 and all(isinstance(item, list) for item in value):
        return [list(row.values()) for row in _records([dict(enumerate(row)) for row in value], kind, chance)]
    if isinstance(value, list):
        return perturb_anew.column_anew(value, 1, kind) if _scalars(value) else [_anew(v, kind, chance) for v in value]
    return perturb_anew.alone_anew(value, kind)


def _records(rows: Sequence[dict[Any, Any]], kind: Kind[Any], chance: Chance) -> list[dict[Any, Any]]:
    """Return records whose fields of one name are moved on like a table's column; what is no scalar is paired inside."""
    after = [dict(row) for row in rows]
    holders: dict[Any, list[dict[Any, Any]]] = {key: [] for row in rows for key in row}
    for row in chance.shuffled(after):
        for key in row:
            holders[key].append(row)  # looking for each key in every row would cost keys times rows
    for position, (key, having) in enumerate(holders.items()):
        cells = [row[key] for row in having]
        if _scalars(cells):
            changed = perturb_anew.column_anew(cells, position, kind)
        else:
            changed = [_anew(cell, kind, chance) for cell in cells]
        for row, cell in zip(having, changed, strict=True):
            row[key] = cell
    return after


def _scalars(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and not any(isinstance(item, dict | list) for item in value)


def _spell(document: Any, indent: int | None = None) -> str:
    # ASCII, so that half a surrogate pair in a stranger's file stays the escape that it was.
    return json.dumps(document, default=float, indent=indent)
