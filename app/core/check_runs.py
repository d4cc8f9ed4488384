"""Check runs of GitHub: what a status says, and beside it an annotation at the line of the claim.

Only an App may make them. It proves itself by a token that it signs, for one of its installations, and is given another one
that is good for an hour.

    https://docs.github.com/en/rest/checks/runs
    https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from app.core.forges import Note, Place, Request, shorten
from app.core.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

EARLY_SECONDS = 60  # clocks differ
GOOD_SECONDS = 540  # GitHub refuses more than ten minutes
TITLE_MAX = 200
SUMMARY_MAX = 60_000  # of 65,535 characters
_CONCLUSIONS = {"success": "success", "failure": "failure", "error": "neutral"}
_LEVELS = {"success": "notice", "failure": "failure", "error": "warning"}


@dataclass(frozen=True)
class App:
    """The credentials of a GitHub App."""

    id: str
    installation: str
    key: str  # PEM


@dataclass(frozen=True)
class Remark:
    """What is said at a line of the claim's file."""

    path: str  # in the repository
    line: int
    text: str


def proof(app: App, now: int) -> str:
    """Return the token by which an App proves itself.

    Raises:
        ValueError, jwt.PyJWTError: its key is none.

    """
    told = {"iat": now - EARLY_SECONDS, "exp": now + GOOD_SECONDS, "iss": app.id}
    return jwt.encode(told, app.key, algorithm="RS256")


def token(app: App) -> Request:
    """Ask for a token of the App's installation."""
    return Request("POST", f"/app/installations/{app.installation}/access_tokens")


def check_run(place: Place, note: Note, remark: Remark | None, summary: str, known: str | None) -> Request:
    """Make a check run, or change the one that is there."""
    told: dict[str, Any] = {"name": note.context, "details_url": note.target, "status": "in_progress"}
    output: dict[str, Any] = {"title": shorten(one_line(note.description), TITLE_MAX), "summary": summary[:SUMMARY_MAX]}
    if note.state != "pending":
        told |= {"status": "completed", "conclusion": _CONCLUSIONS[note.state]}
        if remark is not None:
            output["annotations"] = [_annotation(note, remark)]
    told["output"] = output
    if known is not None:
        return Request("PATCH", f"/repos/{place.repository}/check-runs/{known}", told)
    return Request("POST", f"/repos/{place.repository}/check-runs", {**told, "head_sha": place.sha})


def id_in(document: Mapping[str, Any]) -> str | None:
    """Return the number of a check run."""
    found = document.get("id")
    return str(found) if isinstance(found, int) else None


def _annotation(note: Note, remark: Remark) -> dict[str, Any]:
    return {
        "path": remark.path,
        "start_line": remark.line,
        "end_line": remark.line,
        "annotation_level": _LEVELS[note.state],
        "title": note.context,
        "message": remark.text[:SUMMARY_MAX],
    }
