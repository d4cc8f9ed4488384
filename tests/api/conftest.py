from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from app.store import migrate
from tests.api.service import Service, open_service
from tests.store.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "assay.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Give a PostgreSQL server."""
    found = Cluster()
    yield found
    found.stop()


@pytest.fixture
def service(migrated: Path, tmp_path: Path) -> Iterator[Service]:
    """Give a fresh service with one published environment."""
    yield from open_service(migrated, tmp_path)


@pytest.fixture(scope="module")
def house(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give one service to all tests of a file that compare before and after themselves."""
    yield from open_service(migrated, tmp_path_factory.mktemp("house"))


@pytest.fixture
def serving(migrated: Path, tmp_path: Path) -> Callable[..., AbstractContextManager[Service]]:
    """Open a service with other settings."""

    @contextmanager
    def start(**settings: Any) -> Iterator[Service]:
        yield from open_service(migrated, tmp_path / "other", **settings)

    return start
