"""When each delivery of a source was taken last, so that sources take turns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hook_delivery", sa.Column("taken_at", sa.Float(), nullable=True))
    op.create_index(op.f("ix_hook_delivery_source_id_state_due_at"), "hook_delivery", ["source_id", "state", "due_at"])
    op.create_index(op.f("ix_hook_delivery_source_id_taken_at"), "hook_delivery", ["source_id", "taken_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_hook_delivery_source_id_taken_at"), "hook_delivery")
    op.drop_index(op.f("ix_hook_delivery_source_id_state_due_at"), "hook_delivery")
    op.drop_column("hook_delivery", "taken_at")
