"""`./run`: from a bare checkout to a service or to the checks. Its functions, with small programs in the place of real ones.

Nothing is installed here: folders, programs and the interpreter are the test's own.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import os
import re
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.command import ROOT, descendants, eventually, no_survivors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUN = ROOT / "run"


def load() -> Any:
    """Return the file `run` as a module."""
    loader = importlib.machinery.SourceFileLoader("assay_run", str(RUN))
    spec = importlib.util.spec_from_loader("assay_run", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module in a checkout of its own, with an empty PATH."""
    module = load()
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "constraints.txt").write_text("x==1\n")
    (tmp_path / "bin").mkdir(exist_ok=True)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "assay-stamp")
    monkeypatch.setattr(module, "PROGRAM_FOLDERS", str(tmp_path / "bin"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return module


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Path]:
    """Write a small program onto the PATH; it notes its arguments in `calls`."""

    def write(name: str, body: str = "exit 0", folder: str = "bin") -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/calls\n{body}\n')
        path.chmod(0o755)
        return path

    return write


def calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


def called(run: Any, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["run", *arguments])
    return int(run.main())


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["help"], 0), (["--help"], 0), (["nonsense"], 2)])
def test_an_unknown_command_shows_usage_and_installs_nothing(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    assert called(run, monkeypatch, *arguments) == code
    assert capsys.readouterr().out.startswith("usage: ./run demo")
    assert not run.VENV.exists()


def test_an_old_python_is_told_so(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 9))
    monkeypatch.setattr(sys, "version", "3.10.9 (main)")
    assert called(run, monkeypatch, "demo") == 5
    assert capsys.readouterr().err == "Python 3.11 or newer is needed, this is 3.10.9\n"


def test_an_old_python_can_read_the_file_that_tells_it() -> None:
    ast.parse(RUN.read_text(), feature_version=(3, 7))


def test_only_the_standard_library_is_imported() -> None:
    imports = [node for node in ast.walk(ast.parse(RUN.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    found = {
        name.partition(".")[0]
        for node in imports
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [item.name for item in node.names])
    }
    assert found <= sys.stdlib_module_names


# --- system packages -------------------------------------------------------------------------------------------------


def test_nothing_is_installed_when_every_program_is_there(
    run: Any, program: Callable[..., Path], tmp_path: Path
) -> None:
    program("bwrap")
    assert run.install_system({"bubblewrap": "bwrap"}) is None
    assert calls(tmp_path) == []


def test_without_root_and_without_sudo_the_line_to_type_is_said(
    run: Any, program: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    said = run.install_system({"bubblewrap": "bwrap", "postgresql": "pg_ctl_none"})
    assert said.splitlines()[1:] == ["  apt-get install -y --no-install-recommends bubblewrap postgresql"]
    assert calls(tmp_path) == []


def test_a_sudo_that_asks_for_a_password_is_not_used(
    run: Any, program: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program("apt-get")
    program("sudo", "exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    said = run.install_system({"bubblewrap": "bwrap"})
    assert said.splitlines()[1:] == ["  sudo apt-get install -y --no-install-recommends bubblewrap"]
    assert calls(tmp_path) == ["sudo -n true"]


def test_passwordless_sudo_installs(
    run: Any, program: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program("apt-get")
    program("sudo")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert run.install_system({"bubblewrap": "bwrap"}) is None
    assert calls(tmp_path)[1:] == ["sudo -n apt-get install -y --no-install-recommends bubblewrap"]


def test_root_installs_and_reads_the_package_lists_anew_when_that_fails(
    run: Any, program: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program("apt-get", f'case "$1" in update) touch {tmp_path}/updated;; install) test -e {tmp_path}/updated;; esac')
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert run.install_system({"bubblewrap": "bwrap"}) is None
    assert [line.split()[1] for line in calls(tmp_path)] == ["install", "update", "install"]


def test_an_installation_that_fails_is_said(
    run: Any, program: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("apt-get", "exit 100")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said = run.install_system({"bubblewrap": "bwrap"})
    assert said.startswith("system packages could not be installed; please type:")


def test_a_system_without_apt_is_told_what_to_install(run: Any) -> None:
    said = run.install_system({"bubblewrap": "bwrap", "postgresql": "pg_none"})
    assert said == "please install bubblewrap and postgresql with this system's package manager"


def test_a_start_stops_where_the_system_lacks_something(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(run, monkeypatch, "demo") == 5
    assert "please install bubblewrap" in capsys.readouterr().err
    assert not run.VENV.exists()


# --- Python packages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["constraints.txt", "pyproject.toml", "extra", "Python", "place"])
def test_the_stamp_changes_with_everything_that_decides_what_is_installed(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    before = run.stamp("")
    extra = ""
    match change:
        case "extra":
            extra = "test"
        case "Python":
            monkeypatch.setattr(sys, "version", "3.99.0")
        case "place":
            for name in ("constraints.txt", "pyproject.toml"):
                (tmp_path / "moved").mkdir(exist_ok=True)
                (tmp_path / "moved" / name).write_bytes((tmp_path / name).read_bytes())
            monkeypatch.setattr(run, "ROOT", tmp_path / "moved")
        case _:
            (tmp_path / change).write_text("y==2\n")
    assert run.stamp(extra) != before
    assert len(before) == 64


@pytest.fixture
def uv(program: Callable[..., Path], tmp_path: Path) -> None:
    """Put a uv onto the PATH that makes the venv it is asked for."""
    python = f"{tmp_path}/.venv/bin/python"
    program(
        "uv", f'case "$1" in venv) mkdir -p {tmp_path}/.venv/bin && : > {python};; esac; test ! -e {tmp_path}/broken'
    )


@pytest.mark.usefixtures("uv")
def test_the_first_start_installs_and_the_second_does_nothing(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    assert run.install_python("test") is None
    first = calls(tmp_path)
    assert [line.split()[1] for line in first] == ["venv", "pip"]
    assert first[1].endswith("-c constraints.txt -e .[test]")
    assert run.install_python("test") is None
    assert run.install_python("") is None
    assert calls(tmp_path) == first


@pytest.mark.usefixtures("uv")
def test_tests_after_a_demo_add_to_the_same_venv(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    assert run.install_python("") is None
    assert run.install_python("test") is None
    assert [line.split()[1] for line in calls(tmp_path)] == ["venv", "pip", "pip"]


@pytest.mark.usefixtures("uv")
def test_changed_constraints_install_anew(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    run.install_python("")
    (tmp_path / "constraints.txt").write_text("x==2\n")
    assert run.install_python("") is None
    assert [line.split()[1] for line in calls(tmp_path)] == ["venv", "pip", "pip"]


@pytest.mark.usefixtures("uv")
def test_an_installation_that_broke_off_is_begun_anew(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also when an older stamp stood there: half of the new packages is neither the old state nor the new one."""
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    run.install_python("")
    (tmp_path / "broken").write_text("")
    assert "could not be installed (exit 1)" in run.install_python("test")
    assert not run.STAMP.exists()
    (tmp_path / "broken").unlink()
    (tmp_path / ".venv" / "leftover").write_text("")
    assert run.install_python("") is None
    assert not (tmp_path / ".venv" / "leftover").exists()


def test_two_starts_at_once_install_one_after_the_other(tmp_path: Path, program: Callable[..., Path]) -> None:
    python = f"{tmp_path}/.venv/bin/python"
    made = f"sleep 0.3; mkdir -p {tmp_path}/.venv/bin; printf '#!/bin/sh\\nexit 0\\n' > {python}; chmod +x {python}"
    program("uv", f'case "$1" in venv) {made};; esac')
    program("bwrap")
    driver = _driver(tmp_path, "sys.argv = ['run', 'assay']\nsys.exit(run.main())")
    children = [subprocess.Popen([sys.executable, "-c", driver]) for _ in range(3)]
    assert [child.wait(30) for child in children] == [0, 0, 0]
    assert sorted(line.split()[1] for line in calls(tmp_path)) == ["pip", "venv"]


# --- what is started -------------------------------------------------------------------------------------------------


def _driver(folder: Path, body: str) -> str:
    """Return a program that loads `run` into a folder and goes on with `body`."""
    for name in ("pyproject.toml", "constraints.txt"):
        (folder / name).write_text("")
    return (
        textwrap.dedent(f"""
        import os, sys
        from pathlib import Path
        sys.path.insert(0, {str(ROOT)!r})
        from tests.cli.test_run import load
        run = load()
        run.ROOT = Path({str(folder)!r})
        run.VENV = run.ROOT / ".venv"
        run.PYTHON = run.VENV / "bin" / "python"
        run.STAMP = run.VENV / "assay-stamp"
        run.PROGRAM_FOLDERS = str(run.ROOT / "bin")
        os.environ["PATH"] = str(run.ROOT / "bin") + ":/usr/bin:/bin"
    """)
        + body
    )


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["demo", "--exit"], "-m cli demo --exit"),
        (["assay", "verify", "x"], "-m cli verify x"),
    ],
)
def test_the_command_takes_the_place_of_run_with_its_terminal(
    tmp_path: Path, program: Callable[..., Path], arguments: list[str], command: str
) -> None:
    """Whoever kills `./run` kills the service then, and Ctrl-C reaches it as if it had been started by hand."""
    program("bwrap")
    program("python", 'echo "$$ $PYTHONPATH"; cat; exit 3', ".venv/bin")
    stamped = "run.STAMP.write_text(run.stamp(''))\n"
    driver = _driver(tmp_path, f"{stamped}sys.argv = ['run', *{arguments!r}]\nsys.exit(run.main())")
    with subprocess.Popen([sys.executable, "-c", driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        out, _ = child.communicate(b"typed\n", timeout=30)
    assert child.returncode == 3
    assert out.decode().split() == [str(child.pid), str(tmp_path), "typed"]
    assert calls(tmp_path) == [f"python {command}"]


def test_checks_die_with_run(tmp_path: Path) -> None:
    driver = _driver(tmp_path, "run.run_check(['sleep', '100'], dict(os.environ))")
    child = subprocess.Popen([sys.executable, "-c", driver])
    (sleeping,) = eventually(lambda: _children(child.pid, "sleep"))
    with no_survivors(dict([sleeping])):
        child.kill()
        child.wait()


def _children(parent: int, name: str) -> list[tuple[int, str]]:
    return [(pid, identity) for pid, identity in descendants(parent).items() if identity.startswith(name)]


def test_ctrl_c_waits_for_the_check_to_tidy_up_and_ends_the_rest(tmp_path: Path, program: Callable[..., Path]) -> None:
    tidy = f"sleep 0.7; touch {tmp_path}/tidied; exit 1"
    program("ruff", f"trap '{tidy}' INT; touch {tmp_path}/begun; while :; do sleep 0.1; done", ".venv/bin")
    program("mypy", "", ".venv/bin")
    driver = _driver(tmp_path, "sys.exit(run.run_checks([], dict(os.environ)))")
    child = subprocess.Popen([sys.executable, "-c", driver], start_new_session=True, stdout=subprocess.DEVNULL)
    eventually((tmp_path / "begun").exists)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(30) == 130
    assert (tmp_path / "tidied").exists()
    assert calls(tmp_path) == ["ruff check ."]


def test_every_check_runs_though_one_fails_and_the_failure_is_named(
    run: Any, program: Callable[..., Path], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    program("ruff", 'test "$1" != format', ".venv/bin")
    for name in ("mypy", "lint-imports", "python"):
        program(name, "", ".venv/bin")
    assert run.run_checks(["-k", "one"], dict(os.environ)) == 1
    assert calls(tmp_path) == [
        "ruff check .",
        "ruff format --check .",
        "mypy ",
        "lint-imports ",
        "python -m pytest -k one",
    ]
    out, err = capfd.readouterr()
    assert err == "failed: ruff format\n"
    assert "-- mypy: ok in" in out


def test_the_last_line_names_the_tests_that_failed(
    run: Any, program: Callable[..., Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for tool in ("ruff", "mypy", "lint-imports"):
        program(tool, folder=".venv/bin")
    memory = tmp_path / ".pytest_cache/v/cache"
    memory.mkdir(parents=True)
    (memory / "lastfailed").write_text('{"tests/a.py::test_one": true, "tests/b.py::test_two[x]": true}')
    program("python", "exit 1", folder=".venv/bin")
    assert run.run_checks([], dict(os.environ)) == 1
    assert capfd.readouterr().err == "failed: pytest tests/a.py::test_one tests/b.py::test_two[x]\n"
    assert re.fullmatch(r"python -m pytest -n [12] --dist loadfile", calls(tmp_path)[-1])  # the whole, side by side


def test_a_failure_of_run_itself_is_not_a_verdict(tmp_path: Path) -> None:
    """An exception would exit with 1, and `./run assay verify` says FALSIFIED by that."""
    (tmp_path / "run").write_bytes(RUN.read_bytes())
    (tmp_path / ".run.lock").mkdir()
    done = subprocess.run(
        [sys.executable, tmp_path / "run", "assay"], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 5
    assert done.stderr == f"{tmp_path / '.run.lock'}: Is a directory\n"
