"""Approved statements of proofs, and verdicts that lay it on the service that its checker may not decide."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STRING = sqlmodel.sql.sqltypes.AutoString
TIME = sqlmodel.sql.sqltypes.UTCDateTime
BEFORE = "blame IS NULL OR blame <> 'service'"
AFTER = f"{BEFORE} OR reason_code IN ('CHECKER_NOT_TRUSTED', 'PROOF_TOOLCHAIN_ERROR')"


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "approval",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("publisher", STRING(), nullable=False),
        sa.Column("challenge", STRING(), nullable=False),
        sa.Column("theorem", STRING(), nullable=False),
        sa.Column("imports", sa.Text(), nullable=False),
        sa.Column("approved_by", STRING(), nullable=False),
        sa.Column("created_at", TIME(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint(
            "publisher",
            "challenge",
            "theorem",
            "imports",
            name=op.f("uq_approval_publisher_challenge_theorem_imports"),
        ),
    )
    _say(AFTER)


def downgrade() -> None:
    triggers.drop(op.get_bind())
    _say(BEFORE)
    op.drop_table("approval")


def _say(no_fault: str) -> None:
    name = op.f("ck_verdict_no_fault")
    with op.batch_alter_table("verdict", schema=None) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, no_fault)
