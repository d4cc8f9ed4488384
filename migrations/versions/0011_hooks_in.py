"""Webhooks that come in: sources, deliveries, what their budgets are counted by, and what commits are told."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STRING, UTC = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "hook_source",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("kind", STRING(), nullable=False),
        sa.Column("publisher", STRING(), nullable=False),
        sa.Column("repository", STRING(), nullable=False),
        sa.Column("repository_id", STRING(), nullable=False),
        sa.Column("pattern", STRING(), nullable=False),
        sa.Column("environments", sa.Text(), nullable=False),
        sa.Column("per_day", sa.Integer(), nullable=False),
        sa.Column("gpus", sa.Integer(), nullable=False),
        sa.Column("api", STRING(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("app", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_until", sa.Float(), nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("refused_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("removed_at", UTC(), nullable=True),
        sa.CheckConstraint("kind IN ('github', 'gitlab', 'forgejo', 'generic')", name=op.f("ck_hook_source_kind")),
        sa.CheckConstraint("gpus >= 0", name=op.f("ck_hook_source_gpus")),
        sa.CheckConstraint("per_day >= 0", name=op.f("ck_hook_source_per_day")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_source")),
    )
    op.create_table(
        "hook_delivery",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("source_id", STRING(), nullable=False),
        sa.Column("delivery", STRING(), nullable=False),
        sa.Column("digest", STRING(), nullable=False),
        sa.Column("event", STRING(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("state", STRING(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("received_at", UTC(), nullable=False),
        sa.Column("ended_at", UTC(), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'done', 'failed')", name=op.f("ck_hook_delivery_state")),
        sa.ForeignKeyConstraint(["source_id"], ["hook_source.id"], name=op.f("fk_hook_delivery_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_delivery")),
        sa.UniqueConstraint("source_id", "delivery", name=op.f("uq_hook_delivery_source_id_delivery")),
        sa.UniqueConstraint("source_id", "digest", name=op.f("uq_hook_delivery_source_id_digest")),
    )
    op.create_index(op.f("ix_hook_delivery_source_id_received_at"), "hook_delivery", ["source_id", "received_at"])
    op.create_index(op.f("ix_hook_delivery_state_due_at"), "hook_delivery", ["state", "due_at"])
    op.create_table(
        "hook_begun",
        sa.Column("verification_id", STRING(), nullable=False),
        sa.Column("source_id", STRING(), nullable=False),
        sa.Column("begun_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["hook_source.id"], name=op.f("fk_hook_begun_source_id")),
        sa.ForeignKeyConstraint(["verification_id"], ["verification.id"], name=op.f("fk_hook_begun_verification_id")),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_hook_begun")),
    )
    op.create_index(op.f("ix_hook_begun_source_id_begun_at"), "hook_begun", ["source_id", "begun_at"])
    op.create_table(
        "hook_report",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("source_id", STRING(), nullable=False),
        sa.Column("repository", STRING(), nullable=False),
        sa.Column("repository_id", STRING(), nullable=False),
        sa.Column("sha", STRING(), nullable=False),
        sa.Column("context", STRING(), nullable=False),
        sa.Column("folder", STRING(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("verification_id", STRING(), nullable=True),
        sa.Column("told", STRING(), nullable=True),
        sa.Column("check_run", STRING(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.CheckConstraint(
            "told IN ('pending', 'success', 'failure', 'error', 'given up')", name=op.f("ck_hook_report_told")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["hook_source.id"], name=op.f("fk_hook_report_source_id")),
        sa.ForeignKeyConstraint(["verification_id"], ["verification.id"], name=op.f("fk_hook_report_verification_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_report")),
        sa.UniqueConstraint("source_id", "sha", "context", name=op.f("uq_hook_report_source_id_sha_context")),
    )
    op.create_index(op.f("ix_hook_report_source_id_created_at"), "hook_report", ["source_id", "created_at"])
    op.create_index(op.f("ix_hook_report_told_due_at"), "hook_report", ["told", "due_at"])
    op.create_index(op.f("ix_hook_report_verification_id"), "hook_report", ["verification_id"])


def downgrade() -> None:
    triggers.drop(op.get_bind())
    for table in ("hook_report", "hook_begun", "hook_delivery", "hook_source"):
        op.drop_table(table)
