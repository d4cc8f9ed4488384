"""Assets, which seals need them, and which workers have them."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STRING = sqlmodel.sql.sqltypes.AutoString
TIME = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.create_table(
        "asset",
        sa.Column("digest", STRING(), nullable=False),
        sa.Column("name", STRING(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("created_at", TIME(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_asset")),
    )
    op.create_table(
        "seal_asset",
        sa.Column("seal", STRING(), nullable=False),
        sa.Column("asset", STRING(), nullable=False),
        sa.ForeignKeyConstraint(["seal"], ["seal.digest"], name=op.f("fk_seal_asset_seal")),
        sa.ForeignKeyConstraint(["asset"], ["asset.digest"], name=op.f("fk_seal_asset_asset")),
        sa.PrimaryKeyConstraint("seal", "asset", name=op.f("pk_seal_asset")),
    )
    op.create_index(op.f("ix_seal_asset_asset"), "seal_asset", ["asset"])
    op.add_column("worker", sa.Column("assets", sa.Text(), server_default="[]", nullable=False))


def downgrade() -> None:
    triggers.drop(op.get_bind())
    op.drop_column("worker", "assets")
    op.drop_table("seal_asset")
    op.drop_table("asset")
