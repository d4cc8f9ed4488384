"""`./run demo`: the whole service on this machine, every example through the REST interface, one table.

The demonstration is a house of its own: database, blobs and broker lie in a temporary folder, whatever the settings say
about others. A few examples are under way at a time, so that the seconds of each are those of its verdict and not of waiting
behind the others.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from rich.console import Console
from rich.live import Live

from app.core.errors import Refusal
from app.settings import Settings
from cli import demo_show
from cli.client import Client, ServiceError, Unreachable, pack
from cli.demo_show import Gate, Row
from cli.exits import Exit
from cli.supervisor import CannotServe, House, free_port, only_one
from cli.temporary import DEMO_PREFIX, own_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


EXAMPLES = Path(__file__).parent.parent / "examples"
PUBLISHER = "demo"
PORT = 8000
WAIT_SECONDS_MAX = 300
POLL_SECONDS = 0.1
UNDER_WAY_MAX = 3  # two runs at a time, and one verification in between
WIDTH_ELSEWHERE = 120  # of a pipe or file


def run_demo(settings: Settings, port: int | None, *, leave: bool) -> int:
    """Bring the house up, submit every example, show the table; stay until Ctrl-C unless `leave`.

    Returns:
        0 when every verdict is the expected one, else 5: a wrong verdict here is our fault and says nothing of a claim.
        130 when interrupted before the table.

    Raises:
        CannotServe: the house does not come up, or the examples are not there.

    """
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_ELSEWHERE
    console = Console(width=width, highlight=False)
    expected, records = _examples()
    code = Exit.INTERRUPTED
    try:
        with _house(settings, port, console) as (house, begun):
            rows = [Row(name, entry["status"], entry["reason_code"]) for name, entry in expected.items()]
            console.print(f"{len(rows)} claims of {len(records)} records go through its REST interface")
            with Client(house.url) as client:
                for record_id, facts in records.items():
                    client.put_record(record_id, facts)
                _verify_all(house, client, rows, console)
            gates = [Gate(record_id, _gate_verdict(house, record_id), facts) for record_id, facts in records.items()]
            console.print(demo_show.verdicts(rows, console.width))
            console.print(demo_show.gates(gates))
            console.print(demo_show.summary(rows, time.monotonic() - begun))
            code = Exit.VERIFIED if all(row.as_expected for row in rows) else Exit.FAULT
            if any(row.status == "faulted" for row in rows):
                console.print(f"the logs of broker, worker and API are kept in {_keep_logs(house)}")
            console.print(demo_show.next_steps(rows, gates, None if leave else house.url), soft_wrap=True)
            while not leave:
                house.tend()
                time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("stopped; nothing of it is left running")
    return code


def _examples() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the examples should get and what is said about their records."""
    try:
        found = [tomllib.loads((EXAMPLES / name).read_text()) for name in ("expected.toml", "records.toml")]
    except FileNotFoundError as error:
        raise CannotServe(f"there is no {error.filename}: run the demonstration from a checkout") from error
    return found[0], found[1]


@contextmanager
def _house(settings: Settings, port: int | None, console: Console) -> Iterator[tuple[House, float]]:
    """Yield the running house and when its start began; it ends with the block, also on SIGTERM."""
    begun = time.monotonic()
    previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with own_folder(DEMO_PREFIX) as folder:
            own = {"home": folder, "publisher": PUBLISHER, "database_url": "", "blobs": None, "key_pepper": None}
            for name in ("allow_clients", "allow_hosts"):  # it answers this machine alone, and so needs no key
                own[name] = Settings.model_fields[name].default
            number = free_port(port or PORT, fall_back=port is None)
            house = House(settings.model_copy(update=own), number, quiet=True)
            try:
                with only_one(house.home):
                    console.print("starting broker, worker and API …")
                    house.start()
                    console.print(f"the service is up at {house.url} after {time.monotonic() - begun:.1f} s")
                    yield house, begun
            except KeyboardInterrupt:
                console.print("stopping; runs under way take a few seconds to end …")
                raise
            finally:
                house.stop()
    finally:
        signal.signal(signal.SIGTERM, previous)


def _verify_all(house: House, client: Client, rows: Sequence[Row], console: Console) -> None:
    """Submit every example, a few at a time, and follow each to its end; a refusal ends that example alone."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    waiting = list(rows)
    live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None
    with live or nullcontext():
        while not all(row.done for row in rows) and time.monotonic() < deadline:
            house.tend()
            under_way = [row for row in rows if row.under_way]
            fresh = [waiting.pop(0) for _ in range(min(len(waiting), UNDER_WAY_MAX - len(under_way)))]
            for row in under_way:
                _follow(client, row)
            for row in fresh:
                _submit(client, row)
            for row in (*under_way, *fresh):
                if row.done and live is None:
                    console.print(demo_show.line(row))
            if live is not None:
                live.update(demo_show.progress(rows), refresh=True)
            time.sleep(POLL_SECONDS)


def _submit(client: Client, row: Row) -> None:
    try:
        row.document = dict(client.submit(pack(EXAMPLES / row.name)))
    except (ServiceError, Refusal) as refusal:
        row.document = {"state": "refused", "detail": str(refusal)}


def _follow(client: Client, row: Row) -> None:
    try:
        row.document = dict(client.verification(row.document["id"]))
    except Unreachable:
        return  # the house starts a dead API again; the verification is in the database


def _keep_logs(house: House) -> Path:
    """Save the logs, which hold the reason of a fault, from the end of the temporary folder."""
    kept = Path(tempfile.mkdtemp(prefix="assay-logs-"))
    shutil.copytree(house.home / "logs", kept, dirs_exist_ok=True)
    return kept


def _gate_verdict(house: House, record_id: str) -> Mapping[str, Any]:
    answer = httpx2.get(f"{house.url}/v1/records/{record_id}/gate-verdict", trust_env=False, timeout=30)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    return document
