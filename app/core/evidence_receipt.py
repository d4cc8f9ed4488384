"""Whether a receipt of the ledger is that of an archive: the two are kept apart, and meet here.

1. The receipt's path leads from its leaf to its root, and its checkpoint names that root (`app.core.ledger`).
2. The leaf is about this archive: it names the digest of its bytes, the seal and the verdict in it.
3. The checkpoint's signature is that of the key that it names, where that key is known. A receipt without a checkpoint, or
   with one of an unknown signer, holds in itself and shows nothing about when the row was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core import ledger
from app.core.canonical import digest
from app.core.checkpoints import Signature, check_signature
from app.core.evidence_archive import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.evidence_check import Report
    from app.core.keys import KnownKey


@dataclass(frozen=True)
class ReceiptReport:
    """What checking a receipt found."""

    findings: tuple[str, ...]
    size: int  # rows of the tree that it is proved to be in
    root: str
    created_at: str | None  # when the checkpoint says that it was made; None: there is none
    signer: str | None  # id of the key that signed the checkpoint
    trusted: bool  # that key is among those that were given, and the signature holds


def check_receipt(receipt: bytes, archive: bytes, report: Report, keys: Sequence[KnownKey]) -> ReceiptReport:
    """Check that a receipt is one of an archive.

    Args:
        receipt: the document `assay-receipt-v1`.
        archive: the bytes of the archive.
        report: what checking the archive found.
        keys: those that whoever checks trusts.

    Raises:
        Unreadable: it is no receipt, or the row of a private record, whose contents it does not show.

    """
    try:
        found = ledger.check(receipt)
        signed = [check_signature(point, keys) for point in found.signed]
    except ValueError as error:
        raise Unreadable(f"the receipt cannot be read: {error}") from error
    if found.kind != ledger.RECEIPT:
        raise Unreadable("this is an export of a ledger and no receipt; check it with `assay ledger verify`")
    if found.leaf is None:
        raise Unreadable("the receipt does not show its row, because its record is private")
    findings = [*found.findings, *_check_leaf(found.leaf, archive, report)]
    findings += [item.finding for item in signed if item.finding is not None]
    signature = signed[0] if signed else Signature("")
    return ReceiptReport(
        findings=tuple(findings),
        size=found.size,
        root=found.root,
        created_at=next((str(point.get("created_at")) for point in found.signed), None),
        signer=signature.keyid or None,
        trusted=signature.trusted,
    )


def _check_leaf(leaf: Mapping[str, Any], archive: bytes, report: Report) -> list[str]:
    body = leaf["body"] if isinstance(leaf["body"], dict) else {}
    wanted = {"evidence": digest(archive), "seal": report.seal}
    if report.judgement is not None:
        wanted |= {"status": report.judgement.status.value, "reason_code": report.judgement.reason_code}
    return [
        f"the row of the ledger names another {name} than the archive"
        for name, value in wanted.items()
        if body.get(name) != value
    ]
