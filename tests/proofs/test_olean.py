"""Modules that nobody compiled: wild pointers, circles and shapes that Lean never writes are errors, never reads."""

from __future__ import annotations

import struct

import pytest

from sandbox.recipes.lean4.assay_prover.module import Module
from sandbox.recipes.lean4.assay_prover.olean import Objects, UnreadableError
from sandbox.recipes.lean4.assay_prover.terms import Table

BASE = 0x10000


class Forge:
    """Writes a module's bytes, object by object."""

    def __init__(self) -> None:
        self.data = bytearray(b"olean\x02\x00" + b"4.28.0".ljust(33, b"\0") + b"c" * 40 + struct.pack("<II", BASE, 0))

    def put(self, tag: int, body: bytes, fields: int = 0) -> int:
        self.data += b"\0" * (-len(self.data) % 4)
        address = BASE + len(self.data)
        self.data += struct.pack("<IHBB", 0, 8 + len(body), fields, tag) + body
        return address

    def node(self, tag: int, *fields: int, scalars: bytes = b"") -> int:
        return self.put(tag, struct.pack(f"<{len(fields)}I", *fields) + scalars, len(fields))

    def array(self, *items: int) -> int:
        return self.put(246, struct.pack(f"<II{len(items)}I", len(items), len(items), *items))

    def text(self, said: bytes) -> int:
        return self.put(249, struct.pack("<III", len(said) + 1, len(said) + 1, len(said)) + said + b"\0")

    def name(self, said: bytes) -> int:
        return self.node(1, 1, self.text(said), scalars=b"\0" * 8)

    def module(self, *constants: int) -> bytes:
        empty = self.array()
        root = self.node(0, empty, empty, self.array(*constants), empty, empty, scalars=b"\1\0\0\0")
        struct.pack_into("<I", self.data, 84, root)
        return bytes(self.data)

    def axiom(self, type_: int, name: int | None = None) -> int:
        head = self.node(0, name if name is not None else self.name(b"cheat"), 1, type_)
        return self.node(0, self.node(0, head, scalars=b"\0\0\0\0"))


def declared(data: bytes) -> list[str]:
    table = Table()
    return [table.written(item.name) for item in Module(Objects([data]), table).declarations()]


def test_a_forged_axiom_is_read_as_what_it_is() -> None:
    forge = Forge()
    sort = forge.node(3, 1, scalars=b"\0" * 8)
    assert declared(forge.module(forge.axiom(sort))) == ["cheat"]


@pytest.mark.parametrize("address", [0, 4, BASE - 4, BASE + 2, BASE + 84, BASE + 0x7FFFFFF0, 0xFFFFFFFC])
def test_a_pointer_that_leads_nowhere_is_an_error(address: int) -> None:
    forge = Forge()
    with pytest.raises(UnreadableError):
        declared(forge.module(forge.axiom(address)))
    forge = Forge()
    with pytest.raises(UnreadableError):
        declared(forge.module(forge.axiom(forge.node(3, 1, scalars=b"\0" * 8), address)))


def test_a_term_that_holds_itself_is_an_error() -> None:
    forge = Forge()
    here = BASE + len(forge.data)
    assert forge.node(5, here, here, scalars=b"\0" * 8) == here
    with pytest.raises(UnreadableError, match="holds itself"):
        declared(forge.module(forge.axiom(here)))


def test_a_name_and_a_list_without_end_are_errors() -> None:
    forge = Forge()
    here = BASE + len(forge.data)
    forge.node(1, here, 1, scalars=b"\0" * 8)
    with pytest.raises(UnreadableError, match="no name"):
        declared(forge.module(forge.axiom(1, here)))
    forge = Forge()
    here = BASE + len(forge.data)
    forge.node(1, 1, here)
    head = forge.node(0, forge.name(b"cheat"), here, forge.node(3, 1, scalars=b"\0" * 8))
    with pytest.raises(UnreadableError, match="no list"):
        declared(forge.module(forge.node(0, forge.node(0, head, scalars=b"\0\0\0\0"))))


@pytest.mark.parametrize("tag", [1, 2, 12, 246, 249, 250, 251, 255])
def test_a_term_of_a_shape_that_lean_never_writes_is_an_error(tag: int) -> None:
    forge = Forge()
    with pytest.raises(UnreadableError):
        declared(forge.module(forge.axiom(forge.node(tag, 1, scalars=b"\0" * 8))))


def test_a_length_beyond_the_file_is_an_error() -> None:
    forge = Forge()
    long = forge.put(246, struct.pack("<II", 1 << 30, 1 << 30))
    said = forge.put(249, struct.pack("<III", 1 << 31, 1 << 31, 5))
    for bad in (long, said, forge.put(250, struct.pack("<III", 0, 1 << 20, BASE + 88))):
        objects = Objects([forge.module()])
        with pytest.raises(UnreadableError):
            objects.array(bad)
        with pytest.raises(UnreadableError):
            objects.text(bad)
        with pytest.raises(UnreadableError):
            objects.number(bad)


@pytest.mark.parametrize("data", [b"", b"olean\x02", b"olean\x01" + b"\0" * 200, b"\0" * 200])
def test_what_is_no_compiled_module_is_an_error(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        Objects([data])


def test_a_deep_term_needs_no_recursion() -> None:
    forge = Forge()
    term = forge.node(3, 1, scalars=b"\0" * 8)
    for _ in range(50_000):
        term = forge.node(5, term, term, scalars=b"\0" * 8)
    assert declared(forge.module(forge.axiom(term))) == ["cheat"]
