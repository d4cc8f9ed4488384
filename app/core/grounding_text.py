"""Source documents as text in which quotes can be found, whatever a typesetter, a copy or a conversion did to them.

Theory of operation. Quote and document are brought to one normal form: Unicode composed (NFC), every kind of white space,
quotation mark and dash one kind, ligatures taken apart, soft hyphens and other invisible characters gone, hyphens between
letters gone too (so that a word broken at the end of a line is whole again), the marks of Markdown and the bars of tables
turned into space. Case stays. A document remembers at which place of its normal form each of its lines begins, so that
what is found has line numbers of the file as it was sent. The normal form of a CSV row is its cells with spaces between.
"""

from __future__ import annotations

import csv
import html
import io
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.model import Source

SOURCE_BYTES_MAX = 1 << 20
SOURCES_BYTES_MAX = 4 << 20  # of all sources of a claim together
CSV_SUFFIX, MARKDOWN_SUFFIX = ".csv", ".md"
HEADING_CHARACTERS_MAX = 200

_SIGNS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣－", "-")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‘’‚‛′`", "'")
    | dict.fromkeys("\N{SOFT HYPHEN}\u200b\u200c\u200d\u2060\ufeff", "")
    | {"…": "...", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "|": " "}
)
_DIGIT_SPACES = re.compile(r"(?<=[0-9])[\u00a0\u2007\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_LATEX_DASHES = re.compile(r"-{2,}")
_INNER_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")


class BadSourceError(ValueError):
    """The bytes of a source are no text that can be searched.

    Attributes:
        line: where, 1-based.
        remedy: what to do about it.

    """

    def __init__(self, line: int, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.line = line
        self.remedy = remedy


def normal(text: str, *, markdown: bool = False) -> str:
    """Return the normal form of a text on one line."""
    if markdown:
        text = html.unescape(_LINK.sub(r"\1", text).replace("*", "").replace("`", ""))
    if text.isascii():  # most lines are, and of the signs only these two are there then
        text = text.replace("|", " ").replace("`", "'")
    else:
        text = _DIGIT_SPACES.sub("", unicodedata.normalize("NFC", text)).translate(_SIGNS)
    text = text.replace("''", '"')
    if "-" in text:
        text = _INNER_HYPHEN.sub("", _LATEX_DASHES.sub("-", text))
    return " ".join(text.split())


@dataclass(frozen=True)
class Section:
    """A part of a document under a heading, as places in its normal form."""

    title: str
    start: int
    end: int


@dataclass(frozen=True)
class Document:
    """A source in its normal form."""

    source: Source
    text: str  # as it was sent
    normal: str
    starts: list[int] = field(repr=False)  # place in the normal form -> where a line begins
    lines: list[int] = field(repr=False)  # which line that is, 1-based
    headings: list[tuple[int, str, int]] = field(repr=False)  # level, title as it stands, place

    @property
    def markdown(self) -> bool:
        """Whether it is written in Markdown."""
        return self.source.file.endswith(MARKDOWN_SUFFIX)

    @property
    def headed(self) -> bool:
        """Whether it marks headings and has some; in plain text any line may be one, and none surely is."""
        return self.markdown and bool(self.headings)

    @property
    def csv(self) -> bool:
        """Whether it is a table of values separated by commas, semicolons or tabs."""
        return self.source.file.endswith(CSV_SUFFIX)

    def line_at(self, place: int) -> int:
        """Return the line of the file in which a place of the normal form lies."""
        return self.lines[max(0, bisect_right(self.starts, place) - 1)]

    def find(self, wanted: str, start: int = 0, end: int | None = None) -> int | None:
        """Return where a normal form stands as whole words between two places, None when it does not."""
        stop = len(self.normal) if end is None else end
        at = self.normal.find(wanted, start, stop)
        while at >= 0:
            if _whole(self.normal, at, at + len(wanted)):
                return at
            at = self.normal.find(wanted, at + 1, stop)
        return None

    def section(self, name: str) -> Section | None:
        """Return the part under the first heading that names a section; None when no heading does.

        In Markdown it ends at the next heading of its level. Plain text marks no headings: there any line may be one that
        begins with the name, and the part goes on to the end.
        """
        wanted = _title(name)
        for index, (level, heading, place) in enumerate(self.headings):
            title = _title(heading)
            if self.markdown and f" {wanted} " in f" {title} ":
                later = (start for other, _, start in self.headings[index + 1 :] if other <= level)
                return Section(title, place, next(later, len(self.normal)))
            if not self.markdown and re.match(rf"{re.escape(wanted)}(?![\w-])", title):
                return Section(title, place, len(self.normal))
        return None


def read_document(source: Source, data: bytes) -> Document:
    """Return a source's document.

    Raises:
        BadSourceError: the bytes are no UTF-8 text, or a table of no known shape.

    """
    text = _decoded(data)
    markdown = source.file.endswith(MARKDOWN_SUFFIX)
    table = source.file.endswith(CSV_SUFFIX)
    pieces: list[str] = []
    starts: list[int] = []
    lines: list[int] = []
    headings: list[tuple[int, str, int]] = []
    place, glued = 0, False
    rows = csv_rows(text) if table else enumerate(text.splitlines(), 1)
    for line, content in rows:
        raw = " ".join(content) if isinstance(content, list) else content
        match = _HEADING.fullmatch(raw.strip()) if markdown and len(raw) <= HEADING_CHARACTERS_MAX else None
        shown = normal(match[2] if match else raw, markdown=markdown)
        if not shown:
            glued = False
            continue
        broken = glued and shown[0].isalpha()
        if pieces and glued and not broken:  # the hyphen at the end of the line was no hyphenation
            pieces[-1] = f"{pieces[-1]}- "
            place += 2
        elif pieces and not glued:
            pieces.append(" ")
            place += 1
        if match is not None:
            headings.append((len(match[1]), match[2], place))
        elif not markdown and not table and len(raw) <= HEADING_CHARACTERS_MAX:
            headings.append((1, raw, place))
        glued = not table and len(shown) > 1 and shown.endswith("-") and shown[-2].isalpha()
        starts.append(place)
        lines.append(line)
        pieces.append(shown[:-1] if glued else shown)
        place += len(pieces[-1])
    return Document(source, text, "".join(pieces), starts or [0], lines or [1], headings)


def check_text(file: str, data: bytes) -> None:
    """See whether a source can be read, for less than reading it costs; of its path the ending alone matters.

    Raises:
        BadSourceError: the bytes are no UTF-8 text, a table of no known shape, or nothing but space.

    """
    text = _decoded(data)
    if file.endswith(CSV_SUFFIX):
        for _ in csv_rows(text):
            pass
    if not text.strip():
        raise BadSourceError(1, "the source holds no text", "add it, or remove the source")


def csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row of a CSV text begins, and its cells.

    Raises:
        BadSourceError: it cannot be read as CSV.

    """
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)  # the first of those that occur as often
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadSourceError(line, f"the row is no CSV: {error}", "quote the cell, or shorten it") from error


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadSourceError(line, "the source is not UTF-8", "save it as UTF-8 text") from error
    control = re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise BadSourceError(line, "the source has control characters", "it may be no text: name a text file")
    return text


def _title(text: str) -> str:
    return normal(text, markdown=True).casefold().strip(" .:")


def _whole(text: str, start: int, end: int) -> bool:
    """Whether a passage neither begins nor ends inside a word or number."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    first, last = text[start : start + 1], text[end - 1 : end]
    cut_before = first.isalnum() and (before[-1:].isalnum() or (first.isdigit() and _in_number(before)))
    cut_after = last.isalnum() and (after[:1].isalnum() or (last.isdigit() and _in_number(after[::-1])))
    return not (cut_before or cut_after)


def _in_number(pair: str) -> bool:
    """Whether two characters, read towards a number, are a digit and the point or comma that joins it."""
    return len(pair) == 2 and pair[0].isdigit() and pair[1] in ".,"
