"""How the archive of Lean is laid out: the script made small, the library trimmed to what the roots import."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from typing import TYPE_CHECKING

import pytest

from sandbox import SandboxFault
from sandbox.lean4 import REPLACED, lay_out, slimmed
from tests.sandbox.test_natives import wasm

if TYPE_CHECKING:
    from pathlib import Path

PLACES = "".join(REPLACED)
SCRIPT = (
    "var Module={};" + PLACES + "use(_kept);var _kept,_gone,wasmFree;function assignWasmExports(wasmExports){"
    '_kept=Module["_kept"]=wasmExports["kept"];_gone=Module["_gone"]=wasmExports["gone"].value;}tail()'
)


def test_only_exports_that_something_names_are_kept() -> None:
    text = slimmed(SCRIPT)
    assert "var _kept,wasmFree;function assignWasmExports(wasmExports){" in text
    assert '_kept=Module["_kept"]=wasmExports["kept"];}tail()' in text
    assert "gone" not in text
    assert all(new in text for new in REPLACED.values())


@pytest.mark.parametrize("old", [*REPLACED, "function assignWasmExports(wasmExports){"])
def test_a_script_of_another_make_is_refused(old: str) -> None:
    with pytest.raises(SandboxFault, match="the script of Lean"):
        slimmed(SCRIPT.replace(old, ""))
    if old in REPLACED:
        with pytest.raises(SandboxFault, match="2 times"):
            slimmed(SCRIPT + old)


def _module(*imports: str) -> bytes:
    """Return a compiled module that imports others and declares nothing."""
    base = 0x10000
    data = bytearray(b"olean\x02\x00" + b"4".ljust(33, b"\0") + b"c" * 40 + struct.pack("<II", base, 0))

    def put(tag: int, fields: int, body: bytes) -> int:
        data.extend(b"\0" * (-len(data) % 4))
        data.extend(struct.pack("<IHBB", 0, 8 + len(body), fields, tag) + body)
        return base + len(data) - 8 - len(body)

    found = []
    for written in imports:
        name = 1
        for part in written.split("."):
            said = part.encode() + b"\0"
            text = put(249, 0, struct.pack("<III", len(said), len(said), len(part)) + said)
            name = put(1, 2, struct.pack("<II", name, text) + b"\0" * 8)
        found.append(put(0, 1, struct.pack("<I", name) + b"\0\1\0\0"))
    empty = put(246, 0, struct.pack("<II", 0, 0))
    listed = put(246, 0, struct.pack(f"<II{len(found)}I", len(found), len(found), *found))
    root = put(0, 5, struct.pack("<5I", listed, empty, empty, empty, empty) + b"\1\0\0\0")
    struct.pack_into("<I", data, 84, root)
    return bytes(data)


WASM = wasm("kept", "gone", "_Zgone", "l_List_map___boxed", "initialize_Lean_AddDecl", "initialize_Lake_Build")


def _archive(path: Path, library: dict[str, bytes], *, without: str = "", module: bytes = WASM) -> Path:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as made:
        for name, data in library.items():
            item = tarfile.TarInfo(name)
            item.size = len(data)
            made.addfile(item, io.BytesIO(data))
    files = {"lean.wasm": module, "lean.js": SCRIPT.encode(), "lean-lib.tar.gz": gzip.compress(inner.getvalue())}
    with tarfile.open(path, "w:gz") as package:
        for name, data in files.items():
            if name != without:
                item = tarfile.TarInfo(f"package/{name}")
                item.size = len(data)
                package.addfile(item, io.BytesIO(data))
    return path


LIBRARY = {
    "./Init.olean": _module("Init.Prelude"),
    "./Init/Prelude.olean": _module(),
    "./._Init.olean": b"what another system left",
    "./Lean/AddDecl.olean": _module("Lean.Far.Away"),
    "./Lean/Far/Away.olean": _module("Init"),
    "./Lean/Util/CollectAxioms.olean": _module(),
    "./Lake/Build.olean": _module(),
    "./../outside.olean": _module(),
}


def test_the_library_holds_what_the_roots_import_and_nothing_else(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    lay_out(_archive(tmp_path / "a.tgz", LIBRARY), site)
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    assert found == [
        "lean4/lean.js",
        "lean4/lean.wasm",
        "lean4/lib/Init.olean",
        "lean4/lib/Init/Prelude.olean",
        "lean4/lib/Lean/AddDecl.olean",
        "lean4/lib/Lean/Far/Away.olean",
        "lean4/lib/Lean/Util/CollectAxioms.olean",
    ]
    assert not (site / "lean4/lib/Lake").exists()
    assert (site / "lean4/lean.wasm").read_bytes() == wasm("kept", "gone", "initialize_Lean_AddDecl")
    assert not list(tmp_path.glob("outside*"))


def test_a_module_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxFault, match="the module does not begin as one"):
        lay_out(_archive(tmp_path / "a.tgz", LIBRARY, module=b"wasm"), tmp_path)


@pytest.mark.parametrize("without", ["lean.wasm", "lean.js", "lean-lib.tar.gz"])
def test_an_archive_that_lacks_a_part_is_refused(tmp_path: Path, without: str) -> None:
    with pytest.raises(SandboxFault, match=f"lacks package/{without}"):
        lay_out(_archive(tmp_path / "a.tgz", LIBRARY, without=without), tmp_path)


def test_a_library_that_lacks_a_module_is_refused(tmp_path: Path) -> None:
    library = {name: data for name, data in LIBRARY.items() if "Away" not in name}
    with pytest.raises(SandboxFault, match=r"lacks Lean/Far/Away\.olean"):
        lay_out(_archive(tmp_path / "a.tgz", library), tmp_path)
