"""Secrets that are shut: what opens them, and what does not."""

from __future__ import annotations

import pytest

from app.core.errors import Fault
from app.core.lockbox import NONCE_BYTES, opened, shut

PEPPER, NONCE = b"p" * 32, b"n" * NONCE_BYTES


def test_a_secret_opens_under_its_pepper_for_its_row_and_is_not_to_be_seen() -> None:
    stored = shut("whsec_äé", PEPPER, NONCE, "whe_1")
    assert opened(stored, PEPPER, "whe_1") == "whsec_äé"
    assert "whsec" not in stored
    assert shut("whsec_äé", PEPPER, b"m" * NONCE_BYTES, "whe_1") != stored


@pytest.mark.parametrize(
    ("pepper", "row", "change"),
    [
        pytest.param(b"q" * 32, "whe_1", lambda text: text, id="another pepper"),
        pytest.param(PEPPER, "whe_2", lambda text: text, id="another row"),
        pytest.param(PEPPER, "whe_1", lambda text: text[:-4] + "AAAA", id="changed"),
        pytest.param(PEPPER, "whe_1", lambda text: text[:20], id="cut"),
        pytest.param(PEPPER, "whe_1", lambda _: "", id="empty"),
        pytest.param(PEPPER, "whe_1", lambda _: "v1.%%%", id="no base64"),
    ],
)
def test_it_opens_for_nothing_else(pepper: bytes, row: str, change: object) -> None:
    stored = shut("secret", PEPPER, NONCE, "whe_1")
    with pytest.raises(Fault, match="does not open"):
        opened(change(stored), pepper, row)  # type: ignore[operator]


def test_a_nonce_has_its_length() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        shut("secret", PEPPER, b"short", "whe_1")
