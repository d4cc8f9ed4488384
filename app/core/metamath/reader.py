"""Reads a Metamath database: constants, variables, hypotheses, axioms, theorems, each with what is in force where it stands.

The language is that of the Metamath book, section 4.1; what a database may do beside it (`$[ … $]`, `$t`, `$j`) is refused
or a comment. Whatever is not understood is an error, never skipped.

    assertion  an axiom (`$a`) or a theorem (`$p`): a label, symbols of which the first is a type code, the hypotheses that
               it needs (those in force that are logical, or about a variable of it or of these), and which variables of it
               must stay apart
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LABEL = re.compile(r"[A-Za-z0-9._-]+")
SYMBOL = re.compile(r"[!-#%-~]+")  # printable ASCII without `$`
FIRST = "assay-metamath-export-v1"  # a label-free comment in front of an export, so that nothing else is taken for one
UNKNOWN = "?"
WORD_MAX = 80


class DatabaseError(ValueError):
    """The text is no database; the message says where and why."""


class Word(str):
    """A word of a text, which knows its line."""

    __slots__ = ("line",)
    line: int


class IncludeError(DatabaseError):
    """The text asks for another file, named by `file`."""

    def __init__(self, file: str) -> None:
        """Keep the name."""
        super().__init__(f"it includes {file[:WORD_MAX]}")
        self.file = file


@dataclass(frozen=True)
class Hypothesis:
    """`$f` or `$e`: that a variable is of a type, or that something is given."""

    label: str
    kind: str  # "f" or "e"
    symbols: tuple[str, ...]


Pair = frozenset  # of two variables


@dataclass(frozen=True)
class Assertion:
    """`$a` or `$p`."""

    label: str
    kind: str  # "a" or "p"
    symbols: tuple[str, ...]
    needs: tuple[Hypothesis, ...]  # in the order in which they stand
    apart: frozenset[Pair[str]]  # of its own variables
    inside: tuple[Hypothesis, ...]  # all that are in force
    apart_inside: frozenset[Pair[str]]
    proof: tuple[str, ...] = ()  # of a theorem, as written

    @property
    def meaning(self) -> tuple[object, ...]:
        """What it says, whatever its label and its hypotheses are called."""
        return (self.symbols, tuple((item.kind, item.symbols) for item in self.needs), self.apart)


@dataclass
class Database:
    """What a text declares, in its order."""

    assertions: dict[str, Assertion] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Frame:
    """What is in force."""

    variables: frozenset[str] = frozenset()
    hypotheses: tuple[Hypothesis, ...] = ()
    apart: frozenset[Pair[str]] = frozenset()


def tokens(data: bytes) -> Sequence[str]:
    """Return the words of a text without its comments.

    Raises:
        DatabaseError: it has other bytes than printable ASCII and white space, or a comment is not closed.

    """
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        place = data.count(b"\n", 0, error.start) + 1
        detail = f"line {place}: a byte is not ASCII (a database has nothing else, its comments too)"
        raise DatabaseError(detail) from None
    found, within = list[Word](), False
    for number, line in enumerate(text.split("\n"), 1):
        if any(not " " <= sign <= "~" and sign not in "\t\r\f" for sign in line):
            raise DatabaseError(f"line {number} has a control character")
        for word in line.split():
            if within:
                within = word != "$)"
            elif word == "$(":
                within = True
            else:
                found.append(Word(word))
                found[-1].line = number
    if within:
        raise DatabaseError("a comment is not closed")
    return found


def written(words: Sequence[str]) -> str:
    """Return the text of words, a statement a line; what is read from it is what was read from the words."""
    lines, line = [f"$( {FIRST} $)"], list[str]()
    for word in words:
        line.append(word)
        if word in {"$.", "${", "$}"}:
            lines.append(" ".join(line))
            line = []
    return "\n".join([*lines, *([" ".join(line)] if line else [])]) + "\n"


def closed(words: Sequence[str]) -> list[str]:
    """Return words in which `?` alone stands in the place of every proof that is open, whatever else is said there.

    What surrounds a gap proves nothing, and verifiers differ in how much of it they look at.
    """
    found, proof = list[str](), list[str]()
    within = False
    for word in words:
        if within and word == "$.":
            found += [UNKNOWN] if UNKNOWN in "".join(proof) else proof
            proof, within = [], False
        (proof if within else found).append(word)
        within = within or word == "$="
    return found + proof


def read(words: Sequence[str]) -> Database:
    """Return what words declare.

    Raises:
        IncludeError: they ask for another file.
        DatabaseError: they are no database.

    """
    return _Reader(words).read()


class _Reader:
    def __init__(self, words: Sequence[str]) -> None:
        self.words, self.at = words, 0
        self.found = Database()
        self.constants: set[str] = set()
        self.labels: set[str] = set()
        self.frames = [_Frame()]

    def read(self) -> Database:
        while self.at < len(self.words):
            word = self._next("a statement")
            if word == "${":
                self.frames.append(self.frames[-1])
            elif word == "$}":
                self.frames.pop()
                self._require(self.frames, "`$}` closes nothing")
            elif word == "$[":
                raise IncludeError(self._next("a file"))
            elif word in {"$c", "$v", "$d"}:
                {"$c": self._constants, "$v": self._variables, "$d": self._apart}[word](self._until("$."))
            else:
                self._labelled(word)
        self._require(len(self.frames) == 1, "`${` is not closed")
        return self.found

    def _next(self, what: str) -> str:
        self._require(self.at < len(self.words), f"the text ends where {what} is expected")
        self.at += 1
        return self.words[self.at - 1]

    def _until(self, end: str) -> Sequence[str]:
        begin = self.at
        while self._next(f"`{end}`") != end:
            self._require(self.words[self.at - 1] not in {"$[", "$c", "$v", "${", "$}"}, f"`{end}` is missing")
        return self.words[begin : self.at - 1]

    def _require(self, holds: object, why: str) -> None:
        if not holds:
            last = self.words[self.at - 1] if self.at else ""
            place = f"line {last.line}" if isinstance(last, Word) else f"word {self.at}"
            raise DatabaseError(f"{place}: {why}")

    def _constants(self, symbols: Sequence[str]) -> None:
        self._require(len(self.frames) == 1, "constants are declared outside of all blocks")
        for symbol in symbols:
            self._fresh(symbol)
            self._require(symbol not in self.found.variables, f"{symbol[:WORD_MAX]} is a variable elsewhere")
            self.constants.add(symbol)

    def _variables(self, symbols: Sequence[str]) -> None:
        for symbol in symbols:
            self._fresh(symbol)
            self.frames[-1] = _Frame(
                self.frames[-1].variables | {symbol}, self.frames[-1].hypotheses, self.frames[-1].apart
            )
            self.found.variables.add(symbol)

    def _fresh(self, symbol: str) -> None:
        self._require(SYMBOL.fullmatch(symbol), f"{symbol[:WORD_MAX]!r} cannot be a symbol")
        known = symbol in self.constants or symbol in self.frames[-1].variables or symbol in self.labels
        self._require(not known, f"{symbol[:WORD_MAX]} is declared already")

    def _apart(self, symbols: Sequence[str]) -> None:
        frame = self.frames[-1]
        self._require(len(set(symbols)) == len(symbols) > 1, "`$d` takes two different variables or more")
        self._require(frame.variables.issuperset(symbols), "`$d` names what is no variable here")
        pairs = {frozenset((one, other)) for one in symbols for other in symbols if one != other}
        self.frames[-1] = _Frame(frame.variables, frame.hypotheses, frame.apart | pairs)

    def _labelled(self, label: str) -> None:
        self._require(LABEL.fullmatch(label), f"{label[:WORD_MAX]!r} cannot be a label")
        known = label in self.labels or label in self.constants or label in self.found.variables
        self._require(not known, f"{label} is declared already")
        self.labels.add(label)
        kind = self._next("`$f`, `$e`, `$a` or `$p`")
        self._require(kind in {"$f", "$e", "$a", "$p"}, f"{kind[:WORD_MAX]!r} stands behind the label {label}")
        symbols = tuple(self._until("$=" if kind == "$p" else "$."))
        proof = tuple(self._until("$.")) if kind == "$p" else ()
        frame = self.frames[-1]
        self._require(symbols and symbols[0] in self.constants, f"{label} does not begin with a constant")
        for symbol in symbols:
            self._require(
                symbol in self.constants or symbol in frame.variables, f"{symbol[:WORD_MAX]} is not declared here"
            )
        if kind in {"$f", "$e"}:
            self._hypothesis(label, kind[1], symbols)
            return
        self.found.assertions[label] = self._assertion(label, kind[1], symbols, proof)

    def _hypothesis(self, label: str, kind: str, symbols: tuple[str, ...]) -> None:
        frame = self.frames[-1]
        if kind == "f":
            typed = {item.symbols[1] for item in frame.hypotheses if item.kind == "f"}
            self._require(len(symbols) == 2 and symbols[1] in frame.variables, f"{label} types no variable")
            self._require(symbols[1] not in typed, f"{label} types a variable that has a type")
        hypotheses = (*frame.hypotheses, Hypothesis(label, kind, symbols))
        self.frames[-1] = _Frame(frame.variables, hypotheses, frame.apart)

    def _assertion(self, label: str, kind: str, symbols: tuple[str, ...], proof: tuple[str, ...]) -> Assertion:
        frame = self.frames[-1]
        said = [symbols, *(item.symbols for item in frame.hypotheses if item.kind == "e")]
        own = {symbol for text in said for symbol in text if symbol in frame.variables}
        needs = tuple(item for item in frame.hypotheses if item.kind == "e" or item.symbols[1] in own)
        typed = {item.symbols[1] for item in needs if item.kind == "f"}
        self._require(own <= typed, f"a variable of {label} has no type")
        apart = frozenset(pair for pair in frame.apart if pair <= own)
        return Assertion(label, kind, symbols, needs, apart, frame.hypotheses, frame.apart, proof)
