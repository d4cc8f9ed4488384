"""Changed inputs for Gate 3: the same job with other data, so that an honest result has to move.

Theory of operation. A perturb run gets one declared input, or one parameter, changed; everything else stays as sealed.
The change follows from the seal's digest, the target and the variant alone, so that anybody can make the same bytes
again. The variants attack from three sides:

1. Values: every number is scaled by its own factor between 0.5 and 2 (unequally, so that ratios and correlations move
   too), whole numbers stay whole. Where there are none, texts are exchanged between rows. The number of rows stays.
2. Rows: a quarter of the rows is left out and about half of the others drawn again, with replacement, in another order;
   so a result that only counts moves too. Long lists in JSON likewise. What has no rows is scaled in another way.
3. Pairs, for inputs alone and only where neither of the others moved a result: columns are moved against each other,
   numbers grow by one factor, and one text takes the place of another; so a share of rows that agree, a leader, a rank and
   a number of kinds move, which the others may leave where they are. A lookup by several columns may fail on it.

Kept so that an honest script goes on working: header, separator, columns, signs, whole numbers, the set of texts, the
endings of lines. A file that is neither text, table nor JSON (nor a gzip of one), has nothing to change, or is too large or
too extreme in its numbers cannot be derived, and says so.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.perturb_json import SCALE_MAX, change_json, change_json_lines
from app.core.perturb_numbers import Chance
from app.core.perturb_tables import change_lines, change_table, lines_of, separator_of

if TYPE_CHECKING:
    from app.core.model import Derivation

BYTES_MAX = 4 << 20  # of an input, unpacked; changing it takes seconds and far more memory than it has bytes
PARAMETER_FAR = 3  # the variant that moves a parameter far
TINY = 1e-3  # a float below it is taken for the end of an iteration
_STORED_BLOCK_MAX = 65_535
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, unknown system


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
    target = derivation.target
    packed = data[:2] == b"\x1f\x8b"
    if packed:
        try:
            data = gunzip(data)
        except (ValueError, zlib.error) as error:
            return Underivable(f"{target} is no gzip file that can be read: {error}")
    if len(data) > BYTES_MAX:
        return Underivable(f"{target} has more than {BYTES_MAX >> 20} MiB")
    try:
        text = data.decode("utf-8")
        changed, how = _change(text, derivation.variant, _chance(seal, derivation))
    except UnicodeDecodeError:
        return Underivable(f"{target} is not text, so its values cannot be found")
    except ArithmeticError:
        return Underivable(f"{target} holds a number beyond 10^±{SCALE_MAX}, so its values cannot be scaled")
    except RecursionError:
        return Underivable(f"{target} nests too deeply")
    if changed == text:
        return Underivable(f"{target} has nothing that could be changed")
    result = changed.encode("utf-8")
    return Derived(gzip_stored(result) if packed else result, f"{target}: {how} (variant {derivation.variant})")


def derive_parameter(seal: str, derivation: Derivation, value: Any) -> Any:
    """Return a parameter's changed value, or `Underivable` for what cannot be changed.

    Variant 1 is about half, variant 2 about double, variant 3 far away, for what the others leave where it converges.
    Whole numbers stay whole, and counts stay at least one. Of a list every item is changed, a truth value turns, letters
    of a text change places.
    """
    chance = _chance(seal, derivation)
    if derivation.variant == PARAMETER_FAR:
        changed = strong_parameter(chance, value, 1)
    else:
        changed = _parameter(chance, value, derivation.variant)
    return Underivable(f"the parameter {derivation.target} has nothing to change") if changed == value else changed


def _parameter(chance: Chance, value: Any, variant: int) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return "".join(chance.shuffled(value)) if variant == 1 else value[::-1]
    if isinstance(value, list):
        return [_parameter(chance, item, variant) for item in value]
    if not isinstance(value, int | float):
        return value
    factor = chance.thousandths(450, 600) if variant == 1 else chance.thousandths(1700, 2200)
    if isinstance(value, int):
        changed = round(value * factor)
        return changed if changed not in {0, value} else value + (variant if value >= 0 else -1)
    scaled = value * float(factor)
    if scaled in {0.0, value} or not math.isfinite(scaled):  # at the ends of what a float can say
        return value / 3 if abs(value) > 1 else value + variant
    return scaled


def strong_parameter(chance: Chance, value: Any, variant: int) -> Any:
    """Return a parameter's value far from where it was: what has converged by then has not here.

    A whole number above ten becomes one of 2 to 4 or of 5 to 9, a smaller one grows by 10 or more; what is tiny, such as
    the end of an iteration, grows coarse.
    """
    if isinstance(value, bool | str | None):
        return _parameter(chance, value, variant)
    if isinstance(value, list):
        return [strong_parameter(chance, item, variant) for item in value]
    if isinstance(value, int):
        few = 2 + chance.below(3) if variant == 1 else 5 + chance.below(5)
        return (few if value > 0 else -few) if abs(value) > 10 else value + (10 if value >= 0 else -10) * variant
    if 0 < abs(value) < TINY:
        return math.copysign(abs(value) ** (0.25 if variant == 1 else 0.4), value)
    far = float(chance.thousandths(50, 200) if variant == 1 else chance.thousandths(4_000, 9_000))
    if 0 < value < 1 and variant != 1:
        return 1 - (1 - value) / far
    scaled = value * far
    return scaled if math.isfinite(scaled) and scaled != value else value + variant


def _chance(seal: str, derivation: Derivation) -> Chance:
    return Chance(f"{seal}/{derivation.target}/{derivation.variant}")


def _change(text: str, variant: int, chance: Chance) -> tuple[str, str]:
    found = change_json(text, variant, chance)
    if found is not None:
        return found
    lines = lines_of(text)
    found = change_json_lines(lines, variant, chance)
    if found is not None:
        return found
    separator = separator_of(lines)
    if separator is not None:
        return change_table(lines, separator, variant, chance)
    return change_lines(lines, variant, chance)


def gunzip(data: bytes) -> bytes:
    """Return what a gzip file of one member holds.

    Raises:
        ValueError: it is none, or larger than may be changed.
        zlib.error: it is damaged.

    """
    unpacker = zlib.decompressobj(wbits=31)
    found = unpacker.decompress(data, BYTES_MAX)
    if unpacker.unconsumed_tail or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"it is truncated, has several members or unpacks to more than {BYTES_MAX >> 20} MiB")
    return found


def gzip_stored(data: bytes) -> bytes:
    """Return a gzip file of uncompressed blocks: how zlib compresses differs from build to build, these bytes do not."""
    blocks = []
    for start in range(0, max(1, len(data)), _STORED_BLOCK_MAX):
        block = data[start : start + _STORED_BLOCK_MAX]
        last = start + _STORED_BLOCK_MAX >= len(data)
        blocks.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    return _GZIP_HEAD + b"".join(blocks) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
