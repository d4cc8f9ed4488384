"""Who holds what waits to be delivered, worked on or told; and what a delivery that came in is about."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STRING = sqlmodel.sql.sqltypes.AutoString
HELD = ("webhook_delivery", "hook_delivery", "hook_report")
TOPICS = {
    "push": ("push", "Push Hook"),
    "pull": ("pull_request", "pull_request_sync", "Merge Request Hook"),
    "release": ("release", "Release Hook"),
    "check": ("check_run", "check_suite"),
}
BY_DELIVERY, BY_DIGEST = "uq_hook_delivery_source_id_delivery", "uq_hook_delivery_source_id_digest"
BY_TOPIC, CHECK = "uq_hook_delivery_source_id_digest_topic", "ck_hook_delivery_topic"


def upgrade() -> None:
    triggers.drop(op.get_bind())
    for table in HELD:
        op.add_column(table, sa.Column("held_until", sa.Float(), nullable=True))
    op.add_column("hook_delivery", sa.Column("topic", STRING(), nullable=True))
    rows = sa.table("hook_delivery", *map(sa.column, ("source_id", "event", "topic")))
    sources = sa.table("hook_source", *map(sa.column, ("id", "kind")))
    generic = sa.select(sources.c.id).where(sources.c.kind == "generic")
    named = [(rows.c.event.in_(events), topic) for topic, events in TOPICS.items()]
    op.execute(sa.update(rows).values(topic=sa.case((rows.c.source_id.in_(generic), "claim"), *named, else_="other")))
    with op.batch_alter_table("hook_delivery", schema=None) as batch:
        batch.alter_column("topic", existing_type=STRING(), nullable=False)
        batch.drop_constraint(op.f(BY_DELIVERY), type_="unique")
        batch.drop_constraint(op.f(BY_DIGEST), type_="unique")
        batch.create_unique_constraint(op.f(BY_TOPIC), ["source_id", "digest", "topic"])
        batch.create_check_constraint(op.f(CHECK), "topic IN ('push', 'pull', 'release', 'check', 'claim', 'other')")


def downgrade() -> None:
    triggers.drop(op.get_bind())
    op.execute(
        "DELETE FROM hook_delivery WHERE EXISTS (SELECT 1 FROM hook_delivery AS first"
        " WHERE first.source_id = hook_delivery.source_id AND first.id < hook_delivery.id"
        " AND (first.digest = hook_delivery.digest OR first.delivery = hook_delivery.delivery))"
    )
    with op.batch_alter_table("hook_delivery", schema=None) as batch:
        batch.drop_constraint(op.f(BY_TOPIC), type_="unique")
        batch.drop_constraint(op.f(CHECK), type_="check")
        batch.create_unique_constraint(op.f(BY_DELIVERY), ["source_id", "delivery"])
        batch.create_unique_constraint(op.f(BY_DIGEST), ["source_id", "digest"])
        batch.drop_column("topic")
    for table in HELD:
        op.drop_column(table, "held_until")
