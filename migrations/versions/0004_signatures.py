"""Judges' keys, signed verdicts whose findings come first, audits of stored evidence and alarms."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FINDINGS = ("comparison", "control")


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "signing_key",
        sa.Column("keyid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("public_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("not_before", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("keyid", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "key_retirement",
        sa.Column("keyid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("retired_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["keyid"], ["signing_key.keyid"], name=op.f("fk_key_retirement_keyid")),
        sa.PrimaryKeyConstraint("keyid", name=op.f("pk_key_retirement")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("position", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "alarm",
        sa.Column("verdict_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raised_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("resolved_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdict.id"], name=op.f("fk_alarm_verdict_id")),
        sa.PrimaryKeyConstraint("verdict_id", name=op.f("pk_alarm")),
    )
    op.add_column("verdict", sa.Column("keyid", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    _refer(deferrable=True, initially="deferred")


def downgrade() -> None:
    triggers.drop(op.get_bind())
    _refer()
    op.drop_column("verdict", "keyid")
    op.drop_table("alarm")
    op.drop_table("audit")
    op.drop_table("key_retirement")
    op.drop_table("signing_key")


def _refer(**how: bool | str) -> None:
    for table in FINDINGS:
        name = op.f(f"fk_{table}_verdict_id")
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(name, type_="foreignkey")
            batch_op.create_foreign_key(name, "verdict", ["verdict_id"], ["id"], **how)  # type: ignore[arg-type]
