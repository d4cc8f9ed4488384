"""Blobs that are sent by themselves, and from a blob to the verifications whose bundle has it."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STRING = sqlmodel.sql.sqltypes.AutoString
TIME = sqlmodel.sql.sqltypes.UTCDateTime
LOOKED_UP = (("seal_artifact", "artifact"), ("verification", "seal"))


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "upload",
        sa.Column("publisher", STRING(), nullable=False),
        sa.Column("digest", STRING(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", TIME(), nullable=False),
        sa.CheckConstraint("size >= 0", name=op.f("ck_upload_size")),
        sa.PrimaryKeyConstraint("publisher", "digest", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_sent_at"), "upload", ["sent_at"])
    for table, column in LOOKED_UP:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    triggers.drop(op.get_bind())
    for table, column in LOOKED_UP:
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
    op.drop_table("upload")
