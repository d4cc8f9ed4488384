"""The judge's hand: which failures end a verification, and which are left for the next nudge."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from app import actions
from app.core import verdict
from app.store.errors import StoreUnavailable
from tests.store.house import House
from workers import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.store.engine import Store


ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Bare:
    """As much of a worker's hands as a judge needs."""

    parts: Any

    def judging(self) -> Any:
        """See `workers.hands.Hands`."""
        return self.parts


class AwayForAMoment:
    """In the place of a database that does not answer once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked = 0

    def read(self) -> Any:
        """Fail the first time."""
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailable("the database does not answer")
        return self.store.read()

    def transaction(self) -> Any:
        """Answer."""
        return self.store.transaction()


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    """Give a service with hands of its own."""
    found = House.open(f"sqlite:///{home / 'assay.db'}", home)
    yield found
    found.close()


@pytest.fixture
def measured(house: House) -> str:
    """Return a verification that waits for its judge."""
    verification_id = house.submit().verification_id
    house.run_all(verification_id)
    return verification_id


def conclude(house: House, verification_id: str, **parts: Any) -> None:
    """Ask the judge."""
    judge.conclude(Bare(replace(house.parts, **parts)), verification_id)  # type: ignore[arg-type]


def test_however_often_the_judge_is_nudged_there_is_one_verdict(house: House, measured: str) -> None:
    for _ in range(5):
        conclude(house, measured)
    assert house.count("verdict") == 1
    assert house.verification(measured).state == "concluded"


def test_bytes_that_changed_end_a_verification_as_our_fault(house: House, measured: str) -> None:
    path = house.parts.blobs.path(str(house.scalar("SELECT stdout FROM outcome")))
    path.chmod(0o600)
    path.write_bytes(b"tampered")
    conclude(house, measured)
    row = house.verification(measured)
    assert (row.state, row.reason_code, row.blame) == ("faulted", "INTERNAL_ERROR", "service")
    assert "has other bytes. Restore it from a backup." in (row.detail or "")
    assert house.count("verdict") == 0


def test_a_database_that_is_away_for_a_moment_ends_nothing(house: House, measured: str) -> None:
    with pytest.raises(StoreUnavailable):
        conclude(house, measured, store=AwayForAMoment(house.parts.store))
    assert house.verification(measured).state == "concluding"
    conclude(house, measured)
    assert house.verification(measured).state == "concluded"


def test_a_bug_of_ours_does_not_keep_a_verification_waiting_for_ever(
    house: House, measured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(verdict, "judge", broken)
    conclude(house, measured)
    row = house.verification(measured)
    assert (row.state, row.reason_code) == ("faulted", "INTERNAL_ERROR")
    assert row.detail == "The judge failed; its log has the reason."
    assert house.count("verdict") == 0


#: A judge that the kernel kills while it judges, as it does when memory runs out.
KILLED = """
import os, signal, sys
from dataclasses import replace
from app import actions
from app.actions import Parts
from app.core import verdict
from app.settings import Settings
from tests.core.builders import SIGNER
verdict.judge = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
actions.conclude(replace(Parts.open(Settings()), signer=SIGNER), sys.argv[1])
"""


def test_a_verification_that_kills_its_judges_ends_as_our_fault(house: House, measured: str) -> None:
    """Three are killed by it; the fourth, who would judge it well, leaves it alone."""
    environment = {**os.environ, "ASSAY_HOME": str(house.parts.settings.home), "PYTHONPATH": str(ROOT)}
    for _ in range(house.parts.settings.attempts_max):
        killed = subprocess.run([sys.executable, "-c", KILLED, measured], env=environment, check=False)
        assert killed.returncode == -signal.SIGKILL
    conclude(house, measured)
    assert house.verification(measured).state == "concluding"
    house.change("UPDATE verification SET touched_at = touched_at - 601")
    actions.sweep(house.parts)
    row = house.verification(measured)
    assert (row.state, row.reason_code, row.blame) == ("faulted", "WORKER_LOST", "service")
    assert house.count("verdict") == 0
