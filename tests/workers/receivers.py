"""Real receivers on this machine: HTTP servers that behave as they are told, with an authority of their own."""

from __future__ import annotations

import ipaddress
import ssl
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


class Authority:
    """Issues certificates for names; `file` is its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of the tests")])
        own = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        own = own.add_extension(usage, True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
        )

    def context(self, name: str) -> ssl.SSLContext:
        """Return what a server needs to prove a name, or an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            proven: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            proven = x509.DNSName(name)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        leaf = self._builder(subject, key).add_extension(x509.SubjectAlternativeName([proven]), False)
        path = self._folder / f"{name}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(
            secret + leaf.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@dataclass
class Receiver:
    """A server that notes what it is sent and answers as its members say; a context manager."""

    context: ssl.SSLContext | None = None  # None: without TLS
    address: str = "127.0.0.1"
    port: int = 0  # 0: some free one
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"taken"
    wait_seconds: float = 0  # before it answers
    drip_seconds: float = 0  # between two bytes of the body
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)  # path, headers, body
    connections: int = 0

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length", 0)))
                names = {name.lower(): value for name, value in self.headers.items()}
                receiver.heard.append((self.path, names, sent))
                time.sleep(receiver.wait_seconds)
                try:
                    self._answer()
                except OSError:
                    self.close_connection = True  # nobody waits any more

            do_GET = do_POST  # noqa: N815

            def _answer(self) -> None:
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(receiver.body)))
                self.end_headers()
                if not receiver.drip_seconds:
                    self.wfile.write(receiver.body)
                for byte in receiver.body if receiver.drip_seconds else b"":
                    self.wfile.write(bytes([byte]))
                    time.sleep(receiver.drip_seconds)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self) -> Any:
                found = super().get_request()
                receiver.connections += 1
                return found

            def finish_request(self, request: Any, client_address: Any) -> None:
                if receiver.context is None:
                    super().finish_request(request, client_address)
                    return
                try:
                    secured = receiver.context.wrap_socket(request, server_side=True)
                except OSError:
                    return  # whoever came did not believe the certificate
                with secured:
                    super().finish_request(secured, client_address)

        self._server = Server((self.address, self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, host: str, path: str = "/hook") -> str:
        """Return the address under which it is reached by a name."""
        return f"{'http' if self.context is None else 'https'}://{host}:{self.port}{path}"

    def named(self, host: str) -> str:
        """Return what an operator writes to open it."""
        return f"{host}:{self.port}"
