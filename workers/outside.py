"""Speaking to hosts that strangers name: receivers of webhooks, forges.

Theory of operation. To check a name and let the client look it up again is the classic hole: the second answer may be
another one. So the check stands where the connection is made. A name is resolved once; every address that it has must be
public (`app.core.addresses`); the connection goes to the address that was checked, while TLS still proves the name. The port
is 443, there is no proxy, no setting of the environment, no socket of this machine, no redirection (but for one that the
caller asks for, which is checked in the same way and is not shown the caller's secrets). All of a request, from looking up
the name to the last byte that is read, has one deadline: whoever sends a byte a second gets no more time than whoever
sends nothing. Answers are never unpacked and are read up to a limit.

The operator may name private hosts (`host:port`), which are then spoken to as they are.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpcore2

from app.core.addresses import is_public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from app.settings import Settings

UNREACHABLE = (
    "the name has no address, or one that is not public"  # one text: names of an intranet are not to be guessed
)
SECRET_HEADERS = frozenset({"authorization", "private-token"})


class OutsideError(Exception):
    """A host was not reached, may not be reached, or did not answer in time; the text says which."""


@dataclass(frozen=True)
class Answer:
    """What a host answered."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes  # its beginning
    whole: bool  # whether that is all of it


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


@dataclass(frozen=True)
class Outside:
    """The way out: whom the operator opened it to, and how names are looked up."""

    named: frozenset[str] = frozenset()  # `host:port`
    ca: Path | None = None  # further certificates that are believed, for hosts of an intranet
    resolve: Callable[[str, int], list[str]] = field(default=look_up)

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What proves the names of hosts."""
        context = ssl.create_default_context()
        if self.ca is not None:
            context.load_verify_locations(self.ca)
        return context

    def ask(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        seconds: float,
        most: int,
        follow: bool = False,
    ) -> Answer:
        """Send one request.

        Args:
            method: of HTTP.
            url: absolute.
            headers: to send.
            body: to send.
            seconds: until the end of everything.
            most: bytes of the answer that are read.
            follow: whether one redirection is followed.

        Raises:
            OutsideError: there is no answer, or it may not be asked for.

        """
        deadline = time.monotonic() + seconds
        answer = self._ask(method, url, headers, body, deadline, most)
        if not follow or not 300 <= answer.status < 400:
            return answer
        target = urljoin(url, answer.headers.get("location", ""))
        foreign = urlsplit(target).netloc != urlsplit(url).netloc or urlsplit(target).scheme != urlsplit(url).scheme
        kept = {name: value for name, value in headers.items() if not foreign or name.lower() not in SECRET_HEADERS}
        return self._ask(method, target, kept, body, deadline, most)

    def _ask(  # noqa: PLR0913 - as above
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: float, most: int
    ) -> Answer:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise OutsideError("the address is none of http or https")
        guard = _Guard(self, deadline, plain=parts.scheme == "http")
        pool = httpcore2.ConnectionPool(ssl_context=self.tls, network_backend=guard, max_connections=1)
        sent = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers.items()]
        with _explained(), pool, pool.stream(method, url, headers=sent, content=body) as response:
            data, whole = _read(response.iter_stream(), most)
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return Answer(response.status, found, data, whole)


def way_out(settings: Settings) -> Outside:
    """Return the way out that the operator's settings describe."""
    return Outside(frozenset(item.lower() for item in settings.outside_allow), settings.outside_ca)


def _read(chunks: Iterable[bytes], most: int) -> tuple[bytes, bool]:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > most:
            return bytes(data[:most]), False
    return bytes(data), True


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise OutsideError("there was no whole answer in time") from error
    except httpcore2.LocalProtocolError as error:  # its text may quote a header, and so a secret
        raise OutsideError("the request could not be sent: it has signs that no header may hold") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError) as error:
        raise OutsideError(f"the connection failed: {str(error)[:200] or type(error).__name__}") from error
    except (ValueError, UnicodeError, OSError, httpcore2.UnsupportedProtocol) as error:
        raise OutsideError(f"the request could not be sent: {type(error).__name__}") from error


class _Guard(httpcore2.NetworkBackend):
    """Makes connections to checked addresses, and gives each of their steps what is left of the time."""

    def __init__(self, outside: Outside, deadline: float, *, plain: bool) -> None:
        self._outside = outside
        self._deadline = deadline
        self._plain = plain

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - one deadline rules all steps
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of a host that answers, if all of them may be spoken to."""
        named = f"{host.lower()}:{port}" in self._outside.named
        if not named and (port != 443 or self._plain):
            raise OutsideError("only TLS at port 443 is spoken to")
        addresses = self._resolve(host, port)
        if not named and not all(is_public(address) for address in addresses):
            raise OutsideError(UNREACHABLE)
        failed: Exception | None = None
        for address in addresses:
            try:
                stream = httpcore2.SyncBackend().connect_tcp(
                    address, port, timeout=left(self._deadline), socket_options=socket_options
                )
                return _Timed(stream, self._deadline)
            except httpcore2.ConnectError as error:
                failed = error
        raise failed or httpcore2.ConnectError("the name has no address")

    def _resolve(self, host: str, port: int) -> list[str]:
        """Look a name up; in a thread, for the system's own patience may be longer than ours."""
        found: list[str] = []
        failed: list[Exception] = []

        def look() -> None:
            try:
                found.extend(self._outside.resolve(host, port))
            except (OSError, UnicodeError) as error:
                failed.append(error)

        thread = Thread(target=look, daemon=True)
        thread.start()
        thread.join(left(self._deadline))
        if failed or not found:
            raise OutsideError(UNREACHABLE)
        return list(found)


class _Timed(httpcore2.NetworkStream):
    """A connection of which every step has what is left of the time, and no more."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, left(self._deadline))
        return _Timed(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def left(deadline: float) -> float:
    """Return the seconds until a deadline.

    Raises:
        httpcore2.ReadTimeout: it is over.

    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore2.ReadTimeout
    return seconds
