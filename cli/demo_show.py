"""What the demonstration prints: progress, verdicts claim by claim, gate verdicts of the records, and what to do next.

Every claim is a block of fixed columns, so that eighty columns of terminal are enough: its numbers, below them what is
claimed, shortened to two lines, and the reason of its verdict in full. The reason code has a column where the terminal is
wide enough, and stands before the reason elsewhere.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.client import FINAL_STATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


STYLE = {"VERIFIED": "bold green", "FALSIFIED": "bold red", "UNVERIFIED": "bold yellow"}
ENDED = FINAL_STATES | {"refused"}
WIDTH_MAX = 120
STATEMENT_LINES_MAX = 2
DIGITS_SHOWN = 6
NUMBER_CHARACTERS_MAX = 10

#: heading, width, right-aligned
COLUMNS = (
    ("claim", 17, False),
    ("expected", 11, True),
    ("computed", 10, True),
    ("rule", 11, False),
    ("status", 11, False),
    ("seconds", 7, True),
)
CODE = ("reason code", 18, False)
WIDE = sum(width + 2 for _, width, _ in (*COLUMNS, CODE)) - 2


@dataclass
class Row:
    """One example on its way to a verdict."""

    name: str
    expected_status: str
    expected_code: str
    document: dict[str, Any] = field(default_factory=dict)  # the verification; empty until it is submitted

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.document.get("state") in ENDED

    @property
    def under_way(self) -> bool:
        """Whether it was submitted and has not ended."""
        return bool(self.document) and not self.done

    @property
    def verdict(self) -> Mapping[str, Any]:
        """The verdict, empty while there is none."""
        return self.document.get("verdict") or {}

    @property
    def status(self) -> str:
        """The verdict's status, or in its absence the state of the verification."""
        return str(self.verdict.get("status") or self.document.get("state") or "not submitted")

    @property
    def code(self) -> str:
        """The reason code of the verdict, or of a verification that ended without one."""
        return str(self.verdict.get("reason_code") or self.document.get("reason_code") or "")

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the example says it should get."""
        found = (self.verdict.get("status"), self.verdict.get("reason_code"))
        return found == (self.expected_status, self.expected_code)

    @property
    def reason(self) -> str:
        """Why it ended as it did."""
        return str(self.verdict.get("reason") or self.document.get("detail") or "no verdict in time")


@dataclass(frozen=True)
class Gate:
    """A record and its gate verdict."""

    record_id: str
    verdict: Mapping[str, Any]
    facts: Mapping[str, Any]  # what the publisher says about it


def progress(rows: Sequence[Row]) -> Text:
    """Return one line: how many are decided, and what is going on."""
    going = [f"{row.name} {_runs(row.document)}" for row in rows if row.under_way]
    decided = f"{sum(row.done for row in rows)} of {len(rows)} claims decided"
    return Text("; ".join([decided, *going]), no_wrap=True, overflow="ellipsis")


def line(row: Row) -> Text:
    """Return one line about an example that has ended."""
    return Text.assemble("  ", f"{row.name:<17}", (row.status, STYLE.get(row.status, "")), f" {row.code}".rstrip())


def verdicts(rows: Sequence[Row], width: int) -> Group:
    """Return every claim with its numbers, statement and reason; `width` is the terminal's, in columns."""
    head = _grid(wide=width >= WIDE)
    head.add_row(*(Text(heading, style="dim") for heading, _, _ in _columns(wide=width >= WIDE)))
    rule = Text("─" * min(width, WIDTH_MAX), style="dim")
    return Group("", head, rule, *(_claim(row, min(width, WIDTH_MAX)) for row in rows))


def gates(found: Sequence[Gate]) -> Group:
    """Return the gate verdicts of the records."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for gate in found:
        status, claims = str(gate.verdict["status"]), gate.verdict.get("claims", {})
        tested = f"{claims.get('tested', 0)} of {claims.get('total', 0)} tested"
        named = Text(gate.record_id, style="bold")
        table.add_row(Text(status, style=STYLE.get(status, "")), tested, named, str(gate.facts.get("title", "")))
    return Group(Text("Gate verdicts of the records", style="bold"), Padding(table, (0, 0, 0, 2), expand=False))


def summary(rows: Sequence[Row], seconds: float) -> Group:
    """Return the counts, and every verdict that is not the one that its example should get."""
    count = Counter(row.status for row in rows)
    counts = ", ".join(f"{count[status]} {status}" for status in [*STYLE, *sorted(count.keys() - STYLE.keys())])
    wrong = [row for row in rows if not row.as_expected]
    lines = [Text(f"\n{len(rows)} claims in {seconds:.1f} s, start included: {counts}")]
    if not wrong:
        lines.append(Text("Every verdict is the one that examples/expected.toml asks for.", style="green"))
    for row in wrong:
        got = f"{row.status} {row.code}".rstrip()
        wanted = f"{row.name} should be {row.expected_status} {row.expected_code}, and is {got}: {row.reason}"
        lines.append(Text.assemble(("unexpected ", "bold red"), wanted))
    return Group(*lines)


def next_steps(rows: Sequence[Row], found: Sequence[Gate], url: str | None) -> Text:
    """Return what a reader may type now; `url` is None when the service does not stay."""
    shown = next((row for row in rows if row.status == "FALSIFIED"), rows[0])
    steps: list[tuple[str, str]] = []
    if url is not None and shown.verdict and found:
        urls = shown.document["urls"]
        steps += [
            ("verdicts, records and runs as pages, in a browser", f"{url}/"),
            ("the gate verdict of a record", f"curl -s {url}/v1/records/{found[0].record_id}/gate-verdict"),
            (f"everything about {shown.name}", f"curl -s {url}{urls['self']}"),
            ("its evidence …", f"curl -s -o evidence.tar.gz {url}{urls['evidence']}"),
            ("… judged again, offline", "./run assay evidence verify evidence.tar.gz"),
        ]
    steps.append(("one claim, without the service", f"./run assay verify examples/{shown.name}"))
    text = Text.assemble("\n", ("To look closer", "bold"))
    for what, command in steps:
        text.append_text(Text.assemble("\n  ", (what, "dim"), "\n    ", command))
    if url is not None:
        text.append_text(Text.assemble("\n\nThe service stays up at ", (url, "bold"), "; Ctrl-C ends it."))
    return text


def _claim(row: Row, width: int) -> Group:
    comparisons = row.verdict.get("comparisons") or []
    seconds = row.document.get("seconds")
    status = Text(row.status, style=STYLE.get(row.status, "bold magenta"))
    wide = width >= WIDE
    took = "" if seconds is None else f"{seconds:.1f}"
    ends: tuple[str | Text, ...] = (status, row.code, took) if wide else (status, took)
    name = Text(row.name, style="bold")
    grid = _grid(wide=wide)
    if len(comparisons) == 1:
        grid.add_row(name, *_numbers(comparisons[0]), *ends)
    else:
        grid.add_row(name, "", "", "", *ends)
        for item in comparisons:
            grid.add_row(f"  {item['metric']}", *_numbers(item))
    statement = textwrap.wrap(
        str((row.document.get("claim") or {}).get("statement", "")),
        width=width - 2,
        max_lines=STATEMENT_LINES_MAX,
        placeholder=" …",
    )
    reason = textwrap.wrap(row.reason if wide or not row.code else f"{row.code}: {row.reason}", width=width - 2)
    return Group(grid, *(Text(f"  {line}") for line in statement), *(Text(f"  {line}", "dim") for line in reason), "")


def _columns(*, wide: bool) -> Sequence[tuple[str, int, bool]]:
    return (*COLUMNS[:-1], CODE, COLUMNS[-1]) if wide else COLUMNS


def _grid(*, wide: bool) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for _, width, right in _columns(wide=wide):
        grid.add_column(width=width, no_wrap=True, justify="right" if right else "left")
    return grid


def _numbers(comparison: Mapping[str, Any]) -> tuple[str, Text, str]:
    style = "" if comparison["match"] else "red"
    tolerance = f" {comparison['tolerance']}" if comparison.get("tolerance") else ""
    return _expected(comparison), Text(_short(comparison["computed"]), style=style), f"{comparison['rule']}{tolerance}"


def _expected(comparison: Mapping[str, Any]) -> str:
    """Return the printed value, or the band where the rule is a band."""
    if comparison["expected"] is not None:
        return str(comparison["expected"])
    low, high = comparison["low"], comparison["high"]
    if low is None and high is None:
        return "order"  # a ranking holds to no number
    if low is None or high is None:
        return f"≤ {high}" if low is None else f"≥ {low}"
    return f"{low} … {high}"


def _short(number: str | None) -> str:
    """Return a number as it is, or its first digits when it is long."""
    if number is None or len(number) <= NUMBER_CHARACTERS_MAX:
        return number or "–"
    try:
        return f"{Decimal(number):.{DIGITS_SHOWN}g}"
    except InvalidOperation:
        return number[: NUMBER_CHARACTERS_MAX - 1] + "…"


def _runs(document: Mapping[str, Any]) -> str:
    """Return how far a verification is, and what its script says about itself."""
    said = next((run["progress"]["text"] for run in document.get("runs", []) if run.get("progress")), "")
    return f"{document.get('runs_done', 0)}/{document.get('runs_planned', 0)} runs {said}".rstrip()
