"""The reference of the HTTP interface says what the description says; Swagger UI works under the policy of every page."""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from app.main import create_app
from app.pages.reference import HEADINGS, in_order, kind
from app.settings import Settings
from app.store import migrate
from cli.supervisor import free_port
from tests.pages.browser import ARGUMENTS, CHROMIUM, SIZES, watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

sync_api = pytest.importorskip("playwright.sync_api")

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
OPERATIONS = [
    (method.upper(), path, item) for path, methods in DOCUMENT["paths"].items() for method, item in methods.items()
]
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a service without anything in it."""
    settings = Settings(home=tmp_path_factory.mktemp("reference"), broker_url="memory://")
    migrate.upgrade(settings.database)
    port = free_port(18380, fall_back=True)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser(bare: str) -> Iterator[Browser]:
    """Give Debian's Chromium, once the service answers."""
    import time

    import httpx2

    for _ in range(100):
        try:
            httpx2.get(f"{bare}/livez")
            break
        except httpx2.TransportError:
            time.sleep(0.05)
    with sync_api.sync_playwright() as found:
        started = found.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def page() -> str:
    from app.pages.reference import _page

    return _page(DOCUMENT).decode()


def test_the_page_has_every_operation_parameter_answer_and_shape(page: str) -> None:
    assert len(OPERATIONS) > 50
    for method, path, operation in OPERATIONS:
        begin = page.index(f'<h3 id="{operation["operationId"]}">')
        part = page[begin : page.index("</section>", begin)]
        assert f"{method} {path}" in part
        for item in operation.get("parameters", ()):
            assert f"<code>{item['name']}</code>" in part
        for status in operation["responses"]:
            assert f"<code>{status}</code>" in part
        assert ('<span class="needs">' in part) == ("security" in operation)
    shapes = set(re.findall(r'<h3 id="shape-([^"]+)">', page))
    assert shapes == set(DOCUMENT["components"]["schemas"])
    assert set(re.findall(r'href="#shape-([^"]+)"', page)) <= shapes


def test_a_part_begins_with_what_one_makes_and_ends_with_what_is_done_to_one(page: str) -> None:
    """Not with its events, as the order of the address book has it."""
    part = page[page.index('id="of-verifications"') : page.index('id="of-verdicts"')]
    shown = list(dict.fromkeys(re.findall(r"<h3 id=[^>]+><code>[A-Z]+ ([^<]+)</code>", part)))
    assert shown[:7] == [
        "/v1/verifications",
        "/v1/verifications/batch",
        "/v1/verifications/{verification_id}",
        "/v1/verifications/{verification_id}/events",
        "/v1/verifications/{verification_id}/runs",
        "/v1/verifications/{verification_id}/cancel",
        "/v1/verifications/{verification_id}/retry",
    ]
    assert shown.index("/v1/verdicts/{verdict_id}/evidence") > 6
    items = [{"method": method, "path": path} for method, path, _ in OPERATIONS]
    assert sorted(map(str, in_order(items))) == sorted(map(str, items))


def test_every_tag_has_a_heading() -> None:
    assert {(operation.get("tags") or ["front"])[0] for _, _, operation in OPERATIONS} <= HEADINGS.keys()


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 200}, "integer, 1 to 200"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, "list of string, at least 1"),
        ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, "date-time or null"),
        ({"enum": ["a", "<b>"]}, "one of <code>a</code>, <code>&lt;b&gt;</code>"),
        ({"$ref": "#/components/schemas/Urls"}, '<a href="#shape-Urls">Urls</a>'),
        ({"const": "<x>"}, "&#34;&lt;x&gt;&#34;"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object of integer"),
        ({}, "anything"),
    ],
)
def test_a_schema_is_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert str(kind(schema)) == words


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "size"), [("light", "desktop"), ("dark", "phone")])
def test_the_reference_excludes_nobody_and_asks_nobody_else(
    bare: str, browser: Browser, tmp_path: Path, scheme: str, size: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    seen = watch(browser, bare, scheme=scheme, size=size, java_script_enabled=True)
    seen.page.goto(f"{bare}/docs")
    wider = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0
    seen.page.screenshot(path=str(shots(tmp_path) / f"docs-{size}.png"))
    seen.page.goto(f"{bare}/docs#verifications_create")
    seen.page.screenshot(path=str(shots(tmp_path) / f"docs-operation-{size}.png"))
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(seen.page, options=rules).response["violations"]
    assert [f"{item['id']}: {item['nodes'][0]['html'][:120]}" for item in found] == []
    assert seen.complaints == []
    seen.page.context.close()


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_swagger_ui_calls_the_service_without_a_line_on_the_console(
    bare: str, browser: Browser, tmp_path: Path, size: str
) -> None:
    seen = watch(browser, bare, size=size)
    seen.page.goto(f"{bare}/docs/try")
    seen.page.locator(".opblock").first.wait_for()
    assert seen.page.locator(".opblock").count() == len(OPERATIONS)
    seen.page.screenshot(path=str(shots(tmp_path) / f"try-{size}.png"))
    block = seen.page.locator("#operations-health-health_livez")
    block.locator(".opblock-summary-control").click()
    block.locator("button.try-out__btn").click()
    block.locator("button.execute").click()
    sync_api.expect(block.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    block.scroll_into_view_if_needed()
    seen.page.screenshot(path=str(shots(tmp_path) / f"try-called-{size}.png"))
    assert seen.complaints == []
    seen.page.context.close()


def shots(tmp_path: Path) -> Path:
    """Return the folder of the screenshots."""
    from pathlib import Path as Folder

    folder = Folder(os.environ.get("ASSAY_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
