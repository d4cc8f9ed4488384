"""`assay evidence`: what a stranger does with an archive, without network and without account."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.errors import Fault
from cli import show
from cli.exits import Exit
from cli.keys import own_keys, read_key_file, trusted
from cli.options import AsJson, print_json, read_settings
from cli.progress import Steps
from cli.words import say

if TYPE_CHECKING:
    from app.core.evidence import Report
    from app.core.evidence_receipt import ReceiptReport
    from app.core.model import Judgement
    from app.settings import Settings
    from cli.rerun import Rerun

app = typer.Typer(no_args_is_help=True, help="Check evidence archives.", rich_markup_mode=None)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="An evidence archive.")],
    key: Annotated[Path | None, typer.Option("--key", help="Public keys of a judge whom you trust.")] = None,
    receipt: Annotated[Path | None, typer.Option("--receipt", help="The ledger's receipt of the verdict.")] = None,
    again: Annotated[bool, typer.Option("--rerun", help="Execute the sealed runs again, on this machine.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check an archive offline: signature, every file hashed again, the verdict derived again.

    Exit 0 holds and the signer is trusted, 3 holds but the signer is unknown, 1 contradicted, 2 unreadable.
    """
    from app.core import evidence  # most commands do without, and it is heavy
    from app.core.evidence_receipt import check_receipt

    settings = read_settings()
    keys = [*trusted(settings), *(read_key_file(key) if key is not None else ())]
    try:
        archive = file.read_bytes()
        report = evidence.verify(archive, keys)
        entry = None if receipt is None else check_receipt(receipt.read_bytes(), archive, report, keys)
    except (OSError, evidence.Unreadable) as error:
        why = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        say(f"unreadable: {why}", error=True)
        raise typer.Exit(Exit.REFUSED) from error
    findings = [*report.findings, *(entry.findings if entry is not None else ())]
    executed = None
    if again and not findings and report.judgement is not None:
        executed = _rerun(settings, archive, report.judgement, file.name)
    if as_json:
        print_json(_document(report, findings, entry, executed, own=_is_own(settings, report.signer)))
    else:
        show.report(report, entry, executed, own=_is_own(settings, report.signer))
    raise typer.Exit(_exit(report, findings, executed))


def _is_own(settings: Settings, signer: str | None) -> bool:
    """Whether a signer is a judge of this home, who is trusted no more than others before somebody says so."""
    with suppress(Fault):  # an own key that cannot be read has no say in what another one signed
        return signer in {key.public.id for key in own_keys(settings)}
    return False


def _exit(report: Report, findings: list[str], executed: Rerun | None) -> Exit:
    if findings or (executed is not None and executed.contradicted):
        return Exit.FALSIFIED
    confirmed = executed is None or executed.confirmed
    return Exit.VERIFIED if report.trusted and confirmed else Exit.UNVERIFIED


def _rerun(settings: Settings, archive: bytes, judgement: Judgement, name: str) -> Rerun:
    from cli.local import Local  # without --rerun nothing needs a sandbox
    from cli.rerun import rerun
    from cli.temporary import sweep_abandoned
    from sandbox import Sandbox

    sweep_abandoned()
    steps = Steps(name)
    with Sandbox(minimum=settings.isolation, ahead=settings.prepared_boxes, engine=settings.engine) as box:
        done = rerun(Local(settings, box), archive, judgement, steps)
    steps.end()
    return done


def _document(
    report: Report, findings: list[str], entry: ReceiptReport | None, executed: Rerun | None, *, own: bool
) -> dict[str, Any]:
    judgement = report.judgement.model_dump(mode="json") if report.judgement else None
    return {
        "ok": not findings,
        "format": report.format,
        "signed": report.signed,
        "signer": report.signer,
        "trusted": report.trusted,
        "own": own,
        "seal": report.seal,
        "findings": findings,
        "members": report.members,
        "judgement": judgement,
        "receipt": None if entry is None else asdict(entry),
        "rerun": None
        if executed is None
        else {**asdict(executed), "judgement": executed.judgement.model_dump(mode="json")},
    }


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="An evidence archive that holds.")],
    ro_crate: Annotated[Path, typer.Option("--ro-crate", help="A new folder, or a new .zip file.")],
) -> None:
    """Write an archive as a Workflow Run RO-Crate: its files, and metadata for other tools. Nothing is fetched."""
    from app.core import evidence
    from cli.crate import write_crate

    try:
        report = evidence.verify(file.read_bytes())
        members = evidence.intact(file.read_bytes()).members
    except (OSError, evidence.Unreadable) as error:
        why = f"{file}: {error.strerror}" if isinstance(error, OSError) else str(error)
        say(f"unreadable: {why}", error=True)
        raise typer.Exit(Exit.REFUSED) from error
    if not report.ok:
        show.report(report)
        raise typer.Exit(Exit.FALSIFIED)
    write_crate(ro_crate, members)
    typer.echo(f"wrote {ro_crate}", err=True)


def stored(settings: Settings) -> dict[str, Any] | None:
    """Return what the last audit of a service's stored evidence found, ready for JSON; None: no service keeps state here."""
    from app.store import auditing, keys
    from app.store.engine import Store

    if not settings.database_url and not (settings.home / "assay.db").exists():
        return None
    store = Store(settings.database, pool_size=1)
    try:
        store.check()
        with store.read() as session:
            found = auditing.shown(session)
            published = [key.public.id for key in keys.published(session) if key.retired_at is None]
        own = {key.public.id for key in own_keys(settings)}
    except Fault as fault:
        return {"fault": str(fault)}
    finally:
        store.close()
    document: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return {**document, "keys_of_others": [keyid for keyid in published if keyid not in own]}
