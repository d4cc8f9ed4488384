"""Gate 1: are a claim's quote, its printed values and the cells of its formula in the documents that it brings?

Pure: from the sealed claim and the sealed bytes of its sources. Whoever has the evidence archive finds the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.bands import expects_text
from app.core.canonical import digest
from app.core.errors import Fault, Problem, Refusal
from app.core.grounding_numbers import number_tokens, stands_in
from app.core.grounding_quotes import Passage, find_quote
from app.core.grounding_tables import Missing, Place, SourceTable, locate, tables_of
from app.core.grounding_text import (
    SOURCE_BYTES_MAX,
    SOURCES_BYTES_MAX,
    BadSourceError,
    Document,
    check_text,
    normal,
    read_document,
)
from app.core.model import Formula
from app.core.quantity import printed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.model import Claim, Expectation, NamedValue, Seal


@dataclass(frozen=True)
class Absent:
    """A printed value that does not stand in the quote as it should."""

    metric: str
    value: str
    unsigned: bool  # it stands there without its minus, which may be said in words


@dataclass(frozen=True)
class CellFinding:
    """What became of one value of a formula."""

    name: str
    value: str
    places: tuple[Place, ...] = ()  # the cells that its row and column may mean
    printing: tuple[Place, ...] = ()  # those of them in which it is printed
    missing: str | None = None  # "table", "row" or "column" that is not there
    named: bool = True  # False: it names no cell, so that nothing could be looked up

    @property
    def located(self) -> bool:
        """Whether some cell of this name prints the value."""
        return bool(self.printing)


@dataclass(frozen=True)
class Grounding:
    """What of a claim was found in its sources."""

    sources: int  # documents that were looked at
    passage: Passage | None  # where the quote stands; None: nowhere, or there is nothing to look for or in
    absent: tuple[Absent, ...]  # printed values that the quote lacks
    cells: tuple[CellFinding, ...]  # one for each value of a formula

    @property
    def source_grounded(self) -> bool:
        """Whether the quote was found and prints every value that the claim expects."""
        return self.passage is not None and not any(not item.unsigned for item in self.absent)

    @property
    def cells_located(self) -> int:
        """How many values of the formula stand in the cells that they name."""
        return sum(item.located for item in self.cells)


def grounded(claim: Claim, sources: Mapping[str, bytes]) -> Grounding:
    """Look for a claim's quote, printed values and cells in its sources.

    Args:
        claim: as sealed.
        sources: path in the bundle -> bytes, for the file of every `[[source]]`.

    Raises:
        Fault: a source is missing or no text, which intake would have refused.

    """
    documents = _documents(claim, sources)
    quote = claim.claim.quote
    passage = find_quote(quote, claim.claim.section, documents) if quote and documents else None
    # The cells of a CSV row stand apart in its passage; in a quote of it commas might be anything.
    told = passage.text if passage is not None and passage.document.csv and not passage.elided else normal(quote or "")
    return Grounding(
        sources=len(documents),
        passage=passage,
        absent=() if quote is None else tuple(_absent(told, claim.expect)),
        cells=_cells(claim, documents),
    )


@dataclass(frozen=True)
class Unreadable:
    """Why a source is no text that can be searched."""

    line: int  # 1-based
    detail: str
    remedy: str


def unreadable(file: str, data: bytes) -> Unreadable | None:
    """Return what is wrong with a source of that path, None where it can be searched."""
    try:
        check_text(file, data)
    except BadSourceError as error:
        return Unreadable(error.line, str(error), error.remedy)
    return None


def check_sources(claim: Claim, size: Callable[[str], int], look: Callable[[str], Unreadable | None]) -> None:
    """Refuse sources that are too large or no text, before anything of the claim is stored.

    Args:
        claim: as parsed; every file of its sources is in the bundle.
        size: path in the bundle -> bytes of the file.
        look: path in the bundle -> what `unreadable` says of it; not called for what is too large.

    Raises:
        Refusal: with every problem found.

    """
    problems = []
    files = dict.fromkeys(source.file for source in claim.source)
    total = sum(size(file) for file in files)
    if total > SOURCES_BYTES_MAX:
        detail = f"all sources together may have {SOURCES_BYTES_MAX >> 20} MiB, and these have {total} bytes"
        problem = Problem("claim.toml", None, "/source", "source-too-large", detail, "keep the parts that are cited")
        raise Refusal.of(problem)
    for file in files:
        if size(file) > SOURCE_BYTES_MAX:
            detail = f"a source may have {SOURCE_BYTES_MAX >> 20} MiB, and this one has {size(file)} bytes"
            problems.append(Problem(file, None, "", "source-too-large", detail, "keep the parts that are cited"))
            continue
        found = look(file)
        if found is not None:
            problems.append(Problem(file, found.line, "", "source-unreadable", found.detail, found.remedy))
    if problems:
        raise Refusal(tuple(problems))


def sealed_sources(seal: Seal, read: Callable[[str], bytes]) -> dict[str, bytes]:
    """Return the sources of a sealed claim: path -> bytes; `read` gives the bytes of a path in the bundle.

    Raises:
        Fault: they are not those that were sealed.

    """
    found = {}
    for source in seal.claim.source:
        found[source.file] = read(source.file)
        if digest(found[source.file]) != seal.files.get(source.file):
            raise Fault("source-not-sealed", f"the source {source.file} is not the file that was sealed")
    return found


def _documents(claim: Claim, sources: Mapping[str, bytes]) -> list[Document]:
    found = []
    for source in claim.source:
        if source.file not in sources:
            raise Fault("source-missing", f"the source {source.file} was not handed to the judge")
        try:
            found.append(read_document(source, sources[source.file]))
        except BadSourceError as error:
            raise Fault("source-unreadable", f"the source {source.file}, line {error.line}: {error}") from error
    return found


def _absent(quote: str, expectations: tuple[Expectation, ...]) -> list[Absent]:
    """Return the printed values that a quote, in normal form, lacks; a table's cells are not asked for."""
    found = []
    for item in expectations:
        if item.value is None or item.rule == "table":
            continue
        if expects_text(item):
            standing = "printed" if f" {_spaced(normal(item.value))} " in f" {_spaced(quote)} " else None
        else:
            standing = stands_in(quote, item.value, item.unit)
        if standing != "printed":
            found.append(Absent(item.metric, item.value, unsigned=standing == "unsigned"))
    return found


def _spaced(text: str) -> str:
    """Return a text with its punctuation taken off the ends of words."""
    return " ".join(word.strip(".,;:!?()[]\"'") for word in text.split())


def _cells(claim: Claim, documents: list[Document]) -> tuple[CellFinding, ...]:
    if not isinstance(claim.reproduce, Formula):
        return ()
    named = {item.cell.source for item in claim.reproduce.values.values() if item.cell is not None}
    tables = {document.source.id: tables_of(document) for document in documents if document.source.id in named}
    return tuple(_cell(name, item, tables) for name, item in claim.reproduce.values.items())


def _cell(name: str, item: NamedValue, tables: Mapping[str, tuple[SourceTable, ...]]) -> CellFinding:
    if item.cell is None or item.cell.source not in tables:
        return CellFinding(name, item.value, named=False)
    found = locate(tables[item.cell.source], item.cell.row, item.cell.column)
    if isinstance(found, Missing):
        return CellFinding(name, item.value, missing=found.what)
    wanted = printed(item.value)
    printing = [place for place in found if any(token.prints(wanted) for token in number_tokens(place.text))]
    return CellFinding(name, item.value, tuple(found), tuple(printing))
