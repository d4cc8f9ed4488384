"""`assay keys`: a judge's own keys below $ASSAY_HOME, the keys of other judges that are trusted, and the service's API keys.

They have nothing to do with each other. A judge's key signs evidence and has an id `sha256:…` (generate, trust, distrust,
retire, export); an API key lets a program act for a publisher and has an id `key_…` (create, show, rotate, revoke).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.core.canonical import canonical
from app.core.keys import BadKey, KnownKey, key_set, read_keys
from cli import api_keys
from cli.options import AsJson, print_json, read_settings

if TYPE_CHECKING:
    from app.settings import Settings
    from workers.keyring import PrivateSigner

app = typer.Typer(
    no_args_is_help=True,
    help="Keys that sign evidence, keys that are trusted, and API keys.",
    rich_markup_mode=None,
)

TRUSTED = "trusted-keys"  # folder below home

for _command in (api_keys.create, api_keys.show, api_keys.rotate, api_keys.revoke):
    app.command()(_command)


@app.command()
def generate(
    to: Annotated[Path | None, typer.Option("--to", help="Write the private key here, for a judge elsewhere.")] = None,
) -> None:
    """Make a judge's key, which signs from now on; the ones before it stay until they are retired."""
    from workers.keyring import keyring, write_private

    if to is not None:
        if to.exists():
            raise typer.BadParameter(f"{to} is there already; a key is never written over")
        key = write_private(to)
    else:
        key = keyring(read_settings()).generate(datetime.now(UTC))
    typer.echo(key.public.id)


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Show the judge's keys of this home, those that are trusted, and the API keys of its service."""
    from workers.keyring import keyring

    settings = read_settings()
    own, known, api = keyring(settings).keys(), trusted(settings), api_keys.listed(settings)
    if as_json:
        told = {"own": key_set(own)["keys"], "trusted": key_set(known)["keys"], "api": api}
        print_json(told)
        return
    for title, keys in (("own", own), ("trusted", known)):
        for key in keys:
            typer.echo(f"{title:8} {key.public.id}  {_life(key)}")
    for row in api:
        typer.echo(f"{'api':8} {api_keys.line(row)}")
    if not (own or known or api):
        typer.echo("no key yet; `assay keys generate` makes a judge's, `assay keys create` an API key", err=True)


@app.command()
def trust(file: Annotated[Path, typer.Argument(help="Public keys: PEM, or a document of keys.")]) -> None:
    """Trust the keys in a file from now on; ask their owner, by another way, whether the ids are theirs."""
    folder = read_settings().home / TRUSTED
    keys = read_key_file(file)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for key in keys:
        _pinned(folder, key.public.id).write_bytes(canonical(key.document()))
        typer.echo(key.public.id)


@app.command()
def distrust(
    keyid: Annotated[str, typer.Argument(help="sha256:… of a trusted key, as `assay keys list` shows.")],
) -> None:
    """Trust a judge's key no longer."""
    path = _pinned(read_settings().home / TRUSTED, keyid)
    if not path.is_file():
        raise typer.BadParameter(f"the key {keyid} is not trusted here; see `assay keys list`")
    path.unlink()


@app.command()
def retire(
    keyid: Annotated[str, typer.Argument(help="sha256:… of a key of this home, as `assay keys list` shows.")],
) -> None:
    """Say that a judge's key signs no more; what it signed before keeps its worth."""
    from workers.keyring import keyring

    settings = read_settings()
    now = datetime.now(UTC)
    key = keyring(settings).retire(keyid, now)
    known = _retire_row(settings, keyid, key.retired_at or now if key is not None else now)
    if key is None and not known:
        raise typer.BadParameter(f"the key {keyid} is neither in this home nor in the service's database")
    typer.echo(f"{keyid} is retired", err=True)


@app.command()
def export(
    keyid: Annotated[str | None, typer.Argument(help="sha256:…; by default the key in use.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a public key for others to trust: PEM, or with --json a document of keys with its times."""
    from workers.keyring import judge_key

    settings = read_settings()
    wanted = keyid or judge_key(settings).public.id
    found = next((key for key in own_keys(settings) if key.public.id == wanted), None)
    if found is None:
        raise typer.BadParameter(f"there is no key {wanted} in this home; see `assay keys list`")
    if as_json:
        print_json(key_set([found]))
    else:
        typer.echo(found.public.pem, nl=False)


def own_keys(settings: Settings) -> list[KnownKey]:
    """Return the public side of the keys that a judge with these settings holds."""
    from workers.keyring import judge_key, keyring

    return keyring(settings).keys() if settings.signing_key is None else [judge_key(settings).known]


def own_signer(settings: Settings) -> PrivateSigner:
    """Return the key in use of this home, made now if there is none: whoever judges here signs.

    Raises:
        Fault: it cannot be read, or others may read it too.

    """
    from workers.keyring import judge_key, keyring

    if settings.signing_key is not None:
        return judge_key(settings)
    return keyring(settings).ensure(datetime.now(UTC))


def trusted(settings: Settings) -> list[KnownKey]:
    """Return the keys that were trusted with `assay keys trust`."""
    files = sorted((settings.home / TRUSTED).glob("*.json"))
    return [key for path in files for key in read_keys(path.read_bytes(), str(path))]


def read_key_file(file: Path) -> tuple[KnownKey, ...]:
    """Return the public keys of a file that somebody names on the command line."""
    try:
        return read_keys(file.read_bytes(), str(file))
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error
    except BadKey as error:
        raise typer.BadParameter(str(error)) from error


def _pinned(folder: Path, keyid: str) -> Path:
    name = keyid.removeprefix("sha256:")
    if not (len(name) == 64 and name.isalnum()):
        raise typer.BadParameter(f"{keyid!r} is no id of a key, such as `assay keys list` shows")
    return folder / f"{name}.json"


def _retire_row(settings: Settings, keyid: str, moment: datetime) -> bool:
    """Retire a key in the service's database too, where there is one."""
    from app import actions
    from app.actions import Parts

    if not settings.database_url and not (settings.home / "assay.db").exists():
        return False
    parts = Parts.open(settings)
    try:
        parts.store.check()
        return actions.retire_key(parts, keyid, moment)
    finally:
        parts.close()


def _life(key: KnownKey) -> str:
    begins = f"since {key.not_before:%Y-%m-%d %H:%M:%S}" if key.not_before else ""
    ends = f"retired {key.retired_at:%Y-%m-%d %H:%M:%S}" if key.retired_at else ""
    return " ".join(part for part in (begins, ends) if part)
