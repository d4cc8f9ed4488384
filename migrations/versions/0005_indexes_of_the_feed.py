"""Indexes by which the feed of verdicts finds what is rare."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FACETS = ("status", "reason_code", "blame")


def upgrade() -> None:
    for facet in FACETS:
        op.create_index(op.f(f"ix_verdict_{facet}_evaluated_at_id"), "verdict", [facet, "evaluated_at", "id"])


def downgrade() -> None:
    for facet in FACETS:
        op.drop_index(op.f(f"ix_verdict_{facet}_evaluated_at_id"), "verdict")
