"""What a page tells its reader to do next: where to look, what was meant, what of many numbers matters."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from app.pages import shell
from app.pages.claim import ROWS_MAX, apart
from app.pages.parts import PICTURES_MAX, expected_pictures, verdict_pictures
from app.pages.run import in_order
from bench.rows import COMPARISON
from tests.pages.conftest import CLOSED, STRANGER
from tests.pages.test_pages import read, without_request

if TYPE_CHECKING:
    from tests.pages.conftest import Site


def comparisons(number: int, odd: set[int]) -> list[dict[str, Any]]:
    """Return so many comparisons, those at the places `odd` without a match."""
    one = json.loads(COMPARISON)
    other = one | {"computed": "9.7", "values": ["9.7"], "match": False, "code": "MISMATCH"}
    return [(other if place in odd else one) | {"metric": f"m{place}"} for place in range(number)]


def test_of_many_comparisons_those_that_do_not_match_are_drawn_and_shown_first() -> None:
    odd = {70, 90, 93}
    found = verdict_pictures({"comparisons": comparisons(100, odd)}, "formula", [0])
    drawn = {place for place, item in enumerate(found) if item["drawing"]}
    assert drawn == odd | set(range(PICTURES_MAX - len(odd)))
    assert "m70" in str(found[70]["drawing"])
    shown, folded = apart(found)
    assert [item["comparison"]["metric"] for item in shown[:4]] == ["m70", "m90", "m93", "m0"]
    assert (len(shown), len(folded)) == (ROWS_MAX, 100 - ROWS_MAX)
    assert apart(found[:ROWS_MAX]) == (found[:ROWS_MAX], []), "few stand in the order of the claim"


def test_what_a_claim_is_held_to_is_drawn_before_there_is_a_verdict() -> None:
    claim = {"expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}]}
    (drawing,) = expected_pictures(claim, None)
    assert "∅ not yet" in drawing
    assert "accepted from 8.65 to 8.75 points; no value." in drawing
    assert expected_pictures(claim, []) == []


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("application/json, text/html", True),
        ("application/json;q=0.5, text/html;q=0.9", True),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0", False),
        ("text/html;q=0.000, */*", False),
        ("text/html;q=nonsense", True),
        ("application/json", False),
        ("text/htmlx", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_page_is_for_who_asks_for_it_by_name_and_not_less_gladly_than_for_json(accept: str, *, html: bool) -> None:
    assert shell.wants_html(accept) is html


def test_of_a_run_that_failed_by_itself_the_stream_that_says_why_comes_first() -> None:
    assert in_order({"exit_code": 1}) == ("stderr", "stdout")
    assert in_order({"exit_code": 0}) == in_order({"exit_code": None}) == in_order(None) == ("stdout", "stderr")


@pytest.mark.box
def test_a_wrong_address_is_told_what_it_may_mean_whether_or_not_that_is_there(site: Site) -> None:
    known, closed = (site.verification(name)["claim"]["id"] for name in ("crashes", CLOSED))
    unknown = "clm_" + "0" * 26
    told = []
    for name in (known, closed, unknown):
        page = site.get(f"/claim/{name}")
        assert f"/claims/{name}" in read(page, 404).links
        told.append(without_request(page.text).replace(name, ""))
    assert told[0] == told[1] == told[2]
    assert ".." not in read(site.get("/nowhere"), 404).text
    assert "Did you mean" not in site.get("/nowhere").text
    refused = read(site.get("/?since=never"), 422).text
    assert "since has no such value; choose one of the listed." in " ".join(refused.split())
    assert "says which" not in refused


@pytest.mark.box
def test_a_claim_that_nothing_was_measured_of_leads_to_what_its_run_wrote(site: Site) -> None:
    run = next(item for item in site.verification("crashes")["runs"] if item["purpose"] == "measure")
    page = read(site.get(site.claim("crashes")))
    assert "What it did and wrote: measure-0" in page.text
    assert f"/runs/{run['id']}" in page.links
    assert "What it did and wrote" not in site.get(site.claim("five-runs")).text


@pytest.mark.box
def test_what_waits_leads_to_the_workers_and_what_was_cancelled_says_how_to_begin_again(site: Site) -> None:
    job = site.submit_waiting("next")
    claim = f"/claims/{site.data(f'/verifications/{job}.json')['claim']['id']}"
    assert "Who works, and what waits" in site.get(f"/verifications/{job}").text
    assert "What it is held to" in site.get(claim).text
    assert "∅ not yet" in site.get(claim).text
    assert re.search(r"\d+ waiting, the oldest for|waiting and no worker is there", read(site.get("/workers")).text)
    assert site.post(f"/v1/verifications/{job}/cancel").status_code == 202
    ended = read(site.get(f"/verifications/{job}")).text
    assert "Submit the bundle again to have it judged." in ended
    assert "Who works, and what waits" not in ended
    assert "Its verification was cancelled: somebody" in read(site.get(claim)).text


@pytest.mark.box
def test_a_record_leads_from_its_verdict_to_its_claims(site: Site) -> None:
    page = read(site.get(f"/records/{site.verification('student-sleep')['record_id']}"))
    assert "#claims" in page.links
    closed = read(site.get(f"/records/{site.verification(CLOSED)['record_id']}", **STRANGER))
    assert "#claims" not in closed.links


@pytest.mark.box
def test_a_record_shows_of_each_open_claim_what_was_expected_and_computed(site: Site) -> None:
    job = site.verification("xlmr-struct")
    page = site.get(f"/records/{job['record_id']}").text
    rows = {row[1]: row[0] for row in re.findall(r'(<tr data-row>.*?href="/claims/([^"]+)".*?</tr>)', page)}
    assert rows.keys() == {item["claim_id"] for item in site.data(f"/records/{job['record_id']}.json")["claims"]}
    (one,) = job["verdict"]["comparisons"][:1]
    shown = rows[job["claim"]["id"]]
    assert re.search(rf">{re.escape(one['expected'])} → {re.escape(one['computed'][:8])}", shown)
    assert shown.count('<svg class="spark"') == 1
    crashed = site.get(f"/records/{site.verification('crashes')['record_id']}").text
    assert "nothing measured" in crashed
