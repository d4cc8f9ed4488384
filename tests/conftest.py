"""What holds for the whole suite."""

from __future__ import annotations

import os
from typing import Any

import pytest


def pytest_configure() -> None:
    """Forget how whoever runs the suite has set up a service of their own: tests say their settings themselves."""
    for name in [name for name in os.environ if name.startswith("ASSAY_") and not name.startswith("ASSAY_TEST_")]:
        del os.environ[name]


@pytest.hookimpl(optionalhook=True)  # there is no such hook where the suite runs in one process without pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out files, and the longest ones in parts."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.spread import ByUnit

    return ByUnit(config, log)
