"""Reads an export of lean4export, format 3.1: a line of JSON for each name, level, term and declaration.

    {"meta": {"exporter": {"name", "version"}, "format": {"version"}, "lean": {"githash", "version"}}}
    {"in": N, "str": {"pre", "str"}} | {"in": N, "num": {"pre", "i"}}                     names, from 1; 0 is the empty one
    {"il": N, "succ": L} | {"il": N, "max": [L, L]} | … "imax" | {"il": N, "param": NAME} levels, from 1; 0 is zero
    {"ie": N, "bvar" | "sort" | "const" | "app" | "lam" | "forallE" | "letE" | "proj" | "natVal" | "strVal" | "mdata": …}
    {"axiom" | "def" | "thm" | "opaque" | "quot" | "inductive": …}                           declarations

It holds the theorem with everything under it, the library's too. Names and kinds of binders, notes and recursors are left
out, as in our own export (`text.py`); so is what is unsafe or partial, and quotients, which are the library's. Whoever wrote
it is not believed: numbers refer to what stands before, or the export is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .terms import ABBREVIATION, OPAQUE, Declaration, Inductive, Table
from .text import ExportError, natural

if TYPE_CHECKING:
    from collections.abc import Callable

BYTES_MAX = 64 << 20  # as many as a box may leave
FORMAT = "3.1."
UINT32_MAX = (1 << 32) - 1


@dataclass(frozen=True)
class Meta:
    """Who wrote an export."""

    exporter: str
    format: str
    lean_version: str
    lean_commit: str


def read(data: bytes, table: Table) -> list[Declaration]:
    """Return what an export declares; names, levels and terms go into the table.

    Raises:
        ExportError: it is none, is too long, or refers to what does not stand before.

    """
    return read_with_meta(data, table)[1]


def read_with_meta(data: bytes, table: Table) -> tuple[Meta, list[Declaration]]:
    """Return who wrote an export, and what it declares.

    Raises:
        ExportError: see `read`.

    """
    if len(data) > BYTES_MAX:
        raise ExportError(f"the export has {len(data)} bytes, and {BYTES_MAX} are read")
    lines = data.split(b"\n")
    if lines[-1] or len(lines) < 2:
        raise ExportError("the export does not end with a line")
    reader, number = _Reader(table), 1
    try:
        meta = _meta(json.loads(lines[0]))
        for number, line in enumerate(lines[1:-1], 2):  # noqa: B007 - the fault names it
            reader.take(json.loads(line))
    except (ValueError, IndexError, TypeError, KeyError, AttributeError, RecursionError) as error:
        said = lines[number - 1][:80].decode("utf-8", "replace")
        raise ExportError(f"line {number} of the export is not understood: {said!r}") from error
    return meta, reader.found


def _meta(document: dict[str, Any]) -> Meta:
    found = document["meta"]
    meta = Meta(
        found["exporter"]["version"], found["format"]["version"], found["lean"]["version"], found["lean"]["githash"]
    )
    if not meta.format.startswith(FORMAT):
        raise ValueError(meta.format)
    return meta


class _Reader:
    """Takes lines, and checks each number."""

    def __init__(self, table: Table) -> None:
        self.found: list[Declaration] = []
        self._table = table
        self._names = [0]
        self._levels = [table.level(("z",))]
        self._terms: list[int] = []
        self._declared: dict[str, Callable[[dict[str, Any]], Declaration | None]] = {
            "axiom": self._axiom,
            "def": self._definition,
            "thm": lambda one: self._valued("theorem", one),
            "opaque": lambda one: None if _flag(one, "isUnsafe") else self._valued("opaque", one),
            "quot": lambda _: None,
            "inductive": self._group,
        }

    def take(self, line: dict[str, Any]) -> None:
        """Take one line.

        Raises:
            ValueError, IndexError, TypeError, KeyError, AttributeError: it is not understood.

        """
        for mark, held, made in (
            ("in", self._names, self._name),
            ("il", self._levels, self._level),
            ("ie", self._terms, self._term),
        ):
            if mark in line:
                if line.pop(mark) != len(held):
                    raise ValueError(mark)
                ((kind, value),) = line.items()
                held.append(made(kind, value))
                return
        ((kind, value),) = line.items()
        found = self._declared[kind](value)
        if found is not None:
            self.found.append(found)

    def _name(self, kind: str, value: dict[str, Any]) -> int:
        above = _at(self._names, value["pre"])
        if kind == "str":
            return self._table.name(("s", above, _text(value["str"])))
        if kind == "num":
            return self._table.name(("i", above, _count(value["i"])))
        raise ValueError(kind)

    def _level(self, kind: str, value: Any) -> int:
        if kind == "succ":
            return self._table.level(("s", _at(self._levels, value)))
        if kind == "param":
            return self._table.level(("p", _at(self._names, value)))
        one, two = value
        mark = {"max": "m", "imax": "i"}[kind]
        return self._table.level((mark, _at(self._levels, one), _at(self._levels, two)))

    def _term(self, kind: str, value: Any) -> int:
        term = self._table.term
        match kind:
            case "bvar":
                return term(("v", _count(value)))
            case "sort":
                return term(("s", _at(self._levels, value)))
            case "const":
                levels = (_at(self._levels, item) for item in value["us"])
                return term(("c", _at(self._names, value["name"]), *levels))
            case "app":
                return term(("a", self._of(value, "fn"), self._of(value, "arg")))
            case "lam" | "forallE":
                return term(("l" if kind == "lam" else "p", self._of(value, "type"), self._of(value, "body")))
            case "letE":
                return term(("t", self._of(value, "type"), self._of(value, "value"), self._of(value, "body")))
            case "proj":
                name = _at(self._names, value["typeName"])
                return term(("j", name, _count(value["idx"]), self._of(value, "struct")))
            case "natVal":
                return term(("n", natural(_text(value))))
            case "strVal":
                return term(("x", _text(value)))
            case "mdata":
                return self._of(value, "expr")
        raise ValueError(kind)

    def _of(self, value: dict[str, Any], member: str) -> int:
        return _at(self._terms, value[member])

    def _head(self, one: dict[str, Any]) -> tuple[tuple[int, ...], int, int]:
        """Return parameters, name and type of a constant."""
        parameters = tuple(_at(self._names, item) for item in one["levelParams"])
        return parameters, _at(self._names, one["name"]), self._of(one, "type")

    def _axiom(self, one: dict[str, Any]) -> Declaration | None:
        return None if _flag(one, "isUnsafe") else Declaration("axiom", *self._head(one))

    def _valued(self, kind: str, one: dict[str, Any], hint: int = 0) -> Declaration:
        return Declaration(kind, *self._head(one), self._of(one, "value"), hint)

    def _definition(self, one: dict[str, Any]) -> Declaration | None:
        if one["safety"] not in {"safe", "unsafe", "partial"}:
            raise ValueError("safety")
        return self._valued("def", one, _hint(one["hints"])) if one["safety"] == "safe" else None

    def _group(self, one: dict[str, Any]) -> Declaration | None:
        types = one["types"]
        if any(_flag(item, "isUnsafe") for item in types):
            return None
        made = {self._head(item)[1]: self._head(item)[2] for item in one["ctors"]}
        group = []
        for item in types:
            built = [_at(self._names, name) for name in item["ctors"]]
            group.append(Inductive(*self._head(item)[1:], tuple((name, made[name]) for name in built)))
        parameters = self._head(types[0])[0]
        return Declaration("inductive", parameters, fixed=_count(types[0]["numParams"]), group=tuple(group))


def _hint(value: Any) -> int:
    if value in ("opaque", "abbrev"):
        return OPAQUE if value == "opaque" else ABBREVIATION
    height = _count(value["regular"])
    if height > UINT32_MAX:
        raise ValueError("hints")
    return height


def _flag(one: dict[str, Any], name: str) -> bool:
    if not isinstance(one[name], bool):
        raise TypeError(name)
    return bool(one[name])


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:  # a truth value is none
        raise TypeError(repr(value)[:20])
    return value


def _at(held: list[int], value: Any) -> int:
    return held[_count(value)]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(repr(value)[:20])
    value.encode()  # no half of a pair
    return value
