"""`assay sources`: who may send webhooks to the service whose state lies below $ASSAY_HOME, and what they sent."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.addresses import check_address
from app.core.caller import PUBLISHER_PATTERN
from app.core.errors import Refusal
from app.core.forges import BASES
from app.core.hook_change import NAME
from app.core.hook_paths import PATTERN, is_pattern
from app.core.hooks import FORGES, SECRET_BYTES_MIN, Kind, is_secret
from cli.api_keys import duration, opened
from cli.options import AsJson, AsJsonLines, as_typed, print_json, read_settings
from cli.words import say

if TYPE_CHECKING:
    from app.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Repositories and programs that hand claims in by webhook.",
    rich_markup_mode=None,
)

SourceId = Annotated[str, typer.Argument(help="src_…, as `assay sources list` shows.")]
SecretFile = Annotated[
    Path | None, typer.Option(help="File with a secret that the forge made; without it a fresh one is printed, once.")
]


@app.command()
def add(  # noqa: PLR0913 - options of a command
    kind: Annotated[Kind, typer.Argument(help="Who sends: a forge, or `generic` for a program.")],
    repository: Annotated[
        str, typer.Option(help="Full name at the forge, such as owner/name; a program has none.")
    ] = "",
    repository_id: Annotated[
        str, typer.Option(help="The forge's number of the repository: names can be taken over.")
    ] = "",
    path: Annotated[
        str,
        typer.Option(help="Which claims: a pattern that ends in claim.toml; ** is any number of folders."),
    ] = PATTERN,
    publisher: Annotated[
        str | None, typer.Option(help="For whom claims are submitted; by default the setting ASSAY_PUBLISHER.")
    ] = None,
    environment: Annotated[
        list[str] | None,
        typer.Option(help="Environment in which its scripts may run, once for each; by default python."),
    ] = None,
    per_day: Annotated[int, typer.Option(min=0, help="Verifications that it may begin in 24 hours.")] = 100,
    gpus: Annotated[int, typer.Option(min=0, help="GPUs that one of its claims may ask for.")] = 0,
    api: Annotated[
        str,
        typer.Option(help="Base address of another forge's interface, such as https://git.example.org/api/v4."),
    ] = "",
    token_file: Annotated[
        Path | None, typer.Option(help="File with a token of the forge, to read the repository and to set statuses.")
    ] = None,
    app_id: Annotated[str, typer.Option(help="Id of a GitHub App, which makes check runs.")] = "",
    app_installation: Annotated[str, typer.Option(help="Number of the App's installation.")] = "",
    app_key_file: Annotated[Path | None, typer.Option(help="File with the App's private key, as PEM.")] = None,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Let a repository or a program send claims. Address and secret are printed; the secret is never shown again."""
    from app import actions

    settings = read_settings()
    if (kind in FORGES) != bool(repository and repository_id):
        raise typer.BadParameter(
            "a forge needs --repository and --repository-id, a program has neither; say --repository owner/name and, as"
            " --repository-id, the number that the forge's interface gives of it"
            if kind in FORGES
            else "a program has no repository; leave --repository and --repository-id out"
        )
    if repository and not NAME.fullmatch(repository):
        raise typer.BadParameter(f"{repository!r} is no full name of a repository; say owner/name")
    if repository and not repository_id.isdigit():
        raise typer.BadParameter(
            f"{repository_id!r} is no number of a repository; say what the forge's interface gives as its `id`, such as 4711"
        )
    if not is_pattern(path):
        raise typer.BadParameter(
            f"{path!r} is no pattern of paths that ends in claim.toml, such as claims/**/claim.toml"
        )
    new = actions.NewSource(
        kind=kind,
        publisher=_publisher(publisher or settings.publisher),
        repository=repository,
        repository_id=repository_id,
        pattern=path,
        environments=tuple(environment or ("python",)),
        per_day=per_day,
        gpus=gpus,
        api=_address(api, settings) if api else BASES.get(kind, ""),
        token=None if token_file is None else _token(token_file),
        app=_app(kind, app_id, app_installation, app_key_file),
    )
    with opened(settings, create=True) as parts:
        source_id, secret = actions.add_source(parts, new, None if secret_file is None else _secret(secret_file))
    _print_once(settings, source_id, secret, as_json=as_json)
    if kind in FORGES and new.token is None and new.app is None:
        print("without --token-file or an App its commits are not told what became of their claims", file=sys.stderr)


@app.command("list")
def list_sources(as_json: AsJsonLines = False) -> None:
    """Show who may send webhooks, newest first, and how many of their requests were not signed well."""
    from app.store import sources

    with opened(read_settings()) as parts, parts.store.read() as session:
        found = sources.listed(session)
    for item in found:
        if as_json:
            print_json(item)
            continue
        end = "removed" if item["removed_at"] is not None else f"{item['refused']} refused"
        where = [item["repository"], item["pattern"]] if item["repository"] else ["–", "–"]
        say("  ".join([item["id"], item["kind"], where[0], item["publisher"], where[1], end]))


@app.command()
def rotate(
    source_id: SourceId,
    overlap: Annotated[str, typer.Option(help="How long the old secret stays good, such as 7d or 0s.")] = "7d",
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Give a source another secret; both are good during the overlap."""
    from app import actions

    settings, given = read_settings(), None if secret_file is None else _secret(secret_file)
    during = duration(overlap)
    with opened(settings) as parts:
        secret = actions.rotate_source(parts, source_id, during, given)
    if secret is None:
        raise typer.BadParameter(f"there is no source {source_id}; see `assay sources list`")
    _print_once(settings, source_id, secret, as_json=as_json)


@app.command()
def remove(source_id: SourceId) -> None:
    """Take in nothing more from a source, and forget its secrets; what came of it stays."""
    from app import actions

    with opened(read_settings()) as parts:
        if not actions.remove_source(parts, source_id):
            raise typer.BadParameter(f"there is no source {source_id}; see `assay sources list`")
    typer.echo(f"{source_id} is removed", err=True)


@app.command()
def deliveries(
    source_id: SourceId,
    state: Annotated[
        str | None, typer.Option(help="Only deliveries that are queued, done or failed, and nothing of commits.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many of each kind, newest first.")] = 50,
    as_json: AsJsonLines = False,
) -> None:
    """Show what a source delivered and what became of it, then what its commits were told; newest first."""
    from app.store import source_lists, sources

    if state not in {None, *source_lists.DELIVERY_STATES}:
        raise typer.BadParameter(f"a delivery is {', '.join(source_lists.DELIVERY_STATES)}; not {state!r}")
    with opened(read_settings()) as parts, parts.store.read() as session:
        came = source_lists.deliveries(session, source_id, state, limit)
        told = [] if state is not None else source_lists.reports(session, source_id, limit)
        if not came and source_id not in {item["id"] for item in sources.listed(session)}:
            raise typer.BadParameter(f"there is no source {source_id}; see `assay sources list`")
    for kind, items in (("delivery", came), ("report", told)):
        for item in items:
            if as_json:
                print_json({"kind": kind, **item})
            else:
                for line in _came(item) if kind == "delivery" else (_told(item),):
                    say(line)


@app.command()
def replay(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="hkd_… of a delivery or hkr_… of what a commit was not told.")
    ],
) -> None:
    """Work on a delivery again that failed or waits, or tell a commit again what it was not told."""
    from app import actions

    with opened(read_settings()) as parts, as_typed(identity):
        if not actions.replay_incoming(parts, identity, None):
            raise typer.BadParameter(f"there is no {identity}; see `assay sources deliveries`")
    again = "will be worked on" if identity.startswith("hkd_") else "is told to its commit"
    say(f"{identity} {again} again", error=True)


def _came(item: dict[str, Any]) -> list[str]:
    """Return a line of a delivery, and one for each of its claims."""
    due = item["next_attempt_at"]
    then = "under way" if item["under_way"] else "" if due is None else f"next {due:%Y-%m-%d %H:%M:%S}"
    about = [item["id"], item["event"] or "–", item["state"], f"attempts {item['attempts']}", item["detail"], then]
    line = "  ".join([f"{item['received_at']:%Y-%m-%d %H:%M:%S}", *filter(None, about)])
    return [line, *(f"  {_claim(claim)}" for claim in item["claims"])]


def _claim(claim: dict[str, Any]) -> str:
    name = claim["name"] or claim["folder"] or "claim"
    if claim["refusal"] is not None:
        first, _, more = claim["refusal"].partition("\n")
        return f"{name}: refused: {first}" + (" …" if more else "")
    become = f"{claim['status']} {claim['reason_code']}" if claim["status"] else claim["state"]
    return f"{name}: taken in as {claim['verification_id']}: {become}"


def _told(item: dict[str, Any]) -> str:
    """Return a line that says whether a commit heard of a claim, why not, and what there was to hear."""
    if item["heard"]:
        how = f"told {item['told']}" + ("" if item["told_at"] is None else f" at {item['told_at']:%Y-%m-%d %H:%M:%S}")
    elif item["told"] is None:
        how = "to be told" + (f", last tried: {item['error']}" if item["error"] else "")
    else:
        how = f"{'given up' if item['told'] == 'given up' else 'not told'}: {item['error']}"
    what = item["said"] if item["heard"] and item["said"] else item["happened"]
    return "  ".join(filter(None, [item["sha"][:12], item["id"], item["context"], how, what]))


def _print_once(settings: Settings, source_id: str, secret: str, *, as_json: bool) -> None:
    from cli.supervisor import address_of

    known = address_of(settings)
    url = f"{known or settings.public_url.rstrip('/')}/v1/hooks/{source_id}"
    if known is None:
        said = f"no service of {settings.home} runs, and ASSAY_PUBLIC_URL is not set, so {url} is a guess"
        print(f"{said}; set it to where forges reach the service", file=sys.stderr)
    elif "public_url" not in settings.model_fields_set:
        said = "the service that runs says it is there; ASSAY_PUBLIC_URL, which is not set, says where forges reach it"
        print(f"{url}: {said}", file=sys.stderr)
    if as_json:
        print_json({"id": source_id, "url": url, "secret": secret})
        return
    print(f"{source_id}: let it deliver JSON to {url}\nsigned with this secret, shown this once:", file=sys.stderr)
    typer.echo(secret)


def _app(kind: Kind, app_id: str, installation: str, key_file: Path | None) -> str | None:
    if not app_id and not installation and key_file is None:
        return None
    if kind is not Kind.GITHUB or not app_id or not installation.isdigit() or key_file is None:
        raise typer.BadParameter("an App is GitHub's, and needs --app-id, --app-installation and --app-key-file")
    return json.dumps({"id": app_id, "installation": installation, "key": _content(key_file)})


def _address(url: str, settings: Settings) -> str:
    try:
        return check_address(url.rstrip("/"), settings.outside_allow)
    except Refusal as refusal:
        raise typer.BadParameter(f"{url}: {refusal.detail}; {refusal.remedy}", param_hint="--api") from refusal


def _publisher(text: str) -> str:
    if re.fullmatch(PUBLISHER_PATTERN, text) is None:
        raise typer.BadParameter(f"{text!r} cannot be the name of a publisher: letters, digits, blanks and ._@- can")
    return text


def _token(path: Path) -> str:
    found = _content(path)
    if not found.isascii() or not found.isprintable() or " " in found:
        raise typer.BadParameter(f"{path} holds signs that no token has; it is to hold the token alone, on one line")
    return found


def _secret(path: Path) -> str:
    found = _content(path)
    if not is_secret(found):
        raise typer.BadParameter(
            f"{path} holds no secret: it has {SECRET_BYTES_MIN} signs at least, and no blanks; behind whsec_ stands the"
            f" base 64 of {SECRET_BYTES_MIN} bytes at least. Leave --secret-file out, and one is made"
        )
    return found


def _content(path: Path) -> str:
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} cannot be read as a text") from error
    if not found:
        raise typer.BadParameter(f"{path} is empty")
    return found
