"""Decimals that are typed into a program, and the same program with all of them a common factor larger.

What a program computes from its inputs alone is in no proportion to the decimals in its text; what is made of such numbers,
chosen or weighed by the inputs, is. So all of them are scaled together, exactly. Left as they are:

- what every program has: whole numbers up to ten, powers of ten, halves and quarters up to two;
- what is no amount: an exponent, an index, a side of a comparison, an argument of a seed, a number inside an f-string;
- whole numbers that are spelled without a point: they count, index and name.

Numbers in texts, or put together from whole numbers, are not found.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.literals import FILE_BYTES_MAX, tree_of
from app.core.perturb_sites import respelled
from app.core.quantity import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPED_MAX = 2_000  # in a program
SMALL_WHOLE = 10
QUARTERS_MAX = 2


@dataclass(frozen=True)
class Typed:
    """A decimal in a program's text."""

    line: int
    start: int  # bytes
    end: int
    text: str


def typed_decimals(data: bytes) -> tuple[Typed, ...]:
    """Return the decimals of a Python program that may be amounts, in the order of the text; none if it cannot be read."""
    tree = tree_of(data) if len(data) <= FILE_BYTES_MAX else None
    if tree is None:
        return ()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    spared = {id(part) for node in ast.walk(tree) for part in _structure(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and id(node) not in spared:
            start = starts[node.lineno - 1] + node.col_offset
            end = start + (node.end_col_offset or 0) - node.col_offset
            text = data[start:end].decode("ascii", "replace").replace("_", "")
            if _says(text, node.value) and not _common(Decimal(text)):
                found.append(Typed(node.lineno, start, end, text))
    return tuple(sorted(found, key=lambda item: item.start)[:TYPED_MAX])


def scaled_program(data: bytes, factor: Decimal) -> tuple[bytes, tuple[tuple[Typed, str], ...]]:
    """Return a program with its typed decimals times a factor, and each of them with what took its place."""
    pairs = tuple(
        (item, respelled(item.text, EXACT.multiply(Decimal(item.text), factor))) for item in typed_decimals(data)
    )
    for item, new in reversed(pairs):
        data = data[: item.start] + new.encode() + data[item.end :]
    return data, pairs


def _says(text: str, value: float) -> bool:
    try:
        return float(text) == value and Decimal(text).is_finite()
    except (ValueError, ArithmeticError):
        return False


def _common(value: Decimal) -> bool:
    if value == value.to_integral_value():
        return value <= SMALL_WHOLE or value.normalize(EXACT).as_tuple().digits == (1,)
    return value <= QUARTERS_MAX and value * 4 == (value * 4).to_integral_value()


def _structure(node: ast.AST) -> Iterator[ast.AST]:
    """Yield everything below a node that is no amount."""
    match node:
        case ast.Compare():
            yield from _sides(node)
        case ast.BinOp(op=ast.Pow()):
            yield from ast.walk(node.right)
        case ast.Subscript():
            yield from ast.walk(node.slice)
        case ast.JoinedStr():
            yield from ast.walk(node)
        case ast.Call() if "seed" in ast.unparse(node.func).lower() or ast.unparse(node.func).endswith("Random"):
            yield from (part for item in node.args for part in ast.walk(item))


def _sides(node: ast.Compare) -> Iterator[ast.AST]:
    """Yield the sides of a comparison that are a number, or a negated one; what is computed there may be an amount."""
    for side in (node.left, *node.comparators):
        yield side.operand if isinstance(side, ast.UnaryOp) else side
