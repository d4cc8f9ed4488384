"""What strangers name and answer reaches a terminal without a sign that steers it, and on no line of its own."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from cli.progress import Steps
from cli.words import fit, name_of
from tests.cli.command import assay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Clears the screen, names the window, fills the clipboard, turns what follows around.
STEERING = "\x1b[2J\x1b]0;x\x07\x9b1m\r\u202e"
CONTROLS = {sign for sign in map(chr, range(160)) if not sign.isprintable()} - set("\n\t") | {"\u202e"}


class Hostile(BaseHTTPRequestHandler):
    """A service that answers everything with a problem, or with a verdict, whose every text steers."""

    def do_GET(self) -> None:
        if self.path.startswith("/v1/verdicts"):
            item = dict.fromkeys(("status", "reason_code", "id", "claim", "statement"), f"a{STEERING}")
            status, told = 200, {"data": [{**item, "evaluated_at": "2026-01-01T00:00:00Z"}], "next_cursor": None}
        else:
            wrong = {"in": f"a{STEERING}", "detail": f"b{STEERING}", "remedy": f"c{STEERING}"}
            status, told = 403, {"type": "x", "title": "t", "detail": f"d{STEERING}", "errors": [wrong]}
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hostile() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("command", [("verdicts",), ("watch", "ver_1")])
def test_a_service_steers_no_terminal(hostile: str, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = assay(*command, "--url", hostile, home=tmp_path)
    said = done.stdout + done.stderr
    assert "a?[2J" in said
    assert not CONTROLS & set(said)


@pytest.mark.parametrize("command", ["lint", "verify"])
def test_a_folder_steers_no_terminal_and_begins_no_line(tmp_path: Path, command: str) -> None:
    folder = tmp_path / f"one{STEERING}\nother: VERIFIED"
    folder.mkdir()
    (folder / "claim.toml").write_text('schema = "assay-claim-v1"\n')
    done = assay(command, folder, home=tmp_path / "home")
    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert "one?[2J" in said
    assert not CONTROLS & set(said)
    assert not any(line.startswith("other") for line in said.splitlines())


def test_a_path_that_is_not_there_steers_no_terminal(tmp_path: Path) -> None:
    done = assay("lint", tmp_path / f"nowhere{STEERING}", home=tmp_path)
    assert "nowhere?[2J" in done.stderr
    assert not CONTROLS & set(done.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ("sub\x1b[2Jmit\n::error::x",),
        ("verify", "--\x1b]0;x\x07"),
        ("verify", "x", "--keep-\u202e", "1"),
        ("sources", "add", "\x1b[31mgithub\n::error::x"),
        ("submit", "--timeout", "\x1b[31m1\n::error::x", "."),
    ],
    ids=["command", "option", "direction", "choice", "number"],
)
def test_a_command_line_steers_no_terminal_and_begins_no_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = assay(*words, home=tmp_path)
    assert done.returncode == 2
    assert fit(done.stderr) == done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert "Usage: assay" in done.stderr


def test_a_moving_line_is_cleared_by_nobody_else(capsys: pytest.CaptureFixture[str]) -> None:
    Steps(f"one{STEERING}\nother")(f"runs{STEERING}")
    said = capsys.readouterr().err
    assert said == f"{name_of(f'one{STEERING}?other: runs{STEERING}')}\n"
    assert not CONTROLS & set(said)


def test_what_is_no_control_stays() -> None:
    text = "Größe\u00a0≤ 3\u202f%\t✓\nnext 日本語"
    assert fit(text) == text
