"""The tables of webhooks that come in: who may send them, what came, and what commits are told.

Times that decide who may act now are epoch seconds of the database, as leases are.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Float, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.core.hook_change import Topic
from app.core.hooks import Kind
from app.store.tables import _one_of, _text

LISTED_MAX = 200
DETAIL_MAX = 2000  # characters of what is kept about a delivery or a report
PAUSES = (10.0, 60.0, 300.0, 1_800.0, 7_200.0)  # seconds after each failed attempt; after the last one it is over


def _epoch(*, nullable: bool = False) -> Column[float]:
    return Column(Float, nullable=nullable)


class SourceRow(SQLModel, table=True):
    """A repository, or a program, that may hand in claims for a publisher. Its secrets are shut (`app.core.lockbox`)."""

    __tablename__ = "hook_source"
    __table_args__ = (
        _one_of("kind", [kind.value for kind in Kind]),
        CheckConstraint("per_day >= 0", name="per_day"),
        CheckConstraint("gpus >= 0", name="gpus"),
    )
    id: str = Field(primary_key=True)
    kind: str
    publisher: str
    repository: str  # full name, such as owner/name; "" for a program
    repository_id: str  # the forge's number of it; "" for a program
    pattern: str  # of the paths of claim.toml files
    environments: str = Field(sa_column=_text())  # JSON list of names
    per_day: int  # verifications that it may begin in 24 hours
    gpus: int  # that one of its claims may ask for
    api: str  # base address of the forge's interface
    token: str | None = Field(default=None, sa_column=_text(nullable=True))  # for that interface; shut
    app: str | None = Field(default=None, sa_column=_text(nullable=True))  # credentials of a GitHub App, JSON; shut
    secret: str | None = Field(sa_column=_text(nullable=True))  # shut; None: removed
    old_secret: str | None = Field(default=None, sa_column=_text(nullable=True))
    old_until: float | None = Field(default=None, sa_column=_epoch(nullable=True))
    refused: int = 0  # requests whose signature did not hold
    refused_at: datetime | None = None
    created_at: datetime
    removed_at: datetime | None = None


class HookRow(SQLModel, table=True):
    """One delivery of a source: stored when it comes, worked on later, remembered as done."""

    __tablename__ = "hook_delivery"
    __table_args__ = (
        UniqueConstraint("source_id", "digest", "topic"),
        _one_of("state", ("queued", "done", "failed")),
        _one_of("topic", [topic.value for topic in Topic]),
        Index(None, "state", "due_at"),
        Index(None, "source_id", "received_at"),
        Index(None, "source_id", "state", "due_at"),
        Index(None, "source_id", "taken_at"),
    )
    id: str = Field(primary_key=True)
    source_id: str = Field(foreign_key="hook_source.id")
    delivery: str  # the sender's id of it
    digest: str  # of what makes it the same when it comes again, see app.core.hooks
    topic: str  # that its event is of
    event: str
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))  # None: ended
    state: str
    attempts: int
    due_at: float = Field(sa_column=_epoch())  # of the next attempt, or until when the present one may take
    held_until: float | None = Field(default=None, sa_column=_epoch(nullable=True))  # None: nobody works on it
    taken_at: float | None = Field(default=None, sa_column=_epoch(nullable=True))  # when an attempt was begun last
    detail: str = Field(sa_column=_text())  # what was done about it
    received_at: datetime
    ended_at: datetime | None = None


class HookClaimRow(SQLModel, table=True):
    """What became of one claim of a delivery, see `app.store.hook_claims`."""

    __tablename__ = "hook_claim"
    __table_args__ = (UniqueConstraint("delivery_id", "folder"),)
    id: str = Field(primary_key=True)
    delivery_id: str = Field(foreign_key="hook_delivery.id")
    sha: str
    folder: str
    name: str
    verification_id: str | None = Field(default=None, foreign_key="verification.id")
    refusal: str | None = Field(default=None, sa_column=_text(nullable=True))


class BegunRow(SQLModel, table=True):
    """A verification that a source began: what its budget is counted by."""

    __tablename__ = "hook_begun"
    __table_args__ = (Index(None, "source_id", "begun_at"),)
    verification_id: str = Field(primary_key=True, foreign_key="verification.id")
    source_id: str = Field(foreign_key="hook_source.id")
    begun_at: datetime


class ReportRow(SQLModel, table=True):
    """What a commit is to be told about one claim, and what it was told last."""

    __tablename__ = "hook_report"
    __table_args__ = (
        UniqueConstraint("source_id", "sha", "context"),
        _one_of("told", ("pending", "success", "failure", "error", "given up")),
        Index(None, "told", "due_at"),
        Index(None, "verification_id"),
        Index(None, "source_id", "created_at"),
    )
    id: str = Field(primary_key=True)
    source_id: str = Field(foreign_key="hook_source.id")
    repository: str
    repository_id: str
    sha: str
    context: str  # assay/CLAIM
    folder: str  # of the bundle
    lines: str = Field(sa_column=_text())  # JSON: metric -> line of claim.toml; "" -> where else something is said
    refusal: str | None = Field(default=None, sa_column=_text(nullable=True))  # why nothing is verified
    verification_id: str | None = Field(default=None, foreign_key="verification.id")
    told: str | None = None  # None: nothing yet
    said: str | None = Field(default=None, sa_column=_text(nullable=True))  # the sentence that its forge took last
    told_at: datetime | None = None  # when that was
    check_run: str | None = None  # GitHub's number of it
    attempts: int
    due_at: float = Field(sa_column=_epoch())
    held_until: float | None = Field(default=None, sa_column=_epoch(nullable=True))  # None: nobody tells it now
    error: str = Field(sa_column=_text())  # of the last attempt
    created_at: datetime
