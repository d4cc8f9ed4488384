"""Of Lean's module those names are kept that its interpreter can ask for, and nothing else of it changes."""

from __future__ import annotations

import pytest

from sandbox.natives import Declared, ModuleError, mangled, with_exports

CUSTOM = b"\0\x05\x04name"


def wasm(*exports: str) -> bytes:
    """Return a module with exports between two other sections."""
    items = b"".join(bytes([len(name)]) + name.encode() + bytes([0, 0x80, 1]) for name in exports)
    body = bytes([len(exports)]) + items
    assert len(body) < 0x4000
    length = bytes([len(body)]) if len(body) < 0x80 else bytes([len(body) & 0x7F | 0x80, len(body) >> 7])
    return b"\0asm\1\0\0\0" + CUSTOM + b"\7" + length + body + b"\x0a\x01\x00"


DECLARED = Declared(
    [("List", "map"), ("Nat", "add_one"), ("instA", 3, "x?"), ("\u2080",)],
    [("Init",), ("Init", "Data", "List")],
)


@pytest.mark.parametrize(
    "name",
    [
        "main",
        "lean_io_prim_handle_read",
        "l_List_map",
        "l_List_map___boxed",
        "l_List_map___redArg___lam__0___boxed",
        "l_Nat_add__one",
        "l_instA_3__x_x3f",
        "l___u2080",
        "l_Array_map___at___00List_map_spec__0___boxed",
        "l_Array_map___at___00List_map___at___List_map_spec__1_spec__2",
        "l___private_Init_Data_List_0__List_hidden___boxed",
        "initialize_Init_Data_List",
    ],
)
def test_what_the_interpreter_can_ask_for_is_kept(name: str) -> None:
    assert DECLARED.asks_for(name)


@pytest.mark.parametrize(
    "name",
    [
        "_ZNSt3__19basic_iosE",
        "l_Lean_Elab_Term_elabApp___boxed",
        "l_List_map___at___00Lean_Elab_Term_elabApp_spec__0",
        "l___private_Lean_Elab_App_0__List_map",
        "initialize_Lean_Elab_App",
    ],
)
def test_what_it_cannot_ask_for_goes(name: str) -> None:
    assert not DECLARED.asks_for(name)


def test_a_name_is_written_as_the_compiler_writes_it() -> None:
    assert (
        mangled(("_private", "Init", 0, "a'b", "é\u2080\U0001d54f")) == "__private_Init_0__a_x27b__xe9_u2080_U0001d54f"
    )


def test_exports_go_and_everything_else_stays() -> None:
    names = [f"name{number}" for number in range(60)]
    found = with_exports(wasm(*names), lambda name: name.endswith("7"))
    assert found == wasm("name7", "name17", "name27", "name37", "name47", "name57")
    assert with_exports(wasm(*names), lambda _: True) == wasm(*names)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"wasm",
        wasm("one")[:-1],
        wasm("one") + b"\7",
        b"\0asm\1\0\0\0\7\3\1\x60a",
        b"\0asm\1\0\0\0\7\x05\1\1\xff\0\0",
        b"\0asm\1\0\0\0\7\3\1\x01a\0\0",
    ],
)
def test_what_is_no_module_is_refused(data: bytes) -> None:
    with pytest.raises(ModuleError):
        with_exports(data, lambda _: True)
