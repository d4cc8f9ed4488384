"""How long the like of a verification usually took, on both databases: from what is stored, and not from too little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.store import durations
from tests.core.builders import a_claim
from tests.store.house import FALSE
from tests.store.test_feed import of_record

if TYPE_CHECKING:
    from app.store.durations import Usual
    from tests.store.house import House


def usual(house: House, job: str) -> Usual | None:
    with house.parts.store.read() as session:
        return durations.of_verification(session, job)


def lasted(house: House, job: str, seconds: float) -> None:
    """Say that a verification took so long."""
    begin = "started_at = created_at"
    end = (
        f"ended_at = strftime('%Y-%m-%d %H:%M:%f000', created_at, '+{seconds} seconds')"
        if house.parts.store.dialect == "sqlite"
        else f"ended_at = created_at + interval '{seconds} seconds'"
    )
    house.change(f"UPDATE verification SET {begin}, {end} WHERE id = '{job}'")


def test_of_too_few_nothing_is_told_and_of_enough_the_middle(house: House) -> None:
    for seconds in range(1, durations.LEAST):
        lasted(house, house.verify(force=True), seconds)
    waiting = house.submit(force=True).verification_id
    assert usual(house, waiting) is None
    house.run_all(waiting)
    lasted(house, house.verify(force=True), 900)
    found = usual(house, waiting)
    assert found is not None
    assert (round(found.low), round(found.high), found.number, found.like) == (1, 900, 5, "seal")
    for _ in range(7):
        lasted(house, house.verify(force=True), 3)
    found = usual(house, waiting)
    assert found is not None
    assert (round(found.high), found.number) == (4, 12), "one that took very long lies outside the middle"


def test_what_is_alike_is_asked_from_the_nearest_on(house: House) -> None:
    for number in range(durations.LEAST):
        lasted(house, house.verify(of_record("open-not", f"c-{number}")), 50)
    revised = house.submit(a_claim(expect=(FALSE,))).verification_id
    assert usual(house, revised) is None, "of what a stranger may not know of, nothing is told"
    for number in range(durations.LEAST):
        lasted(house, house.verify(publisher=f"p-{number}"), 20)
    found = usual(house, revised)
    assert found is not None
    assert (round(found.low), found.like) == (20, "environment")
    for _ in range(durations.LEAST):
        lasted(house, house.verify(force=True), 7)
    found = usual(house, revised)
    assert found is not None
    assert (round(found.low), found.like) == (7, "claim")


def test_a_verification_that_is_not_there_took_no_time(house: House) -> None:
    assert usual(house, "ver_none") is None
