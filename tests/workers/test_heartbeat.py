"""The heartbeat of a run: what it renews, what it sees, and when it says stop. Time is told by the test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from app import actions
from app.store.errors import StoreUnavailable
from sandbox import Usage
from tests.store.house import House
from workers import verify
from workers.verify import Heartbeat

if TYPE_CHECKING:
    from pathlib import Path

    from app.store.runs import Claimed


@dataclass
class Clock:
    """In the place of `time`."""

    now: float = 1_000.0

    def monotonic(self) -> float:
        """Return what the test says."""
        return self.now


class Away:
    """In the place of a database that does not answer."""

    def read(self) -> NoReturn:
        """Fail."""
        raise StoreUnavailable("the database does not answer")

    transaction = read


@dataclass
class Beating:
    """A claimed run with its heartbeat, and the clock."""

    house: House
    clock: Clock
    claimed: Claimed
    heartbeat: Heartbeat

    def after(self, seconds: float, stdout: bytes = b"") -> bool:
        """Let the box tick so much later."""
        self.clock.now += seconds
        return self.heartbeat(Usage(0, 0, 0, stdout))

    def lease(self) -> float:
        """Return when the lease ends."""
        found = self.house.run_row(self.claimed.run_id).lease_until
        assert found is not None
        return found


@dataclass(frozen=True)
class Bare:
    """As much of a worker's hands as a heartbeat needs."""

    parts: Any


@pytest.fixture
def beating(home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a run in the middle of its box; heartbeats are due every ten seconds, leases last sixty."""
    house = House.open(f"sqlite:///{home / 'assay.db'}", home)
    clock = Clock()
    monkeypatch.setattr(verify, "time", clock)
    claimed = house.claim(house.submit().run_ids[0])
    house.change("UPDATE run SET lease_until = lease_until - 30")
    heartbeat = Heartbeat(Bare(house.parts), claimed)  # type: ignore[arg-type]
    yield Beating(house, clock, claimed, heartbeat)
    house.close()


def test_a_lease_is_renewed_when_a_heartbeat_is_due_and_not_before(beating: Beating) -> None:
    before = beating.lease()
    assert beating.after(9.9)
    assert beating.lease() == before
    assert beating.after(0.2)
    assert beating.lease() > before + 20


def test_a_cancellation_is_seen_before_the_next_heartbeat_is_due(beating: Beating) -> None:
    actions.cancel(beating.house.parts, beating.claimed.verification_id)
    before = beating.lease()
    assert beating.after(1.9)
    assert not beating.after(0.2)
    assert (beating.heartbeat.cancelled, beating.heartbeat.lost) == (True, False)
    assert beating.lease() == before


def test_a_lost_lease_is_seen_before_the_next_heartbeat_is_due(beating: Beating) -> None:
    beating.house.expire(beating.claimed.run_id)
    beating.house.claim(beating.claimed.run_id, "host:2")
    assert not beating.after(2.1)
    assert (beating.heartbeat.cancelled, beating.heartbeat.lost) == (False, True)


def test_once_stopped_it_stays_stopped(beating: Beating) -> None:
    actions.cancel(beating.house.parts, beating.claimed.verification_id)
    assert not beating.after(2.1)
    assert not beating.after(0.1)


def test_a_short_absence_of_the_database_ends_no_run(beating: Beating) -> None:
    parts = beating.heartbeat.hands.parts
    beating.heartbeat.hands = Bare(replace(parts, store=Away()))  # type: ignore[assignment, type-var]
    for _ in range(29):
        assert beating.after(2)
    beating.heartbeat.hands = Bare(parts)  # type: ignore[assignment]
    assert beating.after(1)
    assert beating.lease()
    assert not beating.heartbeat.lost


def test_an_absence_longer_than_the_lease_ends_the_run(beating: Beating) -> None:
    """By then another worker may have it; two must not go on."""
    parts = beating.heartbeat.hands.parts
    beating.heartbeat.hands = Bare(replace(parts, store=Away()))  # type: ignore[assignment, type-var]
    assert beating.after(59)
    assert not beating.after(2)
    assert beating.heartbeat.lost


@pytest.mark.parametrize(
    ("stdout", "fraction", "text"),
    [
        (b"::progress 0.35 epoch 3/10\n", 0.35, "epoch 3/10"),
        (b"noise\n::progress 0.1 first\nmore\n::progress 0.2 second\n", 0.2, "second"),
        (b"::progress 1\n", 1.0, ""),
        (b"::progress 0.5 \xff\xfe\n", 0.5, "\ufffd\ufffd"),
        (b"::progress 1.5 too much\n", 1.0, "too much"),
    ],
    ids=["fraction and text", "the last of several", "no text", "not UTF-8", "more than all"],
)
def test_progress_is_passed_on(beating: Beating, stdout: bytes, fraction: float, text: str) -> None:
    assert beating.after(1.5, stdout)
    row = beating.house.run_row(beating.claimed.run_id)
    assert (row.progress_fraction, row.progress_text) == (fraction, text)


@pytest.mark.parametrize(
    "stdout",
    [b"progress 0.5\n", b"::progress half\n", b"::progress 0.5x\n", b"x ::progress 0.5\n", b"::progress 7\n", b""],
)
def test_what_is_not_progress_is_not_passed_on(beating: Beating, stdout: bytes) -> None:
    assert beating.after(1.5, stdout)
    assert beating.house.run_row(beating.claimed.run_id).progress_fraction is None


def test_a_script_that_chatters_is_heard_once_a_second(beating: Beating) -> None:
    heard = []
    for tenth in range(1, 31):
        beating.after(0.1, f"::progress 0.{tenth:02} step {tenth}\n".encode())
        heard.append(beating.house.run_row(beating.claimed.run_id).progress_text)
    assert 2 <= len(set(heard) - {None}) <= 4


@pytest.mark.parametrize("text", [b"a\0b", b"a\x1bb", b"a\x7fb"], ids=["NUL", "escape", "delete"])
def test_a_progress_line_with_control_characters_is_no_progress_line(beating: Beating, text: bytes) -> None:
    """PostgreSQL refuses a NUL; a run must not be able to make a fault of ours and so a second try."""
    assert beating.after(2, b"::progress 0.5 " + text + b"\n")
    row = beating.house.run_row(beating.claimed.run_id)
    assert (row.progress_fraction, row.progress_text) == (None, None)
    assert beating.after(2, b"::progress 0.5 plain\n")
    assert beating.house.run_row(beating.claimed.run_id).progress_text == "plain"
