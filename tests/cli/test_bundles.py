"""Which bundles a path names: the search below folders, and how it ends where it cannot be finished."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir

import pytest

from app.core.errors import Refusal
from cli import bundles as searching
from cli.bundles import bundles
from tests.api.bundles import formula_bundle
from tests.cli.command import ROOT, lay


def found(path: Path) -> list[str]:
    return [item.relative_to(path).as_posix() for item in bundles(path)]


def test_bundles_are_found_at_any_depth_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b/deep/er/x", "b/one", "a", "c/inputs/../y"):
        lay(tmp_path / name, formula_bundle())
    assert found(tmp_path) == ["a", "b/deep/er/x", "b/one", "c/y"]
    assert bundles(tmp_path / "a" / "claim.toml") == [tmp_path / "a"]


def test_nothing_is_looked_for_in_bundles_hidden_folders_packages_and_behind_links(tmp_path: Path) -> None:
    lay(tmp_path / "top" / "x", formula_bundle())
    for name in ("x/inputs", ".git/x", ".cache", "node_modules/x", "y/__pycache__"):
        lay(tmp_path / "top" / name, formula_bundle())
    lay(tmp_path / "elsewhere", formula_bundle())
    (tmp_path / "top" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "top" / "round").symlink_to(tmp_path / "top")
    assert found(tmp_path / "top") == ["x"]
    assert bundles(tmp_path / "top" / ".cache") == [tmp_path / "top" / ".cache"]


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_where_there_is_none_it_is_said_which_of_the_two_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refusal) as refused:
        bundles(tmp_path / name)
    (problem,) = refused.value.problems
    assert (problem.file, problem.code) == (str(tmp_path / name), "no-bundle")
    assert ("no such" in problem.detail) is (name == "nowhere")


def test_too_many_folders_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "FOLDERS_MAX", 3)
    lay(tmp_path / "z", formula_bundle())
    (tmp_path / "a").mkdir()
    assert found(tmp_path) == ["z"]
    (tmp_path / "b").mkdir()
    with pytest.raises(Refusal) as refused:
        bundles(tmp_path)
    assert refused.value.problems[0].code == "too-many-folders"


def test_a_folder_that_cannot_be_read_is_said_and_not_passed_over(tmp_path: Path) -> None:
    """In a process of its own as somebody without rights, because the superuser reads everything."""
    lay(tmp_path / "a", formula_bundle())
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    for folder in takewhile(lambda folder: folder != Path(gettempdir()), (tmp_path, *tmp_path.parents)):
        folder.chmod(0o755)
    program = f"from pathlib import Path; from cli.bundles import bundles; bundles(Path({str(tmp_path)!r}))"
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 1
    assert f"{closed}: the folder cannot be searched: Permission denied" in done.stderr
