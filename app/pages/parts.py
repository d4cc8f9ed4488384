"""What the pages share: ids of the right form, the pictures of a verdict, and addresses that are HTML or JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from markupsafe import Markup
from starlette.routing import Match

from app.api.problems import not_found
from app.core.model import Expectation
from app.pages import pictures
from app.pages.band import Point
from app.pages.band_svg import both, spark
from app.pages.shell import Kept, wants_html

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from app.core.caller import Caller

PICTURES_MAX = 12  # of one verdict; a table's further cells keep their numbers
_SPARKS: Kept[tuple[dict[str, Any], Markup | None] | None] = Kept(4_096)
_RECORD = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ID = re.compile(r"[a-z]{3}_[0-9a-z]{1,64}")


async def _known_form(request: Request) -> str:
    """Answer 404 for what has not even the form of an id; some databases refuse to look for a NUL."""
    found = str(next(iter(request.path_params.values())))
    if not ID.fullmatch(found):
        raise not_found("page")
    return found


async def _record_name(record_id: str) -> str:
    """Answer 404 for what no record is called."""
    if not _RECORD.fullmatch(record_id):
        raise not_found("record")
    return record_id


RecordName = Annotated[str, Depends(_record_name)]
PageId = Annotated[str, Depends(_known_form)]


class ForPeople(APIRoute):
    """A route that only exists for who asks for HTML by name; programs find the route behind it."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, Any]:
        """See the base class."""
        headers = dict(scope.get("headers") or [])
        if not wants_html(headers.get(b"accept", b"").decode("latin-1")):
            return Match.NONE, {}
        return super().matches(scope)


def sight(caller: Caller) -> str:
    """Return by what right somebody sees what is closed: the word by which pages say it (`words.only`)."""
    if caller.operator:
        return "operator"
    return "here" if caller.loopback else "key" if caller.known else "nobody"


def verdict_pictures(verdict: dict[str, Any], kind: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Return for every comparison its words and its picture; None where there is nothing to draw.

    Of more comparisons than PICTURES_MAX those are drawn that do not match, then the first.
    """
    items = [pictures.comparison(document) for document in verdict["comparisons"]]
    drawings: dict[int, Markup] = {}
    for index in sorted(range(len(items)), key=lambda place: items[place].match):
        item = items[index]
        picture = pictures.of_comparison(item, kind, seeds[: len(item.values)])
        if picture is not None:
            drawings[index] = both(picture, f"band-{index}")
        if len(drawings) == PICTURES_MAX:
            break
    return [
        {"comparison": document, "held_to": pictures.held_to(item), "drawing": drawings.get(index)}
        for index, (document, item) in enumerate(zip(verdict["comparisons"], items, strict=True))
    ]


def expected_pictures(claim: dict[str, Any], runs: Sequence[dict[str, Any]] | None) -> list[Markup]:
    """Return what a claim expects as pictures, with what became of the measure runs that brought no value.

    Args:
        claim: a revision's document.
        runs: those of its verification; None while there is no verdict.

    """
    points: tuple[Point, ...] = (Point("measured", None, "not yet"),)
    if runs is not None:
        ended = [run for run in runs if run["purpose"] == "measure" and run["outcome"]]
        points = tuple(Point(f"seed {run['seed']}", None, _end_of(run)) for run in ended)
    drawn = []
    for index, document in enumerate(claim["expect"][:PICTURES_MAX]):
        picture = pictures.of_expectation(Expectation.model_validate(document), points)
        if picture is not None and points:
            drawn.append(both(picture, f"expected-{index}"))
    return drawn


def verdict_spark(verdict: dict[str, Any]) -> tuple[dict[str, Any], Markup | None] | None:
    """Return the comparison that a row of a table shows, the first that does not match or the first, and its spark.

    A verdict never changes, so its spark is drawn once.
    """
    return _SPARKS.get((verdict["id"],), lambda: _spark(verdict))


def _spark(verdict: dict[str, Any]) -> tuple[dict[str, Any], Markup | None] | None:
    rows = verdict["comparisons"]
    if not rows:
        return None
    shown = next((row for row in rows if not row["match"]), rows[0])
    item = pictures.comparison(shown)
    picture = pictures.of_comparison(item, verdict["kind"], ())
    return {**shown, "declared": pictures.rule(item)}, None if picture is None else spark(picture)


def _end_of(run: dict[str, Any]) -> str:
    outcome = run["outcome"]
    if outcome["kind"] != "exited":
        return str(outcome["kind"])
    return f"exit code {outcome['exit_code']}" if outcome.get("exit_code") else "no result"
