"""A clerk's desk: a house whose claims come from a forge on this machine, and a clerk that works when told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import actions
from app.store import source_lists
from tests.core.builders import a_bundle, a_claim, an_expectation
from tests.store.house import House
from tests.workers.forge import NAME, NUMBER, TOKEN, Forge, Repository
from workers.clerk import Clerk
from workers.outside import Outside

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.builders import Program

PUBLISHER = "octo"


def bundle(name: str, value: str = "8.7", folder: str = "claims") -> dict[str, bytes]:
    """Return the usual bundle under another name, in a folder of a repository; its script computes 8.7."""
    claim = a_claim(an_expectation(value))
    claim = claim.model_copy(update={"claim": claim.claim.model_copy(update={"id": name})})
    return {f"{folder}/{name}/{path}": data for path, data in a_bundle(claim).items()}


@dataclass
class Desk:
    """A house, a forge, a source between them, and a clerk."""

    house: House
    forge: Forge
    source: str
    secret: str
    clerk: Clerk

    @classmethod
    def open(cls, house: House, forge: Forge, **changes: Any) -> Desk:
        """Set a source up."""
        wanted: dict[str, Any] = {
            "kind": forge.kind,
            "publisher": PUBLISHER,
            "repository": NAME,
            "repository_id": str(NUMBER),
            "pattern": "claims/**/claim.toml",
            "environments": ("python",),
            "per_day": 100,
            "gpus": 0,
            "api": forge.base,
            "token": TOKEN,
        }
        source, secret = actions.add_source(house.parts, actions.NewSource(**(wanted | changes)))
        outside = Outside(frozenset({forge.named, f"localhost:{forge.port}"}))
        return cls(house, forge, source, secret, Clerk(house.parts, outside))

    @property
    def repository(self) -> Repository:
        """The forge's repository."""
        return self.forge.repository

    def deliver(self, headers: dict[str, str], body: bytes) -> tuple[str, str] | None:
        """Deliver something; returns its id and state."""
        return actions.receive(self.house.parts, self.source, headers, body)

    def see_to(self) -> None:
        """Let the clerk do everything that is due."""
        while self.clerk.step():
            pass

    def finish(self, program: Program | None = None) -> None:
        """Verify whatever was submitted, and tell."""
        with self.house.parts.store.read() as session:
            query = "SELECT id FROM verification WHERE state = 'queued' ORDER BY id"
            waiting = list(session.connection().exec_driver_sql(query).scalars())
        for verification_id in waiting:
            self.house.run_all(verification_id, *([program] if program else []))
            assert actions.conclude(self.house.parts, verification_id) is not None
        self.see_to()

    def said(self) -> list[tuple[str, str]]:
        """Return state and detail of every delivery, newest first."""
        return [(item["state"], item["detail"]) for item in self.deliveries()]

    def deliveries(self) -> list[dict[str, Any]]:
        """Return every delivery, newest first."""
        with self.house.parts.store.read() as session:
            return source_lists.deliveries(session, self.source)

    def reports(self) -> list[dict[str, Any]]:
        """Return what commits were told, newest first."""
        with self.house.parts.store.read() as session:
            return source_lists.reports(session, self.source)

    def hasten(self) -> None:
        """Let everything that was put off be due now."""
        for table in ("hook_delivery", "hook_report"):
            self.house.change(f"UPDATE {table} SET due_at = 0")

    def claims(self) -> list[str]:
        """Return the names of the claims that were submitted, in order."""
        query = (
            "SELECT claim.name FROM verification JOIN claim_revision ON claim_revision.id = claim_revision_id"
            " JOIN claim ON claim.id = claim_revision.claim_id ORDER BY verification.id"
        )
        with self.house.parts.store.read() as session:
            return list(session.connection().exec_driver_sql(query).scalars())


def repository_at(folder: Path) -> Repository:
    """Return a repository with two claims and other files, a link among them."""
    found = Repository(folder)
    (folder / "latest").symlink_to("README.md")
    found.commit({"README.md": b"claims\n", **bundle("first"), **bundle("second", "9.9")})
    return found
