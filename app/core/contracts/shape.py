"""What all public contracts share: names, versions, addresses, headers and published schemas.

A contract is a pure function from public inputs to a document, and a JSON Schema (draft 2020-12) that the document fits.
The address in `schema` begins with the base that the operator sets, by default that of the contracts' source, so that
documents fit the schemas as published there. The source writes its address with and without `www`; both are read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

SOURCE = "https://assignee.net"  # where the contracts come from, and what the stored schemas say
SCHEMA_VERSION = "1.0"
NOT_PEER_REVIEW = "Descriptive status only; not human peer review."


@dataclass(frozen=True)
class Contract:
    """One public contract."""

    name: str
    version: str
    updated: str  # date of the last change here
    about: str


CONTRACTS = {
    item.name: item
    for item in (
        Contract("gate-verdict-v1", "gate-verdict-v1.0", "2026-11-30", "Status of a record after its gates."),
        Contract(
            "verification-levels-v1", "verification-levels-v1.0", "2026-11-30", "How far claims were followed up."
        ),
        Contract("quality-dimensions-v1", "quality-dimensions-v1.0", "2026-11-30", "Eight triage signals."),
        Contract("quality-tiers-v1", "quality-tiers-v1.0", "2026-11-30", "Triage tier after published thresholds."),
        Contract("review-monitor-v1", "review-monitor-v1.0", "2026-11-30", "What would call for another look."),
        Contract("correction-record-v1", "correction-record-v1.0", "2026-11-30", "Additive public corrections."),
        Contract("paper-manifest-v1", "paper-manifest-v1.1", "2026-11-30", "Everything public about a record."),
        Contract("source-provenance-v1", "source-provenance-v1.0", "2026-11-30", "Where a record comes from."),
        Contract("math-result-v1", "math-result-v1.0", "2026-11-30", "State of a mathematical statement."),
        Contract("benchmark-evidence-v1", "benchmark-evidence-v1.0", "2026-11-30", "What sources report for a pair."),
    )
}

#: Newest first. What changed in the contracts themselves; a record's own changes stand in its correction record.
CHANGES = (
    ("2026-11-30", "every contract but gate-verdict-v1", "First version here."),
    ("2026-11-22", "gate-verdict-v1", "First version here, with additions that the source's contract permits."),
)


def address(name: str, base: str) -> str:
    """Return a schema's address below a base."""
    return f"{base.rstrip('/')}/schemas/{name}"


def contract_of(schema: str, base: str = SOURCE) -> str | None:
    """Return the name of the contract that an address means, with or without `www`; None when it means none of ours."""
    bases = {SOURCE, base.rstrip("/")}
    bases |= {item.replace("://", "://www.", 1) for item in bases if "://www." not in item}
    front, _, name = schema.rpartition("/schemas/")
    return name if front in bases and name in CONTRACTS else None


def header(name: str, base: str) -> dict[str, Any]:
    """Return the members with which a document of a contract begins."""
    return {
        "schema": address(name, base),
        "schema_version": SCHEMA_VERSION,
        "contract_version": CONTRACTS[name].version,
        "contract_updated": CONTRACTS[name].updated,
        "schema_documentation": f"/schemas/{name}",
        "changelog_url": "/changelog",
    }


def publisher(name: str) -> dict[str, str]:
    """Return who publishes a record."""
    return {"name": name, "url": "/"}


@cache
def _stored(name: str) -> str:
    return resources.files("app.core").joinpath("schemas", f"{name}.json").read_text(encoding="utf-8")


def schema(name: str, base: str = SOURCE) -> dict[str, Any]:
    """Return the JSON Schema of a contract, its address below `base`.

    Raises:
        KeyError: there is no such contract.

    """
    text = _stored(CONTRACTS[name].name)
    document: dict[str, Any] = json.loads(text.replace(f'"{SOURCE}/schemas/', f'"{base.rstrip("/")}/schemas/'))
    return document


def index(base: str) -> list[dict[str, str]]:
    """Return every contract with its address, version and what it is about."""
    return [
        {
            "contract": item.name,
            "schema": address(item.name, base),
            "contract_version": item.version,
            "contract_updated": item.updated,
            "url": f"/schemas/{item.name}",
            "description": item.about,
        }
        for item in CONTRACTS.values()
    ]


def changelog() -> list[dict[str, str]]:
    """Return what changed in the contracts, newest first."""
    return [{"date": date, "contract": name, "change": change} for date, name, change in CHANGES]
