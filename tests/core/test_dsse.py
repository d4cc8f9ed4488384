"""Signed envelopes: the encoding that is signed, one spelling, one signature."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from app.core import dsse
from app.core.canonical import canonical
from tests.core.builders import SIGNER, a_signer

ENVELOPE = dsse.sign("application/example", b"hello world", SIGNER)
DOCUMENT = json.loads(ENVELOPE)


@pytest.mark.parametrize(
    ("kind", "body", "encoded"),
    [
        # The example of the protocol's own page (secure-systems-lab/dsse, protocol.md).
        (
            "http://example.com/HelloWorld",
            b"hello world",
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world",
        ),
        ("", b"", b"DSSEv1 0  0 "),
        ("ü", "ü".encode(), "DSSEv1 2 ü 2 ü".encode()),  # bytes are counted, not characters
    ],
)
def test_type_and_payload_are_encoded_with_their_lengths(kind: str, body: bytes, encoded: bytes) -> None:
    assert dsse.pae(kind, body) == encoded


def test_no_two_pairs_of_type_and_payload_are_signed_as_the_same_bytes() -> None:
    assert dsse.pae("a b", b"c") != dsse.pae("a", b"b c")
    assert dsse.pae("a", b" 1 b") != dsse.pae("a 1", b"b")


def test_an_envelope_is_read_as_it_was_written_and_signed_by_its_signer_alone() -> None:
    found = dsse.read(ENVELOPE)
    assert (found.payload_type, found.payload, found.keyid) == ("application/example", b"hello world", SIGNER.public.id)
    assert found.signed_by(SIGNER.public)
    assert not found.signed_by(a_signer(2).public)


def test_a_signature_of_the_key_under_another_key_s_name_does_not_count() -> None:
    other = a_signer(2)
    renamed = canonical({**DOCUMENT, "signatures": [{**DOCUMENT["signatures"][0], "keyid": other.public.id}]})
    assert not dsse.read(renamed).signed_by(SIGNER.public)
    assert not dsse.read(renamed).signed_by(other.public)


@pytest.mark.parametrize("field", ["payload", "payloadType", "sig"])
def test_a_changed_part_is_not_signed(field: str) -> None:
    changed = json.loads(ENVELOPE)
    if field == "sig":
        raw = bytearray(base64.b64decode(changed["signatures"][0]["sig"]))
        raw[0] ^= 1
        changed["signatures"][0]["sig"] = base64.b64encode(raw).decode()
    else:
        changed[field] = base64.b64encode(b"hello World").decode() if field == "payload" else "application/other"
    assert not dsse.read(canonical(changed)).signed_by(SIGNER.public)


OTHERS: list[Any] = [
    pytest.param(b"", "no signed envelope", id="nothing"),
    pytest.param(b"[]", "no signed envelope", id="a list"),
    pytest.param(b"{}", "no signed envelope", id="nothing in it"),
    pytest.param(b"[" * 100_000, "no signed envelope", id="too deep"),
    pytest.param(canonical({**DOCUMENT, "signatures": []}), "no signed envelope", id="no signature"),
    pytest.param(
        canonical({**DOCUMENT, "signatures": DOCUMENT["signatures"] * 2}), "no signed envelope", id="two signatures"
    ),
    pytest.param(canonical({**DOCUMENT, "signatures": [7]}), "no signed envelope", id="a signature that is a number"),
    pytest.param(canonical({**DOCUMENT, "payload": 7}), "no signed envelope", id="a payload that is a number"),
    pytest.param(canonical({**DOCUMENT, "payload": "a"}), "no signed envelope", id="a payload that is no base64"),
    pytest.param(
        ENVELOPE.replace(b"aGVsbG8gd29ybGQ=", b"aGVsbG8gd29ybGR="), "no signed envelope", id="idle bits in the base64"
    ),
    pytest.param(ENVELOPE.replace(b"application/example", b"\\ud800"), "no signed envelope", id="half a character"),
    pytest.param(ENVELOPE + b"\n", "not spelled as it was written", id="a further byte"),
    pytest.param(json.dumps(DOCUMENT).encode(), "not spelled as it was written", id="white space"),
    pytest.param(canonical({**DOCUMENT, "note": "x"}), "not spelled as it was written", id="a further member"),
    pytest.param(
        canonical({**DOCUMENT, "payloadType": 7}), "not spelled as it was written", id="a type that is a number"
    ),
]


@pytest.mark.parametrize(("data", "says"), OTHERS)
def test_what_is_no_envelope_of_ours_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dsse.read(data)
