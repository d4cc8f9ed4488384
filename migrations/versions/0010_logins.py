"""Logins of browsers."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STRING, UTC = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "login",
        sa.Column("hash", STRING(), nullable=False),
        sa.Column("key_id", STRING(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("expires_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_login_key_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_login")),
    )
    op.create_index(op.f("ix_login_key_id"), "login", ["key_id"])
    op.create_index(op.f("ix_login_expires_at"), "login", ["expires_at"])


def downgrade() -> None:
    triggers.drop(op.get_bind())
    op.drop_table("login")
