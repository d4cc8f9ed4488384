"""Removes from Lean's module the names that nothing here can ask for.

Theory of operation. The module exports each of its 200,000 functions by name, because Lean's interpreter looks for the
compiled form of what it runs. Every thread makes an object for each of them, which took more than half of a check's time.
The interpreter can only ask for what a library module declares, or for what the compiler made of such a declaration:
functions of its own (`NAME___boxed`, `NAME___lam__0`), and copies of others for its use (`OTHER___at___NAME_spec__0`). All
other functions stay in the module, where Lean itself calls them; only their names go. Where one is missed all the same, Lean
says that it cannot run the code, and the source does not compile.

Names are compared without underscores and without the `00` that the compiler puts before some parts, so no more can be
lost by that than kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EXPORTS = 7  # of a module's sections, in the binary format of WebAssembly 1.0
PREAMBLE = 8  # bytes before the first section
PRIVATE = re.compile(r"__private_(.+?)_0__")


class ModuleError(Exception):
    """The bytes are no module of WebAssembly."""


class Declared:
    """What the library declares, by the names that the compiler gives to it."""

    def __init__(self, names: Iterable[tuple[str | int, ...]], modules: Iterable[tuple[str, ...]]) -> None:
        """Take names and modules, each as its parts."""
        self._keys = {_key(mangled(parts)) for parts in names}
        self._modules = {mangled(parts) for parts in modules}

    def asks_for(self, export: str) -> bool:
        """Return whether a name may be looked for: what is not Lean's own may always be, but for the names of C++."""
        if export.startswith("initialize_"):
            return export.removeprefix("initialize_") in self._modules
        if not export.startswith("l_"):
            return not export.startswith("_Z")
        name = export.removeprefix("l_")
        if "___at___" in name:  # a copy is made for whoever is named last
            name = name.rsplit("___at___", 1)[1].removeprefix("00").split("_spec_")[0]
        private = PRIVATE.match(name)
        if private is not None:  # what is private is in no list of names
            return private[1] in self._modules
        ends = [match.start() for match in re.finditer("___", name)] + [len(name)]
        return any(_key(name[:end]) in self._keys for end in ends)


def mangled(parts: Iterable[str | int]) -> str:
    """Return a name as Lean's compiler writes it (`Lean.Name.mangle`), without its `00`."""
    return "_".join(f"{part}_" if isinstance(part, int) else "".join(map(_letter, part)) for part in parts)


def with_exports(module: bytes, wanted: Callable[[str], bool]) -> bytes:
    """Return a module that exports nothing but what is wanted.

    Raises:
        ModuleError: it is none.

    """
    if not module.startswith(b"\0asm"):
        raise ModuleError("the module does not begin as one")
    view, out, at = memoryview(module), [module[:PREAMBLE]], PREAMBLE
    try:
        while at < len(module):
            size, begin = _number(view, at + 1)
            end = begin + size
            if end > len(module):
                raise ModuleError("a section goes beyond the end of the module")
            body = _wanted(view, begin, end, wanted) if module[at] == EXPORTS else bytes(view[begin:end])
            out += [module[at : at + 1], _written(len(body)), body]
            at = end
    except (IndexError, UnicodeDecodeError) as error:
        raise ModuleError(f"the section at {at} cannot be read") from error
    return b"".join(out)


def _wanted(view: memoryview, at: int, end: int, wanted: Callable[[str], bool]) -> bytes:
    """Return the section of exports that begins at a place, without those that are not wanted."""
    count, at = _number(view, at)
    kept = []
    for _ in range(count):
        begin = at
        length, at = _number(view, at)
        name = bytes(view[at : at + length]).decode()
        _, at = _number(view, at + length + 1)  # a byte of kind, then an index
        if at > end:
            raise ModuleError("the exports go beyond the end of their section")
        if wanted(name):
            kept.append(bytes(view[begin:at]))
    return _written(len(kept)) + b"".join(kept)


def _number(view: memoryview, at: int) -> tuple[int, int]:
    """Return a number in LEB128, and where it ends."""
    value = shift = 0
    while True:
        value |= (view[at] & 0x7F) << shift
        shift += 7
        at += 1
        if view[at - 1] < 0x80:
            return value, at


def _written(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _letter(letter: str) -> str:
    if letter == "_":
        return "__"
    if letter.isascii() and letter.isalnum():
        return letter
    point = ord(letter)
    return f"_x{point:02x}" if point < 0x100 else f"_u{point:04x}" if point < 0x10000 else f"_U{point:08x}"


def _key(name: str) -> str:
    return name.replace("_00", "_").replace("_", "")
