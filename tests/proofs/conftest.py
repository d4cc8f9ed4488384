"""The environment `lean4` as it is shipped: built beforehand, because it is fetched.

Where it was not built these tests say in one line how to; where nothing may be skipped they fail.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.settings import Settings
from sandbox import SandboxFault, host_python
from sandbox.built import load
from tests.proofs.prover import Prover
from tests.sandbox.conftest import refuse_to_skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Environment


@pytest.fixture(scope="session")
def lean4(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return the environment, from $ASSAY_TEST_ENVIRONMENTS or where this user's own are built."""
    named = os.environ.get("ASSAY_TEST_ENVIRONMENTS")
    base = Path(named) if named else Settings().environment_folder
    try:
        return load(base, "lean4", host_python(), tmp_path_factory.mktemp("cache"))
    except SandboxFault as error:
        how = "`ASSAY_ENVIRONMENTS=FOLDER ./run assay env build lean4`, then ASSAY_TEST_ENVIRONMENTS=FOLDER"
        refuse_to_skip(f"the environment lean4 is not there ({how}): {error}")
        raise


@pytest.fixture(scope="session")
def prover(lean4: Environment) -> Iterator[Prover]:
    with Prover(lean4) as made:
        yield made
        made.table()
