"""The tables of webhooks: who is told what, and what became of it.

Events are rows of the transaction that they tell of, so that none is lost and none is told of what was rolled back. Times
that decide who may act now are epoch seconds of the database, as leases are.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Float, Index
from sqlmodel import Field, SQLModel

from app.store.tables import _one_of, _text


def _epoch(*, nullable: bool = False) -> Column[float]:
    return Column(Float, nullable=nullable)


class EndpointRow(SQLModel, table=True):
    """Where a publisher, or the operator, wants to be told of events."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (_one_of("state", ("enabled", "disabled")), Index(None, "publisher", "state"))
    id: str = Field(primary_key=True)
    publisher: str
    operator: bool = False  # also told of the service's own events
    url: str
    description: str = ""
    events: str = Field(sa_column=_text())  # JSON list
    state: str = "enabled"
    reason: str | None = None  # why it was disabled; None: by its owner, or it is not
    secret: str  # shut, see app.core.lockbox
    old_secret: str | None = None
    old_until: float | None = Field(default=None, sa_column=_epoch(nullable=True))
    failing_since: float | None = Field(default=None, sa_column=_epoch(nullable=True))
    created_at: datetime
    updated_at: datetime


class DeliveryRow(SQLModel, table=True):
    """One event for one endpoint, until it was taken or given up."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        _one_of("state", ("pending", "delivered", "dead")),
        Index(None, "state", "due_at"),
        Index(None, "endpoint_id", "created_at"),
    )
    id: str = Field(primary_key=True)  # the header `webhook-id`
    endpoint_id: str = Field(foreign_key="webhook_endpoint.id")
    event: str
    data: str = Field(sa_column=_text())  # JSON
    state: str = "pending"
    attempts: int = 0
    due_at: float = Field(sa_column=_epoch())  # of the next attempt, or until when the present one may take
    held_until: float | None = Field(default=None, sa_column=_epoch(nullable=True))  # None: no attempt is being made
    created_at: datetime
    ended_at: datetime | None = None


class AttemptRow(SQLModel, table=True):
    """One attempt at a delivery, and what was answered. Kept for a while."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index(None, "delivery_id", "number"), Index(None, "attempted_at"))
    id: str = Field(primary_key=True)
    delivery_id: str = Field(foreign_key="webhook_delivery.id")
    number: int
    status: int | None = None
    answer: str = Field(sa_column=_text())
    error: str = Field(sa_column=_text())  # empty: it was taken
    duration_ms: int
    attempted_at: datetime
