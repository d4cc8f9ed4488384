"""Contract `review-monitor-v1`: what would call for another look at a record's verdicts, and whether anything does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.contracts.shape import NOT_PEER_REVIEW, header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

NAME = "review-monitor-v1"
QUIET, ATTENTION, REVERIFYING = "QUIET", "ATTENTION", "REVERIFYING"
ENVIRONMENT_CHANGED, RULE_ENGINE_CHANGED = "ENVIRONMENT_CHANGED", "RULE_ENGINE_CHANGED"
CHECKER_REVOKED, SOURCE_CHANGED, VERDICT_AGED = "CHECKER_REVOKED", "SOURCE_CHANGED", "VERDICT_AGED"
#: What is watched here.
MONITORED = (ENVIRONMENT_CHANGED, RULE_ENGINE_CHANGED, CHECKER_REVOKED, SOURCE_CHANGED, VERDICT_AGED)
AGED_DAYS = 365
ENFORCEMENT = (
    "A trigger changes no verdict. A new verification adds a verdict beside the old one, which stays readable."
)
LIMITATIONS = (
    "Only claims that have a verdict are watched.",
    "CHECKER_REVOKED speaks of checkers of proofs: no trigger is raised when a signing key is withdrawn.",
    NOT_PEER_REVIEW,
)


@dataclass(frozen=True)
class Watched:
    """A tested claim, as far as its monitor looks."""

    evaluated_at: datetime
    environment: tuple[str, str]  # name and digest that it was sealed with
    versions: Mapping[str, int]  # of the rules that it was sealed with
    revoked: bool  # the checker of its proof may decide nothing any more
    revised: bool  # a newer revision of the claim has no verdict yet
    reverifying: bool  # a verification of it is under way


def triggers(
    claims: Sequence[Watched], environments: Mapping[str, str], versions: Mapping[str, int], now: datetime
) -> list[str]:
    """Return what calls for another look, in the order of `MONITORED`.

    Args:
        claims: the tested claims.
        environments: the newest digest of every environment, by name.
        versions: of the rules that judge now.
        now: the time.

    """
    found = set()
    for claim in claims:
        name, digest = claim.environment
        if environments.get(name, digest) != digest:
            found.add(ENVIRONMENT_CHANGED)
        if dict(claim.versions) != dict(versions):
            found.add(RULE_ENGINE_CHANGED)
        if claim.revoked:
            found.add(CHECKER_REVOKED)
        if claim.revised:
            found.add(SOURCE_CHANGED)
        if (now - claim.evaluated_at).days >= AGED_DAYS:
            found.add(VERDICT_AGED)
    return [item for item in MONITORED if item in found]


def document(
    claims: Sequence[Watched], environments: Mapping[str, str], versions: Mapping[str, int], now: datetime, base: str
) -> dict[str, Any]:
    """Return the document; arguments as of `triggers`."""
    active = triggers(claims, environments, versions, now)
    state = ATTENTION if active else QUIET
    if any(claim.reverifying for claim in claims):
        state = REVERIFYING
    return header(NAME, base) | {
        "monitor_state": state,
        "active_triggers": active,
        "monitored_triggers": list(MONITORED),
        "generated_from": "seals of the standing verdicts, published environments, versions of the rules",
        "enforcement": ENFORCEMENT,
        "limitations": list(LIMITATIONS),
    }
