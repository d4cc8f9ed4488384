"""Events of verifications, answers that are kept, and indexes of the lists."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STRING = sqlmodel.sql.sqltypes.AutoString
TIME = sqlmodel.sql.sqltypes.UTCDateTime
LISTED = ("record", "claim", "verification", "run")


# The numbers of events are an identity column: a role that may insert needs no right to a sequence.
def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), nullable=False),
        sa.Column("verification_id", STRING(), nullable=False),
        sa.Column("run_id", STRING(), nullable=True),
        sa.Column("kind", STRING(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", TIME(), nullable=False),
        sa.CheckConstraint("kind IN ('state', 'run', 'progress', 'log', 'verdict', 'end')", name=op.f("ck_event_kind")),
        sa.ForeignKeyConstraint(["verification_id"], ["verification.id"], name=op.f("fk_event_verification_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_verification_id_seq"), "event", ["verification_id", "seq"])
    op.create_index(op.f("ix_event_kind_created_at"), "event", ["kind", "created_at"])
    op.create_table(
        "answered",
        sa.Column("caller", STRING(), nullable=False),
        sa.Column("key", STRING(), nullable=False),
        sa.Column("route", STRING(), nullable=False),
        sa.Column("request", STRING(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", TIME(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", "route", name=op.f("pk_answered")),
    )
    op.create_index(op.f("ix_answered_created_at"), "answered", ["created_at"])
    for table in LISTED:
        op.create_index(op.f(f"ix_{table}_created_at_id"), table, ["created_at", "id"])


def downgrade() -> None:
    triggers.drop(op.get_bind())
    for table in LISTED:
        op.drop_index(op.f(f"ix_{table}_created_at_id"), table)
    for table in ("answered", "event"):
        op.drop_table(table)
