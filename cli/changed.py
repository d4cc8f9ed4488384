"""Which bundles of a git checkout changed since a commit; the pipelines of pull requests ask this.

What is verified is the working tree, so it is what is compared: with the commit from which it and the base went apart, so
that what others did on the base meanwhile is no change of ours. A change of any file of a bundle is a change of the
bundle. Git is started with everything off that could run a program of the checkout's configuration. A folder that looks
like git's own is an ordinary folder of a change: git would take it for a repository, and its file `config` for settings.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from app.core.errors import Problem, Refusal
from app.intake import CLAIM_FILE

GIT = ("git", "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
SECONDS_MAX = 60
NO_CHECKOUT = "name a folder inside a git checkout"
#: What a forced push came upon is on no branch any more: neither a fetch nor the whole history of a branch brings it.
UNKNOWN_COMMIT = (
    "fetch it first; in a pipeline, check out with the whole history. After a forced push that has it no more: "
    "name a commit or branch that is there, or leave the base out, and every claim is verified"
)


def changed_bundles(path: Path, since: str) -> list[Path]:
    """Return the bundle folders at or below a path of which a file changed since a commit, in a fixed order.

    Raises:
        Refusal: the path is in no checkout, or there is no such commit.

    """
    if not path.exists():
        raise _refusal(path, "no-bundle", f"there is no {path}", "name a folder of the checkout")
    folder = path if path.is_dir() else path.parent
    top = Path(_git(folder, path, "rev-parse", "--show-toplevel").rstrip("\n"))
    if not (top / ".git").exists():  # a git older than `safe.bareRepository` (2.38) was led astray
        raise _refusal(path, "no-checkout", "git cannot say what changed: there is no .git", NO_CHECKOUT)
    base = _base(top, path, since)
    names = _git(top, path, "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", base, "--")
    names += _git(top, path, "ls-files", "--others", "--exclude-standard", "-z")
    asked, found = folder.resolve(), set()
    for name in names.split("\0"):
        bundle = _bundle_around(top.resolve(), name) if name else None
        if bundle is not None and bundle.is_relative_to(asked):
            found.add(bundle)
    return [folder / item.relative_to(asked) for item in sorted(found)]


def _bundle_around(top: Path, name: str) -> Path | None:
    """Return the nearest folder around a file that holds a claim; None when there is none, or it is gone."""
    folder = (top / name).parent
    while folder.is_relative_to(top):
        if (folder / CLAIM_FILE).is_file():
            return folder
        folder = folder.parent
    return None


def _base(folder: Path, path: Path, since: str) -> str:
    """Return the commit from which the working tree and a commit went apart."""
    commit = f"{since}^{{commit}}"
    found = _git(folder, path, "rev-parse", "--verify", "--quiet", "--end-of-options", commit, lenient=True).strip()
    if not found:
        detail = f"git knows no commit {since!r}"
        raise _refusal(path, "no-commit", detail, UNKNOWN_COMMIT)
    merged = _git(folder, path, "merge-base", "HEAD", found, lenient=True).strip()
    if not merged:
        detail = f"the checkout and {since!r} have no commit in common"
        raise _refusal(path, "no-commit", detail, "in a pipeline, check out with the whole history")
    return merged


def _git(folder: Path, path: Path, *arguments: str, lenient: bool = False) -> str:
    """Return what git prints in a folder; nothing when it fails and `lenient`."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            [*GIT, "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            timeout=SECONDS_MAX,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    except FileNotFoundError as error:
        raise _refusal(path, "no-git", "git is not installed", "install it, or leave out --changed-since") from error
    except subprocess.TimeoutExpired as error:
        raise _refusal(path, "no-git", f"git took more than {SECONDS_MAX} s", "name a smaller checkout") from error
    if done.returncode and not lenient:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        detail = f"git cannot say what changed: {said[-1][:200] if said else 'it gave no reason'}"
        raise _refusal(path, "no-checkout", detail, NO_CHECKOUT)
    return os.fsdecode(done.stdout) if not done.returncode else ""


def _refusal(path: Path, code: str, detail: str, remedy: str) -> Refusal:
    return Refusal.of(Problem(str(path), None, "", code, detail, remedy))
