"""Corrections, more facts about records, and a Merkle tree with checkpoints over the ledger.

The tree is grown over the rows that are there already: what was recorded before can be proved like everything after.
"""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.core import merkle
from app.store import triggers

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STRING = sqlmodel.sql.sqltypes.AutoString
BATCH = 1000


def upgrade() -> None:
    triggers.drop(op.get_bind())
    op.add_column("record", sa.Column("told", sa.Text(), nullable=True))
    op.add_column("record", sa.Column("claims_public", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("record", sa.Column("superseded_by", STRING(), nullable=True))
    op.create_index(op.f("ix_record_superseded_by"), "record", ["superseded_by"], unique=False)
    op.create_table(
        "correction",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("record_id", STRING(), nullable=False),
        sa.Column("correction_type", STRING(), nullable=False),
        sa.Column("public_note", sa.Text(), nullable=False),
        sa.Column("affected_fields", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("verdict_id", STRING(), nullable=True),
        sa.Column("corrected_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "correction_type IN ('METADATA', 'ARTIFACT', 'CLAIM', 'BENCHMARK', 'PROVENANCE', 'QUALITY_ASSESSMENT')",
            name=op.f("ck_correction_correction_type"),
        ),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_correction_record_id")),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdict.id"], name=op.f("fk_correction_verdict_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    op.create_index(
        op.f("ix_correction_record_id_corrected_at"), "correction", ["record_id", "corrected_at"], unique=False
    )
    subjects = op.create_table(
        "ledger_subject",
        sa.Column("subject", STRING(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["ledger.seq"], name=op.f("fk_ledger_subject_seq")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_ledger_subject")),
        sa.UniqueConstraint("seq", name=op.f("uq_ledger_subject_seq")),
    )
    nodes = op.create_table(
        "ledger_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", STRING(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_ledger_node")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("id", STRING(), nullable=False),
        sa.Column("day", STRING(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", STRING(), nullable=False),
        sa.Column("head", STRING(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("key_id", STRING(), nullable=True),
        sa.CheckConstraint("(signature IS NULL) = (key_id IS NULL)", name=op.f("ck_checkpoint_signature")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
        sa.UniqueConstraint("day", name=op.f("uq_checkpoint_day")),
    )
    op.create_index(op.f("ix_checkpoint_size"), "checkpoint", ["size"], unique=False)
    _grow(op.get_bind(), subjects, nodes)


def _grow(connection: sa.Connection, subjects: sa.Table, nodes: sa.Table) -> None:
    """Write the tree and the subjects of the rows that are there; every row of them tells of a verdict."""
    grown: dict[tuple[int, int], bytes] = {}

    def node(level: int, position: int) -> bytes:
        return grown[level, position]

    rows = connection.execute(sa.text("SELECT seq, prev_hash, kind, body FROM ledger ORDER BY seq")).all()
    for begin in range(0, len(rows), BATCH):
        told, fresh = [], []
        for seq, previous, kind, body in rows[begin : begin + BATCH]:
            data = json.dumps([seq, previous, kind, body], separators=(",", ":"), ensure_ascii=False).encode()
            completed = merkle.grown(seq - 1, hashlib.sha256(b"\x00" + data).digest(), node)
            grown |= {(level, position): found for level, position, found in completed}
            fresh += [{"level": level, "position": at, "hash": found.hex()} for level, at, found in completed]
            told.append({"subject": json.loads(body)[kind], "seq": seq})
        connection.execute(subjects.insert(), told)
        connection.execute(nodes.insert(), fresh)


def downgrade() -> None:
    triggers.drop(op.get_bind())
    for table in ("checkpoint", "ledger_node", "ledger_subject", "correction"):
        op.drop_table(table)
    op.drop_index(op.f("ix_record_superseded_by"), table_name="record")
    for column in ("superseded_by", "claims_public", "told"):
        op.drop_column("record", column)
