"""`/v1/approvals`: a publisher approves statements; repeating changes nothing, and nobody sees another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.core.caller import Scope
from tests.api.tenants import World, worlds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.api.service import Service

CHALLENGE = f"sha256:{'3d' * 32}"
WANTED = {"challenge": CHALLENGE, "theorem": "Paper.main", "imports": ["Init"]}


@pytest.fixture(scope="module")
def world(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    yield from worlds("sqlite", migrated, tmp_path_factory.mktemp("approvals"))


def test_a_statement_is_approved_once_and_listed(service: Service) -> None:
    first = service.client.post("/v1/approvals", json=WANTED)
    assert first.status_code == 201
    found = first.json()
    assert {name: found[name] for name in WANTED} == WANTED
    assert found["id"].startswith("apr_")
    assert found["approved_by"] == "local"
    again = service.client.post("/v1/approvals", json=WANTED)
    assert (again.status_code, again.json()) == (200, found)
    assert service.client.get("/v1/approvals").json() == {"items": [found]}
    assert service.client.get("/v1/approvals", params={"challenge": CHALLENGE}).json() == {"items": [found]}
    assert service.client.get("/v1/approvals", params={"challenge": f"sha256:{'0' * 64}"}).json() == {"items": []}


def test_what_may_be_imported_is_init_unless_said(service: Service) -> None:
    short = {name: WANTED[name] for name in ("challenge", "theorem")}
    assert service.client.post("/v1/approvals", json=short).json()["imports"] == ["Init"]


def test_a_label_of_metamath_is_approved_without_imports(service: Service) -> None:
    answer = service.client.post("/v1/approvals", json=WANTED | {"theorem": "2p2e4-x", "imports": []})
    assert (answer.status_code, answer.json()["theorem"], answer.json()["imports"]) == (201, "2p2e4-x", [])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"challenge": "3d"}, "/challenge"),
        ({"challenge": CHALLENGE.upper()}, "/challenge"),
        ({"theorem": "a b"}, "/theorem"),
        ({"theorem": "main\n"}, "/theorem"),
        ({"theorem": "x" * 256}, "/theorem"),
        ({"imports": ["a/b"]}, "/imports/0"),
        ({"imports": ["M"] * 33}, "/imports"),
        ({"by": "me"}, "/by"),
    ],
)
def test_what_cannot_be_approved_is_told_with_its_place(service: Service, change: dict[str, Any], pointer: str) -> None:
    answer = service.client.post("/v1/approvals", json=WANTED | change)
    assert answer.status_code == 422
    assert pointer in [item["pointer"] for item in answer.json()["errors"]]
    assert service.client.get("/v1/approvals").json() == {"items": []}


def test_an_approval_names_its_key_and_belongs_to_its_publisher(world: World) -> None:
    found = world.of("alice").client.post("/v1/approvals", json=WANTED).json()
    assert found["approved_by"] == world.ids["alice"]
    assert world.of("bob").client.get("/v1/approvals").json() == {"items": []}
    theirs = world.of("bob").client.post("/v1/approvals", json=WANTED)
    assert (theirs.status_code, theirs.json()["approved_by"]) == (201, world.ids["bob"])
    assert world.of("alice").client.get("/v1/approvals").json() == {"items": [found]}


def test_without_the_scope_nothing_is_approved(world: World) -> None:
    world.make("submitter", "alice", frozenset({Scope.VERIFICATIONS_WRITE}))
    for name, status in (("poor", 403), ("submitter", 403), ("alice_revoked", 401)):
        assert world.of(name).client.post("/v1/approvals", json=WANTED).status_code == status
    assert world.of("submitter").client.get("/v1/approvals").status_code == 403
