"""The tables. Closed sets are VARCHAR with a named CHECK, so that both dialects refuse the same things.

Times are aware UTC datetimes, except leases: those are compared in SQL and are epoch seconds. Rows marked append-only are
kept so by triggers (`app.store.triggers`), not by good manners.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    false,
)
from sqlmodel import Field, SQLModel

from app.core.contracts.correction_record import CorrectionType
from app.core.lifecycle import RUN, VERIFICATION
from app.core.model import Attacker, Blame, ControlResult, OutcomeKind, Purpose, Status
from app.core.reasons import PROOF_BLAME

SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
metadata = SQLModel.metadata

REVISION = "0020"  # the migration whose tables these are; a database at another one is refused at start


#: Reason codes that lay it on the service that its checker of proofs may not decide; whatever else is its, is a fault.
_CHECKERS = ", ".join(f"'{code}'" for code, blame in sorted(PROOF_BLAME.items()) if blame is Blame.SERVICE)


def _one_of(column: str, values: Any) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def _text(*, nullable: bool = False) -> Any:
    return Column(Text, nullable=nullable)


def _of_verdict() -> Any:
    """Return the key of what belongs to a verdict and is written before it: looked up when the transaction ends."""
    return Column(ForeignKey("verdict.id", deferrable=True, initially="deferred"), primary_key=True)


def _big(*, default: int | None = None) -> Any:
    return Column(BigInteger, nullable=False, server_default=None if default is None else str(default))


class EnvironmentRow(SQLModel, table=True):
    """A built environment."""

    __tablename__ = "environment"
    name: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    detail: str = Field(sa_column=_text())  # JSON
    created_at: datetime


class WorkerRow(SQLModel, table=True):
    """A worker process that says every few seconds that it is there."""

    __tablename__ = "worker"
    name: str = Field(primary_key=True)  # host and process
    host: str
    queues: str = Field(sa_column=_text())  # JSON list
    environments: str = Field(sa_column=_text())  # JSON list of digests
    assets: str = Field(default="[]", sa_column=Column(Text, nullable=False, server_default="[]"))  # likewise
    gpu: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))  # JSON; "" without one
    started_at: datetime
    seen_at: float = Field(sa_column=Column(Float, nullable=False))  # epoch seconds, the database's
    missed: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )  # whether the operator was told that it is gone


class Artifact(SQLModel, table=True):
    """A blob that rows refer to. Append-only."""

    __tablename__ = "artifact"
    __table_args__ = (
        CheckConstraint("length(digest) = 71", name="digest"),
        CheckConstraint("size >= 0", name="size"),
    )
    digest: str = Field(primary_key=True)
    size: int = Field(sa_column=_big())
    created_at: datetime


class Record(SQLModel, table=True):
    """A publication whose claims are checked; belongs to one publisher."""

    __tablename__ = "record"
    __table_args__ = (
        UniqueConstraint("publisher", "external_id"),
        Index(None, "created_at", "id"),
        _one_of("visibility", ("public", "private")),
        CheckConstraint("claims_total >= 0", name="claims_total"),
    )
    id: str = Field(primary_key=True)
    publisher: str
    external_id: str
    title: str | None = None
    doi: str | None = None
    abstract: str | None = Field(default=None, sa_column=_text(nullable=True))
    question: str | None = Field(default=None, sa_column=_text(nullable=True))
    claims_total: int | None = None
    visibility: str = "public"
    told: str | None = Field(default=None, sa_column=_text(nullable=True))  # JSON: what else its publisher says of it
    claims_public: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )  # whether its claims are shown one by one
    superseded_by: str | None = Field(default=None, index=True)  # id of the record that takes its place
    created_at: datetime
    updated_at: datetime


class ClaimRow(SQLModel, table=True):
    """A claim by its publisher's name for it."""

    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("publisher", "record_key", "name"),
        _one_of("visibility", ("public", "private")),
        Index(None, "created_at", "id"),
    )
    id: str = Field(primary_key=True)
    record_id: str | None = Field(default=None, foreign_key="record.id", index=True)
    record_key: str = ""  # the record's id, or "" for a claim without one: NULLs would not be unique
    publisher: str
    name: str
    #: Of a claim without a record: whether strangers may know of it. A claim of a record is as open as its record says.
    visibility: str = Field(default="public", sa_column=Column(Text, nullable=False, server_default="public"))
    created_at: datetime


class ClaimRevision(SQLModel, table=True):
    """What a claim said when it was submitted. Append-only."""

    __tablename__ = "claim_revision"
    __table_args__ = (UniqueConstraint("claim_id", "number"), UniqueConstraint("claim_id", "digest"))
    id: str = Field(primary_key=True)
    claim_id: str = Field(foreign_key="claim.id")
    number: int
    digest: str
    document: str = Field(sa_column=_text())  # canonical JSON
    created_at: datetime


class SealRow(SQLModel, table=True):
    """The exact sealed bytes. Append-only."""

    __tablename__ = "seal"
    digest: str = Field(primary_key=True)
    body: str = Field(sa_column=_text())
    created_at: datetime


class SealArtifact(SQLModel, table=True):
    """Which blobs a seal needs. Append-only."""

    __tablename__ = "seal_artifact"
    seal: str = Field(primary_key=True, foreign_key="seal.digest")
    artifact: str = Field(primary_key=True, foreign_key="artifact.digest", index=True)


class Verification(SQLModel, table=True):
    """One job: a seal on its way to one verdict. `revision` counts plans and fences the conclusion."""

    __tablename__ = "verification"
    __table_args__ = (
        _one_of("state", VERIFICATION),
        _one_of("blame", Blame),
        Index(None, "publisher", "seal"),
        Index(None, "seal"),
        Index(None, "state", "created_at"),
        Index(None, "created_at", "id"),
        Index(None, "account", "created_at"),
    )
    id: str = Field(primary_key=True)
    seal: str = Field(foreign_key="seal.digest")
    claim_revision_id: str = Field(foreign_key="claim_revision.id", index=True)
    publisher: str
    state: str = "queued"
    revision: int = Field(default=0, sa_column=_big(default=0))
    judgings: int = Field(default=0, sa_column=_big(default=0))  # judges that took it up
    queue: str = "cpu"
    runs_planned: int
    cancel_requested: bool = False
    reason_code: str | None = None  # of a fault
    blame: str | None = None
    detail: str | None = Field(default=None, sa_column=_text(nullable=True))
    retry_of: str | None = Field(default=None, foreign_key="verification.id")
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    touched_at: float = Field(default=0.0, sa_column=Column(Float, nullable=False))  # epoch seconds of the last step
    account: str | None = None  # whose budgets it counts against; None: nobody's
    cpu_ms_reserved: int = Field(default=0, sa_column=_big(default=0))  # the most that it may take
    gpu_ms_reserved: int = Field(default=0, sa_column=_big(default=0))
    cpu_ms: int = Field(default=0, sa_column=_big(default=0))  # what its runs took, where somebody counts
    gpu_ms: int = Field(default=0, sa_column=_big(default=0))


class RunRow(SQLModel, table=True):
    """One execution. Claimed by a conditional update under a rising fence."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("verification_id", "key"),
        _one_of("state", RUN),
        _one_of("purpose", Purpose),
        CheckConstraint(
            "(state = 'running') = (lease_owner IS NOT NULL AND lease_until IS NOT NULL)",
            name="lease",
        ),
        Index(None, "state", "touched_at"),
        Index(None, "created_at", "id"),
    )
    id: str = Field(primary_key=True)
    verification_id: str = Field(foreign_key="verification.id")
    key: str
    purpose: str
    seed: int = Field(sa_column=_big())
    spec: str = Field(sa_column=_text())  # JSON of app.core.model.RunSpec
    environment: str  # digest; a worker claims only what it has
    queue: str
    state: str = "queued"
    fence: int = Field(default=0, sa_column=_big(default=0))
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    progress_fraction: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    progress_text: str | None = None
    fault_code: str | None = None
    fault_detail: str | None = Field(default=None, sa_column=_text(nullable=True))
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    touched_at: float = Field(default=0.0, sa_column=Column(Float, nullable=False))  # epoch seconds of the last step
    nudge_at: float = Field(default=0.0, sa_column=Column(Float, nullable=False))  # not to be nudged again before


class OutcomeRow(SQLModel, table=True):
    """What the process of a run did. Append-only, accepted only under the run's fence."""

    __tablename__ = "outcome"
    __table_args__ = (_one_of("kind", OutcomeKind),)
    run_id: str = Field(primary_key=True, foreign_key="run.id")
    fence: int = Field(sa_column=_big())
    kind: str
    document: str = Field(sa_column=_text())  # JSON of app.core.model.RunOutcome
    isolation: str = Field(sa_column=_text())  # JSON
    derived: str = Field(sa_column=_text())  # JSON
    worker: str
    result: str | None = Field(default=None, foreign_key="artifact.digest")
    stdout: str | None = Field(default=None, foreign_key="artifact.digest")
    stderr: str | None = Field(default=None, foreign_key="artifact.digest")
    samples: str | None = Field(default=None, sa_column=_text(nullable=True))  # JSON: [wall ms, CPU ms, bytes] each
    created_at: datetime


class RunArtifact(SQLModel, table=True):
    """A file that a run left below $ASSAY_OUTPUT. Append-only."""

    __tablename__ = "run_artifact"
    run_id: str = Field(primary_key=True, foreign_key="outcome.run_id")
    name: str = Field(primary_key=True)
    artifact: str = Field(foreign_key="artifact.digest")


class SigningKeyRow(SQLModel, table=True):
    """A judge's public key, as a judge published it. Append-only."""

    __tablename__ = "signing_key"
    keyid: str = Field(primary_key=True)  # sha256:…, of the key's SubjectPublicKeyInfo
    public_key: str  # 32 bytes in base64
    not_before: datetime
    created_at: datetime


class KeyRetirement(SQLModel, table=True):
    """That a key signs no more. Append-only."""

    __tablename__ = "key_retirement"
    keyid: str = Field(primary_key=True, foreign_key="signing_key.keyid")
    retired_at: datetime


class ApiKeyRow(SQLModel, table=True):
    """A key by which a program acts for a publisher. The key itself is nowhere: its hash is, under the pepper."""

    __tablename__ = "api_key"
    id: str = Field(primary_key=True)  # key_…
    hash: str = Field(unique=True)  # hexadecimal HMAC-SHA256 of the key
    publisher: str = Field(index=True)
    name: str  # what its maker calls it
    scopes: str = Field(sa_column=_text())  # separated by blanks, sorted
    requests_per_minute: int | None = None
    queued_runs: int | None = None
    gpu_seconds_per_day: int | None = None
    cpu_seconds_per_day: int | None = None
    account: str | None = None  # the first key of the line of which it is a successor; None: it is itself the first
    successor_of: str | None = Field(default=None, foreign_key="api_key.id")  # whose place it takes
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None  # to the minute


class LoginRow(SQLModel, table=True):
    """A browser that has shown a key, until it logs out. Its cookie is nowhere: its hash is, under the pepper."""

    __tablename__ = "login"
    hash: str = Field(primary_key=True)  # hexadecimal HMAC-SHA256 of the cookie
    key_id: str = Field(foreign_key="api_key.id", index=True)
    created_at: datetime
    expires_at: datetime = Field(index=True)


class Verdict(SQLModel, table=True):
    """The claim's status as it was concluded. Append-only; a correction is a new row elsewhere."""

    __tablename__ = "verdict"
    __table_args__ = (
        UniqueConstraint("verification_id"),
        _one_of("status", Status),
        _one_of("outcome", OutcomeKind),
        _one_of("blame", Blame),
        CheckConstraint(
            f"blame IS NULL OR blame <> 'service' OR reason_code IN ({_CHECKERS})",
            name="no_fault",
        ),
        CheckConstraint("status = 'UNVERIFIED' OR evidence IS NOT NULL", name="evidence"),
        Index(None, "evaluated_at", "id"),
        Index(None, "status", "evaluated_at", "id"),
        Index(None, "reason_code", "evaluated_at", "id"),
        Index(None, "blame", "evaluated_at", "id"),
    )
    id: str = Field(primary_key=True)
    verification_id: str = Field(foreign_key="verification.id")
    claim_id: str = Field(foreign_key="claim.id", index=True)
    claim_revision_id: str = Field(foreign_key="claim_revision.id")
    revision: int = Field(sa_column=_big())  # of the verification, at conclusion
    status: str
    outcome: str
    reason_code: str
    blame: str | None = None
    reason: str = Field(sa_column=_text())
    evidence: str | None = Field(default=None, foreign_key="artifact.digest")
    keyid: str | None = None  # whose signature the evidence has; null for verdicts of the time before signatures
    evaluated_at: datetime


class ComparisonRow(SQLModel, table=True):
    """One comparison of a verdict, written before it. Append-only."""

    __tablename__ = "comparison"
    verdict_id: str = Field(sa_column=_of_verdict())
    position: int = Field(primary_key=True)
    document: str = Field(sa_column=_text())  # JSON of app.core.model.Comparison


class ControlRow(SQLModel, table=True):
    """One control of a verdict, written before it. Append-only."""

    __tablename__ = "control"
    __table_args__ = (_one_of("result", ControlResult), _one_of("attacker", Attacker))
    verdict_id: str = Field(sa_column=_of_verdict())
    position: int = Field(primary_key=True)
    name: str
    attacker: str
    result: str
    detail: str = Field(sa_column=_text())
    cannot_prove: str = Field(sa_column=_text())


class ListingRow(SQLModel, table=True):
    """A verdict as the feed finds it; triggers keep it (`app.store.upkeep`)."""

    __tablename__ = "listing"
    __table_args__ = (
        Index(None, "audience", "evaluated_at", "verdict_id"),
        Index(None, "audience", "bucket", "evaluated_at", "verdict_id"),
    )
    verdict_id: str = Field(primary_key=True, foreign_key="verdict.id")
    audience: str  # who may know of its claim: "" everybody, `~` and its publisher, its publisher
    bucket: str  # status/kind/reason/blame
    evaluated_at: datetime


class TallyRow(SQLModel, table=True):
    """How many verdicts of a bucket an audience sees; triggers keep it (`app.store.upkeep`)."""

    __tablename__ = "tally"
    audience: str = Field(primary_key=True)
    bucket: str = Field(primary_key=True)
    status: str
    kind: str
    reason_code: str
    blame: str | None = None
    number: int = Field(sa_column=_big())


class LogRow(SQLModel, table=True):
    """Where lines begin in a stored log, so that a part of it can be read alone. Append-only."""

    __tablename__ = "log"
    digest: str = Field(primary_key=True, foreign_key="artifact.digest")
    lines: int = Field(sa_column=_big())
    first_error: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))  # a line, from 1
    blocks: str = Field(sa_column=_text())  # JSON list: how many lines begin before each block of the log


class GateRow(SQLModel, table=True):
    """The gate verdict of a record, projected whenever one of its claims gets a verdict."""

    __tablename__ = "gate"
    record_id: str = Field(primary_key=True, foreign_key="record.id")
    status: str
    document: str = Field(sa_column=_text())  # JSON, contract gate-verdict-v1
    version: int
    updated_at: datetime


class Correction(SQLModel, table=True):
    """A public event that says what changed on a record. Append-only."""

    __tablename__ = "correction"
    __table_args__ = (_one_of("correction_type", CorrectionType), Index(None, "record_id", "corrected_at"))
    id: str = Field(primary_key=True)
    record_id: str = Field(foreign_key="record.id")
    correction_type: str
    public_note: str = Field(sa_column=_text())
    affected_fields: str = Field(sa_column=_text())  # JSON list
    previous: str = Field(sa_column=_text())  # JSON: field -> what it said before
    verdict_id: str | None = Field(default=None, foreign_key="verdict.id")  # the verdict that changed the record
    corrected_at: datetime


class LedgerRow(SQLModel, table=True):
    """A hash chain over every verdict and every correction. Append-only."""

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("prev_hash"),
        UniqueConstraint("hash"),
        CheckConstraint("seq >= 1", name="seq"),
    )
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    prev_hash: str
    hash: str
    kind: str
    body: str = Field(sa_column=_text())  # canonical JSON


class LedgerSubject(SQLModel, table=True):
    """Which row of the ledger tells of a verdict or correction. Append-only."""

    __tablename__ = "ledger_subject"
    subject: str = Field(primary_key=True)  # id of a verdict or correction
    seq: int = Field(sa_column=Column(BigInteger, ForeignKey("ledger.seq"), nullable=False, unique=True))


class LedgerNode(SQLModel, table=True):
    """The root of a complete subtree of the Merkle tree over the ledger, see `app.core.merkle`. Append-only."""

    __tablename__ = "ledger_node"
    level: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    position: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hash: str


class Checkpoint(SQLModel, table=True):
    """The root of the ledger's tree as it was at a moment, signed when a judge has a key. Append-only."""

    __tablename__ = "checkpoint"
    __table_args__ = (
        UniqueConstraint("day"),
        CheckConstraint("(signature IS NULL) = (key_id IS NULL)", name="signature"),
    )
    id: str = Field(primary_key=True)
    day: str | None = None  # the UTC day that it closes; None: made on demand
    size: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    root: str
    head: str  # hash of the last row
    created_at: datetime
    signature: str | None = Field(default=None, sa_column=_text(nullable=True))
    key_id: str | None = None


class EventRow(SQLModel, table=True):
    """What happened to a verification, in the order in which it happened; see `app.store.events`."""

    __tablename__ = "event"
    __table_args__ = (
        _one_of("kind", ("state", "run", "progress", "log", "verdict", "end")),
        Index(None, "verification_id", "seq"),
        Index(None, "kind", "created_at"),
    )
    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True)
    )
    verification_id: str = Field(foreign_key="verification.id")
    run_id: str | None = None
    kind: str
    document: str = Field(sa_column=_text())  # JSON
    created_at: datetime


class Answered(SQLModel, table=True):
    """The answer to a request that had an `Idempotency-Key`, written with what the request made."""

    __tablename__ = "answered"
    __table_args__ = (Index(None, "created_at"),)
    caller: str = Field(primary_key=True)  # whose key it is
    key: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    request: str  # digest of what was asked
    status: int
    headers: str = Field(sa_column=_text())  # JSON
    body: str = Field(sa_column=_text())
    created_at: datetime


class Upload(SQLModel, table=True):
    """A blob that a publisher sent by itself, until a bundle names it or nobody did for long."""

    __tablename__ = "upload"
    __table_args__ = (CheckConstraint("size >= 0", name="size"), Index(None, "sent_at"))
    publisher: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    size: int = Field(sa_column=_big())
    sent_at: datetime


class AuditRow(SQLModel, table=True):
    """One pass over all stored evidence, in steps."""

    __tablename__ = "audit"
    id: str = Field(primary_key=True)
    started_at: datetime
    ended_at: datetime | None = None
    position: str = ""  # id of the last verdict that was looked at
    total: int  # verdicts there were at the start
    checked: int = 0
    failed: int = 0


class AlarmRow(SQLModel, table=True):
    """Evidence of a verdict that is not what was signed; resolved when it is again."""

    __tablename__ = "alarm"
    verdict_id: str = Field(primary_key=True, foreign_key="verdict.id")
    detail: str = Field(sa_column=_text())
    raised_at: datetime
    seen_at: datetime
    resolved_at: datetime | None = None
