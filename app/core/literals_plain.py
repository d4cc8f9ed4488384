"""A program without its comments and layout, which say nothing to Python and may hold an answer.

A script can read its own text: digits in a comment, the lengths of its lines, blanks at their ends. The same program spelled
anew from its syntax tree computes the same and has none of these. Texts stay, docstrings among them: honest programs show
them. Only a program that might find its own text is spelled anew; one that opens nothing but its inputs cannot notice.
"""

from __future__ import annotations

import ast
import re

from app.core.literals import FILE_BYTES_MAX, tree_of

#: What leads a program to its own text: its file's name, a folder that is listed, the interpreter's records of it.
_OWN_TEXT = re.compile(
    rb"__(?:file|spec|loader|cached|main)__|argv|inspect|linecache|tokenize|traceback|getsource|co_\w+|f_(?:code|back)"
    rb"|\.py\b|/job|/proc|getcwd|listdir|scandir|glob|iterdir|walk\(|Path\(\)|globals\(|vars\(|eval\(|exec\(|frame"
)


def plain_program(data: bytes) -> bytes | None:
    """Return a Python program without comments, in the layout of its syntax tree.

    None for one that cannot be read, that shows no way to its own text, or that has nothing to leave out.
    """
    if len(data) > FILE_BYTES_MAX or not _OWN_TEXT.search(data):
        return None
    tree = tree_of(data)
    if tree is None:
        return None
    try:
        plain = f"{ast.unparse(tree)}\n".encode("utf-8", "surrogatepass")
    except (RecursionError, ValueError):  # of a text in a text that this version cannot spell
        return None
    return None if plain == data else plain
