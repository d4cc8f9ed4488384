"""Bundles on this machine: which of them a command line names, and what is in them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.core import evidence_archive, statement
from app.core.errors import Problem, Refusal
from app.intake import CLAIM_FILE, ArchiveLimits, bundle_at, read_archive, read_folder
from cli.changed import changed_bundles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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
        raise Refusal.of(Problem(str(path), None, "", "no-bundle", "this is an evidence archive, no bundle", remedy))
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
        detail = f"it cannot be read: {error.strerror}"
        raise Refusal.of(Problem(str(path), None, "", "unreadable-file", detail, "check path and mode")) from error


def problems_of(refusal: Refusal) -> list[dict[str, Any]]:
    """Return every problem of a refusal as it stands in JSON."""
    return [asdict(item) for item in refusal.problems]
