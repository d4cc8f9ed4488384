"""Lays out Lean 4 as WebAssembly: the module and its script made small, and of the library what proofs and our judge import.

The script as it comes has 89 MB, of which nearly all are lines that give a name to each of 200,000 exports; every thread
of Lean reads it anew, and each look for a symbol walks through all names. Kept are the lines whose name is used somewhere,
one thread is started ahead instead of four, symbols are found by a map, and Lean sees the two folders that it needs:
its own and the scratch of the box. Of the module's 200,000 names those go that nothing here can ask for (`natives.py`).
Nothing else is touched. Whatever is not where it was, is an error.
"""

from __future__ import annotations

import re
import tarfile
from typing import IO, TYPE_CHECKING

from sandbox.job import SandboxFault
from sandbox.natives import Declared, ModuleError, with_exports
from sandbox.recipes.lean4.assay_prover.module import Module
from sandbox.recipes.lean4.assay_prover.olean import Objects, UnreadableError
from sandbox.recipes.lean4.assay_prover.terms import Table

if TYPE_CHECKING:
    from pathlib import Path

ROOTS = ("Init", "Lean.AddDecl", "Lean.Util.CollectAxioms")  # what proofs may import, and what the judge does
FOLDER = "lean4"
HEAD = "function assignWasmExports(wasmExports){"
ASSIGNED = re.compile(r'(_[A-Za-z0-9_$]+)=Module\["\1"\]=wasmExports\["([^"]+)"\](?:\.value)?;?')
WORD = re.compile(r"[_A-Za-z$][A-Za-z0-9_$]*")
REPLACED = {
    "var pthreadPoolSize=4;": "var pthreadPoolSize=1;",
    'FS.mount(NODEFS,{root:"/home"},"/home");': 'FS.mkdir("/site");FS.mount(NODEFS,{root:"/site"},"/site");',
    "newSymIndex=Object.keys(lib.exports).indexOf(symbol);": (
        "newSymIndex=(lib.symbolIndex||(lib.symbolIndex=new Map("
        "Object.keys(lib.exports).map((name,index)=>[name,index])))).get(symbol)??-1;"
    ),
}


def lay_out(archive: Path, site: Path) -> None:
    """Put what an archive of the package holds below `site/lean4`.

    Raises:
        SandboxFault: it is not as this step knows it.

    """
    target = site / FOLDER
    target.mkdir()
    try:
        with tarfile.open(archive, "r:gz") as package:
            module = _member(package, "package/lean.wasm").read()
            script = _member(package, "package/lean.js").read().decode("utf-8")
            script = slimmed(script)
            (target / "lean.js").write_text(script, encoding="utf-8")
            with tarfile.open(fileobj=_member(package, "package/lean-lib.tar.gz"), mode="r:gz") as library:
                _unpack(library, target / "lib")
        named, declared = set(WORD.findall(script)), _declared(target / "lib")
        module = with_exports(module, lambda name: name in named or declared.asks_for(name))
        (target / "lean.wasm").write_bytes(module)
    except (tarfile.TarError, UnicodeDecodeError, UnreadableError, ModuleError) as error:
        raise SandboxFault(f"{archive.name} is not as it was known: {error}") from error


def slimmed(script: str) -> str:
    """Return the script without the exports that nobody names, and with the few places replaced.

    Raises:
        SandboxFault: a place is not there exactly once.

    """
    begin = script.index(HEAD) + len(HEAD) if HEAD in script else 0
    if not begin:
        raise SandboxFault("the script of Lean assigns its exports in another way")
    end, found = begin, []
    while (match := ASSIGNED.match(script, end)) is not None:
        found.append(match)
        end = match.end()
    declared = script.rfind("var _", 0, begin)
    before, names, after = script[:declared], script[declared:begin], script[end:]
    listed, _, head = names.removeprefix("var ").partition(";")
    used = set(WORD.findall(before)) | set(WORD.findall(after))
    kept = ",".join(name for name in listed.split(",") if not name.startswith("_") or name.partition("=")[0] in used)
    text = f"{before}var {kept};{head}" + "".join(match[0] for match in found if match[1] in used) + after
    for old, new in REPLACED.items():
        if text.count(old) != 1:
            raise SandboxFault(f"the script of Lean has {text.count(old)} times, not once: {old[:60]}")
        text = text.replace(old, new)
    return text


def _unpack(library: tarfile.TarFile, target: Path) -> None:
    """Write the library, then remove every module that none of the roots imports, however far away."""
    for item in library:  # in the order of the archive: going back in it means to decompress it anew
        name = item.name.removeprefix("./")
        file = library.extractfile(item) if item.isfile() and name.endswith(".olean") and "._" not in name else None
        if file is not None and ".." not in name.split("/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            _write(file, target / name)
    open_, wanted = list(ROOTS), set[str]()
    while open_:
        name = open_.pop().replace(".", "/") + ".olean"
        if name in wanted:
            continue
        path = target / name
        if not path.is_file():
            raise SandboxFault(f"the library of Lean lacks {name}")
        wanted.add(name)
        table = Table()
        open_ += [table.written(item) for item in Module(Objects([path.read_bytes()]), table).imports]
    for path in sorted(target.rglob("*"), reverse=True):  # what is in a folder before the folder
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(target).as_posix() not in wanted:
            path.unlink()


def _declared(library: Path) -> Declared:
    """Return what the modules of a library declare."""
    paths = sorted(library.rglob("*.olean"))
    names = {name for path in paths for name in Module(Objects([path.read_bytes()]), Table()).declared()}
    return Declared(names, [path.relative_to(library).with_suffix("").parts for path in paths])


def _member(package: tarfile.TarFile, name: str) -> IO[bytes]:
    found = package.extractfile(name) if name in package.getnames() else None
    if found is None:
        raise SandboxFault(f"the package of Lean lacks {name}")
    return found


def _write(source: IO[bytes], target: Path) -> None:
    with target.open("wb") as file:
        while block := source.read(1 << 20):
            file.write(block)
