"""What a comparison can come to, in one order: of several seeds the worst is shown, of several metrics the least close."""

from __future__ import annotations

SEVERITY = (
    "MATCH_EXACT",
    "MATCH_ROUNDING",
    "MATCH_TOLERANCE",
    "EQUIVALENT",
    "DIRECTION_HELD",
    "COARSE_CLAIM",
    "MISMATCH",
    "NOT_EQUIVALENT",
    "DIRECTION_REVERSED",
    "UNDERPOWERED",
    "UNIT_SUSPECT",
    "NON_FINITE",
)
MATCHES = frozenset(SEVERITY[:5])
CONTRADICTIONS = frozenset(SEVERITY[6:9])
