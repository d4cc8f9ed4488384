"""Verdicts that lay it on the service that two kernels disagree."""

from __future__ import annotations

from alembic import op

from app.store import triggers

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

USUAL = "blame IS NULL OR blame <> 'service'"
BEFORE = f"{USUAL} OR reason_code IN ('CHECKER_NOT_TRUSTED', 'PROOF_TOOLCHAIN_ERROR')"
AFTER = f"{USUAL} OR reason_code IN ('CHECKER_NOT_TRUSTED', 'KERNELS_DISAGREE', 'PROOF_TOOLCHAIN_ERROR')"


def upgrade() -> None:
    triggers.drop(op.get_bind())
    _say(AFTER)


def downgrade() -> None:
    triggers.drop(op.get_bind())
    _say(BEFORE)


def _say(no_fault: str) -> None:
    name = op.f("ck_verdict_no_fault")
    with op.batch_alter_table("verdict", schema=None) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, no_fault)
