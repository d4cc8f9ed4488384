"""The environment `torch` as it is shipped: built beforehand, because that takes minutes and a package index.

Where it was not built these tests say in one line how to; where nothing may be skipped they fail.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.settings import Settings
from sandbox import Sandbox, SandboxFault, host_python
from sandbox.built import load
from tests.sandbox.conftest import refuse_to_skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Environment


@pytest.fixture(scope="session")
def torch(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return the environment, from $ASSAY_TEST_ENVIRONMENTS or where this user's own are built."""
    named = os.environ.get("ASSAY_TEST_ENVIRONMENTS")
    base = Path(named) if named else Settings().environment_folder
    try:
        return load(base, "torch", host_python(), tmp_path_factory.mktemp("cache"))
    except SandboxFault as error:
        how = "`ASSAY_ENVIRONMENTS=FOLDER ./run assay env build torch`, then ASSAY_TEST_ENVIRONMENTS=FOLDER"
        refuse_to_skip(f"the environment torch is not there ({how}): {error}")
        raise


@pytest.fixture
def ahead() -> Iterator[Sandbox]:
    with Sandbox(ahead=1) as box:
        yield box
