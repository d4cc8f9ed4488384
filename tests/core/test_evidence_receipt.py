"""A receipt of the ledger and an archive: kept apart, checked together."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from app.core import checkpoints, ledger, merkle
from app.core.canonical import canonical, digest
from app.core.evidence import Unreadable, verify
from app.core.evidence_receipt import check_receipt
from tests.core.builders import KEY, SIGNER, a_signer, an_archive

ARCHIVE = an_archive()
REPORT = verify(ARCHIVE, [KEY])
BODY = {
    "verdict": "vrd_1",
    "verification": "ver_1",
    "seal": REPORT.seal,
    "status": "VERIFIED",
    "reason_code": "MATCH_EXACT",
    "evidence": digest(ARCHIVE),
    "evaluated_at": "2026-11-22T12:00:00+00:00",
}


@cache
def receipt(signer: Any = SIGNER, **changes: Any) -> bytes:
    """Return the receipt of the only row of a ledger; a keyword changes the row's body."""
    body = canonical({**BODY, **changes})
    leaf = ledger.leaf_bytes(1, ledger.FIRST, "verdict", body.decode())
    root = merkle.leaf_hash(leaf)
    point = ledger.checkpoint(1, root.hex(), ledger.row_hash(leaf), "2026-11-22", "2026-11-23T00:00:05+00:00")
    if signer is not None:
        keyid, signature = checkpoints.sign(ledger.signed_bytes(point), signer)
        point |= {"signature": {"key_id": keyid, "signature": signature}}
    row = {"seq": 1, "prev_hash": ledger.FIRST, "kind": "verdict", "body": json.loads(body)}
    return canonical(ledger.receipt(0, 1, root.hex(), row, (), root.hex(), point))


def edited(**changes: Any) -> bytes:
    return canonical({**json.loads(receipt()), **changes})


def test_a_receipt_of_the_archive_with_a_signed_checkpoint_holds() -> None:
    found = check_receipt(receipt(), ARCHIVE, REPORT, [KEY])
    assert found.findings == ()
    assert (found.size, found.signer, found.trusted) == (1, SIGNER.public.id, True)
    assert found.created_at == "2026-11-23T00:00:05+00:00"


@pytest.mark.parametrize(
    ("signer", "keyid"), [(None, None), (a_signer(2), a_signer(2).public.id)], ids=["nobody", "a stranger"]
)
def test_a_receipt_that_nobody_known_signed_holds_and_is_not_trusted(signer: Any, keyid: str | None) -> None:
    found = check_receipt(receipt(signer), ARCHIVE, REPORT, [KEY])
    assert found.findings == ()
    assert (found.signer, found.trusted) == (keyid, False)


@pytest.mark.parametrize("name", ["evidence", "seal", "status", "reason_code"])
def test_a_receipt_of_another_verdict_is_not_this_one_s(name: str) -> None:
    says = f"the row of the ledger names another {name} than the archive"
    assert check_receipt(receipt(**{name: "other"}), ARCHIVE, REPORT, [KEY]).findings == (says,)


def test_an_archive_without_a_verdict_is_held_against_what_it_has() -> None:
    report = verify(ARCHIVE)
    nothing = report.__class__(ok=False, findings=("x",), seal=report.seal)
    assert check_receipt(receipt(status="other"), ARCHIVE, nothing, [KEY]).findings == ()


def test_a_row_that_is_no_verdict_s_names_nothing_of_the_archive() -> None:
    leaf = ledger.leaf_bytes(1, ledger.FIRST, "verdict", "7")
    root = merkle.leaf_hash(leaf).hex()
    row = {"seq": 1, "prev_hash": ledger.FIRST, "kind": "verdict", "body": 7}
    document = canonical(ledger.receipt(0, 1, root, row, (), root, None))
    assert len(check_receipt(document, ARCHIVE, REPORT, [KEY]).findings) == 4


def test_a_checkpoint_with_another_signature_is_found() -> None:
    signature = {"key_id": SIGNER.public.id, "signature": json.loads(receipt(a_signer(2)))["signature"]["signature"]}
    found = check_receipt(edited(signature=signature), ARCHIVE, REPORT, [KEY])
    assert found.findings == (f"the checkpoint's signature is not that of the key {SIGNER.public.id}",)
    assert not found.trusted


def test_a_path_that_leads_elsewhere_is_found() -> None:
    assert (
        "the path does not lead from the leaf to the root"
        in check_receipt(edited(root="0" * 64), ARCHIVE, REPORT, [KEY]).findings
    )


EXPORT = canonical({"schema": ledger.EXPORT, "size": 0, "root": merkle.root(0, dict).hex(), "head": ledger.FIRST})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "cannot be read", id="nothing"),
        pytest.param(b"7", "cannot be read", id="a number"),
        pytest.param(EXPORT, "an export of a ledger and no receipt", id="an export"),
        pytest.param(edited(leaf=None), "its record is private", id="a private row"),
        pytest.param(
            edited(signature={"key_id": "x", "signature": 7}), "cannot be read", id="a signature that is a number"
        ),
    ],
)
def test_what_is_no_receipt_of_anything_is_unreadable(data: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        check_receipt(data, ARCHIVE, REPORT, [KEY])
