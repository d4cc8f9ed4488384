"""A job's summary in Markdown. Texts of strangers are escaped: nothing in a claim becomes a link or a picture."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from app.core.markdown import block
from app.core.markdown import escaped as escaped_text
from cli.reports.text import worded
from cli.show import MARK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.reports.case import Case

BYTES_MAX = 900_000  # a code host refuses a summary of more than 1 MiB
CELL_CHARACTERS_MAX = 300
SIGN = {"VERIFIED": "✅", "FALSIFIED": "❌"}
NOTE = "A verdict is a descriptive status, not human peer review."


def summary(cases: Sequence[Case]) -> str:
    """Return the summary: one line, one table, then the working of what is not verified."""
    counts = Counter(case.status for case in cases)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no claim"
    parts = [f"## Assay: {told}\n\n"]
    if cases:
        parts.append("| claim | status | reason | computed | expected |\n|---|---|---|---|---|\n")
        several = {name for name, count in Counter(case.name for case in cases).items() if count > 1}
        parts += [_row(case, told_apart=case.name in several) for case in cases]
    parts += [_details(case) for case in cases if case.status != "VERIFIED"]
    return _fitted(parts) + f"\n{NOTE}\n"


def _fitted(parts: Sequence[str]) -> str:
    """Return as many parts as fit, and how many do not."""
    size = 0
    for place, part in enumerate(parts):
        size += len(part.encode())
        if size > BYTES_MAX:
            return "".join(parts[:place]) + f"\n… and {len(parts) - place} more parts, left out for their size.\n"
    return "".join(parts)


def _row(case: Case, *, told_apart: bool = False) -> str:
    items = [item for item in case.document["comparisons"] if not item["table"]]
    cells = [
        escaped(f"{case.name} ({case.bundle})" if told_apart else case.name),
        f"{SIGN.get(case.status, '⚠️')} {case.status}",
        escaped(_code(case)),
        *("<br>".join(escaped(_amount(item, side)) for item in items) for side in ("computed", "expected")),
    ]
    return f"| {' | '.join(cells)} |\n"


def _code(case: Case) -> str:
    """Return the code of the reason; of a refusal what is wrong, of what has no verdict where to read on."""
    problems = dict.fromkeys(str(item["code"]) for item in case.document.get("problems", ()))
    return str(case.document["reason_code"] or ", ".join(problems) or "see below")


def _amount(item: dict[str, Any], side: str) -> str:
    value = item[side]
    if value is None and side == "expected":
        value = f"{item['low'] or '−∞'} … {item['high'] or '∞'}"
    return f"{item['metric']} {'nothing' if value is None else value}" + (f" {item['unit']}" if item["unit"] else "")


def _details(case: Case) -> str:
    lines = [f"\n### {escaped(case.name)}\n"]
    if case.statement:
        lines.append(f"> {escaped(case.statement)}\n")
    lines += [f"{escaped(line)}\n" for line in str(case.document["reason"]).splitlines()]
    if not case.archived and case.line is not None:
        lines.append(f"Claimed in {escaped(case.file())}, line {case.line}\\.\n")
    # Before the list, which would take it in.
    lines += [block(worded(case)) + "\n"] if case.complaint else []
    told = [item for item in case.document["controls"] if item["result"] in {"fail", "undecided", "warn"}]
    if told:
        lines.append("".join(f"- {MARK[item['result']]} {item['name']}: {escaped(item['detail'])}\n" for item in told))
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line, cut when it is long."""
    return escaped_text(text, CELL_CHARACTERS_MAX)
