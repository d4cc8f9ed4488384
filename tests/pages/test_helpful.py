"""Pages that help on: filters that nothing can have, ways back, commands that are whole, and words nobody can turn."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.core.caller import USUAL
from app.pages import compare, shell
from app.store.presence import KnownWorker
from tests.api.bundles import SCRIPT_CLAIM, script_bundle
from tests.api.service import ENVIRONMENT, Service, Sums, open_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pages.conftest import Site

HTML = {"Accept": "text/html"}


@pytest.fixture
def service(migrated: Path, tmp_path: Path) -> Iterator[Service]:
    yield from open_service(migrated, tmp_path)


def page(service: Service, path: str, **headers: str) -> str:
    answer = service.client.get(path, headers={**HTML, **headers})
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


@pytest.mark.parametrize(
    ("query", "said", "near"),
    [
        ("status=TRUE", "No status is called <code>TRUE</code>.", None),
        ("status=verified", "No status is called <code>verified</code>.", "/?status=VERIFIED"),
        ("kind=formulas", "No reproduction is called <code>formulas</code>.", "/?kind=formula"),
        ("reason_code=timeout", "No reason is called <code>timeout</code>.", "/?reason_code=TIMEOUT"),
        ("blame=me", "No blame is called <code>me</code>.", None),
    ],
)
def test_a_filter_that_nothing_can_have_is_said_with_what_there_is(
    service: Service, query: str, said: str, near: str | None
) -> None:
    text = page(service, f"/?{query}")
    assert said in text
    assert ("Did you mean" in text) is (near is not None)
    assert near is None or f'href="{near}"' in text
    assert "is called" not in page(service, "/?status=VERIFIED"), "an empty feed is no mistake of its reader"


@pytest.mark.parametrize(
    ("path", "goal"),
    [
        ("/login?next=/webhooks", "/webhooks"),
        ("/login?next=//evil.example/x", "/"),
        ("/login?next=https://evil.example", "/"),
        ("/login?next=/%5Cevil.example", "/"),
        ("/login?next=/%09/evil.example", "/"),
        ("/login", "/"),
    ],
)
def test_the_login_leads_back_to_the_page_that_named_itself_and_nowhere_else(
    service: Service, path: str, goal: str
) -> None:
    _, key = actions.create_key(service.parts, actions.NewKey("local", "", USUAL))
    assert f'name="next" value="{goal}"' in page(service, path, Authorization=f"Bearer {key}")


def test_the_page_of_webhooks_leads_to_a_login_that_leads_back(service: Service) -> None:
    text = page(service, "/webhooks", **{"Sec-Fetch-Site": "cross-site"})
    assert 'href="/login?next=/webhooks"' in text


def test_a_run_that_goes_on_names_who_holds_it(service: Service) -> None:
    job = service.submit(script_bundle()).json()
    assert actions.claim_run(service.parts, job["runs"][0]["id"], "host:7", {ENVIRONMENT}) is not None
    assert service.client.get(f"/v1/verifications/{job['id']}").json()["runs"][0]["worker"] == "host:7"
    assert "host:7" in page(service, f"/verifications/{job['id']}")
    assert "host:7, attempt 1" in page(service, f"/runs/{job['runs'][0]['id']}")


def test_a_run_that_nobody_can_take_says_so_on_its_pages_and_to_programs(service: Service) -> None:
    job = service.submit(script_bundle()).json()
    paths = (f"/verifications/{job['id']}", f"/runs/{job['runs'][0]['id']}")
    for path in paths:
        assert "No worker is there." in page(service, path)
        assert service.client.get(f"{path}.json").json()["lacks"] == "No worker is there."
    actions.announce(service.parts, KnownWorker("host:7", frozenset({"cpu"}), frozenset({ENVIRONMENT})))
    for path in paths:
        assert "stuck" not in page(service, path)
        assert service.client.get(f"{path}.json").json()["lacks"] is None


def test_the_command_for_a_stuck_house_serves_every_queue_that_the_work_comes_to(service: Service) -> None:
    service.submit(script_bundle())
    command = re.search(r"celery -A workers\.main worker -Q ([a-z,]+)", page(service, "/workers"))
    assert command is not None
    assert set(command[1].split(",")) == {"cpu", "judge"}, "runs wait now, and a judge is needed after them"


def test_signs_that_turn_the_order_of_text_are_shown_by_their_number(service: Service) -> None:
    turned = SCRIPT_CLAIM.replace("The scores add up to 6", "The scores \u202e6 ot pu dda\u202c \u2066x\u2069 \u200f!")
    ids = service.conclude(Sums(), script_bundle(turned))
    for path in ("/", f"/claims/{ids['claim']['id']}", f"/verifications/{ids['id']}"):
        text = page(service, path)
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"), path
        assert "The scores \u27e8U+202E\u27e96 ot pu dda\u27e8U+202C\u27e9" in text, path
        assert "\u200f" in text, "a mark that turns nothing but itself stays"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("data/numbers.csv has no row", "data/numbers.csv has no row"),
        ("numbers.csv: too large", "numbers.csv: too large"),
        ("gain_2 is missing", "gain_2 is missing"),
        ("`x` is missing", "`x` is missing"),
        ("the input is empty", "The input is empty"),
        ("it ends here. again", "It ends here. again"),
        ("a.", "A."),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_and_a_path_stays_as_it_is_spelled(text: str, shown: str) -> None:
    assert shell.upfirst(text) == shown


def test_verdicts_whose_environment_has_no_digest_are_compared_all_the_same() -> None:
    seal = {"environment": {}, "seeds": [0], "claim": {"limits": {}}, "files": {}}
    claim = {"name": "c", "statement": "s", "revision": 1, "kind": "formula"}
    job = {
        "claim": claim,
        "publisher": "p",
        "verdict": None,
        "sealed": seal,
        "state": "concluded",
        "seal": "sha256:0",
        "runs_done": 1,
        "seconds": 1.0,
    }
    found = compare.differences([job, {**job, "sealed": {**seal, "environment": {"name": "python", "digest": "d"}}}])
    assert {"field": "environment", "values": ["–", "python d"]} in found["differ"]


@pytest.mark.parametrize("path", ["/openapi.json", "/problems", "/problems/not-found"])
def test_what_changes_with_the_service_alone_may_be_kept_for_an_hour(service: Service, path: str) -> None:
    answer = service.client.get(path, headers={"Accept": "application/json"})
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    again = service.client.get(path, headers={"Accept": "application/json", "If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_filter_that_nothing_passes_is_still_shown_as_chosen(site: Site) -> None:
    page = site.get("/?reason_code=GPU_OOM").text
    (chosen,) = re.findall(r'<a href="[^"]*reason_code=GPU_OOM"([^>]*)><span>GPU_OOM</span><span class="n">0<', page)
    assert 'aria-current="true"' in chosen


def test_what_the_sandbox_tells_of_itself_reads_as_words(site: Site) -> None:
    page = site.get(f"/runs/{site.verification('crashes')['runs'][0]['id']}").text
    assert "{&#39;" not in page
    assert re.search(r"<dt>Interpreter and settings</dt><dd>.*PYTHONHASHSEED", page)


def test_controls_that_do_not_apply_are_folded_behind_those_that_were_carried_out(site: Site) -> None:
    page = site.get(site.claim("xlmr-struct")).text
    controls = site.verification("xlmr-struct")["verdict"]["controls"]
    void = [row for row in controls if row["result"] == "not_applicable"]
    shown, _, folded = page.partition(f"<summary>{len(void)} controls do not apply")
    assert void
    assert folded.count("does not apply</span>") == len(void)
    assert "does not apply</span>" not in shown
    assert shown.count("withstood</span>") == sum(row["result"] == "pass" for row in controls)


def test_compared_controls_are_told_in_the_words_of_their_page(site: Site) -> None:
    jobs = (site.verifications["xlmr-struct"], site.verifications["five-runs"])
    page = site.get("/compare?verification={}&verification={}".format(*jobs)).text
    assert "does not apply" in page
    assert "control input response" in page
    assert not re.search("control [a-z]+_|not_applicable", page)


def test_a_run_that_nobody_took_yet_says_nothing_of_worker_start_and_end(site: Site) -> None:
    job = site.submit_waiting("of nobody")
    waits = site.get(f"/runs/{site.data(f'/v1/verifications/{job}')['runs'][0]['id']}").text
    ended = site.get(f"/runs/{site.verification('crashes')['runs'][0]['id']}").text
    for name in ("Worker", "Started", "Ended", "Result"):
        assert f"<dt>{name}</dt>" in ended
        assert f"<dt>{name}</dt>" not in waits
    assert site.post(f"/v1/verifications/{job}/cancel").status_code == 202
