"""`assay verdicts`: what a service has found, newest first, with the filters of `/v1/verdicts`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.options import AsJson, print_json
from cli.remote import DEFAULT_URL, Token, Url, connected
from cli.words import one_line, say

if TYPE_CHECKING:
    from assay_client import Client
    from assay_client.shapes import VerdictItem

PAGE_ROWS = 200  # the most that the service gives at once
STATEMENT_CHARACTERS_MAX = 60
_DAYS = {"h": 1 / 24, "d": 1, "w": 7}

Status = Literal["VERIFIED", "FALSIFIED", "UNVERIFIED"]
Text = str | None


def verdicts(  # noqa: PLR0913 - options of a command
    status: Annotated[Status | None, typer.Option(help="Only these.")] = None,
    gate: Annotated[Status | None, typer.Option(help="Only of records whose gate verdict is this.")] = None,
    kind: Annotated[
        Literal["formula", "script", "lean4", "metamath"] | None, typer.Option(help="Of the reproduction.")
    ] = None,
    reason: Annotated[Text, typer.Option("--reason-code", metavar="CODE", help="Such as MISMATCH.")] = None,
    blame: Annotated[
        Literal["author", "resource", "measurement"] | None, typer.Option(help="On whose side an open end lies.")
    ] = None,
    outcome: Annotated[Text, typer.Option(metavar="OUTCOME", help="What the process did, such as timeout.")] = None,
    claim: Annotated[Text, typer.Option(metavar="ID", help="clm_…")] = None,
    record: Annotated[Text, typer.Option(metavar="ID", help="rec_…, or the publisher's own id.")] = None,
    publisher: Annotated[Text, typer.Option(metavar="NAME", help="Whose claims.")] = None,
    since: Annotated[
        Text, typer.Option(metavar="WHEN", help="Not older: a date, a time (UTC without an offset), or 12h, 7d, 2w.")
    ] = None,
    until: Annotated[Text, typer.Option(metavar="WHEN", help="Older: likewise.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """List verdicts, newest first. With --json a line for each."""
    asked = {
        "status": status,
        "gate": gate,
        "kind": kind,
        "reason_code": reason,
        "blame": blame,
        "outcome": outcome,
        "claim_id": claim,
        "record_id": record,
        "publisher": publisher,
        "since": since and moment(since),
        "until": until and moment(until),
    }
    filters = {name: value for name, value in asked.items() if value is not None}
    found = False
    with connected(url, token) as client:
        if record is not None and not record.startswith("rec_"):
            filters["record_id"] = client.record(record)["id"]
        for item in _rows(client, filters, limit):
            found = True
            if as_json:
                print_json({**item, "claim_name": item["claim"]})
            else:
                say(line(item))
    if not found:
        typer.echo("no such verdict", err=True)


def _rows(client: Client, filters: Mapping[str, str], limit: int) -> Iterator[VerdictItem]:
    """Yield verdicts page by page; a short page is not the end."""
    cursor, left = None, limit
    while left:
        page = client.verdicts({**filters, "limit": str(min(left, PAGE_ROWS))}, cursor)
        yield from page["data"][:left]
        left -= len(page["data"][:left])
        cursor = page["next_cursor"]
        if cursor is None:
            return


def line(item: Mapping[str, Any]) -> str:
    """Return a verdict as one line: when, what, why, which claim, under which id."""
    at = datetime.fromisoformat(item["evaluated_at"]).astimezone(UTC)
    said = one_line(item["statement"], STATEMENT_CHARACTERS_MAX)
    what = f"{item['status']:10} {item['reason_code']:18}"
    return f"{at:%Y-%m-%d %H:%M:%S}  {what} {item['id']}  {one_line(item['claim'])}: {said}"


def moment(text: str) -> str:
    """Return a time as the interface wants it, ISO 8601 with an offset.

    Raises:
        typer.BadParameter: it is neither a time nor how long ago.

    """
    ago = re.fullmatch(r"(\d{1,4})([hdw])", text)
    if ago is not None:
        return (datetime.now(UTC) - timedelta(days=int(ago[1]) * _DAYS[ago[2]])).isoformat()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time such as 2026-11-30, 2026-11-30T08:00Z or 7d") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()
