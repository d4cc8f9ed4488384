"""Webhooks: who is told of what, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STRING, UTC = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("publisher", STRING(), nullable=False),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("url", STRING(), nullable=False),
        sa.Column("description", STRING(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("state", STRING(), nullable=False),
        sa.Column("reason", STRING(), nullable=True),
        sa.Column("secret", STRING(), nullable=False),
        sa.Column("old_secret", STRING(), nullable=True),
        sa.Column("old_until", sa.Float(), nullable=True),
        sa.Column("failing_since", sa.Float(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("updated_at", UTC(), nullable=False),
        sa.CheckConstraint("state IN ('enabled', 'disabled')", name=op.f("ck_webhook_endpoint_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index(
        op.f("ix_webhook_endpoint_publisher_state"), "webhook_endpoint", ["publisher", "state"], unique=False
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("endpoint_id", STRING(), nullable=False),
        sa.Column("event", STRING(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("state", STRING(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("ended_at", UTC(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name=op.f("ck_webhook_delivery_state")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_delivery_endpoint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index(
        op.f("ix_webhook_delivery_endpoint_id_created_at"),
        "webhook_delivery",
        ["endpoint_id", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_webhook_delivery_state_due_at"), "webhook_delivery", ["state", "due_at"], unique=False)
    op.create_table(
        "webhook_attempt",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("delivery_id", STRING(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("attempted_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["webhook_delivery.id"], name=op.f("fk_webhook_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index(op.f("ix_webhook_attempt_attempted_at"), "webhook_attempt", ["attempted_at"], unique=False)
    op.create_index(
        op.f("ix_webhook_attempt_delivery_id_number"), "webhook_attempt", ["delivery_id", "number"], unique=False
    )
    op.add_column("worker", sa.Column("missed", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    triggers.drop(op.get_bind())
    op.drop_column("worker", "missed")
    op.drop_index(op.f("ix_webhook_attempt_delivery_id_number"), table_name="webhook_attempt")
    op.drop_index(op.f("ix_webhook_attempt_attempted_at"), table_name="webhook_attempt")
    op.drop_table("webhook_attempt")
    op.drop_index(op.f("ix_webhook_delivery_state_due_at"), table_name="webhook_delivery")
    op.drop_index(op.f("ix_webhook_delivery_endpoint_id_created_at"), table_name="webhook_delivery")
    op.drop_table("webhook_delivery")
    op.drop_index(op.f("ix_webhook_endpoint_publisher_state"), table_name="webhook_endpoint")
    op.drop_table("webhook_endpoint")
