"""Shapes of lists: what may be asked, and what each row says. Additions only: others read these."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.api.schemas import Closed
from app.core.model import Derivation, OutcomeKind, Purpose, RunOutcome, Status

T = TypeVar("T")

LIMIT_MAX = 200
_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time is out of range") from None


def _spelled_out(told: Any) -> Any:
    """Refuse the numbers that would be taken for seconds since 1970: nobody who writes one here means that."""
    if isinstance(told, str) and not _DATE.match(told):
        raise PydanticCustomError("datetime_parsing", "this is no ISO 8601 time with offset")
    return told


Moment = Annotated[AwareDatetime, BeforeValidator(_spelled_out), AfterValidator(_utc)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
Identity = Annotated[str, Field(pattern=r"^[a-z]{3}_[0-9a-z]{1,64}$")]
Kind = Literal["formula", "script", "lean4", "metamath"]
VerificationState = Literal["queued", "running", "concluding", "concluded", "cancelled", "faulted"]
RunState = Literal["queued", "running", "done", "cancelled", "faulted"]


class PageQuery(Closed):
    """Which page of a list."""

    limit: int = Field(default=50, ge=1, le=LIMIT_MAX, description="at most so many rows")
    cursor: str | None = Field(default=None, max_length=400, description="`next_cursor` of the page before")
    since: Moment | None = Field(default=None, description="not older than this")
    until: Moment | None = Field(default=None, description="older than this")


class OfPublisher(PageQuery):
    """A list whose rows belong to publishers."""

    publisher: Name | None = None


class VerdictsQuery(OfPublisher):
    """Filters of verdicts."""

    status: Status | None = None
    gate: Status | None = Field(default=None, description="status of the record's gate verdict")
    kind: Kind | None = Field(default=None, description="of the reproduction")
    reason_code: Word | None = None
    blame: Literal["author", "resource", "measurement", "service"] | None = None
    outcome: OutcomeKind | None = None
    claim_id: Identity | None = None
    record_id: Identity | None = None


class VerificationsQuery(OfPublisher):
    """Filters of verifications."""

    state: VerificationState | None = None
    kind: Kind | None = None
    reason_code: Word | None = Field(default=None, description="of a fault or cancellation")
    claim_id: Identity | None = None
    record_id: Identity | None = None


class RunsQuery(OfPublisher):
    """Filters of runs."""

    state: RunState | None = None
    purpose: Purpose | None = None
    outcome: OutcomeKind | None = None
    queue: Word | None = None
    kind: Kind | None = None
    verification_id: Identity | None = None
    record_id: Identity | None = None


class ClaimsQuery(OfPublisher):
    """Filters of claims."""

    name: Name | None = Field(default=None, description="the publisher's id of the claim")
    kind: Kind | None = None
    record_id: Identity | None = None


class RecordsQuery(OfPublisher):
    """Filters of records."""

    gate: Status | None = Field(default=None, description="status of the gate verdict")


class WorkersQuery(PageQuery):
    """Filters of workers."""

    host: Name | None = None


class ListOut(BaseModel, Generic[T]):
    """A page of a list, newest first. A short page is not the end: the end is where `next_cursor` is null."""

    data: list[T]
    next_cursor: str | None = Field(description="ask for the next page with it; also in the header `Link`")


class Self(BaseModel):
    """Where the whole of it is."""

    self: str


class VerdictItem(BaseModel):
    """A verdict in a list; its comparisons and controls are one address further."""

    id: str
    verification_id: str
    claim_id: str
    claim: str = Field(description="the publisher's id of the claim")
    statement: str
    kind: str
    record_id: str | None
    publisher: str
    closed: bool = Field(description="whether only its publisher sees it in lists and pages")
    gate: str | None = Field(description="status of the record's gate verdict")
    status: str
    outcome: str
    reason_code: str
    blame: str | None
    reason: str
    evidence: str | None
    evidence_holds: bool = Field(description="false: what is stored is not what was signed, and counts for nothing")
    evaluated_at: datetime
    urls: Self


class VerificationItem(BaseModel):
    """A verification in a list."""

    id: str
    state: str
    seal: str
    claim_id: str
    claim: str
    statement: str
    kind: str
    record_id: str | None
    publisher: str
    closed: bool = Field(description="whether only its publisher sees it in lists and pages")
    queue: str
    reason_code: str | None = Field(description="of a fault or cancellation")
    status: str | None = Field(description="of its verdict")
    verdict_id: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    urls: Self


class RunUrls(BaseModel):
    """Where to go from a run."""

    self: str
    verification: str
    stdout: str | None = None
    stderr: str | None = None


class RunItem(BaseModel):
    """A run in a list."""

    id: str
    verification_id: str
    claim_id: str
    closed: bool = Field(description="whether only its publisher sees it in lists and pages")
    key: str
    purpose: str
    seed: int
    derivation: Derivation | None
    state: str
    queue: str
    attempts: int
    outcome: RunOutcome | None
    worker: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    urls: RunUrls


class RunDetail(RunItem):
    """One run with everything that is known of it."""

    environment: str = Field(description="digest")
    isolation: dict[str, Any] | None
    derived: dict[str, str] | None = Field(description="files in the box that differ from the bundle's, by digest")
    result: str | None = Field(description="digest")
    stdout: str | None = Field(description="digest")
    stderr: str | None = Field(description="digest")
    progress_fraction: float | None
    progress_text: str | None
    fault_code: str | None


class ClaimItem(BaseModel):
    """A claim in a list, as its newest revision says it."""

    id: str
    name: str
    record_id: str | None
    publisher: str
    closed: bool = Field(description="whether only its publisher sees it in lists and pages")
    revision: int
    statement: str
    kind: str
    created_at: datetime
    urls: Self


class RecordItem(BaseModel):
    """A record in a list."""

    id: str
    external_id: str
    publisher: str
    visibility: Literal["public", "private"]
    title: str | None
    doi: str | None
    claims_total: int | None
    gate: str | None = Field(description="status of its gate verdict; null before the first")
    created_at: datetime
    updated_at: datetime
    urls: Self


class WorkerItem(BaseModel):
    """A worker process."""

    name: str
    host: str
    queues: list[str]
    environments: list[str] = Field(description="digests")
    assets: list[str] = Field(description="digests")
    gpu: dict[str, Any] | None = Field(description="the device that it holds: name, memory_bytes, driver, cuda")
    started_at: datetime
    seen_at: datetime
    present: bool = Field(description="whether it said lately that it is there")


class EventOut(BaseModel):
    """Something that happened to a verification."""

    seq: int = Field(description="rises; the `id` of the stream's event")
    kind: Literal["state", "run", "progress", "log", "verdict", "end"]
    verification_id: str
    run_id: str | None
    created_at: datetime
    data: dict[str, Any] = Field(description="what the stream's event tells beside")


class EventsOut(BaseModel):
    """Events, oldest first."""

    data: list[EventOut]
    next_after: int | None = Field(description="ask with `after` for what follows; null where nothing does yet")


class VerdictSummary(BaseModel):
    """How many verdicts there are of each sort, over those that you may know of."""

    status: dict[str, int]
    kind: dict[str, int]
    reason_code: dict[str, int]
    blame: dict[str, int]
    gate: dict[str, int] = Field(description="records by the status of their gate verdict")
