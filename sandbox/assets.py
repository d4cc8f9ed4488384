"""Assets: weights and data too large for a bundle, kept by digest and mounted read-only where a job names them.

    HEX.json    what was added under a digest; replaced in one step
    HEX/        files.json: every entry with its digest; data/: the asset, which the box sees as /assets/NAME

An asset is a folder; a file that is added alone becomes a folder that holds it. Its digest covers every path below it and
the contents of every file, and nothing else: no times, no owners, no modes, not where it came from and not how it is
called here. So whoever has the same files has the same digest, on any host. Links may lead to what is inside alone, and
what is no file, folder or link is refused.

What is added is copied: nothing that happens to the original later changes the asset. Whoever uses an asset finds its
digest anew, by hashing every file or by a fingerprint that was kept when they were hashed last (`entries.py`), and the same
fingerprint is asked for again before and after each run.
"""

from __future__ import annotations

import json
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.built import replace_json
from sandbox.entries import differences, digest_of, entries, fingerprint, walk
from sandbox.environments import refuse_unreachable
from sandbox.job import Asset, AssetChanged, NoIsolation, SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SCHEMA = "assay-asset-v1"
PASSABLE = "set ASSAY_ASSET_FOLDER to a folder that everybody may pass through"
HEX = "[0-9a-f]" * 64
PREFIX = "sha256:"
SHOWN_MAX = 3  # differences that a fault names
ADD_AGAIN = "run `assay asset add` with the original"


@dataclass(frozen=True)
class Manifest:
    """What was added under a digest."""

    digest: str
    name: str  # for people; claims name the digest
    bytes: int
    files: int
    licence: str  # as the operator gave it; "" when not
    schema: str = SCHEMA

    def write(self, base: Path) -> None:
        """Make this what is known of its digest, in one step."""
        replace_json(base / f"{hex_of(self.digest)}.json", asdict(self))

    def data(self, base: Path) -> Path:
        """Return the folder that boxes see."""
        return base / hex_of(self.digest) / "data"


def read_manifests(base: Path) -> list[Manifest]:
    """Return what was added, by name and then by digest; what cannot be read is left out."""
    found = []
    for path in base.glob(f"{HEX}.json"):
        with suppress(SandboxFault):
            found.append(read_manifest(base, PREFIX + path.stem))
    return sorted((item for item in found if item is not None), key=lambda item: (item.name, item.digest))


def read_manifest(base: Path, digest: str) -> Manifest | None:
    """Return what was added under a digest; None when nothing was.

    Raises:
        SandboxFault: what lies there is no manifest of this version.

    """
    path = base / f"{hex_of(digest)}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(**{item.name: found[item.name] for item in fields(Manifest)})
        if (manifest.schema, manifest.digest) != (SCHEMA, digest):
            raise ValueError("it is another one's")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SandboxFault(f"{path} is no manifest of this version (add the asset again)") from error
    return manifest


def load(base: Path, digest: str, cache: Path | None = None, said: Callable[[float], None] | None = None) -> Asset:
    """Return an asset, when every file is as it was added.

    Args:
        base: folder of the assets.
        digest: which one.
        cache: folder in which the fingerprint is kept.
        said: called with the share of the bytes that were read, when they must be.

    Raises:
        AssetChanged: a file is not as it was added.
        SandboxFault: there is no such asset, or it cannot be read.
        NoIsolation: the box's user could not read it.

    """
    manifest = read_manifest(base, digest)
    if manifest is None:
        raise SandboxFault(f"there is no asset {digest} below {base} (run `assay asset add PATH`)")
    data = manifest.data(base)
    try:
        refuse_unreachable(data, PASSABLE)
        state = fingerprint(data)
    except (OSError, SandboxFault) as error:
        if isinstance(error, NoIsolation):
            raise
        raise AssetChanged(f"the asset {manifest.name} is gone: {error} ({ADD_AGAIN})") from error
    if _cached(cache, digest) != state:
        _refuse_more(manifest, data)
        _, wrong = _hashed(base, manifest, said)
        if wrong:
            shown = "; ".join(wrong[:SHOWN_MAX]) + (f"; and {len(wrong) - SHOWN_MAX} more" * (len(wrong) > SHOWN_MAX))
            raise AssetChanged(f"the asset {manifest.name} was changed: {shown} ({ADD_AGAIN})")
        _keep(cache, digest, state)
    return Asset(digest, manifest.name, str(data), state, manifest.bytes, manifest.files, manifest.licence)


def load_all(base: Path, cache: Path | None = None) -> tuple[list[Asset], dict[str, str]]:
    """Return every asset that can be used, and for each other one, by its digest, why it cannot."""
    found, wrong = [], {}
    for manifest in read_manifests(base):
        try:
            found.append(load(base, manifest.digest, cache))
        except (SandboxFault, NoIsolation) as error:
            wrong[manifest.digest] = str(error)
    return found, wrong


def verify(base: Path, digest: str, said: Callable[[float], None] | None = None) -> tuple[Manifest, str, list[str]]:
    """Hash every file of an asset anew.

    Returns:
        What was added, the digest that follows from the files now, and what differs.

    Raises:
        SandboxFault: there is no such asset, or it cannot be read.

    """
    manifest = read_manifest(base, digest)
    if manifest is None:
        raise SandboxFault(f"there is no asset {digest} below {base} (run `assay asset add PATH`)")
    now, wrong = _hashed(base, manifest, said)
    return manifest, now, wrong


def describe(name: str, asset: Asset) -> dict[str, Any]:
    """Return what people and evidence want to know of an asset that a box holds under a name."""
    licence = {"licence": asset.licence} if asset.licence else {}
    return {"name": name, "digest": asset.digest, "bytes": asset.bytes, "files": asset.files, **licence}


def row(asset: Asset) -> dict[str, Any]:
    """Return what others are told of an asset of this host."""
    return {
        "digest": asset.digest,
        "name": asset.name,
        "bytes": asset.bytes,
        "files": asset.files,
        "licence": asset.licence,
    }


def require_unchanged(assets: Iterable[Asset]) -> None:
    """Check before and after a run that nothing of its assets was touched since their digests were found.

    Raises:
        AssetChanged: something was.

    """
    for asset in assets:
        try:
            same = fingerprint(Path(asset.folder)) == asset.fingerprint
        except SandboxFault as error:
            raise AssetChanged(f"the asset {asset.name} is not on the disk any more ({ADD_AGAIN})") from error
        if not same:
            remedy = f"`assay asset verify {asset.name}` names what differs, `assay asset add` mends it"
            raise AssetChanged(f"the asset {asset.name} was changed on the disk since its digest was found ({remedy})")


def _refuse_more(manifest: Manifest, data: Path) -> None:
    """Read no more than was added: a sparse file in the place of another says in no time that it has a terabyte."""
    size = sum(state.st_size for _, state in walk(data) if stat.S_ISREG(state.st_mode))
    if size > manifest.bytes:
        what = f"its files have {size} bytes, and {manifest.bytes} were added"
        raise AssetChanged(f"the asset {manifest.name} was changed: {what} ({ADD_AGAIN})")


def _hashed(base: Path, manifest: Manifest, said: Callable[[float], None] | None) -> tuple[str, list[str]]:
    """Return the digest that follows from the files as they are now, and what differs from how they were added."""
    path = base / hex_of(manifest.digest) / "files.json"
    now = entries(manifest.data(base), said)
    digest = digest_of(now, SCHEMA)
    if digest == manifest.digest:
        return digest, []
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        before = {name: (kind, value) for name, (kind, value) in listed.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        before = {}
    if digest_of(before, SCHEMA) != manifest.digest:
        return digest, [f"something of it, and {path} cannot tell what"]
    return digest, differences(before, now)


def _cached(cache: Path | None, digest: str) -> str | None:
    if cache is not None:
        with suppress(OSError, ValueError, AttributeError):
            return str(json.loads((cache / f"asset-{hex_of(digest)}.json").read_text()).get("fingerprint"))
    return None


def _keep(cache: Path | None, digest: str, state: str) -> None:
    if cache is not None:
        with suppress(OSError):
            cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_json(cache / f"asset-{hex_of(digest)}.json", {"fingerprint": state})


def hex_of(digest: str) -> str:
    """Return the digits of a digest, by which its files are called."""
    return digest.removeprefix(PREFIX)
