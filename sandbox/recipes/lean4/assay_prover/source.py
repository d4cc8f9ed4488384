"""What is refused before Lean sees it, what a source imports, and words that people should look at.

Only refusals that cost nothing stand here. None of them is the defence: that is the kernel, which sees declarations alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BYTES_MAX = 1 << 20
LINE_MAX = 1_000_000
BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
FLAGS = (
    "addDecl",
    "axiom",
    "csimp",
    "elab",
    "eval",
    "extern",
    "implemented_by",
    "initialize",
    "instance",
    "macro",
    "macro_rules",
    "native_decide",
    "notation",
    "run_cmd",
    "run_elab",
    "skipKernelTC",
    "sorry",
    "syntax",
    "unsafe",
)

_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_IMPORT = re.compile(r"\s*import\s+(\S+)")
_HEADER = re.compile(r"\s*(module|prelude|public|meta|import\s+all)\b")
_LATE = re.compile(r"^[ \t]*(?:public\s+|meta\s+)*import\b", re.MULTILINE)


class RefusedError(Exception):
    """A source is not given to Lean."""


@dataclass(frozen=True)
class Source:
    """A text that may be compiled."""

    text: str
    imports: tuple[str, ...]  # without the one of `Init`, which every module has
    flags: tuple[str, ...]


def read_source(data: bytes) -> Source:
    """Return what a source says of itself.

    Raises:
        RefusedError: it is not to be compiled.

    """
    text = _text(data)
    code = without_comments(text)
    imports, at = [], 0
    if _HEADER.match(code):
        word = code.split()[0]
        raise RefusedError(
            f"line 1: the source begins with `{word}` (write plain `import MODULE` lines, and no other header)"
        )
    while (match := _IMPORT.match(code, at)) is not None:
        if _MODULE.fullmatch(match[1]) is None:
            raise RefusedError(f"line {_line(code, match.start(1))}: {match[1][:80]!r} names no module")
        imports.append(match[1])
        at = match.end()
        if _HEADER.match(code, at):
            raise RefusedError(f"line {_line(code, at) + 1}: only plain `import MODULE` lines are taken")
    late = _LATE.search(code, at)
    if late is not None:
        raise RefusedError(f"line {_line(code, late.end())}: an import stands behind the first command")
    words = set(re.findall(r"[A-Za-z_]+", code))
    return Source(text, tuple(imports), tuple(flag for flag in FLAGS if flag in words))


def without_comments(text: str) -> str:
    """Return a source with spaces in place of comments and of what stands in strings; lines stay where they are."""
    out, at, depth = [], 0, 0
    for match in re.finditer(r"/-|-/|--[^\n]*|\"(?:\\.|[^\"\\])*\"", text, re.DOTALL):
        found = match[0]
        if match.start() < at:
            continue
        out.append(text[at : match.start()] if depth == 0 else _blank(text[at : match.start()]))
        at = match.end()
        if found == "/-":
            depth += 1
        elif found == "-/":
            depth = max(depth - 1, 0)
        elif depth and "-/" in found:  # within a comment neither a string nor a line comment is one
            at = match.start() + found.index("-/") + 2
            depth -= 1
        out.append(_blank(text[match.start() : at]))
    return "".join(out) + (text[at:] if depth == 0 else _blank(text[at:]))


def _text(data: bytes) -> str:
    if len(data) > BYTES_MAX:
        raise RefusedError(f"the source has {len(data)} bytes, and {BYTES_MAX} are read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = data.count(b"\n", 0, error.start) + 1
        raise RefusedError(f"line {place}: the source is no UTF-8 (byte {error.start})") from error
    if text.startswith("\ufeff"):
        raise RefusedError("line 1: the source begins with a byte order mark")
    for number, line in enumerate(text.split("\n"), 1):
        if len(line.encode()) > LINE_MAX:
            raise RefusedError(f"line {number}: it has more than {LINE_MAX} bytes")
        if "\0" in line:
            raise RefusedError(f"line {number}: there is a NUL byte")
        turned = sorted(BIDIRECTIONAL.intersection(line))
        if turned:
            raise RefusedError(
                f"line {number}: the control U+{ord(turned[0]):04X} changes the order in which text is shown"
            )
    return text


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
