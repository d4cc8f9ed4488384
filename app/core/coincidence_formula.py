"""A formula as a quick function of a few of its values, in binary floating point; of no verdict's number.

The evaluator proper is exact and takes its time. Here a formula is evaluated a hundred thousand times to count accidents:
as weights when it is linear in what is exchanged, else as nested functions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.core.formula import Node

    Function = Callable[[Sequence[float]], float]
    Weights = list[float]  # one for each name, and what is added to all


def size(tree: Node) -> int:
    """Return the number of nodes of a tree."""
    return 1 + sum(map(size, _below(tree)))


def linear(tree: Node, names: Sequence[str], fixed: Mapping[str, float]) -> Weights | None:
    """Return a formula's weights when it is linear in its names, none of them zero; None otherwise."""
    found = _weights(tree, names, fixed)
    return found if found is not None and all(found[:-1]) else None


def compiled(tree: Node, names: Sequence[str], fixed: Mapping[str, float]) -> Function:
    """Return a formula as a function of its names' values; NaN where it is undefined."""
    inner = _function(tree, names, fixed)

    def value(cells: Sequence[float]) -> float:
        try:
            return inner(cells)
        except (ArithmeticError, ValueError):
            return math.nan

    return value


def _below(node: Node) -> list[Node]:
    if node[0] in {"number", "name"}:
        return []
    if node[0] in {"negate", "power"}:
        return [node[1]]
    return list(node[2] if node[0] == "call" else node[1])


def _number(node: Node) -> float:
    return float(node[1].numerator / node[1].denominator)


def _weights(node: Node, names: Sequence[str], fixed: Mapping[str, float]) -> Weights | None:
    if node[0] == "number":
        return _constant(_number(node), names)
    if node[0] == "name":
        if node[1] in fixed:
            return _constant(fixed[node[1]], names)
        return [*(float(name == node[1]) for name in names), 0.0]
    below = [_weights(item, names, fixed) for item in _below(node)]
    known = [item for item in below if item is not None]
    if len(known) < len(below):
        return None
    if node[0] == "negate":
        return [-weight for weight in known[0]]
    if node[0] == "sum" or (node[0] == "call" and node[1] in {"sum", "mean"}):
        share = 1 / len(known) if node[0] == "call" and node[1] == "mean" else 1.0
        return [sum(column) * share for column in zip(*known, strict=True)]
    if node[0] == "product" and sum(any(item[:-1]) for item in known) <= 1:
        factor = math.prod(item[-1] for item in known if not any(item[:-1]))
        moved = next((item for item in known if any(item[:-1])), _constant(1.0, names))
        return [weight * factor for weight in moved]
    if any(any(item[:-1]) for item in known):
        return None
    found = compiled(node, names, fixed)([0.0] * len(names))  # whatever they are: in `abs(a - a)` they cancel
    return _constant(found, names) if math.isfinite(found) else None


def _constant(value: float, names: Sequence[str]) -> Weights:
    return [*(0.0 for _ in names), value]


def _function(node: Node, names: Sequence[str], fixed: Mapping[str, float]) -> Function:
    if node[0] == "number" or (node[0] == "name" and node[1] in fixed):
        known = _number(node) if node[0] == "number" else fixed[node[1]]
        return lambda _: known
    if node[0] == "name":
        at = list(names).index(node[1])
        return lambda cells: cells[at]
    below = [_function(item, names, fixed) for item in _below(node)]
    if node[0] == "negate":
        return lambda cells: -below[0](cells)
    if node[0] == "power":
        exponent = node[2]
        return lambda cells: below[0](cells) ** exponent
    if node[0] == "sum":
        return lambda cells: sum(each(cells) for each in below)
    if node[0] == "product":
        return lambda cells: math.prod(each(cells) for each in below)
    called = _FUNCTIONS[node[1]]
    return lambda cells: called([each(cells) for each in below])


def _weighted_mean(values: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(values[::2], values[1::2], strict=True)) / sum(values[1::2])


def _rounded(values: Sequence[float]) -> float:
    return round(values[0], int(values[1]) if len(values) > 1 else 0)


_FUNCTIONS: dict[str, Function] = {
    "mean": lambda values: sum(values) / len(values),
    "wmean": _weighted_mean,
    "sum": sum,
    "min": min,
    "max": max,
    "abs": lambda values: abs(values[0]),
    "round": _rounded,
    "sqrt": lambda values: math.sqrt(values[0]),
    "log": lambda values: math.log(values[0]),
    "exp": lambda values: math.exp(values[0]),
}
