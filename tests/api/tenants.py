"""A service with two publishers, keys of every kind, and things of one of them that are nobody else's business."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient
from sqlalchemy import event

from app import actions
from app.actions import NewKey
from app.core.caller import USUAL, Budgets, Scope
from app.core.canonical import digest
from tests.api.bundles import script_bundle
from tests.api.service import ADDRESS, Service, open_service
from tests.store.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: A word that stands in everything of Alice's that is private, and in nothing else.
SECRET = "zyzzyva"
WRONG = "assay_live_" + "A" * 43 + "000000"


@dataclass
class World:
    """The service as several callers see it, and the ids of what is whose."""

    service: Service
    keys: dict[str, str] = field(default_factory=dict)  # name -> key
    ids: dict[str, str] = field(default_factory=dict)  # name -> id of the key
    hidden: dict[str, str] = field(
        default_factory=dict
    )  # parameter of an address -> id of something private of Alice's
    shown: dict[str, str] = field(default_factory=dict)  # the same of something public of hers
    closed: dict[str, str] = field(default_factory=dict)  # the same of a public record whose claims she keeps closed

    def as_(self, name: str | None) -> TestClient:
        """Return a client that shows a key; None: none."""
        headers = {} if name is None else {"Authorization": f"Bearer {self.keys[name]}"}
        app = self.service.client.app
        peer = ("127.0.0.1", 50000)
        return TestClient(app, ADDRESS, client=peer, raise_server_exceptions=False, headers=headers)

    def of(self, name: str) -> Service:
        """Return the service as the holder of a key uses it."""
        return Service(self.as_(name), self.service.parts)

    def make(self, name: str, publisher: str, scopes: frozenset[Scope] = USUAL, budgets: Budgets = Budgets()) -> None:  # noqa: B008, RUF100
        """Make a key."""
        self.ids[name], self.keys[name] = actions.create_key(
            self.service.parts, NewKey(publisher, name, scopes, None, budgets)
        )

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Give the list of the statements that the database is asked meanwhile."""
        found: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            found.append(statement)

        engine = self.service.parts.store.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield found
        finally:
            event.remove(engine, "before_cursor_execute", note)


def matching(_: Any) -> bytes:
    return b'{"total": 6}'


def bundle(claim: str, record: str | None) -> dict[str, bytes]:
    """Return a bundle of a claim of its own name."""
    files = script_bundle()
    named = b"" if record is None else f'[record]\nid = "{record}"\ntitle = "{record}"\n'.encode()
    text = files["claim.toml"].replace(b"[claim]", named + b"[claim]").replace(b'"total"', f'"{claim}"'.encode(), 1)
    said = text.replace(b"The scores add", f"By {claim} the scores add".encode())
    return {**files, "claim.toml": said, "notes.txt": claim.encode()}


def build(service: Service) -> World:
    """Make keys, then things: a private record, a public one with closed claims, a released claim, a draft."""
    world = World(service)
    for name in ("alice", "alice_expired", "alice_revoked"):
        world.make(name, "alice")
    world.make("bob", "bob")
    world.make("poor", "alice", frozenset({Scope.WEBHOOKS_MANAGE}))
    world.make("admin", "house", frozenset({Scope.ADMIN}))
    alice = world.of("alice")
    put = {"title": f"The {SECRET} record", "visibility": "private", "claims_visibility": "open"}
    assert alice.client.put(f"/v1/records/{SECRET}", json=put).status_code == 201
    assert alice.client.put("/v1/records/open", json={"claims_visibility": "open"}).status_code == 201
    assert alice.client.put("/v1/records/closed", json={}).status_code == 201
    hidden = alice.conclude(matching, bundle(f"{SECRET}-gain", SECRET))
    shown = alice.conclude(matching, bundle("shown-gain", "open"))
    world.closed = ids_of(alice.conclude(matching, bundle("closed-gain", "closed")))
    world.hidden, world.shown = ids_of(hidden), ids_of(shown)
    with service.parts.store.transaction() as session:
        from sqlalchemy import text

        past = datetime.now(UTC) - timedelta(minutes=1)
        change = text("UPDATE api_key SET expires_at = :past WHERE id = :id")
        session.connection().execute(change, {"past": past, "id": world.ids["alice_expired"]})
    actions.revoke_key(service.parts, world.ids["alice_revoked"])
    for name in ("alice", "bob", "poor", "admin"):  # the first use is written down
        assert world.as_(name).get("/v1/ledger").status_code == 200
    return world


def worlds(dialect: str, migrated: Path, home: Path) -> Iterator[World]:
    """Yield the service on a migrated SQLite file, or on a PostgreSQL of its own that ends with it."""
    if dialect == "sqlite":
        for service in open_service(migrated, home):
            yield build(service)
        return
    cluster = Cluster()
    try:
        for service in open_service(home / "none", home, database_url=cluster.create()):
            yield build(service)
    finally:
        cluster.stop()


def ids_of(document: dict[str, Any]) -> dict[str, str]:
    """Return the ids of a concluded verification and what belongs to it, by the names that addresses have for them."""
    return {
        "verification_id": document["id"],
        "claim_id": document["claim"]["id"],
        "record_id": document["record_id"],
        "verdict_id": document["verdict"]["id"],
        "run_id": document["runs"][0]["id"],
        "seal": document["seal"],
        "evidence": document["verdict"]["evidence"],
        "file": digest(str(document["claim"]["name"]).encode()),  # `notes.txt` of `bundle`
    }
