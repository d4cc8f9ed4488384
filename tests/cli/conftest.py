"""What several files of tests share: a service that runs for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a service, and end it."""
    service = Served(tmp_path_factory.mktemp("service") / "home")
    try:
        yield service
    finally:
        service.end()
