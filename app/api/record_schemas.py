"""Shapes of what a publisher says about a record, and of what is shown of it. Additions only: others read these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.api.schemas import PLAIN, Closed
from app.core.contracts.quality_dimensions import NAME as DIMENSIONS
from app.core.contracts.shape import contract_of

#: An address that a page may link to: nothing that a browser would execute.
WebAddress = Annotated[str, Field(max_length=2_000, pattern=r"^https?://[^\s\x00-\x1f<>\"']+$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]
Text = Annotated[str, Field(max_length=4_000, pattern=PLAIN)]
Score = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
Dimension = Literal[
    "evidence_strength",
    "citation_grounding",
    "numerical_consistency",
    "benchmark_validity",
    "novelty",
    "uncertainty_disclosure",
    "reproducibility_status",
    "safety_impact",
]
_PRINTED = r"^-?[0-9]{1,6}(\.[0-9]{1,9})?$"


def _scores(value: Any) -> Any:
    """Take the scores out of a whole document of the contract; both forms of its address are read."""
    if not isinstance(value, dict) or "schema" not in value:
        return value
    if contract_of(str(value["schema"])) != DIMENSIONS:
        raise ValueError(f"this is no document of the contract {DIMENSIONS}")
    found = value.get("dimensions")
    if not isinstance(found, dict) or not all(isinstance(item, dict) for item in found.values()):
        raise ValueError("the document has no dimensions")
    return {name: item.get("score") for name, item in found.items()}


class ArtifactIn(Closed):
    """Something public that belongs to a record."""

    type: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="`report`, `external_record`, `code`, …")
    label: Name
    url: WebAddress
    format: str | None = Field(default=None, pattern=r"^[a-z0-9.+-]{1,40}$")
    sha256: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{64}$")
    bytes: int | None = Field(default=None, ge=0, le=1 << 53)


class MathIn(Closed):
    """What a publisher says of a mathematical result."""

    id: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$")
    problem_id: str | None = Field(default=None, pattern=r"^[0-9a-f-]{36}$")
    problem_name: Name | None = None
    domain: Name | None = None
    statement: Text | None = None
    url: WebAddress | None = None
    doi: Name | None = None
    n_cases: int = Field(default=0, ge=0, le=1 << 53, description="cases that the computation looked at")
    lean4_source_public: bool = False


class BenchmarkIn(Closed):
    """What one source reports for a model on a benchmark."""

    model: Name
    benchmark: Name
    score_pct: str = Field(pattern=_PRINTED, description="printed digits")
    source_title: Name
    source_url: WebAddress | None = None
    year: int | None = Field(default=None, ge=1900, le=2200)


class RecordIn(Closed):
    """What a publisher says about a record. What is left out stays as it is; null withdraws it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Rows of XTREME, as transcribed",
                    "doi": "10.48550/arXiv.2010.12821",
                    "claims_total": 12,
                    "review_score": 8.6,
                    "dimensions": {"evidence_strength": 6.0, "citation_grounding": 5.5},
                    "artifacts": [{"type": "report", "label": "Report", "url": "https://example.org/report.pdf"}],
                }
            ]
        }
    )

    title: str | None = Field(default=None, max_length=1_000, pattern=PLAIN)
    doi: str | None = Field(default=None, max_length=200, pattern=PLAIN)
    abstract: str | None = Field(default=None, max_length=20_000, pattern=PLAIN)
    question: str | None = Field(default=None, max_length=4_000, pattern=PLAIN)
    claims_total: int | None = Field(default=None, ge=0, le=1_000_000)
    visibility: Literal["public", "private"] = "public"
    claims_visibility: Literal["closed", "open"] = Field(
        default="closed", description="whether a public record shows its claims one by one"
    )
    review_score: Score | None = None
    dimensions: Annotated[dict[Dimension, Score | None] | None, BeforeValidator(_scores)] = Field(
        default=None, description="scores by dimension, or a whole document of the contract quality-dimensions-v1"
    )
    artifacts: list[ArtifactIn] | None = Field(default=None, max_length=100)
    review_method: Name | None = None
    provenance_note: str | None = Field(
        default=None, max_length=1_000, pattern=PLAIN, description="what readers should know of the record's origin"
    )
    source_list_public: bool | None = None
    superseded_by: str | None = Field(
        default=None, max_length=64, description="the publisher's id, or ours, of the record that takes its place"
    )
    math: MathIn | None = None
    benchmarks: list[BenchmarkIn] | None = Field(default=None, max_length=1_000)
    note: str | None = Field(
        default=None, max_length=1_000, pattern=PLAIN, description="public note of the corrections that this makes"
    )


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


class Document(BaseModel):
    """A document of a public contract; `schema` names the JSON Schema that it fits."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    schema_: str = Field(alias="schema")
    schema_version: str
    contract_version: str


class RecordUrls(BaseModel):
    """Where to go from a record."""

    self: str
    gate_verdict: str
    manifest: str
    corrections: str
    history: str


class RecordOut(BaseModel):
    """A record with its gate verdict and every other public contract of it."""

    id: str
    publisher: str
    external_id: str
    title: str | None
    doi: str | None
    abstract: str | None
    question: str | None
    claims_total: int | None
    visibility: str
    claims_visibility: str
    review_score: float | None
    dimensions: dict[str, float | None] | None
    artifacts: list[dict[str, Any]] | None
    review_method: str | None
    provenance_note: str | None
    source_list_public: bool | None
    superseded_by: str | None
    math: dict[str, Any] | None
    benchmarks: list[dict[str, Any]] | None
    created_at: datetime
    updated_at: datetime
    coverage: str = Field(description="how many claims were tested, in words")
    gate_verdict: GateVerdict
    contracts: dict[str, Document] = Field(description="by the name of the contract")
    urls: RecordUrls


class PastVerdict(BaseModel):
    """A verdict of one of a record's claims; which claim is told only when the publisher has opened them."""

    verdict_id: str
    status: str
    reason_code: str
    evaluated_at: datetime
    evidence_sha256: str | None
    revision: int = Field(description="of the claim")
    standing: bool = Field(description="whether it is the newest verdict of the claim's newest revision")
    claim_id: str | None = None
    name: str | None = None
    statement: str | None = None
    reason: str | None = None


class CorrectionOut(BaseModel):
    """A public correction."""

    event_id: str
    corrected_at: str
    correction_type: str
    public_note: str
    affected_fields: list[str]
    previous: dict[str, Any] = Field(description="what the fields said before")


class HistoryOut(BaseModel):
    """Everything that was ever said of a record: no verdict is replaced, no correction taken back."""

    verdicts: list[PastVerdict]
    corrections: list[CorrectionOut]


class RevisionOut(BaseModel):
    """A claim as it was submitted, with every verdict on it."""

    number: int
    created_at: datetime
    claim: dict[str, Any] = Field(description="the claim as it was read")
    verdicts: list[PastVerdict]


class ClaimHistoryOut(BaseModel):
    """A claim with its revisions side by side."""

    id: str
    name: str
    record_id: str | None
    visibility: Literal["public", "private"] | None = Field(
        default=None, description="of a claim without a record: who may know of it; null: its record says"
    )
    publisher: str
    closed: bool = Field(description="whether only its publisher sees it in lists and pages")
    revisions: list[RevisionOut]
    standing_verdict: str | None = Field(description="id of the newest verdict of the newest revision")
