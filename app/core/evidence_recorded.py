"""Whether a stored archive is the one of a verdict's row, and the row says what the archive says.

A row and its archive are kept in two places. Whoever changes either is contradicted by the other, and whoever changes both
needs a judge's key. Nothing is judged again here: that is a stranger's check, and takes longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.core.evidence_archive import Unreadable, read_json
from app.core.evidence_members import intact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.keys import KnownKey

DECIDED = ("status", "outcome", "reason_code", "blame", "reason")


@dataclass(frozen=True)
class Recorded:
    """What the rows say of a verdict."""

    verification: str
    publisher: str
    seal: str
    keyid: str | None  # None: of the time before signatures
    evaluated_at: datetime
    decided: Mapping[str, Any]  # by the names in `DECIDED`
    comparisons: Sequence[Mapping[str, Any]]
    controls: Sequence[Mapping[str, Any]]


def contradictions(archive: bytes, recorded: Recorded, keys: Sequence[KnownKey]) -> tuple[str, ...]:
    """Return what does not hold, a sentence each.

    Args:
        archive: the stored bytes.
        recorded: what the rows say.
        keys: the published ones.

    """
    try:
        found = intact(archive, keys)
        document = read_json(found.members, "verdict.json")
        findings = [*found.findings, *_check_rows(document, recorded)]
    except Unreadable as error:
        return (str(error),)
    except (KeyError, TypeError, ValueError) as error:
        return (f"verdict.json is no verdict: {error}",)
    if found.seal != recorded.seal:
        findings.append("the archive is of another seal than the row")
    if recorded.keyid is not None and not (found.trusted and found.signer and found.signer.id == recorded.keyid):
        findings.append(f"the archive is not signed by the key {recorded.keyid} that the row names")
    return tuple(findings)


def _check_rows(document: Any, recorded: Recorded) -> list[str]:
    judgement = document["judgement"]
    same = {
        "verification": document["verification"] == recorded.verification,
        "publisher": document["publisher"] == recorded.publisher,
        "evaluated_at": datetime.fromisoformat(document["evaluated_at"]) == recorded.evaluated_at,
        **{name: judgement[name] == recorded.decided[name] for name in DECIDED},
        "comparisons": judgement["comparisons"] == list(recorded.comparisons),
        "controls": judgement["controls"] == list(recorded.controls),
    }
    return [f"the archive says something else of {name} than the row" for name, holds in same.items() if not holds]
