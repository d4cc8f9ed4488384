"""`assay keys create|rotate|revoke`: API keys of the service whose state lies below $ASSAY_HOME.

Judges' keys are another thing, see `cli.keys`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.caller import NAME_PATTERN, NAME_SAID, PUBLISHER_PATTERN, PUBLISHER_SAID, USUAL, Budgets, Scope
from app.core.errors import Fault, Problem, Refusal
from cli.options import AsJson, print_json, read_settings

if TYPE_CHECKING:
    from app.actions import Parts
    from app.settings import Settings

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
NAMED_MAX = 5  # publishers that are named beside a new one
KeyId = Annotated[str, typer.Argument(help="key_…, as `assay keys list` shows.")]
Budget = Annotated[int | None, typer.Option(min=1)]


def create(  # noqa: PLR0913 - options of a command
    publisher: Annotated[
        str | None, typer.Option(help="For whom it acts; by default the setting ASSAY_PUBLISHER.")
    ] = None,
    name: Annotated[str, typer.Option(help="What its holder calls it.")] = "",
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may be used for, once for each; by default the usual four.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="How long it is good, such as 90d or 12h.")] = None,
    requests_per_minute: Budget = None,
    queued_runs: Budget = None,
    gpu_seconds_per_day: Budget = None,
    cpu_seconds_per_day: Budget = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key. It is printed now and never again; from the first one on, nothing is changed without a key."""
    from app import actions
    from app.store import api_keys

    settings = read_settings()
    wanted = actions.NewKey(
        _matching(
            settings.publisher if publisher is None else publisher, PUBLISHER_PATTERN, "publisher", PUBLISHER_SAID
        ),
        _matching(name, NAME_PATTERN, "name", NAME_SAID),
        frozenset(scope or USUAL),
        None if expires is None else datetime.now(UTC) + duration(expires),
        Budgets(requests_per_minute, queued_runs, gpu_seconds_per_day, cpu_seconds_per_day),
    )
    with opened(settings, create=True) as parts:
        with parts.store.read() as session:
            first, known = not api_keys.any_exists(session), api_keys.publishers(session)
        key_id, text = actions.create_key(parts, wanted)
        _say_what_it_opens(key_id, wanted.publisher, known | {settings.publisher}, first=first)
        _print_once(parts, key_id, text, as_json=as_json)


def _say_what_it_opens(key_id: str, publisher: str, known: set[str], *, first: bool) -> None:
    """Say what nobody may have meant: a mistyped publisher is a new one, and the first key shuts an open service."""
    if publisher not in known:
        others = ", ".join(sorted(known)[:NAMED_MAX]) + (", …" if len(known) > NAMED_MAX else "")
        undo = f"if it is mistyped, `assay keys revoke {key_id}`"
        print(f"{publisher!r} is a new publisher, beside {others}; {undo}", file=sys.stderr)
    if first:
        shut = "until now this machine needed none: from now on nothing is changed without one, and logins ask for one"
        print(f"this is the first API key; {shut}", file=sys.stderr)


def rotate(
    key_id: KeyId,
    overlap: Annotated[str, typer.Option(help="How long the old key stays good, such as 7d or 0s.")] = "7d",
    as_json: AsJson = False,
) -> None:
    """Make a key that takes another API key's place; both are good during the overlap."""
    from app import actions

    lasting = duration(overlap)
    with opened(read_settings()) as parts:
        made = actions.rotate_key(parts, key_id, lasting)
        if made is None:
            raise typer.BadParameter(f"there is no key {key_id} that is still good; see `assay keys list`")
        _print_once(parts, *made, as_json=as_json)


def revoke(key_id: KeyId) -> None:
    """Let an API key be good no longer, at once and for ever."""
    from app import actions

    with opened(read_settings()) as parts:
        if not actions.revoke_key(parts, key_id):
            raise typer.BadParameter(f"there is no key {key_id}; see `assay keys list`")
    typer.echo(f"{key_id} is revoked", err=True)


def show(key_id: KeyId, as_json: AsJson = False) -> None:
    """Show an API key and what counts against its budgets."""
    from app.store import api_keys

    with opened(read_settings()) as parts, parts.store.read() as session:
        found = api_keys.get(session, key_id)
    if found is None:
        raise typer.BadParameter(f"there is no key {key_id}; see `assay keys list`")
    if as_json:
        print_json(found)
        return
    typer.echo(line(found))
    for name in ("requests_per_minute", *found["used"]):
        used = f"{found['used'][name]:g} used of " if name in found["used"] else ""
        typer.echo(f"  {name:21} {used}{'no limit' if found[name] is None else found[name]}")


def listed(settings: Settings) -> list[dict[str, Any]]:
    """Return the API keys of this home's service; none where no service ever was, or where it cannot be asked now."""
    from app.store import api_keys

    if not _has_database(settings):
        return []
    try:
        with opened(settings) as parts, parts.store.read() as session:
            return api_keys.listed(session)
    except Fault as fault:
        print(f"API keys are not listed: {fault}", file=sys.stderr)
        return []


def any_exists(settings: Settings) -> bool:
    """Whether this home's service has an API key, revoked ones included."""
    from app.store import api_keys

    if not _has_database(settings):
        return False
    with opened(settings, create=True) as parts, parts.store.read() as session:
        return api_keys.any_exists(session)


def line(key: dict[str, Any]) -> str:
    """Return one API key as a line of a table."""
    about = [key["id"], key["publisher"], key["name"] or "–", ",".join(key["scopes"])]
    when = {"revoked": key["revoked_at"], "expires": key["expires_at"], "used": key["used_at"]}
    about += [f"{name} {key['used'][name]:g}/{key[name]}" for name in key["used"] if key[name] is not None]
    return "  ".join(about + [f"{name} {at:%Y-%m-%d %H:%M}" for name, at in when.items() if at is not None])


@contextmanager
def opened(settings: Settings, *, create: bool = False) -> Iterator[Parts]:
    """Open the service's parts; `create` brings the embedded database to the newest schema first, as `assay serve` does.

    Raises:
        Refusal: there is no database, and a look at it must not leave an empty one.

    """
    from app.actions import Parts

    if not create and not _has_database(settings):
        remedy = "`assay serve` makes one; if the service has another home, name it with ASSAY_HOME"
        raise Refusal.of(Problem(str(settings.home), None, "", "no-database", "there is no database here yet", remedy))
    if create and not settings.database_url:
        from app.store import migrate

        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        migrate.upgrade(settings.database)
    parts = Parts.open(settings)
    try:
        parts.store.check()
        yield parts
    finally:
        parts.close()


def _has_database(settings: Settings) -> bool:
    return bool(settings.database_url) or (settings.home / "assay.db").exists()


def _print_once(parts: Parts, key_id: str, text: str, *, as_json: bool) -> None:
    from app.store import api_keys

    with parts.store.read() as session:
        found = api_keys.get(session, key_id) or {}
    if as_json:
        print_json({**found, "key": text})
        return
    print(f"{line(found)}\nkeep it safe, it is shown this once:", file=sys.stderr)
    typer.echo(text)


def duration(text: str) -> timedelta:
    """Return how long a text such as 90d or 12h says."""
    found = re.fullmatch(r"(\d{1,5})([smhd])", text)
    if found is None or (lasting := timedelta(seconds=int(found[1]) * _UNITS[found[2]])) > timedelta(days=3650):
        raise typer.BadParameter(f"{text!r} is no duration such as 90d, 12h, 30m or 0s, of ten years at most")
    return lasting


def _matching(text: str, pattern: str, what: str, said: str) -> str:
    if re.fullmatch(pattern, text) is None:
        raise typer.BadParameter(f"{text!r} cannot be the {what} of a key, which has {said}")
    return text
