"""What a script's text says of its imports: which there are, and whether it could notice or decide how they are made.

A box made ahead has imported what its environment names before the script begins. Most scripts cannot tell. Some must: they
set variables that a library reads when it is imported (`OMP_NUM_THREADS`, `CUDA_VISIBLE_DEVICES`, …), put a folder first
on the path, look which modules are there already, or limit themselves beforehand. These are found in the text of the
bundle's Python files and run in a box that has imported nothing.

The rule is wide on purpose: what is taken for such a script only starts more slowly. Reading a variable is no sign, as
every script does it; whatever else is done with the environment is one, and so is a file that cannot be parsed. A text
can still hide it, at its author's own cost: the value then depends on the kind of start, and is not reproduced.

The text is a stranger's and is parsed where the run is prepared, outside of the box: there is a bound to how much.

A script that does not import what the box would have is given none of it either: the memory is counted as its own.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Of all files together; a line of two bytes makes half a KiB of syntax tree.
BYTES_MAX = 96 << 10
ENVIRONMENTS = frozenset({"environ", "environb"})
READING = frozenset({"get", "items", "keys", "values", "copy"})
#: Functions and attributes, by whatever name their module goes.
SIGNS = frozenset({
    "putenv", "unsetenv", "setenv",  # of the environment
    "meta_path", "path_hooks", "path_importer_cache", "reload",  # of importing
    "__self__", "__globals__", "__builtins__", "_mapping", "_data",  # what reading can be bent to
    "settrace", "setprofile", "addaudithook", "setdlopenflags", "setrlimit", "sched_setaffinity",  # before importing
})  # fmt: skip
#: What other modules and models have too.
OF_SYS = frozenset({"path", "modules"})
#: Names that reach anything.
BUILTINS = frozenset({"exec", "eval", "compile", "__import__", "vars"})
#: Modules that reach anything, or import and execute by ways of their own.
REACHING = frozenset({"builtins", "cffi", "ctypes", "imp", "mock", "pkgutil", "runpy", "site"})
REACHING_PARTS = frozenset({"importlib.machinery", "importlib.util", "unittest.mock"})
#: Under another name, or fetched by their name, it is not seen what is done with them.
SEEN_BY_NAME = frozenset({"importlib", "os", "posix", "sys"})


@dataclass(frozen=True)
class Importing:
    """What a program's text says of its imports."""

    decides: bool  # whether it must begin with nothing imported
    packages: frozenset[str]  # that it imports anywhere, by their topmost names


def importing(files: Mapping[str, bytes], entrypoint: str) -> Importing:
    """Read a program's files, once. One with more text than is parsed decides, whatever it imports.

    Args:
        files: path -> bytes of everything that its box holds; those that end in `.py` are read, and the entrypoint.
        entrypoint: path of the program.

    """
    texts = [data for path, data in files.items() if path == entrypoint or path.endswith(".py")]
    if sum(map(len, texts)) > BYTES_MAX:
        return Importing(decides=True, packages=frozenset())
    trees = [_parsed(data) for data in texts]
    known = [tree for tree in trees if tree is not None]
    decides = len(known) < len(trees) or any(map(_decides, known))
    return Importing(decides, frozenset(name for tree in known for name in _packages(tree)))


def _packages(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (item.name.partition(".")[0] for item in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _parsed(data: bytes) -> ast.Module | None:
    try:
        return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _decides(tree: ast.Module) -> bool:
    read = {id(node) for outer in ast.walk(tree) if (node := _read_only(outer)) is not None and _is_environment(node)}
    return any(id(node) not in read and _is_sign(node) for node in ast.walk(tree))


def _read_only(node: ast.AST) -> ast.AST | None:
    """Return what is only read by an expression: in `environ["A"]`, `environ.get("A")`, `"A" in environ`."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READING:
        return node.func.value
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
        return node.comparators[0]
    return None


def _is_environment(node: ast.AST) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in ENVIRONMENTS


def _is_sign(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name):
            return name in ENVIRONMENTS or name in SIGNS or name in BUILTINS
        case ast.Attribute(attr=name, value=value):
            owner = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""
            of_sys = name in OF_SYS and owner == "sys"
            return name in ENVIRONMENTS or name in SIGNS or of_sys
        case ast.Constant(value=str(text)):
            # for getattr, for what patches by a dotted name, for modules that are fetched by their name
            return not (ENVIRONMENTS | SIGNS).isdisjoint(text.split(".")) or text in SEEN_BY_NAME
        case ast.Import(names=names):
            renamed = any(item.asname and item.name in SEEN_BY_NAME for item in names)
            return renamed or any(_reaches(item.name) for item in names)
        case ast.ImportFrom(module=module, names=names):
            # under its own name it is seen where it is used; under another, or with everything else, it is not
            hidden = {item.name for item in names if item.asname or item.name in SIGNS}
            everything = module in {"os", "sys", "posix"} and any(item.name == "*" for item in names)
            path = module == "sys" and any(item.name in OF_SYS for item in names)
            reaching = _reaches(module or "") or any(_reaches(f"{module}.{item.name}") for item in names)
            return bool(hidden & (ENVIRONMENTS | SIGNS)) or everything or path or reaching
    return False


def _reaches(module: str) -> bool:
    return module.partition(".")[0] in REACHING or module in REACHING_PARTS
