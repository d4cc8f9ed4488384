"""`assay hooks`: the endpoints that are told of events, on the host of the service whose state lies below $ASSAY_HOME.

What a publisher does over HTTP the operator does here for any publisher, and without a key: who may read the service's
files needs none.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.webhook import SUBSCRIBABLE, Event
from cli.api_keys import duration, opened
from cli.options import AsJson, AsJsonLines, as_typed, print_json, read_settings
from cli.words import say

if TYPE_CHECKING:
    from app.actions import Parts
    from app.store.lists import Listed, Wanted

app = typer.Typer(
    no_args_is_help=True,
    help="Endpoints that are told of events by webhook.",
    rich_markup_mode=None,
)
EndpointId = Annotated[str, typer.Argument(help="whe_…, as `assay hooks list` shows.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="At most so many lines, newest first.")]
DELIVERY_STATES = ("pending", "delivered", "dead")
USUAL = tuple(name for name in SUBSCRIBABLE if name != Event.OFFLINE)


@app.command()
def add(  # noqa: PLR0913 - options of a command
    url: Annotated[str, typer.Argument(help="https://…, or an address that ASSAY_OUTSIDE_ALLOW opens.")],
    publisher: Annotated[
        str | None, typer.Option(help="Whose claims it is told of; by default the setting ASSAY_PUBLISHER.")
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            help=f"An event it is told, once for each: {', '.join(SUBSCRIBABLE)}. By default all that a publisher hears."
        ),
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    operator: Annotated[bool, typer.Option("--operator", help="Tell it of workers that are gone, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make an endpoint. Its secret is printed now and never again."""
    from app import actions

    settings = read_settings()
    events = list(event or (SUBSCRIBABLE if operator else USUAL))
    whose = publisher or settings.publisher
    with opened(settings, create=True) as parts, as_typed(f"publisher {whose}", url=f"URL {url}", events="--event"):
        made, secret = actions.create_endpoint(parts, whose, url, events, description, operator=operator)
    if as_json:
        print_json({**made, "secret": secret})
        return
    print(f"{_line(made)}\nits secret, shown this once:", file=sys.stderr)
    typer.echo(secret)


@app.command("list")
def list_endpoints(
    publisher: Annotated[str | None, typer.Option(help="Only of this publisher.")] = None, as_json: AsJsonLines = False
) -> None:
    """Show the endpoints of all publishers, newest first."""
    from app.store import hook_lists

    with opened(read_settings()) as parts:
        found = _all(parts, lambda session, wanted: hook_lists.of_publisher(session, wanted, publisher))
    for row in found:
        say(_line(row)) if not as_json else print_json(row)


@app.command()
def rotate(
    endpoint_id: EndpointId,
    overlap: Annotated[str, typer.Option(help="How long the old secret signs too, such as 1d or 0s.")] = "1d",
) -> None:
    """Give an endpoint a new secret and print it."""
    from app import actions
    from app.actions.webhooks import OVERLAP_SECONDS_MAX

    lasting = duration(overlap).total_seconds()
    if lasting > OVERLAP_SECONDS_MAX:
        raise typer.BadParameter("two secrets sign side by side for seven days at most")
    with opened(read_settings()) as parts:
        secret = actions.rotate_endpoint(parts, endpoint_id, None, lasting)
    if secret is None:
        raise _unknown(endpoint_id)
    typer.echo(secret)


@app.command()
def enable(endpoint_id: EndpointId) -> None:
    """Let an endpoint be told of events again; what it missed is replayed one by one."""
    _change(endpoint_id, "enabled")


@app.command()
def disable(endpoint_id: EndpointId) -> None:
    """Tell an endpoint nothing until it is enabled; what waits for it is given up."""
    _change(endpoint_id, "disabled")


@app.command()
def remove(endpoint_id: EndpointId) -> None:
    """Forget an endpoint's address and secrets; what waits for it is given up."""
    from app import actions

    with opened(read_settings()) as parts:
        if not actions.give_up_endpoint(parts, endpoint_id, None):
            raise _unknown(endpoint_id)
    typer.echo(f"{endpoint_id} is removed", err=True)


@app.command()
def test(endpoint_id: EndpointId) -> None:
    """Send an endpoint an event that says nothing, and print the delivery's id."""
    from app import actions

    with opened(read_settings()) as parts, as_typed(endpoint_id):
        sent = actions.test_endpoint(parts, endpoint_id, None)
    if sent is None:
        raise _unknown(endpoint_id)
    typer.echo(sent)


@app.command()
def deliveries(
    endpoint_id: EndpointId,
    state: Annotated[str | None, typer.Option(help="pending, delivered or dead.")] = None,
    limit: Limit = 50,
    as_json: AsJsonLines = False,
) -> None:
    """Show what was sent to an endpoint and what it answered, newest first."""
    from app.store import hook_lists
    from app.store.lists import Wanted

    if state not in {None, *DELIVERY_STATES}:
        raise typer.BadParameter(f"a delivery is {', '.join(DELIVERY_STATES)}; not {state!r}")
    filters = {"endpoint_id": endpoint_id} | ({} if state is None else {"state": state})
    with opened(read_settings()) as parts:
        with parts.store.read() as session:
            found = hook_lists.deliveries(session, Wanted(limit, filters)).rows
        known = found or _all(parts, lambda session, wanted: hook_lists.of_publisher(session, wanted, None))
    if not found and endpoint_id not in {row["id"] for row in known}:
        raise _unknown(endpoint_id)
    for row in found:
        if as_json:
            print_json(row)
        else:
            say(_told(row))


@app.command()
def replay(delivery_id: Annotated[str, typer.Argument(help="msg_…, as `assay hooks deliveries` shows.")]) -> None:
    """Deliver again what was taken or given up, or try now what waits, under its id."""
    from app import actions

    with opened(read_settings()) as parts, as_typed(delivery_id):
        before = actions.replay_delivery(parts, delivery_id, None)
        if before is None:
            raise typer.BadParameter(f"there is no delivery {delivery_id}; see `assay hooks deliveries`")
    said = "is tried now" if before == "pending" else f"was {before} and is delivered again"
    typer.echo(f"{delivery_id} {said}", err=True)


def _change(endpoint_id: str, state: str) -> None:
    from app import actions

    with opened(read_settings()) as parts:
        if actions.change_endpoint(parts, endpoint_id, None, {"state": state}) is None:
            raise _unknown(endpoint_id)
    typer.echo(f"{endpoint_id} is {state}", err=True)


def _all(parts: Parts, page: Any) -> list[dict[str, Any]]:
    """Return every row of a list, page by page."""
    from app.store.lists import Wanted

    found: list[dict[str, Any]] = []
    wanted: Wanted | None = Wanted(200)
    with parts.store.read() as session:
        while wanted is not None:
            listed: Listed = page(session, wanted)
            found += listed.rows
            wanted = None if listed.after is None else Wanted(200, after=listed.after)
    return found


def _unknown(endpoint_id: str) -> typer.BadParameter:
    return typer.BadParameter(f"there is no endpoint {endpoint_id}; see `assay hooks list`")


def _line(row: dict[str, Any]) -> str:
    state = row["state"] if row["reason"] is None else f"{row['state']}: {row['reason']}"
    whose = f"{row['publisher']} (operator)" if row["operator"] else row["publisher"]
    return "  ".join([row["id"], whose, row["url"], ",".join(row["events"]), state])


def _told(row: dict[str, Any]) -> str:
    last = row["log"][-1] if row["log"] else None
    said = "" if last is None else last["error"] or f"answered {last['status']} after {last['duration_ms']} ms"
    due = row["next_attempt_at"]
    then = "under way" if row["under_way"] else "" if due is None else f"next {due:%Y-%m-%d %H:%M:%S}"
    fields = [row["id"], f"{row['created_at']:%Y-%m-%d %H:%M:%S}", row["event"], row["state"]]
    return "  ".join([*fields, f"attempts {len(row['log'])}", *(text for text in (said, then) if text)])
