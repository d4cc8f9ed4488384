"""Whom the service may speak to on a stranger's behalf."""

from __future__ import annotations

import pytest

from app.core.addresses import check_address, is_public
from app.core.errors import Refusal


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook",
        "https://example.org:443/hook?a=b",
        "http://Intern:8080/x",
        "https://[2606:4700::1111]/",
    ],
)
def test_addresses_that_may_be_tried(url: str) -> None:
    assert check_address(url, ["intern:8080"]) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://example.org:8443/",
        "https://user:secret@example.org/",
        "https://example.org/#x",
        "ftp://example.org/",
        "https:///x",
        "https://exa mple.org/",
        "https://example.org:99999/",
        "file:///etc/passwd",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://example.org\\@evil.example/",
        "",
    ],
)
def test_addresses_that_are_refused_at_once(url: str) -> None:
    with pytest.raises(Refusal):
        check_address(url, ["intern:8080"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "192.0.0.8", "192.88.99.1", "198.18.0.1",  # noqa: S104
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001::1",
        "2001:db8::1", "3fff::1", "::7f00:1", "no address", "2130706433", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_public_network(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_of_the_public_network(address: str) -> None:
    assert is_public(address)
