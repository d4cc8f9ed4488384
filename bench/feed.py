"""The feed, its facets and the summary as the table of verdicts grows, on SQLite and on PostgreSQL.

A server of its own answers one connection. Sizes take turns, so that all of them see the same machine, and every figure
stands beside that of the smallest size. Two readers ask: a stranger, who is shown what is public, and the publisher on this
machine while no key exists, whose feed is merged of what is public and what is closed to others. `python -m bench.feed
[ROWS …]`, with `--postgresql` on a throw-away server, with `--times=N` another number of questions in a round.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import Settings
from app.store import migrate
from app.store.engine import Store
from bench.pages import Asker, p95, processor_seconds, serve
from bench.rows import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 5
ASKED = 60  # times in a round
#: Reader -> further lines of what he asks: a stranger is whom a page of another site makes a browser ask for.
READERS = {"publisher": "", "stranger": "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"}
PATHS = (
    "/",
    "/?status=VERIFIED",
    "/?status=FALSIFIED",
    "/?kind=script",
    "/?status=FALSIFIED&kind=script",
    "/?reason_code=SEAL_VIOLATION",
    "/?blame=resource&since=week",
    "/feed.json",
    "/feed/new.json?status=FALSIFIED",
    "/v1/verdicts/summary",
)


@contextmanager
def databases(sizes: tuple[int, ...], *, postgresql: bool) -> Iterator[dict[int, str]]:
    """Give a filled database for each size."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        if postgresql:
            from tests.store.postgres import Cluster

            cluster = Cluster(home.parent)
            stack.callback(cluster.stop)
            found = {size: cluster.create() for size in sizes}
        else:
            found = {size: Settings(home=home / str(size)).database for size in sizes}
        for size, url in found.items():
            begun = time.perf_counter()
            migrate.upgrade(url)
            store = Store(url)
            fill(store, size)
            store.close()
            print(f"{size} verdicts written in {time.perf_counter() - begun:.0f} s", flush=True)
        yield found


@dataclass
class Read:
    """What answers took: milliseconds of each, and seconds of the server's processor for all of them."""

    took: list[float] = field(default_factory=list)
    used: float = 0.0


def measure(urls: dict[int, str], times: int) -> dict[str, dict[int, Read]]:
    """Return path and reader -> size -> what its answers took; sizes take turns, and so do readers."""
    found: dict[str, dict[int, Read]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports: dict[int, tuple[int, int]] = {}
        for size, url in urls.items():
            server = serve(folder / str(size), folder, ASSAY_DATABASE_URL=url)
            ports[size] = next(server)
            stack.callback(server.close)
        known = [path for path in PATHS if answers(ports[min(urls)][0], path)]
        for path, _, reader in itertools.product(known, range(ROUNDS), READERS):
            for size, (port, server) in ports.items():
                asker = Asker(port)  # a server ends connections that are idle while the others are asked
                read = found.setdefault(f"{path}, {reader}", {}).setdefault(size, Read())
                for _ in range(times // 10):
                    asker.ask(path, READERS[reader])
                used = processor_seconds(server)
                for _ in range(times - times // 10):
                    begun = time.perf_counter()
                    asker.ask(path, READERS[reader])
                    read.took.append((time.perf_counter() - begun) * 1000)
                read.used += processor_seconds(server) - used
    return found


def answers(port: int, path: str) -> bool:
    """Say whether a path is one of this version's."""
    try:
        Asker(port).ask(path)
    except RuntimeError:
        return False
    return True


def explain(url: str) -> None:
    """Print the plan of a page of the feed that looks for what is rare."""
    store = Store(url)
    word = (
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)"
        if store.dialect == "postgresql"
        else "EXPLAIN QUERY PLAN"
    )
    query = (
        "SELECT evaluated_at, verdict_id FROM listing WHERE audience = '' AND bucket ="
        " 'FALSIFIED/script/MISMATCH/author' ORDER BY evaluated_at DESC, verdict_id DESC LIMIT 51"
    )
    with store.engine.connect() as connection:
        for row in connection.exec_driver_sql(f"{word} {query}"):
            print("   ", row[-1])
    store.close()


def main(sizes: tuple[int, ...], times: int, *, postgresql: bool) -> None:
    """Print every figure."""
    with databases(sizes, postgresql=postgresql) as urls:
        explain(urls[sizes[-1]])
        print("p95 in ms, how often that of the smallest, and the server's processor for all, likewise")
        print(" " * 56 + "".join(f"{size:>26}" for size in sizes))
        for path, read in measure(urls, times).items():
            least = read[sizes[0]]
            cells = "".join(
                f"{p95(one.took):10.2f} {p95(one.took) / p95(least.took):5.2f} × {one.used / least.used:5.2f} ×"
                for one in (read[size] for size in sizes)
            )
            print(f"  {path:<54}{cells}", flush=True)


if __name__ == "__main__":
    wanted = tuple(int(item) for item in sys.argv[1:] if not item.startswith("--"))
    times = next((int(item.removeprefix("--times=")) for item in sys.argv if item.startswith("--times=")), ASKED)
    main(wanted or SIZES, times, postgresql="--postgresql" in sys.argv)
