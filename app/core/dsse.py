"""A signed document: payload, its type and one signature, in a DSSE envelope (Dead Simple Signing Envelope, version 1).

What is signed is the pre-authentication encoding of type and payload, so that nothing is parsed before its signature is
checked and no payload can pass for one of another type:

    PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body      LEN in ASCII decimal, counted in bytes

The envelope is JSON. Ours has exactly one signature and exactly one spelling: canonical bytes with canonical base64.
Other tools of DSSE read it; an envelope of theirs that is spelled otherwise is not ours.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.canonical import canonical
from app.core.keys import read_base64

if TYPE_CHECKING:
    from app.core.keys import PublicKey, Signer


@dataclass(frozen=True)
class Envelope:
    """A payload with its type and one signature."""

    payload_type: str
    payload: bytes
    keyid: str  # says which key to try; it is not signed, and proves nothing
    signature: bytes

    def signed_by(self, key: PublicKey) -> bool:
        """Whether the signature is a key's, and the envelope says so."""
        return self.keyid == key.id and key.verifies(self.signature, pae(self.payload_type, self.payload))


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding of a payload: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, signer: Signer) -> bytes:
    """Return the bytes of an envelope around a payload."""
    signature = signer.sign(pae(payload_type, payload))
    return _bytes(Envelope(payload_type, payload, signer.public.id, signature))


def read(data: bytes) -> Envelope:
    """Read an envelope.

    Raises:
        ValueError: it is no envelope with one signature, or spelled otherwise than ours are.

    """
    try:
        document = json.loads(data)
        (signature,) = document["signatures"]
        found = Envelope(
            payload_type=str(document["payloadType"]),
            payload=read_base64(document["payload"]),
            keyid=str(signature["keyid"]),
            signature=read_base64(signature["sig"]),
        )
        spelled = _bytes(found)
    except (KeyError, TypeError, RecursionError, ValueError) as error:
        raise ValueError("this is no signed envelope") from error
    if spelled != data:
        raise ValueError("the envelope is not spelled as it was written")
    return found


def _bytes(envelope: Envelope) -> bytes:
    return canonical(
        {
            "payload": base64.b64encode(envelope.payload).decode(),
            "payloadType": envelope.payload_type,
            "signatures": [{"keyid": envelope.keyid, "sig": base64.b64encode(envelope.signature).decode()}],
        }
    )
