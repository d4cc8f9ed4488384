"""While no key exists, whoever sits at this machine is the publisher: his closed things are on every page and in every list.

What a page of another site makes his browser ask for, and everybody once a key exists, is a stranger's as ever.
"""

from __future__ import annotations

import html
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.api import callers
from app.core.caller import USUAL
from tests.api.service import Service, Sums, open_service
from tests.api.tenants import bundle, ids_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2

PAGES = ("/claims/{claim_id}", "/records/{record_id}", "/verifications/{verification_id}", "/runs/{run_id}")
MORE = ("/compare?claim={claim_id}", "/v1/claims/{claim_id}", "/v1/claims/{claim_id}/badge.svg")
LISTS = ("/", "/feed.json", "/feed.atom", "/v1/claims", "/v1/verdicts", "/v1/verifications", "/v1/records")
ELSEWHERE = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"})
ONLY = "Only you see this"


@pytest.fixture
def service(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Give the service as `assay serve` starts it first: no key, this machine alone."""
    monkeypatch.setattr(callers, "ASKED_SECONDS", 0.0)
    yield from open_service(migrated, tmp_path)


def closed_things(service: Service) -> dict[str, dict[str, str]]:
    """Return the ids of a claim of a private record, and of one of a public record whose claims are closed."""
    private = ids_of(service.conclude(Sums(), bundle("wombat-private", "wombat-hidden")))
    shut = ids_of(service.conclude(Sums(), bundle("wombat-shut", "wombat-shown")))
    put = {"visibility": "private", "title": "The wombat-hidden record"}
    assert service.client.put("/v1/records/wombat-hidden", json=put).status_code == 200
    return {"wombat-private": private, "wombat-shut": shut}


def ask(service: Service, path: str, accept: str = "text/html", **headers: str) -> httpx2.Response:
    return service.client.get(path, headers={"Accept": accept, **headers})


def shown(service: Service, **headers: str) -> dict[str, str]:
    """Return what every list says."""
    return {path: ask(service, path, "text/html" if path == "/" else "*/*", **headers).text for path in LISTS}


def test_the_local_publisher_finds_all_that_is_closed_on_pages_and_in_lists(service: Service) -> None:
    known = closed_things(service)
    for name, ids in known.items():
        for path in (*PAGES, *MORE):
            answer = ask(service, path.format(**ids))
            assert answer.status_code == 200, path
            if path in PAGES and "/records/" not in path:
                assert ONLY in answer.text, path
                assert "Published by local" in answer.text, path
                assert json.loads(ask(service, path.format(**ids) + ".json", "*/*").text)["closed"] is True
        for path, text in shown(service).items():
            assert (ids["record_id"] if path == "/v1/records" else name) in text, path
    assert ONLY in ask(service, "/records/wombat-hidden").text
    counts = json.loads(ask(service, "/feed.json", "*/*").text)["counts"]["status"]
    assert sum(counts.values()) == sum(service.client.get("/v1/verdicts/summary").json()["status"].values()) == 2


def test_a_public_claim_is_marked_nowhere(service: Service) -> None:
    ids = ids_of(service.conclude(Sums(), bundle("open-gain", None)))
    for path in ("/", *(path for path in PAGES if "record" not in path)):
        text = ask(service, path.format(**ids)).text
        assert "open-gain" in text
        assert ONLY not in text, path
    assert "closed" not in ask(service, "/feed.atom", "*/*").text


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_what_another_page_makes_the_browser_ask_for_is_a_strangers(service: Service, headers: dict[str, str]) -> None:
    known = closed_things(service)
    for ids in known.values():
        for path in ("/claims/{claim_id}", "/v1/claims/{claim_id}/badge.svg", "/v1/verifications/{verification_id}"):
            assert ask(service, path.format(**ids), **headers).status_code == 404, path
    for path, text in shown(service, **headers).items():
        assert not re.search("wombat-(private|shut|hidden)", text), path
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert ask(service, f"/claims/{ids['claim_id']}", **followed).status_code == 200, "a link that he follows himself"
    framed = followed | {"Sec-Fetch-Dest": "iframe"}
    assert ask(service, f"/claims/{ids['claim_id']}", **framed).status_code == 404


def test_from_the_first_key_on_who_shows_none_sees_nothing_closed(service: Service) -> None:
    known = closed_things(service)
    before = {path: ask(service, path.format(**ids)).text for ids in known.values() for path in PAGES}
    _, key = actions.create_key(service.parts, actions.NewKey("local", "", USUAL))
    for ids in known.values():
        for path in PAGES:
            hidden = path != "/records/{record_id}" or ids is known["wombat-private"]
            assert ask(service, path.format(**ids)).status_code == (404 if hidden else 200), path
            mine = ask(service, path.format(**ids), Authorization=f"Bearer {key}")
            assert mine.status_code == 200
            assert (ONLY in mine.text) == (ONLY in before[path]) or path == "/records/{record_id}"
    for path, text in shown(service).items():
        assert not re.search("wombat-(private|shut|hidden)", text), path


def test_the_commands_of_a_closed_claim_show_a_key_where_one_is_needed(service: Service) -> None:
    ids = closed_things(service)["wombat-shut"]
    free = ids_of(service.conclude(Sums(), bundle("open-gain", None)))
    shows = 'curl -H "Authorization: Bearer $ASSAY_TOKEN" -o evidence.tar.gz'

    def commands(of: dict[str, str], **headers: str) -> set[bool]:
        texts = (html.unescape(ask(service, path.format(**of), **headers).text) for path in (PAGES[0], PAGES[3]))
        return {shows in text for text in texts}

    assert commands(ids) == {False}, "on this machine without keys there is none to show"
    _, key = actions.create_key(service.parts, actions.NewKey("local", "", USUAL))
    token: dict[str, Any] = {"Authorization": f"Bearer {key}"}
    assert commands(ids, **token) == {True}
    assert commands(free, **token) == {False}
    assert key not in ask(service, PAGES[0].format(**ids), **token).text
    told = ask(service, f"/v1/verdicts/{ids['verdict_id']}/evidence", "*/*", **token)
    assert told.status_code == 200, "the command that is printed works"
    assert ask(service, f"/v1/verdicts/{ids['verdict_id']}/evidence", "*/*").status_code == 404


def test_claims_of_one_name_are_told_apart_by_their_publishers(service: Service) -> None:
    for publisher in ("Ada", "Bea"):
        _, key = actions.create_key(service.parts, actions.NewKey(publisher, "", USUAL))
        service.client.headers["Authorization"] = f"Bearer {key}"
        service.conclude(Sums(), bundle("same-name", None))
        time.sleep(0.002)  # ids are in the order of time
    del service.client.headers["Authorization"]
    page = ask(service, "/").text
    assert [name for name in re.findall(r"· (\w+)</span>", page) if name in {"Ada", "Bea"}] == ["Bea", "Ada"]
    rows = json.loads(ask(service, "/feed.json", "*/*").text)["verdicts"]
    assert [(row["claim"], row["publisher"], row["closed"]) for row in rows] == [
        ("same-name", "Bea", False),
        ("same-name", "Ada", False),
    ]
    assert re.findall(r"<author><name>(Ada|Bea)</name>", ask(service, "/feed.atom", "*/*").text) == ["Bea", "Ada"]
