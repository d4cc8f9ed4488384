"""The feed, its facets and the summary as the table of verdicts grows, on SQLite and on PostgreSQL.

The rows are true ones, of claims, revisions, verifications, verdicts, comparisons and controls, with the shares of a run
of real verdicts and one reason that is rare; they are written by the database itself, past the triggers that would ask for
real runs behind each verdict. The listing and the tally are made by the statement that the migration uses. Only the
newest NEWEST verdicts have all seven controls, the others one: what a page does not show cannot make it slow.

A server of its own answers one connection. Sizes take turns, so that all of them see the same machine, and every figure
stands beside that of the smallest size. `python -m bench.feed [ROWS …]`, with `--postgresql` on a throw-away server.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from app.settings import Settings
from app.store import migrate, triggers, upkeep
from app.store.engine import Store
from bench.pages import COMPARISON, DOCUMENT, SEAL, Asker, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (1_000, 100_000, 1_000_000)
NEWEST = 1_000
ROUNDS = 5
ASKED = 60  # times in a round
CONTROLS = ("repeat", "input_response", "quote", "cells", "rounding_flip", "tolerance_flip", "coincidence")
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
#: One verdict of nine is false, and RARE in all broke the seal, however many there are: both fill a page at every size.
RARE = 60
_STATUS = (
    "CASE WHEN n % {every} = 0 THEN '{seal}' WHEN n % 9 = 0 THEN '{false}' WHEN n % 3 = 0 THEN '{held}'"
    " WHEN n % 3 = 1 THEN '{crashed}' ELSE '{late}' END"
)
_OF = {
    "status": _STATUS.format(
        every="{every}", seal="UNVERIFIED", false="FALSIFIED", held="VERIFIED", crashed="UNVERIFIED", late="UNVERIFIED"
    ),
    "reason_code": _STATUS.format(
        every="{every}",
        seal="SEAL_VIOLATION",
        false="MISMATCH",
        held="MATCH_ROUNDING",
        crashed="CRASHED",
        late="TIMEOUT",
    ),
    "blame": _STATUS.format(every="{every}", seal="author", false="author", held="", crashed="author", late="resource"),
}
DIGEST = "sha256:" + "0" * 64


def fill(store: Store, number: int) -> None:
    """Write so many verdicts, each of a claim of its own, a second apart up to now."""
    postgresql = store.dialect == "postgresql"
    span = max(3600, number)
    if postgresql:
        numbers = f"generate_series(1, {number}) AS s(n)"
        at = f"now() - ({number} - n) * interval '1 second' * {span} / {number}"
        seconds, padded = "extract(epoch FROM now())", "lpad(n::text, 26, '0')"
    else:
        numbers = (
            f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {number}) SELECT n FROM s)"
        )
        at = f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (({number} - n) * {span} / {number}) || ' seconds')"
        seconds, padded = "strftime('%s', 'now')", "substr('00000000000000000000000000' || n, -26)"
    with store.engine.connect() as connection:
        if not postgresql:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        triggers.drop(connection)
        values = {"digest": DIGEST, "seal": SEAL, "document": DOCUMENT, "comparison": COMPARISON}
        values["script"] = DOCUMENT.replace('"kind": "formula"', '"kind": "script"')
        for statement in _statements(numbers, at, seconds, padded, number):
            asked = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), asked)
        for statement in upkeep.anew(store.dialect):
            connection.exec_driver_sql(statement)
        triggers.create(connection)
        connection.commit()
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if postgresql else "ANALYZE")


def _statements(numbers: str, at: str, seconds: str, padded: str, number: int) -> Iterator[str]:
    """Yield the statements that write the rows; `:name` is a value."""
    of = {name: case.format(every=number // RARE) for name, case in _OF.items()}
    clm, rev, ver, vrd = (f"'{kind}_' || {padded}" for kind in ("clm", "rev", "ver", "vrd"))
    yield f"INSERT INTO artifact (digest, size, created_at) SELECT :digest, 1, {at} FROM {numbers} WHERE n = {number}"
    yield f"INSERT INTO seal (digest, body, created_at) SELECT :digest, :seal, {at} FROM {numbers} WHERE n = {number}"
    yield (
        "INSERT INTO claim (id, record_key, publisher, name, created_at)"
        f" SELECT {clm}, '', 'local', 'claim-' || n, {at} FROM {numbers}"
    )
    yield (
        "INSERT INTO claim_revision (id, claim_id, number, digest, document, created_at)"
        f" SELECT {rev}, {clm}, 1, :digest, CASE WHEN n % 2 = 0 THEN :script ELSE :document END, {at} FROM {numbers}"
    )
    yield (
        "INSERT INTO verification (id, seal, claim_revision_id, publisher, state, revision, judgings, queue, runs_planned,"
        f" cancel_requested, touched_at, created_at, ended_at) SELECT {ver}, :digest, {rev}, 'local', 'concluded', 1, 1,"
        f" 'cpu', 3, {'false' if 'generate' in numbers else '0'}, {seconds}, {at}, {at} FROM {numbers}"
    )
    yield (
        "INSERT INTO verdict (id, verification_id, claim_id, claim_revision_id, revision, status, outcome, reason_code,"
        f" blame, reason, evidence, evaluated_at) SELECT {vrd}, {ver}, {clm}, {rev}, 1, {of['status']}, 'exited',"
        f" {of['reason_code']}, NULLIF({of['blame']}, ''), 'Sealed-sandbox formula repro: Computed 8.7 matches expected"
        f" 8.7 (within printed rounding).', :digest, {at} FROM {numbers}"
    )
    yield f"INSERT INTO comparison (verdict_id, position, document) SELECT {vrd}, 0, :comparison FROM {numbers}"
    for position, name in enumerate(CONTROLS):
        yield (
            "INSERT INTO control (verdict_id, position, name, attacker, result, detail, cannot_prove)"
            f" SELECT {vrd}, {position}, '{name}', 'replication', 'pass', 'The same seal with the same seed gave identical"
            f" values.', 'stability on other hardware' FROM {numbers}"
            + ("" if position == 0 else f" WHERE n > {number - NEWEST}")
        )


def p95(times: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(times, n=20)[18]


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
