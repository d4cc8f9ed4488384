"""Line numbers for TOML, which the standard reader does not give.

`lines(text)` goes over the text once, for table headers and `key =` lines, and `line_of` looks a path up. It only has to
be right for documents that `tomllib` accepted, so it can be simple: it tracks the current table, counts array tables,
and skips the bodies of multi-line strings and arrays. A path that has no line of its own (a missing key, a value inside
an inline table, a key written with escapes) gets the line of its nearest ancestor.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]

_NAME = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"({_NAME}(?:\s*\.\s*{_NAME})*)"
_HEADER = re.compile(rf"\s*(\[\[?)\s*{_DOTTED}\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(rf"\s*{_DOTTED}\s*=")
_PART = re.compile(_NAME)

DEPTH_MAX = 64  # parts of a key; reading one costs the square of them
#: Strings, which may hold any dots, and comments; what is not closed ends with its line.
_STRING = (
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*+(?:"{3,5}|\Z)|\'\'\'(?:[^\']|\'(?!\'\'))*+(?:\'{3,5}|\Z)'
    r'|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*+\'?|#[^\n]*+'
)
_OUTSIDE = re.compile(rf"(?P<string>{_STRING})|(?P<dot>\.)|(?P<end>[\n=,{{\[])")

#: What matters in a value, from left to right: whole strings, a comment, the start of a string of several lines, brackets.
_BASIC = r'(?:[^"\\]|\\.|\\$|"(?!""))*"{3,5}'
_LITERAL = r"(?:[^']|'(?!''))*'{3,5}"
_VALUE = re.compile(
    rf'"""{_BASIC}|\'\'\'{_LITERAL}'
    r'|(?P<open>"""|\'\'\')'
    r'|"(?:[^"\\]|\\.)*"|\'[^\']*\''
    r"|(?P<comment>#.*)|(?P<deeper>[\[{])|(?P<higher>[\]}])"
)
_CLOSE = {'"""': re.compile(_BASIC), "'''": re.compile(_LITERAL)}
_ROW_MAX = 200  # characters of a line that a remedy repeats
_COLON = re.compile(rf"\s*{_DOTTED}\s*:")
_PLAIN = re.compile(r"[-+]?[0-9._]+|true|false")  # values that need no quotes
_CURLY = "“”„‘’\"'"  # what word processors make of quotes
_DECIMAL_COMMA = re.compile(r"([-+]?[0-9]+),([0-9]+)")
_ERROR_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def too_deep(text: str) -> int | None:
    """Return the line of the first key with more than DEPTH_MAX parts, None when there is none; linear in the text."""
    dots, line = 0, 1
    for match in _OUTSIDE.finditer(text):
        if match["string"]:
            line += match[0].count("\n")
        elif match["dot"]:
            dots += 1
            if dots >= DEPTH_MAX:
                return line
        else:
            dots = 0
            line += match[0] == "\n"
    return None


def lines(text: str) -> dict[Path, int]:
    """Return the line (1-based) of every table header and key of a TOML document that `tomllib` accepts."""
    found: dict[Path, int] = {(): 1}
    implied: dict[Path, int] = {}  # tables and arrays without a header of their own: where they are first mentioned
    counts: dict[Path, int] = {}
    table: Path = ()
    rows = text.replace("\r\n", "\n").split("\n")  # str.splitlines knows endings that a string may hold
    at = 0
    while at < len(rows):
        row, line = rows[at], at + 1
        at += 1
        if match := _HEADER.fullmatch(row):
            table = path = _table(match[2], counts, array=match[1] == "[[")
        elif match := _KEY.match(row):
            path = (*table, *_parts(match[1]))
            at = _skip_value(rows, at, match.end())
        else:
            continue
        found.setdefault(path, line)
        for length in range(1, len(path)):
            implied.setdefault(path[:length], line)
    return implied | found


def line_of(found: dict[Path, int], path: Path) -> int:
    """Return the line of a path, or of its nearest ancestor that has one."""
    while path not in found:
        path = path[:-1]
    return found[path]


def error_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """Return the line that `tomllib` complains about; the last one when the document ends too early."""
    match = _ERROR_LINE.search(str(error))
    return int(match[1]) if match else max(1, len(text.splitlines()))


def remedy(text: str, line: int) -> str:
    """Return what to write in place of a line that `tomllib` complains about, guessed from how it looks."""
    row = text.split("\n")[line - 1].strip() if line <= text.count("\n") + 1 else ""
    match = _KEY.match(row)
    if len(row) > _ROW_MAX or not row.isprintable():  # it is repeated to people, and may steer their terminal
        return "correct the line"
    if match is None:
        colon = _COLON.match(row)
        return f"write {colon[1]} = …" if colon else "correct the line"
    key, value = match[1], row[match.end() :].partition(" #")[0].strip()
    if not value:
        return f'write a value: {key} = "…"'
    if value[0] in "\"'" and value.count(value[0]) % 2:
        return f"close the quotes: {value}{value[0]}"
    if value[0] in "\"'[{" or _PLAIN.fullmatch(value):
        return "correct the line"
    value = _DECIMAL_COMMA.sub(r"\1.\2", value) if _DECIMAL_COMMA.match(value) else value.strip(_CURLY)
    return f'put the value in straight quotes: {key} = "{value}"'


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
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in _PART.findall(dotted))


def _skip_value(rows: list[str], at: int, column: int) -> int:
    """Return the index of the first row after the value that starts in row `at` - 1 at a column; linear in the rows."""
    depth = 0
    while True:
        row = rows[at - 1]
        while match := _VALUE.search(row, column):
            column = match.end()
            depth += bool(match["deeper"]) - bool(match["higher"])
            if match["open"]:
                close = _CLOSE[match["open"]]
                at = 1 + next((index for index in range(at, len(rows)) if close.match(rows[index])), at - 1)
                row = rows[at - 1]
                closed = close.match(row)
                column = closed.end() if closed else len(row)
        if depth <= 0 or at >= len(rows):
            return at
        at, column = at + 1, 0
