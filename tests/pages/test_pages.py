"""The pages as a browser without scripts gets them, over examples that were really run."""

from __future__ import annotations

import hashlib
import html
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute

from app.core.attacks import PLAIN
from app.core.attacks_moves import OTHER_ROWS
from app.core.attacks_roles import LEADERS
from app.core.codes import SEVERITY
from app.core.controls_anchored import HUNDRED
from app.core.controls_catalogue import CATALOGUE, PROOF_CATALOGUE
from app.core.lifecycle import RUN, VERIFICATION
from app.core.model import Attacker, Blame, ControlResult, OutcomeKind, Purpose, Status
from app.core.perturb_moves import ENDED
from app.core.perturb_roles import REPEATED
from app.core.reasons import BLAME
from app.pages import feed, records, shell, words
from app.pages.router import MODULES
from app.store import auditing
from tests.pages.conftest import CLOSED, HIDDEN, SHOWN, STRANGER

if TYPE_CHECKING:
    import httpx2

    from tests.pages.conftest import Site


pytestmark = pytest.mark.box


class Read(HTMLParser):
    """What a page says and where it leads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append(tag)
        self.attributes += known
        self.ids += [known["id"]] if known.get("id") else []
        if tag == "a":
            self.links.append(known["href"] or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def read(answer: httpx2.Response, status: int = 200) -> Read:
    assert answer.status_code == status, answer.text[:2000]
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return Read(answer.text)


def addresses(site: Site) -> dict[str, str]:
    """Return an address of every kind of page."""
    job = site.verification("student-sleep")
    other = site.verification("revised")["id"]
    return {
        "feed": "/",
        "claim": site.claim("seed-8-7-tydiqa"),
        "claim of several metrics": site.claim("student-sleep"),
        "claim without a measurement": site.claim("crashes"),
        "verification": f"/verifications/{job['id']}",
        "run": f"/runs/{job['runs'][0]['id']}",
        "workers": "/workers",
        "webhooks": "/webhooks",
        "records": "/records",
        "record": f"/records/{site.verification('student-sleep')['record_id']}",
        "compare": f"/compare?verification={job['id']}&verification={other}",
        "compare of one claim": f"/compare?claim={job['claim']['id']}",
        "guide": "/read",
    }


def test_every_page_is_sealed_off_has_unique_ids_and_leads_only_to_pages_that_are_there(site: Site) -> None:
    led: set[str] = set()
    for name, path in addresses(site).items():
        answer = site.get(path)
        page = read(answer)
        policy = dict(item.split(" ", 1) for item in answer.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
        assert len(set(page.ids)) == len(page.ids), name
        assert not {"style", "iframe", "object", "base"} & set(page.tags), name
        assert [item for item in page.attributes if item.startswith("on") or item == "style"] == []
        assert page.tags.count("h1") == 1
        led |= {link for link in page.links if link.startswith("/")}
        led |= {
            path.partition("?")[0] + link for link in page.links if link.startswith("#") and link[1:] not in page.ids
        }
    missing = {link: site.get(link).status_code for link in sorted(led)}
    assert {link: status for link, status in missing.items() if status != 200} == {}
    assert len(missing) > 30


def test_every_page_has_a_twin_for_programs(site: Site) -> None:
    for name, path in addresses(site).items():
        front, mark, rest = path.partition("?")
        twin = "/feed.json" if name == "feed" else f"{front}.json{mark}{rest}"
        answer = site.get(twin, "application/json")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json"), twin
        assert answer.json()
        again = site.get(twin, "application/json", If_None_Match=answer.headers["ETag"])
        if name != "workers" and not name.startswith("compare"):
            assert again.status_code == 304


def test_every_page_and_twin_answers_head_as_it_answers_get(site: Site) -> None:
    places = [*addresses(site).values(), "/feed.json", "/feed.atom", shell.static("assay.css")]
    for path in places:
        asked = site.client.head(path, headers={"Accept": "text/html"})
        told = {name: asked.headers.get(name) for name in ("Content-Type", "ETag", "Content-Security-Policy")}
        got = site.get(path)
        assert (asked.status_code, asked.content) == (200, b""), path
        assert told == {name: got.headers.get(name) for name in told}, path
    assert site.client.head("/", headers={"Accept": "*/*"}).status_code == 200
    assert site.client.head("/claims/clm_none").status_code == 404


def test_the_feed_shows_the_rule_that_was_declared_whatever_came_of_it(site: Site) -> None:
    html = site.get("/").text
    shown = {
        re.sub("<[^>]+>", "", item).strip()
        for item in re.findall(r'<td data-label="Rule"><span class="note">(.*?)</span>', html)
    }
    declared = {
        f"±{row['tolerance']} points" if row["rule"] == "points" else f"{row['rule']} {row['tolerance'] or ''}".strip()
        for verdict in site.data("/feed.json")["verdicts"]
        for row in verdict["comparisons"]
    }
    assert "rounding" in shown
    assert any(" " in item for item in shown & declared), shown
    assert {item for item in shown if not item.startswith(("bounded", "interval"))} <= declared


def test_the_command_that_checks_an_archive_names_the_judges_keys(site: Site) -> None:
    for path in (site.claim("seed-8-7-tydiqa"), "/read"):
        found = site.get(path).text
        assert "assay evidence verify evidence.tar.gz --key keys.json" in found
        assert "/.well-known/assay-keys.json" in found


def test_a_run_with_nothing_to_do_says_so_in_words(site: Site) -> None:
    job = site.verification("five-runs")
    idle = [run for run in job["runs"] if run["outcome"]["limit"] == "underivable"]
    assert idle
    for run in idle:
        shown = read(site.get(f"/runs/{run['id']}")).text
        assert "Not executed: there was nothing that this run could change." in shown
        (note,) = run["outcome"]["notes"]
        assert note[1:] in shown
        assert "0 ms" not in shown
    ended = site.data("/workers.json")["outcomes"]["runs"]
    assert ended["not executed"] >= len(idle)
    assert "cancelled" not in ended
    whole = read(site.get(f"/verifications/{job['id']}")).text
    assert f"not executed {idle[0]['outcome']['notes'][0]}" in whole


def test_programs_find_the_front_door_where_people_find_the_feed(site: Site) -> None:
    for accept in ("application/json", "*/*", ""):
        assert site.get("/", accept).json()["name"] == "Assay"
    answer = site.get("/", "text/html,application/xhtml+xml,*/*;q=0.8")
    assert "<h1>Verdicts</h1>" in answer.text
    assert answer.headers["Vary"] == "Accept"


def test_a_claim_shows_its_sentence_its_kind_beside_the_badge_and_every_attack_with_what_it_cannot_prove(
    site: Site,
) -> None:
    for example in SHOWN:
        verdict = site.verification(example)["verdict"]
        page = read(site.get(site.claim(example)))
        if example == "student-sleep":  # another revision stands
            continue
        assert verdict["reason"] in page.text
        kind = site.verification(example)["claim"]["kind"]
        assert re.search(f"{verdict['status'].capitalize()} {kind}:", page.text)
        told = [page.text.index(control["detail"]) for control in verdict["controls"] if control["result"] == "fail"]
        rest = [page.text.index(control["detail"]) for control in verdict["controls"] if control["result"] == "pass"]
        assert not told or not rest or max(told) < max(rest)
        for control in verdict["controls"]:
            assert control["detail"] in page.text
            assert control["cannot_prove"] in page.text
            alike = sum(control["effect"] == other["effect"] for other in verdict["controls"])
            assert page.text.count(control["effect"]) >= alike
        assert f"{site.url}/v1/verdicts/{verdict['id']}/evidence" in page.text


def test_a_verdict_whose_evidence_is_damaged_says_so_on_every_page_and_on_its_badge(site: Site) -> None:
    verdict = site.verification("crashes")["verdict"]
    claim = site.claim("crashes")
    pages = ("/", claim, f"/verifications/{verdict['verification_id']}")
    badge = f"/v1{claim}/badge.json"
    assert not any("Evidence damaged" in site.get(page).text for page in pages)
    immutable = site.get(f"/v1/verdicts/{verdict['id']}", "application/json").headers["Cache-Control"]
    store = site.station.parts.store
    with store.transaction() as session:
        auditing.raise_alarm(session, verdict["id"], "as this test says")
    try:
        assert [page for page in pages if "Evidence damaged" not in site.get(page).text] == []
        assert "counts for nothing until the operator has restored it" in read(site.get(claim)).text
        assert site.data(badge)["message"] == "evidence damaged"
        answer = site.get(f"/v1/verdicts/{verdict['id']}", "application/json")
        assert answer.json()["evidence_holds"] is False
        assert ("immutable" in immutable, answer.headers["Cache-Control"]) == (True, "no-cache")
        rows = site.data("/feed.json")["verdicts"]
        assert {row["id"] for row in rows if not row["evidence_holds"]} == {verdict["id"]}
    finally:
        with store.transaction() as session:
            auditing.resolve_alarm(session, verdict["id"])


def test_a_verdict_names_the_revision_of_its_claim_or_none(site: Site) -> None:
    """The verdict's own row counts plans under the same word."""
    for row in site.data("/feed.json")["verdicts"]:
        job = site.data(f"/verifications/{row['verification_id']}.json")
        assert row["revision"] == job["claim"]["revision"]
        assert "revision" not in site.data(f"/claims/{row['claim_id']}.json")["verdict"]


def test_changes_of_inputs_are_told_in_words(site: Site) -> None:
    """A `*` stands for several inputs, and tells a reader nothing."""
    told = {
        words.changed(run["derivation"]) for job in SHOWN for run in site.verification(job)["runs"] if run["derivation"]
    }
    assert "without its inputs and parameters" in told
    assert "each printed value shifted in turn" in told
    assert [text for text in told if "*" in text] == []


@pytest.mark.parametrize(
    ("attack", "last"),
    [
        ("hardcoded", PLAIN),
        ("recognised", ENDED),
        ("pinned", OTHER_ROWS),
        ("turned", LEADERS),
        ("anchored", HUNDRED),
        ("input_response", REPEATED[-1]),
    ],
)
def test_every_change_of_a_control_has_its_words(attack: str, last: int) -> None:
    assert len(words.ATTACK[attack]) == last


def test_names_between_backticks_are_shown_as_code() -> None:
    assert shell.ticks("see `a<b` & go") == "see <code>a&lt;b</code> &amp; go"
    assert shell.ticks("<i>") == "&lt;i&gt;"


def test_a_claim_keeps_every_revision_and_verdict_in_sight(site: Site) -> None:
    page = read(site.get(site.claim("student-sleep")))
    old, new = site.verification("student-sleep"), site.verification("revised")
    assert (old["verdict"]["status"], new["verdict"]["status"]) == ("VERIFIED", "FALSIFIED")
    for job in (old, new):
        assert job["verdict"]["reason"] in page.text
        assert f"/verifications/{job['id']}" in page.links
    assert page.text.index("Revision 2, the newest") < page.text.index("Revision 1")


def test_a_verification_shows_every_run_by_its_purpose(site: Site) -> None:
    job = site.verification("revised")
    page = read(site.get(f"/verifications/{job['id']}"))
    assert {f"/runs/{run['id']}" for run in job["runs"]} <= set(page.links)
    assert {run["purpose"] for run in job["runs"]} == {"measure", "repeat", "perturb", "confirm"}
    assert "hx-get" not in page.attributes, "what has ended does not change"
    found = site.data(f"/verifications/{job['id']}.json")
    assert found["runs_least"] <= found["runs_done"] <= found["runs_most"]


def test_a_run_says_what_it_did_and_what_it_said_line_by_line(site: Site) -> None:
    run = site.verification("crashes")["runs"][0]
    page = read(site.get(f"/runs/{run['id']}"))
    assert "The process ended by itself with code 1" in page.text
    assert "E1" in page.ids
    assert "#E1" in page.links
    raw = site.get(f"/runs/{run['id']}/stderr.txt")
    assert raw.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert all(line in page.text for line in raw.text.split())
    assert "lean version" not in page.text  # of the checker that an environment has, which may be another


def test_a_live_verification_renews_itself_and_says_how_many_runs_it_may_take(site: Site) -> None:
    job = site.submit_waiting("page")
    page = read(site.get(f"/verifications/{job}"))
    assert {"hx-get", "hx-trigger"} <= set(page.attributes)
    assert re.search(r"the verdict takes \d+ to \d+ runs", page.text)
    live = site.get(f"/verifications/{job}?part=live")
    assert live.text.lstrip().startswith("<div")
    assert "<h1>" not in live.text
    site.data(f"/verifications/{job}.json")
    claim = read(site.get(f"/claims/{site.data(f'/verifications/{job}.json')['claim']['id']}"))
    assert "No verdict on this revision yet" in claim.text
    assert site.get(f"/v1/verifications/{job}/cancel").status_code == 405
    assert site.post(f"/v1/verifications/{job}/cancel").status_code == 202
    ended = read(site.get(f"/verifications/{job}"))
    assert "Cancelled: somebody cancelled it" in ended.text


# --- what stays closed -----------------------------------------------------------------------------------------------


def every_page(site: Site, **headers: str) -> dict[str, str]:
    paths = [*addresses(site).values(), "/feed.json", "/feed.atom", "/workers.json", "/?status=FALSIFIED"]
    return {path: site.get(path, "text/html" if "." not in path else "*/*", **headers).text for path in paths}


@pytest.mark.parametrize("example", [CLOSED, HIDDEN])
def test_a_closed_claim_is_on_no_page_and_every_address_of_it_is_as_if_it_were_not_there(
    site: Site, example: str
) -> None:
    job = site.verification(example)
    names = (job["claim"]["id"], job["id"], job["verdict"]["id"], job["claim"]["statement"][:40], example)
    for path, text in every_page(site, **STRANGER).items():
        assert [name for name in names if name in text] == [], path
    runs = [f"/runs/{run['id']}" for run in job["runs"]]
    shown = site.verifications["student-sleep"]
    closed = [f"/claims/{job['claim']['id']}", f"/verifications/{job['id']}", *runs, f"{runs[0]}/stdout.txt"]
    closed += [f"{path}.json" for path in closed if not path.endswith(".txt")]
    closed += [f"/compare?verification={shown}&verification={job['id']}"]
    for path in closed:
        unknown = re.sub(
            r"(clm|ver|run)_[0-9a-z]{26}", lambda found: found[0][:-1] + ("0" if found[0][-1] != "0" else "1"), path
        )
        one, other = site.get(path, **STRANGER), site.get(unknown, **STRANGER)
        assert one.status_code == other.status_code == 404, path
        assert without_request(one.text) == without_request(other.text), path


def without_request(page: str) -> str:
    return re.sub(r"<code>[0-9a-f]{32}</code>", "", page)


def test_a_private_record_is_nowhere(site: Site) -> None:
    for path, text in every_page(site, **STRANGER).items():
        assert "ept private" not in text.replace("keeps private", ""), path
        assert "kept-private" not in text, path


def test_counts_count_only_what_is_shown(site: Site) -> None:
    found = site.data("/feed.json")
    for facet, counted in found["counts"].items():
        shown: dict[str, int] = {}
        for row in found["verdicts"]:
            if row[facet] is not None:
                shown[row[facet]] = shown.get(row[facet], 0) + 1
        assert counted == shown


# --- the feed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ("status=FALSIFIED", lambda row: row["status"] == "FALSIFIED"),
        ("kind=formula", lambda row: row["kind"] == "formula"),
        ("reason_code=CRASHED", lambda row: row["reason_code"] == "CRASHED"),
        ("blame=author&kind=script", lambda row: row["blame"] == "author" and row["kind"] == "script"),
        ("since=day", lambda _: True),
        ("status=NONSENSE", lambda _: False),
    ],
)
def test_a_filter_lets_through_what_it_says(site: Site, query: str, passes: Any) -> None:
    rows = site.data("/feed.json")["verdicts"]
    found = site.data(f"/feed.json?{query}")["verdicts"]
    assert [row["id"] for row in found] == [row["id"] for row in rows if passes(row)]
    page = read(site.get(f"/?{query}"))
    assert {f"/claims/{row['claim_id']}" for row in found} == {
        link for link in page.links if link.startswith("/claims/")
    }


def test_going_through_the_feed_page_by_page_shows_every_verdict_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [row["id"] for row in site.data("/feed.json")["verdicts"]]
    monkeypatch.setattr(feed, "LIMIT", 3)
    seen: list[str] = []
    before = ""
    while before is not None:
        found = site.data(f"/feed.json?before={before}")
        assert len(found["verdicts"]) <= 3
        seen += [row["id"] for row in found["verdicts"]]
        before = found["next"]
    assert seen == whole


def test_the_feed_says_how_many_verdicts_are_new_since_it_was_read(site: Site) -> None:
    everything = site.data("/feed.json")
    place = re.search(r'data-new="(/feed/new\.json\?than=[^"]+)"', site.get("/").text)
    assert place is not None
    assert site.data(place[1]) == {"new": 0, "most": 100}
    with_filter = re.search(r'data-new="([^"]+)"', site.get("/?status=FALSIFIED").text)
    assert with_filter is not None
    assert site.data(html.unescape(with_filter[1]))["new"] == 0
    assert site.data("/feed/new.json")["new"] == len(everything["verdicts"])
    assert site.data("/feed/new.json?status=FALSIFIED")["new"] == everything["counts"]["status"]["FALSIFIED"]
    assert 'id="fresh"' not in site.get(f"/?before={everything['newest']}").text, "older pages have nothing new"


def test_counts_are_of_what_the_other_filters_let_through(site: Site) -> None:
    rows = site.data("/feed.json")["verdicts"]
    found = site.data("/feed.json?kind=formula")["counts"]
    formulas = [row["status"] for row in rows if row["kind"] == "formula"]
    assert found["status"] == {status: formulas.count(status) for status in set(formulas)}
    assert sum(found["kind"].values()) == len(rows)


@pytest.mark.parametrize(
    "query", ["status=%00", "before=zzz", "before=%00", "since=never", "kind=a%20b", "status=" + "A" * 41]
)
def test_a_filter_that_cannot_be_is_refused_with_the_remedy(site: Site, query: str) -> None:
    page = read(site.get(f"/?{query}"), 422)
    assert "The request does not fit" in page.text or "no such value" in page.text or "no place" in page.text
    assert site.get(f"/feed.json?{query}", "application/json").headers["Content-Type"] == "application/problem+json"


def test_every_record_is_on_one_of_the_pages_of_records_and_none_that_is_hidden(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "LIMIT", 2)
    told, address = [], "/records"
    while address:
        page = read(site.get(address))
        found = site.get(address.replace("/records", "/records.json", 1), "application/json").json()
        assert [link for link in page.links if link.startswith("/records/")] == [
            f"/records/{row['id']}" for row in found["records"]
        ]
        told += [row["external_id"] for row in found["records"]]
        address = f"/records?before={found['next']}" if found["next"] else ""
        assert address in {"", *page.links}
    known = site.client.get("/v1/records?limit=200").json()["data"]
    assert told == [row["external_id"] for row in known]
    assert len(told) > 4
    assert read(site.get("/")).links.count("/records") == 2
    assert site.get("/records?before=x").status_code == 422


def test_the_atom_twin_is_a_feed_of_the_same_verdicts(site: Site) -> None:
    answer = site.get("/feed.atom", "*/*")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(answer.text)  # noqa: S314 - our own
    space = "{http://www.w3.org/2005/Atom}"
    rows = site.data("/feed.json")["verdicts"]
    entries = root.findall(f"{space}entry")
    assert [item.findtext(f"{space}id") for item in entries] == [f"{site.url}/v1/verdicts/{row['id']}" for row in rows]
    assert all(item.findtext(f"{space}updated", "").endswith("+00:00") for item in entries)


# --- errors, files, words --------------------------------------------------------------------------------------------


def test_a_wrong_address_is_a_page_for_people_and_a_problem_for_programs(site: Site) -> None:
    page = read(site.get("/nowhere"), 404)
    assert "/" in page.links
    assert site.get("/nowhere", "*/*").headers["Content-Type"] == "application/problem+json"
    assert site.get("/v1/nowhere").headers["Content-Type"] == "application/problem+json"
    for path in (
        "/claims/%00",
        "/claims/clm_%2e%2e",
        "/runs/..%2f..",
        "/verifications/x",
        "/records/REC",
        "/claims/a.json",
    ):
        assert site.get(path).status_code == 404, path


def test_a_foreign_host_gets_no_page(site: Site) -> None:
    answer = site.get("/", Host="elsewhere.example")
    assert answer.status_code == 421
    assert "Verdicts</h1>" not in answer.text


def test_pages_refuse_other_methods(site: Site) -> None:
    answer = site.post("/read")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_an_unchanged_page_is_not_sent_again(site: Site) -> None:
    for path in (site.claim("seed-8-7-tydiqa"), f"/verifications/{site.verifications['crashes']}", "/read"):
        tag = site.get(path).headers["ETag"]
        assert site.get(path, If_None_Match=tag).status_code == 304


def test_static_files_are_kept_for_good_under_the_address_of_their_bytes(site: Site) -> None:
    for name, kind in shell.STATIC.items():
        answer = site.get(shell.static(name), "*/*")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
        assert "immutable" in answer.headers["Cache-Control"]
        assert site.get(f"/static/{name}?v=old", "*/*").headers["Cache-Control"] == "no-cache"
    assert site.get("/static/..%2fshell.py").status_code == 404
    assert site.get("/static/none.css").status_code == 404


def test_the_vendored_file_is_the_one_that_is_named() -> None:
    told = (Path(shell.__file__).parent / "static" / "VENDORED.md").read_text()
    for name in ("htmx.min.js", "swagger-ui-bundle.js", "swagger-ui.css"):
        assert hashlib.sha256(shell.FILES[name]).hexdigest() in told


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (words.CODE, {*SEVERITY, *BLAME}),
        (words.STATUS, set(Status)),
        (words.BLAME, set(Blame)),
        (words.RESULT, set(ControlResult)),
        (words.OUTCOME, set(OutcomeKind)),
        (words.PURPOSE, set(Purpose)),
        (words.STATE, {*VERIFICATION, *RUN}),
    ],
)
def test_there_are_words_for_everything_that_a_page_may_have_to_say(told: dict[str, str], wanted: set[str]) -> None:
    assert {str(item) for item in wanted} - told.keys() == set()


def test_the_guide_names_every_control_and_every_code(site: Site) -> None:
    page = read(site.get("/read"))
    assert [name for name in CATALOGUE if words.control(name) not in page.text] == []
    assert set(words.TRIED) == {*CATALOGUE, *PROOF_CATALOGUE}
    assert [text for text in words.TRIED.values() if text[1:] not in page.text] == []
    kinds = [text.partition(": ")[0] for text in words.KIND.values()]
    assert len(set(kinds)) == len(kinds)
    assert [name for name in kinds if name not in page.text] == []
    assert [code for code in words.CODE if code not in page.text] == []
    assert {str(item) for item in Attacker} <= set(page.text.split())


def test_the_page_about_pages_lists_every_page_and_twin_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "docs" / "pages.md").read_text()
    told = {item for item in re.findall(r"`(/[^`?…]*)`", text) if not item.startswith("/v1/verifications")}
    here = {"/"} | {route.path for module in MODULES for route in module.router.routes if isinstance(route, APIRoute)}
    assert told - {"/openapi.json"} == here - {"/static/{name}", "/runs/{run_id}/{stream}.txt"} | {
        f"/runs/{{run_id}}/{name}.txt" for name in ("stdout", "stderr")
    }


# --- the house -------------------------------------------------------------------------------------------------------


def test_the_page_of_the_house_agrees_with_its_own_numbers(site: Site) -> None:
    found, page = site.data("/workers.json"), read(site.get("/workers"))
    assert found["ended"]["concluded"] == sum(found["outcomes"]["verdicts"].values())
    waiting = found["deliveries"]
    assert (waiting["oldest_seconds"] is None) == (waiting["pending"] == 0)
    assert f"Given up {waiting['dead']}" in page.text
    job = site.submit_waiting("house")
    rows = {row["queue"]: row for row in site.data("/workers.json")["queues"]}
    assert rows["cpu"]["queued"] >= 1
    assert site.post(f"/v1/verifications/{job}/cancel").status_code == 202
    before = found["ended"]["cancelled"]
    assert site.data("/workers.json")["ended"]["cancelled"] == before + 1


# --- compare ---------------------------------------------------------------------------------------------------------


def test_a_claim_alone_is_compared_with_its_own_verdicts_on_one_axis(site: Site) -> None:
    claim, old, new = site.claim("student-sleep"), site.verification("student-sleep"), site.verification("revised")
    where = f"/compare?claim={claim.rpartition('/')[2]}"
    assert where in read(site.get(claim)).links
    found = site.data(where.replace("/compare", "/compare.json"))
    assert found["verifications"] == [old["id"], new["id"]]
    page = site.get(where)
    for axis in found["axes"]:
        assert [lane["label"][:2] for lane in axis["lanes"]] == ["1.", "2."]
        for lane, job in zip(axis["lanes"], (old, new), strict=True):
            (row,) = [item for item in job["verdict"]["comparisons"] if item["metric"] == axis["metric"]]
            assert (lane["expected"], lane["low"], lane["high"]) == (row["expected"], row["low"], row["high"])
            assert [value["inside"] for value in lane["values"]] == [row["match"]] * len(lane["values"])
            assert lane["label"] in html.unescape(page.text)
    assert {axis["metric"] for axis in found["axes"]} == {row["metric"] for row in new["verdict"]["comparisons"]}
    assert any(row["field"] == "status" for row in found["differ"])


def test_a_claim_with_one_verdict_is_said_to_have_nothing_to_be_compared_with(site: Site) -> None:
    page = site.get(f"/compare?claim={site.verification('seed-8-7-tydiqa')['claim']['id']}")
    assert "nothing to be compared with" in page.text
    assert "What differs" not in page.text


def test_several_claims_are_compared_by_their_standing_verdicts(site: Site) -> None:
    jobs = [site.verification(name) for name in ("seed-8-7-tydiqa", "five-runs", "revised", "crashes")]
    query = "&".join(f"claim={job['claim']['id']}" for job in jobs)
    found = site.data(f"/compare.json?{query}")
    assert found["verifications"] == [job["id"] for job in jobs]
    page = read(site.get(f"/compare?{query}"))
    for job in jobs:
        assert job["verdict"]["reason"] in page.text
    records = {site.verification(name)["record_id"] for name in SHOWN}
    offered = {}
    for record in records - {None}:
        claims = site.data(f"/records/{record}.json")["claims"]
        links = [link for link in read(site.get(f"/records/{record}")).links if link.startswith("/compare?claim=")]
        offered[len(claims) > 1] = links
        assert links == (["/compare?" + "&".join(f"claim={item['claim_id']}" for item in claims)] if claims[1:] else [])
    assert offered.keys() == {True, False}


def test_one_verdict_alone_and_claims_that_measured_other_things_have_no_axis(site: Site) -> None:
    one, other = (site.claim(name).rpartition("/")[2] for name in ("crashes", "seed-8-7-tydiqa"))
    for query in (f"claim={one}", f"claim={one}&claim={other}"):
        assert site.data(f"/compare.json?{query}")["axes"] == []
    assert "nothing can be drawn on one axis" in read(site.get(f"/compare?claim={one}&claim={other}")).text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("claim=clm_none", 404),
        ("claim=x", 422),
        ("verification={job}", 422),
        ("verification={job}&verification={job}", 422),
        ("claim={claim}&verification={job}", 422),
        ("&".join(f"claim=clm_{index}" for index in range(9)), 422),
        ("claim={claim}&claim={closed}", 404),
        ("claim={waiting}", 422),
    ],
)
def test_what_cannot_be_compared_is_said(site: Site, query: str, status: int) -> None:
    job = site.verifications["five-runs"]
    waiting = site.submit_waiting(f"compare {query}") if "waiting" in query else job
    known = {"job": job, "claim": site.claim("five-runs").rpartition("/")[2]}
    known["closed"] = site.verification(CLOSED)["claim"]["id"]
    known["waiting"] = site.data(f"/v1/verifications/{waiting}")["claim"]["id"]
    assert site.get(f"/compare?{query.format(**known)}", **STRANGER).status_code == status
    if waiting != job:
        assert site.post(f"/v1/verifications/{waiting}/cancel").status_code == 202
