"""Secrets that have to be read again, shut for the database: who reads its tables or a backup of them reads none.

A secret that a peer shares with us cannot be hashed as an API key is. So it is encrypted (AES-256-GCM) under a key that is
derived (HKDF-SHA256, RFC 5869) from the service's pepper, which lies in a file of its own, and bound to the row that it
stands in: put into another row it does not open.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.errors import Fault

NONCE_BYTES = 12
_LABEL = b"assay shared secrets 1"
_PREFIX = "v1."


def shut(secret: str, pepper: bytes, nonce: bytes, row: str) -> str:
    """Return what is stored of a secret.

    Args:
        secret: the text.
        pepper: of the service, at least 32 random bytes.
        nonce: NONCE_BYTES random bytes, never used twice.
        row: id of the row that it will stand in.

    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
    box = nonce + _cipher(pepper).encrypt(nonce, secret.encode("utf-8"), row.encode("utf-8"))
    return _PREFIX + base64.b64encode(box).decode("ascii")


def opened(stored: str, pepper: bytes, row: str) -> str:
    """Return the secret that was shut.

    Raises:
        Fault: it was shut under another pepper, for another row, or was changed.

    """
    try:
        box = base64.b64decode(stored.removeprefix(_PREFIX), validate=True)
        text = _cipher(pepper).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], row.encode("utf-8"))
    except (InvalidTag, binascii.Error, ValueError) as error:
        remedy = "restore the pepper of ASSAY_KEY_PEPPER from a backup, or rotate the secret"
        raise Fault("shared-secret", f"the secret of {row} does not open under this pepper", remedy) from error
    return text.decode("utf-8")


def _cipher(pepper: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL).derive(pepper))
