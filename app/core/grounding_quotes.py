"""Finding a quote in the documents of a claim: literally first, then a passage that is nearly the same.

A nearly equal passage must score THRESHOLD of 100 (the share of characters that an alignment leaves in place), and it must
print every number of the quote and negate as often: one digit or one "not" is all the difference between two claims.
A quote may leave words out where it says so by three dots; its parts are then looked for literally, one after the other.
Candidates are passages that share words with the quote; so the cost grows with the length of the documents alone.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from app.core.grounding_numbers import number_tokens
from app.core.grounding_text import Document, csv_rows, normal

if TYPE_CHECKING:
    from collections.abc import Sequence

THRESHOLD = 90
CANDIDATES_MAX = 4
SHARED_LEAST = 0.5  # of the quote's words, in a candidate
QUOTE_WORDS_LEAST = 3  # fewer are found literally or not at all
EXACT_SCORE = 100
PART_WORDS_LEAST = 2  # of a quote that leaves words out
ELIDED_CHARACTERS_MAX = 1_000  # between two of its parts

_ELISION = re.compile(r" ?[\[(]?\.\.\.[\])]? ?")
_WORD = re.compile(r"\S+")
_NEGATION = re.compile(r"\b(?:not|no|never|neither|nor|none|without|cannot|hardly|fail\w*)\b|n't\b", re.IGNORECASE)


@dataclass(frozen=True)
class Passage:
    """Where a quote was found."""

    document: Document
    start: int  # in the document's normal form
    end: int
    score: int  # 100: the same but for what the normal form leaves out
    exact: bool
    in_section: bool | None  # None: no section is named, or no heading of that name is there
    elided: int = 0  # words of the passage that the quote leaves out, and says so

    @property
    def text(self) -> str:
        """The passage, in normal form."""
        return self.document.normal[self.start : self.end]

    @property
    def where(self) -> str:
        """Source and lines, for people."""
        first, last = self.document.line_at(self.start), self.document.line_at(self.end - 1)
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        return f"{self.document.source.id} ({self.document.source.file}), {lines}"


def find_quote(quote: str, section: str | None, documents: Sequence[Document]) -> Passage | None:
    """Return where a quote stands: literally before nearly, in its section before elsewhere, in the first document."""
    sections = [document.section(section) if section else None for document in documents]
    scopes: list[tuple[Document, int, int, bool | None]] = [
        (document, part.start, part.end, True) for document, part in zip(documents, sections, strict=True) if part
    ]
    inside = None if not scopes else False
    scopes += [(document, 0, len(document.normal), inside) for document in documents]
    for document, start, end, within in scopes:
        for wanted in _spellings(quote, document):
            at = document.find(wanted, start, end) if wanted else None
            if at is not None:
                return Passage(document, at, at + len(wanted), EXACT_SCORE, exact=True, in_section=within)
    for document, start, end, within in scopes:
        parts = _in_parts(normal(quote, markdown=document.markdown), document, start, end)
        if parts is not None:
            return Passage(document, *parts[:2], EXACT_SCORE, exact=True, in_section=within, elided=parts[2])
    best: Passage | None = None
    for document, start, end, within in scopes:
        found = _nearest(normal(quote, markdown=document.markdown), document, start, end)
        if found is not None and (best is None or found[2] > best.score):
            best = Passage(document, *found, exact=False, in_section=within)
    return best


def _spellings(quote: str, document: Document) -> list[str]:
    """Return what to look for: the quote, and for a CSV document also the row that it may be."""
    found = [normal(quote, markdown=document.markdown)]
    if document.csv and "\n" not in quote.strip() and '"' not in quote:
        found += [normal(" ".join(row)) for _, row in csv_rows(quote.strip())]
    return found


def _in_parts(quote: str, document: Document, start: int, end: int) -> tuple[int, int, int] | None:
    """Return start and end of a passage that holds the parts around a quote's dots, and how many words it leaves out."""
    if "..." not in quote:
        return None
    parts = [part for part in _ELISION.split(quote) if part]
    if not parts or any(part.count(" ") + 1 < PART_WORDS_LEAST for part in parts):
        return None
    first = at = document.find(parts[0], start, end)
    elided = 0
    for before, part in itertools.pairwise(parts):
        if at is None:
            return None
        stop = at + len(before)
        at = document.find(part, stop, min(end, stop + ELIDED_CHARACTERS_MAX + len(part)))
        elided += 0 if at is None else len(document.normal[stop:at].split())
    return None if first is None or at is None else (first, at + len(parts[-1]), elided)


def _nearest(quote: str, document: Document, start: int, end: int) -> tuple[int, int, int] | None:
    """Return start, end and score of the passage most like a quote, None when none is like enough."""
    wanted = [word.casefold() for word in quote.split()]
    if len(wanted) < QUOTE_WORDS_LEAST:
        return None
    words = list(_WORD.finditer(document.normal, start, end))
    best: tuple[int, int, int] | None = None
    for first in _candidates(wanted, [match[0].casefold() for match in words]):
        low = words[first].start()
        high = words[min(len(words) - 1, first + len(wanted) + len(wanted) // 2 + 2)].end()
        scored = _aligned(quote, document.normal, low, high)
        if scored is not None and (best is None or scored[2] > best[2]):
            best = scored
    return best


def _candidates(wanted: list[str], words: list[str]) -> list[int]:
    """Return the words at which the stretches begin that share most words with a quote, a few before each."""
    missing = Counter(wanted)
    size = min(len(wanted), len(words))
    shared, counts = 0, []
    for index, word in enumerate(words):
        shared += missing[word] > 0 if word in missing else 0
        if word in missing:
            missing[word] -= 1
        if index >= size:
            left = words[index - size]
            if left in missing:
                missing[left] += 1
                shared -= missing[left] > 0
        if index >= size - 1:
            counts.append(shared)
    least = SHARED_LEAST * len(wanted)
    enough = ((count, -at) for at, count in enumerate(counts) if count >= least)
    best: list[int] = []
    for _, place in heapq.nlargest(CANDIDATES_MAX * len(wanted), enough):
        if all(abs(place + other) > len(wanted) // 2 for other in best) and len(best) < CANDIDATES_MAX:
            best.append(-place)
    return [max(0, at - 2) for at in best]


def _aligned(quote: str, text: str, low: int, high: int) -> tuple[int, int, int] | None:
    """Align a quote with a stretch of text; the passage ends with the words of which most is aligned."""
    wanted, stretch = quote.lower(), text[low:high].lower()
    if len(stretch) != high - low or len(wanted) != len(quote):
        return None  # lower case moves the places of a few letters
    if len(stretch) <= len(wanted):
        start, end, score = low, high, fuzz.ratio(wanted, stretch, score_cutoff=THRESHOLD)
    else:
        found = fuzz.partial_ratio_alignment(wanted, stretch, score_cutoff=THRESHOLD)
        if found is None:
            return None
        start, end, score = low + found.dest_start, low + found.dest_end, found.score
    words = [match for match in _WORD.finditer(text, low, high) if _mostly(match, start, end)]
    if not words or score < THRESHOLD:
        return None
    start, end = words[0].start(), words[-1].end()
    passage = text[start:end]
    if _negations(passage) != _negations(quote) or not _prints_all(passage, quote):
        return None
    return start, end, int(score)


def _mostly(word: re.Match[str], start: int, end: int) -> bool:
    return 2 * (min(end, word.end()) - max(start, word.start())) >= len(word[0])


def _negations(text: str) -> int:
    return len(_NEGATION.findall(text))


def _prints_all(passage: str, quote: str) -> bool:
    there = number_tokens(passage)
    return all(any(token.prints(one.readings[0]) for token in there) for one in number_tokens(quote))
