"""Count the judges that took a verification up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verification", sa.Column("judgings", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("verification", "judgings")
