"""The listing and the tally of the feed, on both databases: triggers keep them, and what is rare is found along an index."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app import actions
from app.core.caller import Caller, Scope
from app.core.model import RecordRef, Statement
from app.store import feed, upkeep
from app.store.visible import EVERYTHING, STRANGERS, visible_to
from tests.core.builders import a_claim
from tests.store.house import FALSE

if TYPE_CHECKING:
    from tests.store.house import House

ALL = feed.Wanted({})
BEGINNING = (datetime.fromtimestamp(0, UTC), "")


def of_record(record: str, name: str = "mean-score", **changes: Any) -> Any:
    told = {"record": RecordRef(id=record, title=f"The record {record}")}
    return a_claim(claim=Statement(id=name, statement="The mean score is 8.7"), **changes).model_copy(update=told)


def kept(house: House) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """Return what the listing says, and what the tally does."""
    with house.parts.store.read() as session:
        ask = session.connection().execute
        listed = {tuple(row) for row in ask(text("SELECT verdict_id, audience, bucket FROM listing"))}
        query = "SELECT audience, bucket, status, kind, reason_code, blame, number FROM tally WHERE number <> 0"
        return listed, {tuple(row) for row in ask(text(query))}


def made_anew(house: House) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """Make both anew from the verdicts, and return what they say then."""
    with house.parts.store.transaction() as session:
        for statement in upkeep.anew(house.parts.store.dialect):
            session.connection().execute(text(statement))
    return kept(house)


def test_what_triggers_keep_is_what_the_verdicts_say(house: House) -> None:
    house.verify()
    house.verify(of_record("survey"))
    house.verify(of_record("survey", "second", expect=(FALSE,)))
    house.verify(of_record("other", "third"))
    steps: list[dict[str, Any]] = [
        {"claims_public": True},
        {"visibility": "private"},
        {"title": "Another"},
        {"visibility": "public"},
        {"claims_public": False},
    ]
    seen = []
    for step in steps:
        actions.put_record(house.parts, "demo", "survey", step)
        house.change(
            f"UPDATE claim SET visibility = '{'private' if len(seen) % 2 else 'public'}' WHERE record_id IS NULL"
        )
        before = kept(house)
        seen.append({row[1] for row in before[0]})
        assert before == made_anew(house)
    assert seen == [{"", "~demo"}, {"~demo", "demo"}, {"", "~demo", "demo"}, {"", "~demo", "demo"}, {"", "~demo"}]


def test_a_viewer_is_shown_its_own_and_counted_its_own(house: House) -> None:
    free = house.verify()
    closed = house.verify(of_record("survey", expect=(FALSE,)))
    hidden = house.verify(of_record("hidden", expect=(FALSE,)))
    actions.put_record(house.parts, "demo", "hidden", {"visibility": "private"})
    viewers = {
        "stranger": (STRANGERS, [free]),
        "owner": (visible_to(a_caller("demo")), [hidden, closed, free]),
        "another": (visible_to(a_caller("else")), [free]),
        "operator": (EVERYTHING, [hidden, closed, free]),
    }
    with house.parts.store.read() as session:
        for name, (seen, wanted) in viewers.items():
            shown = [row["verification_id"] for row in feed.page(session, ALL, None, 9, seen).rows]
            assert shown == wanted, name
            assert sum(feed.counts(session, ALL, seen)["status"].values()) == len(wanted), name
            assert sum(row["number"] for row in feed.tally(session, seen)) == len(wanted), name
            assert feed.newer(session, ALL, BEGINNING, seen) == len(wanted), name
            false = feed.page(session, feed.Wanted({"status": "FALSIFIED"}), None, 9, seen)
            assert [row["verification_id"] for row in false.rows] == wanted[:-1], name


def a_caller(publisher: str) -> Caller:
    return Caller(publisher, frozenset({Scope.VERDICTS_READ}), "key_x")


def test_a_listing_that_is_wrong_shows_nobody_what_is_closed(house: House) -> None:
    house.verify(of_record("survey"))
    house.change("UPDATE listing SET audience = ''")
    with house.parts.store.read() as session:
        assert feed.page(session, ALL, None, 9).rows == []


def test_a_count_is_of_what_the_other_filters_let_through(house: House) -> None:
    house.verify()
    house.verify(a_claim(expect=(FALSE,)))
    with house.parts.store.read() as session:
        found = feed.counts(session, feed.Wanted({"status": "FALSIFIED"}))
        assert found["reason_code"] == {"MISMATCH": 1}
        assert found["status"] == {"FALSIFIED": 1, "VERIFIED": 1}, "the other statuses can be chosen instead"
        assert json.dumps(found), "both databases count in whole numbers"
        assert feed.counts(session, feed.Wanted({"status": "VERIFIED", "blame": "author"}))["kind"] == {}


def test_new_ones_are_counted_from_a_place_on(house: House) -> None:
    house.verify()
    everything, false = ALL, feed.Wanted({"status": "FALSIFIED"})
    with house.parts.store.read() as session:
        (row,) = feed.page(session, everything, None, 9).rows
    place = (row["evaluated_at"], row["id"])
    house.verify(a_claim(expect=(FALSE,)))
    house.verify(force=True)
    house.verify(of_record("closed"))
    with house.parts.store.read() as session:
        assert [feed.newer(session, wanted, place) for wanted in (everything, false)] == [2, 1]
        assert feed.newer(session, everything, BEGINNING) == 3


def test_records_that_open_and_close_while_verdicts_come_keep_the_tally_true(house: House) -> None:
    jobs = [house.submit(of_record(f"r-{number % 2}", f"c-{number}")).verification_id for number in range(4)]
    for job in jobs:
        house.run_all(job)

    def turn(number: int) -> None:
        for opened in (True, False, True):
            actions.put_record(house.parts, "demo", f"r-{number}", {"claims_public": opened})

    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(turn, number) for number in range(2)]
        waiting += [pool.submit(actions.conclude, house.parts, job) for job in jobs]
        for item in waiting:
            item.result()
    assert house.count("verdict") == 4
    assert {row[1] for row in kept(house)[0]} == {""}
    assert kept(house) == made_anew(house)


@pytest.mark.parametrize("dialect", ["sqlite"])  # the other plans by statistics; an empty table has none
@pytest.mark.parametrize("buckets", [0, 1, 3])
def test_a_page_walks_along_an_index_and_sorts_no_more_than_it_shows(house: House, dialect: str, buckets: int) -> None:
    given = frozenset({"before"})
    statement = feed._merge(max(buckets, 1), bool(buckets), given)
    compiled = str(statement.compile(house.parts.store.engine, compile_kwargs={"render_postcompile": True}))
    known = statement.compile(house.parts.store.engine).params
    values = {name: 9 if name == "limit" or name.startswith("param") else "x" for name in known}
    with house.parts.store.engine.connect() as connection:
        cursor = connection.connection.cursor()
        names = statement.compile(house.parts.store.engine).positiontup or ()
        cursor.execute(f"EXPLAIN QUERY PLAN {compiled}", [values.get(name, 9) for name in names])
        plan = [str(row[-1]) for row in cursor.fetchall()]
    index = "ix_listing_audience_bucket" if buckets else "ix_listing_audience_evaluated_at"
    assert sum(index in line for line in plan) == max(buckets, 1), plan
    assert [line for line in plan if line.startswith("SCAN listing")] == []
    assert any("TEMP B-TREE" in line for line in plan) == (buckets > 1), "only the first rows of each stream are sorted"
