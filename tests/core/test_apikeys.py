"""API keys as text: what a key looks like, what is no key, and what is stored of one."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.apikeys import PREFIX, SECRET_BYTES, checksum, hashed, spell, well_formed

KEY = spell(bytes(range(SECRET_BYTES)))
PEPPER = b"p" * 32


@pytest.mark.parametrize(
    ("body", "digits"),
    [
        ("", "000000"),  # CRC-32 is 0
        ("123456789", "3jZRME"),  # 0xCBF43926, the check value of CRC-32
        ("assay_live_", "0ZNtlA"),
    ],
)
def test_the_checksum_is_crc_32_in_base_62_with_its_leading_zeros(body: str, digits: str) -> None:
    assert checksum(body) == digits


def test_a_key_is_its_bytes_in_base64url_between_a_prefix_and_a_checksum() -> None:
    assert KEY[: len(PREFIX) + 43] == "assay_live_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert KEY[-6:] == checksum(KEY[:-6])
    assert "-_" in spell(b"\xfb\xff" * 16)  # no sign that an address or a shell would take for something else


@pytest.mark.parametrize("number", [0, SECRET_BYTES - 1, SECRET_BYTES + 1])
def test_a_key_of_fewer_or_more_bytes_is_not_made(number: int) -> None:
    with pytest.raises(ValueError, match=f"32 random bytes, not {number}"):
        spell(bytes(number))


@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_every_key_that_is_made_is_well_formed(secret: bytes) -> None:
    assert well_formed(spell(secret))


@given(place=st.integers(0, len(KEY) - 1), sign=st.sampled_from("aZ09-_ ="))
def test_one_mistyped_sign_is_noticed(place: int, sign: str) -> None:
    typed = KEY[:place] + sign + KEY[place + 1 :]
    assert well_formed(typed) is (typed == KEY)


@pytest.mark.parametrize("text", ["", PREFIX, KEY[:-1], KEY + "0", KEY + "\n", " " + KEY, KEY.replace("live", "test")])
def test_what_was_cut_or_lengthened_is_no_key(text: str) -> None:
    assert not well_formed(text)


def test_what_is_stored_is_an_hmac_that_needs_the_pepper() -> None:
    assert hashed(KEY, PEPPER) == hmac.new(PEPPER, KEY.encode(), hashlib.sha256).hexdigest()
    assert hashed(KEY, b"q" * 32) != hashed(KEY, PEPPER) != hashed(KEY[:-1], PEPPER)


def test_bytes_that_are_no_text_can_be_looked_up_too() -> None:
    """Headers hold any bytes; such a key is wrong, not a failure."""
    assert len(hashed(b"assay_live_\xff".decode("utf-8", "surrogateescape"), PEPPER)) == 64
