"""`assay asset`: weights and data too large for a bundle, which the operator keeps for every claim by their digest.

One line an asset, or JSON, one object a line. Adding shows its steps on stderr. What was changed on the disk exits with 5:
no run would be given it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.exits import Exit
from cli.options import AsJson, AsJsonLines, end_on_signals, print_json, read_settings
from cli.words import name_of, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.assets import Manifest

app = typer.Typer(no_args_is_help=True, help="Weights and data too large for a bundle.", rich_markup_mode=None)

SHOWN_MAX = 20  # entries that differ


@app.command()
def add(
    path: Annotated[Path, typer.Argument(help="File or folder to copy.", exists=True)],
    name: Annotated[
        str | None, typer.Option("--name", help="How to call it here; by default as before, or as the file or folder.")
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", metavar="TEXT", help="Its terms and source, in one line, for the evidence.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Copy a file or folder below $ASSAY_HOME or $ASSAY_ASSET_FOLDER, where every claim may name it by its digest."""
    from cli.progress import Steps
    from sandbox.adding import add as add_it
    from sandbox.assets import load

    settings = read_settings()
    _refuse_state(path, settings.state)
    end_on_signals()
    said = Steps(name or path.resolve().name)
    try:
        manifest, new = add_it(settings.assets, path, name, licence, _steps(said))
        load(settings.assets, manifest.digest, settings.home / "cache")
    finally:
        said.end()
    if not new:
        say(f"{manifest.name} stands as it should; nothing was copied", error=True)
    _show(manifest, as_json=as_json)


@app.command("list")
def list_them(as_json: AsJsonLines = False) -> None:
    """Show the assets of this host."""
    from sandbox.assets import read_manifests

    for manifest in read_manifests(read_settings().assets):
        _show(manifest, as_json=as_json)


@app.command()
def verify(name: Annotated[str, typer.Argument(help="Name or digest of the asset.")], as_json: AsJson = False) -> None:
    """Hash every file of an asset anew, and name those that changed."""
    from cli.progress import Steps
    from sandbox.assets import verify as verify_it

    folder, known = read_settings().assets, _named(name)
    said = Steps(known.name)
    try:
        manifest, digest, wrong = verify_it(
            folder, known.digest, lambda share: said("hashing", share if said.live else None)
        )
    finally:
        said.end()
    if as_json:
        print_json({**_document(manifest), "found": digest, "changed": wrong})
    elif not wrong:
        _show(manifest, as_json=False)
    for line in wrong[:SHOWN_MAX]:
        say(line, error=True)
    if wrong:
        more = f", {len(wrong) - SHOWN_MAX} more entries changed" if len(wrong) > SHOWN_MAX else ""
        remedy = "`assay asset add` with the original mends it"
        say(f"{manifest.name} was changed on the disk{more}; no run is given it. {remedy}", error=True)
        raise typer.Exit(Exit.FAULT)


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Name or digest of the asset.")], as_json: AsJson = False) -> None:
    """Delete an asset from this host. Claims that name it stay sealed, and wait for somebody who has it."""
    from sandbox.adding import remove as remove_it

    manifest, folder = _named(name), read_settings().assets
    remove_it(folder, manifest)
    if as_json:
        print_json({"name": manifest.name, "digest": manifest.digest, "removed_bytes": manifest.bytes})
    else:
        typer.echo(f"{manifest.name}  {manifest.digest}  removed, {manifest.bytes} bytes")


def _refuse_state(path: Path, state: Mapping[str, Path]) -> None:
    """Keep keys, database and what strangers sent from becoming what every script may read, by a folder named too high."""
    for setting, folder in state.items():
        if folder.resolve().is_relative_to(path.resolve()):
            what = f"{path} holds what no script may read: {folder} ({setting})"
            raise typer.BadParameter(f"{what}; name what is to be added alone")


def _named(name: str) -> Manifest:
    from sandbox.assets import read_manifests

    known = [item for item in read_manifests(read_settings().assets) if name in {item.name, item.digest}]
    if not known:
        raise typer.BadParameter(f"there is no asset {name!r} here; see `assay asset list`")
    if len(known) > 1:
        raise typer.BadParameter(f"{len(known)} assets are called {name!r}; name its digest, see `assay asset list`")
    return known[0]


def _steps(said: Any) -> Any:
    return lambda step, share: said(step, share if said.live else None)


def _document(manifest: Manifest) -> dict[str, Any]:
    licence = {"licence": manifest.licence} if manifest.licence else {}
    folder = str(manifest.data(read_settings().assets))
    found = {"name": manifest.name, "digest": manifest.digest, "bytes": manifest.bytes, "files": manifest.files}
    return {**found, **licence, "folder": folder}


def _show(manifest: Manifest, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(manifest))
    else:
        terms = f"  {name_of(manifest.licence)}" if manifest.licence else ""
        files = "1 file" if manifest.files == 1 else f"{manifest.files} files"
        typer.echo(f"{manifest.name}  {manifest.digest}  {manifest.bytes} bytes in {files}{terms}")
