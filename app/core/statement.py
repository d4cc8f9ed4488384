"""What a judge signs: an in-toto Statement (version 1) over every other member of an evidence archive.

The subjects are the members with their SHA-256, the predicate repeats what a reader of the envelope alone wants to know.
A statement has one spelling and follows from the members and the signer, so that checking one is making it again:
nothing in it can say anything that the members do not.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from app.core.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.keys import PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
#: Names the predicate and nothing else: no address of somebody's that would have to answer for ever.
PREDICATE_TYPE = "urn:assay:evidence:v2"
MEMBER = "statement.dsse.json"


def statement(seal: str, members: Mapping[str, bytes], verdict: Mapping[str, Any], signer: PublicKey) -> bytes:
    """Return the canonical bytes of the statement about an archive.

    Args:
        seal: digest of the sealed bytes.
        members: name -> bytes; the envelope itself is left out.
        verdict: the document `verdict.json`.
        signer: whose signature will stand beside it. The key in the statement ties the envelope to one signer and lets
            its signature be checked; whether that signer is to be trusted it cannot say.

    """
    judgement = verdict["judgement"]
    predicate = {
        "format": "assay-evidence-v2",
        "seal": seal,
        "verdict": {key: judgement[key] for key in ("status", "outcome", "reason_code", "blame")},
        **{key: verdict[key] for key in ("evaluated_at", "verification", "publisher")},
        "signer": {"keyid": signer.id, "public_key": signer.text},
    }
    subject = [
        {"name": name, "digest": {"sha256": hashlib.sha256(members[name]).hexdigest()}}
        for name in sorted(members)
        if name != MEMBER
    ]
    return canonical(
        {"_type": STATEMENT_TYPE, "subject": subject, "predicateType": PREDICATE_TYPE, "predicate": predicate}
    )
