"""`--changed-since`: which bundles of a real git checkout are verified, and that asking runs nothing of the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.core.errors import Refusal
from cli.bundles import bundles_of
from cli.changed import changed_bundles
from tests.api.bundles import CLAIM, formula_bundle, script_bundle
from tests.cli.command import assay, lay


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder as somebody with a name."""
    who = {f"GIT_{role}_{part}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env={**os.environ, **who},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(folder: Path, message: str = "x") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with three bundles, one of them deeper, all committed."""
    folder = tmp_path / "checkout"
    for name in ("claims/one", "claims/two", "deep/er/three"):
        lay(folder / name, script_bundle())
    lay(folder, {"README.md": b"x"})
    git(folder, "init", "-q")
    commit(folder)
    return folder


def names(checkout: Path, path: Path, since: str) -> list[str]:
    return [item.resolve().relative_to(checkout).as_posix() for item in changed_bundles(path, since)]


@pytest.mark.parametrize(
    ("file", "bundle"),
    [
        ("claims/one/claim.toml", "claims/one"),
        ("claims/one/reproduce.py", "claims/one"),
        ("claims/two/data/new.csv", "claims/two"),
        ("deep/er/three/scores.csv", "deep/er/three"),
        ("README.md", None),
        ("claims/README.md", None),
    ],
)
@pytest.mark.parametrize("committed", [True, False])
def test_a_changed_file_changes_the_bundle_around_it_and_no_other(
    checkout: Path, file: str, bundle: str | None, *, committed: bool
) -> None:
    lay(checkout, {file: b"changed\n"})
    if committed:
        commit(checkout)
    base = "HEAD~1" if committed else "HEAD"
    assert names(checkout, checkout, base) == ([bundle] if bundle else [])


def test_a_bundle_that_is_gone_is_none_and_one_that_lost_a_file_has_changed(checkout: Path) -> None:
    git(checkout, "rm", "-q", "-r", "claims/one")
    git(checkout, "rm", "-q", "claims/two/scores.csv")
    commit(checkout)
    assert names(checkout, checkout, "HEAD~1") == ["claims/two"]


def test_a_renamed_bundle_has_changed(checkout: Path) -> None:
    git(checkout, "mv", "claims/one", "claims/neu\u00e9 r")
    commit(checkout)
    assert names(checkout, checkout, "HEAD~1") == ["claims/neu\u00e9 r"]


def test_what_others_did_on_the_base_is_no_change_of_ours(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "-b", "ours")
    lay(checkout, {"claims/one/scores.csv": b"9\n"})
    commit(checkout)
    git(checkout, "checkout", "-q", "main")
    lay(checkout, {"claims/two/scores.csv": b"9\n"})
    commit(checkout)
    git(checkout, "checkout", "-q", "ours")
    assert names(checkout, checkout, "main") == ["claims/one"]


def test_only_what_lies_below_the_path_is_named_as_the_path_is(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("claims/one", "claims/two", "deep/er/three"):
        lay(checkout / name, {"scores.csv": b"9\n"})
    monkeypatch.chdir(checkout / "claims")
    assert changed_bundles(Path(), "HEAD") == [Path("one"), Path("two")]
    assert changed_bundles(Path("one"), "HEAD") == [Path("one")]
    assert changed_bundles(Path("one/claim.toml"), "HEAD") == [Path("one")]
    assert changed_bundles(Path("../deep"), "HEAD") == [Path("../deep/er/three")]
    assert bundles_of([Path("one"), Path()], "HEAD") == ([Path("one"), Path("two")], True)


@pytest.mark.parametrize("since", ["nonsense", "--output=hacked", "0" * 40, "", "HEAD:README.md"])
def test_a_commit_that_is_none_is_refused(checkout: Path, since: str) -> None:
    with pytest.raises(Refusal, match="git knows no commit"):
        changed_bundles(checkout, since)
    assert not list(checkout.glob("hacked*"))


def test_no_checkout_no_path_no_history_are_refused_with_a_remedy(tmp_path: Path, checkout: Path) -> None:
    with pytest.raises(Refusal, match="there is no"):
        changed_bundles(checkout / "nowhere", "HEAD")
    lay(tmp_path / "plain", formula_bundle())
    with pytest.raises(Refusal, match="inside a git checkout"):
        changed_bundles(tmp_path / "plain", "HEAD")
    git(checkout, "checkout", "-q", "--orphan", "other")
    commit(checkout, "not the same commit within a second")
    with pytest.raises(Refusal, match="no commit in common"):
        changed_bundles(checkout, "main")


def test_asking_what_changed_runs_nothing_of_the_checkouts_configuration(checkout: Path, tmp_path: Path) -> None:
    script = lay(tmp_path, {"evil": f"#!/bin/sh\ntouch {tmp_path}/ran\n".encode()}) / "evil"
    script.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv", "diff.x.command"):
        git(checkout, "config", key, str(script))
    lay(checkout, {".gitattributes": b"* diff=x\n", "claims/one/scores.csv": b"9\n"})
    assert names(checkout, checkout, "HEAD") == ["claims/one"]
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_looks_like_gits_own_is_no_repository(checkout: Path, tmp_path: Path) -> None:
    since, inner = git(checkout, "rev-parse", "HEAD"), checkout / "claims"
    for name in ("HEAD", "index", "objects", "refs"):
        found = checkout / ".git" / name
        (shutil.copytree if found.is_dir() else shutil.copyfile)(found, inner / name)
    ran = tmp_path / "ran"
    config = (
        f'[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\n[filter "x"]\nclean = touch {ran}; cat\n'
    )
    lay(inner, {"config": config.encode(), ".gitattributes": b"* filter=x\n"})
    lay(inner, {"claims/one/claim.toml": b"y", "README.md": b"y"})  # what the false repository's index knows
    git(inner, "diff", "--name-only", since)
    assert ran.exists()  # git is led astray, unless it is told
    ran.unlink()
    with pytest.raises(Refusal, match="git cannot say what changed"):
        changed_bundles(inner, since)
    assert not ran.exists()


@pytest.mark.box
def test_only_the_changed_claim_is_verified_and_nothing_changed_is_no_failure(checkout: Path, tmp_path: Path) -> None:
    lay(checkout / "claims" / "one", formula_bundle(CLAIM.replace('"8.7"', '"8.2"')))
    options = ("--json", "--changed-since", "HEAD", "--junit", tmp_path / "j.xml")
    done = assay("verify", checkout, *options, home=tmp_path / "home")
    (line,) = done.stdout.splitlines()
    assert (done.returncode, json.loads(line)["bundle"]) == (1, str(checkout / "claims" / "one"))
    git(checkout, "checkout", "-q", ".")
    done = assay("verify", checkout, *options, home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no bundle changed since HEAD" in done.stderr
    assert 'tests="0"' in (tmp_path / "j.xml").read_text()


@pytest.mark.box
def test_several_paths_are_verified_once_each(tmp_path: Path) -> None:
    for name in ("one", "two"):
        lay(tmp_path / "all" / name, formula_bundle())
    done = assay(
        "verify", tmp_path / "all" / "two", tmp_path / "all", tmp_path / "all" / "two", "--json", home=tmp_path / "h"
    )
    assert [Path(json.loads(line)["bundle"]).name for line in done.stdout.splitlines()] == ["two", "one"]
