"""Signatures on checkpoints of the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.core import checkpoints, dsse, ledger
from app.core.canonical import canonical
from app.core.keys import KnownKey
from tests.core.builders import KEY, SIGNER, a_signer

POINT = ledger.checkpoint(3, "a" * 64, "b" * 64, "2026-11-22", "2026-11-23T00:00:05+00:00")


def signed(point: dict[str, Any], signer: Any = SIGNER) -> dict[str, Any]:
    keyid, signature = checkpoints.sign(ledger.signed_bytes(point), signer)
    return {**point, "signature": {"key_id": keyid, "signature": signature}}


def test_a_known_key_s_signature_is_trusted_and_another_s_is_only_named() -> None:
    assert checkpoints.check_signature(signed(POINT), [KEY]) == checkpoints.Signature(SIGNER.public.id, trusted=True)
    other = a_signer(2)
    assert checkpoints.check_signature(signed(POINT, other), [KEY]) == checkpoints.Signature(other.public.id)


@pytest.mark.parametrize("field", ["size", "root", "head", "day", "created_at"])
def test_every_member_of_a_checkpoint_is_signed(field: str) -> None:
    changed = {**signed(POINT), field: "2026-11-24T00:00:00+00:00" if field == "created_at" else "0" * 64}
    finding = checkpoints.check_signature(changed, [KEY]).finding
    assert finding == f"the checkpoint's signature is not that of the key {SIGNER.public.id}"


def test_a_signature_from_after_the_key_was_retired_is_none_of_its_holder_s() -> None:
    retired = KnownKey(SIGNER.public, retired_at=datetime(2026, 11, 23, tzinfo=UTC))
    found = checkpoints.check_signature(signed(POINT), [retired])
    assert not found.trusted
    assert found.finding == "the checkpoint is of 2026-11-23T00:00:05+00:00, when its key was not in use"


def test_a_signature_over_evidence_is_no_signature_of_a_checkpoint() -> None:
    body = ledger.signed_bytes(POINT)
    envelope = dsse.read(dsse.sign("application/vnd.in-toto+json", body, SIGNER))
    _, ours = checkpoints.sign(body, SIGNER)
    assert dsse.read_base64(ours) != envelope.signature


@pytest.mark.parametrize(
    "point",
    [
        {},
        {**POINT, "signature": None},
        {**POINT, "signature": {"key_id": "x", "signature": 7}},
        {**POINT, "signature": {"key_id": "x", "signature": "a"}},
        signed({**POINT, "created_at": 7}),
        signed({**POINT, "created_at": "2026-11-23T00:00:05"}),
    ],
    ids=["nothing", "no signature", "a number", "no base64", "no time", "no zone"],
)
def test_a_checkpoint_that_cannot_be_read_is_said(point: dict[str, Any]) -> None:
    retired = KnownKey(SIGNER.public, retired_at=datetime(2026, 12, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match=r"missing or of the wrong type|no base64"):
        checkpoints.check_signature(point, [retired])


def test_checkpoints_are_canonical() -> None:
    assert ledger.signed_bytes(signed(POINT)) == canonical(POINT)
