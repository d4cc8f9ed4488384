"""Names, levels, terms and declarations, each distinct one with one number, whichever file it came from.

Two terms are the same when their numbers are. What cannot change what a term means is not kept: names and kinds of binders,
and notes to the elaborator.

    name         ("s", name, text) | ("i", name, index); 0 is the empty one
    level        ("z",) | ("s", level) | ("m" | "i", level, level) | ("p", name)
    term         ("v", index) | ("s", level) | ("c", name, level …) | ("a", term, term) | ("l" | "p", type, body)
                 | ("t", type, value, body) | ("n", number) | ("x", text) | ("j", name of structure, index, term)
    declaration  ("axiom", name, parameters, type) | ("opaque" | "theorem", …, value) | ("def", …, value, hint)
                 | ("inductive", parameters, number of them, ((name, type, ((name, type) …)) …))
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[str | int, ...]
Hint: TypeAlias = int  # -2 opaque, -1 abbreviation, else the height

OPAQUE, ABBREVIATION = -2, -1


@dataclass(frozen=True)
class Inductive:
    """One type of a group, and its constructors."""

    name: int
    type: int
    constructors: tuple[tuple[int, int], ...]  # (name, type)


@dataclass(frozen=True)
class Declaration:
    """What the kernel is given; of a group of inductive types all at once."""

    kind: str  # axiom def theorem opaque inductive
    parameters: tuple[int, ...]  # names of the levels
    name: int = 0
    type: int = 0
    value: int = 0
    hint: Hint = 0
    fixed: int = 0  # of an inductive type: how many of its arguments are parameters
    group: tuple[Inductive, ...] = ()

    def names(self) -> list[int]:
        """Return what it declares, but for the recursors."""
        if self.kind != "inductive":
            return [self.name]
        return [name for item in self.group for name in (item.name, *(pair[0] for pair in item.constructors))]

    def terms(self) -> list[int]:
        """Return its types and its value."""
        if self.kind != "inductive":
            return [self.type, *([self.value] if self.kind != "axiom" else [])]
        return [term for item in self.group for term in (item.type, *(pair[1] for pair in item.constructors))]


@dataclass
class Table:
    """Every name, level and term, by number."""

    names: list[Key] = field(default_factory=lambda: [()])
    levels: list[Key] = field(default_factory=list)
    terms: list[Key] = field(default_factory=list)
    _seen: dict[tuple[int, Key], int] = field(default_factory=dict)

    def name(self, key: Key) -> int:
        """Return the number of a name."""
        return self._number(0, self.names, key)

    def level(self, key: Key) -> int:
        """Return the number of a level."""
        return self._number(1, self.levels, key)

    def term(self, key: Key) -> int:
        """Return the number of a term."""
        return self._number(2, self.terms, key)

    def written(self, name: int) -> str:
        """Return a name as people write it."""
        return ".".join(map(str, self.parts(name)))

    def parts(self, name: int) -> tuple[str | int, ...]:
        """Return the parts of a name, the outermost first."""
        parts: list[str | int] = []
        while name:
            _, parent, last = self.names[name]
            parts.append(last)
            name = int(parent)
        return tuple(reversed(parts))

    def named(self, text: str, *above: str | int) -> int:
        """Return the number of a name that is written with dots, below others."""
        number = 0
        for part in (*above, *text.split(".")):
            number = self.name(("i" if isinstance(part, int) else "s", number, part))
        return number

    def constants(self, term: int) -> set[int]:
        """Return the names that a term uses."""
        seen, open_, found = {term}, [term], set()
        while open_:
            key = self.terms[open_.pop()]
            if key[0] == "c" or key[0] == "j":
                found.add(int(key[1]))
            for child in children(key):
                if child not in seen:
                    seen.add(child)
                    open_.append(child)
        return found

    def _number(self, sort: int, held: list[Key], key: Key) -> int:
        number = self._seen.get((sort, key))
        if number is None:
            number = self._seen[sort, key] = len(held)
            held.append(key)
        return number


def children(key: Key) -> tuple[int, ...]:
    """Return the terms within a term."""
    if key[0] in {"a", "l", "p", "t"}:
        return tuple(int(item) for item in key[1:])
    return (int(key[3]),) if key[0] == "j" else ()
