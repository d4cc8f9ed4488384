"""Whom the service may speak to on a stranger's behalf: addresses of the public network, and whom the operator named.

Python's own `is_global` is not enough: 3.11 calls `fec0::1`, `192.0.0.8`, multicast and whatever a translator between IPv4
and IPv6 hides global. So everything that embeds an IPv4 address is judged by that address or refused, and the special
blocks of RFC 6890 that `is_global` lets pass are named here.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.core.errors import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Collection

URL_LENGTH_MAX = 2000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_DENIED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "64:ff9b::/96",  # NAT64: any IPv4 address
        "64:ff9b:1::/48",  # NAT64 of a local network
        "fec0::/10",  # site-local of old
        "2001::/23",  # Teredo and other protocol assignments
        "2002::/16",  # 6to4: any IPv4 address
        "::/96",  # IPv4-compatible, of old
        "5f00::/16",  # segment routing inside a network
        "3fff::/20",  # documentation
    )
)


def is_public(text: str) -> bool:
    """Return whether an address literal (with or without a zone) is unicast and belongs to the public network."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        address = address.ipv4_mapped or address
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address.version == network.version and address in network for network in _DENIED)


def check_address(url: str, named: Collection[str] = ()) -> str:
    """Return an address that may be tried. What its name resolves to is checked when it is connected to.

    Args:
        url: as its owner wrote it.
        named: `host:port` that the operator opened; these may also be spoken to without TLS and at any port.

    Raises:
        Refusal: it is no such address.

    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise _refuse("this is no address") from None
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= URL_LENGTH_MAX
    if not plain or not host or parts.scheme not in {"http", "https"} or "\\" in url:
        raise _refuse("this is no address of the form https://host/path")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refuse("an address has neither a user nor a fragment")
    if f"{host}:{port}" in {item.lower() for item in named}:
        return url
    if parts.scheme != "https" or port != 443:
        raise _refuse("only https at port 443 is spoken to")
    if _is_literal(host) and not is_public(host):
        raise _refuse("this address does not belong to the public network")
    return url


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _refuse(detail: str) -> Refusal:
    remedy = "use one such as https://example.org/hooks/assay; the operator opens hosts inside by ASSAY_OUTSIDE_ALLOW"
    return Refusal.of(Problem(None, None, "/url", "bad-address", detail, remedy))
