"""Numbers in a script's own files that spell a printed or measured value, and the same files with others in their place.

Theory of operation. A value is looked for in the program and in every file of the bundle that is no declared input, in
two ways: as a number in the text (comments, strings and data included), and, in Python, as an expression of constants
(`literals_fold`), also as one that a text decodes to (base64, hexadecimal, backwards). A number is taken for the value
when it is the value as printed or as measured, or rounds to the print with no fewer digits; scaled by 10, 100 or 1000
either way, or negated. A decimal comma, padding zeros, an exponent and a fraction a/b are read as what they say. Whole
numbers up to 10 and powers of ten are too common to look for: they stand in every program. Nor is a member of a list of
three numbers or more a hit: a grid of candidates, of which the data choose one, is honest.

What is found is replaced, all of it in one run, by a number of the same length, sign and form that differs by some 6 to
12 percent: near, so that a program that snaps to its constant goes on doing so, and far enough to be told from noise.
"""

from __future__ import annotations

import ast
import base64
import binascii
import math
import re
import warnings
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

from app.core.literals_fold import constants
from app.core.quantity import EXACT, number_in, printed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FILE_BYTES_MAX = 1 << 20
NUMBERS_MAX = 50_000  # of a file that are looked at
HITS_MAX = 64
CHARACTERS_MAX = 40  # of a number
GRID_MIN = 3  # numbers in a list that are candidates and no answer
POWERS_MAX = 3  # of ten, by which a value may be scaled: percent, permille, milli and kilo
BAND_MAX = Decimal("0.25")  # a share: what is accepted over a wider band is no anchor
BAND_DIGITS = 2  # of a number that lies in a band
SHORT = Context(prec=40)
NEAR = Decimal("1e-9")  # a share: what floating point does to a sum of constants

_TOKEN = re.compile(
    r"(?<![\w.])(?:[0-9]{1,20}\s?/\s?[0-9]{1,20}|[0-9]{0,30}[.,]?[0-9]{1,30}(?:[eE][-+]?[0-9]{1,3})?)(?!\w|\.\w)"
)


@dataclass(frozen=True)
class Sought:
    """A value to look for."""

    value: Decimal
    low: Decimal  # what rounds to the print; the value itself for a measured one
    high: Decimal
    digits: int


@dataclass(frozen=True)
class Hit:
    """A number, or an expression, of a file that spells a value."""

    path: str
    line: int
    start: int  # bytes
    end: int
    old: str  # the number
    new: str
    put: bytes  # what takes its place in the file


def sought(
    prints: Sequence[str], measured: Sequence[str], bands: Sequence[tuple[Decimal, Decimal]] = ()
) -> tuple[Sought, ...]:
    """Return the values that are worth looking for among printed and measured ones, and anything in narrow bands."""
    found = [
        Sought(low, low, high, BAND_DIGITS) for low, high in bands if high - low <= BAND_MAX * min(abs(low), abs(high))
    ]
    for text in prints:
        item = printed(text)
        found.append(Sought(item.value, item.low, item.high, digits_of(text)))
    for text in measured:
        value = number_in(text)
        if value is not None:
            found.append(Sought(value, value, value, 0))
    return tuple(item for item in found if not _common(item.value))


def find(path: str, data: bytes, wanted: Sequence[Sought], share: Decimal) -> tuple[Hit, ...]:
    """Return what spells one of the values in a file, in the order of the file, without overlaps.

    Args:
        path: tells programs in Python from other files.
        data: the file.
        wanted: what to look for.
        share: by how much what takes its place differs, the same for every hit: a program may compare them.

    """
    if len(data) > FILE_BYTES_MAX or not wanted:
        return ()
    found = list(_in_text(path, data, wanted, share))
    if path.endswith(".py"):
        found += _in_program(path, data, wanted, share)
    kept: list[Hit] = []
    for hit in sorted(found, key=lambda hit: (hit.start - hit.end, hit.start)):
        if hit.put and all(hit.end <= other.start or other.end <= hit.start for other in kept):
            kept.append(hit)
    grid = _grids(data) if path.endswith(".py") else ()
    kept = [hit for hit in kept if not any(start <= hit.start and hit.end <= end for start, end in grid)]
    return tuple(sorted(kept, key=lambda hit: hit.start)[:HITS_MAX])


def replaced(data: bytes, hits: Sequence[Hit]) -> bytes:
    """Return a file with other numbers in the place of those found."""
    for hit in sorted(hits, key=lambda hit: -hit.start):
        data = data[: hit.start] + hit.put + data[hit.end :]
    return data


def another(text: str, share: Decimal) -> str:
    """Return a number of the same length, sign and form that differs by about a share, or by two units.

    A number of one digit moves by one.
    """
    mantissa, mark, exponent = text.partition("e" if "e" in text else "E")
    digits = "".join(sign for sign in mantissa if sign.isdigit())
    number, width = int(digits), len(digits)
    step = max(2 if number > 20 else 1, round(number * abs(share)))
    changed = number + step if share > 0 and len(str(number + step)) <= width else number - step
    if changed <= 0:
        changed = number + step
    spelled = iter(str(changed).zfill(width))
    return "".join(next(spelled) if sign.isdigit() else sign for sign in mantissa) + mark + exponent


def _in_text(path: str, data: bytes, wanted: Sequence[Sought], share: Decimal) -> Iterator[Hit]:
    text = data.decode("latin-1")  # one character a byte
    for match in islice(_TOKEN.finditer(text), NUMBERS_MAX):
        old = match[0]
        value = _read(old)
        if value is None or not spells(value, digits_of(old), wanted):
            continue
        if "/" in old:
            top, slash, bottom = re.split(r"(\s?/\s?)", old)
            new = another(top, share) + slash + bottom
        else:
            new = another(old, share)
        line = data.count(b"\n", 0, match.start()) + 1
        after = _read(new)
        yield Hit(path, line, match.start(), match.end(), str(value), str(after), new.encode())


def _in_program(path: str, data: bytes, wanted: Sequence[Sought], share: Decimal) -> Iterator[Hit]:
    tree = tree_of(data)
    if tree is None:
        return
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node, value in constants(tree):
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        start, end = starts[node.lineno - 1] + node.col_offset, starts[end_line - 1] + end_column
        change = _change(node, value, wanted, share)
        if change is not None:
            old, new, put = change
            yield Hit(path, node.lineno, start, end, old, new, _fitted(put, data[start:end]))


def _change(node: ast.expr, value: Any, wanted: Sequence[Sought], share: Decimal) -> tuple[str, str, str] | None:
    """Return a number, another one, and the source of an expression that says the other; None if it spells no value."""
    if isinstance(value, bool) or (isinstance(node, ast.Name) and node.id != "__doc__"):
        return None  # what a name stands for is found where it is assigned
    if isinstance(value, int | float | Decimal | Fraction):
        if isinstance(node, ast.Constant):
            return None  # stands in the text
        number = _decimal(value)
        if number is None or not spells(number, digits_of(str(number)), wanted):
            return None
        text = repr(value) if isinstance(value, int | float) else format(number, "f")
        new = another(text.lstrip("-"), share)
        new = f"-{new}" if text.startswith("-") else new
        return text, new, new if isinstance(value, int | float) else f"{_constructor(node, type(value))}({new!r})"
    if isinstance(value, str | bytes):
        return _in_constant(node, value, wanted, share)
    return None


def _in_constant(
    node: ast.expr, value: str | bytes, wanted: Sequence[Sought], share: Decimal
) -> tuple[str, str, str] | None:
    """Look into a text that was put together, or that another text decodes to."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    pairs: list[tuple[str, Callable[[str], str]]] = []
    if not isinstance(node, ast.Constant):
        pairs.append((text, lambda changed: changed))
    else:
        pairs += _decodings(text)
    for plain, back in pairs:
        for match in _TOKEN.finditer(plain):
            number = _read(match[0])
            if number is None or "/" in match[0] or not spells(number, digits_of(match[0]), wanted):
                continue
            new = another(match[0], share)
            changed = back(plain[: match.start()] + new + plain[match.end() :])
            put = repr(changed.encode("latin-1")) if isinstance(value, bytes) else repr(changed)
            return str(number), str(_read(new)), put
    return None


def _decodings(text: str) -> list[tuple[str, Callable[[str], str]]]:
    """Return what a text says when it is decoded in the usual ways, and how to encode another text alike."""
    found: list[tuple[str, Callable[[str], str]]] = []
    if 2 < len(text) <= 10_000:
        found.append((text[::-1], lambda changed: changed[::-1]))
        try:
            plain = base64.b64decode(text, validate=True).decode("ascii")
            found.append((plain, lambda changed: base64.b64encode(changed.encode()).decode()))
        except ValueError:
            pass
        try:
            plain = binascii.unhexlify(text).decode("ascii")
            found.append((plain, lambda changed: binascii.hexlify(changed.encode()).decode()))
        except ValueError:
            pass
    return found


def _constructor(node: ast.expr, kind: type) -> str:
    """Return how an expression names the constructor of its value."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and ast.unparse(part.func).rpartition(".")[2] == kind.__name__:
            return ast.unparse(part.func)
    return kind.__name__


def _fitted(put: str, old: bytes) -> bytes:
    """Return an expression padded to the length and the lines of the one that it replaces, where it is shorter."""
    lines = old.count(b"\n")
    body = put.encode()
    if lines:
        body = b"(" + body + b"\n" * lines
        return body + b" " * max(0, len(old) - len(body) - 1) + b")"
    return body + b" " * max(0, len(old) - len(body))


def _grids(data: bytes) -> tuple[tuple[int, int], ...]:
    """Return where lists of several numbers stand."""
    tree = tree_of(data)
    if tree is None:
        return ()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    indexed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and id(node) not in indexed:
            numbers = [
                item for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, int | float)
            ]
            if len(numbers) >= GRID_MIN:
                end = starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
                found.append((starts[node.lineno - 1] + node.col_offset, end))
    return tuple(found)


def tree_of(data: bytes) -> ast.Module | None:
    """Return the syntax of a Python program; None if it has none that can be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def spells(value: Decimal, digits: int, wanted: Sequence[Sought]) -> bool:
    """Whether a number of so many significant digits says one of the values."""
    size = abs(value)
    near = float(size)
    for item in wanted:
        middle = abs(float(item.value))
        if not near or not middle or math.isinf(near) or math.isinf(middle):
            continue
        power = round(math.log10(middle) - math.log10(near))  # of the quotient it could not be taken: that may overflow
        if abs(power) > POWERS_MAX or not 0.7 < near * 10.0**power / middle < 1.4:
            continue  # most numbers of a file, at little cost
        scaled = size.scaleb(power, EXACT)
        if abs(scaled - abs(item.value)) <= NEAR * abs(item.value):
            return True
        low, high = sorted((abs(item.low), abs(item.high)))
        if low <= scaled <= high and digits >= item.digits > 0:
            return True
    return False


def _read(text: str) -> Decimal | None:
    if "/" in text:
        top, _, bottom = text.partition("/")
        return SHORT.divide(Decimal(int(top)), Decimal(int(bottom))) if int(bottom) else None
    plain = text.replace(",", ".")
    if len(plain) > CHARACTERS_MAX or plain in {"", "."}:
        return None
    return Decimal(plain)


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, Fraction):
        return EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else None


def digits_of(text: str) -> int:
    """Return how many significant digits a number has."""
    digits = "".join(sign for sign in re.split("[eE]", text)[0] if sign.isdigit()).lstrip("0")
    return len(digits)


def _common(value: Decimal) -> bool:
    small = abs(value) <= 10 and value == value.to_integral_value()
    return small or value.normalize(EXACT).as_tuple().digits == (1,)
