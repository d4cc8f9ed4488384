"""Events: written with what they tell, in an order that no reader can miss a part of."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import actions
from app.store import events
from app.store.runs import LogPiece
from tests.store.house import at_once

if TYPE_CHECKING:
    from app.store.events import Event
    from tests.store.house import House


def told(house: House, verification_id: str, after: int = 0) -> list[Event]:
    with house.parts.store.read() as session:
        return events.of(session, verification_id, after, 1000)


def everything(house: House, after: int = 0) -> list[Event]:
    with house.parts.store.read() as session:
        return events.everything(session, after, 1000)


def add(house: House, seq: int, verification_id: str, age_seconds: float = 0) -> None:
    at = (datetime.now(UTC) - timedelta(seconds=age_seconds)).isoformat(sep=" ")
    house.change(
        "INSERT INTO event (seq, verification_id, kind, document, created_at) VALUES (:seq, :id, 'state', '{}', :at)",
        seq=seq,
        id=verification_id,
        at=at,
    )


def test_a_verification_tells_its_whole_life_in_order(house: House) -> None:
    verification_id = house.verify()
    found = told(house, verification_id)
    assert [item.told["state"] for item in found if item.kind == "state"] == [
        "queued",
        "running",
        "concluding",
        "concluded",
    ]
    assert [item.kind for item in found][-3:] == ["verdict", "state", "end"]
    assert found[-3].told["verdict_id"] == house.scalar("SELECT id FROM verdict")
    assert [item.seq for item in found] == sorted(item.seq for item in found)
    runs = [item for item in found if item.kind == "run"]
    for run_id in house.runs(verification_id, "done"):
        states = [item.told["state"] for item in runs if item.run_id == run_id]
        assert states == ["queued", "running", "done"]
    measured = next(item for item in runs if item.told["state"] == "done")
    assert measured.told["outcome"] == "exited"
    assert next(item for item in runs if item.told["state"] == "queued").told["purpose"] == "measure"


def test_what_is_rolled_back_is_not_told(house: House) -> None:
    verification_id = house.submit().verification_id
    before = told(house, verification_id)

    def fail() -> None:
        with house.parts.store.transaction() as session:
            events.note(session, verification_id, "state", state="running")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert told(house, verification_id) == before


@pytest.mark.parametrize("how", ["fault", "cancel queued", "cancel running"])
def test_other_ends_tell_every_run_and_the_end_last(house: House, how: str) -> None:
    submitted = house.submit()
    verification_id, (run_id,) = submitted.verification_id, submitted.run_ids
    claimed = house.claim(run_id) if how == "cancel running" else None
    if how == "fault":
        actions.fault_verification(house.parts, verification_id, "INTERNAL_ERROR", "It broke.")
    else:
        actions.cancel(house.parts, verification_id)
    if claimed is not None:
        assert told(house, verification_id)[-1].kind != "end"
        actions.cancel_run(house.parts, claimed)
    found = told(house, verification_id)
    state = "faulted" if how == "fault" else "cancelled"
    assert [(item.kind, item.told["state"]) for item in found][-3:] == [
        ("run", state),
        ("state", state),
        ("end", state),
    ]
    assert found[-3].run_id == run_id


def test_a_run_that_is_given_back_is_told_as_queued_again(house: House) -> None:
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    actions.fail_run(house.parts, claimed, "INTERNAL_ERROR", "It broke.")
    states = [item.told["state"] for item in told(house, submitted.verification_id) if item.kind == "run"]
    assert states == ["queued", "running", "queued"]


def test_progress_and_log_are_told_while_the_lease_is_held_and_not_afterwards(house: House) -> None:
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    piece = LogPiece("stdout", 0, "half \0 way\n")
    actions.report_progress(house.parts, claimed, 0.5, "half")
    actions.report_output(house.parts, claimed, [piece])
    live = told(house, submitted.verification_id)[-2:]
    assert [(item.kind, item.run_id) for item in live] == [("progress", claimed.run_id), ("log", claimed.run_id)]
    assert live[0].told == {"fraction": 0.5, "text": "half"}
    assert live[1].told == {"stream": "stdout", "offset": 0, "text": "half \0 way\n"}
    house.expire(claimed.run_id)
    house.claim(claimed.run_id, owner="other:2")
    before = told(house, submitted.verification_id)
    actions.report_progress(house.parts, claimed, 0.6, "late")
    actions.report_output(house.parts, claimed, [piece])
    assert told(house, submitted.verification_id) == before


def test_a_reader_goes_on_behind_what_it_knows(house: House) -> None:
    verification_id = house.verify()
    found = told(house, verification_id)
    assert told(house, verification_id, found[2].seq) == found[3:]
    assert told(house, verification_id, found[-1].seq) == []


def test_events_of_one_verification_become_visible_in_the_order_of_their_numbers(house: House) -> None:
    """Runs of one verification finish at once; a reader that always goes on behind its last event misses none."""
    submitted = house.submit()
    house.run(submitted.run_ids[0])
    claimed = [house.claim(run_id) for run_id in house.runs(submitted.verification_id, "queued")]
    seen: list[int] = []

    def read() -> None:
        for _ in range(200):
            seen.extend(item.seq for item in told(house, submitted.verification_id, seen[-1] if seen else 0))

    failed = [item for item in at_once(read, *(lambda item=item: house.finish(item) for item in claimed)) if item]
    assert failed == []
    seen.extend(item.seq for item in told(house, submitted.verification_id, seen[-1]))
    assert seen == [item.seq for item in told(house, submitted.verification_id)]


def test_a_gap_holds_up_the_reader_of_everything_until_nothing_can_fill_it(house: House) -> None:
    verification_id = house.submit().verification_id
    known = everything(house)[-1].seq
    add(house, known + 2, verification_id)
    assert everything(house, known) == []
    add(house, known + 1, verification_id)
    assert [item.seq for item in everything(house, known)] == [known + 1, known + 2]
    add(house, known + 4, verification_id, age_seconds=events.SETTLED_SECONDS + 1)
    assert [item.seq for item in everything(house, known + 2)] == [known + 4]


def test_an_event_is_never_changed_and_only_passing_ones_are_removed(house: House) -> None:
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    actions.report_progress(house.parts, claimed, 0.5, "half")
    for statement in ("UPDATE event SET document = '{}'", "DELETE FROM event WHERE kind = 'state'"):
        with pytest.raises(IntegrityError, match="an event"), house.parts.store.transaction() as session:
            session.connection().execute(text(statement))
    assert len(told(house, submitted.verification_id)) == 5


def test_passing_events_are_removed_when_they_are_old_and_the_newest_never(house: House) -> None:
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    for fraction in (0.1, 0.2):
        actions.report_progress(house.parts, claimed, fraction, "")
    with house.parts.store.transaction() as session:
        events.forget_passing(session, 3600)
    assert sum(item.kind == "progress" for item in told(house, submitted.verification_id)) == 2
    with house.parts.store.transaction() as session:
        events.forget_passing(session, -1)
    left = [item for item in told(house, submitted.verification_id) if item.kind == "progress"]
    assert [item.told["fraction"] for item in left] == [0.2]
    assert json.loads(house.scalar("SELECT document FROM event ORDER BY seq DESC LIMIT 1"))["fraction"] == 0.2
