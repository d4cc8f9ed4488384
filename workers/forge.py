"""Asking a forge, through the guarded way out, with the credentials of one source."""

from __future__ import annotations

import json
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jwt

from app.core import check_runs, forges
from app.core.hook_change import Look
from app.core.hooks import Kind
from app.intake import REPOSITORY
from workers.outside import OutsideError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.actions import OpenSource
    from app.core.forges import Place, Request
    from app.core.hook_change import Change
    from app.core.hook_words import Said
    from workers.outside import Answer, Outside

ASK_SECONDS = 15
ARCHIVE_SECONDS = 120
ANSWER_BYTES_MAX = 16 << 20


class ForgeError(Exception):
    """A forge did not do what it was asked for; the text says what and why."""


class TooLargeError(Exception):
    """A repository has more than is taken in; asking again would not help."""


class Forge:
    """The forge of one source, for one piece of work."""

    def __init__(self, outside: Outside, source: OpenSource) -> None:
        self._outside = outside
        self._source = source
        self._kind = source.known.kind

    def commit(self, change: Change) -> str:
        """Return the commit that a change is about; a release names its tag alone.

        Raises:
            ForgeError: the forge does not say.

        """
        if change.sha:
            return change.sha
        found = forges.sha_in(self._ask(forges.commit_of(self._kind, change)))
        if found is None:
            raise ForgeError(f"the forge knows no commit of the tag {change.tag}")
        return found

    def changed(self, change: Change) -> set[str] | None:
        """Return the paths that a push or pull request changes; None: the forge cannot say, it may be any.

        Raises:
            ForgeError: it did not answer as it should.

        """
        found: set[str] = set()
        for page in range(1, forges.PAGES_MAX + 1):
            listed = forges.paths_in(self._ask(forges.changes(self._kind, change, page)))
            if listed is None:
                return None
            found |= listed[0]
            if change.look is Look.COMPARE or listed[1] == 0 or (self._kind is Kind.GITHUB and listed[1] < forges.PAGE):
                return found
        return None

    def archive(self, place: Place) -> bytes:
        """Return all files at a commit, packed.

        Raises:
            ForgeError: the forge did not give them.
            TooLargeError: they are too many.

        """
        most = REPOSITORY.packed_bytes
        answer = self._send(forges.archive(self._kind, place), self._token, ARCHIVE_SECONDS, most, follow=True)
        if not answer.whole:
            raise TooLargeError(f"The repository has more than {most >> 20} MiB packed. Keep large data elsewhere.")
        return answer.body

    def tell(self, place: Place, said: Said, check_run: str | None) -> str | None:
        """Set the status of a commit and, as an App, a check run; returns the check run's number.

        Raises:
            ForgeError: it was not taken.

        """
        known = check_run
        if self._source.app is not None and self._kind is Kind.GITHUB:
            document = self._ask(check_runs.check_run(place, said.note, said.remark, said.summary, check_run))
            known = check_runs.id_in(document) or check_run
        try:
            self._ask(forges.status(self._kind, place, said.note))
        except ForgeError as error:
            if "Cannot transition status" not in str(error):  # GitLab's way of saying that it is so already
                raise
        return known

    @cached_property
    def _token(self) -> str | None:
        app = self._source.app
        if app is None:
            return self._source.token
        try:
            proof = check_runs.proof(app, int(time.time()))
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise ForgeError("the key of the App is none") from error
        found = self._json(self._send(check_runs.token(app), proof, ASK_SECONDS, ANSWER_BYTES_MAX))
        token = found.get("token") if isinstance(found, dict) else None
        if not isinstance(token, str):
            raise ForgeError("the forge gave the App no token")
        return token

    def _ask(self, request: Request) -> Any:
        return self._json(self._send(request, self._token, ASK_SECONDS, ANSWER_BYTES_MAX))

    def _json(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise ForgeError("the forge answered with something that is no JSON") from error

    def _send(self, request: Request, token: str | None, seconds: float, most: int, *, follow: bool = False) -> Answer:
        url = self._source.known.api.rstrip("/") + request.path
        headers: Mapping[str, str] = forges.headers(self._kind, token)
        if request.body is not None:
            headers = {**headers, "content-type": "application/json"}
        try:
            answer = self._outside.ask(
                request.method, url, headers, request.body, seconds=seconds, most=most, follow=follow
            )
        except OutsideError as error:
            raise ForgeError(f"{request.method} {request.path.partition('?')[0]}: {error}") from error
        if not 200 <= answer.status < 300:
            said = _without(answer.body[:2000].decode("utf-8", "replace"), token)[:300]
            raise ForgeError(f"{request.method} {request.path.partition('?')[0]}: {answer.status} {said}")
        return answer


def _without(text: str, secret: str | None) -> str:
    """Return what a forge said without the secret that it was shown: what it says is kept, and told on commits."""
    return text if secret is None else text.replace(secret, "…")
