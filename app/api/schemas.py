"""Shapes of requests and answers. Additions only: others read these."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.model import Comparison, Derivation, RunOutcome


class Closed(BaseModel):
    """A request that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid")


class BlobOut(BaseModel):
    """A file that was sent by itself."""

    digest: str
    size: int = Field(description="bytes")


class ControlOut(BaseModel):
    """One Gate 3 attack and its result."""

    name: str
    attacker: str
    result: str
    detail: str
    cannot_prove: str
    effect: str = Field(description="what this result does to the verdict")


class VerdictOut(BaseModel):
    """A verdict: immutable once written."""

    id: str
    verification_id: str
    claim_id: str
    status: str = Field(description="UNVERIFIED, VERIFIED or FALSIFIED")
    outcome: str = Field(description="what the deciding run's process did")
    reason_code: str
    blame: str | None
    reason: str
    evaluated_at: datetime
    evidence: str | None = Field(description="digest of the evidence archive")
    evidence_holds: bool = Field(
        description="false: the stored archive is not what was signed; it is not served, and the verdict counts for nothing"
    )
    comparisons: list[Comparison]
    controls: list[ControlOut]


class Progress(BaseModel):
    """How far a run says it is."""

    fraction: float = Field(ge=0, le=1)
    text: str


class RunOut(BaseModel):
    """One execution."""

    id: str
    key: str
    purpose: str
    seed: int
    derivation: Derivation | None
    state: str
    attempts: int
    outcome: RunOutcome | None
    isolation: dict[str, Any] | None
    worker: str | None
    progress: Progress | None
    started_at: datetime | None
    ended_at: datetime | None


class ClaimOut(BaseModel):
    """The claim that is verified, as of the submitted revision."""

    id: str
    name: str
    revision: int
    statement: str
    kind: str


class Urls(BaseModel):
    """Where to go from here."""

    self: str
    runs: str | None = None
    events: str | None = None
    cancel: str | None = None
    retry: str | None = None
    record: str | None = None
    verdict: str | None = None
    evidence: str | None = None


class VerificationOut(BaseModel):
    """A job: one seal on its way to one verdict."""

    id: str
    state: str = Field(description="queued, running, concluding, concluded, cancelled or faulted")
    seal: str
    claim: ClaimOut
    record_id: str | None
    reason_code: str | None = Field(description="of a fault or cancellation; never about the claim")
    blame: str | None
    detail: str | None
    runs_planned: int = Field(description="at most so many runs")
    runs_least: int | None = Field(
        description="at least so many, when every run measures; null for an older version's seal"
    )
    runs_done: int
    runs: list[RunOut]
    verdict: VerdictOut | None
    retry_of: str | None = Field(description="the faulted verification that this one begins again")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None = Field(description="from submission to the end")
    urls: Urls


#: Text of people: no control characters but tabs and line breaks, which no database and no page could show.
PLAIN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"


class ContractInfo(BaseModel):
    """A public contract and where its schema is."""

    model_config = ConfigDict(populate_by_name=True)

    contract: str
    schema_: str = Field(alias="schema", description="what documents name")
    contract_version: str
    contract_updated: str
    url: str = Field(description="where this service serves the schema")
    description: str


class ContractChange(BaseModel):
    """What changed in the contracts."""

    date: str
    contract: str
    change: str


class LedgerRowOut(BaseModel):
    """A row of the ledger; of a private record's only the hashes."""

    seq: int
    prev_hash: str
    kind: str | None
    body: dict[str, Any] | None
    hash: str
    leaf_hash: str


class LedgerOut(BaseModel):
    """Where the ledger ends, and some of its rows."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: str = Field(alias="schema")
    size: int
    root: str
    head: str = Field(description="hash of the last row")
    rows: list[LedgerRowOut]
    checkpoint: dict[str, Any] | None = Field(description="the newest one")


class Receipt(BaseModel):
    """Proof that one row is in the ledger, to be kept beside the evidence and checked by `assay ledger verify`."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: str = Field(alias="schema")
    index: int
    size: int
    leaf: dict[str, Any] | None = Field(description="null when its record is private")
    leaf_hash: str
    path: list[str]
    root: str
    checkpoint: dict[str, Any] | None
    signature: dict[str, Any] | None


class Consistency(BaseModel):
    """Proof that an earlier tree of the ledger is the beginning of a later one (RFC 9162, 2.1.4)."""

    first: int
    second: int
    first_root: str
    second_root: str
    path: list[str]


class Checkpoints(BaseModel):
    """The newest checkpoints, newest first."""

    data: list[dict[str, Any]]


class Accepted(BaseModel):
    """Something was asked for that a worker does in a moment."""

    detail: str


class ProblemKind(BaseModel):
    """A kind of problem: what happened and what to do."""

    code: str
    status: int
    title: str
    happened: str
    remedy: str


class Health(BaseModel):
    """Whether a part of the service works."""

    status: Literal["ok"]


class Audit(BaseModel):
    """A pass over all stored evidence."""

    id: str
    started_at: datetime
    ended_at: datetime | None = Field(description="null while it goes on")
    total: int = Field(description="verdicts there were when it began")
    checked: int
    failed: int


class EvidenceHealth(BaseModel):
    """Whether stored evidence holds."""

    status: Literal["ok", "alarm"]
    audit: Audit | None = Field(description="the last one; null before the first")
    alarms: int = Field(description="verdicts whose evidence does not hold; none of it is served")


class FrontUrls(BaseModel):
    """The addresses to begin with."""

    verifications: str = Field(description="submit here with POST; a verification lies below it")
    records: str = Field(description="a template: a record under the publisher's id or ours")
    all_records: str = Field(description="the list of records")
    claims: str
    runs: str
    verdicts: str
    events: str
    workers: str
    ledger: str
    summary: str = Field(description="how many verdicts there are of each sort")
    keys: str = Field(description="public keys of the judges, with which evidence is checked")
    openapi: str
    problems: str
    ready: str


class Front(BaseModel):
    """What answers at this address."""

    name: str
    version: str
    about: str
    documentation: str = Field(description="the page to read")
    urls: FrontUrls
