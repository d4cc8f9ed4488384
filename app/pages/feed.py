"""`/`: the newest verdicts, with facets that count, for people; `/feed.json` for programs, `/feed.atom` for readers."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api.callers import CallerDep
from app.api.parts import PartsDep
from app.api.problems import ApiError
from app.core.model import Status
from app.pages import words
from app.pages.parts import ForPeople, sight, verdict_spark
from app.pages.shell import HEADERS, page, query, render, tagged, twin
from app.store import feed
from app.store.visible import Visible, visible_to

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(include_in_schema=False)
people = APIRouter(include_in_schema=False, route_class=ForPeople)

LIMIT = 50
RECORDS_MAX = 9
BEGINNING = (datetime.fromtimestamp(0, UTC), "")  # a place before every verdict
NEW_HEADERS = {"Cache-Control": "no-store"}
SINCE = {"day": 1, "week": 7, "month": 31}
NAMES = {"status": "Status", "kind": "Reproduction", "reason_code": "Reason", "blame": "Blame"}

#: What a filter can be called; a kind of reproduction that nobody offers yet has its name already.
KNOWN: dict[str, tuple[str, ...]] = {
    "status": tuple(Status),
    "kind": tuple(words.KIND),
    "reason_code": tuple(words.CODE),
    "blame": tuple(words.BLAME),
}
_VALUE = re.compile(r"[A-Za-z0-9_]{0,40}")
_VERDICT = re.compile(r"(vrd_[0-9a-z]{1,64})?")  # empty: the place before every verdict


@dataclass(frozen=True)
class Wanted:
    """The filters of a feed's address."""

    facets: dict[str, str]
    since: str | None
    before: str | None

    @classmethod
    def of(cls, request: Request) -> Wanted:
        """Read the filters, whatever else the address holds.

        Raises:
            ApiError: a value that no facet could have.

        """
        values = {name: request.query_params.get(name, "") for name in (*NAMES, "since")}
        odd = [name for name, value in values.items() if not _VALUE.fullmatch(value)]
        since = values.pop("since")
        if odd or since not in {"", *SINCE}:
            raise ApiError("invalid-request", f"`{(odd or ['since'])[0]}` has no such value; choose one of the listed")
        return cls(
            {name: value for name, value in values.items() if value},
            since or None,
            request.query_params.get("before") or None,
        )

    @property
    def address(self) -> dict[str, str | None]:
        """Return what the feed's address says, its place left out."""
        return {name: self.facets.get(name) for name in NAMES} | {"since": self.since}


def read_feed(parts: Parts, wanted: Wanted, seen: Visible) -> dict[str, Any]:
    """Return what the feed shows."""
    asked = _asked(wanted)
    with parts.store.read() as session:
        found = feed.page(session, asked, _place(wanted.before), LIMIT, seen)
        counts = feed.counts(session, asked, seen)
    rows = found.rows
    return {
        "verdicts": rows,
        "next": None if found.after is None else _cursor(found.after),
        "newest": None if wanted.before else _cursor((rows[0]["evaluated_at"], rows[0]["id"]) if rows else BEGINNING),
        "counts": counts,
        "filters": wanted.address,
    }


def _asked(wanted: Wanted) -> feed.Wanted:
    since = None if wanted.since is None else datetime.now(UTC) - timedelta(days=SINCE[wanted.since])
    return feed.Wanted(wanted.facets, since)


@people.get("/")
def read_page(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with the feed for people."""
    wanted = Wanted.of(request)
    seen = visible_to(caller)
    found = read_feed(parts, wanted, seen)
    for row in found["verdicts"]:
        row["shown"] = verdict_spark(row)
    with parts.store.read() as session:
        known = feed.public_records(session, RECORDS_MAX, seen) if not wanted.before and not wanted.facets else []
    answer = page(
        request,
        "feed.html",
        feed=found,
        address=wanted.address,
        names=NAMES,
        since=SINCE,
        records=known,
        here=query(wanted.address),
        sight=sight(caller),
        odd=_odd(wanted),
        offered=_offered(found["counts"], wanted),
    )
    answer.headers["Vary"] = "Accept"
    return answer


@router.get("/feed/new.json")
def read_new(parts: PartsDep, caller: CallerDep, request: Request, than: str = "") -> Response:
    """Answer with how many verdicts are newer than a place that the feed named, at most `most`."""
    wanted = Wanted.of(request)
    with parts.store.read() as session:
        number = feed.newer(session, _asked(wanted), _place(than or None) or BEGINNING, visible_to(caller))
    return Response(json.dumps({"new": number, "most": feed.NEW_MAX}), 200, NEW_HEADERS, "application/json")


@router.get("/feed.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with the feed for programs."""
    return twin(request, read_feed(parts, Wanted.of(request), visible_to(caller)))


@router.get("/feed.atom")
def read_atom(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with the feed for readers of feeds."""
    found = read_feed(parts, Wanted.of(request), visible_to(caller))
    base = str(request.base_url).rstrip("/")
    body = render("feed.atom", feed=found, base=base, here=query(found["filters"]))
    return tagged(request, body, "application/atom+xml; charset=utf-8", HEADERS)


def _offered(counts: dict[str, dict[str, int]], wanted: Wanted) -> dict[str, dict[str, int]]:
    """Return facet -> value -> how many, with the chosen value also where none has it."""
    chosen = {name: {value: 0} for name, value in wanted.facets.items() if value in KNOWN[name]}
    return {name: chosen.get(name, {}) | found for name, found in counts.items()}


def _odd(wanted: Wanted) -> list[dict[str, Any]]:
    """Return the filters whose value nothing can have, with what there is, and which of it was meant."""
    found = []
    for name, value in wanted.facets.items():
        known = {item.lower(): item for item in KNOWN[name]}
        if value not in KNOWN[name]:
            near = get_close_matches(value.lower(), known, 1)
            found.append(
                {"facet": name, "value": value, "known": KNOWN[name], "near": known[near[0]] if near else None}
            )
    return found


def _cursor(place: tuple[datetime, str]) -> str:
    return base64.urlsafe_b64encode(f"{place[0].isoformat()}|{place[1]}".encode()).decode().rstrip("=")


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    """Return the place that an address names: a moment that both databases can hold, and the id of a verdict or none.

    Raises:
        ApiError: it names none.

    """
    if cursor is None:
        return None
    try:
        at, _, verdict_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is not None and _VERDICT.fullmatch(verdict_id):
            return moment.astimezone(UTC), verdict_id
    except (ValueError, OverflowError):  # the second: a moment of the year 1 or 9999 that lies outside of them in UTC
        pass
    raise ApiError("invalid-request", "the address names no place in the feed; begin again without `before` or `than`")
