"""`./run demo`: the whole service on this machine, every example through the REST interface, one table."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.client import FINAL_STATES, Client, pack
from cli.supervisor import House, free_port, only_one

if TYPE_CHECKING:
    from app.settings import Settings

EXAMPLES = Path(__file__).parent.parent / "examples"
WAIT_SECONDS_MAX = 300
STYLE = {"VERIFIED": "bold green", "FALSIFIED": "bold red", "UNVERIFIED": "bold yellow"}


@dataclass
class Row:
    """One example on its way to a verdict."""

    name: str
    expected_status: str
    expected_code: str
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether the verification has ended."""
        return self.document.get("state") in FINAL_STATES

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the example says it should get."""
        verdict = self.document.get("verdict") or {}
        return (verdict.get("status"), verdict.get("reason_code")) == (self.expected_status, self.expected_code)


def run_demo(settings: Settings, port: int | None, *, leave: bool) -> int:
    """Bring the house up, submit every example, show the table; stay until Ctrl-C unless `leave`.

    Returns:
        0 when every verdict is the expected one, 1 otherwise.

    """
    console = Console(soft_wrap=not sys.stdout.isatty())
    home = Path(tempfile.mkdtemp(prefix="assay-demo-"))
    house = House(
        settings.model_copy(update={"home": home, "publisher": "demo"}),
        free_port(port or 8000, fall_back=port is None),
        quiet=True,
    )
    previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with only_one(home):
            begun = time.monotonic()
            house.start()
            try:
                console.print(
                    f"service up at {house.url} after {time.monotonic() - begun:.1f} s; submitting examples …"
                )
                rows = _submit_and_watch(house, console)
                wrong = [row for row in rows if not row.as_expected]
                _report(console, rows, wrong, time.monotonic() - begun)
                if not leave:
                    _stay(house, console)
            finally:
                house.stop()
    except KeyboardInterrupt:
        console.print("stopped")
        return 130 if leave else 0
    finally:
        signal.signal(signal.SIGTERM, previous)
        shutil.rmtree(home, ignore_errors=True)
    return 1 if wrong else 0


def _submit_and_watch(house: House, console: Console) -> list[Row]:
    expected = tomllib.loads((EXAMPLES / "expected.toml").read_text())
    rows = [Row(name, entry["status"], entry["reason_code"]) for name, entry in expected.items()]
    with Client(house.url) as client:
        for row in rows:
            row.document = client.submit(pack(EXAMPLES / row.name))
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        if live is not None:
            live.start()
        try:
            while not all(row.done for row in rows) and time.monotonic() < deadline:
                house.tend()
                for row in rows:
                    if not row.done:
                        row.document = client.verification(row.document["id"])
                        if live is None and row.done:
                            console.print(f"  {row.name}: {_status(row.document)}")
                if live is not None:
                    live.update(_table(rows))
                time.sleep(0.2)
        finally:
            if live is not None:
                live.stop()
    return rows


def _report(console: Console, rows: list[Row], wrong: list[Row], seconds: float) -> None:
    console.print(_table(rows))
    counts = {status: sum(_status(row.document) == status for row in rows) for status in STYLE}
    console.print(f"{len(rows)} claims in {seconds:.1f} s: " + ", ".join(f"{n} {s}" for s, n in counts.items()))
    for row in wrong:
        got = row.document.get("verdict") or row.document
        console.print(
            f"[bold red]unexpected[/]: {row.name} should be {row.expected_status} {row.expected_code}, "
            f"got {got.get('status') or got.get('state')} {got.get('reason_code')}"
        )


def _stay(house: House, console: Console) -> None:
    console.print(f"the service stays up at {house.url} (Ctrl-C ends it)")
    while True:
        house.tend()
        time.sleep(0.5)


def _table(rows: list[Row]) -> Table:
    table = Table(title="Claims and their verdicts", show_lines=False, pad_edge=False)
    columns: tuple[tuple[str, dict[str, Any]], ...] = (
        ("claim", {"no_wrap": True}),
        ("expected", {"justify": "right"}),
        ("computed", {"justify": "right"}),
        ("rule", {}),
        ("status", {"no_wrap": True}),
        ("reason", {"ratio": 1}),
        ("s", {"justify": "right"}),
    )
    for heading, options in columns:
        table.add_column(heading, **options)
    for row in rows:
        document = row.document
        verdict = document.get("verdict") or {}
        comparisons = verdict.get("comparisons") or []
        reason = verdict.get("reason") or document.get("detail") or _progress(document)
        status = _status(document)
        table.add_row(
            row.name,
            "\n".join(str(item["expected"]) for item in comparisons),
            "\n".join(_short(item["computed"]) for item in comparisons),
            "\n".join(_rule(item) for item in comparisons),
            Text(status, style=STYLE.get(status, "dim")),
            reason,
            f"{document['seconds']:.1f}" if document.get("seconds") is not None else "",
        )
    return table


def _status(document: dict[str, Any]) -> str:
    verdict = document.get("verdict") or {}
    return str(verdict.get("status") or document.get("state", "queued"))


def _progress(document: dict[str, Any]) -> str:
    done, planned = document.get("runs_done", 0), document.get("runs_planned", 0)
    said = next((run["progress"]["text"] for run in document.get("runs", []) if run.get("progress")), "")
    return f"{done} of at most {planned} runs {said}".rstrip()


def _rule(comparison: dict[str, Any]) -> str:
    tolerance = comparison.get("tolerance")
    return f"{comparison['rule']} {tolerance}" if tolerance else str(comparison["rule"])


def _short(number: str | None) -> str:
    if number is None:
        return "–"
    return number if len(number) <= 10 else number[:9] + "…"
