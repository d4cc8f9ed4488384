"""`/`: the newest verdicts, with facets that count, for people; `/feed.json` for programs, `/feed.atom` for readers."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api.callers import CallerDep
from app.api.parts import PartsDep
from app.api.problems import ApiError
from app.pages.parts import ForPeople, verdict_spark
from app.pages.shell import HEADERS, page, query, render, twin
from app.store import pages
from app.store.visible import Visible, visible_to

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(include_in_schema=False)
people = APIRouter(include_in_schema=False, route_class=ForPeople)

LIMIT = 50
RECORDS_MAX = 9
SINCE = {"day": 1, "week": 7, "month": 31}
COUNTS_SECONDS = 3  # counts are allowed to be so old
NAMES = {"status": "Status", "kind": "Reproduction", "reason_code": "Reason", "blame": "Blame"}

_VALUE = re.compile(r"[A-Za-z0-9_]{0,40}")


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


class _Counts:
    """The facets' counts, at most COUNTS_SECONDS old: every reader of the feed asks for the same ones."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[float, dict[str, dict[str, int]]]] = {}
        self._lock = Lock()

    def get(self, parts: Parts, seen: Visible) -> dict[str, dict[str, int]]:
        """Return the counts over what a reader may know of."""
        key = (parts.store.url, seen.key)
        with self._lock:
            now = time.monotonic()
            made, found = self._found.get(key, (float("-inf"), {}))
            if now - made > COUNTS_SECONDS:
                with parts.store.read() as session:
                    found = pages.counts(session, seen)
                fresh = {name: old for name, old in self._found.items() if now - old[0] <= COUNTS_SECONDS}
                self._found = {**fresh, key: (time.monotonic(), found)}
            return found


_counts = _Counts()


def read_feed(parts: Parts, wanted: Wanted, seen: Visible) -> dict[str, Any]:
    """Return what the feed shows."""
    since = None if wanted.since is None else datetime.now(UTC) - timedelta(days=SINCE[wanted.since])
    with parts.store.read() as session:
        found = pages.feed(session, wanted.facets, since, _place(wanted.before), LIMIT, seen)
    return {
        "verdicts": found.rows,
        "next": None if found.after is None else _cursor(found.after),
        "counts": _counts.get(parts, seen),
        "counted_over": pages.COUNTED,
        "filters": wanted.address,
    }


@people.get("/")
def read_page(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with the feed for people."""
    wanted = Wanted.of(request)
    seen = visible_to(caller)
    found = read_feed(parts, wanted, seen)
    for row in found["verdicts"]:
        row["shown"] = verdict_spark(row)
    with parts.store.read() as session:
        known = pages.public_records(session, RECORDS_MAX, seen) if not wanted.before and not wanted.facets else []
    answer = page(
        "feed.html",
        feed=found,
        address=wanted.address,
        names=NAMES,
        since=SINCE,
        records=known,
        here=query(wanted.address),
    )
    answer.headers["Vary"] = "Accept"
    return answer


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
    return Response(body, 200, {**HEADERS, "Cache-Control": "no-cache"}, "application/atom+xml; charset=utf-8")


def _cursor(place: tuple[datetime, str]) -> str:
    return base64.urlsafe_b64encode(f"{place[0].isoformat()}|{place[1]}".encode()).decode().rstrip("=")


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        at, _, verdict_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        return datetime.fromisoformat(at), verdict_id
    except ValueError:
        raise ApiError("invalid-request", "`before` is no place in the feed; begin again without it") from None
