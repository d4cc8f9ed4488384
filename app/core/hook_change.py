"""What a forge's payload comes to: something happened to a commit of a repository. And the careful reading of payloads.

Only what is needed is read, and nothing of it is believed to be of a certain type before it was looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any

SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9._-]{1,100}(?:/[A-Za-z0-9._-]{1,100}){1,10}")
TAG = re.compile(r"(?!.*\.\.)[A-Za-z0-9._/+-]{1,200}")
CONTEXT = "assay"  # begins the name of every status and check run of ours


class Topic(StrEnum):
    """What a delivery is about. The names of a forge's events that come to the same work are of one topic."""

    PUSH = "push"
    PULL = "pull"
    RELEASE = "release"
    CHECK = "check"
    CLAIM = "claim"  # of a program
    OTHER = "other"  # nothing is done about it


class Look(Enum):
    """Where the claims that are meant come from."""

    PATHS = auto()  # the payload says what changed
    COMPARE = auto()  # the forge is asked what changed since `base`
    PULL = auto()  # the forge is asked what a pull request changes
    ALL = auto()  # every claim of the source
    REPORTED = auto()  # those that were reported on the commit before, by their names; all of them where none is named


@dataclass(frozen=True)
class Change:
    """Something happened to a commit of a repository."""

    repository: str  # full name
    repository_id: str  # the forge's number of it
    sha: str  # "" where only the tag is known
    look: Look
    paths: tuple[str, ...] = ()
    base: str = ""
    number: int = 0  # of the pull request
    tag: str = ""
    names: tuple[str, ...] = ()  # of check runs
    fork: str = ""  # the other repository that the commit comes from


@dataclass(frozen=True)
class Nothing:
    """Nothing is to be done, and why."""

    reason: str


@dataclass(frozen=True)
class Submitted:
    """A claim that came along, as a document or as an archive in base 64."""

    document: dict[str, Any] | None
    archive: str | None


class Unusable(Exception):
    """A payload that cannot be used; says what is missing, and on which commit that can be said, if on any."""

    def __init__(self, detail: str, repository: str = "", repository_id: str = "", sha: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.repository = repository
        self.repository_id = repository_id
        self.sha = sha


# --- parts of payloads


def since(change: Change) -> Change:
    """Return a change with what it is compared with; where that is unknown or nothing, every claim may have changed."""
    known = SHA.fullmatch(change.base) and change.base.strip("0")
    return change if known else Change(change.repository, change.repository_id, change.sha, Look.ALL)


def paths(commits: list[Any]) -> tuple[str, ...]:
    """Return the paths that commits of a push name."""
    found: set[str] = set()
    for commit in commits:
        for key in ("added", "modified", "removed"):
            listed = commit.get(key) if isinstance(commit, dict) else None
            found.update(path for path in listed or () if isinstance(path, str))
    return tuple(sorted(found))


def named(name: Any, number: Any, what: str) -> tuple[str, str]:
    """Return full name and number of a repository.

    Raises:
        Unusable: they are not what they should be.

    """
    if not isinstance(name, str) or not NAME.fullmatch(name) or not isinstance(number, int) or isinstance(number, bool):
        raise Unusable(f"`{what}` lacks the name and number of the repository")
    return name, str(number)


def sha_of(text: str, name: str, number: str) -> str:
    """Return a commit.

    Raises:
        Unusable: the text names none.

    """
    if not SHA.fullmatch(text):
        raise Unusable("the payload names no commit", name, number)
    return text


def text_at(document: dict[str, Any], *keys: str) -> str:
    """Return a text of a document; "" when it is not there or is none."""
    found = at(document, *keys)
    return found if isinstance(found, str) else ""


def at(document: Any, *keys: str) -> Any:
    """Return what stands somewhere in a document; None when it is not there."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def shown(name: Any) -> str:
    """Return the name of another repository as it can be shown."""
    return name if isinstance(name, str) and NAME.fullmatch(name) else "another repository"
