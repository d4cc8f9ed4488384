"""Contract `benchmark-evidence-v1`: what sources report for one model on one benchmark, and how far they lie apart."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from app.core.contracts.shape import header

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "benchmark-evidence-v1"
MODERATE_FROM, HIGH_FROM = 3, 6  # distinct sources
MEDIUM_PP, HIGH_PP = 5, 20  # percentage points
INTERPRETATION = (
    "Numbers as the sources print them, side by side; protocols may differ. A wide spread invites a rebuttal and falsifies"
    " nothing."
)


@dataclass(frozen=True)
class Entry:
    """What one source reports."""

    model: str
    benchmark: str
    score_pct: str  # printed digits
    source_title: str
    source_url: str | None = None
    year: int | None = None

    @property
    def source_domain(self) -> str | None:
        """Host of the source's address."""
        return urlsplit(self.source_url).hostname if self.source_url else None


def pairs(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Return every (benchmark, model) of which something is reported, in order."""
    return sorted({(item.benchmark, item.model) for item in entries})


def document(entries: Sequence[Entry], benchmark: str, model: str, base: str, url: str) -> dict[str, Any] | None:
    """Return the document of a pair; None when nothing is reported of it.

    Args:
        entries: what sources report, of any pair.
        benchmark: the benchmark.
        model: the model.
        base: base address of the published schemas.
        url: address of this document without its query.

    """
    chosen = [item for item in entries if (item.benchmark, item.model) == (benchmark, model)]
    if not chosen:
        return None
    scores = [Decimal(item.score_pct) for item in chosen]
    least, most = min(scores), max(scores)
    sources = {item.source_url or item.source_title for item in chosen}
    addresses = {item.source_url for item in chosen if item.source_url}
    years = [item.year for item in chosen if item.year is not None]
    address = f"{url}?bench={quote(benchmark)}&model={quote(model)}"
    return header(NAME, base) | {
        "html_url": None,
        "json_url": address,
        "model": model,
        "benchmark": benchmark,
        "source_count": len(sources),
        "source_coverage": {
            "record_count": len(chosen),
            "distinct_source_count": len(sources),
            "coverage_level": _grade(len(sources), MODERATE_FROM, HIGH_FROM, "MODERATE"),
            "basis": f"Distinct sources: LOW below {MODERATE_FROM}, HIGH from {HIGH_FROM}.",
        },
        "source_profile": {
            "source_url_count": len(addresses),
            "missing_source_url_count": sum(item.source_url is None for item in chosen),
            "domains": sorted({item.source_domain for item in chosen if item.source_domain}),
            "year_min": min(years, default=None),
            "year_max": max(years, default=None),
            "basis": "Addresses and years as the publisher listed them.",
        },
        "reported_range": {"min_score_pct": float(least), "max_score_pct": float(most)},
        "spread_pp": float(most - least),
        "severity": _grade(most - least, MEDIUM_PP, HIGH_PP, "MEDIUM"),
        "entries": [
            {**asdict(item), "score_pct": float(Decimal(item.score_pct)), "source_domain": item.source_domain}
            for item in chosen
        ],
        "interpretation": INTERPRETATION,
    }


def _grade(value: int | Decimal, middle_from: int, high_from: int, middle: str) -> str:
    if value >= high_from:
        return "HIGH"
    return middle if value >= middle_from else "LOW"
