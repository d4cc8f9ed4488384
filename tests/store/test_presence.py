"""Which workers are there, and to whom a confirm run is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import actions
from app.store import presence
from app.store.presence import KnownWorker, better_placed
from app.store.runs import Claimed, LeftToOthers
from tests.core.builders import ENVIRONMENT, a_claim
from tests.store.house import FALSE, House, at_once

if TYPE_CHECKING:
    from collections.abc import Collection

HERE = frozenset({ENVIRONMENT.digest})


def worker(name: str, *, queue: str = "cpu", environments: frozenset[str] = HERE) -> KnownWorker:
    """Return a worker."""
    return KnownWorker(name, frozenset({queue}), environments)


def present(house: House) -> list[str]:
    """Return the names of the workers that are there."""
    with house.parts.store.read() as session:
        return [item.name for item in presence.present(session, 10)]


def test_a_worker_is_there_from_its_first_word_to_its_last(house: House) -> None:
    actions.announce(house.parts, worker("host:1"))
    actions.announce(house.parts, worker("host:2"))
    assert present(house) == ["host:1", "host:2"]
    actions.leave(house.parts, worker("host:1"))
    assert present(house) == ["host:2"]
    actions.leave(house.parts, worker("host:1"))


def test_a_worker_is_read_back_as_it_was_announced(house: House) -> None:
    wanted = KnownWorker("host:1", frozenset({"cpu", "gpu"}), frozenset({"sha256:a", "sha256:b"}))
    actions.announce(house.parts, wanted)
    with house.parts.store.read() as session:
        assert presence.present(session, 10) == [wanted]
    assert wanted.host == "host"
    assert house.scalar("SELECT host FROM worker") == "host"


@pytest.mark.parametrize(("seconds", "there"), [(29, True), (31, False)])
def test_a_worker_that_says_nothing_for_three_periods_is_gone(house: House, seconds: float, *, there: bool) -> None:
    actions.announce(house.parts, worker("host:1"))
    house.change("UPDATE worker SET seen_at = seen_at - :s", s=seconds)
    assert bool(present(house)) is there
    actions.announce(house.parts, worker("host:1"))
    assert present(house) == ["host:1"]


def test_saying_it_again_keeps_the_row(house: House) -> None:
    actions.announce(house.parts, worker("host:1"))
    started = house.scalar("SELECT started_at FROM worker")
    actions.announce(house.parts, worker("host:1"))
    assert house.scalar("SELECT started_at FROM worker") == started
    assert house.count("worker") == 1


def test_workers_that_start_at_once_are_all_there(house: House) -> None:
    names = [f"host:{number}" for number in range(6)]
    assert at_once(*(lambda name=name: actions.announce(house.parts, worker(name)) for name in names)) == [None] * 6
    assert present(house) == names


@pytest.mark.parametrize(
    ("name", "others", "measured", "expected"),
    [
        ("a:1", [], {"a:1"}, False),
        ("a:1", ["a:2"], {"a:1"}, True),
        ("a:2", ["a:1"], {"a:1"}, False),
        ("a:1", ["a:2"], {"a:1", "a:2"}, False),
        ("a:1", ["b:1"], {"a:1"}, True),
        ("a:2", ["a:1", "b:1"], {"a:1"}, True),
        ("b:1", ["a:1", "a:2"], {"a:1"}, False),
        ("b:1", ["a:1", "c:1"], {"a:1"}, False),
        ("b:1", ["a:1", "c:1"], {"a:1", "b:2"}, True),
        ("a:1", ["a:2", "b:1"], {"a:1", "b:1"}, True),
        ("a:2", ["a:1", "b:1"], {"a:1", "b:1"}, False),
    ],
    ids=[
        "alone",
        "another process of the host",
        "the other process itself",
        "both processes measured",
        "another host",
        "another process, but there is another host",
        "the other host itself",
        "one of two other hosts",
        "a third host",
        "both hosts measured, another process did not",
        "that process itself",
    ],
)
def test_a_confirm_run_is_better_placed_with_others_when(
    name: str, others: list[str], measured: Collection[str], *, expected: bool
) -> None:
    there = [worker(other) for other in others]
    assert better_placed(name, there, measured) is expected
    assert better_placed(name, [worker(name), *there], measured) is expected


def confirm_run(house: House) -> str:
    """Return the confirm run of a claim that `host:1` measured."""
    submitted = house.submit(a_claim(FALSE))
    house.run(submitted.run_ids[0])
    for run_id in house.runs(submitted.verification_id, "queued"):
        house.run(run_id)
    (run_id,) = house.runs(submitted.verification_id, "queued")
    assert house.run_row(run_id).purpose == "confirm"
    house.heard.forget()
    return run_id


def ask(house: House, run_id: str, name: str = "host:1") -> Claimed | LeftToOthers | None:
    """Let a worker ask for a run."""
    return actions.claim_run(house.parts, run_id, name, {ENVIRONMENT.digest})


def test_who_measured_leaves_the_confirm_run_to_another_and_passes_the_nudge_on(house: House) -> None:
    run_id = confirm_run(house)
    actions.announce(house.parts, worker("host:1"))
    actions.announce(house.parts, worker("host:2"))
    assert ask(house, run_id) == LeftToOthers(run_id, "cpu")
    assert house.heard.runs == [(run_id, "cpu")]
    assert house.run_row(run_id).attempts == 0
    assert isinstance(ask(house, run_id, "host:2"), Claimed)
    assert ask(house, run_id) is None


@pytest.mark.parametrize(
    "other",
    [
        None,
        worker("host:2", queue="judge"),
        worker("host:2", environments=frozenset({"sha256:other"})),
    ],
    ids=["nobody", "somebody who serves another queue", "somebody without the environment"],
)
def test_who_measured_confirms_when_there_is(house: House, other: KnownWorker | None) -> None:
    run_id = confirm_run(house)
    actions.announce(house.parts, worker("host:1"))
    if other is not None:
        actions.announce(house.parts, other)
    assert isinstance(ask(house, run_id), Claimed)


def test_who_measured_confirms_when_the_other_does_not_come(house: House) -> None:
    run_id = confirm_run(house)
    actions.announce(house.parts, worker("host:2"))
    assert isinstance(ask(house, run_id), LeftToOthers)
    house.change("UPDATE run SET touched_at = touched_at - 2 WHERE state = 'queued'")
    assert isinstance(ask(house, run_id), Claimed)


def test_every_other_run_is_anybodys(house: House) -> None:
    submitted = house.submit()
    actions.announce(house.parts, worker("host:2"))
    house.run(submitted.run_ids[0])
    for run_id in house.runs(submitted.verification_id, "queued"):
        assert isinstance(ask(house, run_id), Claimed)
