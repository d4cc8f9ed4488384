"""The commands that speak to a service: submit and cancel; and what all of them share. `cli.watch` follows."""

from __future__ import annotations

import ipaddress
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from app.core.errors import Problem, Refusal
from cli import show
from cli.complaint import with_words
from cli.errors import ServiceError
from cli.exits import Exit, worst
from cli.options import Annotations, AsJson, Junit, Sarif, Since, Summary, print_json
from cli.progress import Steps
from cli.sent import Sent, named, problems, send_all
from cli.words import name_of, say

if TYPE_CHECKING:
    from assay_client import Client

DEFAULT_URL = "http://127.0.0.1:8000"
Url = Annotated[str, typer.Option("--url", envvar="ASSAY_URL", help="Address of the service.")]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="ASSAY_TOKEN", metavar="KEY", help="API key; better in the environment than here."),
]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", help="How long to wait.", min=0)]


def submit(  # noqa: PLR0913 - options of a command
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Bundle folders, archives, or folders of bundles.")
    ],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the verdict.")] = False,
    timeout: Timeout = 3600,
    force: Annotated[bool, typer.Option("--force", help="Verify again although the same seal is known.")] = False,
    key: Annotated[
        str | None,
        typer.Option("--idempotency-key", metavar="TEXT", help="By default the bundle's digest: a retry is free."),
    ] = None,
    changed_since: Since = None,
    junit: Junit = None,
    sarif: Sarif = None,
    summary: Summary = None,
    annotations: Annotations = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Submit bundles to a service."""
    from cli.bundles import bundles_of
    from cli.reports import Account, Reports

    reports = Reports(junit, sarif, summary, annotations)
    reports.check()
    if not wait and reports != Reports():
        raise typer.BadParameter("a report needs a verdict: add --wait")
    begun = time.monotonic()
    sent: list[Sent] = []
    account = Account(paths)
    with reports.however_it_ends(account):
        account.found, several = bundles_of(paths, changed_since)
        if key is not None and len(account.found) > 1:
            raise typer.BadParameter("--idempotency-key takes one bundle at a time")
        if not account.found:
            typer.echo(f"no bundle changed since {changed_since}", err=True)
        try:
            with connected(url, token) as client:
                sent += send_all(client, account.found, force=force, key=key)
                if several and not as_json:
                    _tell_of_open(sent)
                for item in sent:
                    if wait:
                        _follow(client, item, timeout - (time.monotonic() - begun))
                    _tell(client, item, several=several, wait=wait, as_json=as_json)
        finally:  # a report says also which verdicts are still open when the time is over
            account.cases = [_case(item, time.monotonic() - begun) for item in sent]
    judged = [item.exit for item in sent if wait or item.document is None]
    raise typer.Exit(worst(judged) if judged else Exit.VERIFIED)


def cancel(
    verification: Annotated[str, typer.Argument(help="ver_…")],
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Ask for the end of a verification. A verdict that stands stays, and repeating it changes nothing."""
    with connected(url, token) as client, known(client.url, verification):
        document = client.cancel(verification)
    if as_json:
        print_json(named(document))
    else:
        show.verification(document, client.url)


def _follow(client: Client, item: Sent, seconds: float) -> None:
    if item.document is None:
        return
    steps = Steps(item.bundle.resolve().name)
    verification = item.document["id"]

    def seen(document: Mapping[str, Any]) -> None:
        item.document = document
        steps.state(document)

    with goes_on(client.url, verification, steps):
        item.document = with_words(client, client.wait(verification, max(seconds, 0), seen))


def _case(item: Sent, seconds: float) -> Any:
    from cli.reports import case_of, endings, verdict_fields

    if item.document is None:
        return case_of(item.bundle, endings.refused(str(item.refusal), problems(item.refusal)), 0)
    taken = item.document["seconds"]
    return case_of(item.bundle, verdict_fields(item.document), seconds if taken is None else taken)


def _tell(client: Client, item: Sent, *, several: bool, wait: bool, as_json: bool) -> None:
    """Print what became of a bundle; a single one that is refused has its complaint on stderr alone."""
    if item.refusal is not None:
        say(f"{name_of(item.bundle)}: refused\n{item.refusal}" if several else item.refusal, error=True)
        if several and as_json:
            print_json(item.as_json())
        return
    assert item.document is not None  # noqa: S101 - what is not refused was taken
    if as_json:
        print_json(item.as_json() if several else named(item.document))
    else:
        show.verification(item.document, client.url, item.bundle if several else None)
        _tell_of_record(client, item.document, several=several)
    if not wait:
        say(f"follow it: {_command('watch', client.url, item.document['id'])}", error=True)


def _tell_of_open(sent: Sequence[Sent]) -> None:
    """Say of several claims once, and before their verdicts, which everybody sees."""
    taken = [item.document for item in sent if item.document is not None]
    count = sum(document["record_id"] is None for document in taken)
    if count:
        print(OPEN_AMONG.format(count=count, of=len(taken)), file=sys.stderr)


OPEN = (
    "this claim names no record, so it is public at once, evidence and log too; with a [record] in claim.toml it would be"
    " closed"
)
OPEN_AMONG = (
    "public at once, evidence and log too, as they name no record: {count} of {of} claims; with a [record] in claim.toml"
    " they would be closed"
)
TAKE_BACK = (
    "to take it back: curl -X PATCH {url}/v1/claims/{claim} -H 'If-Match: *' -H 'Content-Type: application/json'"
    ' -d \'{{"visibility": "private"}}\' -H "Authorization: Bearer $ASSAY_TOKEN"'
)


def _tell_of_record(client: Client, document: Mapping[str, Any], *, several: bool) -> None:
    """Say what everybody sees, or where to find what no list shows; a record that is private may be unknown to who asks."""
    if document["record_id"] is None:
        if not several:
            told = f"{OPEN}\n{TAKE_BACK}"
            print(told.format(url=client.url, claim=document["claim"]["id"]), file=sys.stderr)
        return
    try:
        closed = client.record(document["record_id"])["claims_visibility"] == "closed"
    except ServiceError as error:
        closed = error.status == 404
    if closed:
        where = client.url + (document["urls"]["verdict"] or document["urls"]["self"])
        print(
            f"its record keeps its claims closed, so lists and pages show it to its publisher alone: {where}",
            file=sys.stderr,
        )


@contextmanager
def connected(url: str, token: str | None) -> Iterator[Client]:
    """Yield the client of a service.

    Raises:
        typer.BadParameter: address or key cannot be right.

    """
    from cli.client import Client

    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no address of a service, such as {DEFAULT_URL}")
    if token is None:
        with Client(url) as client:
            yield client
        return
    if url.startswith("http://") and not _own_machine(url):
        print(f"warning: the key travels to {url} unencrypted; use https", file=sys.stderr)
    try:
        client = Client(url, token)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with client:
        yield client


@contextmanager
def known(url: str, verification: str) -> Iterator[None]:
    """Say of what there is none, and where, when a service knows no such verification.

    Raises:
        Refusal: that is so.

    """
    try:
        yield
    except ServiceError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        detail = f"there is no such verification at {url}"
        remedy = "copy its id, ver_…, from `assay submit`, and name the same --url and key"
        raise Refusal.of(Problem(verification, None, "", "no-verification", detail, remedy)) from error


def _own_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _command(word: str, url: str, verification: str) -> str:
    return f"assay {word} {verification}" + (f" --url {url}" if url != DEFAULT_URL else "")


@contextmanager
def goes_on(url: str, verification: str, steps: Steps) -> Iterator[None]:
    """Say, when waiting ends before the verification does, how to come back to it or to end it."""
    try:
        yield
    except (KeyboardInterrupt, TimeoutError):
        steps.end()
        print(f"follow it again: {_command('watch', url, verification)}", file=sys.stderr)
        print(f"cancel it: {_command('cancel', url, verification)}", file=sys.stderr)
        raise
    finally:
        steps.end()
