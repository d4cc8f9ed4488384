"""`Idempotency-Key`: a request that is sent twice is done once, and answered twice alike.

The answer is kept for a day by the transaction that made what it speaks of (`app.store.answers`). A key belongs to who
sends it and to the operation. What was asked is compared by its digest: the same key with something else is a mistake, and
is told as one. A refusal makes nothing, so it is not kept: what was refused may be sent again, mended, under its key.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeVar

from fastapi import Header, Response

from app.api.problems import ApiError
from app.queue import GPU_QUEUE
from app.store import answers
from app.store.answers import AlreadyAnswered, Answer, Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import BaseModel
    from sqlmodel import Session

    from app.actions import Parts
    from app.core.caller import Caller
    from app.store.intake import Submitted

T = TypeVar("T")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="repeat the request with it, and it is done once: the answer is kept for 24 hours",
    ),
]

_in_flight: set[Asked] = set()
_lock = Lock()


@dataclass(frozen=True)
class Once:
    """One request under its key, or without one: then nothing is kept and nothing found."""

    asked: Asked | None
    request: str  # digest of what is asked

    @classmethod
    def of(cls, caller: Caller, key: str | None, route: str, *parts: bytes) -> Once:
        """Return the request of a caller to a route, told apart from others by its parts."""
        state = hashlib.sha256()
        for part in parts:
            state.update(len(part).to_bytes(8, "big") + part)
        who = caller.key_id or f"publisher {caller.publisher}"
        return cls(None if key is None else Asked(who, key, route), state.hexdigest())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the key while it is worked on.

        Raises:
            ApiError: another request of this process holds it.

        """
        if self.asked is None:
            yield
            return
        with _lock:
            if self.asked in _in_flight:
                raise ApiError(
                    "key-in-flight", "the first request with this key is being answered", {"Retry-After": "1"}
                )
            _in_flight.add(self.asked)
        try:
            yield
        finally:
            with _lock:
                _in_flight.discard(self.asked)

    def done(self, parts: Parts, work: Callable[[], T]) -> T | Response:
        """Return what the work returns, which keeps its answer by `keep`; or the answer that was given before.

        Raises:
            ApiError: as `alone` and `known`; whatever the work raises besides.

        """
        with self.alone():
            before = self.known(parts)
            if before is not None:
                return before
            try:
                return work()
            except AlreadyAnswered:  # by another process
                before = self.known(parts)
                if before is None:
                    raise
                return before

    def known(self, parts: Parts) -> Response | None:
        """Return the answer that was given before; None: the key is fresh.

        Raises:
            ApiError: something else was asked with this key.

        """
        found = self.found(parts)
        if found is None:
            return None
        headers = {**found.headers, "Idempotent-Replayed": "true"}
        return Response(found.body, found.status, headers, "application/json")

    def found(self, parts: Parts) -> Answer | None:
        """Return what was answered before; raises as `known`."""
        if self.asked is None:
            return None
        with parts.store.read() as session:
            found = answers.find(session, self.asked)
        if found is not None and found.request != self.request:
            raise ApiError("key-of-another", "this key came with another request before")
        return found

    def keep(self, session: Session, status: int, headers: Mapping[str, str], document: BaseModel) -> None:
        """Keep the answer, in the transaction that makes what it speaks of."""
        if self.asked is not None:
            body = document.model_dump_json(by_alias=True)
            answers.keep(session, self.asked, Answer(self.request, status, headers, body))


def keyless(_: Session, submitted: Submitted) -> None:
    """Refuse to spend GPU time on a request that could not be repeated without spending it twice."""
    if submitted.created and submitted.queue == GPU_QUEUE:
        raise ApiError("idempotency-key-needed", "the claim asks for a GPU, so the request needs an Idempotency-Key")


def digest_of(file: BinaryIO) -> bytes:
    """Return the SHA-256 of a file from its begin, which is where it is left."""
    file.seek(0)
    state = hashlib.sha256()
    while chunk := file.read(1 << 16):
        state.update(chunk)
    file.seek(0)
    return state.digest()
