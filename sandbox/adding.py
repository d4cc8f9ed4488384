"""Adding an asset: copy aside, settle, hash, and only then know it by its digest. Removing one goes the other way.

One change at a time holds a lock. Entries are copied below `.part-…`, get the mode that they have on every host, and are
hashed there: what is hashed is what boxes will see, whatever happens to the original meanwhile. A rename and a manifest make
it an asset; whatever interrupts leaves nothing but a folder that the next addition removes.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.assets import HEX, PASSABLE, SCHEMA, Manifest, hex_of, read_manifest
from sandbox.copying import closed, copy, listed_below, size_of
from sandbox.entries import digest_of, entries
from sandbox.environments import refuse_unreachable
from sandbox.job import Misused, SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.copying import Listed
    from sandbox.entries import Entries

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
FILES_MAX = 50_000  # each is looked at before and after every run that uses the asset
LICENCE_MAX = 400
COPY_SHARE = 0.5  # of the work of adding
ELSEWHERE = "make room, or set ASSAY_ASSET_FOLDER to a larger disk"


def add(
    base: Path,
    path: Path,
    name: str | None = None,
    licence: str = "",
    said: Callable[[str, float], None] = lambda *_: None,
) -> tuple[Manifest, bool]:
    """Copy a file or folder and know it by its digest from now on.

    Args:
        base: folder of the assets; made when it is not there.
        path: what to add.
        name: how to call it here; None leaves it as it is called, or calls it as the file or folder.
        licence: under which terms it may be used, and where it is from; "" leaves what was said before.
        said: called with a plain line for every step, and which share of the work is done.

    Returns:
        What stands under the digest now, and whether it was not there before.

    Raises:
        Misused: it cannot be added as it is.
        SandboxFault: it could not be added; what stood before still does.
        NoIsolation: the box's user could not read it there.

    """
    called = path.resolve().name if name is None else name
    if NAME.fullmatch(called) is None:
        raise Misused(f"{called[:80]!r} is no name for an asset (use up to 64 letters, digits, . _ -; see --name)")
    if len(licence) > LICENCE_MAX or not licence.isprintable():
        raise Misused(f"a licence is one line of at most {LICENCE_MAX} characters (name it, and where its text is)")
    with _alone(base, path):
        return _add(base, path, name, licence, said)


def remove(base: Path, manifest: Manifest) -> None:
    """Forget an asset and delete its files; a run that is using it is thrown away at its end.

    Raises:
        SandboxFault: it could not be removed whole. It is known no more; removing it again, or adding, deletes the rest.

    """
    folder = base / hex_of(manifest.digest)
    with _alone(base, folder):
        (base / f"{folder.name}.json").unlink(missing_ok=True)  # first: what is half gone is no asset
        if folder.exists():
            part = Path(tempfile.mkdtemp(prefix=".part-", dir=base))
            folder.rename(part / "removed")
            shutil.rmtree(part)


@contextmanager
def _alone(base: Path, path: Path) -> Iterator[None]:
    """Be the only one who changes the folder of assets.

    Raises:
        SandboxFault: another is at it, or the disk refuses.

    """
    try:
        base.mkdir(parents=True, exist_ok=True)
        refuse_unreachable(base, PASSABLE)
        with (base / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SandboxFault("another asset is being added or removed here (wait for it)") from None
            yield
    except (OSError, shutil.Error) as error:
        named = getattr(error, "filename", None) or path
        if getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}:
            raise SandboxFault(f"there is no room left below {base} ({ELSEWHERE})") from error
        raise SandboxFault(f"{named}: {getattr(error, 'strerror', None) or error}") from error


def _add(
    base: Path, path: Path, name: str | None, licence: str, said: Callable[[str, float], None]
) -> tuple[Manifest, bool]:
    for left in (*base.glob(".part-*"), *(each for each in base.glob(HEX) if not each.with_suffix(".json").exists())):
        shutil.rmtree(left, ignore_errors=True)  # of who was killed; nobody else is adding
    listed = listed_below(path)
    _require_usable(base, path, listed)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=base))
    try:
        data = part / "data"
        size = copy(data, path, listed, lambda share: said("copying", share * COPY_SHARE))
        _require_inside(data)
        found = entries(data, lambda share: said("hashing", COPY_SHARE + share * (1 - COPY_SHARE)))
        digest = digest_of(found, SCHEMA)
        count = sum(kind == "file" for kind, _ in found.values())
        (part / "files.json").write_text(json.dumps(found), encoding="utf-8")
        (part / "files.json").chmod(0o644)
        part.chmod(0o755)
        known = _known(base, digest)
        standing = known is not None and _stands(base, known, found)
        if not standing:
            shutil.rmtree(base / hex_of(digest), ignore_errors=True)  # damaged, or never named
            part.rename(base / hex_of(digest))
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if known is not None:
        name, licence = name or known.name, licence or known.licence
    manifest = Manifest(digest, name or path.resolve().name, size, count, licence)
    manifest.write(base)
    return manifest, not standing


def _require_usable(base: Path, path: Path, listed: Listed) -> None:
    """Refuse what could not be kept, before anything is copied.

    Raises:
        Misused: it is empty, has too many entries, or something that cannot be read or is no file, folder or link.
        SandboxFault: there is no room for it.

    """
    for _, source, state in listed:
        if not (stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode) or stat.S_ISLNK(state.st_mode)):
            raise Misused(f"{source} is no file, folder or link (remove it)")
        if stat.S_ISREG(state.st_mode) and not os.access(source, os.R_OK, effective_ids=True):
            raise closed(source)
    if not any(stat.S_ISREG(state.st_mode) for _, _, state in listed):
        raise Misused(f"{path} holds no file (name what is to be added)")
    if len(listed) > FILES_MAX:
        raise Misused(f"{path} has {len(listed)} entries, and {FILES_MAX} is the most (pack them into fewer files)")
    size = size_of(listed)
    free = shutil.disk_usage(base).free
    if size > free:
        needed = f"{size >> 20} MiB are needed below {base}, and {free >> 20} MiB are free"
        raise SandboxFault(f"{needed} ({ELSEWHERE})")


def _require_inside(data: Path) -> None:
    """Refuse links that lead out of an asset, or nowhere.

    Raises:
        Misused: one does.

    """
    remedy = "put the file itself in its place: `cp -rL` copies a folder so"
    for path in data.rglob("*"):
        if not path.is_symlink():
            continue
        try:
            inside = path.resolve(strict=True).is_relative_to(data.resolve())
        except (OSError, RuntimeError):  # to nowhere, or in a circle
            inside = False
        if not inside:
            raise Misused(f"{path.relative_to(data)} is a link that leads out of the asset, or nowhere ({remedy})")


def _known(base: Path, digest: str) -> Manifest | None:
    """Return what is known of a digest, whether its files are as they should be or not."""
    with suppress(SandboxFault):
        return read_manifest(base, digest)
    return None


def _stands(base: Path, known: Manifest, found: Entries) -> bool:
    """Whether what is known by a digest is as it should be."""
    with suppress(SandboxFault):
        return entries(known.data(base)) == found
    return False
