"""What the judge reads: an export's declarations, one token a line, so that Lean needs no parser of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .terms import children
from .text import decimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .compare import Export
    from .terms import Declaration, Table

PIECE = 100  # names
ENDS = ("\n", "\r", "\0")  # what a line of text cannot hold


def feed(export: Export, library: Iterable[int]) -> str:
    """Return every declaration, then the library's constants whose axioms are asked for, then the end."""
    out = _Feed(export.table)
    for item in export.declarations:
        out.declaration(item)
    names = [out.name(name) for name in sorted(library)]
    out.say("b", len(names), *names)
    out.say(".")
    return "\n".join(out.tokens) + "\n"


def questions(table: Table, names: Sequence[int]) -> str:
    """Return the question which of some names the library has, in pieces that plain recursion can hold."""
    out = _Feed(table)
    for first in range(0, len(names), PIECE):
        numbers = [out.name(name) for name in names[first : first + PIECE]]
        out.say("k", first, len(numbers), *numbers)
    out.say(".")
    return "\n".join(out.tokens) + "\n"


class _Feed:
    def __init__(self, table: Table) -> None:
        self.table = table
        self.tokens: list[str] = []
        self._names, self._levels, self._terms = {0: 0}, dict[int, int](), dict[int, int]()

    def say(self, *tokens: str | int) -> None:
        self.tokens += [decimal(item) if isinstance(item, int) else item for item in tokens]

    def declaration(self, item: Declaration) -> None:
        parameters = [self.name(name) for name in item.parameters]
        if item.kind != "inductive":
            name, type_ = self.name(item.name), self.term(item.type)
            value = self.term(item.value) if item.kind != "axiom" else 0
            self.say("d", item.kind, name, type_, value, item.hint + 2, len(parameters), *parameters)
            return
        types: list[int] = []
        for one in item.group:
            pairs = [number for name, term in one.constructors for number in (self.name(name), self.term(term))]
            types += [self.name(one.name), self.term(one.type), len(one.constructors), *pairs]
        length = 5 + len(parameters) + len(types)
        self.say("i", length, item.fixed, len(item.group), len(parameters), *parameters, *types)

    def name(self, number: int) -> int:
        chain = []
        while number not in self._names:
            chain.append(number)
            number = int(self.table.names[number][1])
        for item in reversed(chain):
            kind, parent, last = self.table.names[item]
            above = self._names[int(parent)]
            if kind == "i":
                self.say("ni", above, last)
            elif any(end in str(last) for end in ENDS):
                self.say("nc", above, len(str(last)), *map(ord, str(last)))
            else:
                self.say("ns", above, last)
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
                self.say(f"l{kind}", *parts)
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
                self._say_term(*self.table.terms[item])
                self._terms[item] = len(self._terms)
        return self._terms[number]

    def _say_term(self, kind: str | int, *within: str | int) -> None:
        if kind == "x":
            points = [ord(item) for item in str(within[0])]
            self.say("x", len(points), *points)
        elif kind == "c":
            levels = [self.level(int(item)) for item in within[1:]]
            self.say("c", self.name(int(within[0])), len(levels), *levels)
        elif kind == "s":
            self.say("s", self.level(int(within[0])))
        elif kind in {"v", "n"}:
            self.say(str(kind), *within)
        elif kind == "j":
            self.say("j", self.name(int(within[0])), within[1], self._terms[int(within[2])])
        else:
            self.say(str(kind), *(self._terms[int(item)] for item in within))
