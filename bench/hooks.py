"""Deliveries of webhooks per second, beside the same requests without rows: `python -m bench.hooks`, `--postgresql`.

A messenger works off events that wait for endpoints of one receiver, a process of its own, through TLS and without; the bare
requests go the same guarded way from as many threads, and take turns with it. A third measure lets one endpoint more be
slow: what the others then get is what each endpoint's share is for.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app import actions
from app.actions import Parts
from app.core import webhook
from app.core.webhook import Event
from app.settings import Settings
from app.store import migrate, outbox
from cli.supervisor import free_port
from tests.workers.receivers import Authority
from workers.deliver import AT_ONCE, Messenger
from workers.outside import Outside, way_out

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
ROUNDS = 3
ENDPOINTS = 8
EVENTS = 40  # of each endpoint in each round
SLOW_SECONDS = 5


async def receive(port: int, certificate: str | None) -> None:
    """Answer every request with 200, those below /slow after a while."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
            if b" /slow " in head.split(b"\r\n")[0]:
                await asyncio.sleep(SLOW_SECONDS)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
            await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(answer, HOST, port, ssl=context)
    await server.serve_forever()


@contextmanager
def receiver(certificate: Path | None) -> Iterator[str]:
    """Run a receiver; gives its address."""
    port = free_port(0, fall_back=True)
    command = [
        sys.executable,
        "-m",
        "bench.hooks",
        "--receive",
        str(port),
        *([str(certificate)] if certificate else []),
    ]
    process = subprocess.Popen(command)
    try:
        while not listens(port):
            time.sleep(0.1)
        yield f"{'https' if certificate else 'http'}://{HOST}:{port}"
    finally:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def bare(outside: Outside, url: str, count: int) -> float:
    """Return signed requests per second without any row, from AT_ONCE threads."""
    sent = webhook.body(
        "verdict.recorded", datetime.now(UTC), {"verdict_id": "vrd_x", "status": "VERIFIED"}, "http://x"
    )
    secret = webhook.secret_of(b"s" * 32)

    def one(number: int) -> None:
        headers = webhook.headers(f"msg_{number}", datetime.now(UTC), sent, [secret])
        if outside.ask("POST", url, headers, sent, seconds=15, most=1024).status != 200:
            raise SystemExit("the receiver refused a bare request")

    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(count)))
    return count / (time.perf_counter() - begun)


def delivered(parts: Parts, messenger: Messenger, ids: list[str]) -> float:
    """Write events for endpoints, and return how many of them are delivered per second."""
    with parts.store.transaction() as session:
        for endpoint_id in ids * EVENTS:
            outbox.tell_one(session, endpoint_id, Event.RECORDED, {"verdict_id": "vrd_x", "status": "VERIFIED"})
    begun = time.perf_counter()
    messenger.wake()
    while waiting(parts, ids):
        time.sleep(0.02)
    return len(ids) * EVENTS / (time.perf_counter() - begun)


def waiting(parts: Parts, ids: list[str]) -> int:
    """Return how many deliveries of endpoints are not done."""
    names = ", ".join(f"'{item}'" for item in ids)
    query = f"SELECT count(*) FROM webhook_delivery WHERE state = 'pending' AND endpoint_id IN ({names})"
    with parts.store.read() as session:
        return int(session.connection().exec_driver_sql(query).scalar() or 0)


def measure(home: Path, database: str, base: str, authority: Path) -> None:
    """Print the figures of one receiver on one database."""
    allowed = base.partition("://")[2]
    settings = Settings(home=home, database_url=database, outside_allow=[allowed], outside_ca=authority)
    migrate.upgrade(settings.database)
    parts = Parts.open(settings)
    outside = way_out(settings)

    def endpoint(path: str) -> str:
        made, _ = actions.create_endpoint(parts, path, f"{base}/{path}", ["verdict.recorded"], "", operator=False)
        return str(made["id"])

    ids, slow = [endpoint(f"e{number}") for number in range(ENDPOINTS)], endpoint("slow")
    messenger = Messenger(parts, outside)
    messenger.start()
    figures: dict[str, list[float]] = {"bare": [], "delivered": [], "beside a slow one": []}
    for _ in range(ROUNDS):
        figures["bare"].append(bare(outside, f"{base}/bare", len(ids) * EVENTS))
        figures["delivered"].append(delivered(parts, messenger, ids))
        with parts.store.transaction() as session:
            for _ in range(AT_ONCE):
                outbox.tell_one(session, slow, Event.RECORDED, {})
        figures["beside a slow one"].append(delivered(parts, messenger, ids))
        while waiting(parts, [slow]):
            time.sleep(0.2)
    messenger.stop()
    parts.close()
    middle = {name: statistics.median(values) for name, values in figures.items()}
    where, how = settings.database.partition(":")[0].partition("+")[0], base.partition(":")[0]
    told = ", ".join(f"{name} {value:.0f}/s" for name, value in middle.items())
    print(f"{where:10} {how:5} {told}; {middle['delivered'] / middle['bare']:.2f} of the bare requests", flush=True)


def main(*, postgresql: bool) -> None:
    """Measure without and with TLS."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        authority = Authority(folder)
        authority.context(HOST)
        cluster = None
        if postgresql:
            from tests.store.postgres import Cluster

            cluster = Cluster(folder.parent)
            stack.callback(cluster.stop)
        for certificate in (None, folder / f"{HOST}.pem"):
            with receiver(certificate) as base:
                home = folder / base.partition(":")[0]
                measure(home, "" if cluster is None else cluster.create(), base, authority.file)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--receive"]:
        asyncio.run(receive(int(sys.argv[2]), (sys.argv[3:] or [None])[0]))
    else:
        main(postgresql="--postgresql" in sys.argv)
