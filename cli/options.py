"""What several groups of commands share: the option `--json`, the settings, and JSON on stdout."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from app import __version__
from app.core.errors import Fault, Refusal
from app.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsJsonLines = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write a JUnit report here.")]
Sarif = Annotated[Path | None, typer.Option("--sarif", metavar="FILE", help="Write a SARIF 2.1.0 report here.")]
Summary = Annotated[
    Path | None, typer.Option("--summary", metavar="FILE", help="Append a Markdown summary here, as to a job's.")
]
Annotations = Annotated[
    Path | None, typer.Option("--annotations", metavar="FILE", help="Write commands for GitHub's runner here.")
]

Since = Annotated[
    str | None,
    typer.Option("--changed-since", metavar="COMMIT", help="Only bundles that changed in git since this commit."),
]


def _tell_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"assay {__version__}")
        raise typer.Exit


def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Say which version this is.",
            is_eager=True,
            callback=lambda value: _tell_version(wanted=value),
        ),
    ] = False,
) -> None:
    """Re-run published claims in a sealed sandbox, attack what matches, and say what holds."""


def read_settings() -> Settings:
    """Read the environment; what is wrong with it is named without the value, which may hold a password."""
    from app import settings_words

    try:
        return settings_words.read_settings()
    except Fault as fault:
        raise typer.BadParameter(f"a setting is wrong: {fault}") from fault


@contextmanager
def as_typed(about: str, **options: str) -> Iterator[None]:
    """Name what is refused as it was typed, not as it is called inside.

    Args:
        about: what a refusal speaks of that names no part, such as an id.
        options: member of the refused document -> the argument or option that it came from.

    """
    try:
        yield
    except Refusal as refusal:
        named = (options.get(item.pointer.removeprefix("/"), about) for item in refusal.problems)
        told = [replace(item, file=name, pointer="") for item, name in zip(refusal.problems, named, strict=True)]
        raise Refusal.of(*told) from refusal


def print_json(document: Any) -> None:
    """Print JSON on one line, in ASCII: a file name or a terminal may know no other signs. Moments are ISO 8601."""
    typer.echo(json.dumps(document, default=_spelled))


def _spelled(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")


def end_on_signals(code: int | None = None) -> None:
    """Leave by the front door on SIGTERM and SIGHUP, with a code or as the signal would; nothing of ours stays behind.

    What is ignored already stays so, as `nohup` wants it.
    """

    def leave(number: int, _: object) -> None:
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # a second one must not end the cleaning
        sys.exit(128 + number if code is None else code)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, leave)
