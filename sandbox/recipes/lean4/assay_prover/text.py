"""The export: declarations as lines of text, each of which refers to earlier ones. Written by `prove`, read by `replay`.

    assay-proof-export-v1
    n PARENT s "TEXT" | n PARENT i INDEX                  names, from 1; 0 is the empty one
    l z | l s LEVEL | l m LEVEL LEVEL | l i … | l p NAME  levels, from 0
    e KIND …                                              terms, from 0, as `terms.py` gives them
    d KIND PARAMETERS NAME TYPE [VALUE [HINT]]            declarations; PARAMETERS is [] or [NAME,NAME]
    i PARAMETERS FIXED [[NAME,TYPE,[[NAME,TYPE],…]],…]    a group of inductive types

Whoever reads it trusts nothing: numbers refer to what stands before, or the text is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .terms import OPAQUE, Declaration, Inductive, Table, children

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FIRST = "assay-proof-export-v1"
BYTES_MAX = 48 << 20
DIGITS_MAX = 700_000  # of one number
KINDS = {"axiom": 0, "opaque": 1, "theorem": 1, "def": 2}  # how many members follow the type
TERMS = {"v": "k", "s": "l", "a": "ee", "l": "ee", "p": "ee", "t": "eee", "n": "k", "x": "x", "j": "nke"}
LEVELS = {"z": "", "s": "l", "m": "ll", "i": "ll", "p": "n"}


class ExportError(Exception):
    """A text is no export."""


def write(declarations: Sequence[Declaration], table: Table) -> str:
    """Return declarations as text, and of the table what they need: it may hold more."""
    lines = [FIRST]
    out = _Writer(table, lines)
    for item in declarations:
        parameters = _compact([out.name(name) for name in item.parameters])
        if item.kind == "inductive":
            group = [
                [out.name(one.name), out.term(one.type), [[out.name(n), out.term(t)] for n, t in one.constructors]]
                for one in item.group
            ]
            lines.append(f"i {parameters} {item.fixed} {_compact(group)}")
        else:
            members = [out.name(item.name), out.term(item.type)]
            members += [out.term(item.value)] if KINDS[item.kind] else []
            members += [item.hint] if item.kind == "def" else []
            lines.append(f"d {item.kind} {parameters} {' '.join(map(str, members))}")
    return "\n".join(lines) + "\n"


def read(data: bytes, table: Table) -> list[Declaration]:
    """Return what a text declares; names, levels and terms go into the table.

    Raises:
        ExportError: it is none, is too long, or refers to what does not stand before.

    """
    if len(data) > BYTES_MAX:
        raise ExportError(f"the export has {len(data)} bytes, and {BYTES_MAX} are read")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ExportError("the export is no UTF-8") from error
    if lines[0] != FIRST or lines[-1]:
        raise ExportError(f"the export does not begin with {FIRST!r} and end with a line")
    reader = _Reader(table)
    for number, line in enumerate(lines[1:-1], 2):
        try:
            reader.line(line)
        except (ValueError, IndexError, TypeError, KeyError, RecursionError) as error:
            raise ExportError(f"line {number} of the export is not understood: {line[:80]!r}") from error
    return reader.found


class _Writer:
    """Gives numbers of the text to what a table holds, after what it needs."""

    def __init__(self, table: Table, lines: list[str]) -> None:
        self.table, self.lines = table, lines
        self._names, self._levels, self._terms = {0: 0}, dict[int, int](), dict[int, int]()

    def name(self, number: int) -> int:
        chain = []
        while number not in self._names:
            chain.append(number)
            number = int(self.table.names[number][1])
        for item in reversed(chain):
            kind, parent, last = self.table.names[item]
            said = json.dumps(last) if kind == "s" else str(last)
            self.lines.append(f"n {self._names[int(parent)]} {kind} {said}")
            self._names[item] = len(self._names)
        return self._names[chain[0]] if chain else self._names[number]

    def level(self, number: int) -> int:
        open_ = [number]
        while open_:
            item = open_[-1]
            kind, *within = self.table.levels[item]
            missing = [int(one) for one in within if int(one) not in self._levels] if kind != "p" else []
            if item in self._levels:
                open_.pop()
            elif missing:
                open_ += missing
            else:
                open_.pop()
                parts = [self.name(int(one)) if kind == "p" else self._levels[int(one)] for one in within]
                self.lines.append(" ".join(["l", str(kind), *map(str, parts)]))
                self._levels[item] = len(self._levels)
        return self._levels[number]

    def term(self, number: int) -> int:
        open_ = [number]
        while open_:
            item = open_[-1]
            missing = [one for one in children(self.table.terms[item]) if one not in self._terms]
            if item in self._terms:
                open_.pop()
            elif missing:
                open_ += missing
            else:
                open_.pop()
                self.lines.append(self._line(self.table.terms[item]))
                self._terms[item] = len(self._terms)
        return self._terms[number]

    def _line(self, key: tuple[str | int, ...]) -> str:
        kind, *within = key
        if kind == "c":
            parts = [self.name(int(within[0])), *(self.level(int(one)) for one in within[1:])]
        elif kind == "x":
            return f"e x {json.dumps(within[0])}"
        else:
            see: dict[str, Callable[[int], int]] = {
                "e": self._terms.__getitem__,
                "l": self.level,
                "n": self.name,
                "k": int,
            }
            parts = [see[sort](int(one)) for sort, one in zip(TERMS[str(kind)], within, strict=True)]
        return " ".join(["e", str(kind), *map(decimal, parts)])


class _Reader:
    """Reads lines, and checks each number."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.found: list[Declaration] = []
        self._names: list[int] = [0]
        self._levels: list[int] = []
        self._terms: list[int] = []

    def line(self, line: str) -> None:
        """Read one.

        Raises:
            ValueError, IndexError, TypeError, KeyError: it is not understood.

        """
        word, _, rest = line.partition(" ")
        if word == "n":
            parent, kind, last = rest.split(" ", 2)
            value = _text(last) if kind == "s" else natural(last)
            if kind not in {"s", "i"}:
                raise ValueError(kind)
            self._names.append(self.table.name((kind, self._at(self._names, parent), value)))
        elif word == "l":
            kind, *within = rest.split(" ")
            self._levels.append(self.table.level((kind, *self._members(LEVELS[kind], within))))
        elif word == "e":
            self._terms.append(self.table.term(self._term(rest)))
        elif word == "d":
            self.found.append(self._single(*rest.split(" ")))
        elif word == "i":
            parameters, fixed, group = rest.split(" ", 2)
            items = tuple(self._inductive(*one) for one in json.loads(group))
            self.found.append(Declaration("inductive", self._parameters(parameters), fixed=natural(fixed), group=items))
        else:
            raise ValueError(word)

    def _term(self, rest: str) -> tuple[str | int, ...]:
        kind, _, said = rest.partition(" ")
        if kind == "x":
            return ("x", _text(said))
        within = said.split(" ")
        if kind == "c":
            return ("c", self._at(self._names, within[0]), *(self._at(self._levels, one) for one in within[1:]))
        return (kind, *self._members(TERMS[kind], within))

    def _members(self, sorts: str, within: Sequence[str]) -> list[int]:
        held = {"e": self._terms, "l": self._levels, "n": self._names}
        pairs = zip(sorts, within, strict=True)
        return [natural(one) if sort == "k" else self._at(held[sort], one) for sort, one in pairs]

    def _single(self, kind: str, parameters: str, name: str, type_: str, *rest: str) -> Declaration:
        if len(rest) != KINDS[kind]:
            raise ValueError(kind)
        value = self._at(self._terms, rest[0]) if rest else 0
        hint = 0 if len(rest) < 2 else int(rest[1])
        if not OPAQUE <= hint < 1 << 32:
            raise ValueError(hint)
        names = (self._at(self._names, name), self._at(self._terms, type_))
        return Declaration(kind, self._parameters(parameters), *names, value, hint)

    def _inductive(self, name: int, type_: int, constructors: list[tuple[int, int]]) -> Inductive:
        pairs = tuple((self._at(self._names, one), self._at(self._terms, two)) for one, two in constructors)
        return Inductive(self._at(self._names, name), self._at(self._terms, type_), pairs)

    def _parameters(self, said: str) -> tuple[int, ...]:
        return tuple(self._at(self._names, item) for item in json.loads(said))

    def _at(self, held: list[int], number: str | int) -> int:
        if isinstance(number, bool) or not isinstance(number, str | int):
            raise TypeError(number)
        return held[natural(str(number))]


def natural(text: str) -> int:
    """Return a number from its digits; Python's own limit of digits is too low for what Lean writes."""
    if not (text.isascii() and text.isdigit()) or len(text) > DIGITS_MAX:
        raise ValueError(text[:20])
    if len(text) <= 4000:
        return int(text)
    half = len(text) // 2
    shift: int = 10 ** (len(text) - half)
    return natural(text[:half]) * shift + natural(text[half:])


def decimal(number: int) -> str:
    """Return the digits of a number, however many."""
    if number.bit_length() < 12_000:
        return str(number)
    digits = number.bit_length() * 30103 // 200_000
    above, below = divmod(number, 10**digits)
    return decimal(above) + decimal(below).rjust(digits, "0")


def _text(said: str) -> str:
    value = json.loads(said)
    if not isinstance(value, str):
        raise TypeError(said[:20])
    value.encode()  # no half of a pair
    return value


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
