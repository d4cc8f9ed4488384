"""`assay completion`: each script in its own shell, asked as a key press asks it, against what the parser knows."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

from cli.completion import Command, Option, bash, fish, read, zsh
from cli.main import app
from tests.cli.command import assay
from tests.docs.need import need

if TYPE_CHECKING:
    from collections.abc import Callable

TREE = read(typer.main.get_command(app))
EVERY = {item.words: item for item in TREE.all()}
SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}


@pytest.fixture
def script(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the script of the shell that a test names, in a folder with two files; the shell has to be there."""
    shell: str = request.param
    if shutil.which(shell) is None:
        need(f"{shell} is not installed")
    done = assay("completion", shell, home=tmp_path / "home")
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("claims.tar.gz", "other"):
        (tmp_path / name).write_text("")
    (tmp_path / shell).write_text(done.stdout)
    return tmp_path / shell


def by_bash(script: Path, line: str) -> list[str]:
    """Return what bash would offer; it adds files itself where nothing is offered."""
    words = line.split(" ")
    program = (
        f"source {script}; COMP_WORDS=({' '.join(f'{word!r}' for word in words)}); COMP_CWORD={len(words) - 1}; "
        "_assay; printf '%s\\n' \"${COMPREPLY[@]}\"; complete -p assay"
    )
    done = subprocess.run(
        ["bash", "--norc", "-uc", program], capture_output=True, text=True, check=True, cwd=script.parent
    )
    *found, rule = done.stdout.splitlines()
    assert done.stderr == ""
    assert "-o default" in rule
    return [item for item in found if item]


def by_fish(script: Path, line: str) -> list[str]:
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {script}; complete -C {line!r}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=script.parent,
        env={**os.environ, "HOME": str(script.parent)},
    )
    assert done.stderr == ""
    return [item.partition("\t")[0] for item in done.stdout.splitlines()]


def typed_into_zsh(script: Path, line: str) -> str:
    """Type a line and the tabulator into an interactive zsh; returns the line as zsh left it."""
    main, terminal = pty.openpty()
    child = subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=script.parent,
        start_new_session=True,
        env={"HOME": str(script.parent), "PATH": os.environ["PATH"], "TERM": "dumb", "PS1": ""},
    )
    os.close(terminal)
    # The widget writes the line that it was left with, so nothing has to be read from the screen.
    result = script.parent / "line"
    setup = (
        f"autoload -Uz compinit; compinit -u -D; source {script}; "
        f"tell() {{ print -r -- $BUFFER > {result}; exit }}; zle -N tell; bindkey '^G' tell; print rea''dy\n"
    )
    try:
        os.write(main, setup.encode())
        wait_for(main, b"ready\r\n")
        os.write(main, f"{line}\t\x07".encode())
        child.wait(20)
    finally:
        child.kill()
        child.wait()
        os.close(main)
    return result.read_text().rstrip("\n")


def wait_for(terminal: int, text: bytes, seconds: float = 30) -> None:
    said, deadline = b"", time.monotonic() + seconds
    while text not in said:
        assert time.monotonic() < deadline, said
        if select.select([terminal], [], [], 0.2)[0]:
            said += os.read(terminal, 65_536)


def names(words: str, begin: str = "") -> set[str]:
    return {name for name, _ in EVERY[words].next if name.startswith(begin)}


def options(words: str, begin: str = "--") -> set[str]:
    return {item.name for item in EVERY[words].options if item.name.startswith(begin)}


@pytest.mark.parametrize(("script", "ask"), [("bash", by_bash), ("fish", by_fish)], indirect=["script"])
def test_commands_options_and_values_are_offered_where_they_belong(
    script: Path, ask: Callable[[Path, str], list[str]]
) -> None:
    assert set(ask(script, "assay ver")) == names("", "ver") == {"verify", "verdicts"}
    assert set(ask(script, "assay keys ")) == names("keys")
    assert set(ask(script, "assay keys create --")) == options("keys create")
    assert set(ask(script, "assay verify claims --j")) == options("verify", "--j") == {"--json", "--junit"}
    assert set(ask(script, "assay verdicts --json --status ")) == {"VERIFIED", "FALSIFIED", "UNVERIFIED"}
    assert set(ask(script, "assay completion ")) == set(SHELLS)
    assert set(ask(script, "assay --")) == {"--help", "--version"}


@pytest.mark.parametrize("script", ["fish"], indirect=True)
def test_files_are_offered_where_files_are_meant(script: Path) -> None:
    assert "claims.tar.gz" in by_fish(script, "assay verify cl")
    assert "claims.tar.gz" in by_fish(script, "assay verify --junit cl")
    assert by_fish(script, "assay watch cl") == []


@pytest.mark.parametrize("script", ["zsh"], indirect=True)
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("assay verd", "assay verdicts "),
        ("assay keys ro", "assay keys rotate "),
        ("assay verify --jun", "assay verify --junit "),
        ("assay verdicts --status FA", "assay verdicts --status FALSIFIED "),
        ("assay completion f", "assay completion fish "),
        ("assay verify cl", "assay verify claims.tar.gz "),
    ],
)
def test_zsh_completes_what_is_typed(script: Path, line: str, completed: str) -> None:
    assert typed_into_zsh(script, line) == completed


@pytest.mark.parametrize("script", list(SHELLS), indirect=True)
def test_texts_that_are_shell_stay_texts(script: Path) -> None:
    hostile = 'it\'s "$(touch pwned)" `touch pwned` \\ : $HOME'
    tree = Command("", hostile, (Option("--x", hostile, takes=True),), (Command("a", hostile, ()),), ("one",))
    script.write_text(SHELLS[script.name](tree))
    if script.name == "zsh":
        assert typed_into_zsh(script, "assay --") == "assay --x "
    else:
        ask = by_bash if script.name == "bash" else by_fish
        assert ask(script, "assay --") == ["--x"]
        assert set(ask(script, "assay ")) == {"a", "one"}
    assert not (script.parent / "pwned").exists()


def test_every_command_and_option_of_the_parser_is_known() -> None:
    assert {"init", "verify", "keys create", "evidence verify", "verdicts"} <= EVERY.keys()
    assert all(item.about for item in EVERY.values() if item.words)
    assert {"--junit", "--annotations", "--help"} <= options("verify")
    assert EVERY["verify"].files
    assert not EVERY["watch"].files


def test_another_shell_is_usage(tmp_path: Path) -> None:
    done = assay("completion", "csh", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
