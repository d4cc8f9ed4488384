"""What a program imports, read from its text: top-level names with their lines. Nothing of it is executed."""

from __future__ import annotations

import ast
import sys
import warnings

STANDARD = sys.stdlib_module_names


def of(data: bytes) -> list[tuple[str, int]]:
    """Return the modules that a program asks for, each once, with the line that first does.

    What it asks for within `try` is left out: it may do without. So is all of a text that is no Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes, which are the program's business
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    tried = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Try) for inner in ast.walk(node)}
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if id(node) in tried:
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [item.name for item in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        for name in names:
            top, line = name.partition(".")[0], getattr(node, "lineno", 1)
            found[top] = min(line, found.get(top, line))
    return sorted(found.items(), key=lambda item: item[1])
