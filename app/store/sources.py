"""Sources of webhooks as rows: who may send, and by which secret. What is secret comes and goes shut."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from app.core.hooks import Kind
from app.store.engine import database_time
from app.store.source_tables import SourceRow

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

LISTED_MAX = 1000
SECRETS = ("token", "app", "secret", "old_secret")
_FIND = select(SourceRow).where(col(SourceRow.id) == bindparam("source"), col(SourceRow.removed_at).is_(None))


@dataclass(frozen=True)
class NewSource:
    """What a source is made of; its secrets in the open, or shut."""

    kind: Kind
    publisher: str
    repository: str
    repository_id: str
    pattern: str
    environments: tuple[str, ...]
    per_day: int
    gpus: int
    api: str
    token: str | None = None
    app: str | None = None  # JSON of `app.core.check_runs.App`


@dataclass(frozen=True)
class KnownSource:
    """A source as it stands, its secrets shut."""

    id: str
    kind: Kind
    publisher: str
    repository: str
    repository_id: str
    pattern: str
    environments: frozenset[str]
    per_day: int
    gpus: int
    api: str
    token: str | None
    app: str | None
    secrets: tuple[str, ...]  # in use now, the newest first


def add(session: Session, source_id: str, new: NewSource, secret: str) -> None:
    """Write a source, whose secrets were shut."""
    row = SourceRow(
        id=source_id,
        kind=new.kind.value,
        publisher=new.publisher,
        repository=new.repository,
        repository_id=new.repository_id,
        pattern=new.pattern,
        environments=json.dumps(sorted(new.environments)),
        per_day=new.per_day,
        gpus=new.gpus,
        api=new.api,
        token=new.token,
        app=new.app,
        secret=secret,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()


def find(session: Session, source_id: str) -> KnownSource | None:
    """Return a source; None when there is none, or none any more."""
    row = session.connection().execute(_FIND, {"source": source_id}).mappings().first()
    return None if row is None else _known(row, database_time(session))


def rotate(session: Session, source_id: str, secret: str, overlap_seconds: float) -> bool:
    """Give a source another secret; the old one stays good during the overlap. False: there is no such source."""
    row = session.get(SourceRow, source_id, with_for_update=True, populate_existing=True)
    if row is None or row.removed_at is not None:
        return False
    row.old_secret, row.secret = row.secret, secret
    row.old_until = database_time(session) + overlap_seconds
    session.flush()
    return True


def remove(session: Session, source_id: str) -> bool:
    """Let a source be none any more and forget its secrets; what came of it stays. False: there is no such source."""
    gone: dict[str, Any] = dict.fromkeys(SECRETS) | {"removed_at": datetime.now(UTC)}
    change = update(SourceRow).where(col(SourceRow.id) == source_id, col(SourceRow.removed_at).is_(None))
    return session.connection().execute(change.values(gone)).rowcount == 1


def count_refusal(session: Session, source_id: str) -> None:
    """Count a request whose signature did not hold."""
    counted = {"refused": col(SourceRow.refused) + 1, "refused_at": datetime.now(UTC)}
    session.connection().execute(update(SourceRow).where(col(SourceRow.id) == source_id).values(counted))


def listed(session: Session) -> list[dict[str, Any]]:
    """Return every source, newest first; their secrets stay here."""
    query = select(SourceRow).order_by(col(SourceRow.id).desc()).limit(LISTED_MAX)
    found = []
    for row in session.connection().execute(query).mappings():
        shown = {name: value for name, value in row.items() if name not in SECRETS and name != "old_until"}
        reports = {"token": row["token"] is not None, "app": row["app"] is not None}
        found.append(shown | reports | {"environments": json.loads(row["environments"])})
    return found


def _known(row: RowMapping, now: float) -> KnownSource:
    old = row["old_secret"] if row["old_until"] is not None and row["old_until"] > now else None
    return KnownSource(
        id=row["id"],
        kind=Kind(row["kind"]),
        publisher=row["publisher"],
        repository=row["repository"],
        repository_id=row["repository_id"],
        pattern=row["pattern"],
        environments=frozenset(json.loads(row["environments"])),
        per_day=row["per_day"],
        gpus=row["gpus"],
        api=row["api"],
        token=row["token"],
        app=row["app"],
        secrets=tuple(secret for secret in (row["secret"], old) if secret is not None),
    )
