"""Reading pages beside a bare endpoint with the same bytes, and a run's page as its log grows.

A server of its own process answers two connections that ask again and again; page and bare endpoint take turns, so that
both see the same machine, and so do logs of several sizes. `python -m bench.pages`.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response
from sqlalchemy import insert

from app import actions
from app.core import loglines
from app.core.model import OutcomeKind, RunOutcome
from app.main import create_app
from app.settings import Settings
from app.store import migrate, triggers
from app.store.engine import Store
from app.store.ids import new_id
from app.store.tables import Artifact, LogRow, OutcomeRow, RunRow
from bench.rows import DIGEST, fill
from cli.supervisor import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 2.0
ROUNDS = 3
CONNECTIONS = 2
VERDICTS = 1_000
LOGS = (50_000, 5_000_000, 50_000_000)  # bytes
LOADS = 100
RUN = {
    "key": "measure-0",
    "purpose": "measure",
    "seed": 0,
    "spec": json.dumps({"key": "measure-0", "purpose": "measure", "seed": 0, "derivation": None}),
    "environment": DIGEST,
    "queue": "cpu",
    "state": "done",
    "fence": 1,
    "attempts": 1,
    "touched_at": 0.0,
    "nudge_at": 0.0,
}
OUTCOME = {
    "fence": 1,
    "kind": "exited",
    "document": RunOutcome(kind=OutcomeKind.EXITED, exit_code=0, wall_ms=900, cpu_ms=800).model_dump_json(),
    "isolation": json.dumps({"level": "B"}),
    "derived": "{}",
    "worker": "host:1",
}


def application() -> FastAPI:
    """Return the service with a bare endpoint for every file of `ASSAY_BENCH_BYTES`."""
    app = create_app()
    for file in Path(os.environ["ASSAY_BENCH_BYTES"]).iterdir():
        app.add_api_route(f"/bare/{file.name}", _bare(file.read_bytes()), include_in_schema=False)
    return app


def _bare(body: bytes) -> Any:
    def read() -> Response:
        return Response(body, media_type="text/html; charset=utf-8")

    return read


# --- asking ----------------------------------------------------------------------------------------------------------


class Asker:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def ask(self, path: str, more: str = "") -> bytes:
        """Return the body of an answer; `more` are further lines of the request's head."""
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n{more}\r\n"
        self._socket.sendall(head.encode())
        if b" 200 " not in (status := self._file.readline()):
            raise RuntimeError(f"{path} is not answered with 200 but with {status!r}")
        size = 0
        while (line := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        return self._file.read(size)


def per_second(port: int, path: str, server: int) -> tuple[float, float]:
    """Return how many answers two connections get in a second, and in a second of the server's processor time.

    The second does not suffer when something else runs on the machine.
    """
    counts: list[int] = []

    def loop() -> None:
        asker, number = Asker(port), 0
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            asker.ask(path)
            number += 1
        counts.append(number)

    threads = [threading.Thread(target=loop) for _ in range(CONNECTIONS)]
    used = processor_seconds(server)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS, sum(counts) / (processor_seconds(server) - used)


def processor_seconds(pid: int) -> float:
    """Return what a process has used of the processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def p95(times: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(times, n=20)[18]


def serve(home: Path, folder: Path, **more: str) -> Iterator[tuple[int, int]]:
    """Start a server on a home; yields its port and process. `more` is of its environment."""
    port = free_port(18_765, fall_back=True)
    environment = {
        **os.environ,
        "ASSAY_HOME": str(home),
        "ASSAY_BROKER_URL": "memory://",
        "ASSAY_BENCH_BYTES": str(folder),
        "ASSAY_REQUESTS_PER_MINUTE": "0",  # whoever asks as fast as he can would soon be told to wait
        **more,
    }
    command = [sys.executable, "-m", "uvicorn", "bench.pages:application", "--factory", "--port", str(port)]
    server = subprocess.Popen([*command, "--no-access-log", "--log-level", "error"], env=environment)
    try:
        for _ in range(900):
            try:
                Asker(port).ask("/livez")
                break
            except (OSError, RuntimeError):
                time.sleep(0.1)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as name:
        home, folder = Path(name), Path(name) / "bytes"
        folder.mkdir()
        settings = Settings(home=home, broker_url="memory://")
        migrate.upgrade(settings.database)
        store = Store(settings.database)
        claim_id = fill(store, VERDICTS)
        parts = actions.Parts.open(settings)
        facts = {"title": "A record", "claims_total": 9, "abstract": "a" * 500}
        record_id, _ = actions.put_record(parts, "local", "bench", facts)
        runs = {size: write_run(parts, index, size) for index, size in enumerate(LOGS)}
        parts.close()
        store.close()
        wanted = {"claim": f"/claims/{claim_id}", "record": f"/records/{record_id}"}
        for port, _ in serve(home, folder):
            for kind, path in wanted.items():
                (folder / kind).write_bytes(Asker(port).ask(path))
        for port, server in serve(home, folder):
            for kind, path in wanted.items():
                _compare(port, server, kind, path)
            _logs(port, runs)


def write_run(parts: actions.Parts, index: int, size: int) -> str:
    """Write a run of the verdict of that place, with a log of so many bytes; returns its id."""
    line = b"step %07d loss 0.1234567 of a training that says much\n"
    log = b"".join(line % number for number in range(size // len(line % 0)))
    digest, run_id, now = parts.blobs.put(log), new_id("run"), datetime.now(UTC)
    known = loglines.index(log)
    with parts.store.transaction() as session:
        triggers.drop(session.connection())
        add = session.connection().execute
        add(insert(Artifact), {"digest": digest, "size": len(log), "created_at": now})
        add(insert(RunRow), {**RUN, "id": run_id, "verification_id": f"ver_{index + 1:026}", "created_at": now})
        add(insert(OutcomeRow), {**OUTCOME, "run_id": run_id, "stderr": digest, "created_at": now})
        add(insert(LogRow), {"digest": digest, "lines": known.lines, "blocks": json.dumps(known.blocks)})
        triggers.create(session.connection())
    return run_id


def _logs(port: int, runs: dict[int, str]) -> None:
    times: dict[int, list[float]] = {size: [] for size in runs}
    for asked in range(LOADS):
        for size, run_id in runs.items():
            asker, path = Asker(port), f"/runs/{run_id}"
            begun = time.perf_counter()
            asker.ask(path)
            if asked >= LOADS // 10:
                times[size].append((time.perf_counter() - begun) * 1000)
    least = statistics.median(times[LOGS[0]])
    for size, each in times.items():
        told = f"p50 {statistics.median(each):6.2f} ms, p95 {p95(each):6.2f} ms"
        print(
            f"  run with a log of {size:>10,} bytes: {told}, {statistics.median(each) / least:.2f} × that of the smallest"
        )


def _compare(port: int, server: int, kind: str, path: str) -> None:
    rounds = [(per_second(port, path, server), per_second(port, f"/bare/{kind}", server)) for _ in range(ROUNDS)]
    size = len(Asker(port).ask(path)) / 1024
    for index, what in enumerate(("in a second", "in a second of the processor")):
        page, bare = (statistics.median(each[column][index] for each in rounds) for column in (0, 1))
        print(f"  {kind:<7} {size:3.0f} KiB  {page:6.0f} {what}, bare {bare:6.0f}: {page / bare:.0%}")


if __name__ == "__main__":
    main()
