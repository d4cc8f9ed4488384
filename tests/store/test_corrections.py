"""Corrections: whatever was published and changes is told, beside what it said before; nothing is ever taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from app import actions
from app.store import corrections, ledger, records
from app.store.tables import Correction, Record
from tests.core.builders import a_claim, an_expectation, an_outcome
from tests.store.house import FALSE, House, at_once
from tests.store.test_conclusion import gate, in_record, verdicts

if TYPE_CHECKING:
    from app.core.contracts.correction_record import Event
    from app.store.records import Known


def record_id(house: House) -> str:
    with house.parts.store.read() as session:
        return session.exec(select(Record.id)).one()


def events(house: House) -> list[Event]:
    """Return the corrections of the only record."""
    name = record_id(house)
    with house.parts.store.read() as session:
        return corrections.events(session, name)


def known(house: House) -> Known:
    """Return everything public about the only record."""
    with house.parts.store.read() as session:
        return records.gather(session, session.exec(select(Record)).one())


def again(house: House, program: Any = None) -> str:
    """Verify the usual claim of the record again, with another result when the program is another."""
    submitted = house.submit(in_record(), force=True)
    house.run_all(submitted.verification_id, *([program] if program else []))
    assert actions.conclude(house.parts, submitted.verification_id) is not None
    return submitted.verification_id


def broken(*_: Any) -> dict[str, Any]:
    return {"score": float("nan")}


def test_a_first_verdict_corrects_nothing(house: House) -> None:
    house.verify(in_record())
    assert events(house) == []


def test_a_verdict_that_says_the_same_again_corrects_nothing_and_both_stay_readable(house: House) -> None:
    house.verify(in_record())
    again(house)
    assert events(house) == []
    assert [item["standing"] for item in known(house).verdicts] == [False, True]


def test_another_verdict_of_the_same_claim_is_a_correction_that_names_it(house: House) -> None:
    house.verify(in_record())
    again(house, broken)
    old, new = verdicts(house)
    (event,) = events(house)
    assert (event.correction_type, event.affected_fields) == ("CLAIM", ("gate_verdict",))
    assert event.previous == {"gate_verdict": {"status": "VERIFIED", "reason_code": old.reason_code}}
    assert f"VERIFIED ({old.reason_code}) became UNVERIFIED ({new.reason_code})" in event.public_note
    with house.parts.store.read() as session:
        assert session.exec(select(Correction.verdict_id)).one() == new.id
    assert gate(house)["status"] == "UNVERIFIED"
    assert [(item["status"], item["standing"]) for item in known(house).verdicts] == [
        ("VERIFIED", False),
        ("UNVERIFIED", True),
    ]


def test_a_correction_is_a_row_of_the_ledger_after_its_verdict(house: House) -> None:
    house.verify(in_record())
    again(house, broken)
    with house.parts.store.read() as session:
        rows = ledger.rows(session, 0, 10)
    assert [row["kind"] for row in rows] == ["verdict", "verdict", "correction"]
    assert rows[2]["body"]["correction"] == events(house)[0].event_id
    assert rows[2]["body"]["verdict"] == rows[1]["body"]["verdict"]


def test_a_further_claim_that_changes_a_decided_status_is_a_correction(house: House) -> None:
    house.verify(in_record("first"))
    house.verify(in_record("second", FALSE))
    (event,) = events(house)
    assert "VERIFIED became FALSIFIED" in event.public_note
    assert event.previous["gate_verdict"]["status"] == "VERIFIED"


def test_a_further_claim_that_decides_an_undecided_record_corrects_nothing(house: House) -> None:
    submitted = house.submit(in_record("first"))
    house.run_all(submitted.verification_id, broken)
    actions.conclude(house.parts, submitted.verification_id)
    house.verify(in_record("second", FALSE))
    assert gate(house)["status"] == "FALSIFIED"
    assert events(house) == []


def test_a_new_revision_of_a_tested_claim_is_a_correction_at_once_and_its_verdict_none(house: House) -> None:
    house.verify(in_record())
    house.submit(in_record("first", an_expectation("8.7", rule="exact")))
    (event,) = events(house)
    assert (event.correction_type, event.affected_fields) == ("CLAIM", ("claims", "gate_verdict"))
    assert gate(house)["status"] == "UNVERIFIED"
    assert [item["standing"] for item in known(house).verdicts] == [False]
    house.verify(in_record("first", an_expectation("8.7", rule="exact")), force=True)
    assert gate(house)["status"] == "VERIFIED"
    assert len(events(house)) == 1
    assert [(item["number"], item["standing"]) for item in known(house).verdicts] == [(1, False), (2, True)]


def test_a_new_revision_of_a_claim_that_was_never_tested_corrects_nothing(house: House) -> None:
    house.submit(in_record())
    house.submit(in_record("first", FALSE))
    assert events(house) == []


def test_a_late_verdict_of_an_old_revision_stands_for_nothing_and_corrects_nothing(house: House) -> None:
    old = house.submit(in_record())
    house.run_all(old.verification_id)
    house.verify(in_record("first", an_expectation("8.7", rule="exact")))
    actions.conclude(house.parts, old.verification_id)
    assert [(item["number"], item["standing"]) for item in known(house).verdicts] == [(2, True), (1, False)]
    assert events(house) == []


def test_a_claim_without_a_record_makes_no_correction(house: House) -> None:
    house.verify()
    house.submit(a_claim(FALSE))
    assert house.count("correction") == 0


def test_of_two_verdicts_at_once_the_later_one_corrects_the_earlier(house: House) -> None:
    first, second = house.submit(in_record()), house.submit(in_record(), force=True)
    house.run_all(first.verification_id)
    house.run_all(second.verification_id, broken)
    ids = (first.verification_id, second.verification_id)
    at_once(*(lambda item=item: actions.conclude(house.parts, item) for item in ids))
    assert len(verdicts(house)) == 2
    standing = next(item for item in known(house).verdicts if item["standing"])
    assert gate(house)["status"] == standing["status"]
    with house.parts.store.read() as session:
        rows = ledger.rows(session, 0, 10)
    assert [row["kind"] for row in rows][:2] == ["verdict", "verdict"]


# --- what a publisher changes ----------------------------------------------------------------------------------------------


def put(house: House, note: str | None = None, **facts: Any) -> None:
    actions.put_record(house.parts, "demo", "paper-1", facts, note)


def test_what_a_publisher_changes_is_told_with_what_it_said_before(house: House) -> None:
    put(house, title="Old", review_score=7.0, artifacts=[{"type": "report"}])
    assert events(house) == []
    put(house, title="New", review_score=9.0, doi="10.1/x")
    metadata, quality = events(house)
    assert (metadata.correction_type, metadata.affected_fields) == ("METADATA", ("title",))
    assert metadata.previous == {"title": "Old"}
    assert metadata.public_note == "The publisher changed title."
    assert (quality.correction_type, quality.previous) == ("QUALITY_ASSESSMENT", {"review_score": 7.0})
    put(house, "The report was moved.", artifacts=None)
    assert events(house)[-1].previous == {"artifacts": [{"type": "report"}]}
    assert events(house)[-1].public_note == "The report was moved."
    assert known(house).said["artifacts"] is None
    assert known(house).said["review_score"] == 9.0


def test_saying_the_same_again_and_hiding_a_record_corrects_nothing(house: House) -> None:
    put(house, title="Title", dimensions={"novelty": 5.0})
    put(house, title="Title", dimensions={"novelty": 5.0}, visibility="private", claims_public=True)
    assert events(house) == []


def test_what_is_changed_while_a_record_is_private_is_told_once_it_is_public(house: House) -> None:
    put(house, title="Old")
    put(house, visibility="private")
    put(house, title="New")
    put(house, visibility="public")
    assert [event.previous for event in events(house)] == [{"title": "Old"}]


def test_a_fact_that_no_record_has_is_refused(house: House) -> None:
    with pytest.raises(ValueError, match="a record has no 'status'"):
        put(house, status="VERIFIED")
    assert house.count("record") == 0


def test_a_record_that_takes_another_ones_place_names_it(house: House) -> None:
    put(house, title="Old")
    old = record_id(house)
    new, _ = actions.put_record(house.parts, "demo", "paper-2", {"title": "New"})
    put(house, superseded_by=new)
    with house.parts.store.read() as session:
        assert records.gather(session, session.get_one(Record, new)).supersedes == [old]
    put(house, visibility="private")
    with house.parts.store.read() as session:
        assert records.gather(session, session.get_one(Record, new)).supersedes == []


# --- what is counted -------------------------------------------------------------------------------------------------------


def test_counters_are_counted_over_the_standing_verdicts(house: House) -> None:
    house.verify(in_record("first"))
    house.submit(in_record("second"))
    crashed = house.submit(in_record("third", FALSE))
    house.run_all(crashed.verification_id, lambda *_: an_outcome("timeout"))
    actions.conclude(house.parts, crashed.verification_id)
    counts = known(house).counts
    assert counts.aggregate_claim_records == 3
    assert counts.artifact_inspected_claims == 2
    assert counts.sandbox_executed_claims == 1
    assert counts.source_grounded_claims == 0
    assert [item.kind for item in known(house).tested] == ["script", "script"]


@pytest.mark.parametrize(
    ("results", "located"),
    [
        ({"quote": "pass"}, 1),
        ({"cells": "pass"}, 1),
        ({"quote": "pass", "cells": "pass"}, 1),
        ({"quote": "pass", "cells": "fail"}, 0),
        ({"quote": "undecided"}, 0),
        ({"repeat": "pass"}, 0),
    ],
)
def test_a_claim_is_grounded_when_it_was_located_and_nothing_of_it_was_missing(
    house: House, dialect: str, results: dict[str, str], located: int
) -> None:
    house.verify(in_record())
    house.change("DROP TRIGGER control_closed" + (" ON control" if dialect == "postgresql" else ""))
    verdict = verdicts(house)[0].id
    for position, (name, result) in enumerate(results.items(), 100):
        house.change(
            "INSERT INTO control (verdict_id, position, name, attacker, result, detail, cannot_prove)"
            " VALUES (:verdict, :position, :name, 'citation', :result, '', '')",
            verdict=verdict,
            position=position,
            name=name,
            result=result,
        )
    assert known(house).counts.source_grounded_claims == located


def test_the_monitor_is_told_of_environments_revisions_and_what_is_under_way(house: House) -> None:
    house.verify(in_record())
    (item,) = known(house).watched
    assert (item.revised, item.reverifying) == (False, False)
    assert known(house).environments[item.environment[0]] == item.environment[1]
    house.submit(in_record(), force=True)
    assert [item.reverifying for item in known(house).watched] == [True]
    house.submit(in_record("first", FALSE))
    assert [item.revised for item in known(house).watched] == [True]
