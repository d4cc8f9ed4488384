"""A real browser that notes what a page must not do: a line on the console, an error, a request to anywhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@dataclass
class Watched:
    """A page under watch."""

    page: Page
    console: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        """Everything that a page must not do, and did."""
        return self.console + self.elsewhere


def watch(browser: Browser, home: str, *, scheme: Any = "light", size: str = "desktop", **options: Any) -> Watched:
    """Open a page that may only speak to `home`."""
    width, height = SIZES[size]
    viewport: Any = {"width": width, "height": height}
    page = browser.new_context(color_scheme=scheme, viewport=viewport, **options).new_page()
    page.set_default_timeout(15_000)
    found = Watched(page)

    def guard(route: Route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(home).netloc:
            route.continue_()
        else:
            found.elsewhere.append(route.request.url)
            route.abort()

    page.route("**/*", guard)
    page.on("console", lambda message: found.console.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.console.append(f"error: {error}"))
    return found
