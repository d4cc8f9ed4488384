"""What the constants of a Python program come to, without running it.

Theory of operation. A printed value need not stand in a script as it is printed: `8 + 0.7`, `"8" + ".7"`, `round(8.654, 1)`,
`bytes([56, 46, 55])` and `float(b64decode("OC43"))` say the same. So every expression that is made of constants alone is
evaluated, from the leaves up, by a table of harmless functions; names that are assigned once in the whole file stand for
what they were assigned. Nothing of the file is ever executed: what is not in the table has no value. Sizes are bounded,
because a stranger wrote the expressions.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import json
import math
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

ITEMS_MAX = 10_000  # of a text or list
DIGITS_MAX = 200  # of a whole number
DEPTH_MAX = 200
FACTORS_MAX = 100
GROWTH_MAX = 1_000_000
CODECS = frozenset({"rot13", "rot_13", "hex", "base64"})  # others unpack to any size
STEPS_MAX = 20_000  # expressions evaluated in one file

UNKNOWN: Any = object()


def _times(a: Any, b: Any) -> Any:
    for items, count in ((a, b), (b, a)):
        if isinstance(items, str | bytes | list) and (not isinstance(count, int) or len(items) * count > ITEMS_MAX):
            raise OverflowError
    return a * b


def _power(a: Any, b: Any) -> Any:
    if abs(b) > 4 * DIGITS_MAX or (abs(a) > 1 and b * math.log10(abs(a)) > 2 * DIGITS_MAX):
        raise OverflowError
    return a**b


def _small(method: str, owner: Any, given: Sequence[Any]) -> None:
    """Refuse a method that would make much of little: a width, a nested width, a long text for every letter."""
    if method == "format" and isinstance(owner, str):
        _narrow(owner)
        if "{" in owner.partition("{")[2].partition("}")[0]:
            raise OverflowError
    if isinstance(owner, str | bytes) and len(owner) * max((_length(item) for item in given), default=0) > GROWTH_MAX:
        raise OverflowError


def _length(item: Any) -> int:
    return len(item) if isinstance(item, str | bytes | list | tuple) else 0


def _bytes(*given: Any) -> bytes:
    if given and isinstance(given[0], int) and given[0] > ITEMS_MAX:
        raise OverflowError
    return bytes(*given)


def _short(given: Any) -> Any:
    """Refuse a text whose exponent would have to be written out."""
    if isinstance(given, str):
        _narrow(given.lower().partition("e")[2])
    return given


def _narrow(spec: str) -> str:
    """Refuse a width that would fill the memory."""
    if "*" in spec or any(len(run) > 3 for run in "".join(sign if sign.isdigit() else " " for sign in spec).split()):
        raise OverflowError
    return spec


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "repr": repr,
    "round": lambda number, digits=0: round(number, digits) if abs(digits) < DIGITS_MAX else UNKNOWN,
    "abs": abs,
    "sum": sum,
    "min": min,
    "max": max,
    "len": len,
    "ord": ord,
    "chr": chr,
    "hex": hex,
    "bytes": _bytes,
    "bytearray": _bytes,
    "list": list,
    "tuple": tuple,
    "reversed": lambda items: list(reversed(items)),
    "sorted": sorted,
    "map": lambda function, *items: list(map(function, *items)),
    "divmod": divmod,
    "format": lambda value, spec="": format(value, _narrow(spec)),
    "Decimal": lambda given: Decimal(_short(given)),
    "Fraction": lambda *given: Fraction(*map(_short, given)),
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "prod": lambda items: math.prod(items) if len(items) <= FACTORS_MAX else UNKNOWN,
    "fsum": math.fsum,
    "loads": json.loads,
    "literal_eval": ast.literal_eval,
    "b64decode": base64.b64decode,
    "urlsafe_b64decode": base64.urlsafe_b64decode,
    "b32decode": base64.b32decode,
    "b16decode": base64.b16decode,
    "b85decode": base64.b85decode,
    "a85decode": base64.a85decode,
    "unhexlify": binascii.unhexlify,
    "fromhex": lambda text: float.fromhex(text) if "0x" in text else bytes.fromhex(text),
    "from_bytes": int.from_bytes,
    "unpack": struct.unpack,
    "decompress": lambda data: zlib.decompressobj().decompress(data, ITEMS_MAX),
    "decode": lambda text, codec: codecs.decode(text, codec) if codec in CODECS else UNKNOWN,
}
_METHODS = frozenset(
    {"join", "format", "replace", "strip", "lstrip", "rstrip", "lower", "upper", "split", "rsplit", "partition"}
    | {"rpartition", "decode", "encode", "removeprefix", "removesuffix", "hex", "count", "index", "find"}
    | {"as_integer_ratio", "limit_denominator", "values", "keys", "get"}
)
_OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: _times,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: (_narrow(a) if isinstance(a, str) else a) % b,
    ast.Pow: _power,
    ast.BitXor: lambda a, b: a ^ b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b,
    ast.RShift: lambda a, b: a >> b,
    ast.LShift: lambda a, b: a << min(b, 4 * DIGITS_MAX),
}
_COMPARISONS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
}
_UNARY: Mapping[type[ast.AST], Callable[[Any], Any]] = {
    ast.USub: lambda a: -a,
    ast.UAdd: lambda a: +a,
    ast.Invert: lambda a: ~a,
    ast.Not: lambda a: not a,
}


def constants(tree: ast.Module) -> Iterator[tuple[ast.expr, Any]]:
    """Yield every expression of a program that is made of constants, with its value; the whole before its parts."""
    fold = _Fold(tree)
    # What stands inside an f-string has no position that every version of Python agrees on.
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr):
            value = fold.value(node, {}, 0)
            if value is not UNKNOWN:
                yield node, value
        if not isinstance(node, ast.JoinedStr):
            waiting.extend(ast.iter_child_nodes(node))


class _Fold:
    """Values of expressions, each found once."""

    def __init__(self, tree: ast.Module) -> None:
        self.steps = 0
        self.known: dict[int, Any] = {}
        self.assigned = _assigned_once(tree)
        self.imported = _imported(tree)
        doc = ast.get_docstring(tree, clean=False)
        self.names: dict[str, Any] = {} if doc is None else {"__doc__": doc}

    def value(self, node: ast.expr, local: Mapping[str, Any], depth: int) -> Any:
        """Return what an expression comes to, UNKNOWN if that takes more than constants."""
        if not local and id(node) in self.known:
            return self.known[id(node)]
        self.steps += 1
        found: Any = UNKNOWN
        if self.steps <= STEPS_MAX and depth <= DEPTH_MAX:
            try:
                found = _bounded(self._value(node, local, depth + 1))
            except Exception:  # noqa: BLE001 - a stranger's constants may raise whatever they like
                found = UNKNOWN
        if not local:
            self.known[id(node)] = found
        return found

    def _value(self, node: ast.expr, local: Mapping[str, Any], depth: int) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return self._name(node.id, local, depth)
            case ast.BinOp():
                left, right = self._all((node.left, node.right), local, depth)
                return _OPERATORS[type(node.op)](left, right)
            case ast.UnaryOp():
                return _UNARY[type(node.op)](self._one(node.operand, local, depth))
            case ast.List():
                return self._all(node.elts, local, depth)
            case ast.Tuple():
                return tuple(self._all(node.elts, local, depth))
            case ast.Compare(ops=[asked]):
                left, right = self._all((node.left, node.comparators[0]), local, depth)
                return _COMPARISONS[type(asked)](left, right)
            case ast.Dict():
                keys = self._all([key for key in node.keys if key is not None], local, depth)
                return dict(zip(keys, self._all(node.values, local, depth), strict=True))
            case ast.Subscript():
                return self._one(node.value, local, depth)[self._index(node.slice, local, depth)]
            case ast.JoinedStr():
                return "".join(self._part(part, local, depth) for part in node.values)
            case ast.Call():
                return self._call(node, local, depth)
            case ast.ListComp() | ast.GeneratorExp():
                return self._comprehension(node, local, depth)
            case ast.IfExp():
                chosen = node.body if self._one(node.test, local, depth) else node.orelse
                return self._one(chosen, local, depth)
            case _:
                return UNKNOWN

    def _one(self, node: ast.expr, local: Mapping[str, Any], depth: int) -> Any:
        found = self.value(node, local, depth)
        if found is UNKNOWN:
            raise LookupError
        return found

    def _all(self, nodes: Any, local: Mapping[str, Any], depth: int) -> list[Any]:
        return [self._one(node, local, depth) for node in nodes]

    def _name(self, name: str, local: Mapping[str, Any], depth: int) -> Any:
        if name in local:
            return local[name]
        if name not in self.names:
            self.names[name] = UNKNOWN  # until it is known, also to itself
            if name in self.assigned:
                self.names[name] = self.value(self.assigned[name], {}, depth)
        return self.names[name]

    def _index(self, node: ast.expr, local: Mapping[str, Any], depth: int) -> Any:
        if isinstance(node, ast.Slice):
            ends = (node.lower, node.upper, node.step)
            return slice(*(None if end is None else self._one(end, local, depth) for end in ends))
        return self._one(node, local, depth)

    def _part(self, part: ast.expr, local: Mapping[str, Any], depth: int) -> str:
        if not isinstance(part, ast.FormattedValue):
            return str(self._one(part, local, depth))
        spec = "" if part.format_spec is None else self._one(part.format_spec, local, depth)
        return format(self._one(part.value, local, depth), _narrow(spec))

    def _call(self, node: ast.Call, local: Mapping[str, Any], depth: int) -> Any:
        keywords = {item.arg: self._one(item.value, local, depth) for item in node.keywords if item.arg is not None}
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            owner = self.value(node.func.value, local, depth)
            if isinstance(owner, str | bytes | float | Fraction | dict):
                given = self._all(node.args, local, depth)
                _small(node.func.attr, owner, given)
                return getattr(owner, node.func.attr)(*given, **keywords)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        name = self.imported.get(name, name)
        function = _FUNCTIONS[name]
        if name == "map":
            first = node.args[0]
            mapped = _FUNCTIONS[first.id if isinstance(first, ast.Name) else ""]
            return list(map(mapped, *self._all(node.args[1:], local, depth)))
        return function(*self._all(node.args, local, depth), **keywords)

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp, local: Mapping[str, Any], depth: int) -> list[Any]:
        (loop,) = node.generators
        found = []
        for item in self._one(loop.iter, local, depth):
            names = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
            values = item if isinstance(loop.target, ast.Tuple) else [item]
            here = {**local, **{name.id: one for name, one in zip(names, values, strict=True)}}  # type: ignore[attr-defined]
            if all(self._one(test, here, depth) for test in loop.ifs):
                found.append(self._one(node.elt, here, depth))
        return found


def _assigned_once(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the names that are bound in one place of a file alone, by a plain assignment."""
    bound: Counter[str] = Counter()
    plain: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                bound[node.id] += 1
            case ast.arg():
                bound[node.arg] += 1
            case ast.alias():
                bound[(node.asname or node.name).partition(".")[0]] += 1
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bound[node.name] += 1
            case ast.Assign(targets=[ast.Name() as name]):
                plain[name.id] = node.value
            case ast.Assign(targets=[ast.Tuple() as names], value=ast.Tuple() as values):
                pairs = zip(names.elts, values.elts, strict=False)
                plain |= {name.id: value for name, value in pairs if isinstance(name, ast.Name)}
            case ast.AnnAssign(target=ast.Name() as name) if node.value is not None:
                plain[name.id] = node.value
    augmented = {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    return {name: value for name, value in plain.items() if bound[name] == 1 and name not in augmented}


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return what functions that were imported under another name are called where they come from."""
    names = (item for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for item in node.names)
    return {item.asname: item.name for item in names if item.asname is not None}


def _bounded(value: Any) -> Any:
    if isinstance(value, int | Decimal | Fraction) and not abs(value) < 10**DIGITS_MAX:
        return UNKNOWN
    if isinstance(value, str | bytes | list | tuple | dict) and len(value) > ITEMS_MAX:
        return UNKNOWN
    return value
