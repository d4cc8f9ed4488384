"""Which claims of a repository a source is for, and which of them a change touches.

A source names its claims by a pattern of paths that ends in `claim.toml`: `*` stands for anything within one folder's name,
`**` for any number of folders. The folder around a `claim.toml` is its bundle, so a claim is touched by every change
below that folder, unless a claim further down has its own.

Theory of operation. Paths are a stranger's, so none may cost more than its length times the pattern's. The folders of a path
are read once, from the top, and beside each stands the set of places in the pattern that the folders so far lead to: a
folder's name is compared with each place once, and nothing is ever tried again. Within a name, what lies between two stars
is looked for from the left, where its first place is as good as any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CLAIM_FILE = "claim.toml"
ANY = "**"  # any number of folders
PATTERN = f"{ANY}/{CLAIM_FILE}"  # every claim of the repository
_ALLOWED = re.compile(r"(?:(?:\*\*|[A-Za-z0-9*._-]+)/)*claim\.toml")
_PATTERN_LENGTH_MAX = 200
_STARS_MAX = 8


def is_pattern(text: str) -> bool:
    """Whether a text is a pattern of paths of claims."""
    stars = text.count("*") <= _STARS_MAX  # more would be a mistake: no repository's layout needs them
    return len(text) <= _PATTERN_LENGTH_MAX and stars and ".." not in text and _ALLOWED.fullmatch(text) is not None


def claims_among(paths: Iterable[str], pattern: str) -> list[str]:
    """Return the folders ("" for the top) of the claims that a source is for, in order."""
    parts = _parts(pattern)
    return sorted(_folder(path) for path in paths if _name(path) == CLAIM_FILE and _leads(path, parts))


def touched(folders: Sequence[str], changed: Iterable[str]) -> list[str]:
    """Return the folders of claims below which something changed, each change counted for the innermost claim."""
    known = set(folders)
    found = {next((folder for folder in _around(path) if folder in known), None) for path in changed}
    return [folder for folder in folders if folder in found]


def may_touch(changed: Iterable[str], pattern: str) -> bool:
    """Whether one of the changed paths lies where a claim of the pattern could be; it is cheaper to ask than to look."""
    parts = _parts(pattern)
    return any(any(_led(path, parts)) for path in changed)


def _around(path: str) -> list[str]:
    """Return the folders around a path, the innermost first, "" last."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:end]) for end in range(len(parts), -1, -1)]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _parts(pattern: str) -> list[str]:
    """Return what a pattern says of each folder."""
    return pattern.split("/")[:-1]


def _leads(path: str, parts: Sequence[str]) -> bool:
    """Whether all folders around a path, together, are what a pattern says."""
    *_, last = _led(path, parts)
    return last


def _led(path: str, parts: Sequence[str]) -> Iterator[bool]:
    """Yield for the top, and for every folder around a path from there on, whether a claim of the pattern may lie in it."""
    places = _widened({0}, parts)
    yield len(parts) in places
    for name in path.split("/")[:-1]:
        further = (
            place + (parts[place] != ANY) for place in places if place < len(parts) and _like(name, parts[place])
        )
        places = _widened(set(further), parts)
        yield len(parts) in places


def _widened(places: set[int], parts: Sequence[str]) -> set[int]:
    """Return the places with those behind every `**` among them, which may stand for no folder."""
    for place in range(len(parts)):
        if place in places and parts[place] == ANY:
            places.add(place + 1)
    return places


def _like(name: str, part: str) -> bool:
    """Whether a folder's name is what one part of a pattern says."""
    if part == ANY:
        return name != ""
    first, *between = part.split("*")
    if not between:
        return name == part
    *between, last = between
    at, end = len(first), len(name) - len(last)
    if end < at or not name.startswith(first) or not name.endswith(last):
        return False
    for text in between:
        found = name.find(text, at, end)
        if found < 0:
            return False
        at = found + len(text)
    return True
