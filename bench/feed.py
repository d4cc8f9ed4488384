"""The feed, its facets and the summary as the table of verdicts grows, on SQLite and on PostgreSQL.

A server of its own answers one connection. Sizes take turns, so that all of them see the same machine, and every figure
stands beside that of the smallest size. `python -m bench.feed [ROWS …]`, with `--postgresql` on a throw-away server.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import Settings
from app.store import migrate
from app.store.engine import Store
from bench.pages import Asker, p95, serve
from bench.rows import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 5
ASKED = 60  # times in a round
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


def measure(urls: dict[int, str]) -> dict[str, dict[int, list[float]]]:
    """Return path -> size -> milliseconds of every answer; sizes take turns."""
    found: dict[str, dict[int, list[float]]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports: dict[int, int] = {}
        for size, url in urls.items():
            server = serve(folder / str(size), folder, ASSAY_DATABASE_URL=url)
            ports[size], _ = next(server)
            stack.callback(server.close)
        known = [path for path in PATHS if answers(ports[min(urls)], path)]
        for path in [path for path in known for _ in range(ROUNDS)]:
            for size, port in ports.items():
                asker = Asker(port)  # a server ends connections that are idle while the others are asked
                for asked in range(ASKED):
                    begun = time.perf_counter()
                    asker.ask(path)
                    if asked >= ASKED // 10:
                        found.setdefault(path, {}).setdefault(size, []).append((time.perf_counter() - begun) * 1000)
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


def main(sizes: tuple[int, ...], *, postgresql: bool) -> None:
    """Print every figure."""
    with databases(sizes, postgresql=postgresql) as urls:
        explain(urls[sizes[-1]])
        print(f"{'p95 in ms, and how often that of the smallest':<46}" + "".join(f"{size:>18}" for size in sizes))
        for path, times in measure(urls).items():
            least = p95(times[sizes[0]])
            cells = "".join(f"{p95(times[size]):10.2f} {p95(times[size]) / least:5.2f} ×" for size in sizes)
            print(f"  {path:<44}{cells}", flush=True)


if __name__ == "__main__":
    wanted = tuple(int(item) for item in sys.argv[1:] if not item.startswith("--"))
    main(wanted or SIZES, postgresql="--postgresql" in sys.argv)
