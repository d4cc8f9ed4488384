"""The sweeper's part in the ledger: a day that is over gets its checkpoint, signed with the judge's key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.core import checkpoints, ledger
from app.core.errors import Fault
from app.store import ledger as rows
from app.store.errors import StoreUnavailable
from tests.core.proofs import MANIFEST
from tests.store.house import House
from tests.store.proving import approve, offering, verdict, verify
from workers import judge, sweep
from workers.keyring import keyring

if TYPE_CHECKING:
    from tests.workers.station import Station
    from workers.hands import Hands


class Tomorrow(datetime):
    """A clock that is a day ahead."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override] # UTC is all that is asked for
        del tz
        return datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sweeper's day be tomorrow."""
    monkeypatch.setattr(sweep, "datetime", Tomorrow)


def made(station: Station) -> list[dict[str, object]]:
    with station.parts.store.read() as session:
        return rows.checkpoints(session, 10)


def a_row(station: Station) -> None:
    """Let the ledger begin, with two corrections' worth of a record."""
    from app import actions

    for title in ("a", "b"):
        actions.put_record(station.parts, "demo", "paper", {"title": title})


def test_a_day_that_is_over_is_closed_by_the_first_sweep_and_signed(station: Station, later: None) -> None:
    a_row(station)
    for _ in range(2):
        sweep.sweep(station.hands)
    (point,) = made(station)
    assert point["day"] == datetime.now(UTC).date().isoformat()
    keys = keyring(station.parts.settings).keys()
    assert checkpoints.check_signature(point, keys).trusted
    with station.parts.store.read() as session:
        receipt = rows.receipt(session, 0)
    assert receipt is not None
    assert checkpoints.judge_signatures(ledger.check_receipt(receipt), keys).trusted


def test_a_day_that_is_not_over_is_not_closed(station: Station) -> None:
    a_row(station)
    sweep.sweep(station.hands)
    assert made(station) == []


def test_a_checkpoint_on_demand_is_signed(station: Station) -> None:
    a_row(station)
    sweep.make_checkpoint(station.hands)
    (point,) = made(station)
    assert point["day"] is None
    assert checkpoints.check_signature(point, keyring(station.parts.settings).keys()).trusted


def test_a_worker_that_signs_nothing_leaves_the_signature_out(station: Station) -> None:
    a_row(station)
    sweep.make_checkpoint(replace(station.hands, signing=None))
    assert [point["signature"] for point in made(station)] == [None]


@pytest.mark.parametrize(("fault", "raised"), [(Fault("no-signing-key", "none"), False), (StoreUnavailable("x"), True)])
def test_a_key_that_is_away_holds_up_nothing_and_the_day_is_closed_later(
    station: Station,
    later: None,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    raised: bool,  # noqa: FBT001 - a row
) -> None:
    def away(_: Hands) -> None:
        raise fault

    a_row(station)
    with monkeypatch.context() as patched:
        patched.setattr(sweep, "checkpoint_signer", away)
        if raised:
            with pytest.raises(StoreUnavailable):
                sweep.sweep(station.hands)
        else:
            sweep.sweep(station.hands)
    assert made(station) == []
    sweep.sweep(station.hands)
    assert len(made(station)) == 1


def test_tidying_up_opens_again_what_a_revoked_checker_decided(station: Station) -> None:
    house = offering(House(station.hands.judging(), station.heard), proof_assurance="test")
    approve(house)
    before = verify(house)
    offering(station, proof_assurance="test", proof_revoked=[MANIFEST["lean_commit"]])
    sweep.tidy(station.hands)
    (after,) = set(station.heard.judged) - {before}
    judge.conclude(station.hands, after)
    assert verdict(house, after)[1] == "PROOF_TOOLCHAIN_ERROR"
