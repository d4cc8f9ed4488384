"""The checkout as a whole: where names lead, what is pinned, what no file may hold."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from app.main import create_app

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

#: In every environment, from no list of ours: what makes it and what installs into it.
TOOLS = {"pip", "setuptools", "uv", "wheel"}


@pytest.mark.parametrize("name", ["app", "workers", "sandbox", "cli", "assay_client"])
def test_the_five_names_lead_into_this_checkout(name: str) -> None:
    """They are poor names among strangers: another distribution that ships one would run in our place."""
    file = importlib.import_module(name).__file__
    assert file is not None
    assert Path(file).resolve() == (ROOT / name / "__init__.py").resolve()


def test_the_installed_command_is_the_command_of_this_project() -> None:
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="assay")
    assert entry.value == "cli.__main__:main" == PROJECT["scripts"]["assay"]


def test_project_and_interface_have_one_version() -> None:
    document = create_app().openapi()
    assert document["info"]["version"] == PROJECT["version"]


# --- pinned packages -------------------------------------------------------------------------------------------------


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    """Return name -> version of constraints.txt."""
    lines = [line.strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    return {
        canonical(name): version for name, version in (line.split("==") for line in lines if line and line[0] != "#")
    }


def asked_for(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """Return a distribution and everything that it asks for, by canonical names."""
    found: set[str] = set()
    waiting = [(name, extras)]
    while waiting:
        name, extras = waiting.pop()
        found.add(canonical(name))
        for line in importlib.metadata.requires(name) or ():
            wanted = Requirement(line)
            marked = wanted.marker is None or any(
                wanted.marker.evaluate({"extra": extra}) for extra in (extras or {""})
            )
            if marked and canonical(wanted.name) not in found:
                waiting.append((wanted.name, frozenset(wanted.extras)))
    return found


def test_the_service_asks_for_everything_that_it_imports() -> None:
    """The test environment holds more: what only that brings along would be missing in everybody's first start."""
    program = "import sys, app.main, workers.main, cli.main, cli.demo, cli.local, cli.supervisor, kombu.transport.redis"
    said = subprocess.run(
        [sys.executable, "-c", f"{program}; print(*{{name.partition('.')[0] for name in sys.modules}})"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout
    owners = importlib.metadata.packages_distributions()
    imported = {canonical(owner) for name in said.split() for owner in owners.get(name, ())}
    assert "celery" in imported
    # Taken where they are found, and not missed: by uvicorn for a configuration file, by SQLAlchemy for asyncio.
    optional = {"pyyaml", "greenlet"}
    assert imported - asked_for(PROJECT["name"]) - TOOLS - optional == set()


def test_constraints_pin_exactly_what_is_installed() -> None:
    installed = {canonical(item.name): item.version for item in importlib.metadata.distributions()}
    ours = {name: version for name, version in installed.items() if name not in TOOLS | {canonical(PROJECT["name"])}}
    assert ours == pinned()


def test_everything_that_the_project_asks_for_is_pinned() -> None:
    asked = [*PROJECT["dependencies"], *(item for extra in PROJECT["optional-dependencies"].values() for item in extra)]
    names = {canonical(re.split(r"[\[<>=~! ;]", item)[0]) for item in asked}
    assert names <= pinned().keys()
    assert all(not re.search(r"[<>=~!]", item) for item in asked), "versions stand in constraints.txt alone"


def test_constraints_are_sorted_and_each_line_is_one_exact_version() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in lines)
    assert lines == sorted(lines, key=str.lower)


# --- what no file may hold -------------------------------------------------------------------------------------------

#: Hosts that packages are fetched from: where they come from is the installer's business.
HOSTS = re.compile(r"pypi\.(org|io)|pythonhosted\.org|registry\.npmjs|index[-]url|proxy\.golang")
#: Folders of a machine: of this checkout and its user, whoever runs this, and of any user.
FOLDERS = re.compile(rf"{re.escape(str(ROOT))}/|{re.escape(str(Path.home()))}/|/home[/][a-z]+/|/Users[/][a-z]+/")
#: Files in which such a path is the point: a hostile script that looks for one, a script that fails over one.
MEANT = ("tests/sandbox/escapes/", "examples/crashes/")


def tracked() -> list[Path]:
    """Return every file that the repository holds."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        if os.environ.get("CI"):
            pytest.fail("this is no git checkout")
        pytest.skip("this is no git checkout, so there is no list of its files")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_package_host_or_a_folder_of_a_machine() -> None:
    found = []
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        text = path.read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            if HOSTS.search(line) or (FOLDERS.search(line) and not name.startswith(MEANT)):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert found == []


def test_no_file_is_a_leftover() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    assert [name for name in names if re.search(r"(^|/)(core|__pycache__|.*\.(pyc|orig|rej|swp|log|db))$", name)] == []


@pytest.mark.parametrize("name", ["run", ".ci/run"])
def test_what_is_started_by_name_is_executable(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def test_the_build_ships_every_file_that_the_program_reads() -> None:
    """An installed wheel would miss a schema or a template whose suffix is not listed."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    suffixes = {item.removeprefix("*") for item in listed} | {".py"}
    packages = ("app", "assay_client", "cli", "sandbox", "workers", "migrations")
    inside = [path for path in tracked() if path.relative_to(ROOT).parts[0] in packages]
    assert {path.suffix for path in inside} <= suffixes
