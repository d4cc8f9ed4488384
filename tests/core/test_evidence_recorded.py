"""A verdict's rows and its archive contradict each other when either is changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.evidence_archive import pack, unpack
from app.core.evidence_recorded import DECIDED, Recorded, contradictions
from app.core.keys import KnownKey
from app.core.seal import seal_digest
from tests.core.builders import KEY, SIGNER, a_signer, an_archive
from tests.core.test_evidence import resealed, unsigned

ARCHIVE = an_archive()


def rows_of(archive: bytes) -> Recorded:
    """Return the rows that belong to an archive."""
    members = unpack(archive)
    document = json.loads(members["verdict.json"])
    judgement = document["judgement"]
    return Recorded(
        verification=document["verification"],
        publisher=document["publisher"],
        seal=seal_digest(members["seal.json"]),
        keyid=SIGNER.public.id,
        evaluated_at=datetime.fromisoformat(document["evaluated_at"]),
        decided={name: judgement[name] for name in DECIDED},
        comparisons=judgement["comparisons"],
        controls=judgement["controls"],
    )


ROWS = rows_of(ARCHIVE)


def test_rows_and_archive_that_belong_together_hold() -> None:
    assert contradictions(ARCHIVE, ROWS, [KEY]) == ()
    assert len(ROWS.controls) > 2


CHANGED: list[Any] = [
    pytest.param({"verification": "ver_2"}, "verification", id="another verification"),
    pytest.param({"publisher": "me"}, "publisher", id="another publisher"),
    pytest.param({"evaluated_at": ROWS.evaluated_at + timedelta(seconds=1)}, "evaluated_at", id="another time"),
    *(
        pytest.param({"decided": {**ROWS.decided, name: "other"}}, name, id=f"another {name}")
        for name in ("status", "outcome", "reason_code", "blame", "reason")
    ),
    pytest.param({"comparisons": []}, "comparisons", id="no comparison"),
    pytest.param({"controls": ROWS.controls[1:]}, "controls", id="a control less"),
    pytest.param({"controls": [{**ROWS.controls[0], "result": "fail"}, *ROWS.controls[1:]]}, "controls", id="a result"),
]


@pytest.mark.parametrize(("change", "name"), CHANGED)
def test_a_changed_row_is_contradicted_by_the_archive(change: dict[str, Any], name: str) -> None:
    says = f"the archive says something else of {name} than the row"
    assert contradictions(ARCHIVE, replace(ROWS, **change), [KEY]) == (says,)


def test_an_archive_of_another_seal_is_not_the_row_s() -> None:
    says = "the archive is of another seal than the row"
    assert contradictions(ARCHIVE, replace(ROWS, seal="sha256:0"), [KEY]) == (says,)


def test_an_archive_that_somebody_else_signed_is_not_the_row_s() -> None:
    says = f"the archive is not signed by the key {SIGNER.public.id} that the row names"
    other = an_archive(signer=a_signer(2))
    assert contradictions(other, ROWS, [KEY, KnownKey(a_signer(2).public)]) == (says,)
    assert contradictions(other, ROWS, [KEY]) == (says,)
    assert contradictions(ARCHIVE, ROWS, []) == (says,)
    assert contradictions(unsigned(unpack(ARCHIVE)), ROWS, [KEY]) == (says,)


def test_a_verdict_of_the_time_before_signatures_needs_none() -> None:
    assert contradictions(unsigned(unpack(ARCHIVE)), replace(ROWS, keyid=None), [KEY]) == ()


def test_a_retired_key_s_verdicts_of_before_still_hold() -> None:
    later = KnownKey(SIGNER.public, retired_at=datetime(2026, 12, 1, tzinfo=UTC))
    assert contradictions(ARCHIVE, ROWS, [later]) == ()


@pytest.mark.parametrize(
    ("archive", "says"),
    [
        pytest.param(b"", "truncated", id="nothing"),
        pytest.param(ARCHIVE[:-1], "truncated", id="a byte less"),
        pytest.param(
            pack({**unpack(ARCHIVE), "bundle/scores.csv": b"x"}), "bundle/scores.csv is not the file", id="a member"
        ),
        pytest.param(resealed({**unpack(ARCHIVE), "verdict.json": b"[]"}), "verdict.json is no verdict", id="a list"),
        pytest.param(
            resealed({**unpack(ARCHIVE), "verdict.json": b"{}"}), "verdict.json is no verdict", id="nothing in it"
        ),
        pytest.param(resealed({**unpack(ARCHIVE), "verdict.json": b"{"}), "no JSON", id="no JSON"),
    ],
)
def test_an_archive_that_was_damaged_is_said(archive: bytes, says: str) -> None:
    assert any(says in item for item in contradictions(archive, ROWS, [KEY]))
