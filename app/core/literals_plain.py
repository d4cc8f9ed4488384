"""A program without its comments and layout, which say nothing to Python and may hold an answer.

A script can read its own text: digits in a comment, the lengths of its lines, blanks at their ends. The same tokens, one
blank between them, each statement on a line, compute the same and have none of these. Texts stay as they are written,
docstrings among them: honest programs show them. Only a program that might find its own text is spelled anew; one that
opens nothing but its inputs cannot notice.

Not from the syntax tree: how `ast.unparse` spells it depends on the version of Python, and whoever checks evidence with
another one must get the same bytes.
"""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING

from app.core.literals import FILE_BYTES_MAX, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What leads a program to its own text: its file's name, a folder that is listed, the interpreter's records of it.
_OWN_TEXT = re.compile(
    rb"__(?:file|spec|loader|cached|main)__|argv|inspect|linecache|tokenize|traceback|getsource|co_\w+|f_(?:code|back)"
    rb"|\.py\b|/job|/proc|getcwd|listdir|scandir|glob|iterdir|walk\(|Path\(\)|globals\(|vars\(|eval\(|exec\(|frame"
)


def plain_program(data: bytes) -> bytes | None:
    """Return a Python program without comments, its tokens one blank apart.

    None for one that cannot be read, that shows no way to its own text, or that has nothing to leave out.
    """
    if len(data) > FILE_BYTES_MAX or not _OWN_TEXT.search(data):
        return None
    if tree_of(data) is None:
        return None
    try:
        plain = "".join(_lines(data)).encode("utf-8", "surrogatepass")
    except (tokenize.TokenError, SyntaxError, ValueError):
        return None
    return None if plain == data else plain


#: Tokens of which an f-string is made, from Python 3.12 on; before it is one token, as every other text.
_BEGIN, _END = (getattr(tokenize, name, None) for name in ("FSTRING_START", "FSTRING_END"))
_UNSEEN = {tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER}


def _lines(data: bytes) -> Iterator[str]:
    """Yield each statement's tokens as a line."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    text = data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")  # ends of lines as the language reads them
    depth = 0
    words: list[str] = []
    for kind, word in _words(text):
        if kind == tokenize.INDENT:
            depth += 1
        elif kind == tokenize.DEDENT:
            depth -= 1
        elif kind == tokenize.NEWLINE:
            yield f"{' ' * depth}{' '.join(words)}\n"
            words = []
        elif kind not in _UNSEEN:
            words.append(word)


def _words(text: str) -> Iterator[tuple[int, str]]:
    """Yield the kind and text of each token, an f-string as one."""
    lines = io.StringIO(text).readlines()
    nested, begun = 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == _BEGIN:
            nested, begun = nested + 1, begun if nested else token.start
        elif token.type == _END:
            nested -= 1
            if not nested:
                yield tokenize.STRING, _between(lines, begun, token.end)
        elif not nested:
            yield token.type, token.string


def _between(lines: list[str], begin: tuple[int, int], end: tuple[int, int]) -> str:
    """Return what is written from one place to another; places are a line, counted from 1, and a column."""
    (first, left), (last, right) = begin, end
    if first == last:
        return lines[first - 1][left:right]
    return "".join((lines[first - 1][left:], *lines[first : last - 1], lines[last - 1][:right]))
