"""`assay evidence`: what a stranger does with an archive, without network and without account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import show
from cli.exits import Exit
from cli.keys import read_key_file, trusted
from cli.options import AsJson, print_json, read_settings

if TYPE_CHECKING:
    from app.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Check evidence archives.", rich_markup_mode=None)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="An evidence archive.")],
    key: Annotated[Path | None, typer.Option("--key", help="Public keys of a judge whom you trust.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check an archive offline: signature, every file hashed again, the verdict derived again.

    Exit 0 holds and the signer is trusted, 3 holds but the signer is unknown, 1 contradicted, 2 unreadable.
    """
    from app.core import evidence

    keys = [*trusted(read_settings()), *(read_key_file(key) if key is not None else ())]
    try:
        report = evidence.verify(file.read_bytes(), keys)
    except (OSError, evidence.Unreadable) as error:
        why = f"{file}: {error.strerror}" if isinstance(error, OSError) else str(error)
        typer.echo(f"unreadable: {why}", err=True)
        raise typer.Exit(Exit.REFUSED) from error
    if as_json:
        judgement = report.judgement.model_dump(mode="json") if report.judgement else None
        document = {"ok": report.ok, "signed": report.signed, "seal": report.seal, "findings": report.findings}
        document |= {"format": report.format, "signer": report.signer, "trusted": report.trusted}
        print_json({**document, "members": report.members, "judgement": judgement})
    else:
        show.report(report)
    if not report.ok:
        raise typer.Exit(Exit.FALSIFIED)
    raise typer.Exit(Exit.VERIFIED if report.trusted else Exit.UNVERIFIED)


def stored(settings: Settings) -> dict[str, Any] | None:
    """Return what the last audit of a service's stored evidence found, ready for JSON; None: no service keeps state here."""
    from app.core.errors import Fault
    from app.store import auditing
    from app.store.engine import Store

    if not settings.database_url and not (settings.home / "assay.db").exists():
        return None
    store = Store(settings.database, pool_size=1)
    try:
        store.check()
        with store.read() as session:
            found = auditing.shown(session)
    except Fault as fault:
        return {"fault": str(fault)}
    finally:
        store.close()
    document: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return document
