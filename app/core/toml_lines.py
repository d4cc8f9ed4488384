"""Line numbers for TOML, which the standard reader does not give.

`line_of(text, ("expect", 0, "value"))` scans the text once for table headers and `key =` lines. It only has to be right
for documents that `tomllib` accepted, so it can be simple: it tracks the current table, counts array tables, and skips
the bodies of multi-line strings and arrays. A path that has no line of its own (a missing key, a value inside an inline
table) gets the line of its nearest ancestor.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[|\[)(.+?)\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$"""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_MULTILINE = re.compile(r'"""|\'\'\'')
_STRING = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'.*?\'\'\'|"(?!"")(?:[^"\\]|\\.)*"|\'(?!\'\')[^\']*\'')
_ERROR_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def lines(text: str) -> dict[Path, int]:
    """Return the line (1-based) of every table header and key of a TOML document that `tomllib` accepts."""
    found: dict[Path, int] = {(): 1}
    counts: dict[Path, int] = {}
    table: Path = ()
    rows = text.splitlines()
    at = 0
    while at < len(rows):
        row, line = rows[at], at + 1
        at += 1
        if match := _HEADER.match(row):
            table = _table(match[2], counts, array=match[1] == "[[")
            found.setdefault(table, line)
        elif match := _KEY.match(row):
            found.setdefault((*table, *_parts(match[1])), line)
            at = _skip_value(rows, at, match[2])
    return found


def line_of(found: dict[Path, int], path: Path) -> int:
    """Return the line of a path, or of its nearest ancestor that has one."""
    while path not in found:
        path = path[:-1]
    return found[path]


def error_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """Return the line that `tomllib` complains about; the last one when the document ends too early."""
    match = _ERROR_LINE.search(str(error))
    return int(match[1]) if match else max(1, len(text.splitlines()))


def _table(header: str, counts: dict[Path, int], *, array: bool) -> Path:
    """Return the path of a header, with the index of the newest element of every array table on the way."""
    path: Path = ()
    parts = _parts(header)
    for position, part in enumerate(parts):
        path = (*path, part)
        if array and position == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _skip_value(rows: list[str], at: int, start: str) -> int:
    """Return the index of the first row after a value whose first row ends with `start`; linear in the rows."""
    row, depth = start, 0
    while True:
        while delimiter := _MULTILINE.search(bare := _STRING.sub("", row)):
            # Everything up to the closing delimiter is text; after it the value may go on.
            quote = delimiter[0]
            depth += _brackets(bare[: delimiter.start()])
            rest = bare[delimiter.end() :]
            while quote not in rest and at < len(rows):
                rest = rows[at]
                at += 1
            row = rest.partition(quote)[2]
        depth += _brackets(bare)
        if depth <= 0 or at >= len(rows):
            return at
        row = rows[at]
        at += 1


def _brackets(text: str) -> int:
    """Return how many more brackets and braces open than close before a comment."""
    code = text.partition("#")[0]
    return sum(code.count(sign) for sign in "[{") - sum(code.count(sign) for sign in "]}")
