"""What the database itself refuses, whatever the program believes: each forbidden statement beside its legal form.

One prepared database a dialect; every statement is rolled back, so that the rows below can be told in any order:

    waiting    a verification that is queued, with one queued run
    working    one whose measure run is claimed, fence 1
    measured   one that is concluding, with measure and repeat runs
    confirmed  one that is concluding, with a confirm run as well
    concluded  one with its verdict
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import actions
from app.core.keys import KnownKey
from app.store.triggers import APPEND_ONLY
from tests.core.builders import KEY, a_claim, a_signer
from tests.store.house import FALSE, House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.store.postgres import Cluster

NOW = "CURRENT_TIMESTAMP"
NOWHERE = "'sha256:" + "0" * 64 + "'"
KNOWN = "(SELECT min(digest) FROM artifact)"


def one(name: str) -> str:
    """Return the id of one of the verifications above."""
    return f"(SELECT id FROM verification WHERE publisher = '{name}')"


def run_of(name: str, key: str = "measure-0") -> str:
    """Return the id of a run of one of them."""
    return f"(SELECT id FROM run WHERE key = '{key}' AND verification_id = {one(name)})"


def outcome(run: str, fence: int = 1, kind: str = "exited", result: str = "NULL") -> str:
    """Insert an outcome."""
    return (
        "INSERT INTO outcome (run_id, fence, kind, document, isolation, derived, worker, result, created_at)"
        f" VALUES ({run}, {fence}, '{kind}', '{{}}', '{{}}', '{{}}', 'host:1', {result}, {NOW})"
    )


def verdict(
    name: str,
    status: str,
    *,
    evidence: str = KNOWN,
    keyid: str = f"'{KEY.public.id}'",
    blame: str = "NULL",
    revisions_ago: int = 0,
    kind: str = "exited",
) -> str:
    """Insert a verdict of one of the verifications, whose comparison and control are there already."""
    return (
        "INSERT INTO verdict (id, verification_id, claim_id, claim_revision_id, revision, status, outcome, reason_code,"
        " blame, reason, evidence, keyid, evaluated_at)"
        f" SELECT 'vrd_new', v.id, r.claim_id, r.id, v.revision - {revisions_ago}, '{status}',"
        f" '{kind}', 'CODE', {blame}, 'Because.', {evidence}, {keyid}, {NOW}"
        f" FROM verification v JOIN claim_revision r ON r.id = v.claim_revision_id WHERE v.id = {one(name)}"
    )


def comparison(verdict_id: str = "vrd_new", position: int = 0) -> str:
    """Insert a comparison."""
    return f"INSERT INTO comparison (verdict_id, position, document) VALUES ('{verdict_id}', {position}, '{{}}')"


def control(verdict_id: str = "vrd_new", position: int = 0) -> str:
    """Insert a control."""
    return (
        "INSERT INTO control (verdict_id, position, name, attacker, result, detail, cannot_prove)"
        f" VALUES ('{verdict_id}', {position}, 'repeat', 'replication', 'pass', '', '')"
    )


def another_run(state: str) -> str:
    """Insert a run of the verification `measured`."""
    return (
        "INSERT INTO run (id, verification_id, key, purpose, seed, spec, environment, queue, state, fence, attempts,"
        " created_at, touched_at, nudge_at) SELECT 'run_new', verification_id, 'perturb-9', 'perturb', 0, spec,"
        f" environment, queue, '{state}', 0, 0, created_at, 0, 0 FROM run WHERE id = {run_of('measured')}"
    )


def ledger(seq: str, previous: str, hashed: str = "'new'") -> str:
    """Insert a row of the ledger."""
    return (
        f"INSERT INTO ledger (seq, prev_hash, hash, kind, body) VALUES ({seq}, {previous}, {hashed}, 'verdict', '{{}}')"
    )


def node(level: str, position: str) -> str:
    """Insert a node of the ledger's tree."""
    return f"INSERT INTO ledger_node (level, position, hash) VALUES ({level}, {position}, 'new')"


def checkpoint(size: str, head: str, day: str = "NULL", signature: str = "NULL", key: str = "NULL") -> str:
    """Insert a checkpoint of the ledger."""
    return (
        "INSERT INTO checkpoint (id, day, size, root, head, created_at, signature, key_id)"
        f" VALUES ('chk_new', {day}, {size}, 'root', {head}, {NOW}, {signature}, {key})"
    )


def correction(kind: str, record: str = "rec_1") -> str:
    """Insert a correction of a record."""
    return (
        "INSERT INTO correction (id, record_id, correction_type, public_note, affected_fields, previous, corrected_at)"
        f" VALUES ('cor_new', '{record}', '{kind}', 'Because.', '[]', '{{}}', {NOW})"
    )


def state(name: str, wanted: str) -> str:
    """Set the state of one of the verifications."""
    return f"UPDATE verification SET state = '{wanted}' WHERE id = {one(name)}"


DAY = "'2026-11-22'"
RETIRED = KnownKey(a_signer(2).public, retired_at=datetime(2026, 1, 1, tzinfo=UTC))
LAST = "(SELECT max(seq) FROM ledger)"
LAST_HASH = f"(SELECT hash FROM ledger WHERE seq = {LAST})"
LEASED = "lease_owner = 'host:2', lease_until = 99"


@dataclass(frozen=True)
class Rule:
    """A statement that is refused, and the nearest one that is not; `before` is done first in the same transaction."""

    why: str  # in the error's text
    forbidden: str
    allowed: str
    before: tuple[str, ...] = ()


RULES = {
    "an open end needs evidence too": Rule(
        "needs evidence that is signed",
        verdict("measured", "UNVERIFIED", evidence="NULL"),
        verdict("measured", "UNVERIFIED"),
    ),
    "a verdict is signed": Rule(
        "needs evidence that is signed",
        verdict("measured", "UNVERIFIED", keyid="NULL"),
        verdict("measured", "UNVERIFIED"),
    ),
    "a verdict is signed by a judge who published the key": Rule(
        "needs evidence that is signed",
        verdict("measured", "VERIFIED", keyid=NOWHERE),
        verdict("measured", "VERIFIED"),
    ),
    "a retired key signs no verdict": Rule(
        "needs evidence that is signed",
        verdict("measured", "VERIFIED", keyid=f"'{RETIRED.public.id}'"),
        verdict("measured", "VERIFIED"),
    ),
    "a status needs its comparisons": Rule(
        "comparisons and controls that this status needs",
        verdict("measured", "VERIFIED").replace("vrd_new", "vrd_uncompared"),
        verdict("measured", "VERIFIED"),
        before=(control("vrd_uncompared"),),
    ),
    "a status needs its controls": Rule(
        "comparisons and controls that this status needs",
        verdict("confirmed", "FALSIFIED").replace("vrd_new", "vrd_uncontrolled"),
        verdict("confirmed", "FALSIFIED"),
        before=(comparison("vrd_uncontrolled"),),
    ),
    "a verdict gets no comparison afterwards": Rule(
        "what a verdict found is closed",
        comparison(position=7),
        comparison("vrd_other"),
        before=(verdict("measured", "VERIFIED"),),
    ),
    "a verdict gets no control afterwards": Rule(
        "what a verdict found is closed",
        control(position=7),
        control("vrd_other"),
        before=(verdict("measured", "VERIFIED"),),
    ),
    "a verdict waits for every run": Rule(
        "runs of this verification are not over",
        verdict("measured", "VERIFIED"),
        verdict("confirmed", "FALSIFIED"),
        before=(another_run("queued"),),
    ),
    "a finished run has its outcome before there is a verdict": Rule(
        "runs of this verification are not over",
        verdict("measured", "VERIFIED"),
        verdict("confirmed", "FALSIFIED"),
        before=(another_run("done"),),
    ),
    "a key is retired once it is published": Rule(
        "FOREIGN KEY constraint failed|fk_key_retirement_keyid",
        f"INSERT INTO key_retirement (keyid, retired_at) VALUES ({NOWHERE}, {NOW})",
        f"INSERT INTO key_retirement (keyid, retired_at) VALUES ('{KEY.public.id}', {NOW})",
    ),
    "a running run has a lease": Rule(
        "ck_run_lease",
        f"UPDATE run SET state = 'running' WHERE id = {run_of('waiting')}",
        f"UPDATE run SET state = 'running', {LEASED} WHERE id = {run_of('waiting')}",
    ),
    "a lease has an end": Rule(
        "ck_run_lease",
        f"UPDATE run SET state = 'running', lease_owner = 'host:2' WHERE id = {run_of('waiting')}",
        f"UPDATE run SET state = 'running', {LEASED} WHERE id = {run_of('waiting')}",
    ),
    "only a running run has a lease": Rule(
        "ck_run_lease",
        f"UPDATE run SET {LEASED} WHERE id = {run_of('waiting')}",
        f"UPDATE run SET {LEASED} WHERE id = {run_of('working')}",
    ),
    "an outcome comes under the present fence": Rule(
        "stale fence",
        outcome(run_of("working"), fence=0),
        outcome(run_of("working"), fence=1),
    ),
    "an outcome does not come under a fence of the future": Rule(
        "stale fence",
        outcome(run_of("working"), fence=2),
        outcome(run_of("working"), fence=1),
    ),
    "an outcome is of a running run": Rule(
        "stale fence",
        outcome(run_of("waiting"), fence=0),
        outcome(run_of("working")),
    ),
    "a run has one outcome": Rule(
        "outcome is append-only|pk_outcome",
        outcome(run_of("working")),
        f"UPDATE run SET state = 'done', lease_owner = NULL, lease_until = NULL WHERE id = {run_of('working')}",
        before=(outcome(run_of("working")),),
    ),
    "a result lies among the artifacts": Rule(
        "FOREIGN KEY|fk_outcome_result",
        outcome(run_of("working"), result=NOWHERE),
        outcome(run_of("working"), result=KNOWN),
    ),
    "an outcome is of a known kind": Rule(
        "ck_outcome_kind",
        outcome(run_of("working"), kind="exploded"),
        outcome(run_of("working"), kind="timeout"),
    ),
    "a verdict comes at the present revision": Rule(
        "stale revision|are not over",
        verdict("measured", "VERIFIED", revisions_ago=1),
        verdict("measured", "VERIFIED"),
    ),
    "a verdict comes when everything is measured": Rule(
        "stale revision|are not over",
        verdict("working", "UNVERIFIED"),
        verdict("measured", "UNVERIFIED"),
    ),
    "a verification has one verdict": Rule(
        "verdict is append-only|uq_verdict_verification_id",
        verdict("measured", "UNVERIFIED").replace("vrd_new", "vrd_second"),
        state("measured", "concluded"),
        before=(verdict("measured", "VERIFIED"),),
    ),
    "VERIFIED needs evidence": Rule(
        "ck_verdict_evidence|needs evidence that is signed",
        verdict("measured", "VERIFIED", evidence="NULL"),
        verdict("measured", "VERIFIED"),
    ),
    "FALSIFIED needs evidence": Rule(
        "ck_verdict_evidence|needs evidence that is signed",
        verdict("confirmed", "FALSIFIED", evidence="NULL"),
        verdict("confirmed", "FALSIFIED"),
    ),
    "evidence lies among the artifacts": Rule(
        "FOREIGN KEY|fk_verdict_evidence",
        verdict("measured", "VERIFIED", evidence=NOWHERE),
        verdict("measured", "VERIFIED"),
    ),
    "VERIFIED needs a measure run": Rule(
        "runs that this status needs|are not over",
        verdict("waiting", "VERIFIED"),
        verdict("waiting", "UNVERIFIED"),
        before=(
            state("waiting", "concluding"),
            f"UPDATE run SET state = 'cancelled' WHERE id = {run_of('waiting')}",
        ),
    ),
    "VERIFIED needs a repeat run": Rule(
        "runs that this status needs|are not over",
        verdict("failing", "VERIFIED"),
        verdict("failing", "UNVERIFIED"),
    ),
    "FALSIFIED needs a confirm run": Rule(
        "runs that this status needs|are not over",
        verdict("measured", "FALSIFIED"),
        verdict("confirmed", "FALSIFIED"),
    ),
    "a verdict blames nobody for a fault of ours": Rule(
        "ck_verdict_no_fault",
        verdict("measured", "UNVERIFIED", blame="'service'"),
        verdict("measured", "UNVERIFIED", blame="'author'"),
    ),
    "a verdict has one of three statuses": Rule(
        "ck_verdict_status|runs that this status needs",
        verdict("measured", "PROBABLY"),
        verdict("measured", "VERIFIED"),
    ),
    "statuses are spelled in capitals": Rule(
        "ck_verdict_status|runs that this status needs",
        verdict("measured", "verified"),
        verdict("measured", "VERIFIED"),
    ),
    "a verdict's outcome is of a known kind": Rule(
        "ck_verdict_outcome",
        verdict("measured", "UNVERIFIED", kind="exploded"),
        verdict("measured", "UNVERIFIED", kind="memory"),
    ),
    "a verdict blames a known side": Rule(
        "ck_verdict_blame",
        verdict("measured", "UNVERIFIED", blame="'reviewer'"),
        verdict("measured", "UNVERIFIED", blame="'measurement'"),
    ),
    "a verification is concluded by its verdict": Rule(
        "concluded by its verdict",
        state("measured", "concluded"),
        state("measured", "faulted"),
    ),
    "a verification with a verdict does not fault": Rule(
        "concluded by its verdict",
        state("measured", "faulted"),
        state("measured", "concluded"),
        before=(verdict("measured", "VERIFIED"),),
    ),
    "a verification with a verdict is not cancelled": Rule(
        "concluded by its verdict",
        state("measured", "cancelled"),
        state("measured", "concluded"),
        before=(verdict("measured", "VERIFIED"),),
    ),
    "a concluded verification stays so": Rule(
        "never leaves a final state",
        state("concluded", "running"),
        f"UPDATE verification SET touched_at = 1 WHERE id = {one('concluded')}",
    ),
    "a faulted verification is not taken up again": Rule(
        "never leaves a final state",
        state("waiting", "queued"),
        state("waiting", "faulted"),
        before=(state("waiting", "faulted"),),
    ),
    "a verification is in a known state": Rule(
        "ck_verification_state",
        state("waiting", "paused"),
        state("waiting", "running"),
    ),
    "a done run does not run again": Rule(
        "never leaves a final state",
        f"UPDATE run SET state = 'running', {LEASED} WHERE id = {run_of('measured')}",
        f"UPDATE run SET progress_text = 'over' WHERE id = {run_of('measured')}",
    ),
    "a cancelled run is not queued again": Rule(
        "never leaves a final state",
        f"UPDATE run SET state = 'queued' WHERE id = {run_of('waiting')}",
        f"UPDATE run SET touched_at = 1 WHERE id = {run_of('waiting')}",
        before=(f"UPDATE run SET state = 'cancelled' WHERE id = {run_of('waiting')}",),
    ),
    "a faulted run does not become done": Rule(
        "never leaves a final state",
        f"UPDATE run SET state = 'done' WHERE id = {run_of('waiting')}",
        f"UPDATE run SET fault_code = 'WORKER_LOST' WHERE id = {run_of('waiting')}",
        before=(f"UPDATE run SET state = 'faulted' WHERE id = {run_of('waiting')}",),
    ),
    "a run is in a known state": Rule(
        "ck_run_state",
        f"UPDATE run SET state = 'paused' WHERE id = {run_of('waiting')}",
        f"UPDATE run SET state = 'cancelled' WHERE id = {run_of('waiting')}",
    ),
    "a run has a known purpose": Rule(
        "ck_run_purpose",
        f"UPDATE run SET purpose = 'curiosity' WHERE id = {run_of('waiting')}",
        f"UPDATE run SET purpose = 'prove' WHERE id = {run_of('waiting')}",
    ),
    "a verification has each run once": Rule(
        "run.verification_id, run.key|uq_run_verification_id_key",
        f"UPDATE run SET key = 'measure-0' WHERE id = {run_of('measured', 'repeat-0')}",
        f"UPDATE run SET key = 'measure-9' WHERE id = {run_of('measured', 'repeat-0')}",
    ),
    "the ledger has no gap": Rule(
        "ledger chain broken",
        ledger(f"{LAST} + 2", LAST_HASH),
        ledger(f"{LAST} + 1", LAST_HASH),
    ),
    "the ledger does not fork": Rule(
        "ledger chain broken",
        ledger(f"{LAST} + 1", f"(SELECT prev_hash FROM ledger WHERE seq = {LAST})"),
        ledger(f"{LAST} + 1", LAST_HASH),
    ),
    "the ledger has each number once": Rule(
        "ledger chain broken|ledger is append-only",
        ledger(LAST, LAST_HASH),
        ledger(f"{LAST} + 1", LAST_HASH),
    ),
    "a node of the tree is over rows that are there": Rule(
        "a node over rows that are not there",
        node("1", "(SELECT max(seq) FROM ledger) / 2"),
        node("40", "-1"),
    ),
    "a checkpoint is of rows that are there": Rule(
        "a checkpoint of rows that are not there",
        checkpoint(f"{LAST} + 1", LAST_HASH),
        checkpoint(LAST, LAST_HASH),
    ),
    "a checkpoint names the hash of its last row": Rule(
        "a checkpoint of rows that are not there",
        checkpoint(LAST, f"(SELECT prev_hash FROM ledger WHERE seq = {LAST})"),
        checkpoint(LAST, LAST_HASH),
    ),
    "a checkpoint is over something": Rule(
        "a checkpoint of rows that are not there",
        checkpoint("0", "'" + "0" * 64 + "'"),
        checkpoint(LAST, LAST_HASH),
    ),
    "a day has one checkpoint": Rule(
        "checkpoint.day|uq_checkpoint_day",
        checkpoint(LAST, LAST_HASH, DAY),
        checkpoint(LAST, LAST_HASH, "'2026-11-23'"),
    ),
    "a signature has its key": Rule(
        "ck_checkpoint_signature",
        checkpoint(LAST, LAST_HASH, signature="'00'"),
        checkpoint(LAST, LAST_HASH, signature="'00'", key="'11'"),
    ),
    "a correction is of a known type": Rule(
        "ck_correction_correction_type",
        correction("VERDICT"),
        correction("CLAIM"),
    ),
    "a correction is of a record": Rule(
        "FOREIGN KEY|fk_correction_record_id",
        correction("CLAIM", "rec_none"),
        correction("CLAIM"),
    ),
    "the ledger has each hash once": Rule(
        "ledger.hash|uq_ledger_hash",
        ledger(f"{LAST} + 1", LAST_HASH, LAST_HASH),
        ledger(f"{LAST} + 1", LAST_HASH),
    ),
    "an artifact is named by a digest": Rule(
        "ck_artifact_digest",
        f"INSERT INTO artifact (digest, size, created_at) VALUES ('sha256:abc', 3, {NOW})",
        f"INSERT INTO artifact (digest, size, created_at) VALUES ({NOWHERE}, 3, {NOW})",
    ),
    "an artifact is not smaller than nothing": Rule(
        "ck_artifact_size",
        f"INSERT INTO artifact (digest, size, created_at) VALUES ({NOWHERE}, -1, {NOW})",
        f"INSERT INTO artifact (digest, size, created_at) VALUES ({NOWHERE}, 0, {NOW})",
    ),
    "a publisher has each record once": Rule(
        "record.publisher, record.external_id|uq_record_publisher_external_id",
        "INSERT INTO record (id, publisher, external_id, visibility, created_at, updated_at)"
        f" SELECT 'rec_new', publisher, external_id, 'public', {NOW}, {NOW} FROM record",
        "INSERT INTO record (id, publisher, external_id, visibility, created_at, updated_at)"
        f" SELECT 'rec_new', 'another', external_id, 'public', {NOW}, {NOW} FROM record",
    ),
    "a record is public or private": Rule(
        "ck_record_visibility",
        "UPDATE record SET visibility = 'secret'",
        "UPDATE record SET visibility = 'private'",
    ),
    "a paper has no negative number of claims": Rule(
        "ck_record_claims_total",
        "UPDATE record SET claims_total = -1",
        "UPDATE record SET claims_total = 0",
    ),
    "a publisher has each claim outside of records once": Rule(
        "claim.publisher, claim.record_key, claim.name|uq_claim_publisher_record_key_name",
        "UPDATE claim SET publisher = 'concluded' WHERE publisher = 'measured'",
        "UPDATE claim SET publisher = 'another' WHERE publisher = 'measured'",
    ),
    "a claim has each revision once": Rule(
        "claim_revision.claim_id, claim_revision.number|uq_claim_revision_claim_id_number",
        "INSERT INTO claim_revision (id, claim_id, number, digest, document, created_at)"
        f" SELECT 'rev_new', claim_id, number, 'other', '{{}}', {NOW} FROM claim_revision",
        "INSERT INTO claim_revision (id, claim_id, number, digest, document, created_at)"
        f" SELECT 'rev_new' || id, claim_id, number + 1, 'other', '{{}}', {NOW} FROM claim_revision",
    ),
}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a service with the verifications that the rules speak of, each under a publisher of its name."""
    folder: Path = tmp_path_factory.mktemp("prepared")
    if request.param == "postgresql":
        server: Cluster = request.getfixturevalue("cluster")
        url = server.create()
    else:
        shutil.copy(request.getfixturevalue("migrated"), folder / "assay.db")
        url = f"sqlite:///{folder / 'assay.db'}"
    house = House.open(url, folder / "home")
    house.parts.store.check()
    house.submit(publisher="waiting")
    house.claim(house.submit(publisher="working").run_ids[0])
    house.run_all(house.submit(publisher="measured").verification_id)
    house.run_all(house.submit(a_claim(FALSE), publisher="confirmed").verification_id)
    failing = house.submit(publisher="failing")
    house.run(failing.run_ids[0], lambda *_: {"score": float("nan")})
    house.verify(publisher="concluded")
    actions.publish_keys(house.parts, [RETIRED])
    house.change(
        "INSERT INTO record (id, publisher, external_id, visibility, created_at, updated_at)"
        f" VALUES ('rec_1', 'demo', 'paper-1', 'public', {NOW}, {NOW})"
    )
    house.change(correction("METADATA").replace("cor_new", "cor_1"))
    house.change(checkpoint(LAST, LAST_HASH, DAY).replace("chk_new", "chk_1"))
    yield house
    house.close()


@pytest.fixture
def connection(prepared: House) -> Iterator[Connection]:
    """Give a connection whose work is undone."""
    with prepared.parts.store.engine.connect() as found:
        if found.dialect.name == "sqlite":
            found.exec_driver_sql("BEGIN IMMEDIATE")
        yield found
        found.rollback()


@pytest.mark.parametrize("name", RULES)
def test_the_database_refuses(connection: Connection, name: str) -> None:
    rule = RULES[name]
    for statement in (comparison(), control(), *rule.before):
        assert connection.execute(text(statement)).rowcount == 1
    savepoint = connection.begin_nested()
    with pytest.raises(IntegrityError, match=rule.why):
        connection.execute(text(rule.forbidden))
    savepoint.rollback()
    assert connection.execute(text(rule.allowed)).rowcount >= 1


#: Rows that none of the verifications above leaves.
MORE = (
    "INSERT INTO approval (id, publisher, challenge, theorem, imports, approved_by, created_at)"
    f" VALUES ('apr_1', 'alice', {NOWHERE}, 'target', '[]', 'alice', {NOW})",
    f"INSERT INTO asset (digest, name, bytes, files, licence, created_at) VALUES ({NOWHERE}, 'a', 1, 1, '', {NOW})",
    f"INSERT INTO seal_asset (seal, asset) SELECT min(digest), {NOWHERE} FROM seal",
)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("how", ["update", "delete", "upsert", "replace or truncate"])
def test_what_is_written_stays(connection: Connection, table: str, how: str) -> None:
    """Not even setting a column to itself is let through; a new row is, as the rules above show."""
    sqlite = connection.dialect.name == "sqlite"
    key = APPEND_ONLY[table]
    statement = {
        "update": f"UPDATE {table} SET {key[0]} = {key[0]}",
        "delete": f"DELETE FROM {table}",
        "upsert": f"INSERT INTO {table} SELECT * FROM {table} WHERE true"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {key[0]} = excluded.{key[0]}",
        "replace or truncate": f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
        if sqlite
        else f"TRUNCATE {table} CASCADE",
    }[how]
    for row in MORE:
        connection.execute(text(row))
    assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
    inserts = how == "upsert" or (sqlite and how == "replace or truncate")
    # Other rules may see an insertion first.
    others = "|stale|ledger chain broken|rows that are not there|what a verdict found is closed" if inserts else ""
    with pytest.raises(IntegrityError, match=f"{table} is append-only{others}"):
        connection.execute(text(statement))


@pytest.mark.parametrize("finding", [comparison("vrd_nowhere"), control("vrd_nowhere")], ids=["comparison", "control"])
def test_what_belongs_to_no_verdict_is_refused_when_the_transaction_ends(prepared: House, finding: str) -> None:
    """Comparisons and controls come before their verdict; without one they do not stay."""
    with pytest.raises(IntegrityError, match=r"FOREIGN KEY constraint failed|fk_\w+_verdict_id"):
        prepared.change(finding)
    assert prepared.count("comparison") == prepared.scalar(
        "SELECT count(*) FROM comparison JOIN verdict ON verdict.id = verdict_id"
    )
