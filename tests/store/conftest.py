from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from app.store import migrate
from app.store.engine import Store
from tests.store.house import House
from tests.store.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Give a PostgreSQL server."""
    found = Cluster()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite database at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "assay.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def dialect(request: pytest.FixtureRequest) -> str:
    """Make every test that asks for a database run on both."""
    name: str = request.param
    return name


@pytest.fixture
def database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a fresh database at the newest revision."""
    if dialect == "postgresql":
        server: Cluster = request.getfixturevalue("cluster")
        url = server.create()
        yield url
        server.drop(url)
    else:
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "assay.db")
        yield f"sqlite:///{tmp_path / 'assay.db'}"


@pytest.fixture
def empty_database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database without any table."""
    if dialect == "postgresql":
        server: Cluster = request.getfixturevalue("cluster")
        url = server.create("template1")
        yield url
        server.drop(url)
    else:
        yield f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Give a fresh database, opened."""
    found = Store(database)
    yield found
    found.close()


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    """Give a fresh service without broker and worker processes."""
    found = House.open(database, tmp_path / "home")
    yield found
    found.close()


@pytest.fixture
def house_with(database: str, tmp_path: Path) -> Iterator[Any]:
    """Open a service with other settings."""
    opened: list[House] = []

    def start(**settings: Any) -> House:
        opened.append(House.open(database, tmp_path / "home", **settings))
        return opened[-1]

    yield start
    for found in opened:
        found.close()
