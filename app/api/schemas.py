"""Shapes of requests and answers. Additions only: others read these."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.model import Comparison, Derivation, RunOutcome


class Closed(BaseModel):
    """A request that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid")


class ControlOut(BaseModel):
    """One Gate 3 attack and its result."""

    name: str
    attacker: str
    result: str
    detail: str
    cannot_prove: str


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


class RecordIn(Closed):
    """What a publisher says about a record."""

    title: str | None = Field(default=None, max_length=1_000, pattern=PLAIN)
    doi: str | None = Field(default=None, max_length=200, pattern=PLAIN)
    abstract: str | None = Field(default=None, max_length=20_000, pattern=PLAIN)
    question: str | None = Field(default=None, max_length=4_000, pattern=PLAIN)
    claims_total: int | None = Field(default=None, ge=0, le=1_000_000)
    visibility: Literal["public", "private"] = "public"


class GateVerdict(BaseModel):
    """Contract gate-verdict-v1; the ten required fields and our additions."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    schema_: str = Field(alias="schema")
    schema_version: str
    contract_version: str
    status: str
    label: str
    definition: str
    reason: str
    evaluated_at: str | None
    gate: str
    enforcement: str


class RecordUrls(BaseModel):
    """Where to go from a record."""

    self: str
    gate_verdict: str


class RecordOut(BaseModel):
    """A record with its gate verdict."""

    id: str
    publisher: str
    external_id: str
    title: str | None
    doi: str | None
    abstract: str | None
    question: str | None
    claims_total: int | None
    visibility: str
    created_at: datetime
    updated_at: datetime
    gate_verdict: GateVerdict
    urls: RecordUrls


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
    openapi: str
    problems: str
    ready: str


class Front(BaseModel):
    """What answers at this address."""

    name: str
    version: str
    about: str
    documentation: str = Field(description="the page to read, in the checkout that the service runs from")
    urls: FrontUrls
