"""`assay env`: the environments that scripts run in, built and checked by the operator.

What is said is plain and small: one line an environment, or JSON. A build shows its steps on stderr. What was changed on
the disk exits with 5: no run would be executed in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.exits import Exit
from cli.options import AsJson, AsJsonLines, end_on_signals, print_json, read_settings
from cli.words import say

if TYPE_CHECKING:
    from app.settings import Settings
    from sandbox import Environment
    from sandbox.built import Manifest
    from sandbox.recipe import Recipe

app = typer.Typer(no_args_is_help=True, help="Environments that scripts run in.", rich_markup_mode=None)

SHOWN_MAX = 20  # entries that differ

Name = Annotated[str, typer.Argument(help="Name of the environment.")]


@app.command("list")
def list_them(as_json: AsJsonLines = False) -> None:
    """Show the environments of this host, and which could be built."""
    from sandbox.built import load_all
    from sandbox.recipe import shipped

    settings = read_settings()
    python = _python(settings)
    built, wrong = load_all(settings.environment_folder, python, settings.home / "cache")
    found = [python, *built]
    for problem in wrong.values():
        say(problem, error=True)
    if as_json:
        for item in found:
            print_json(_document(item))
        return
    for item in found:
        typer.echo(f"{item.name}  {item.describe()['version']}  {item.site or item.interpreter}  {item.digest}")
    known = {item.name for item in found}
    for name in sorted(shipped().keys() - known):
        typer.echo(f"{name}  not built; `assay env build {name}` builds it")


@app.command()
def build(
    name: Name,
    recipe: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Exact versions, one a line; by default those shipped."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build an environment below $ASSAY_HOME or $ASSAY_ENVIRONMENTS. One that stands as it should is left alone.

    The host's own, `python`, is only hashed.
    """
    from cli.progress import Steps
    from sandbox.building import build as build_it
    from sandbox.native import NAME as NATIVE

    settings = read_settings()
    if name == "python":
        if recipe is not None:
            raise typer.BadParameter("python is the host's own, and is built from no file; give yours another name")
        _show(_document(_python(settings)), as_json=as_json)
        return
    wanted = _native(settings) if name == NATIVE and recipe is None else _recipe(name, recipe)
    end_on_signals()
    said = Steps(name)
    try:
        manifest, new = build_it(wanted, settings.environment_folder, _python(settings), said)
    finally:
        said.end()
    if not new:
        say(f"{name} stands as it should; nothing was built", error=True)
    _show(_built(settings, manifest), as_json=as_json)


@app.command()
def verify(name: Name, as_json: AsJson = False) -> None:
    """Hash every file of an environment anew, and name those that changed."""
    from cli.progress import Steps
    from sandbox.built import verify as verify_it
    from sandbox.recipe import how_to_build

    settings = read_settings()
    python = _python(settings)
    if name == "python":
        _show({**_document(python), "changed": []}, as_json=as_json)
        return
    said = Steps(name)
    try:
        manifest, digest, wrong = verify_it(
            settings.environment_folder, name, python, lambda share: said("hashing", share if said.live else None)
        )
    finally:
        said.end()
    document = {**_built(settings, manifest), "digest": digest, "built_digest": manifest.digest, "changed": wrong}
    if as_json:
        print_json(document)
    elif not wrong:
        _show(document, as_json=False)
        if digest != manifest.digest:
            say("the system was upgraded since it was built, so its digest is another one", error=True)
    for line in wrong[:SHOWN_MAX]:
        say(line, error=True)
    if wrong:
        more = f", {len(wrong) - SHOWN_MAX} more entries changed" if len(wrong) > SHOWN_MAX else ""
        say(
            f"{name} was changed on the disk{more}; nothing runs in it. `{how_to_build(name)}` builds it anew",
            error=True,
        )
        raise typer.Exit(Exit.FAULT)


def _recipe(name: str, path: Path | None) -> Recipe:
    from sandbox.native import NAME as NATIVE
    from sandbox.recipe import how_to_build, read_recipe, shipped

    path = path or shipped().get(name)
    if path is None:
        known = ", ".join(["python", *shipped(), NATIVE])
        raise typer.BadParameter(
            f"there is no recipe {name!r}; known: {known}; or name your own: `{how_to_build(name)}`"
        )
    return read_recipe(name, path)


def _native(settings: Settings) -> Recipe:
    """Return what a native Lean is built from, as the settings name it."""
    from sandbox.native import Sources, recipe

    named = (settings.lean_toolchain_dir, settings.lean4export_bin, settings.comparator_bin)
    toolchain, exporter, comparator = named
    if toolchain is None or exporter is None or comparator is None:
        raise typer.BadParameter(
            "set LEAN_TOOLCHAIN_DIR, LEAN4EXPORT_BIN and COMPARATOR_BIN to what this host has (docs/proofs.md)"
        )
    return recipe(
        Sources(
            toolchain=toolchain,
            exporter=exporter,
            comparator=comparator,
            second=settings.nanoda_bin,
            assurance=settings.lean_assurance,
            floor=settings.proof_floor,
            revoked=frozenset(settings.proof_revoked),
        )
    )


def _python(settings: Settings) -> Environment:
    from sandbox import host_python

    return host_python(settings.python, cache=settings.home / "cache")


def _document(environment: Environment) -> dict[str, Any]:
    place = {"folder": environment.site} if environment.site else {}
    return {
        "name": environment.name,
        "digest": environment.digest,
        "interpreter": environment.interpreter,
        **environment.describe(),
        **place,
    }


def _built(settings: Settings, manifest: Manifest) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "digest": manifest.digest,
        "version": manifest.version,
        "machine": manifest.machine,
        "packages": manifest.packages,
        "imports": list(manifest.imports),
        "bytes": manifest.bytes,
        "folder": str(settings.environment_folder / manifest.folder / "site"),
    }


def _show(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        place = document.get("folder") or document.get("interpreter")
        typer.echo(f"{document['name']}  {document['version']}  {place}  {document['digest']}")
