"""What a service answers, as types. The service may say more at any time: members that are not here stay in the answer."""

from __future__ import annotations

from typing import Any, TypedDict


class RunOutcome(TypedDict):
    """What the process of a run did; says nothing of the claim."""

    kind: str
    exit_code: int | None
    signal: int | None
    limit: str | None


class Progress(TypedDict):
    """How far a run says it is."""

    fraction: float
    text: str


class Run(TypedDict):
    """One execution."""

    id: str
    key: str
    purpose: str
    seed: int
    state: str
    attempts: int
    outcome: RunOutcome | None
    isolation: dict[str, Any] | None
    worker: str | None
    progress: Progress | None
    started_at: str | None
    ended_at: str | None


class Comparison(TypedDict):
    """A measurement against what was printed; numbers are decimal strings."""

    metric: str
    unit: str | None
    rule: str
    tolerance: str | None
    expected: str | None
    computed: str | None
    values: list[str]
    low: str | None
    high: str | None
    computed_low: str | None
    computed_high: str | None
    match: bool
    code: str
    flips_at: str | None
    table: str | None
    note: str | None


class Control(TypedDict):
    """One attack on the reproduction and its result."""

    name: str
    attacker: str
    result: str
    detail: str
    cannot_prove: str
    effect: str


class Verdict(TypedDict):
    """A verdict; it never changes."""

    id: str
    verification_id: str
    claim_id: str
    status: str
    outcome: str
    reason_code: str
    blame: str | None
    reason: str
    evaluated_at: str
    evidence: str | None
    evidence_holds: bool
    comparisons: list[Comparison]
    controls: list[Control]


class Self(TypedDict):
    """Where the whole of an item is."""

    self: str


class VerdictItem(TypedDict):
    """A verdict in a list; `verdict` has its comparisons and controls."""

    id: str
    verification_id: str
    claim_id: str
    claim: str
    statement: str
    kind: str
    record_id: str | None
    publisher: str
    gate: str | None
    status: str
    outcome: str
    reason_code: str
    blame: str | None
    reason: str
    evidence: str | None
    evidence_holds: bool
    evaluated_at: str
    urls: Self


class VerdictPage(TypedDict):
    """A page of verdicts, newest first; the end is where `next_cursor` is null, and a short page is not."""

    data: list[VerdictItem]
    next_cursor: str | None


class Event(TypedDict):
    """Something that happened to a verification."""

    seq: int
    kind: str
    verification_id: str
    run_id: str | None
    created_at: str
    data: dict[str, Any]


class SubmittedClaim(TypedDict):
    """The claim of a verification, as of the submitted revision."""

    id: str
    name: str
    revision: int
    statement: str
    kind: str


class Urls(TypedDict):
    """Where to go from a verification; null where there is nothing."""

    self: str
    cancel: str | None
    retry: str | None
    record: str | None
    verdict: str | None
    evidence: str | None


class Verification(TypedDict):
    """A job: one seal on its way to one verdict."""

    id: str
    state: str
    seal: str
    claim: SubmittedClaim
    record_id: str | None
    reason_code: str | None
    blame: str | None
    detail: str | None
    runs_planned: int
    runs_least: int | None
    runs_done: int
    runs: list[Run]
    verdict: Verdict | None
    retry_of: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    seconds: float | None
    urls: Urls


class Approval(TypedDict):
    """A statement of a proof that its publisher approved."""

    id: str
    challenge: str
    theorem: str
    imports: list[str]
    approved_by: str
    approved_at: str


class RecordUrls(TypedDict):
    """Where to go from a record."""

    self: str


class Record(TypedDict):
    """What the publisher says of a publication."""

    id: str
    title: str | None
    doi: str | None
    claims_visibility: str
    urls: RecordUrls
