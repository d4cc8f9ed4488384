"""Public keys: their ids, their files, and the time in which they sign."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.core.canonical import canonical
from app.core.keys import BadKey, KnownKey, PublicKey, key_set, public_key, read_base64, read_keys
from tests.core.builders import KEY, SIGNER, a_signer

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
RETIRED = KnownKey(SIGNER.public, EARLY, LATE)
ENTRY = RETIRED.document()

#: RFC 8032, section 7.1: public key, message, signature.
VECTORS = [
    pytest.param(
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
        id="test 1",
    ),
    pytest.param(
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
        id="test 2",
    ),
]
#: RFC 8410, section 10.1, with its 32 bytes.
RFC_PEM = (
    b"-----BEGIN PUBLIC KEY-----\n"
    b"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    b"-----END PUBLIC KEY-----\n"
)
RFC_RAW = bytes.fromhex("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_published_signatures_are_accepted_and_others_are_not(key: str, message: str, signature: str) -> None:
    public, body, signed = PublicKey(bytes.fromhex(key)), bytes.fromhex(message), bytes.fromhex(signature)
    assert public.verifies(signed, body)
    assert not public.verifies(signed, body + b"x")
    assert not public.verifies(bytes([signed[0] ^ 1]) + signed[1:], body)
    assert not public.verifies(signed[:-1], body)


def test_a_signature_with_a_second_spelling_of_its_number_is_refused() -> None:
    """S + L is the same number modulo the group's order L; accepting it would give one statement two signatures."""
    order = (1 << 252) + 27742317777372353535851937790883648493
    signed = SIGNER.sign(b"x")
    other = signed[:32] + (int.from_bytes(signed[32:], "little") + order).to_bytes(32, "little")
    assert SIGNER.public.verifies(signed, b"x")
    assert not SIGNER.public.verifies(other, b"x")


def test_bytes_that_are_no_point_verify_nothing() -> None:
    assert not PublicKey(b"\xff" * 32).verifies(SIGNER.sign(b"x"), b"x")
    assert not PublicKey(b"short").verifies(SIGNER.sign(b"x"), b"x")


def test_the_id_is_the_digest_of_the_key_as_other_programs_write_it() -> None:
    (found,) = read_keys(RFC_PEM, "rfc.pem")
    assert found.public.raw == RFC_RAW
    # From: openssl pkey -pubin -in rfc.pem -outform DER | sha256sum
    assert found.public.id == "sha256:a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f"
    assert found.public.pem.encode() == RFC_PEM
    assert (found.not_before, found.retired_at) == (None, None)


def test_a_pem_file_of_a_key_is_read_by_others_and_by_us() -> None:
    key = PublicKey(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert read_keys(b"a comment\n" + key.pem.encode(), "x") == (KnownKey(key),)


@pytest.mark.parametrize("keys", [(KEY,), (RETIRED, KnownKey(a_signer(2).public, EARLY))], ids=["one", "two"])
def test_a_document_of_keys_survives_its_round_trip(keys: tuple[KnownKey, ...]) -> None:
    assert read_keys(canonical(key_set(keys)), "keys.json") == keys
    assert read_keys(canonical(keys[0].document()), "key.json") == keys[:1]


@pytest.mark.parametrize(
    ("key", "moment", "covered"),
    [
        (KEY, EARLY, True),
        (RETIRED, EARLY - timedelta(microseconds=1), False),
        (RETIRED, EARLY, True),
        (RETIRED, EARLY.astimezone(timezone(timedelta(hours=9))), True),
        (RETIRED, LATE - timedelta(microseconds=1), True),
        (RETIRED, LATE, False),
    ],
)
def test_a_key_covers_the_time_from_its_beginning_until_it_is_retired(
    key: KnownKey, moment: datetime, *, covered: bool
) -> None:
    assert key.covers(moment) is covered


BAD: list[Any] = [
    pytest.param(b"", "holds no public key", id="nothing"),
    pytest.param(b"\xff", "holds no public key", id="not UTF-8"),
    pytest.param(b"[]", "holds no public key", id="a list"),
    pytest.param(b"{}", "holds no public key", id="nothing in it"),
    pytest.param(b"[" * 100_000, "holds no public key", id="too deep"),
    pytest.param(canonical({"schema": "assay-keys-v1", "keys": []}), "holds no public key", id="no key"),
    pytest.param(canonical({"schema": "assay-keys-v1", "keys": 7}), "holds no public key", id="keys that are a number"),
    pytest.param(canonical({**ENTRY, "public_key": "AAAA"}), "has 32 bytes, not 3", id="a short key"),
    pytest.param(canonical({**ENTRY, "public_key": 7}), "no base64", id="a key that is a number"),
    pytest.param(canonical({**ENTRY, "public_key": "ä"}), "no base64", id="a key that is no base64"),
    pytest.param(canonical({**ENTRY, "keyid": "sha256:0"}), "keyid is not that of its key", id="another id"),
    pytest.param(canonical({**ENTRY, "algorithm": "rsa"}), "names another algorithm", id="another algorithm"),
    pytest.param(canonical({**ENTRY, "not_before": "2026-01-01T00:00:00"}), "has no zone", id="a time without a zone"),
    pytest.param(canonical({**ENTRY, "retired_at": "soon"}), "holds no public key", id="a time that is none"),
    pytest.param(RFC_PEM.replace(b"MCow", b"MCox"), "another kind of key", id="another kind of key"),
    pytest.param(RFC_PEM.replace(b"ZuE=", b"ZuEA"), "another kind of key", id="a longer key"),
    pytest.param(RFC_PEM.replace(b"MCow", b"M!ow"), "holds no public key", id="PEM that is no base64"),
]


@pytest.mark.parametrize(("data", "says"), BAD)
def test_a_file_without_a_usable_key_is_refused_by_its_name(data: bytes, says: str) -> None:
    with pytest.raises(BadKey, match=says) as caught:
        read_keys(data, "some.pem")
    assert "some.pem" in caught.value.detail
    assert "assay keys export" in caught.value.remedy


def test_base64_has_one_spelling() -> None:
    assert read_base64("aGk=") == b"hi"
    for other in ("aGl=", "aGk", "aG k="):
        with pytest.raises(ValueError, match="base64"):
            read_base64(other)


def test_a_key_in_a_document_is_32_bytes() -> None:
    assert public_key(SIGNER.public.text) == SIGNER.public
    assert json.loads(canonical(ENTRY))["public_key"] == SIGNER.public.text
