"""Logging in by a real browser, with and without scripts: what opens, who is named, which buttons there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from app.settings import Settings
from tests.api.service import open_service
from tests.api.tenants import World, build, bundle
from tests.pages.browser import CHROMIUM, SIZES, Watched, watch
from tests.pages.conftest import served
from tests.pages.test_browser import browser, shots, violations  # noqa: F401 - fixtures among them

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]


@pytest.fixture(scope="module")
def town(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, World]]:
    """Give the address of a service with two publishers, and what is whose."""
    home = tmp_path_factory.mktemp("town")
    for service in open_service(migrated, home):
        world = build(service)
        for url in served(Settings(home=home, broker_url="memory://")):
            with httpx2.Client(transport=httpx2.HTTPTransport(retries=40), trust_env=False, timeout=30) as client:
                client.get(f"{url}/livez")
            yield url, world


def test_whoever_logs_in_sees_what_is_his_and_is_a_stranger_again_afterwards(
    town: tuple[str, World],
    browser: Browser,  # noqa: F811
) -> None:
    url, world = town
    for scripts in (True, False):
        seen = watch(browser, url, java_script_enabled=scripts)
        page = seen.page
        claim = f"/claims/{world.hidden['claim_id']}"
        page.goto(url + "/workers")
        page.get_by_role("link", name="Log in").click()
        page.get_by_label("API key").fill(world.keys["alice"][:-1] + "~")
        page.get_by_role("button", name="Log in").click()
        assert page.get_by_role("alert").is_visible()
        page.get_by_label("API key").fill(world.keys["alice"])
        page.get_by_role("button", name="Log in").click()
        assert page.url == url + "/workers", "it leads back"
        assert page.locator(".viewer").inner_text().split() == ["alice", "alice", "Log", "out"]
        answer = page.goto(url + claim)
        assert answer is not None
        assert answer.status == 200
        page.goto(url + "/")
        assert page.locator(f"a[href='{claim}']").count() == 1
        page.get_by_role("button", name="Log out").click()
        assert page.url == url + "/"
        assert page.locator(f"a[href='{claim}']").count() == 0
        answer = page.goto(url + claim)
        assert answer is not None
        assert answer.status == 404
        assert [line for line in seen.console if "401" not in line and "404" not in line] == seen.elsewhere == []
        page.context.close()


def test_the_button_on_a_page_cancels_and_keeps_the_focus_while_the_page_renews_itself(
    town: tuple[str, World],
    browser: Browser,  # noqa: F811
) -> None:
    url, world = town
    job = world.of("alice").submit(bundle("by-button", None)).json()["id"]
    page = _logged_in(browser, town, "alice").page
    page.goto(f"{url}/verifications/{job}")
    page.locator("#cancel").focus()
    with page.expect_response(lambda answer: "part=live" in answer.url and answer.status == 200):
        page.wait_for_timeout(10)
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.id") == "cancel"
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("#live")).to_contain_text("Cancelled")
    assert page.url == f"{url}/verifications/{job}"
    assert page.locator("#cancel").count() == 0
    page.context.close()


def test_a_page_of_another_origin_can_neither_read_nor_press(
    town: tuple[str, World],
    browser: Browser,  # noqa: F811
) -> None:
    """The same browser, logged in, on a page that is served by somebody else: another port of the same machine."""
    url, world = town
    job = world.of("alice").submit(bundle("forged", None)).json()["id"]
    seen = _logged_in(browser, town, "alice")
    page = seen.page
    token = page.locator("input[name=form_token]").first.get_attribute("value")
    other = "http://localhost:9/"  # of another site, as its name says
    form = f'<form method="post" action="{url}/verifications/{job}/cancel"><input name="form_token" value="{token}"></form>'
    page.unroute("**/*")
    page.route(other, lambda route: route.fulfill(body=f"<!doctype html>{form}", content_type="text/html"))
    page.goto(other)
    with page.expect_response(lambda answer: answer.url.endswith("/cancel")) as sent:
        page.evaluate("document.forms[0].submit()")
    assert sent.value.status == 403
    page.wait_for_url("**/cancel")
    page.goto(other)
    read = f"fetch('{url}/login.json', {{credentials: 'include'}}).then(() => 'read', () => 'refused')"
    assert page.evaluate(read) == "refused"
    assert world.as_("alice").get(f"/v1/verifications/{job}").json()["state"] == "queued"
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_a_login_exclude_nobody(
    town: tuple[str, World],
    browser: Browser,  # noqa: F811
    shots: Path,  # noqa: F811
    scheme: str,
    size: str,
) -> None:
    url, world = town
    job = world.of("alice").submit(bundle(f"shown-{scheme}-{size}", None)).json()["id"]
    seen = watch(browser, url, scheme=scheme, size=size)
    seen.page.goto(url + "/login")
    _look(seen.page, shots / f"login-{scheme}-{size}.png")
    _log_in(seen.page, world.keys["alice"])
    for name, path in (("who", "/login"), ("own-feed", "/"), ("own-verification", f"/verifications/{job}")):
        seen.page.goto(url + path)
        _look(seen.page, shots / f"{name}-{scheme}-{size}.png")
    assert seen.complaints == []
    seen.page.context.close()


def _look(page: Page, path: Path) -> None:
    assert violations(page) == [], path.name
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{path.name} is wider than the window"
    page.screenshot(path=str(path), full_page=True)


def _logged_in(browser: Browser, town: tuple[str, World], name: str) -> Watched:  # noqa: F811
    url, world = town
    seen = watch(browser, url)
    seen.page.goto(url + "/login")
    _log_in(seen.page, world.keys[name])
    return seen


def _log_in(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Log in").click()
