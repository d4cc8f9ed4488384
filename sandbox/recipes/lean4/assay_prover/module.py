"""From a compiled module to declarations: the shapes of Lean's own data, as `Objects` finds them.

What is not understood is an error. Constructors come with their types, and recursors are left out: the kernel makes them.
What is unsafe or partial is left out too, as nothing that is safe can depend on it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from .olean import UnreadableError
from .terms import ABBREVIATION, OPAQUE, Declaration, Inductive, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from .olean import Constructor, Objects
    from .terms import Key

AXIOM, DEFINITION, THEOREM, OPAQUE_CONSTANT, QUOTIENT, INDUCTIVE, CONSTRUCTOR, RECURSOR = range(8)  # of ConstantInfo
SAFE = 1  # of DefinitionSafety: unsafe, safe, partial
CACHED = 8  # bytes of a term's own notes, before its other scalars
UINT32 = 4


class Module:
    """What one module declares."""

    def __init__(self, objects: Objects, table: Table) -> None:
        """Read the list of constants.

        Raises:
            UnreadableError: this is no compiled module.

        """
        self.objects, self.table = objects, table
        self._names: dict[int, int] = {}
        self._levels: dict[int, int] = {}
        self._terms: dict[int, int] = {}
        root = objects.constructor(objects.root)
        _require(root, 0, 5)
        self.imports = [self.name(objects.constructor(item).fields[0]) for item in objects.array(root.fields[0])]
        self._infos = [objects.constructor(item) for item in objects.array(root.fields[2])]

    def declared(self) -> list[tuple[str | int, ...]]:
        """Return the names of everything that is declared, each as its parts."""
        names = self.objects.array(self.objects.constructor(self.objects.root).fields[1])
        return [self.table.parts(self.name(item)) for item in names]

    def declarations(self) -> list[Declaration]:
        """Return everything that is declared, in the order of its need."""
        values = [(info.tag, self.objects.constructor(info.fields[0])) for info in self._infos]
        self._types = {self._head(value)[0]: value for tag, value in values if tag == INDUCTIVE}
        self._constructors = {self._head(value)[0]: value for tag, value in values if tag == CONSTRUCTOR}
        found: list[Declaration] = []
        grouped: set[int] = set()
        for tag, value in values:
            if tag not in {INDUCTIVE, CONSTRUCTOR, RECURSOR}:
                found += self._single(tag, value)
            elif tag == INDUCTIVE and self._head(value)[0] not in grouped:
                group = self._group(value)
                grouped.update(item.name for declaration in group for item in declaration.group)
                found += group
        heads = [
            (self._head(value)[0], self.objects.items(value.fields[1])) for tag, value in values if tag == RECURSOR
        ]
        return in_order(found, self.table, {name: self.name(types[0]) for name, types in heads if types})

    def name(self, value: int) -> int:
        """Return the number of a name, which is a chain."""
        chain: list[tuple[int, Constructor]] = []
        while not value & 1 and value not in self._names:
            key = self.objects.constructor(value)
            if key.tag not in {1, 2} or len(key.fields) != 2 or len(chain) > 10_000:
                raise UnreadableError(f"no name at {value:#x}")
            chain.append((value, key))
            value = key.fields[0]
        number = self._names.get(value, 0)
        for address, key in reversed(chain):
            text = key.tag == 1
            last = self.objects.text(key.fields[1]) if text else self.objects.number(key.fields[1])
            number = self._names[address] = self.table.name(("s" if text else "i", number, last))
        return number

    def level(self, value: int) -> int:
        """Return the number of a level."""
        return self._walk(value, self._levels, self._level)

    def term(self, value: int) -> int:
        """Return the number of a term."""
        return self._walk(value, self._terms, self._term)

    def _walk(
        self, value: int, known: dict[int, int], read: Callable[[int], tuple[list[int], Callable[[list[int]], int]]]
    ) -> int:
        """Read an object after those within it, without recursion: a stranger's term may be very deep."""
        open_, pending = [value], set()
        while open_:
            address = open_[-1]
            if address in known:
                open_.pop()
                continue
            within, make = read(address)
            missing = [item for item in within if item not in known]
            if not missing:
                known[address] = make([known[item] for item in within])
                open_.pop()
                continue
            if address in pending:
                raise UnreadableError(f"the object at {address:#x} holds itself")
            pending.add(address)
            open_ += missing
        return known[value]

    def _level(self, address: int) -> tuple[list[int], Callable[[list[int]], int]]:
        if address == 1:  # the constructor without fields, as a number
            return [], lambda _: self.table.level(("z",))
        key = self.objects.constructor(address)
        word = {1: "s", 2: "m", 3: "i"}.get(key.tag)
        if word is not None and len(key.fields) == min(key.tag, 2):
            return list(key.fields), lambda found: self.table.level((word, *found))
        if key.tag == 4 and len(key.fields) == 1:
            name = self.name(key.fields[0])
            return [], lambda _: self.table.level(("p", name))
        raise UnreadableError(f"no closed level at {address:#x}")

    def _term(self, address: int) -> tuple[list[int], Callable[[list[int]], int]]:
        key = self.objects.constructor(address)
        shape, table = (key.tag, len(key.fields)), self.table
        if shape == (5, 2):
            return list(key.fields), lambda found: table.term(("a", *found))
        if shape in {(6, 3), (7, 3)}:
            word = "l" if key.tag == 6 else "p"
            return list(key.fields[1:]), lambda found: table.term((word, *found))
        if shape == (8, 4):
            return list(key.fields[1:]), lambda found: table.term(("t", *found))
        if shape == (10, 2):  # a note, which means nothing
            return [key.fields[1]], lambda found: found[0]
        if shape == (11, 3):
            head = ("j", self.name(key.fields[0]), self.objects.number(key.fields[1]))
            return [key.fields[2]], lambda found: table.term((*head, *found))
        leaf = self._leaf(shape, key, address)
        return [], lambda _: table.term(leaf)

    def _leaf(self, shape: tuple[int, int], key: Constructor, address: int) -> Key:
        if shape == (0, 1):
            return ("v", self.objects.number(key.fields[0]))
        if shape == (3, 1):
            return ("s", self.level(key.fields[0]))
        if shape == (4, 2):
            return ("c", self.name(key.fields[0]), *(self.level(item) for item in self.objects.items(key.fields[1])))
        if shape == (9, 1):
            literal = self.objects.constructor(key.fields[0])
            if (literal.tag, len(literal.fields)) == (0, 1):
                return ("n", self.objects.number(literal.fields[0]))
            if (literal.tag, len(literal.fields)) == (1, 1):
                return ("x", self.objects.text(literal.fields[0]))
        raise UnreadableError(f"no closed term at {address:#x}")

    def _head(self, value: Constructor) -> tuple[int, tuple[int, ...], int]:
        """Return name, parameters and type of a constant."""
        head = self.objects.constructor(value.fields[0])
        _require(head, 0, 3)
        parameters = tuple(self.name(item) for item in self.objects.items(head.fields[1]))
        return self.name(head.fields[0]), parameters, self.term(head.fields[2])

    def _single(self, tag: int, value: Constructor) -> list[Declaration]:
        name, parameters, type_ = self._head(value)
        if tag == AXIOM:
            return [] if value.scalars[0] else [Declaration("axiom", parameters, name, type_)]
        if tag == QUOTIENT:
            raise UnreadableError("a quotient is declared, which only the library may")
        if tag == THEOREM:
            return [Declaration("theorem", parameters, name, type_, self.term(value.fields[1]))]
        if tag == OPAQUE_CONSTANT:
            return (
                [] if value.scalars[0] else [Declaration("opaque", parameters, name, type_, self.term(value.fields[1]))]
            )
        if tag != DEFINITION:
            raise UnreadableError(f"no constant of kind {tag} is known")
        if value.scalars[0] != SAFE:
            return []
        return [Declaration("def", parameters, name, type_, self.term(value.fields[1]), self._hint(value.fields[2]))]

    def _hint(self, value: int) -> int:
        if value & 1:
            return OPAQUE if value >> 1 == 0 else ABBREVIATION
        height = self.objects.constructor(value)
        _require(height, 2, 0)
        return int(struct.unpack_from("<I", height.scalars.ljust(UINT32, b"\0"))[0])

    def _group(self, value: Constructor) -> list[Declaration]:
        """Return the group of inductive types to which one belongs, or nothing when it is unsafe."""
        names = [self.name(item) for item in self.objects.items(value.fields[3])]
        _, parameters, _ = self._head(value)
        if value.scalars[1]:
            return []
        try:
            items = []
            for name in names:
                one = self._types[name]
                built = [self.name(item) for item in self.objects.items(one.fields[4])]
                pairs = tuple((item, self._head(self._constructors[item])[2]) for item in built)
                items.append(Inductive(name, self._head(one)[2], pairs))
        except KeyError as error:
            raise UnreadableError("a group of inductive types is not whole") from error
        fixed = self.objects.number(value.fields[1])
        return [Declaration("inductive", parameters, fixed=fixed, group=tuple(items))]


def in_order(found: list[Declaration], table: Table, recursors: dict[int, int]) -> list[Declaration]:
    """Return declarations so that each stands after those that it uses; circles stay, and the kernel refuses them.

    Args:
        found: in any order.
        table: of their terms.
        recursors: name of each recursor -> name of a type of its group.

    """
    owner = {name: index for index, item in enumerate(found) for name in item.names()}
    owner.update({name: owner[type_] for name, type_ in recursors.items() if type_ in owner})
    needs = [
        sorted({owner[name] for term in item.terms() for name in table.constants(term) if name in owner})
        for item in found
    ]
    done: list[int] = []
    state = [0] * len(found)  # 0 not begun, 1 begun, 2 done
    for first in range(len(found)):
        open_ = [first]
        while open_:
            index = open_[-1]
            if state[index] == 0:
                state[index] = 1
                open_ += [item for item in reversed(needs[index]) if state[item] == 0]
            else:
                open_.pop()
                if state[index] == 1:
                    state[index] = 2
                    done.append(index)
    return [found[index] for index in done]


def _require(found: Constructor, tag: int, fields: int) -> None:
    if (found.tag, len(found.fields)) != (tag, fields):
        raise UnreadableError(f"an object of kind {found.tag} with {len(found.fields)} fields was not expected")
