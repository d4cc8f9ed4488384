"""Which bundles a command line names: some by their paths, or those of them that changed since a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import Problem, Refusal
from app.intake import CLAIM_FILE, bundle_at
from cli.changed import changed_bundles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def bundles_of(paths: Sequence[Path], since: str | None = None) -> tuple[list[Path], bool]:
    """Return the bundles at some paths, each once, and whether there may be several of them.

    Args:
        paths: see `bundles`.
        since: a commit; only bundles that changed since it, at any depth below the paths, which may be none at all.

    Raises:
        Refusal: a path holds no bundle; or git cannot say what changed.

    """
    if since is not None:
        return list(dict.fromkeys(item for path in paths for item in changed_bundles(path, since))), True
    found = list(dict.fromkeys(item for path in paths for item in bundles(path)))
    return found, len(found) > 1


def bundles(path: Path) -> list[Path]:
    """Return the bundles at a path: itself, the folder of a claim's own file, or the folders in it that hold a claim.

    Raises:
        Refusal: there is no bundle.

    """
    path = bundle_at(path)
    if path.is_file() or (path / CLAIM_FILE).is_file():
        return [path]
    found = sorted(item.parent for item in path.glob(f"*/{CLAIM_FILE}")) if path.is_dir() else []
    if not found:
        remedy = f"name a folder with a {CLAIM_FILE}, an archive of one, or a folder of such folders"
        raise Refusal.of(Problem(str(path), None, "", "no-bundle", "there is no bundle here", remedy))
    return found
