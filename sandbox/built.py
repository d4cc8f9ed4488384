"""Environments that the operator built: a folder of installed packages beside the host's own interpreter.

    NAME.json          what was built last under a name, and where; replaced in one step
    NAME-DIGEST/       files.json: every entry with its digest; site/: the packages, which the box sees as /site

An environment's digest covers the one of `python` (interpreter, standard library, the system's packages), the recipe, and
every entry below `site`. The box sees the packages in the same place on every host, so hosts with the same system can
have the same digest. After an upgrade of the system it is another one, without a new build, as it is with `python`.

Whoever uses an environment finds its digest anew: by hashing every file, or by a fingerprint that was kept when they
were hashed last. The same fingerprint is asked for again before and after each run.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.entries import differences, digest_of, entries, fingerprint
from sandbox.environments import refuse_unreachable
from sandbox.job import Environment, EnvironmentChanged, NoIsolation, SandboxFault
from sandbox.recipe import how_to_build

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.entries import Entries

SCHEMA = "assay-environment-v1"
PASSABLE = "set ASSAY_ENVIRONMENTS to a folder that everybody may pass through"
SHOWN_MAX = 3  # differences that a fault names


@dataclass(frozen=True)
class Manifest:
    """What was built under a name."""

    name: str
    digest: str
    python: str  # digest of the environment `python` at the time
    version: str  # of the interpreter
    machine: str
    recipe: str  # digest of the recipe
    packages: dict[str, str]  # name -> version, as installed
    imports: tuple[str, ...]
    folder: str  # beside the manifest
    bytes: int
    schema: str = SCHEMA

    def write(self, base: Path) -> None:
        """Make this the environment of its name, in one step."""
        replace_json(base / f"{self.name}.json", {**asdict(self), "imports": list(self.imports)})


def built_names(base: Path) -> list[str]:
    """Return the names of the environments that were built below a folder."""
    return sorted(path.stem for path in base.glob("*.json") if not path.name.startswith("."))


def modules(base: Path) -> dict[str, frozenset[str]]:
    """Return environment -> the names that a program may import from it beside the standard library; by their files.

    One whose manifest or folder cannot be read is left out.
    """
    found = {}
    for name in built_names(base):
        with suppress(SandboxFault, OSError):
            manifest = read_manifest(base, name)
            if manifest is not None:
                inside = (base / manifest.folder / "site").iterdir()
                found[name] = frozenset(path.name.partition(".")[0] for path in inside)
    return found


def changes(base: Path) -> list[str]:
    """Return what differs after a build, of however many environments; cheap enough to be asked for often."""
    found = []
    for path in sorted(base.glob("*.json")):
        with suppress(OSError):
            state = path.stat()
            found.append(f"{path.name} {state.st_ino} {state.st_ctime_ns}")
    return found


def read_manifest(base: Path, name: str) -> Manifest | None:
    """Return what was built under a name; None when nothing was.

    Raises:
        SandboxFault: what lies there is no manifest of this version.

    """
    path = base / f"{name}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        known = {item.name: found[item.name] for item in fields(Manifest)}
        manifest = Manifest(**{**known, "imports": tuple(known["imports"])})
        if (manifest.schema, manifest.name) != (SCHEMA, name) or "/" in manifest.folder:
            raise ValueError("it is another one's")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SandboxFault(f"{path} is no manifest of this version (run `{how_to_build(name)}`)") from error
    return manifest


def load(base: Path, name: str, python: Environment, cache: Path | None = None) -> Environment:
    """Return a built environment, when every file is as it was built.

    Args:
        base: folder of the built environments.
        name: which one.
        python: the host's own, as it is now.
        cache: folder in which fingerprint and digest are kept.

    Raises:
        EnvironmentChanged: a file is not as it was built, or the interpreter is another one.
        SandboxFault: there is no such environment, or it cannot be read.

    """
    manifest = read_manifest(base, name)
    if manifest is None:
        raise SandboxFault(f"there is no environment {name!r} below {base} (run `{how_to_build(name)}`)")
    _require_interpreter(manifest, python)
    site = base / manifest.folder / "site"
    try:
        refuse_unreachable(site, PASSABLE)
    except OSError as error:
        raise EnvironmentChanged(f"the environment {name} is gone: {error} (run `{how_to_build(name)}`)") from error
    state = fingerprint(site)
    key = {"fingerprint": state, "python": python.digest, "manifest": manifest.digest}
    digest = _cached(cache, name, key)
    if digest is None:
        digest, wrong = _hashed(base, manifest, python)
        if wrong:
            shown = "; ".join(wrong[:SHOWN_MAX]) + (f"; and {len(wrong) - SHOWN_MAX} more" * (len(wrong) > SHOWN_MAX))
            raise EnvironmentChanged(f"the environment {name} was changed: {shown} (run `{how_to_build(name)}`)")
        _keep(cache, name, {**key, "digest": digest})
    detail = {
        **python.detail,
        **_facts(site),
        "packages": manifest.packages,
        "imports": list(manifest.imports),
    }
    return Environment(
        name, digest, python.interpreter, python.mounts, detail, str(site), state, imports=manifest.imports
    )


def _facts(site: Path) -> dict[str, Any]:
    """Return what the programs of a recipe say of themselves to people, in files that the digest covers."""
    found: dict[str, Any] = {}
    for path in sorted(site.glob("*/facts.json")):
        with suppress(OSError, ValueError, TypeError):
            found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def load_all(base: Path, python: Environment, cache: Path | None = None) -> tuple[list[Environment], dict[str, str]]:
    """Return every built environment that can be used, and for each other one, by its name, why it cannot."""
    found, wrong = [], {}
    for name in built_names(base):
        try:
            found.append(load(base, name, python, cache))
        except (SandboxFault, NoIsolation) as error:
            wrong[name] = str(error)
    return found, wrong


def verify(
    base: Path, name: str, python: Environment, said: Callable[[float], None] | None = None
) -> tuple[Manifest, str, list[str]]:
    """Hash every file of an environment anew.

    Returns:
        What was built, the digest that follows from the files now, and what differs from how it was built.

    Raises:
        EnvironmentChanged: the interpreter is another one.
        SandboxFault: there is no such environment, or it cannot be read.

    """
    manifest = read_manifest(base, name)
    if manifest is None:
        raise SandboxFault(f"there is no environment {name!r} below {base} (run `{how_to_build(name)}`)")
    _require_interpreter(manifest, python)
    digest, wrong = _hashed(base, manifest, python, said)
    return manifest, digest, wrong


def digest_for(python: str, recipe: str, found: Entries) -> str:
    """Return the digest of an environment: of `python`, of the recipe, and of every entry."""
    return digest_of(found, SCHEMA, python, recipe)


def require_unchanged(environment: Environment) -> None:
    """Check before and after a run that nothing of an environment was touched since its digest was found.

    Raises:
        EnvironmentChanged: something was.

    """
    if not environment.site:
        return
    name = environment.name
    try:
        same = fingerprint(Path(environment.site)) == environment.fingerprint
    except SandboxFault as error:
        detail = f"the environment {name} is not on the disk any more (run `{how_to_build(name)}`)"
        raise EnvironmentChanged(detail) from error
    if not same:
        remedy = f"`assay env verify {name}` names what is other than it was built, `{how_to_build(name)}` mends it"
        raise EnvironmentChanged(
            f"the environment {name} was changed on the disk since its digest was found ({remedy})"
        )


def _require_interpreter(manifest: Manifest, python: Environment) -> None:
    now = (python.detail["version"].rpartition(".")[0], python.detail["machine"])
    if now != (manifest.version.rpartition(".")[0], manifest.machine):
        name = manifest.name
        detail = f"{name} was built for Python {manifest.version} on {manifest.machine}, and this is {' on '.join(now)}"
        raise EnvironmentChanged(f"the environment {detail} (run `{how_to_build(name)}`)")


def _hashed(
    base: Path, manifest: Manifest, python: Environment, said: Callable[[float], None] | None = None
) -> tuple[str, list[str]]:
    """Return the digest that follows from the files as they are now, and what differs from how they were built."""
    folder = base / manifest.folder
    now = entries(folder / "site", said)
    try:
        listed = json.loads((folder / "files.json").read_text(encoding="utf-8"))
        before = {path: (kind, value) for path, (kind, value) in listed.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise EnvironmentChanged(
            f"{folder / 'files.json'} cannot be read (run `{how_to_build(manifest.name)}`)"
        ) from error
    wrong = differences(before, now)
    if not wrong and digest_for(manifest.python, manifest.recipe, now) != manifest.digest:
        wrong = ["the manifest does not belong to the files"]
    return digest_for(python.digest, manifest.recipe, now), wrong


def _cached(cache: Path | None, name: str, key: dict[str, str]) -> str | None:
    if cache is None:
        return None
    with suppress(OSError, ValueError, AttributeError):
        found = json.loads((cache / f"environment-{name}.json").read_text())
        if all(found.get(item) == value for item, value in key.items()) and isinstance(found.get("digest"), str):
            return str(found["digest"])
    return None


def _keep(cache: Path | None, name: str, found: dict[str, str]) -> None:
    if cache is not None:
        with suppress(OSError):
            cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_json(cache / f"environment-{name}.json", found)


def replace_json(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON file in one step, for everybody to read."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.stem}-", delete=False) as file:
        json.dump(document, file, indent=1, sort_keys=True)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
