"""`assay watch`: follow a verification to its end, with `--log` what its runs write as they write it.

Theory of operation of the log. Events come as a stream that goes on where it broke, each once. What a run writes while it
goes is passed on in pieces, with gaps where it writes faster; so when a run is over, what is missing behind the last piece
is fetched from its stored log. A script's words go to stderr behind a bar, without signs that could steer a terminal:
nothing that it writes can be taken for a verdict of ours, which alone stands on stdout.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import show
from cli.complaint import with_words
from cli.exits import of_status
from cli.options import AsJson, print_json
from cli.progress import Steps
from cli.remote import DEFAULT_URL, Timeout, Token, Url, connected, goes_on, known
from cli.sent import named
from cli.words import shown_lines

if TYPE_CHECKING:
    from assay_client import Client
    from assay_client.shapes import Event, Verification

STREAMS = ("stdout", "stderr")
REST_BYTES_MAX = 1 << 20  # of a log that is shown once its run is over


def watch(  # noqa: PLR0913 - options of a command
    verification: Annotated[str, typer.Argument(help="ver_…")],
    log: Annotated[bool, typer.Option("--log", help="Show on stderr what its runs write.")] = False,
    timeout: Timeout = 3600,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Follow a verification to its end. With --json one line for every change, with --log one for every event."""
    steps = Steps(verification)
    with connected(url, token) as client, known(client.url, verification), goes_on(client.url, verification, steps):
        if log:
            document = client.follow(verification, Follower(client, steps, as_json=as_json), timeout)
        else:
            document = client.wait(verification, timeout, _Printer() if as_json else steps.state)
        worded = document if log else with_words(client, document)  # who asked for the log has seen them
    if as_json:
        print_json(named(worded))
    else:
        show.verification(worded, client.url)
    verdict = document["verdict"]
    raise typer.Exit(of_status(verdict["status"] if verdict else None))


class _Printer:
    """Prints a verification whenever it has changed; its end is printed by whoever waited for it."""

    def __init__(self) -> None:
        self.last: Mapping[str, Any] | None = None

    def __call__(self, document: Verification) -> None:
        from cli.client import FINAL_STATES

        if document["state"] not in FINAL_STATES and self.last != document:
            self.last = document
            print_json(named(document))


class Follower:
    """Shows events as they come."""

    def __init__(self, client: Client, steps: Steps, *, as_json: bool) -> None:
        self.client = client
        self.steps = steps
        self.as_json = as_json
        self.keys: dict[str, str] = {}  # run -> its key
        self.told: dict[tuple[str, str], int | None] = {}  # run and stream -> bytes shown; None: not to be known

    def __call__(self, event: Event) -> None:
        """Show one event, and behind the end of a run the rest of its log."""
        run, data = event["run_id"], event["data"]
        if run is not None and "key" in data:
            self.keys[run] = str(data["key"])
        if self.as_json:
            print_json(event)
        elif event["kind"] in {"run", "progress", "state"} and (run is None or data.get("state") != "queued"):
            self.steps(self._step(event))
        if event["kind"] == "log" and run is not None:
            self._piece(run, data)
        if run is not None and event["kind"] == "run" and data.get("state") == "done":
            for stream in STREAMS:
                self._rest(event, run, stream)

    def _step(self, event: Event) -> str:
        data = event["data"]
        if event["run_id"] is None:
            return str(data.get("state", event["kind"]))
        what = data.get("outcome") or data.get("state") or data.get("text") or event["kind"]
        (line,) = shown_lines(str(what).replace("\n", " ")) or [""]
        return f"{self.keys.get(event['run_id'], event['run_id'])} {line}"

    def _piece(self, run: str, data: Mapping[str, Any]) -> None:
        stream, text, offset = str(data["stream"]), str(data["text"]), int(data["offset"])
        before = self.told.get((run, stream), 0)
        gap = before is not None and offset > before
        # A sign that could not be decoded stands for a number of bytes that nobody can tell.
        self.told[run, stream] = None if "\ufffd" in text else offset + len(text.encode())
        if not self.as_json:
            self._say(run, stream, (["…"] if gap else []) + shown_lines(text))

    def _rest(self, event: Event, run: str, stream: str) -> None:
        """Show what a run that is over wrote behind the last piece."""
        begin = self.told.get((run, stream), 0)
        if begin is None:
            return
        end = begin + REST_BYTES_MAX
        while begin < end and (data := self.client.log(run, stream, begin)):
            text = data.decode("utf-8", "replace")
            if self.as_json:
                print_json({**event, "kind": "log", "data": {"stream": stream, "offset": begin, "text": text}})
            else:
                self._say(run, stream, shown_lines(text))
            begin += len(data)
        if begin >= end:
            print(f"the whole log: {self.client.url}/v1/runs/{run}/{stream}", file=sys.stderr)

    def _say(self, run: str, stream: str, lines: list[str]) -> None:
        mark = "|" if stream == "stdout" else "!"
        self.steps.end()
        for line in lines:
            print(f"  {self.keys.get(run, run)} {mark} {line}", file=sys.stderr)
