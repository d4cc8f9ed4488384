"""The environment `torch`, and boxes that have imported ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox import Sandbox
from tests.environments.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Environment


@pytest.fixture(scope="session")
def torch(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return shipped("torch", tmp_path_factory.mktemp("cache"))


@pytest.fixture
def ahead() -> Iterator[Sandbox]:
    with Sandbox(ahead=1) as box:
        yield box
