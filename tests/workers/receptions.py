"""What happened to deliveries of each kind of receiver: `python -m tests.workers.receptions` prints the table of the docs.

Each receiver really runs, and each delivery is attempted as often as the schedule says; only the pauses are left out.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import actions
from app.store import hook_lists, migrate
from app.store.lists import Wanted
from tests.store.house import House
from tests.workers.receivers import Authority, Receiver
from workers.deliver import attempt
from workers.outside import Outside, way_out

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "127.0.0.1"
TIMEOUT = 1.0  # instead of 15 seconds
HEAD = "| receiver | first attempt | attempts | in the end | requests that it saw |\n|---|---|---|---|---|\n"
MANNERS: dict[str, dict[str, Any]] = {
    "well": {},
    "lying: 302 to another address": {"status": 302},
    "lying: 500 though it has taken it": {"status": 500},
    "lying: 200 when the time is over": {"wait_seconds": 2.5},
    "slow: its answer comes byte by byte": {"drip_seconds": 0.2, "body": b"x" * 64},
    "gone: 410": {"status": 410},
}
NAMES = {
    "private: its name leads to 10.0.0.1": ["10.0.0.1"],
    "private: one of two addresses is": ["1.1.1.1", "fd00::1"],
    "private: the metadata of a cloud": ["169.254.169.254"],
}


def table() -> str:
    """Return the table, a line for each receiver."""
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in _rows())


def _rows() -> Iterator[tuple[str, ...]]:
    for label, manner in MANNERS.items():
        with Receiver(**manner) as receiver, Receiver() as other:
            receiver.headers["location"] = other.url(HERE)
            yield _row(label, receiver, [receiver.named(HERE), other.named(HERE)])
            assert other.connections == 0
    with Receiver() as receiver:
        pass
    yield _row("down", receiver, [receiver.named(HERE)])
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        with Receiver(authority.context("other.test")) as receiver:
            yield _row("another: its certificate proves another name", receiver, [receiver.named(HERE)], authority.file)
    for label, addresses in NAMES.items():
        yield _row(label, None, [], None, Outside(resolve=lambda *_, found=addresses: found))


def _row(
    label: str,
    receiver: Receiver | None,
    named: list[str],
    authority: Path | None = None,
    outside: Outside | None = None,
) -> tuple[str, ...]:
    """Let one event be delivered until it is over; returns a line of the table."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        migrate.upgrade(f"sqlite:///{home / 'assay.db'}")
        more: dict[str, Any] = {"webhook_timeout_seconds": TIMEOUT, "outside_allow": named, "outside_ca": authority}
        house = House.open(f"sqlite:///{home / 'assay.db'}", home, **more)
        try:
            url = "https://inside.test/hook" if receiver is None else receiver.url(HERE)
            made, _ = actions.create_endpoint(house.parts, "demo", url, ("verdict.recorded",), "", operator=False)
            actions.test_endpoint(house.parts, made["id"], "demo")
            while taken := actions.take_deliveries(house.parts, 1):
                attempt(house.parts, outside or way_out(house.parts.settings), taken[0])
                house.change("UPDATE webhook_delivery SET due_at = 1")
            with house.parts.store.read() as session:
                (found,) = hook_lists.deliveries(session, Wanted(1, {"endpoint_id": made["id"]})).rows
            disabled = house.scalar("SELECT state FROM webhook_endpoint") == "disabled"
        finally:
            house.close()
    first = found["log"][0]
    said = re.sub(r" \(_ssl\.c:\d+\)|\[[^]]*\] ", "", first["error"]) or f"{first['status']}, taken"
    heard = 0 if receiver is None else len(receiver.heard)
    end = found["state"] + (", and its endpoint is disabled" if disabled else "")
    return label, said, str(len(found["log"])), end, str(heard)


if __name__ == "__main__":
    sys.stdout.write(table())
