"""The listing and the tally of the feed, where lines begin in logs, and what runs used as time went on.

Both tables of the feed are made from the verdicts that are there. Logs of the time before are read as a whole once.
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers, upkeep

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STRING, UTC = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
FIND = (["audience", "evaluated_at", "verdict_id"], ["audience", "bucket", "evaluated_at", "verdict_id"])


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "listing",
        sa.Column("verdict_id", STRING(), nullable=False),
        sa.Column("audience", STRING(), nullable=False),
        sa.Column("bucket", STRING(), nullable=False),
        sa.Column("evaluated_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdict.id"], name=op.f("fk_listing_verdict_id")),
        sa.PrimaryKeyConstraint("verdict_id", name=op.f("pk_listing")),
    )
    op.create_table(
        "tally",
        sa.Column("audience", STRING(), nullable=False),
        sa.Column("bucket", STRING(), nullable=False),
        sa.Column("status", STRING(), nullable=False),
        sa.Column("kind", STRING(), nullable=False),
        sa.Column("reason_code", STRING(), nullable=False),
        sa.Column("blame", STRING(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("audience", "bucket", name=op.f("pk_tally")),
    )
    op.create_table(
        "log",
        sa.Column("digest", STRING(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("first_error", sa.BigInteger(), nullable=True),
        sa.Column("blocks", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["artifact.digest"], name=op.f("fk_log_digest")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_log")),
    )
    op.add_column("outcome", sa.Column("samples", sa.Text(), nullable=True))
    for statement in upkeep.anew(op.get_bind().dialect.name):
        op.execute(statement)
    for columns in FIND:
        op.create_index(op.f(f"ix_listing_{'_'.join(columns)}"), "listing", columns)


def downgrade() -> None:
    triggers.drop(op.get_bind())
    op.drop_column("outcome", "samples")
    for table in ("log", "tally", "listing"):
        op.drop_table(table)
