"""Stored evidence is held against signature and rows whenever it is read, and all of it in the audit."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from app import actions
from app.core.errors import Fault
from app.core.keys import KnownKey
from app.store import auditing, keys, lists, records, views
from app.store.errors import BlobMissing, BlobTampered, EvidenceBroken
from app.store.tables import Record
from app.store.visible import EVERYTHING
from tests.core.builders import KEY, SIGNER, a_signer
from tests.store.house import House
from tests.store.test_conclusion import gate, in_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def blob(house: House) -> Path:
    """Return where the only evidence lies."""
    return house.parts.blobs.path(str(house.scalar("SELECT evidence FROM verdict ORDER BY id")))


def verdict_id(house: House) -> str:
    return str(house.scalar("SELECT id FROM verdict ORDER BY id"))


def shown(house: House) -> dict[str, Any]:
    with house.parts.store.read() as session:
        return auditing.shown(session)


def without_trigger(house: House, statement: str) -> None:
    """Change rows as the owner of the tables can, who first switches a rule off."""
    on_table = "" if house.parts.store.dialect == "sqlite" else " ON verdict"
    trigger = "verdict_no_update" if house.parts.store.dialect == "sqlite" else "verdict_append_only"
    house.change(f"DROP TRIGGER {trigger}{on_table}")
    house.change(statement)


def tamper(house: House) -> None:
    path = blob(house)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")


def forge(house: House) -> None:
    """Give the verdict an archive that is whole, of the same verification, and signed by somebody else."""
    archive = blob(house).read_bytes()
    stored = house.parts.blobs.put(archive + b"\0")
    house.change(f"INSERT INTO artifact (digest, size, created_at) VALUES ('{stored}', 1, CURRENT_TIMESTAMP)")
    without_trigger(house, f"UPDATE verdict SET evidence = '{stored}'")


def whitewash(house: House) -> None:
    without_trigger(house, "UPDATE verdict SET status = 'FALSIFIED'")


DAMAGES = [
    pytest.param(tamper, BlobTampered, "has other bytes", id="a changed byte"),
    pytest.param(lambda house: blob(house).unlink(), BlobMissing, "is missing", id="no file"),
    pytest.param(forge, EvidenceBroken, "followed by something else", id="another archive"),
    pytest.param(whitewash, EvidenceBroken, "says something else of status than the row", id="a changed row"),
]


def test_evidence_that_holds_is_given_out(house: House) -> None:
    house.verify()
    assert actions.read_evidence(house.parts, verdict_id(house)) == blob(house).read_bytes()
    assert actions.read_evidence(house.parts, "vrd_nowhere") is None
    assert shown(house)["alarms"] == []


@pytest.mark.parametrize(("damage", "error", "says"), DAMAGES)
def test_evidence_that_does_not_hold_is_never_given_out_and_raises_an_alarm(
    house: House,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[House], None],
    error: type[Fault],
    says: str,
) -> None:
    house.verify()
    damage(house)
    for _ in range(2):
        with pytest.raises(error, match=says), caplog.at_level(logging.CRITICAL):
            actions.read_evidence(house.parts, verdict_id(house))
    assert f"ALARM: the evidence of verdict {verdict_id(house)} does not hold" in caplog.text
    (alarm,) = shown(house)["alarms"]
    assert alarm["verdict_id"] == verdict_id(house)
    assert says in alarm["detail"]
    assert alarm["seen_at"] > alarm["raised_at"]


def test_a_verdict_without_good_evidence_says_so_and_counts_for_nothing_until_it_has_it_again(house: House) -> None:
    house.verify(in_record())
    good = blob(house).read_bytes()
    assert (gate(house)["status"], gate(house)["claims"]["tested"]) == ("VERIFIED", 1)
    tamper(house)
    with pytest.raises(BlobTampered):
        actions.read_evidence(house.parts, verdict_id(house))
    assert (gate(house)["status"], gate(house)["claims"]["tested"]) == ("UNVERIFIED", 0)
    with house.parts.store.read() as session:
        assert views.verdict(session, verdict_id(house))["evidence_holds"] is False  # type: ignore[index]
        known = records.gather(session, session.exec(select(Record)).one())
        (listed,) = lists.verdicts(session, lists.Wanted(5), EVERYTHING).rows
    assert (known.counts.sandbox_executed_claims, known.tested, listed["evidence_holds"]) == (0, [], False)
    house.verify(in_record("second"))
    assert gate(house)["claims"]["tested"] == 1
    path = blob(house)
    path.write_bytes(good)
    while actions.audit(house.parts):
        pass
    assert (gate(house)["status"], gate(house)["claims"]["tested"]) == ("VERIFIED", 2)
    with house.parts.store.read() as session:
        assert views.verdict(session, verdict_id(house))["evidence_holds"] is True  # type: ignore[index]


@pytest.mark.parametrize(("damage", "error", "says"), DAMAGES)
def test_the_audit_finds_what_does_not_hold(
    house: House, damage: Callable[[House], None], error: type[Fault], says: str
) -> None:
    house.verify()
    damage(house)
    house.verify(publisher="another")
    while actions.audit(house.parts):
        pass
    found = shown(house)
    assert (found["audit"]["total"], found["audit"]["checked"], found["audit"]["failed"]) == (2, 2, 1)
    assert found["audit"]["ended_at"] is not None
    assert len(found["alarms"]) == 1
    assert says in found["alarms"][0]["detail"]
    assert error is not None


def test_an_audit_goes_in_steps_and_is_gone_on_with_where_it_was_cut_off(house: House) -> None:
    for number in range(3):
        house.verify(publisher=f"p{number}")
    assert actions.audit(house.parts, seconds=0)
    assert shown(house)["audit"]["checked"] == 1
    assert actions.audit(house.parts, seconds=60)
    assert (shown(house)["audit"]["checked"], shown(house)["audit"]["ended_at"]) == (3, None)
    house.verify(publisher="late")
    assert actions.audit(house.parts)
    assert not actions.audit(house.parts)
    found = shown(house)["audit"]
    assert (found["total"], found["checked"], found["failed"]) == (3, 4, 0)
    assert found["ended_at"] is not None


def test_the_next_audit_is_due_a_day_after_the_last_one_began(house: House) -> None:
    house.verify()
    while actions.audit(house.parts):
        pass
    assert house.count("audit") == 1
    assert not actions.audit(house.parts)
    assert house.count("audit") == 1
    house.change("UPDATE audit SET started_at = :then", then=datetime(2026, 1, 1, tzinfo=UTC).isoformat(" "))
    assert actions.audit(house.parts)
    assert house.count("audit") == 2


def test_an_alarm_stands_until_the_evidence_holds_again(house: House) -> None:
    house.verify()
    whole = blob(house).read_bytes()
    blob(house).unlink()
    with pytest.raises(BlobMissing):
        actions.read_evidence(house.parts, verdict_id(house))
    house.parts.blobs.put(whole)
    assert actions.read_evidence(house.parts, verdict_id(house)) == whole
    assert len(shown(house)["alarms"]) == 1  # reading it once is no audit
    assert actions.audit(house.parts)
    assert shown(house)["alarms"] == []
    blob(house).unlink()
    with pytest.raises(BlobMissing):
        actions.read_evidence(house.parts, verdict_id(house))
    assert len(shown(house)["alarms"]) == 1


# --- keys ------------------------------------------------------------------------------------------------------------


def published(house: House) -> list[KnownKey]:
    with house.parts.store.read() as session:
        return keys.published(session)


def test_keys_are_published_once_and_retired_once(house: House) -> None:
    (first,) = published(house)
    assert first.public == SIGNER.public
    assert first.not_before is not None
    actions.publish_keys(house.parts, [KEY])
    assert published(house) == [first]
    moment = datetime(2026, 11, 30, 1, 2, 3, tzinfo=UTC)
    assert actions.retire_key(house.parts, first.public.id, moment)
    assert actions.retire_key(house.parts, first.public.id, datetime(2027, 1, 1, tzinfo=UTC))
    assert [key.retired_at for key in published(house)] == [moment]
    assert not actions.retire_key(house.parts, a_signer(2).public.id, moment)


def test_a_verdict_whose_key_was_retired_meanwhile_is_left_to_the_next_judge(house: House) -> None:
    """It is nobody's fault: the verification goes on waiting, and the judge with the new key concludes it."""
    submitted = house.submit()
    house.run_all(submitted.verification_id)
    actions.retire_key(house.parts, SIGNER.public.id, datetime.now(UTC))
    assert actions.conclude(house.parts, submitted.verification_id) is None
    assert house.verification(submitted.verification_id).state == "concluding"
    assert house.count("verdict") == house.count("comparison") == house.count("control") == 0


def test_a_process_without_a_key_concludes_nothing(house: House) -> None:
    submitted = house.submit()
    house.run_all(submitted.verification_id)
    with pytest.raises(Fault, match="holds no key"):
        actions.conclude(replace(house.parts, signer=None), submitted.verification_id)
    assert house.count("verdict") == 0
