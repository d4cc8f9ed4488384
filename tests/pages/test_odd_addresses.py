"""Every page with addresses that nobody of ours writes: an answer that says what is wrong, and never a failure of ours.

The description of the interface, from which requests are made at random (`tests/api/test_described.py`), does not know the
pages; here they are asked in the same spirit, on both databases.
"""

from __future__ import annotations

import base64
import itertools
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_from_bytes
from xml.etree import ElementTree as ET

import pytest

from app.pages import compare
from app.pages.shell import render
from tests.api.tenants import World, worlds
from tests.pages.test_login import browser, logged_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "\u202e\uffff\U0001f600".encode(),
    b"' OR 1=1 --",
    b'"><script>alert(1)</script>',
    b"\r\nSet-Cookie: a=b",
    b"../../../../etc/passwd",
    b"%2e%2e%2f",
    b"-1",
    b"1e999",
    b"9" * 400,
    b"a" * 4000,
    b"ver_" + b"0" * 64,
    b"//example.org/",
)
#: Page or twin -> the parts of its address that it reads.
PAGES = {
    "/": ("status", "since", "before"),
    "/feed.json": ("kind", "before"),
    "/feed.atom": ("reason_code",),
    "/feed/new.json": ("blame", "than"),
    "/compare": ("claim", "verification"),
    "/compare.json": ("claim", "verification"),
    "/workers": ("part",),
    "/login": ("next",),
}
OF_ONE = (
    "claims/{}",
    "claims/{}.json",
    "records/{}",
    "records/{}.json",
    "verifications/{}",
    "runs/{}",
    "runs/{}/stdout.txt",
)
OTHERS = ("static/{}", "problems/{}", "schemas/{}", "paper/{}/manifest.json", "docs/{}", "{}", "v1/claims/{}/badge.svg")
PLACES = (
    "2020-01-01|vrd_0",
    "2020-01-01T00:00:00|vrd_0",
    "0001-01-01T00:00:00+14:00|vrd_0",
    "9999-12-31T23:59:59-14:00|vrd_0",
    "2020-01-01T00:00:00+00:00|vrd_\x00",
    "2020-01-01T00:00:00+00:00|" + "x" * 9000,
    "2020-01-01T00:00:00+00:00|VRD_0'",
    "|",
)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the service with things of several publishers, on both databases."""
    yield from worlds(request.param, migrated, tmp_path_factory.mktemp("odd"))


def addresses() -> Iterator[str]:
    """Yield every page with every odd value in every place."""
    for value in ODD:
        odd = quote_from_bytes(value, safe="")
        yield from (f"{page}?{name}={odd}" for page, names in PAGES.items() for name in names)
        yield from (f"/{path.format(odd)}" for path in (*OF_ONE, *OTHERS))


@pytest.mark.slow
def test_any_address_is_answered_and_none_is_a_failure_of_ours(world: World) -> None:
    clients = itertools.cycle((browser(world), logged_in(world, "alice")))
    seen = set()
    for address in addresses():
        answer = next(clients).get(address)
        assert answer.status_code in {200, 404, 422}, (address, answer.status_code)
        assert "set-cookie" not in answer.headers, address
        assert "<script>alert" not in answer.text or "html" not in answer.headers["content-type"], address
        if answer.status_code != 200:
            assert answer.headers["cache-control"] == "no-store", address
        seen.add(answer.status_code)
    assert seen == {200, 404, 422}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_place_in_the_feed_is_refused(world: World, place: str) -> None:
    cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    for path in (f"/?before={cursor}", f"/feed.json?before={cursor}", f"/feed/new.json?than={cursor}"):
        answer = browser(world).get(path, headers={"Accept": "application/json"})
        assert answer.status_code == 422 or path.startswith("/?"), path  # programs find the front door there
        page = browser(world).get(path, headers={"Accept": "text/html"})
        assert (page.status_code, "no place in the feed" in page.text) == (422, True), path


@pytest.mark.parametrize("path", ["/claims/clm_none", "/nothing", "/runs/run_none/stdout.txt", "/?before=x", "/"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_head_tells_of_a_wrong_address_what_get_tells(world: World, path: str, accept: str) -> None:
    asked, told = (browser(world).request(method, path, headers={"Accept": accept}) for method in ("GET", "HEAD"))
    assert told.content == b""
    assert told.status_code == asked.status_code
    for name in ("content-type", "content-length", "cache-control", "vary"):
        assert told.headers.get(name) == asked.headers.get(name), name


def test_no_cache_keeps_an_error_and_what_is_somebodys_own_is_kept_for_him_alone(world: World) -> None:
    alice, stranger = logged_in(world, "alice"), browser(world)
    evidence = "/v1/verdicts/{verdict_id}/evidence".format(**world.hidden)
    assert stranger.get(evidence).headers["cache-control"] == "no-store"
    mine = alice.get(evidence)
    assert mine.status_code == 200
    assert mine.headers["cache-control"].startswith("private,")
    assert {"Authorization", "Cookie"} <= set(mine.headers["vary"].split(", "))
    atom = alice.get("/feed.atom")
    assert atom.headers["cache-control"].startswith("private,")
    assert alice.get("/feed.atom", headers={"If-None-Match": atom.headers["etag"]}).status_code == 304
    assert "vary" not in stranger.get("/v1/verdicts/{verdict_id}".format(**world.shown)).headers
    assert stranger.get("/", headers={"Accept": "application/json"}).headers["vary"] == "Accept"


def test_no_sign_makes_the_feed_unreadable() -> None:
    row = {name: f"x\uffff\ufffe{quote('&')}<" for name in ("status", "claim", "id", "claim_id", "publisher", "reason")}
    row |= {"evaluated_at": None, "closed": False}
    body = render("feed.atom", feed={"verdicts": [row]}, base="http://127.0.0.1", here="?")
    assert "U+FFFF" in ET.fromstring(body.decode()).findtext("{*}entry/{*}summary", "")  # noqa: S314 - our own


def test_of_many_fields_each_stands_once() -> None:
    """A table may have thousands of cells and a bundle two thousand files."""
    names = [f"file {number}" for number in range(4000)]
    jobs = [{name: f"{name} {number if odd % 2 else 0}" for odd, name in enumerate(names)} for number in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "_flat", lambda job: job)
        found = compare.differences(jobs)
    assert [row["field"] for row in found["differ"]] == names[1::2]
    assert [row["field"] for row in found["same"]] == names[::2]
