"""The commands that speak to a service: submit, watch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import show
from cli.exits import of_status
from cli.options import AsJson, print_json

Url = Annotated[str, typer.Option("--url", envvar="ASSAY_URL", help="Address of the service.")]
DEFAULT_URL = "http://127.0.0.1:8000"


def submit(  # noqa: PLR0913 - options of a command
    path: Annotated[Path, typer.Argument(help="A bundle folder or archive.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the verdict.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 3600,
    force: Annotated[bool, typer.Option("--force", help="Verify again although the same seal is known.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Submit a bundle to a service."""
    from app.intake import bundle_at
    from cli.client import Client, pack

    path = bundle_at(path)
    if not path.exists():
        raise typer.BadParameter(f"there is no {path}")
    with Client(_address(url)) as client:
        document = client.submit(pack(path) if path.is_dir() else path.read_bytes(), force=force)
        if wait:
            with _goes_on(client.url, document["id"]):
                document = client.wait(document["id"], timeout, show.Steps(path.resolve().name).state)
    if not wait:
        typer.echo(f"follow it: {_watch(client.url, document['id'])}", err=True)
    _finish(document, client.url, as_json=as_json, concluded=wait)


def watch(
    verification: Annotated[str, typer.Argument(help="ver_…")],
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 3600,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Follow a verification to its end; with --json one line for every change."""
    from cli.client import FINAL_STATES, Client

    seen = show.Steps(verification).state
    if as_json:
        last: list[dict[str, Any]] = []

        def seen(document: dict[str, Any]) -> None:
            if document["state"] not in FINAL_STATES and last != [document]:
                last[:] = [document]
                print_json(document)

    with Client(_address(url)) as client, _goes_on(client.url, verification):
        document = client.wait(verification, timeout, seen)
    _finish(document, client.url, as_json=as_json, concluded=True)


def _finish(document: dict[str, Any], url: str, *, as_json: bool, concluded: bool) -> None:
    verdict = document.get("verdict")
    if as_json:
        print_json(document)
    else:
        show.verification(document, url)
    if not concluded:
        raise typer.Exit(0)
    raise typer.Exit(of_status(verdict["status"] if verdict else None))


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no address of a service, such as {DEFAULT_URL}")
    return url


def _watch(url: str, verification: str) -> str:
    return f"assay watch {verification}" + (f" --url {url}" if url != DEFAULT_URL else "")


@contextmanager
def _goes_on(url: str, verification: str) -> Iterator[None]:
    """Say, when waiting ends before the verification does, how to come back to it or to end it."""
    try:
        yield
    except (KeyboardInterrupt, TimeoutError):
        print(f"follow it again: {_watch(url, verification)}", file=sys.stderr)
        print(f"cancel it: curl -X POST {url}/v1/verifications/{verification}/cancel", file=sys.stderr)
        raise
