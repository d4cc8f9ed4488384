"""What is asked of forges, as values: requests to their HTTP interfaces, and what their answers say.

Nothing here speaks to anybody. Addresses are built of names and numbers that were checked (`app.core.hook_change`), below
the base address that the operator gave the source.

    https://docs.github.com/en/rest          https://docs.gitlab.com/api/rest
    https://codeberg.org/api/swagger         (Forgejo; Gitea's is the same in what is used here)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from app.core.hook_change import SHA, Change, Look
from app.core.hooks import Kind
from app.core.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

BASES = {
    Kind.GITHUB: "https://api.github.com",
    Kind.GITLAB: "https://gitlab.com/api/v4",
    Kind.FORGEJO: "https://codeberg.org/api/v1",
}
AGENT = "assay-hooks/1"
PAGE = 100
PAGES_MAX = 30  # of changed files; GitHub lists 3,000 at most
FILES_MAX = 300  # that GitHub's comparison lists, the first page alone
DESCRIPTION_MAX = 140  # characters of a status that GitHub takes; GitLab takes 255
WORDS_MAX = 70  # of them, for what a script said
_STATES = {
    "pending": "pending",
    "success": "success",
    "failure": "failed",
    "error": "failed",
}  # GitLab has no fourth one


@dataclass(frozen=True)
class Request:
    """One request, below the forge's base address."""

    method: str
    path: str
    document: Mapping[str, Any] | None = None

    @property
    def body(self) -> bytes | None:
        """What is sent."""
        return None if self.document is None else json.dumps(self.document).encode()


@dataclass(frozen=True)
class Place:
    """A commit of a repository."""

    repository: str
    repository_id: str
    sha: str


_SAID = " stderr: "  # before what a script said, so that nobody takes it for a word of ours


@dataclass(frozen=True)
class Note:
    """What a commit is told."""

    context: str  # `assay/CLAIM`
    state: str  # pending, success, failure, error
    description: str
    target: str  # address of the page that says more
    words: str = ""  # the last line of what a script complained of, where it measured nothing

    @property
    def sentence(self) -> str:
        """Everything that it says, however long."""
        return self.description + (_SAID + self.words if self.words else "")


def headers(kind: Kind, token: str | None) -> dict[str, str]:
    """Return the headers of every request to a forge."""
    found = {"user-agent": AGENT, "accept": "application/json"}
    if kind is Kind.GITHUB:
        found |= {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
    if token is not None:
        named = {Kind.GITHUB: ("authorization", f"Bearer {token}"), Kind.GITLAB: ("private-token", token)}
        name, value = named.get(kind, ("authorization", f"token {token}"))
        found[name] = value
    return found


def archive(kind: Kind, place: Place) -> Request:
    """Ask for all files at a commit, as `.tar.gz`."""
    path = {
        Kind.GITHUB: f"/repos/{place.repository}/tarball/{place.sha}",
        Kind.GITLAB: f"/projects/{place.repository_id}/repository/archive.tar.gz?sha={place.sha}",
        Kind.FORGEJO: f"/repos/{place.repository}/archive/{place.sha}.tar.gz",
    }[kind]
    return Request("GET", path)


def commit_of(kind: Kind, change: Change) -> Request:
    """Ask for the commit that a tag stands for."""
    tag = quote(change.tag, safe="/")
    if kind is Kind.GITHUB:
        return Request("GET", f"/repos/{change.repository}/commits/tags/{tag}")
    return Request("GET", f"/repos/{change.repository}/tags/{tag}")


def sha_in(document: Any) -> str | None:
    """Return the commit in the answer to `commit_of`; None: there is none."""
    inner = document.get("commit") if isinstance(document, dict) else None
    found = [item.get("sha") for item in (document, inner) if isinstance(item, dict)]
    return next((sha for sha in found if isinstance(sha, str) and SHA.fullmatch(sha)), None)


def changes(kind: Kind, change: Change, page: int) -> Request:
    """Ask for the files that a push or pull request changes."""
    if change.look is Look.COMPARE:
        if kind is Kind.GITLAB:
            query = urlencode({"from": change.base, "to": change.sha})
            return Request("GET", f"/projects/{change.repository_id}/repository/compare?{query}")
        return Request("GET", f"/repos/{change.repository}/compare/{change.base}...{change.sha}")
    query = urlencode({"limit" if kind is Kind.FORGEJO else "per_page": PAGE, "page": page})
    if kind is Kind.GITLAB:
        return Request("GET", f"/projects/{change.repository_id}/merge_requests/{change.number}/diffs?{query}")
    return Request("GET", f"/repos/{change.repository}/pulls/{change.number}/files?{query}")


def paths_in(document: Any) -> tuple[set[str], int] | None:
    """Return the paths in an answer to `changes` and the number of entries; None: they may be incomplete, or are none."""
    if isinstance(document, dict):
        if document.get("compare_timeout"):
            return None
        entries = document.get("files", document.get("diffs"))
        if entries is None:  # Forgejo tells the files of each commit
            commits = document.get("commits")
            listed = [item.get("files") for item in commits or () if isinstance(item, dict)]
            entries = [entry for files in listed for entry in files or ()] if isinstance(commits, list) else None
    else:
        entries = document
    if not isinstance(entries, list) or (isinstance(document, dict) and len(entries) >= FILES_MAX):
        return None
    keys = ("filename", "previous_filename", "new_path", "old_path")
    found = {
        entry[key] for entry in entries if isinstance(entry, dict) for key in keys if isinstance(entry.get(key), str)
    }
    return found, len(entries)


def status(kind: Kind, place: Place, note: Note) -> Request:
    """Set a status of a commit."""
    description = _described(note)
    if kind is Kind.GITLAB:
        told = {"state": _STATES[note.state], "name": note.context, "target_url": note.target}
        path = f"/projects/{place.repository_id}/statuses/{place.sha}"
        return Request("POST", path, {**told, "description": description})
    told = {"state": note.state, "context": note.context, "target_url": note.target, "description": description}
    return Request("POST", f"/repos/{place.repository}/statuses/{place.sha}", told)


def _described(note: Note) -> str:
    """Return what a note says in the characters of a status: of a verdict its beginning, of a script its last line."""
    description, words = one_line(note.description), shorten(one_line(note.words), WORDS_MAX)
    if not words:
        return shorten(description, DESCRIPTION_MAX)
    return shorten(description, DESCRIPTION_MAX - len(_SAID) - len(words)) + _SAID + words


def shorten(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut at a word where it has several."""
    if len(text) <= most:
        return text
    begun = text[: most - 1]
    return (begun.rpartition(" ")[0] or begun) + "…"
