"""`assay ledger`: fetch the ledger or a receipt, and check either offline."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.core import checkpoints, ledger
from cli.errors import ServiceError
from cli.exits import Exit
from cli.keys import read_key_file, trusted
from cli.options import AsJson, print_json, read_settings
from cli.words import say

app = typer.Typer(no_args_is_help=True, help="The ledger over verdicts and corrections.", rich_markup_mode=None)

DEFAULT_URL = "http://127.0.0.1:8000"
Url = Annotated[str, typer.Option("--url", envvar="ASSAY_URL", help="Address of the service.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write it here instead of to the terminal.")]


@app.command()
def export(out: Out = None, url: Url = DEFAULT_URL) -> None:
    """Fetch the whole ledger: head, rows and checkpoints, one JSON document a line."""
    _write(_fetch(url, "/v1/ledger/export"), out)


@app.command()
def receipt(
    row: Annotated[str, typer.Argument(help="A verdict (vrd_…), or the index of a row, from 0.")],
    out: Out = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Fetch the receipt of a verdict: the proof that it is in the ledger, to be kept beside its evidence."""
    if not row.isascii() or not (row.isdigit() or row.replace("_", "").isalnum()):
        raise typer.BadParameter(f"{row!r} is neither a verdict (vrd_…) nor the index of a row")
    _write(_fetch(url, f"/v1/ledger/{row}/receipt" if row.isdigit() else f"/v1/verdicts/{row}/receipt"), out)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="An export or a receipt.")],
    against: Annotated[
        Path | None,
        typer.Option("--against", help="An export or receipt that you kept: nothing in it may have changed."),
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Public keys of a judge whom you trust.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check an export or a receipt offline: every hash, the chain, the tree, every checkpoint and its signature.

    Exit 0 holds and a trusted key has signed all of it, 3 holds without that, 1 contradicted, 2 unreadable.
    """
    keys = [*trusted(read_settings()), *(read_key_file(key) if key is not None else ())]
    earlier = None if against is None else _check(against)
    if earlier is not None and not earlier.ok:
        say(f"unreadable: {against} does not hold itself: {earlier.findings[0]}", error=True)
        raise typer.Exit(Exit.REFUSED)
    try:
        report = checkpoints.judge_signatures(_check(file, earlier), keys)
    except ledger.Unreadable as error:
        say(f"unreadable: {file}: {error}", error=True)
        raise typer.Exit(Exit.REFUSED) from error
    if as_json:
        told = {"ok": report.ok, "kind": report.kind, "size": report.size, "root": report.root}
        more = {"hidden": report.hidden, "signed": len(report.signed), "trusted_size": report.trusted_size}
        print_json({**told, **more, "findings": list(report.findings), "leaf": report.leaf})
    else:
        _show(report)
    if not report.ok:
        raise typer.Exit(Exit.FALSIFIED)
    raise typer.Exit(Exit.VERIFIED if report.trusted else Exit.UNVERIFIED)


def _check(file: Path, earlier: ledger.Report | None = None) -> ledger.Report:
    try:
        return ledger.check(file.read_bytes(), earlier)
    except (OSError, ledger.Unreadable) as error:
        why = f"{file}: {error.strerror}" if isinstance(error, OSError) else f"{file}: {error}"
        say(f"unreadable: {why}", error=True)
        raise typer.Exit(Exit.REFUSED) from error


def _show(report: ledger.Report) -> None:
    what = "ledger" if report.kind == ledger.EXPORT else "receipt"
    rows = f"{report.size} row{'' if report.size == 1 else 's'}"
    typer.echo(f"{what} over {rows}, root {report.root}")
    if report.leaf is not None:
        typer.echo(f"row {report.leaf['seq']}: {json.dumps(report.leaf['body'])}")
    if report.hidden:
        typer.echo(f"{report.hidden} of the rows show only their hashes: their records are private")
    for finding in report.findings:
        say(f"contradicted: {finding}")
    if report.trusted:
        typer.echo("everything holds, and a trusted key has signed it")
    elif report.ok and report.trusted_size:
        typer.echo(
            f"everything holds; a trusted key has signed the first {report.trusted_size} rows, and none the others"
        )
    elif report.ok:
        typer.echo("everything holds; no trusted key has signed it, so it says nothing of who wrote it")


def _fetch(url: str, path: str) -> bytes:
    from cli.client import Client

    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no address of a service, such as {DEFAULT_URL}")
    with Client(url) as client:
        answer = client.fetch(path)
    if not answer.content.startswith(b"{"):
        raise ServiceError(answer.status_code, {"detail": f"what answers at {url} is no Assay service"})
    return answer.content


def _write(data: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(data if data.endswith(b"\n") else data + b"\n")
        return
    if out.is_dir() or not out.parent.is_dir():
        raise typer.BadParameter(f"{out} cannot be written: it is a folder, or its folder is not there")
    out.write_bytes(data)
    typer.echo(f"wrote {out}; check it with `assay ledger verify {out}`", err=True)
