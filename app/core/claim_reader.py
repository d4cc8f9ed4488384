"""Typed reading of a claim document that collects every problem instead of stopping at the first.

A `Table` is one table of the document. Reading a key marks it as known; closing the table reports the keys that nobody
asked for, with the nearest known name. A key that cannot be read yields a harmless stand-in, and the problem that was
noted refuses the whole document at the end.
"""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from app.core.errors import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

T = TypeVar("T")
Path = tuple[str | int, ...]

TEXT_MAX = 4_000  # characters of one text
LIST_MAX = 1_000
PROBLEMS_MAX = 200  # nobody reads more, and each costs a search for a near name
NEAR_AMONG_MAX = 100  # names that are searched for a near one
NEAR_LENGTH_MAX = 64


def near(name: str, known: Collection[str]) -> str | None:
    """Return the question whether a known name was meant, None when none is near; case counts for little."""
    if len(name) > NEAR_LENGTH_MAX:
        return None
    folded = {item.lower(): item for item in sorted(known)[:NEAR_AMONG_MAX] if len(item) <= NEAR_LENGTH_MAX}
    found = difflib.get_close_matches(name.lower(), folded, 1)
    return f"did you mean {str(folded[found[0]])!r}?" if found else None


@dataclass
class Reader:
    """Collects the problems of one document."""

    file: str | None
    line_of: Callable[[Path], int | None]
    problems: list[Problem] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether so much is wrong that nothing more is noted."""
        return len(self.problems) >= PROBLEMS_MAX

    def report(self, path: Path, code: str, detail: str, remedy: str) -> None:
        """Note a problem at a path of the document, unless there are PROBLEMS_MAX already."""
        if self.full:
            return
        pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        self.problems.append(Problem(self.file, self.line_of(path), pointer, code, detail, remedy))

    def finish(self) -> None:
        """Refuse the document if any problem was noted.

        Raises:
            Refusal: with all of them, in the order of their lines.

        """
        if self.problems:
            raise Refusal(tuple(sorted(self.problems, key=lambda item: (item.line or 0, item.pointer))))


class Table:
    """One table of a document."""

    def __init__(self, reader: Reader, path: Path, data: dict[str, Any]) -> None:
        self.reader = reader
        self.path = path
        self.data = data
        self.known: set[str] = set()

    def has(self, key: str) -> bool:
        """Whether the table has a key; asking makes it known."""
        self.known.add(key)
        return key in self.data

    def report(self, key: str | None, code: str, detail: str, remedy: str) -> None:
        """Note a problem at a key, or at the table itself."""
        self.reader.report(self.path if key is None else (*self.path, key), code, detail, remedy)

    def raw(self, key: str) -> Any:
        """Return a value as it stands, None when absent."""
        self.known.add(key)
        return self.data.get(key)

    def text(self, key: str, *, required: bool = False, longest: int = TEXT_MAX) -> str | None:
        """Return a text, None when absent or unreadable."""
        found = self.raw(key)
        if found is None:
            if required:
                self.report(None, "missing-key", f"the key {key!r} is missing", f'add {key} = "…"')
            return None
        if not isinstance(found, str):
            hint = f'write {key} = "{found}": printed digits are data' if _is_number(found) else "put it in quotes"
            self.report(key, "not-a-string", f"{key!r} must be a string", hint)
            return None
        if not found.strip() or len(found) > longest:
            self.report(key, "bad-text", f"{key!r} must have 1 to {longest} characters", "shorten or fill it")
            return None
        if any(sign not in "\n\t" and unicodedata.category(sign) in {"Cc", "Cs"} for sign in found):
            self.report(key, "bad-text", f"{key!r} has control characters or half characters", "remove them")
            return None
        return found

    def parsed(self, key: str, read: Callable[[str], T], *, required: bool = False) -> T | None:
        """Return a text turned into something by `read`, whose ValueError becomes a problem at this key."""
        found = self.text(key, required=required, longest=400)
        if found is None:
            return None
        try:
            return read(found)
        except ValueError as error:
            self.report(key, "unreadable-value", f"{key}: {error}", "write it as in the example")
            return None

    def integer(self, key: str, low: int, high: int) -> int | None:
        """Return a whole number within bounds, None when absent or wrong."""
        found = self.raw(key)
        if found is None:
            return None
        if not isinstance(found, int) or isinstance(found, bool) or not low <= found <= high:
            self.report(key, "bad-number", f"{key!r} must be a whole number from {low} to {high}", "change it")
            return None
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of distinct texts; empty when absent or wrong."""
        found = self.raw(key)
        if found is None:
            return ()
        if not isinstance(found, list) or not all(isinstance(item, str) and item for item in found):
            one = found if isinstance(found, str) and found.isprintable() and len(found) <= NEAR_LENGTH_MAX else "…"
            self.report(key, "not-a-list", f"{key!r} must be a list of strings", f'write {key} = ["{one}"]')
            return ()
        if len(found) > LIST_MAX:
            self.report(key, "too-many", f"{key!r} may have {LIST_MAX} items", "put more into fewer files")
            return ()
        if len(set(found)) < len(found):
            self.report(key, "duplicate-item", f"{key!r} names something twice", "name each once")
        return tuple(found)

    def table(self, key: str, *, required: bool = False) -> Table | None:
        """Return a sub-table, None when absent or wrong."""
        found = self.raw(key)
        if found is None:
            if required:
                self.report(None, "missing-table", f"the table [{key}] is missing", f"add a line [{key}] and its keys")
            return None
        if not isinstance(found, dict):
            single = "in single brackets: there is only one" if isinstance(found, list) else "on a line of its own"
            self.report(key, "not-a-table", f"{key!r} must be a table", f"write [{key}] {single}")
            return None
        return Table(self.reader, (*self.path, key), found)

    def tables(self, key: str) -> Iterator[Table]:
        """Yield the tables of an array of tables."""
        found = self.raw(key)
        if found is None:
            return
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            double = "in double brackets: there may be several" if isinstance(found, dict) else "above each"
            self.report(key, "not-a-table", f"{key!r} must be an array of tables", f"write [[{key}]] {double}")
            return
        for index, item in enumerate(found):
            yield Table(self.reader, (*self.path, key, index), item)

    def named(self, key: str) -> Iterator[tuple[str, Table]]:
        """Yield the named sub-tables of a table of tables."""
        outer = self.table(key)
        if outer is None:
            return
        for name, item in outer.data.items():
            if isinstance(item, dict):
                yield name, Table(self.reader, (*outer.path, name), item)
            else:
                outer.report(name, "not-a-table", f"{name!r} must be a table", f"write [{key}.{name}] and its keys")

    def close(self) -> None:
        """Report every key that nobody asked for."""
        for key in self.data:
            if key not in self.known and not self.reader.full:
                remedy = near(key, self.known) or f"known here: {', '.join(sorted(self.known))}"
                self.report(key, "unknown-key", f"unknown key {key!r}", remedy)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
