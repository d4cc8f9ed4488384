"""What a proof's runs report, read as a stranger's bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.core.proof import NAMES_MAX, Unreportable, read_proved, read_replayed

DIGEST = "sha256:" + 64 * "a"

PROVED: dict[str, Any] = {
    "format": "assay-proof-prove-v1",
    "stage": "ok",
    "detail": "",
    "imports": ["Init"],
    "denied": None,
    "messages": {"error": 0, "warning": 1, "has_sorry": False},
    "first": {"line": 3, "column": 0, "message": "declaration uses 'x'"},
    "flags": ["notation"],
    "declarations": 4,
    "parts": {"olean": DIGEST},
    "export": DIGEST,
    "lean": {"version": "4.28.0-pre", "commit": "38f3"},
}
REPLAYED: dict[str, Any] = {
    "format": "assay-proof-replay-v1",
    "stage": "ok",
    "detail": "",
    "declarations": 4,
    "rejected": {"name": "cheat", "message": "type mismatch"},
    "theorem": {"challenge": True, "solution": True, "is_theorem": True},
    "statement": "same",
    "statement_sha256": DIGEST,
    "definitions": [],
    "sorry": False,
    "axioms": ["propext"],
    "axioms_scope": "solution+direct-base",
    "negation": False,
    "lean": None,
    "kernels": [],
}


def test_a_report_is_read_as_it_was_written() -> None:
    assert read_proved(json.dumps(PROVED)).model_dump(mode="json") == PROVED
    assert read_replayed(json.dumps(REPLAYED)).model_dump(mode="json") == REPLAYED


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"format": "assay-proof-replay-v1"}, "format"),
        ({"stage": "accepted"}, "stage"),
        ({"more": 1}, "more"),
        ({"messages": {"error": "0"}}, "messages.error"),
        ({"messages": {"error": -1}}, "messages.error"),
        ({"export": "sha256:" + 64 * "A"}, "export"),
        ({"export": DIGEST + "\n"}, "export"),
        ({"flags": ["x"] * (NAMES_MAX + 1)}, "flags"),
        ({"detail": "x" * 2_001}, "detail"),
        ({"denied": ""}, "denied"),
        ({"declarations": 4.5}, "declarations"),
    ],
)
def test_a_report_of_another_shape_is_none(change: dict[str, Any], what: str) -> None:
    with pytest.raises(Unreportable, match=what):
        read_proved(json.dumps(PROVED | change))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (None, "without writing"),
        ("", "no JSON"),
        ("[]", "its top"),
        ('{"sorry": false, "sorry": true}', "twice"),
        ("[" * 100_000, "too deeply"),
        ('{"detail": "\udc80"}', "not UTF-8"),
        ('{"detail": "\\ud800"}', "report"),
    ],
)
def test_what_is_no_report_says_why(text: str | None, what: str) -> None:
    with pytest.raises(Unreportable, match=what):
        read_replayed(text)
