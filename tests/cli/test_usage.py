"""The command line around the verdicts: usage, settings, `init`, `doctor`, `env`."""

from __future__ import annotations

import json
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

import cli.main
from app.core.claim import parse_claim
from app.core.errors import Fault, Problem, Refusal
from app.settings import Settings
from cli.errors import CannotServe, ServiceError, Unreachable
from cli.init import EXAMPLE
from cli.main import run
from sandbox import SandboxFault
from tests.cli.command import assay, lay

if TYPE_CHECKING:
    from collections.abc import Callable

Said = tuple[int, str, str]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Said]:
    """Return the command as a function: exit code, stdout, stderr."""
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))

    def call(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["assay", *map(str, arguments)])
        code = run()
        return int(code), *capsys.readouterr()

    return call


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["verify"],
        ["verify", "x", "y"],
        ["verify", "--nonsense"],
        ["serve", "--port", "0"],
        ["serve", "--port", "65536"],
        ["serve", "--port", "http"],
        ["serve", "--workers", "0"],
        ["demo", "--port", "65536"],
        ["submit"],
        ["submit", "/nowhere"],
        ["submit", ".", "--url", "localhost:8000"],
        ["watch"],
        ["watch", "ver_0", "--url", "ftp://localhost"],
        ["watch", "ver_0", "--timeout", "soon"],
        ["evidence"],
        ["evidence", "sign"],
        ["env"],
        ["env", "build"],
        ["env", "build", "matlab"],
        ["env", "verify"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_is_wrong_is_exit_2_with_a_word_on_stderr(
    said: Callable[..., Said], arguments: list[str]
) -> None:
    code, out, err = said(*arguments)
    assert (code, out) == (2, "")
    assert err.strip()
    assert "Traceback" not in err


def test_help_names_every_command(said: Callable[..., Said]) -> None:
    code, out, _ = said("--help")
    assert code == 0
    for command in (
        "init",
        "verify",
        "serve",
        "demo",
        "submit",
        "watch",
        "verdicts",
        "completion",
        "doctor",
        "evidence",
        "env",
    ):
        assert f"  {command} " in out
    assert out.startswith("Usage: assay ")
    assert "..." not in out.replace("[ARGS]...", ""), "what a command does is cut"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ASSAY_ALLOW_CLIENTS", '["hunter2"]'),
        ("ASSAY_ALLOW_HOSTS", "hunter2"),
        ("ASSAY_POOL_SIZE", "hunter2"),
        ("ASSAY_DEFAULT_LIMITS", '{"wall_ms": "hunter2"}'),
    ],
)
def test_a_setting_that_is_wrong_is_named_without_its_value(
    said: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A value may be a password; only its name is shown."""
    monkeypatch.setenv(name, value)
    code, out, err = said("doctor")
    assert (code, out) == (2, "")
    assert name.removeprefix("ASSAY_").lower() in err.lower()
    assert "hunter2" not in err


# --- init ------------------------------------------------------------------------------------------------------------


def test_init_writes_a_claim_that_verifies_as_it_stands(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert assay("init", tmp_path / "new" / "claim", home=home).returncode == 0
    done = assay("verify", tmp_path / "new" / "claim", "--json", home=home)
    assert json.loads(done.stdout)["status"] == "VERIFIED"


def test_the_example_of_init_is_a_claim() -> None:
    policy = Settings().policy({"python": "sha256:" + "0" * 64})
    assert parse_claim(EXAMPLE.encode(), {"claim.toml"}, policy).claim.id == "tydiqa-gain"


@pytest.mark.parametrize("kind", ["a claim", "a link to nowhere", "a folder"])
def test_init_overwrites_nothing(said: Callable[..., Said], tmp_path: Path, kind: str) -> None:
    path = tmp_path / "claim.toml"
    match kind:
        case "a claim":
            path.write_text("mine")
        case "a link to nowhere":
            path.symlink_to(tmp_path / "elsewhere")
        case _:
            path.mkdir()
    code, _, err = said("init", tmp_path)
    assert code == 2
    assert err == f"{tmp_path / 'claim.toml'}: it is there already. Name another folder.\n"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["claim.toml"]
    assert kind != "a claim" or path.read_text() == "mine"


def test_init_where_nothing_can_be_written_is_said(said: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = said("init", tmp_path / "file" / "folder")
    assert code == 2
    assert "cannot be written" in err


def test_init_writes_here_by_default(
    said: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said("init")[0] == 0
    assert (tmp_path / "claim.toml").read_text() == EXAMPLE


def test_a_home_without_keys_says_how_to_make_one(said: Callable[..., Said]) -> None:
    code, out, err = said("keys", "list")
    assert (code, out) == (0, "")
    assert "`assay keys generate`" in err
    said("keys", "generate")
    assert said("keys", "list")[2] == ""


# --- doctor and env --------------------------------------------------------------------------------------------------


@pytest.mark.box
def test_doctor_names_every_part_and_the_level(said: Callable[..., Said]) -> None:
    code, out, _ = said("doctor", "--json")
    document: dict[str, Any] = json.loads(out)
    assert code == 0
    assert document["level"] in {"A", "B", "B1", "C"}
    checks = {item["name"]: item for item in document["checks"]}
    assert {"bubblewrap", "user namespaces", "seccomp", "cgroup", "interpreter", "canary"} <= set(checks)
    assert all(item["ok"] for item in document["checks"] if item["required"])
    code, out, _ = said("doctor")
    assert code == 0
    made = document["isolation"]
    assert out.splitlines()[-2:] == [
        f"boxes by {made['engine']} {made['engine_version']}, filter {made['seccomp']}",
        f"isolation level {document['level']}",
    ]


def test_doctor_tells_the_remedy_for_what_is_missing(
    said: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_PYTHON", "/nowhere/python")
    code, out, _ = said("doctor")
    assert code == 5
    assert "✗ interpreter: " in out
    assert "remedy: apt-get install python3" in out
    assert out.splitlines()[-1] == "no isolation: nothing would be executed"


def test_an_environment_is_named_by_its_digest(said: Callable[..., Said]) -> None:
    code, out, _ = said("env", "list", "--json")
    (document,) = map(json.loads, out.splitlines())
    assert code == 0
    assert document["name"] == "python"
    assert document["digest"].startswith("sha256:")
    code, out, _ = said("env", "build", "python")
    assert code == 0
    assert document["digest"] in out


# --- submit without a service ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["submit", "watch"])
def test_a_service_that_does_not_answer_is_exit_5(said: Callable[..., Said], tmp_path: Path, command: str) -> None:
    subject = lay(tmp_path / "x", {"claim.toml": EXAMPLE.encode()}) if command == "submit" else "ver_0"
    code, out, err = said(command, subject, "--url", "http://127.0.0.1:1")
    assert (code, out) == (5, "")
    assert err.startswith("no service answers at http://127.0.0.1:1: ")
    assert "`assay serve`" in err


def test_a_bundle_that_no_service_would_take_is_not_sent(said: Callable[..., Said], tmp_path: Path) -> None:
    folder = lay(tmp_path / "x", {"claim.toml": EXAMPLE.encode()})
    (folder / "link").symlink_to("/etc/passwd")
    code, _, err = said("submit", folder, "--url", "http://127.0.0.1:1")
    assert code == 2
    assert "'link' is a link" in err


def test_a_proxy_in_the_environment_is_not_asked(said: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.handle_request, daemon=True).start()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        code, _, err = said("watch", "ver_0", "--url", "http://127.0.0.1:1")
    assert code == 5
    assert err.startswith("no service answers at http://127.0.0.1:1: ")
    assert "`assay serve`" in err


class Proxy(BaseHTTPRequestHandler):
    """Answers for everybody."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_command_tells_the_version_of_the_package(said: Callable[..., Said]) -> None:
    project = tomllib.loads((Path(cli.__file__).parent.parent / "pyproject.toml").read_text())["project"]
    assert said("--version") == (0, f"assay {project['version']}\n", "")


# --- every way out ---------------------------------------------------------------------------------------------------

ENDS: list[tuple[BaseException, int]] = [
    (KeyboardInterrupt(), 130),
    (typer.Abort(), 130),
    (TimeoutError("too long"), 124),
    (RuntimeError("a bug"), 5),
    (MemoryError(), 5),
    (AssertionError("a bug"), 5),
    (SystemExit(1), 5),
    (SystemExit("a text"), 5),
    (SystemExit(None), 5),
    (SystemExit(0), 0),
    (OSError(28, "No space left on device", "/disk"), 5),
    (BrokenPipeError(32, "Broken pipe"), 141),
    (Refusal.of(Problem(None, None, "", "x", "x", "y")), 2),
    (Fault("x", "x"), 5),
    (CannotServe("x"), 5),
    (Unreachable("x"), 5),
    (SandboxFault("x"), 5),
    *(
        (ServiceError(status, {}), code)
        for status, code in ((401, 4), (403, 4), (400, 2), (404, 2), (413, 2), (422, 2))
    ),
    *((ServiceError(status, {}), 5) for status in (409, 421, 500, 503)),
]


@pytest.mark.parametrize(("end", "code"), ENDS, ids=[repr(end)[:50] for end, _ in ENDS])
def test_every_way_out_has_its_code_and_none_but_a_verdict_is_1(
    said: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, end: BaseException, code: int
) -> None:
    def app(**_: object) -> None:
        raise end

    monkeypatch.setattr(cli.main, "app", app)
    assert said()[0] == code
