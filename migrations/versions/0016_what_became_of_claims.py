"""What became of each claim of a delivery that came in, and what a commit was told last and when."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STRING, UTC = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "hook_claim",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("delivery_id", STRING(), nullable=False),
        sa.Column("sha", STRING(), nullable=False),
        sa.Column("folder", STRING(), nullable=False),
        sa.Column("name", STRING(), nullable=False),
        sa.Column("verification_id", STRING(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["hook_delivery.id"], name=op.f("fk_hook_claim_delivery_id")),
        sa.ForeignKeyConstraint(["verification_id"], ["verification.id"], name=op.f("fk_hook_claim_verification_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_claim")),
        sa.UniqueConstraint("delivery_id", "folder", name=op.f("uq_hook_claim_delivery_id_folder")),
    )
    op.add_column("hook_report", sa.Column("said", sa.Text(), nullable=True))
    op.add_column("hook_report", sa.Column("told_at", UTC(), nullable=True))


def downgrade() -> None:
    triggers.drop(op.get_bind())
    for column in ("told_at", "said"):
        op.drop_column("hook_report", column)
    op.drop_table("hook_claim")
