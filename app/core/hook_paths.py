"""Which claims of a repository a source is for, and which of them a change touches.

A source names its claims by a pattern of paths that ends in `claim.toml`: `*` stands for anything within one folder's name,
`**` for any number of folders. The folder around a `claim.toml` is its bundle, so a claim is touched by every change
below that folder, unless a claim further down has its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CLAIM_FILE = "claim.toml"
PATTERN = "**/" + CLAIM_FILE  # every claim of the repository
_ALLOWED = re.compile(r"(?:(?:\*\*|[A-Za-z0-9*._-]+)/)*claim\.toml")
_PATTERN_LENGTH_MAX = 200
_STARS_MAX = 8


def is_pattern(text: str) -> bool:
    """Whether a text is a pattern of paths of claims."""
    stars = text.count("*") <= _STARS_MAX  # each may be tried at every place of a path
    return len(text) <= _PATTERN_LENGTH_MAX and stars and ".." not in text and _ALLOWED.fullmatch(text) is not None


def claims_among(paths: Iterable[str], pattern: str) -> list[str]:
    """Return the folders ("" for the top) of the claims that a source is for, in order."""
    matches = _compiled(pattern).fullmatch
    return sorted(_folder(path) for path in paths if matches(path))


def touched(folders: Sequence[str], changed: Iterable[str]) -> list[str]:
    """Return the folders of claims below which something changed, each change counted for the innermost claim."""
    known = set(folders)
    found = {next((folder for folder in _around(path) if folder in known), None) for path in changed}
    return [folder for folder in folders if folder in found]


def may_touch(changed: Iterable[str], pattern: str) -> bool:
    """Whether one of the changed paths lies where a claim of the pattern could be; it is cheaper to ask than to look."""
    matches = _compiled(pattern).fullmatch
    return any(
        matches(f"{folder}/{CLAIM_FILE}" if folder else CLAIM_FILE) for path in changed for folder in _around(path)
    )


def _around(path: str) -> list[str]:
    """Return the folders around a path, the innermost first, "" last."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:end]) for end in range(len(parts), -1, -1)]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (
        "(?:[^/]+/)*" if part == "**" else "[^/]*".join(map(re.escape, part.split("*"))) + "/"
        for part in pattern.split("/")[:-1]
    )
    return re.compile("".join(parts) + re.escape(CLAIM_FILE))
