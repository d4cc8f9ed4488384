"""Reads what Lean compiled: a graph of objects, of which every pointer is checked before it is followed.

Layout (Lean 4.28, 32 bit, little endian), from `src/library/module.cpp` and `lean.h` of Lean 4:

    0   "olean", version 2, one byte of flags, 33 bytes of Lean's version, 40 of its commit
    80  base address, 84 address of the root, then objects, each at a multiple of four

An object is a header (4 bytes of references, 2 of size, 1 of the number of fields, 1 of the kind) and its contents. An odd
pointer is a number. A module of three parts has three files, of which later ones point into earlier ones. Lean maps such a
file and trusts it; a forged one meets a bounds check here, and its contents are only ever data for the kernel.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ARRAY, STRING, NUMBER, FIELDS_MAX = 246, 249, 250, 244
HEADER, OBJECT, WORD = 88, 8, 4
SIZE_MAX = 64 << 20  # bytes of one part
DIGITS_MAX = 1 << 16  # words of one number


class UnreadableError(Exception):
    """What was compiled is not what Lean writes."""


@dataclass(frozen=True)
class Constructor:
    """An object with fields; each is a number or an address."""

    tag: int
    fields: tuple[int, ...]  # as they stand: odd for a number
    scalars: bytes


@dataclass(frozen=True)
class Part:
    """One file."""

    base: int
    root: int
    data: bytes


class Objects:
    """The parts of one module, and every object of them by its address."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        """Read the heads of the parts, the last of which holds the root.

        Raises:
            UnreadableError: one is no part.

        """
        self.parts = [_part(data) for data in parts]
        self.root = self.parts[-1].root
        self.version = parts[0][7:40].rstrip(b"\0").decode("ascii", "replace")
        self.commit = parts[0][40:80].rstrip(b"\0").decode("ascii", "replace")

    def kind(self, address: int) -> int:
        """Return the kind of an object."""
        part, at = self._find(address, OBJECT)
        return part.data[at + 7]

    def constructor(self, address: int) -> Constructor:
        """Return an object with fields.

        Raises:
            UnreadableError: it is none, or does not lie in its part.

        """
        part, at = self._find(address, OBJECT)
        size, count, tag = struct.unpack_from("<HBB", part.data, at + 4)
        if tag > FIELDS_MAX or size < OBJECT + WORD * count:
            raise UnreadableError(f"no object with fields at {address:#x}")
        self._find(address, size)
        begin = at + OBJECT
        fields = struct.unpack_from(f"<{count}I", part.data, begin)
        return Constructor(tag, fields, part.data[begin + WORD * count : at + size])

    def array(self, address: int) -> tuple[int, ...]:
        """Return the entries of an array."""
        part, at = self._find(address, OBJECT + 2 * WORD)
        if part.data[at + 7] != ARRAY:
            raise UnreadableError(f"no array at {address:#x}")
        (count,) = struct.unpack_from("<I", part.data, at + OBJECT)
        self._find(address, OBJECT + 2 * WORD + WORD * count)
        return struct.unpack_from(f"<{count}I", part.data, at + OBJECT + 2 * WORD)

    def text(self, address: int) -> str:
        """Return a string."""
        part, at = self._find(address, OBJECT + 3 * WORD)
        if part.data[at + 7] != STRING:
            raise UnreadableError(f"no string at {address:#x}")
        (size,) = struct.unpack_from("<I", part.data, at + OBJECT)
        self._find(address, OBJECT + 3 * WORD + size)
        begin = at + OBJECT + 3 * WORD
        try:
            return part.data[begin : begin + max(size - 1, 0)].decode()
        except UnicodeDecodeError as error:
            raise UnreadableError(f"the string at {address:#x} is no UTF-8") from error

    def number(self, value: int) -> int:
        """Return a natural number, which stands in the pointer itself or, when large, as words in an object."""
        if value & 1:
            return value >> 1
        part, at = self._find(value, OBJECT + 3 * WORD)
        if part.data[at + 7] != NUMBER:
            raise UnreadableError(f"no number at {value:#x}")
        negative, count, place = struct.unpack_from("<?3xII", part.data, at + OBJECT)
        if negative or not 0 < count <= DIGITS_MAX:
            raise UnreadableError(f"no natural number at {value:#x}")
        holder, begin = self._find(place, WORD * count, aligned=False)
        return int.from_bytes(holder.data[begin : begin + WORD * count], "little")

    def items(self, value: int) -> list[int]:
        """Return the entries of a linked list."""
        found: list[int] = []
        limit = sum(len(part.data) for part in self.parts) // OBJECT
        while not value & 1:
            cell = self.constructor(value)
            if cell.tag != 1 or len(cell.fields) != 2 or len(found) > limit:
                raise UnreadableError(f"no list at {value:#x}")
            found.append(cell.fields[0])
            value = cell.fields[1]
        return found

    def _find(self, address: int, size: int, *, aligned: bool = True) -> tuple[Part, int]:
        for part in self.parts:
            at = address - part.base
            if at >= HEADER and at + size <= len(part.data) and not (aligned and at % WORD):
                return part, at
        raise UnreadableError(f"{address:#x} with {size} bytes lies in no part")


def _part(data: bytes) -> Part:
    if len(data) < HEADER or len(data) > SIZE_MAX or data[:6] != b"olean\x02":
        raise UnreadableError("this is no part of a compiled module")
    base, root = struct.unpack_from("<II", data, 80)
    return Part(base, root, data)
