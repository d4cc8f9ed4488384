"""Reading pages beside a bare endpoint with the same bytes, and the feed as the table grows.

A server of its own process answers two connections that ask again and again; page and bare endpoint take turns, so that
both see the same machine. The tables of the feed are filled past the triggers, which would ask for real runs behind each
verdict: the rows are of the right shape and of no claim. `python -m bench.pages [ROWS …]`, 1000 and 100000 by default.
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
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response
from sqlalchemy import insert, text

from app import actions
from app.core.model import Comparison
from app.main import create_app
from app.settings import Settings
from app.store import migrate
from app.store.engine import Store
from app.store.ids import new_id
from app.store.tables import (
    Artifact,
    ClaimRevision,
    ClaimRow,
    ComparisonRow,
    ControlRow,
    SealRow,
    Verdict,
    Verification,
)
from cli.supervisor import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 2.0
ROUNDS = 3
CONNECTIONS = 2
BATCH = 5_000
SIZES = (1_000, 100_000)
#: Of a run of real verdicts; what is rare is what a filter has to look for.
CODES = (
    ("VERIFIED", "MATCH_ROUNDING", None),
    ("UNVERIFIED", "CRASHED", "author"),
    ("UNVERIFIED", "TIMEOUT", "resource"),
)
RARE = ("FALSIFIED", "MISMATCH", "author")
RARE_EVERY = 17


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


def fill(store: Store, number: int) -> str:
    """Write so many verdicts, each of a claim of its own; returns the last one's claim."""
    digest, now = "sha256:" + "0" * 64, datetime.now(UTC)
    with without_triggers(store), store.transaction() as session:
        connection = session.connection()
        connection.execute(insert(Artifact), {"digest": digest, "size": 1, "created_at": now})
        connection.execute(insert(SealRow), {"digest": digest, "body": SEAL, "created_at": now})
        for first in range(0, number, BATCH):
            indices = range(first, min(number, first + BATCH))
            rows = [_rows(index, now - timedelta(seconds=number - index), digest) for index in indices]
            for table in (ClaimRow, ClaimRevision, Verification, Verdict, ComparisonRow, ControlRow):
                connection.execute(insert(table), [row for each in rows for row in each[table]])
    claim_id: str = rows[-1][ClaimRow][0]["id"]
    return claim_id


@contextmanager
def without_triggers(store: Store) -> Iterator[None]:
    """Take the triggers of an SQLite database away for a while."""
    with store.engine.connect() as connection:
        found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        for name, _ in found:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    with store.engine.connect() as connection:
        for _, statement in found:
            connection.exec_driver_sql(statement)


SEAL = json.dumps({"seeds": [0], "claim": {"limits": {}}})
DOCUMENT = json.dumps(
    {
        "schema": "assay-claim-v1",
        "claim": {
            "id": "gain",
            "statement": "RemBERT is 8.7 F1 points above FILTER on TyDiQA, as the paper prints it.",
        },
        "expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}],
        "reproduce": {
            "kind": "formula",
            "formulas": {"gain": "a - b"},
            "values": {"a": {"value": "77.0", "source": "Table 1"}, "b": {"value": "68.3", "source": "Table 1"}},
        },
    }
)
COMPARISON = Comparison(
    metric="gain",
    unit="points",
    rule="rounding",
    tolerance=None,
    expected="8.7",
    computed="8.7",
    values=("8.7",),
    low="8.65",
    high="8.75",
    computed_low="8.6",
    computed_high="8.8",
    match=True,
    code="MATCH_EXACT",
    flips_at="0",
).model_dump_json()


def _rows(index: int, at: datetime, digest: str) -> dict[Any, list[dict[str, Any]]]:
    claim, revision, verification, verdict = (new_id(kind) for kind in ("clm", "rev", "ver", "vrd"))
    status, code, blame = RARE if index % RARE_EVERY == 0 else CODES[index % len(CODES)]
    controls = ("repeat", "input_response", "quote", "cells", "rounding_flip", "tolerance_flip", "coincidence")
    return {
        ClaimRow: [{"id": claim, "record_key": "", "publisher": "local", "name": f"claim-{index}", "created_at": at}],
        ClaimRevision: [
            {"id": revision, "claim_id": claim, "number": 1, "digest": digest, "document": DOCUMENT, "created_at": at}
        ],
        Verification: [
            {
                "id": verification,
                "seal": digest,
                "claim_revision_id": revision,
                "publisher": "local",
                "state": "concluded",
                "runs_planned": 3,
                "touched_at": at.timestamp(),
                "created_at": at,
                "ended_at": at,
            }
        ],
        Verdict: [
            {
                "id": verdict,
                "verification_id": verification,
                "claim_id": claim,
                "claim_revision_id": revision,
                "revision": 1,
                "status": status,
                "outcome": "exited",
                "reason_code": code,
                "blame": blame,
                "reason": "Sealed-sandbox formula repro: Computed 8.7 matches expected 8.7 (within printed rounding).",
                "evidence": digest,
                "evaluated_at": at,
            }
        ],
        ComparisonRow: [{"verdict_id": verdict, "position": 0, "document": COMPARISON}],
        ControlRow: [
            {
                "verdict_id": verdict,
                "position": position,
                "name": name,
                "attacker": "replication",
                "result": "pass",
                "detail": "The same seal with the same seed gave identical values.",
                "cannot_prove": "stability on other hardware",
            }
            for position, name in enumerate(controls)
        ],
    }


# --- asking ----------------------------------------------------------------------------------------------------------


class Asker:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def ask(self, path: str) -> bytes:
        """Return the body of an answer."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n\r\n".encode())
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


def p95(port: int, path: str, number: int = 200) -> float:
    """Return the 95th percentile of an answer's time, in milliseconds."""
    asker = Asker(port)
    times = []
    for _ in range(number):
        begun = time.perf_counter()
        asker.ask(path)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.quantiles(times, n=20)[18]


def serve(home: Path, folder: Path, **more: str) -> Iterator[tuple[int, int]]:
    """Start a server on a home; yields its port and process. `more` is of its environment."""
    port = free_port(18_765, fall_back=True)
    environment = {
        **os.environ,
        "ASSAY_HOME": str(home),
        "ASSAY_BROKER_URL": "memory://",
        "ASSAY_BENCH_BYTES": str(folder),
        **more,
    }
    command = [sys.executable, "-m", "uvicorn", "bench.pages:application", "--factory", "--port", str(port)]
    server = subprocess.Popen([*command, "--no-access-log", "--log-level", "error"], env=environment)
    try:
        for _ in range(200):
            try:
                Asker(port).ask("/livez")
                break
            except (OSError, RuntimeError):
                time.sleep(0.1)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


def main(sizes: tuple[int, ...]) -> None:
    """Print every figure."""
    feeds: dict[int, dict[str, float]] = {}
    for number in sizes:
        with tempfile.TemporaryDirectory() as name:
            home, folder = Path(name), Path(name) / "bytes"
            folder.mkdir()
            settings = Settings(home=home, broker_url="memory://")
            migrate.upgrade(settings.database)
            store = Store(settings.database)
            begun = time.perf_counter()
            claim_id = fill(store, number)
            parts = actions.Parts.open(settings)
            facts = {"title": "A record", "claims_total": 9, "abstract": "a" * 500}
            record_id, _ = actions.put_record(parts, "local", "bench", facts)
            parts.close()
            store.close()
            print(f"\n{number} verdicts, written in {time.perf_counter() - begun:.0f} s")
            wanted = {"claim": f"/claims/{claim_id}", "record": f"/records/{record_id}", "feed": "/"}
            for port, _ in serve(home, folder):
                for kind, path in wanted.items():
                    (folder / kind).write_bytes(Asker(port).ask(path))
            for port, server in serve(home, folder):
                if number == sizes[0]:
                    for kind in ("claim", "record"):
                        _compare(port, server, kind, wanted[kind])
                feeds[number] = {path: p95(port, path) for path in FEEDS}
                for path, took in feeds[number].items():
                    ratio = took / feeds[sizes[0]][path]
                    print(f"  {path:<40} p95 {took:7.2f} ms   {ratio:.2f} × that of {sizes[0]}")


FEEDS = (
    "/",
    "/?status=FALSIFIED",
    "/?kind=formula",
    "/?status=FALSIFIED&kind=script",
    "/?reason_code=TIMEOUT&since=week",
    "/workers",
)


def _compare(port: int, server: int, kind: str, path: str) -> None:
    rounds = [(per_second(port, path, server), per_second(port, f"/bare/{kind}", server)) for _ in range(ROUNDS)]
    size = len(Asker(port).ask(path)) / 1024
    for index, what in enumerate(("in a second", "in a second of the processor")):
        page, bare = (statistics.median(each[column][index] for each in rounds) for column in (0, 1))
        print(f"  {kind:<7} {size:3.0f} KiB  {page:6.0f} {what}, bare {bare:6.0f}: {page / bare:.0%}")


if __name__ == "__main__":
    main(tuple(int(item) for item in sys.argv[1:]) or SIZES)
