"""Signatures on checkpoints of the ledger: who says that its tree had this root at this size.

What is signed is the pre-authentication encoding of `app.core.dsse` with a type of its own, so that no checkpoint can pass
for a statement about evidence, nor the other way round. The signature stands beside the checkpoint:
`{"key_id": …, "signature": base64}`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.core.dsse import pae
from app.core.keys import read_base64
from app.core.ledger import Unreadable, signed_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.keys import KnownKey, Signer
    from app.core.ledger import Report

PAYLOAD_TYPE = "application/vnd.assay.checkpoint+json"


@dataclass(frozen=True)
class Signature:
    """What is known of the signature of a checkpoint."""

    keyid: str
    trusted: bool = False  # it is that of one of the keys that were given
    finding: str | None = None  # what does not hold


def sign(body: bytes, signer: Signer) -> tuple[str, str]:
    """Return key id and signature of a checkpoint's bytes."""
    return signer.public.id, base64.b64encode(signer.sign(pae(PAYLOAD_TYPE, body))).decode()


def check_signature(point: Mapping[str, Any], keys: Sequence[KnownKey]) -> Signature:
    """Check the signature of a checkpoint that has one, as far as its key is among those that are given.

    Raises:
        ValueError: a member is missing or of the wrong type.

    """
    try:
        keyid, signed = str(point["signature"]["key_id"]), read_base64(point["signature"]["signature"])
        moment = datetime.fromisoformat(point["created_at"])
        known = [key for key in keys if key.public.id == keyid]
        if not known:
            return Signature(keyid)
        if not known[0].public.verifies(signed, pae(PAYLOAD_TYPE, signed_bytes(point))):
            return Signature(keyid, finding=f"the checkpoint's signature is not that of the key {keyid}")
        if not any(key.covers(moment) for key in known):
            return Signature(keyid, finding=f"the checkpoint is of {moment.isoformat()}, when its key was not in use")
    except (KeyError, TypeError) as error:
        raise ValueError(f"a member is missing or of the wrong type ({error})") from error
    return Signature(keyid, trusted=True)


def judge_signatures(report: Report, keys: Sequence[KnownKey]) -> Report:
    """Return a report with what the signatures of its checkpoints are worth to somebody who trusts some keys.

    Raises:
        Unreadable: a signature is of another shape.

    """
    findings, covered = list(report.findings), 0
    for point in report.signed:
        try:
            found = check_signature(point, keys)
        except ValueError as error:
            raise Unreadable(f"the signature of the checkpoint over {point['size']} rows: {error}") from error
        if found.finding is not None:
            findings.append(found.finding)
        elif found.trusted:
            covered = max(covered, point["size"])
    return replace(report, findings=tuple(findings), trusted_size=covered)
