"""Ways around the judge: what somebody with the service's database role can write, and who notices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from app import actions
from app.main import create_app
from app.settings import Settings
from app.store import auditing
from app.store.errors import BlobMissing, EvidenceBroken
from tests.core.builders import KEY
from tests.store.house import House

if TYPE_CHECKING:
    from pathlib import Path

NOW = "CURRENT_TIMESTAMP"
THIS = "(SELECT id FROM verification WHERE publisher = 'victim')"
NOTHING = "sha256:" + "0" * 64

#: Everything that the database demands of a VERIFIED, made up in order, without anything having been run.
FORGERY = [
    f"INSERT INTO artifact (digest, size, created_at) VALUES ('{NOTHING}', 1, {NOW})",
    f"UPDATE run SET state = 'running', fence = 1, lease_owner = 'me', lease_until = 9e9 WHERE verification_id = {THIS}",
    "INSERT INTO outcome (run_id, fence, kind, document, isolation, derived, worker, result, created_at)"
    f" SELECT id, 1, 'exited', '{{}}', '{{}}', '{{}}', 'me', '{NOTHING}', {NOW} FROM run WHERE verification_id = {THIS}",
    "UPDATE run SET state = 'done', lease_owner = NULL, lease_until = NULL, ended_at = CURRENT_TIMESTAMP"
    f" WHERE verification_id = {THIS}",
    "INSERT INTO run (id, verification_id, key, purpose, seed, spec, environment, queue, state, fence, attempts,"
    " lease_owner, lease_until, created_at, touched_at, nudge_at) SELECT 'run_forged', verification_id, 'repeat-0',"
    " 'repeat', seed, spec, environment, queue, 'running', 1, 1, 'me', 9e9, created_at, 0, 0 FROM run"
    f" WHERE verification_id = {THIS}",
    "INSERT INTO outcome (run_id, fence, kind, document, isolation, derived, worker, result, created_at)"
    f" VALUES ('run_forged', 1, 'exited', '{{}}', '{{}}', '{{}}', 'me', '{NOTHING}', {NOW})",
    "UPDATE run SET state = 'done', lease_owner = NULL, lease_until = NULL WHERE id = 'run_forged'",
    f"UPDATE verification SET state = 'concluding' WHERE id = {THIS}",
    "INSERT INTO comparison (verdict_id, position, document) VALUES ('vrd_forged', 0, '{}')",
    "INSERT INTO control (verdict_id, position, name, attacker, result, detail, cannot_prove)"
    " VALUES ('vrd_forged', 0, 'repeat', 'replication', 'pass', '', '')",
    "INSERT INTO verdict (id, verification_id, claim_id, claim_revision_id, revision, status, outcome, reason_code,"
    " reason, evidence, keyid, evaluated_at) SELECT 'vrd_forged', v.id, r.claim_id, r.id, v.revision, 'VERIFIED',"
    f" 'exited', 'MATCH_EXACT', 'It is true.', '{NOTHING}', '{KEY.public.id}', {NOW}"
    f" FROM verification v JOIN claim_revision r ON r.id = v.claim_revision_id WHERE v.id = {THIS}",
    f"UPDATE verification SET state = 'concluded' WHERE id = {THIS}",
]
#: What each step alone is needed for; leaving it out, the database refuses the verdict or its end.
NEEDED = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10]


def forge(house: House, statements: list[str]) -> None:
    """Write in one transaction, as a script that broke out of its box could."""
    with house.parts.store.transaction() as session:
        for statement in statements:
            session.connection().exec_driver_sql(statement)


@pytest.mark.parametrize("left_out", NEEDED)
def test_a_verdict_of_which_a_part_is_missing_is_refused(house: House, left_out: int) -> None:
    house.submit(publisher="victim")
    with pytest.raises(IntegrityError):
        forge(house, [*FORGERY[:left_out], *FORGERY[left_out + 1 :]])
    assert house.count("verdict") == house.count("comparison") == house.count("control") == 0


def test_whoever_makes_up_every_row_has_no_evidence(house: House) -> None:
    """The database cannot know what never happened; reading and audit do, for nobody has the judge's key."""
    house.submit(publisher="victim")
    forge(house, FORGERY)
    with pytest.raises(BlobMissing):
        actions.read_evidence(house.parts, "vrd_forged")
    while actions.audit(house.parts):
        pass
    with house.parts.store.read() as session:
        found = auditing.shown(session)
    assert found["audit"]["failed"] == 1
    assert [alarm["verdict_id"] for alarm in found["alarms"]] == ["vrd_forged"]


def test_whoever_borrows_another_verdict_s_evidence_is_contradicted_by_it(house: House) -> None:
    house.verify()
    stored = str(house.scalar("SELECT evidence FROM verdict"))
    house.submit(publisher="victim")
    borrowed = [statement.replace(NOTHING, stored) for statement in FORGERY[1:]]
    forge(house, borrowed)
    with pytest.raises(EvidenceBroken, match="says something else of verification than the row"):
        actions.read_evidence(house.parts, "vrd_forged")


def test_no_setting_sets_a_verdict_or_skips_a_control() -> None:
    words = ("status", "verdict", "verified", "falsified", "control", "skip", "force", "trust", "tolerance", "unsigned")
    assert [name for name in Settings.model_fields if any(word in name for word in words)] == []


def test_no_request_has_a_place_for_a_status(tmp_path: Path) -> None:
    document = create_app(Settings(home=tmp_path)).openapi()
    bodies = json.dumps(
        [operation.get("requestBody") for path in document["paths"].values() for operation in path.values()]
    )
    for name, schema in document["components"]["schemas"].items():
        if f"#/components/schemas/{name}" in bodies:
            assert {"status", "verdict", "reason_code", "evidence", "keyid"}.isdisjoint(schema.get("properties", {})), (
                name
            )
    assert "requestBody" in json.dumps(document)
