"""Which GPU a worker holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("worker", sa.Column("gpu", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("worker", "gpu")
