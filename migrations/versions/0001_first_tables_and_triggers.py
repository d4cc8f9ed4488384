"""First tables and triggers."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.store import triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "artifact",
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("length(digest) = 71", name=op.f("ck_artifact_digest")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_artifact_size")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_artifact")),
    )
    op.create_table(
        "environment",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "digest", name=op.f("pk_environment")),
    )
    op.create_table(
        "ledger",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("prev_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_ledger_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger")),
        sa.UniqueConstraint("hash", name=op.f("uq_ledger_hash")),
        sa.UniqueConstraint("prev_hash", name=op.f("uq_ledger_prev_hash")),
    )
    op.create_table(
        "record",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("publisher", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("doi", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("abstract", sa.Text(), nullable=True),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("claims_total", sa.Integer(), nullable=True),
        sa.Column("visibility", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("visibility IN ('public', 'private')", name=op.f("ck_record_visibility")),
        sa.CheckConstraint("claims_total >= 0", name=op.f("ck_record_claims_total")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint("publisher", "external_id", name=op.f("uq_record_publisher_external_id")),
    )
    op.create_table(
        "seal",
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_seal")),
    )
    op.create_table(
        "worker",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("host", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("queues", sa.Text(), nullable=False),
        sa.Column("environments", sa.Text(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker")),
    )
    op.create_table(
        "claim",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("record_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("record_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("publisher", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_claim_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("publisher", "record_key", "name", name=op.f("uq_claim_publisher_record_key_name")),
    )
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claim_record_id"), ["record_id"], unique=False)

    op.create_table(
        "gate",
        sa.Column("record_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_gate_record_id")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_gate")),
    )
    op.create_table(
        "seal_artifact",
        sa.Column("seal", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("artifact", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["artifact"], ["artifact.digest"], name=op.f("fk_seal_artifact_artifact")),
        sa.ForeignKeyConstraint(["seal"], ["seal.digest"], name=op.f("fk_seal_artifact_seal")),
        sa.PrimaryKeyConstraint("seal", "artifact", name=op.f("pk_seal_artifact")),
    )
    op.create_table(
        "claim_revision",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("claim_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_revision_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_revision")),
        sa.UniqueConstraint("claim_id", "digest", name=op.f("uq_claim_revision_claim_id_digest")),
        sa.UniqueConstraint("claim_id", "number", name=op.f("uq_claim_revision_claim_id_number")),
    )
    op.create_table(
        "verification",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("seal", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("claim_revision_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("publisher", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("queue", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("runs_planned", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("reason_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("blame", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("retry_of", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("touched_at", sa.Float(), nullable=False),
        sa.CheckConstraint(
            "blame IN ('author', 'resource', 'measurement', 'service')", name=op.f("ck_verification_blame")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'concluding', 'concluded', 'cancelled', 'faulted')",
            name=op.f("ck_verification_state"),
        ),
        sa.ForeignKeyConstraint(
            ["claim_revision_id"], ["claim_revision.id"], name=op.f("fk_verification_claim_revision_id")
        ),
        sa.ForeignKeyConstraint(["retry_of"], ["verification.id"], name=op.f("fk_verification_retry_of")),
        sa.ForeignKeyConstraint(["seal"], ["seal.digest"], name=op.f("fk_verification_seal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
    )
    with op.batch_alter_table("verification", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verification_claim_revision_id"), ["claim_revision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_verification_publisher_seal"), ["publisher", "seal"], unique=False)
        batch_op.create_index(batch_op.f("ix_verification_state_created_at"), ["state", "created_at"], unique=False)

    op.create_table(
        "run",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("verification_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("environment", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("queue", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("progress_fraction", sa.Float(), nullable=True),
        sa.Column("progress_text", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("fault_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("fault_detail", sa.Text(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("touched_at", sa.Float(), nullable=False),
        sa.Column("nudge_at", sa.Float(), nullable=False),
        sa.CheckConstraint(
            "(state = 'running') = (lease_owner IS NOT NULL AND lease_until IS NOT NULL)", name=op.f("ck_run_lease")
        ),
        sa.CheckConstraint(
            "purpose IN ('measure', 'repeat', 'perturb', 'confirm', 'prove', 'replay')", name=op.f("ck_run_purpose")
        ),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'cancelled', 'faulted')", name=op.f("ck_run_state")),
        sa.ForeignKeyConstraint(["verification_id"], ["verification.id"], name=op.f("fk_run_verification_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("verification_id", "key", name=op.f("uq_run_verification_id_key")),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_state_touched_at"), ["state", "touched_at"], unique=False)

    op.create_table(
        "verdict",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("verification_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("claim_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("claim_revision_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("blame", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("evaluated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("blame IN ('author', 'resource', 'measurement', 'service')", name=op.f("ck_verdict_blame")),
        sa.CheckConstraint("blame IS NULL OR blame <> 'service'", name=op.f("ck_verdict_no_fault")),
        sa.CheckConstraint(
            "outcome IN ('exited', 'signal', 'timeout', 'memory', 'output', 'cancelled', 'fault')",
            name=op.f("ck_verdict_outcome"),
        ),
        sa.CheckConstraint("status = 'UNVERIFIED' OR evidence IS NOT NULL", name=op.f("ck_verdict_evidence")),
        sa.CheckConstraint("status IN ('UNVERIFIED', 'VERIFIED', 'FALSIFIED')", name=op.f("ck_verdict_status")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_verdict_claim_id")),
        sa.ForeignKeyConstraint(
            ["claim_revision_id"], ["claim_revision.id"], name=op.f("fk_verdict_claim_revision_id")
        ),
        sa.ForeignKeyConstraint(["evidence"], ["artifact.digest"], name=op.f("fk_verdict_evidence")),
        sa.ForeignKeyConstraint(["verification_id"], ["verification.id"], name=op.f("fk_verdict_verification_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
        sa.UniqueConstraint("verification_id", name=op.f("uq_verdict_verification_id")),
    )
    with op.batch_alter_table("verdict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verdict_claim_id"), ["claim_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_verdict_evaluated_at_id"), ["evaluated_at", "id"], unique=False)

    op.create_table(
        "comparison",
        sa.Column("verdict_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdict.id"], name=op.f("fk_comparison_verdict_id")),
        sa.PrimaryKeyConstraint("verdict_id", "position", name=op.f("pk_comparison")),
    )
    op.create_table(
        "control",
        sa.Column("verdict_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attacker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("result", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("cannot_prove", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "attacker IN ('replication', 'citation', 'counterexample')", name=op.f("ck_control_attacker")
        ),
        sa.CheckConstraint(
            "result IN ('pass', 'warn', 'fail', 'undecided', 'not_applicable')", name=op.f("ck_control_result")
        ),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdict.id"], name=op.f("fk_control_verdict_id")),
        sa.PrimaryKeyConstraint("verdict_id", "position", name=op.f("pk_control")),
    )
    op.create_table(
        "outcome",
        sa.Column("run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("isolation", sa.Text(), nullable=False),
        sa.Column("derived", sa.Text(), nullable=False),
        sa.Column("worker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("result", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("stdout", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("stderr", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('exited', 'signal', 'timeout', 'memory', 'output', 'cancelled', 'fault')",
            name=op.f("ck_outcome_kind"),
        ),
        sa.ForeignKeyConstraint(["result"], ["artifact.digest"], name=op.f("fk_outcome_result")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_outcome_run_id")),
        sa.ForeignKeyConstraint(["stderr"], ["artifact.digest"], name=op.f("fk_outcome_stderr")),
        sa.ForeignKeyConstraint(["stdout"], ["artifact.digest"], name=op.f("fk_outcome_stdout")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_outcome")),
    )
    op.create_table(
        "run_artifact",
        sa.Column("run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("artifact", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["artifact"], ["artifact.digest"], name=op.f("fk_run_artifact_artifact")),
        sa.ForeignKeyConstraint(["run_id"], ["outcome.run_id"], name=op.f("fk_run_artifact_run_id")),
        sa.PrimaryKeyConstraint("run_id", "name", name=op.f("pk_run_artifact")),
    )


def downgrade() -> None:
    triggers.drop(op.get_bind())
    op.drop_table("run_artifact")
    op.drop_table("outcome")
    op.drop_table("control")
    op.drop_table("comparison")
    with op.batch_alter_table("verdict", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_verdict_evaluated_at_id"))
        batch_op.drop_index(batch_op.f("ix_verdict_claim_id"))

    op.drop_table("verdict")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_state_touched_at"))

    op.drop_table("run")
    with op.batch_alter_table("verification", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_verification_state_created_at"))
        batch_op.drop_index(batch_op.f("ix_verification_publisher_seal"))
        batch_op.drop_index(batch_op.f("ix_verification_claim_revision_id"))

    op.drop_table("verification")
    op.drop_table("claim_revision")
    op.drop_table("seal_artifact")
    op.drop_table("gate")
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_claim_record_id"))

    op.drop_table("claim")
    op.drop_table("worker")
    op.drop_table("seal")
    op.drop_table("record")
    op.drop_table("ledger")
    op.drop_table("environment")
    op.drop_table("artifact")
