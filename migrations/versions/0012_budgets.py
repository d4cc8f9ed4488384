"""Whose budgets a verification counts against, and what it may take and took."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STRING = sqlmodel.sql.sqltypes.AutoString
AMOUNTS = ("cpu_ms_reserved", "gpu_ms_reserved", "cpu_ms", "gpu_ms")


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.add_column("api_key", sa.Column("cpu_seconds_per_day", sa.Integer(), nullable=True))
    op.add_column("api_key", sa.Column("account", STRING(), nullable=True))
    op.add_column("verification", sa.Column("account", STRING(), nullable=True))
    for name in AMOUNTS:
        op.add_column("verification", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(op.f("ix_verification_account_created_at"), "verification", ["account", "created_at"])


def downgrade() -> None:
    triggers.drop(op.get_bind())
    op.drop_index(op.f("ix_verification_account_created_at"), "verification")
    for table, names in (("verification", ("account", *AMOUNTS)), ("api_key", ("account", "cpu_seconds_per_day"))):
        for name in names:
            op.drop_column(table, name)
