"""A small client of the service's HTTP interface."""

from __future__ import annotations

import io
import tarfile
import time
from typing import TYPE_CHECKING, Any, Self

import httpx2

from app.intake import ArchiveLimits, read_folder
from cli.errors import ServiceError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

__all__ = ["FINAL_STATES", "Client", "ServiceError", "Unreachable", "pack"]

FINAL_STATES = frozenset({"concluded", "cancelled", "faulted"})
CONNECT_SECONDS = 5
ANSWER_SECONDS = 120  # the service stores a large bundle before it answers
OUTAGE_SECONDS = 15  # while following a verification: as long as a service needs to be started again


class Client:
    """Speaks to one service; a context manager."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        timeout = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        try:
            self._http = httpx2.Client(base_url=self.url, timeout=timeout, trust_env=False)
        except httpx2.InvalidURL as error:
            raise Unreachable(f"{self.url} is no address of a service: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def submit(self, bundle: bytes, *, force: bool = False) -> dict[str, Any]:
        """Submit a bundle archive; returns the verification.

        Raises:
            ServiceError: refused, with every problem; nothing was stored.
            Unreachable: nobody answers.

        """
        parts = {"bundle": ("bundle.tar.gz", bytes(bundle), "application/gzip")}
        return self._json("POST", "/v1/verifications", files=parts, params={"force": str(force).lower()})

    def put_record(self, record_id: str, document: dict[str, Any]) -> dict[str, Any]:
        """Create or change a record of the publisher."""
        return self._json("PUT", f"/v1/records/{record_id}", json=document)

    def verification(self, verification_id: str) -> dict[str, Any]:
        """Return a verification as it stands."""
        return self._json("GET", f"/v1/verifications/{verification_id}")

    def wait(
        self, verification_id: str, seconds: float | None, seen: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Poll until the verification has ended; a short absence of the service is waited out.

        Args:
            verification_id: which one.
            seconds: give up after so long; None waits for ever.
            seen: called with every answer.

        Raises:
            TimeoutError: the time is over; the verification goes on.
            Unreachable: the service is not there, or went away for good.

        """
        begun = answered = time.monotonic()
        document: dict[str, Any] | None = None
        tag = ""
        pause = 0.05
        while True:
            try:
                answer = self._send("GET", f"/v1/verifications/{verification_id}", headers={"If-None-Match": tag})
                answered = time.monotonic()
                if document is None or answer.status_code != httpx2.codes.NOT_MODIFIED:
                    document, tag = self._document(answer), answer.headers.get("ETag", "")
            except Unreachable:
                if document is None or time.monotonic() - answered > OUTAGE_SECONDS:
                    raise
            if document is not None:
                if seen is not None:
                    seen(document)
                if document["state"] in FINAL_STATES:
                    return document
            if seconds is not None and time.monotonic() - begun > seconds:
                raise TimeoutError(f"no verdict after {seconds:g} s; the verification goes on")
            time.sleep(pause)
            pause = min(pause * 1.3, 2.0)

    def evidence(self, verdict_id: str) -> bytes:
        """Return the evidence archive of a verdict."""
        return self._send("GET", f"/v1/verdicts/{verdict_id}/evidence").content

    def fetch(self, path: str) -> httpx2.Response:
        """Return what lies at a path, as it is."""
        return self._send("GET", path)

    def _json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        return self._document(self._send(method, path, **request))

    def _document(self, answer: httpx2.Response) -> dict[str, Any]:
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict) or "urls" not in document:
            raise ServiceError(answer.status_code, {"detail": f"what answers at {self.url} is no Assay service"})
        return document

    def _send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **request)
        except httpx2.TransportError as error:
            remedy = "start one with `assay serve`, or name another with --url"
            raise Unreachable(f"no service answers at {self.url}: {error}. {remedy}.") from error
        if answer.is_error:
            try:
                problem = answer.json()
            except ValueError:
                problem = None
            raise ServiceError(answer.status_code, problem if isinstance(problem, dict) else {})
        return answer


def pack(folder: Path) -> bytes:
    """Return a bundle folder as a `.tar.gz` whose bytes depend on names and contents alone.

    Raises:
        Refusal: it holds what no bundle may hold.

    """

    def keep(_: str, chunks: Iterator[bytes]) -> bytes:
        return b"".join(chunks)

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT, compresslevel=6) as archive:
        for name, data in read_folder(folder, ArchiveLimits(), keep).items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
