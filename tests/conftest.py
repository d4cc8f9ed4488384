"""What holds for the whole suite."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.hookimpl(optionalhook=True)  # there is no such hook where the suite runs in one process without pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out files, and the longest ones in parts."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.spread import ByUnit

    return ByUnit(config, log)
