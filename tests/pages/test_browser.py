"""The pages in a real browser: light and dark, desktop and phone, by keyboard alone, on paper, and without scripts.

`axe-core` finds only a part of what keeps people out; what it finds is never there. Screenshots of every page lie in the
folder that `ASSAY_SCREENSHOTS` names, to be kept and looked at, else below `pages/` in pytest's temporary folder.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.pages import shell
from tests.pages.browser import ARGUMENTS, CHROMIUM, SIZES, Watched, watch
from tests.pages.conftest import CLOSED, bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.pages.conftest import Site

sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.box,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give Debian's Chromium."""
    with sync_api.sync_playwright() as found:
        started = found.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the screenshots."""
    wanted = os.environ.get("ASSAY_SCREENSHOTS")
    if not wanted:
        return tmp_path_factory.mktemp("pages")
    folder = Path(wanted)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def paths(site: Site) -> dict[str, str]:
    job = site.verification("student-sleep")
    return {
        "feed": "/",
        "records": "/records",
        "record": f"/records/{job['record_id']}",
        "claim": site.claim("five-runs"),
        "claim-falsified": site.claim("xlmr-struct"),
        "claim-unverified": site.claim("crashes"),
        "claim-closed": site.claim(CLOSED),
        "feed-nothing": "/?reason_code=GPU_OOM",
        "verification": f"/verifications/{job['id']}",
        "run": f"/runs/{site.verification('crashes')['runs'][0]['id']}",
        "workers": "/workers",
        "webhooks": "/webhooks",
        "compare": f"/compare?verification={job['id']}&verification={site.verifications['revised']}",
        "compare-claim": f"/compare?claim={job['claim']['id']}",
        "compare-empty": "/compare",
        "guide": "/read",
        "this-machine": "/login",
    }


def violations(page: Any) -> list[str]:
    """Return what axe-core complains of, each with the first element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=AXE).response["violations"]
    return [f"{item['id']}: {item['nodes'][0]['html'][:120]}" for item in found]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_exclude_nobody_say_nothing_on_the_console_and_ask_nobody_else(
    site: Site, browser: Browser, shots: Path, scheme: str, size: str
) -> None:
    seen = watch(browser, site.url, scheme=scheme, size=size)
    wanted = paths(site)
    if (scheme == "dark") is (size == "desktop"):  # every scheme and every size, and not all of them with each other
        wanted = {name: wanted[name] for name in ("feed", "claim", "run")}
    for name, path in wanted.items():
        answer = seen.page.goto(site.url + path)
        assert answer is not None
        assert answer.status == 200
        assert violations(seen.page) == [], name
        wider = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{name} is wider than the window"
        seen.page.screenshot(path=str(shots / f"{name}-{scheme}-{size}.png"), full_page=True)
    assert seen.complaints == []
    seen.page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_names_and_titles_without_an_end_make_no_page_wider_than_the_window(
    site: Site, browser: Browser, size: str
) -> None:
    endless = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
    known, _ = actions.put_record(site.station.parts, "local", "endless", {"title": endless, "abstract": endless})
    files = bundle(
        "seed-8-7-tydiqa",
        id=(b'id = "seed-8-7-tydiqa"', b'id = "' + b"x" * 60 + b'"'),
        record=(b'id = "eight-point-seven"', b'id = "endless"'),
        metric=(b'metric = "gain"', f'metric = "{"m" * 60}"'.encode()),
        statement=(b"8.7 is what RemBERT", f"{endless} is what RemBERT".encode()),
    )
    job = site.station.submit_files(files, "local").verification_id
    actions.put_record(site.station.parts, "local", "endless", {"claims_public": True})
    site.station.work()
    page = watch(browser, site.url, size=size).page
    claim = site.data(f"/verifications/{job}.json")["claim"]["id"]
    for path in ("/", f"/records/{known}", f"/claims/{claim}", f"/verifications/{job}", f"/claim/{claim}"):
        page.goto(site.url + path)
        assert "x" * 60 in page.content() or path.startswith("/claim/"), path
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{path} is wider than the window"
        scrolled = page.evaluate(
            "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
        )
        assert scrolled == 0, f"a table of {path} does not fit"
    page.context.close()


def test_a_missing_page_excludes_nobody(site: Site, browser: Browser) -> None:
    seen = watch(browser, site.url)
    answer = seen.page.goto(site.url + "/claims/clm_none")
    assert answer is not None
    assert answer.status == 404
    assert violations(seen.page) == []
    assert [line for line in seen.console if "404" not in line] == seen.elsewhere == []


def test_one_drawing_is_shown_in_each_size(site: Site, browser: Browser) -> None:
    for size, shown, hidden in (("desktop", "wide", "narrow"), ("phone", "narrow", "wide")):
        page = watch(browser, site.url, size=size).page
        page.goto(site.url + site.claim("five-runs"))
        assert page.locator(f"svg.band.{shown}").first.is_visible()
        assert page.locator(f"svg.band.{hidden}").first.is_hidden()
        text = page.locator(f"svg.band.{shown} text").first
        assert text.evaluate("item => item.getBoundingClientRect().height") >= 11, "text keeps its size on a phone"


def test_texts_of_a_picture_stay_inside_it(site: Site, browser: Browser) -> None:
    for size in SIZES:
        page = watch(browser, site.url, size=size).page
        for example in ("five-runs", "xlmr-struct", "crashes", "student-sleep"):
            page.goto(site.url + site.claim(example))
            outside = page.evaluate(
                """() => [...document.querySelectorAll("svg.band")].filter(svg => svg.clientWidth).flatMap(svg => {
                    const box = svg.getBoundingClientRect();
                    return [...svg.querySelectorAll("text")].filter(text => {
                        const own = text.getBoundingClientRect();
                        return own.left < box.left - 1 || own.right > box.right + 1;
                    }).map(text => text.textContent);
                })"""
            )
            assert outside == [], (size, example)


def test_whoever_has_only_a_keyboard_comes_from_the_feed_to_the_evidence(site: Site, browser: Browser) -> None:
    seen = watch(browser, site.url)
    page = seen.page
    page.goto(site.url + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    walk(seen, lambda: page.evaluate("document.activeElement.hasAttribute('data-go')"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/claims/*")
    walk(seen, lambda: page.evaluate("document.activeElement.hasAttribute('download')"))
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus can be seen"
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".tar.gz")
    assert seen.complaints == []


def walk(seen: Watched, there: Any) -> None:
    for _ in range(120):
        seen.page.keyboard.press("Tab")
        if there():
            return
    raise AssertionError("the keyboard never came there")


def test_keys_walk_through_the_rows_and_can_be_switched_off(site: Site, browser: Browser) -> None:
    page = watch(browser, site.url).page
    page.goto(site.url + "/")
    rows = page.locator("a[data-go]").all_text_contents()
    for key, wanted in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.textContent") == rows[wanted]
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.locator("#keys-switch").click()
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    assert page.locator("#keys-switch").text_content() == "Switch keys on"


def test_new_verdicts_are_told_in_a_place_of_their_own_and_nothing_moves(site: Site, browser: Browser) -> None:
    seen = watch(browser, site.url)
    page = seen.page
    page.goto(site.url + "/")
    first = page.locator("tr[data-row]").first
    before = first.bounding_box()
    link = page.locator("#fresh a")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_load_state("networkidle")
    assert link.is_hidden(), "nothing is new"
    place = page.locator("#fresh").get_attribute("data-new") or ""
    page.evaluate(
        "place => document.getElementById('fresh').dataset.new = place", place.partition("?")[0]
    )  # as if the page had been read before there was any verdict
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    sync_api.expect(link).to_be_visible()
    number = len(site.data("/feed.json")["verdicts"])
    assert link.text_content() == f"{number} new – show"
    assert first.bounding_box() == before
    link.click()
    assert page.url == site.url + "/"
    assert seen.complaints == []


def test_a_claim_prints(site: Site, browser: Browser, shots: Path) -> None:
    page = watch(browser, site.url, scheme="dark").page
    page.goto(site.url + site.claim("five-runs"))
    data = page.pdf(path=str(shots / "claim.pdf"), format="A4")
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page[^s]", data)) <= 5  # its table of controls says five things of each
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav[aria-label=Main]").is_hidden()
    folded = page.locator("details", has_text="do not apply").locator("tbody tr").first
    assert folded.evaluate(
        "row => row.checkVisibility({contentVisibilityAuto: true}) && row.getClientRects().length > 0"
    )


def test_pages_work_without_scripts(site: Site, browser: Browser) -> None:
    seen = watch(browser, site.url, java_script_enabled=False)
    page = seen.page
    page.goto(site.url + "/")
    page.locator(".facets a", has_text="Falsified").click()
    assert page.url.endswith("?status=FALSIFIED")
    assert set(page.locator("td .badge:not(.closed)").all_text_contents()) == {"Falsified"}
    page.locator("a[data-go]").first.click()
    assert page.locator("section.verdict").is_visible()
    page.goto(site.url + "/compare")
    for label, example in (("First verification", "student-sleep"), ("Second verification", "revised")):
        page.get_by_label(label).fill(site.verifications[example])
    page.get_by_role("button", name="Compare verifications").click()
    assert page.locator("h2", has_text="What differs").is_visible()
    assert seen.complaints == []


def test_a_line_of_a_log_has_an_address(site: Site, browser: Browser) -> None:
    page = watch(browser, site.url).page
    page.goto(site.url + f"/runs/{site.verification('crashes')['runs'][0]['id']}#E2")
    target = page.locator("a.line:target")
    assert target.get_attribute("id") == "E2"


def test_a_live_page_streams_in_twenty_loads_of_twenty(site: Site, browser: Browser) -> None:
    """Scripts that race each other once left every sixth page silent, without an error."""
    job = site.submit_waiting("browser")
    seen = watch(browser, site.url)
    page = seen.page
    for _ in range(20):
        with (
            page.expect_response(lambda answer: answer.url.endswith(f"/{job}/events") and answer.status == 200),
            page.expect_response(lambda answer: "part=live" in answer.url and answer.status == 200, timeout=4_000),
        ):  # sooner than the page would ask by itself
            page.goto(f"{site.url}/verifications/{job}")
    assert page.locator("h1").count() == 1
    assert site.post(f"/v1/verifications/{job}/cancel").status_code == 202
    sync_api.expect(page.locator("[role=status]")).to_contain_text("Cancelled")
    assert page.locator("[hx-get]").count() == 0
    assert seen.complaints == []


def test_a_live_page_renews_itself_where_nothing_streams(site: Site, browser: Browser) -> None:
    job = site.submit_waiting("no-stream")
    page = watch(browser, site.url).page
    page.route("**/events", lambda route: route.abort())
    with page.expect_response(lambda answer: "part=live" in answer.url and answer.status == 200):
        page.goto(f"{site.url}/verifications/{job}")
    assert site.post(f"/v1/verifications/{job}/cancel").status_code == 202
    sync_api.expect(page.locator("[role=status]")).to_contain_text("Cancelled", timeout=12_000)


def test_a_log_is_shown_as_it_comes_and_whole_when_it_has_ended(site: Site, browser: Browser, shots: Path) -> None:
    job, run = site.submit_slow()
    seen = watch(browser, site.url)
    page = seen.page
    page.goto(f"{site.url}/runs/{run}")
    assert page.locator("#spoken").is_hidden()
    worker = threading.Thread(target=site.station.work)
    worker.start()
    try:
        spoken = page.locator("#spoken pre")
        sync_api.expect(spoken).to_contain_text("step 1\nstep 2", use_inner_text=True)
        sync_api.expect(page.locator("[role=status]")).to_contain_text("Running")
        assert violations(page) == []
        page.screenshot(path=str(shots / "run-live.png"), full_page=True)
        sync_api.expect(page.locator("pre.log a.line")).to_have_count(8)
    finally:
        worker.join(60)
    assert page.locator("#spoken").count() == 0, "the page was loaded anew when the run had ended"
    assert page.locator("#L8").text_content() == "8step 8"
    assert page.locator("svg.chart.wide").is_visible(), "four seconds are enough for a curve"
    page.screenshot(path=str(shots / "run-ended.png"), full_page=True)
    assert site.data(f"/verifications/{job}.json")["state"] == "concluded"
    assert seen.complaints == []


# --- contrast of what axe cannot see: text and marks in pictures ----------------------------------------------------


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(sign * 2 for sign in digits) if len(digits) == 3 else digits
    parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the ratio of WCAG 2.2 for two colours."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def palettes() -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", shell.FILES["assay.css"].decode(), re.DOTALL)
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", block)) for block in blocks[:2]]


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_colours_can_be_told_apart(palette: dict[str, str]) -> None:
    texts = [(name, "bg") for name in ("fg", "mute", "link", "ok", "bad", "wait")]
    texts += [(name, f"{name}-bg") for name in ("ok", "bad", "wait")] + [
        ("fg", "soft"),
        ("mute", "soft"),
        ("link", "soft"),
    ]
    ratios = {(one, other): contrast(palette[one], palette[other]) for one, other in texts}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < 4.5} == {}
    marks = (("edge", "zone"), ("ok", "zone"), ("edge", "bg"))
    assert all(contrast(palette[one], palette[other]) >= 3 for one, other in marks)
