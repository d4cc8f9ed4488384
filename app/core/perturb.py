"""Changed inputs for Gate 3: the same job with other data, so that an honest result has to move.

Theory of operation. A perturb run gets one declared input, or one parameter, changed; everything else stays as sealed.
The change follows from the seal's digest, the target and the variant alone, so that anybody can make the same bytes
again. Two variants attack from two sides:

1. Values: every numeric cell is scaled by its own factor between 0.5 and 2 (unequally, so that ratios and correlations
   move too), whole numbers stay whole. Where a table has no numbers, its text cells are exchanged between rows.
2. Rows: about half of the rows are drawn again with replacement, order mixed; a JSON list likewise. Single values fall
   back to another scaling.

Kept so that an honest script goes on working: header, separator, number of columns and rows, signs, whole numbers,
the set of texts. A file that is neither text, table nor JSON (nor a gzip of one) cannot be derived, and says so.
Lines end as they did.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import zlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.core.model import Derivation

UNPACKED_BYTES_MAX = 64 << 20

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
_WHOLE_CELL = re.compile(r'\s*"?[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"?\s*')


@dataclass(frozen=True)
class Derived:
    """The changed bytes and a sentence about the change."""

    data: bytes
    summary: str


@dataclass(frozen=True)
class Underivable:
    """Why this input cannot be changed in a meaningful way."""

    reason: str


def derive(seal: str, derivation: Derivation, data: bytes) -> Derived | Underivable:
    """Return an input's bytes changed as a derivation says; they always differ from the original.

    Args:
        seal: digest of the seal, which fixes every random choice.
        derivation: which input and which variant.
        data: the input's sealed bytes.

    """
    key = f"{seal}/{derivation.target}/{derivation.variant}"
    chance = random.Random(int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big"))  # noqa: S311 - reproducible
    packed = data[:2] == b"\x1f\x8b"
    if packed:
        try:
            data = _gunzip(data)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            return Underivable(f"{derivation.target} is no gzip file that can be read: {error}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Underivable(f"{derivation.target} is not text, so its values cannot be found")
    changed, what = _change(text, derivation, chance)
    if changed == text:
        return Underivable(f"{derivation.target} has nothing that could be changed")
    result = changed.encode("utf-8")
    if packed:
        result = gzip.compress(result, mtime=0)
    return Derived(result, f"{derivation.target}: {what} (variant {derivation.variant})")


def derive_parameter(seal: str, derivation: Derivation, value: Any) -> Any:
    """Return a parameter's changed value, or `Underivable` for what is no number.

    Variant 1 is about half, variant 2 about double; counts stay counts of at least one.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Underivable(f"the parameter {derivation.target} is no number")
    key = f"{seal}/{derivation.target}/{derivation.variant}"
    chance = random.Random(int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big"))  # noqa: S311 - reproducible
    factor = chance.uniform(0.45, 0.6) if derivation.variant == 1 else chance.uniform(1.7, 2.2)
    if isinstance(value, int):
        changed = round(value * factor)
        return changed if changed != value and (changed > 0) == (value > 0) else value + derivation.variant
    return value * factor if value else float(derivation.variant)


def _change(text: str, derivation: Derivation, chance: random.Random) -> tuple[str, str]:
    try:
        document = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict | list):
        return _change_json(document, derivation.variant, chance)
    lines = text.splitlines(keepends=True)
    separator = _separator(lines)
    if separator is not None:
        return _change_table(lines, separator, derivation.variant, chance)
    return _change_text(lines, derivation.variant, chance)


# --- tables ----------------------------------------------------------------------------------------------------------


def _separator(lines: list[str]) -> str | None:
    """Return the separator of a table: one that divides (nearly) every line into the same number of cells."""
    filled = [line for line in lines if line.strip()][:200]
    if len(filled) < 2:
        return None
    for separator in ("\t", ",", ";", "|"):
        widths = [line.count(separator) for line in filled]
        if min(widths) > 0 and widths.count(max(set(widths), key=widths.count)) >= 0.9 * len(widths):
            return separator
    return None


def _change_table(lines: list[str], separator: str, variant: int, chance: random.Random) -> tuple[str, str]:
    head, body = _split_header(lines, separator)
    rows = [_cells(line, separator) for line in body]
    numeric = any(_WHOLE_CELL.fullmatch(cell) for row in rows for cell in row)
    if variant == 1 and numeric:
        scaled = [[_scale_cell(cell, chance) for cell in row] for row in rows]
        return "".join([*head, *(separator.join(row) for row in scaled)]), "numeric cells scaled unequally"
    if variant == 1 or not numeric:
        mixed = _exchange_texts(rows, chance)
        return "".join([*head, *(separator.join(row) for row in mixed)]), "text cells exchanged between rows"
    return "".join([*head, *_resample(body, chance)]), "rows drawn again with replacement"


def _split_header(lines: list[str], separator: str) -> tuple[list[str], list[str]]:
    """Take leading comments, and a first row without numbers above rows with numbers, as the header."""
    start = 0
    while start < len(lines) and (not lines[start].strip() or lines[start].startswith("#")):
        start += 1
    if start + 1 < len(lines):
        first, second = (_cells(line, separator) for line in lines[start : start + 2])
        # A table of texts may have a header too; keeping one data row unchanged costs nothing.
        if not any(_WHOLE_CELL.fullmatch(cell) for cell in first) or any(
            not _WHOLE_CELL.fullmatch(a) and _WHOLE_CELL.fullmatch(b) for a, b in zip(first, second, strict=False)
        ):
            start += 1
    return lines[:start], lines[start:]


def _cells(line: str, separator: str) -> list[str]:
    """Split a line at separators outside double quotes; the line's ending stays with the last cell."""
    if '"' not in line:
        return line.split(separator)
    cells, quoted = [""], False
    for sign in line:
        quoted ^= sign == '"'
        if sign == separator and not quoted:
            cells.append("")
        else:
            cells[-1] += sign
    return cells


def _scale_cell(cell: str, chance: random.Random) -> str:
    return _NUMBER.sub(lambda match: _scale(match[0], chance), cell) if _WHOLE_CELL.fullmatch(cell) else cell


def _scale(literal: str, chance: random.Random) -> str:
    """Return a number of the same kind and sign, scaled by a factor between 0.5 and 2 that is not near 1."""
    factor = chance.uniform(0.5, 0.85) if chance.random() < 0.5 else chance.uniform(1.15, 2.0)
    if re.fullmatch(r"[-+]?\d+", literal):
        number = int(literal)
        scaled = round(number * factor)
        return str(scaled) if scaled != number or number == 0 else str(number + 1)
    places = len(literal.partition(".")[2]) if "e" not in literal.lower() else None
    scaled_float = float(literal) * factor
    return f"{scaled_float:.{places}f}" if places is not None else f"{scaled_float:.6e}"


def _exchange_texts(rows: list[list[str]], chance: random.Random) -> list[list[str]]:
    """Permute every column but the first against it; line endings stay in place."""
    endings = [row[-1][len(row[-1].rstrip("\r\n")) :] for row in rows]
    bare = [[*row[:-1], row[-1].rstrip("\r\n")] for row in rows]
    width = max((len(row) for row in bare), default=0)
    for column in range(1, width):
        holders = [index for index, row in enumerate(bare) if column < len(row)]
        cells = [bare[index][column] for index in holders]
        chance.shuffle(cells)
        for index, cell in zip(holders, cells, strict=True):
            bare[index][column] = cell
    return [[*row[:-1], row[-1] + ending] for row, ending in zip(bare, endings, strict=True)]


def _resample(lines: list[str], chance: random.Random) -> list[str]:
    """Return as many lines, about half of them replaced by copies of others, in a new order, endings in place."""
    endings = [line[len(line.rstrip("\r\n")) :] for line in lines]
    bare = [line.rstrip("\r\n") for line in lines]
    drawn = [chance.choice(bare) if chance.random() < 0.5 else line for line in bare]
    chance.shuffle(drawn)
    return [line + ending for line, ending in zip(drawn, endings, strict=True)]


# --- text and JSON ---------------------------------------------------------------------------------------------------


def _change_text(lines: list[str], variant: int, chance: random.Random) -> tuple[str, str]:
    text = "".join(lines)
    if variant == 1 and _NUMBER.search(text):
        return _NUMBER.sub(lambda match: _scale(match[0], chance), text), "numbers scaled unequally"
    if len(lines) > 1:
        return "".join(_resample(lines, chance)), "lines drawn again with replacement"
    words = text.split(" ")
    chance.shuffle(words)
    return " ".join(words), "words put in another order"


def _change_json(document: Any, variant: int, chance: random.Random) -> tuple[str, str]:
    resampled = variant == 2 and _has_long_list(document)
    changed = _walk(document, chance, resample=resampled)
    what = (
        "list items drawn again with replacement" if resampled else "numbers scaled unequally, texts in lists exchanged"
    )
    return json.dumps(changed, default=_plain_number, ensure_ascii=False, indent=1), what


def _has_long_list(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_long_list(item) for item in value.values())
    return isinstance(value, list) and (len(value) > 3 or any(_has_long_list(item) for item in value))


def _walk(value: Any, chance: random.Random, *, resample: bool) -> Any:
    if isinstance(value, dict):
        return {key: _walk(item, chance, resample=resample) for key, item in value.items()}
    if isinstance(value, list):
        if resample and len(value) > 3:
            return [
                chance.choice(value) if chance.random() < 0.5 else item for item in chance.sample(value, len(value))
            ]
        items = [_walk(item, chance, resample=resample) for item in value]
        if items and all(isinstance(item, str) for item in items):
            chance.shuffle(items)
        return items
    if isinstance(value, bool) or resample or not isinstance(value, int | Decimal):
        return value
    scaled = _scale(str(value), chance)
    return int(scaled) if isinstance(value, int) else Decimal(scaled)


def _plain_number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _gunzip(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    found = unpacker.decompress(data, UNPACKED_BYTES_MAX)
    if unpacker.unconsumed_tail or not unpacker.eof or unpacker.unused_data:
        raise ValueError("it is truncated, has several members or unpacks to more than 64 MiB")
    return found
