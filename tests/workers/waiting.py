"""Waiting for what must come, with a deadline and a sentence."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(what: str, done: Callable[[], object], seconds: float = 40) -> None:
    """Poll until `done` says so, or fail with a sentence."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} within {seconds:g} s")
        time.sleep(0.02)
