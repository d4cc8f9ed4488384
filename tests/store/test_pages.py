"""What pages read, on both databases: only what is open, in the order of an index, and never an old copy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app import actions
from app.core.model import RecordRef
from app.store import feed, pages, presence
from app.store.house import house as in_the_house
from app.store.visible import EVERYTHING as EVERYTHING_KNOWN
from tests.core.builders import _evaluate as evaluate
from tests.core.builders import a_claim, a_formula
from tests.store.house import FALSE

if TYPE_CHECKING:
    from tests.store.house import House


def a_record_claim(record: str, **changes: Any) -> Any:
    return a_claim(**changes).model_copy(update={"record": RecordRef(id=record, title=f"The record {record}")})


EVERYTHING = feed.Wanted({})


def rows(house: House, **wanted: str) -> list[dict[str, Any]]:
    with house.parts.store.read() as session:
        return feed.page(session, feed.Wanted(wanted), None, 50).rows


def claim_of(house: House, verification_id: str) -> str:
    query = "SELECT claim_id FROM verdict WHERE verification_id = :id"
    return str(house.scalar(query, id=verification_id))


def test_a_claim_is_listed_only_when_strangers_may_know_of_it(house: House) -> None:
    free = claim_of(house, house.verify())
    job = house.verify(a_record_claim("survey"))
    closed = claim_of(house, job)

    def known() -> tuple[set[str], int, bool, bool, bool]:
        with house.parts.store.read() as session:
            listed = {row["claim_id"] for row in feed.page(session, EVERYTHING, None, 50).rows}
            counted = sum(feed.counts(session, EVERYTHING)["status"].values())
            asked = (
                pages.claim_version(house.parts.store, closed),
                pages.record_version(house.parts.store, "demo", "survey"),
            )
            return listed, counted, pages.shown(session, job) is not None, asked[0] is not None, asked[1] is not None

    assert known() == ({free}, 1, False, False, True)
    actions.put_record(house.parts, "demo", "survey", {"claims_public": True})
    assert known() == ({free, closed}, 2, True, True, True)
    actions.put_record(house.parts, "demo", "survey", {"visibility": "private"})
    assert known() == ({free}, 1, False, False, False)
    with house.parts.store.read() as session:
        assert feed.public_records(session, 9) == []
        assert all(pages.run(session, run) is None for run in house.runs(job, "done"))


def test_the_feed_is_newest_first_and_goes_on_where_it_ended(house: House) -> None:
    jobs = [house.verify(force=True) for _ in range(5)]
    seen: list[str] = []
    place = None
    for _ in range(9):
        with house.parts.store.read() as session:
            found = feed.page(session, EVERYTHING, place, 2)
        seen += [row["verification_id"] for row in found.rows]
        place = found.after
        if place is None:
            break
    assert seen == jobs[::-1]


def test_each_facet_and_the_time_let_through_what_they_say(house: House) -> None:
    script = house.verify()
    formula = house.submit(a_claim(reproduce=a_formula({"score": "a - b"}, a="77.0", b="68.3"))).verification_id
    house.run_all(formula, lambda inputs, _: evaluate(inputs))
    actions.conclude(house.parts, formula)
    false = house.verify(a_claim(expect=(FALSE,)))
    by = {name: {row["verification_id"] for row in rows(house, **wanted)} for name, wanted in FILTERS.items()}
    assert by == {
        "formula": {formula},
        "script": {script, false},
        "falsified": {false},
        "both": {false},
        "reason": {false},
        "blame": {false},
        "none": set(),
    }
    now = datetime.now(UTC)
    with house.parts.store.read() as session:
        for since, number in ((now - timedelta(hours=1), 3), (now + timedelta(hours=1), 0)):
            assert len(feed.page(session, feed.Wanted({}, since), None, 50).rows) == number
        counts = feed.counts(session, EVERYTHING)
    assert counts["kind"] == {"formula": 1, "script": 2}
    assert counts["blame"] == {"author": 1}


FILTERS: dict[str, dict[str, str]] = {
    "formula": {"kind": "formula"},
    "script": {"kind": "script"},
    "falsified": {"status": "FALSIFIED"},
    "both": {"status": "FALSIFIED", "kind": "script"},
    "reason": {"reason_code": "MISMATCH"},
    "blame": {"blame": "author"},
    "none": {"status": "FALSIFIED", "kind": "formula"},
}


def test_whatever_changes_on_a_page_changes_what_it_is_kept_under(house: House) -> None:
    job = house.verify(a_record_claim("survey"))
    actions.put_record(house.parts, "demo", "survey", {"claims_public": True})
    claim = claim_of(house, job)

    def versions() -> tuple[Any, Any]:
        store = house.parts.store
        return pages.claim_version(store, claim), pages.record_version(store, "demo", "survey")

    seen = [versions()]
    changes = (
        lambda: actions.put_record(house.parts, "demo", "survey", {"title": "Another"}),
        lambda: house.submit(a_record_claim("survey"), force=True),
        lambda: house.run_all(house.scalar("SELECT id FROM verification WHERE state = 'queued'")),
        lambda: actions.conclude(house.parts, house.scalar("SELECT id FROM verification WHERE state = 'concluding'")),
        lambda: house.submit(a_record_claim("survey", expect=(FALSE,))),
        lambda: actions.cancel(house.parts, house.scalar("SELECT id FROM verification WHERE state = 'queued'")),
    )
    for number, change in enumerate(changes):
        change()
        seen.append(versions())
        if number != 2:  # runs are on the page of the verification
            assert seen[-1] != seen[-2], number


def test_the_house_says_what_waits_and_who_is_there(house: House) -> None:
    house.submit()
    with house.parts.store.read() as session:
        found = in_the_house(session, 10, 60)
    assert {row["queue"]: row["queued"] for row in found["queues"]} == {
        "cpu": 1,
        "judge": 0,
        "outside": 0,
    }
    assert found["queues"][0]["oldest_seconds"] >= 0
    assert found["stuck"] == found["workers"] == []
    house.change("UPDATE run SET touched_at = touched_at - 1000")
    house.verify(a_claim(expect=(FALSE,)))
    with house.parts.store.read() as session:
        found = in_the_house(session, 10, 60)
    assert [(row["state"], row["seconds"] >= 1000) for row in found["stuck"]] == [("queued", True)]
    assert found["stuck"][0]["run"] is not None
    assert found["ended"] == {"concluded": 1, "cancelled": 0, "faulted": 0}


def look(house: House, *who: Any) -> dict[str, Any]:
    with house.parts.store.read() as session:
        return in_the_house(session, 10, 60, *who)


def queue(house: House, name: str) -> dict[str, Any]:
    (found,) = [row for row in look(house)["queues"] if row["queue"] == name]
    return found


def test_the_numbers_of_a_queue_are_those_of_the_database(house: House) -> None:
    """Depth and age from the rows; what was given back waits from then on; a judge at work is no verification that waits."""
    job = house.submit()
    other = house.submit(a_claim(expect=(FALSE,)))
    house.change("UPDATE run SET touched_at = touched_at - 40 WHERE id = :id", id=job.run_ids[0])
    house.change(
        "UPDATE run SET created_at = :past WHERE id = :id", id=other.run_ids[0], past="2020-01-01 00:00:00+00:00"
    )
    cpu = queue(house, "cpu")
    assert cpu["queued"] == house.scalar("SELECT count(*) FROM run WHERE state = 'queued'") == 2
    assert 40 <= cpu["oldest_seconds"] < 60
    assert (cpu["running"], cpu["workers"]) == (0, 0)
    house.claim(job.run_ids[0])
    assert {name: queue(house, "cpu")[name] for name in ("queued", "running")} == {"queued": 1, "running": 1}
    house.run_all(other.verification_id)
    house.change("UPDATE verification SET touched_at = touched_at - 30 WHERE state = 'concluding'")
    waits = queue(house, "judge")
    assert (waits["queued"], waits["running"]) == (1, 0)
    assert 30 <= waits["oldest_seconds"] < 50, "it waits since its runs are over, not since it was submitted"
    house.change("UPDATE verification SET judgings = 1 WHERE state = 'concluding'")
    assert {name: queue(house, "judge")[name] for name in ("queued", "running", "oldest_seconds")} == {
        "queued": 0,
        "running": 1,
        "oldest_seconds": None,
    }


def announce(house: House, name: str, *environments: str, seconds_ago: float = 0) -> None:
    with house.parts.store.transaction() as session:
        presence.announce(session, presence.KnownWorker(name, frozenset({"cpu", "gpu"}), frozenset(environments)))
    house.change("UPDATE worker SET seen_at = seen_at - :ago WHERE name = :name", ago=seconds_ago, name=name)


def test_workers_are_counted_while_they_are_heard_of(house: House) -> None:
    announce(house, "here:1")
    announce(house, "gone:1", seconds_ago=40)
    found = look(house)
    assert {row["name"]: row["present"] for row in found["workers"]} == {"here:1": True, "gone:1": False}
    assert {row["queue"]: row["workers"] for row in found["queues"]} == {"cpu": 1, "gpu": 1, "judge": 0, "outside": 0}


def test_a_run_that_waits_behind_others_needs_no_look(house: House) -> None:
    first, second = house.submit(), house.submit(a_claim(expect=(FALSE,)))
    house.change("UPDATE run SET touched_at = touched_at - 1000")
    assert len(look(house)["stuck"]) == 2, "nobody is at work"
    environment = str(house.scalar("SELECT environment FROM run WHERE id = :id", id=second.run_ids[0]))
    announce(house, "here:1", environment)
    house.claim(first.run_ids[0])
    assert look(house)["stuck"] == [], "a worker is at work on what was before it"
    announce(house, "here:1", "sha256:" + "0" * 64)
    (stuck,) = look(house)["stuck"]
    assert stuck["run"] == second.run_ids[0], "it will never take this one"
    assert stuck["lacks"] == f"No worker of the queue cpu has the environment python ({environment[:19]}…)."
    announce(house, "here:1", environment)
    house.change("UPDATE run SET lease_until = 0 WHERE state = 'running'")
    assert [row["run"] for row in look(house)["stuck"]] == [first.run_ids[0]]


def test_how_the_day_ended_counts_what_the_viewer_may_know_of_and_agrees_with_itself(house: House) -> None:
    house.verify(a_claim(expect=(FALSE,)))
    house.verify(a_record_claim("survey"))
    open_job = house.submit(force=True).verification_id
    closed_job = house.submit(a_record_claim("survey"), force=True).verification_id
    for job in (open_job, closed_job):
        assert actions.cancel(house.parts, job)
    for who, number in (((), 1), ((EVERYTHING_KNOWN,), 2)):
        found = look(house, *who)
        assert found["ended"] == {"concluded": number, "cancelled": number, "faulted": 0}
        assert sum(found["outcomes"]["verdicts"].values()) == found["ended"]["concluded"]
    house.change("UPDATE verification SET ended_at = :past WHERE state = 'cancelled'", past="2020-01-01 00:00:00+00:00")
    assert look(house)["ended"]["cancelled"] == 0


def test_the_house_says_what_runs_where_and_how_the_day_ended(house: House) -> None:
    house.verify(a_claim(expect=(FALSE,)))
    house.verify(a_record_claim("survey"))
    for job in (house.submit(force=True), house.submit(a_record_claim("survey"), force=True)):
        house.claim(job.run_ids[0])
    with house.parts.store.read() as session:
        found = in_the_house(session, 1e9, 1e9)
        all_of_it = in_the_house(session, 1e9, 1e9, EVERYTHING_KNOWN)
    assert found["outcomes"]["verdicts"] == {"FALSIFIED": 1}, "what is closed is not counted"
    assert all_of_it["outcomes"]["verdicts"] == {"FALSIFIED": 1, "VERIFIED": 1}
    assert sum(all_of_it["outcomes"]["runs"].values()) > sum(found["outcomes"]["runs"].values()) > 0
    owner = house.scalar("SELECT lease_owner FROM run WHERE state = 'running'")
    with house.parts.store.transaction() as session:
        presence.announce(session, presence.KnownWorker(str(owner), frozenset({"cpu"}), frozenset()))
    with house.parts.store.read() as session:
        (worker,) = in_the_house(session, 1e9, 1e9)["workers"]
    assert sorted(item["claim"] or "" for item in worker["running"]) == ["", "mean-score"]
    assert [item["run"] is None for item in worker["running"]].count(True) == 1


def test_a_run_of_a_closed_claim_that_is_stuck_is_counted_and_not_named(house: House) -> None:
    house.submit(a_record_claim("survey"))
    house.change("UPDATE run SET touched_at = touched_at - 1000")
    with house.parts.store.read() as session:
        assert [(row["run"], row["lacks"]) for row in in_the_house(session, 10, 60)["stuck"]] == [(None, None)]
