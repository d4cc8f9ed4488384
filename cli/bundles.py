"""Bundles on this machine: which of them a command line names, and what is in them."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core import evidence_archive, statement
from app.core.errors import Problem, Refusal
from app.intake import CLAIM_FILE, ArchiveLimits, bundle_at, read_archive, read_folder
from cli.changed import changed_bundles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDERS_MAX = 20_000  # looked into below one path; a checkout has fewer, a whole disk has more
#: Nobody writes claims there, and they may hold as many folders as everything else together.
SKIPPED = frozenset({"__pycache__", "node_modules"})


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
    """Return the bundles at a path: itself, the folder of a claim's own file, or every folder below that holds a claim.

    Raises:
        Refusal: there is no bundle, or the search cannot be finished.

    """
    path = bundle_at(path)
    if path.is_file() or (path / CLAIM_FILE).is_file():
        return [path]
    remedy = f"name a folder with a {CLAIM_FILE}, an archive of one, or a folder that holds such folders at any depth"
    if not path.exists():
        raise _refusal(path, "no-bundle", "there is no such file or folder", remedy)
    found = sorted(_below(path))
    if not found:
        detail = f"there is no bundle here: no {CLAIM_FILE} at any depth, hidden folders left out"
        raise _refusal(path, "no-bundle", detail, remedy)
    return found


def _below(top: Path) -> Iterator[Path]:
    """Yield every folder below one that holds a claim; what lies deeper in it is its own. Links are not followed.

    Raises:
        Refusal: a folder cannot be read, so nobody knows which claims it holds; or there are too many folders.

    """

    def unreadable(error: OSError) -> None:
        detail = f"the folder cannot be searched: {error.strerror}"
        raise _refusal(error.filename or top, "unreadable-folder", detail, "check its mode") from error

    for number, (name, folders, files) in enumerate(os.walk(top, onerror=unreadable)):
        if number >= FOLDERS_MAX:
            detail = f"there are more than {FOLDERS_MAX} folders below"
            raise _refusal(top, "too-many-folders", detail, "name the folders that hold claims")
        if CLAIM_FILE in files:
            folders.clear()
            yield Path(name)
        folders[:] = [item for item in folders if not item.startswith(".") and item not in SKIPPED]


def _refusal(path: Path | str, code: str, detail: str, remedy: str) -> Refusal:
    return Refusal.of(Problem(str(path), None, "", code, detail, remedy))


def read_bundle(path: Path) -> dict[str, bytes]:
    """Return the files of a bundle folder or archive: path in the bundle -> bytes.

    Raises:
        Refusal: it holds what no bundle may hold, cannot be read, or is an evidence archive.

    """
    files = _read(path)
    # Of any format; whoever has one is sent to the command for it.
    evidence = "seal.json" in files and files.keys() & {statement.MEMBER, evidence_archive.MANIFEST}
    if CLAIM_FILE not in files and evidence:
        remedy = f"check it with `assay evidence verify {path}`"
        raise _refusal(path, "no-bundle", "this is an evidence archive, no bundle", remedy)
    return files


def _read(path: Path) -> dict[str, bytes]:
    def keep(_: str, chunks: Iterator[bytes]) -> bytes:
        return b"".join(chunks)

    if path.is_dir():
        return read_folder(path, ArchiveLimits(), keep)
    try:
        with path.open("rb") as file:
            return read_archive(file, ArchiveLimits(), keep)
    except OSError as error:
        raise _refusal(
            path, "unreadable-file", f"it cannot be read: {error.strerror}", "check path and mode"
        ) from error


def problems_of(refusal: Refusal) -> list[dict[str, Any]]:
    """Return every problem of a refusal as it stands in JSON."""
    return [asdict(item) for item in refusal.problems]
