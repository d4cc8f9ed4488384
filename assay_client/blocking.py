"""The client with blocking calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx2

from assay_client import flows, sending, streams, wire
from assay_client.errors import ServiceError, Unreachable
from assay_client.flows import Listen, Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from assay_client.shapes import Approval, Event, Record, Verdict, VerdictPage, Verification

T = TypeVar("T")


class Client:
    """Speaks to one service; a context manager. The key, where one is given, goes with every request."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        try:
            self._http = httpx2.Client(**wire.settings(self.url, token))
        except httpx2.InvalidURL as error:
            raise wire.no_address(self.url, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def submit(self, bundle: bytes, *, force: bool = False, key: str | None = None) -> Verification:
        """Submit a bundle archive.

        Args:
            bundle: the bytes of a `.tar.gz` or `.zip`.
            force: verify again although the same seal is known.
            key: the `Idempotency-Key`; by default the digest of the bytes, so that sending them again costs nothing.

        Raises:
            ServiceError: refused, with every problem; nothing was stored.
            Unreachable: nobody answers.

        """
        return self._run(flows.submission(bundle, force=force, key=key))

    def submit_files(
        self, files: Mapping[str, bytes], *, force: bool = False, told: sending.Told | None = None
    ) -> Verification:
        """Submit a bundle by the digests of its files, and send those that the service lacks; for large ones.

        Args:
            files: path in the bundle -> bytes, all of them.
            force: verify again although the same seal is known.
            told: called with bytes and number of the files that are about to be sent; 0 files: of the archive, which is
                sent where that is less.

        Raises:
            ServiceError, Unreachable: as `submit`.

        """
        return self._run(sending.files_submission(files, force=force, told=told))

    def submit_batch(self, bundles: Sequence[bytes], *, force: bool = False) -> list[Verification | ServiceError]:
        """Submit up to 50 bundle archives by one request, each for itself: a refused one comes back as its refusal.

        Raises:
            ServiceError: the batch as a whole is refused.
            Unreachable: nobody answers.

        """
        return self._run(sending.batch_submission(bundles, force=force))

    def verification(self, verification_id: str) -> Verification:
        """Return a verification as it stands."""
        return self._run(flows.verification(verification_id))

    def cancel(self, verification_id: str) -> Verification:
        """Ask for the end of a verification; repeating it changes nothing, and a verdict that stands stays."""
        return self._run(flows.cancellation(verification_id))

    def approve(self, challenge: str, theorem: str, imports: Sequence[str]) -> Approval:
        """Approve the statement of a proof, which is in the file of a digest."""
        return self._run(flows.approval(challenge, theorem, imports))

    def retry(self, verification_id: str) -> Verification:
        """Begin a verification that faulted again; a new verification comes of it."""
        return self._run(flows.another_try(verification_id))

    def wait(
        self, verification_id: str, seconds: float | None = None, seen: Callable[[Verification], None] | None = None
    ) -> Verification:
        """Poll until the verification has ended; a short absence of the service is waited out.

        Args:
            verification_id: which one.
            seconds: give up after so long; None waits for ever.
            seen: called with every answer.

        Raises:
            TimeoutError: the time is over; the verification goes on.
            Unreachable: the service is not there, or went away for good.

        """
        return self._run(flows.waiting(verification_id, seconds, seen))

    def verdict(self, verdict_id: str) -> Verdict:
        """Return a verdict with its comparisons and controls."""
        return self._run(flows.verdict(verdict_id))

    def verdicts(self, filters: Mapping[str, str] | None = None, cursor: str | None = None) -> VerdictPage:
        """Return a page of verdicts, newest first; `next_cursor` asks for the next one."""
        return self._run(flows.verdict_page(filters, cursor))

    def follow(
        self, verification_id: str, seen: Callable[[Event], None], seconds: float | None = None, after: int = 0
    ) -> Verification:
        """Listen to what happens to a verification until it has ended; a stream that breaks goes on where it was.

        Args:
            verification_id: which one.
            seen: called with every event, each once, in their order.
            seconds: give up after so long; None listens for ever.
            after: number of the last event that is known.

        Raises:
            TimeoutError: the time is over; the verification goes on.
            Unreachable: the service is not there, or went away for good.

        """
        return self._run(streams.following(verification_id, seconds, seen, after))

    def log(self, run_id: str, stream: str, begin: int = 0) -> bytes:
        """Return what a run that is over wrote to `stdout` or `stderr`, from a byte on, at most 256 KiB.

        A negative `begin` counts from the end: -1000 stands for the last 1000 bytes.
        """
        return self._run(streams.log(run_id, stream, begin))

    def evidence(self, verdict_id: str) -> bytes:
        """Return the evidence archive of a verdict; whoever keeps it can check it offline."""
        return self._run(flows.evidence(verdict_id))

    def record(self, record_id: str) -> Record:
        """Return a record under the publisher's id or the service's."""
        return self._run(flows.record(record_id))

    def put_record(self, record_id: str, facts: Mapping[str, Any]) -> Record:
        """Create or change a record of the publisher."""
        return self._run(flows.record_facts(record_id, facts))

    def gate_verdict(self, record_id: str) -> dict[str, Any]:
        """Return the document of the contract `gate-verdict-v1`."""
        return self._run(flows.gate_verdict(record_id))

    def fetch(self, path: str) -> httpx2.Response:
        """Return what lies at a path, as it is."""
        return self._run(flows.fetching(path))

    def _run(self, flow: flows.Flow[T]) -> T:
        """Carry a flow out, see `flows`."""
        try:
            step = next(flow)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = next(flow)
                    continue
                try:
                    answer = None
                    if isinstance(step, Listen):
                        self._listen(step)
                    else:
                        answer = self._send(step)
                except (ServiceError, Unreachable) as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return] # the flow's result

    def _send(self, request: flows.Request) -> httpx2.Response:
        try:
            answer = self._http.request(**wire.arguments(request))
        except httpx2.TransportError as error:
            raise wire.unreachable(self.url, error) from error
        return wire.accepted(answer)

    def _listen(self, step: Listen) -> None:
        """Listen to a stream; that one which was opened is silent for long, or breaks, is no failure."""
        opened = False
        try:
            with self._http.sse(step.request.path, **wire.listening(step)) as source:
                if source.response.is_error:
                    source.response.read()
                    wire.accepted(source.response)
                opened = True
                for said in source:
                    if not step.take(said):
                        return
        except httpx2.TransportError as error:
            if not opened or isinstance(error, httpx2.SSEError):
                raise wire.unreachable(self.url, error) from error
