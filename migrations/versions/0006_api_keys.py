"""API keys, and claims that are no stranger's business."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STRING, UTC = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "api_key",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("hash", STRING(), nullable=False),
        sa.Column("publisher", STRING(), nullable=False),
        sa.Column("name", STRING(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("requests_per_minute", sa.Integer(), nullable=True),
        sa.Column("queued_runs", sa.Integer(), nullable=True),
        sa.Column("gpu_seconds_per_day", sa.Integer(), nullable=True),
        sa.Column("successor_of", STRING(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("expires_at", UTC(), nullable=True),
        sa.Column("revoked_at", UTC(), nullable=True),
        sa.Column("used_at", UTC(), nullable=True),
        sa.ForeignKeyConstraint(["successor_of"], ["api_key.id"], name=op.f("fk_api_key_successor_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
    )
    op.create_index(op.f("ix_api_key_publisher"), "api_key", ["publisher"])
    # In one statement, for SQLite would make a table anew to which others refer.
    op.execute(
        "ALTER TABLE claim ADD COLUMN visibility TEXT DEFAULT 'public' NOT NULL"
        " CONSTRAINT ck_claim_visibility CHECK (visibility IN ('public', 'private'))"
    )


def downgrade() -> None:
    triggers.drop(op.get_bind())
    op.execute("ALTER TABLE claim DROP COLUMN visibility")
    op.drop_table("api_key")
