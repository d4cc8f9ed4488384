"""Whether a script could notice, or wants to decide, how the libraries that it uses are imported.

A box made ahead has imported what its environment names before the script begins. Most scripts cannot tell. Some must: they
set variables that a library reads when it is imported (`OMP_NUM_THREADS`, `CUDA_VISIBLE_DEVICES`, …), put a folder first
on the path, look which modules are there already, or limit themselves beforehand. These are found in the text of the
bundle's Python files and run in a box that has imported nothing.

The rule is wide on purpose: what is taken for such a script only starts more slowly. Reading a variable is no sign, as
every script does it; whatever else is done with the environment is one, and so is a file that cannot be parsed.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENTS = frozenset({"environ", "environb"})
READING = frozenset({"get", "items", "keys", "values", "copy"})
#: Functions and attributes, by whatever name their module goes.
SIGNS = frozenset({
    "putenv", "unsetenv", "setenv",  # of the environment
    "meta_path", "path_hooks", "path_importer_cache", "reload",  # of importing
    "settrace", "setprofile", "addaudithook", "setdlopenflags", "setrlimit", "sched_setaffinity",  # before importing
})  # fmt: skip
#: What other modules and models have too.
OF_SYS = frozenset({"path", "modules"})
#: Names that reach anything.
BUILTINS = frozenset({"exec", "eval", "compile", "__import__", "vars"})
REACHING = frozenset({"ctypes", "cffi"})


def decides_imports(files: Mapping[str, bytes]) -> bool:
    """Return whether a program must begin with nothing imported.

    Args:
        files: path -> bytes of everything that its box holds; those that end in `.py` are read.

    """
    return any(_decides(data) for path, data in files.items() if path.endswith(".py"))


def _decides(data: bytes) -> bool:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
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
            of_sys = name in OF_SYS and isinstance(value, ast.Name) and value.id == "sys"
            return name in ENVIRONMENTS or name in SIGNS or of_sys
        case ast.Constant(value=str(text)):
            return text in ENVIRONMENTS or text in SIGNS  # for getattr
        case ast.Import(names=names):
            return any(item.name.partition(".")[0] in REACHING for item in names)
        case ast.ImportFrom(module=module, names=names):
            # under its own name it is seen where it is used; under another, or with everything else, it is not
            hidden = {item.name for item in names if item.asname or item.name in SIGNS}
            everything = module in {"os", "sys", "posix"} and any(item.name == "*" for item in names)
            path = module == "sys" and any(item.name in OF_SYS for item in names)
            reaching = (module or "").partition(".")[0] in REACHING
            return bool(hidden & (ENVIRONMENTS | SIGNS)) or everything or path or reaching
    return False
