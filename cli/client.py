"""A small client of the service's HTTP interface."""

from __future__ import annotations

import io
import tarfile
import time
from typing import TYPE_CHECKING, Any, Self

import httpx2

from app.intake import bundle_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

FINAL_STATES = frozenset({"concluded", "cancelled", "faulted"})


class ServiceError(Exception):
    """The service refused or failed; carries the problem document."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        lines = [str(problem.get("detail", problem.get("title", f"HTTP {status}")))]
        for item in problem.get("errors", []):
            where = item.get("in", "")
            if item.get("line"):
                where = f"{where}:{item['line']}"
            remedy = f" {item['remedy']}" if item.get("remedy") else ""
            lines.append(f"{where}{item.get('pointer', '')}: {item.get('detail', '')}.{remedy}")
        super().__init__("\n".join(lines))
        self.status = status
        self.problem = problem


class Unreachable(Exception):
    """No service answers at the address."""


class Client:
    """Speaks to one service; a context manager."""

    def __init__(self, url: str, timeout: float = 30) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.Client(base_url=self.url, timeout=timeout, trust_env=False)

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
        """Poll until the verification has ended.

        Args:
            verification_id: which one.
            seconds: give up after so long; None waits for ever.
            seen: called with every answer.

        Raises:
            TimeoutError: the time is over; the verification goes on.

        """
        deadline = None if seconds is None else time.monotonic() + seconds
        pause = 0.05
        while True:
            document = self.verification(verification_id)
            if seen is not None:
                seen(document)
            if document["state"] in FINAL_STATES:
                return document
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"no verdict after {seconds:g} s; the verification goes on")
            time.sleep(pause)
            pause = min(pause * 1.3, 2.0)

    def evidence(self, verdict_id: str) -> bytes:
        """Return the evidence archive of a verdict."""
        return self._send("GET", f"/v1/verdicts/{verdict_id}/evidence").content

    def _json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        document: dict[str, Any] = self._send(method, path, **request).json()
        return document

    def _send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **request)
        except httpx2.TransportError as error:
            raise Unreachable(f"no service answers at {self.url}: {error}") from error
        if answer.is_error:
            try:
                problem = answer.json()
            except ValueError:
                problem = {"detail": f"the service answered {answer.status_code}"}
            raise ServiceError(answer.status_code, problem)
        return answer


def pack(folder: Path) -> bytes:
    """Return a bundle folder as a `.tar.gz` whose bytes depend on names and contents alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT, compresslevel=6) as archive:
        for name, path in bundle_files(folder):
            data = path.read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
