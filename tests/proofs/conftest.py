"""The environment `lean4`, and what checks proofs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.environments.shipped import shipped
from tests.proofs.prover import Prover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Environment


@pytest.fixture(scope="session")
def lean4(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return shipped("lean4", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def prover(lean4: Environment) -> Iterator[Prover]:
    with Prover(lean4) as made:
        yield made
        made.table()
