"""Verdicts, the ledger over them, and the gate verdict of a record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from app import actions
from app.core import evidence, ledger
from app.core.errors import Fault
from app.core.model import RecordRef, Source, Statement, Status
from app.store import judging, standing, views
from app.store.errors import BlobMissing, BlobTampered
from app.store.tables import GateRow, LedgerRow, Record, Verdict
from tests.core.builders import KEY, a_bundle, a_claim, a_judgement, a_script, an_expectation, an_outcome, honest
from tests.store.house import FALSE, House, at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.core.model import Claim, Expectation

OPEN = an_expectation("8.7", rule="exact", metric="missing")  # the usual script does not report it


def in_record(name: str = "first", expect: Expectation | None = None) -> Claim:
    """Return a claim of the record `paper-1`."""
    claim = a_claim(expect, record=RecordRef(id="paper-1", title="A paper"))
    return claim.model_copy(update={"claim": claim.claim.model_copy(update={"id": name})})


def verdicts(house: House) -> Sequence[Verdict]:
    """Return all verdicts, oldest first."""
    with house.parts.store.read() as session:
        return session.exec(select(Verdict).order_by(Verdict.id)).all()


def gate(house: House) -> dict[str, Any]:
    """Return the gate verdict of the only record."""
    with house.parts.store.read() as session:
        document: dict[str, Any] = json.loads(session.exec(select(GateRow)).one().document)
    return document


@pytest.mark.parametrize(
    ("notes", "status", "code"),
    [(b"The mean score is 8.7.", "VERIFIED", "MATCH_EXACT"), (b"It is 8.8.", "UNVERIFIED", "UNTRACEABLE")],
)
def test_a_quote_is_looked_up_in_the_sealed_source(house: House, notes: bytes, status: str, code: str) -> None:
    source = (Source(id="notes", title="Notes", file="notes.md"),)
    claim = a_claim(claim=Statement(id="mean", statement="The mean is 8.7", quote="mean score is 8.7"), source=source)
    submitted = house.submit_files(a_bundle(claim, notes__md=notes))
    house.run_all(submitted.verification_id)
    actions.conclude(house.parts, submitted.verification_id)
    (found,) = verdicts(house)
    assert (found.status, found.reason_code) == (status, code)


def check_chain(house: House) -> int:
    """Hash the ledger again from its beginning, and return its length."""
    previous = "0" * 64
    with house.parts.store.read() as session:
        rows = session.exec(select(LedgerRow).order_by(LedgerRow.seq)).all()
    for number, row in enumerate(rows, 1):
        assert row.seq == number
        assert row.prev_hash == previous
        assert row.hash == ledger.row_hash(ledger.leaf_bytes(row.seq, previous, row.kind, row.body))
        previous = row.hash
    return len(rows)


@pytest.mark.parametrize(
    ("expect", "status", "code"),
    [
        (an_expectation(), Status.VERIFIED, "MATCH_EXACT"),
        (FALSE, Status.FALSIFIED, "MISMATCH"),
        (OPEN, Status.UNVERIFIED, "NO_METRIC"),
    ],
)
def test_a_verdict_is_written_with_all_that_belongs_to_it(
    house: House, expect: Expectation, status: Status, code: str
) -> None:
    verification_id = house.verify(a_claim(expect))
    (verdict,) = verdicts(house)
    assert (verdict.verification_id, verdict.status, verdict.reason_code) == (verification_id, status, code)
    row = house.verification(verification_id)
    assert (row.state, row.revision) == ("concluded", verdict.revision)
    assert row.ended_at is not None
    with house.parts.store.read() as session:
        shown = views.verification(session, verification_id)
    assert shown is not None
    assert shown.verdict is not None
    report = evidence.verify(house.parts.blobs.read(verdict.evidence or ""))
    assert report.findings == ()
    assert report.judgement is not None
    assert report.judgement.status is status
    assert len(shown.verdict["comparisons"]) == len(report.judgement.comparisons)
    assert [item["name"] for item in shown.verdict["controls"]] == [item.name for item in report.judgement.controls]
    assert check_chain(house) == 1


def test_asked_five_times_the_judge_gives_one_verdict(house: House) -> None:
    submitted = house.submit()
    house.run_all(submitted.verification_id)
    answers = [actions.conclude(house.parts, submitted.verification_id) for _ in range(5)]
    assert [item.id for item in verdicts(house)] == [answers[0]]
    assert answers[1:] == [None] * 4


def test_judges_that_are_asked_at_once_give_one_verdict(house: House) -> None:
    for number in range(4):
        verification_id = house.submit(publisher=f"p{number}").verification_id
        house.run_all(verification_id)
        answers = at_once(*[lambda verification_id=verification_id: actions.conclude(house.parts, verification_id)] * 5)
        assert len([answer for answer in answers if isinstance(answer, str)]) == 1
        assert answers.count(None) == 4
    assert house.count("verdict") == 4
    assert check_chain(house) == 4


def test_the_ledger_holds_when_many_judges_append_at_once(house: House) -> None:
    ids = [house.submit(publisher=f"p{number}").verification_id for number in range(8)]
    for verification_id in ids:
        house.run_all(verification_id)
    answers = at_once(*(lambda item=item: actions.conclude(house.parts, item) for item in ids))
    assert sorted(item.id for item in verdicts(house)) == sorted(map(str, answers))
    assert check_chain(house) == 8


def test_the_ledger_says_what_the_verdict_says(house: House) -> None:
    verification_id = house.verify()
    (verdict,) = verdicts(house)
    with house.parts.store.read() as session:
        row = session.exec(select(LedgerRow)).one()
    body = json.loads(row.body)
    assert row.kind == "verdict"
    assert body == {
        "verdict": verdict.id,
        "verification": verification_id,
        "seal": house.verification(verification_id).seal,
        "status": "VERIFIED",
        "reason_code": "MATCH_EXACT",
        "evidence": verdict.evidence,
        "evaluated_at": verdict.evaluated_at.isoformat(),
    }


@pytest.mark.parametrize("state", ["queued", "running", "concluded", "faulted"])
def test_only_a_verification_that_is_concluding_is_judged(house: House, state: str) -> None:
    if state == "concluded":
        verification_id = house.verify()
    elif state == "faulted":
        verification_id = house.fault()
    else:
        verification_id = house.submit().verification_id
        if state == "running":
            house.claim(house.runs(verification_id, "queued")[0])
    before = house.count("verdict")
    assert house.verification(verification_id).state == state
    assert actions.conclude(house.parts, verification_id) is None
    assert house.count("verdict") == before


def test_nobody_is_judged_who_does_not_exist(house: House) -> None:
    assert actions.conclude(house.parts, "ver_nobody") is None


def blob_of(house: House, what: str) -> str:
    """Return the digest of a stored file of the only verification."""
    queries = {
        "a result": "SELECT result FROM outcome JOIN run ON run.id = run_id WHERE key = 'repeat-0'",
        "an output": "SELECT stdout FROM outcome JOIN run ON run.id = run_id WHERE key = 'measure-0'",
        "an artifact": "SELECT artifact FROM run_artifact",
        "a file of the bundle": "SELECT artifact FROM seal_artifact JOIN artifact ON digest = artifact WHERE size = 36",
    }
    return str(house.scalar(queries[what]))


@pytest.mark.parametrize("what", ["a result", "an output", "an artifact", "a file of the bundle"])
@pytest.mark.parametrize(("how", "fault"), [("tampered", BlobTampered), ("missing", BlobMissing)])
def test_no_verdict_comes_of_bytes_that_are_not_those_stored(
    house: House, what: str, how: str, fault: type[Fault]
) -> None:
    verification_id = house.submit().verification_id
    house.run_all(verification_id)
    path = house.parts.blobs.path(blob_of(house, what))
    path.chmod(0o600)
    if how == "tampered":
        path.write_bytes(path.read_bytes().replace(b"8", b"9") + b" ")
    else:
        path.unlink()
    with pytest.raises(fault):
        actions.conclude(house.parts, verification_id)
    assert house.count("verdict") == 0
    assert house.count("ledger") == 0
    assert house.verification(verification_id).state == "concluding"


def test_no_verdict_comes_of_a_seal_that_was_changed(house: House, dialect: str) -> None:
    verification_id = house.submit().verification_id
    house.run_all(verification_id)
    rule = "DROP TRIGGER seal_no_update" if dialect == "sqlite" else "ALTER TABLE seal DISABLE TRIGGER USER"
    house.change(rule)
    house.change("UPDATE seal SET body = replace(body, '8.7', '9.9')")
    with pytest.raises(Fault, match="the stored seal no longer matches its digest"):
        actions.conclude(house.parts, verification_id)
    assert house.count("verdict") == 0


def test_no_verdict_comes_of_runs_that_went_on_meanwhile(house: House) -> None:
    """Rows of a concluding verification do not change; if they do all the same, the revision says so."""
    verification_id = house.submit().verification_id
    house.run_all(verification_id)
    row = house.verification(verification_id)
    house.change("UPDATE verification SET revision = revision + 1")
    with house.parts.store.transaction() as session:
        found = judging.record_verdict(
            session,
            verification_id,
            row.revision,
            a_judgement(),
            evidence=blob_of(house, "a result"),
            evidence_size=1,
            keyid=KEY.public.id,
            evaluated_at=row.created_at,
            contract_base="https://example.org",
        )
    assert found is None
    assert house.count("verdict") == 0


# --- records


def test_a_record_shows_what_its_claims_came_to(house: House) -> None:
    house.verify(in_record("first"))
    assert (gate(house)["status"], gate(house)["claims"]) == (
        "VERIFIED",
        {"total": 1, "tested": 1, "verified": 1, "falsified": 0},
    )
    house.verify(in_record("second", OPEN))
    assert gate(house)["status"] == "UNVERIFIED"
    house.verify(in_record("third", FALSE))
    assert (gate(house)["status"], gate(house)["claims"]) == (
        "FALSIFIED",
        {"total": 3, "tested": 3, "verified": 1, "falsified": 1},
    )


def test_the_standing_verdict_is_the_newest_of_the_newest_revision(house: House) -> None:
    house.verify(in_record())
    house.verify(in_record(expect=FALSE))
    assert gate(house)["status"] == "FALSIFIED"
    house.verify(in_record(), force=True)
    assert gate(house)["status"] == "FALSIFIED"
    house.verify(in_record(expect=an_expectation("8.7", rule="absolute", tolerance="0.1")))
    assert gate(house)["status"] == "VERIFIED"
    assert gate(house)["claims"]["tested"] == 1


def test_the_newest_verdict_of_a_revision_stands(house: House) -> None:
    house.verify(in_record())
    submitted = house.submit(in_record(), force=True)
    house.run(submitted.run_ids[0], lambda *_: an_outcome(exit_code=1))
    actions.conclude(house.parts, submitted.verification_id)
    assert gate(house)["status"] == "UNVERIFIED"
    assert gate(house)["claims"]["tested"] == 1


def test_a_revision_without_a_verdict_leaves_its_claim_untested(house: House) -> None:
    house.verify(in_record())
    house.submit(in_record(expect=FALSE))
    house.verify(in_record("second"))
    assert gate(house)["claims"] == {"total": 1, "tested": 1, "verified": 1, "falsified": 0}


def test_verdicts_of_a_record_that_come_at_once_are_all_counted(house: House) -> None:
    ids = [house.submit(in_record(f"claim-{number}")).verification_id for number in range(6)]
    for verification_id in ids:
        house.run_all(verification_id)
    at_once(*(lambda item=item: actions.conclude(house.parts, item) for item in ids))
    assert gate(house)["claims"] == {"total": 6, "tested": 6, "verified": 6, "falsified": 0}
    assert house.scalar("SELECT version FROM gate") == 6


def test_the_publisher_says_how_many_claims_a_paper_has(house: House) -> None:
    house.verify(in_record())
    record_id, new = actions.put_record(house.parts, "demo", "paper-1", {"claims_total": 12})
    assert not new
    assert gate(house)["claims"] == {"total": 12, "tested": 1, "verified": 1, "falsified": 0}
    assert record_id == house.scalar("SELECT record_id FROM gate")


def statements(house: House, work: Callable[[Session], object]) -> int:
    """Count the statements that some reading takes."""
    heard: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    event.listen(house.parts.store.engine, "before_cursor_execute", listen)
    try:
        with house.parts.store.read() as session:
            work(session)
    finally:
        event.remove(house.parts.store.engine, "before_cursor_execute", listen)
    return len(heard)


@pytest.mark.parametrize(
    "work",
    [
        lambda session: standing.standing_verdicts(session, session.exec(select(Record.id)).one()),
        lambda session: views.latest(session, 20),
    ],
    ids=["the claims of a record", "the newest verdicts"],
)
def test_reading_more_verdicts_takes_no_more_statements(house: House, work: Callable[[Session], object]) -> None:
    house.verify(in_record("first"))
    one = statements(house, work)
    for number in range(4):
        house.verify(in_record(f"claim-{number}"))
    assert 0 < statements(house, work) == one


def test_the_newest_verdicts_come_first_each_with_its_own_controls(house: House) -> None:
    for expect in (an_expectation(), FALSE, OPEN):
        house.verify(a_claim(expect))
    with house.parts.store.read() as session:
        found = views.latest(session, 2)
        alone = [views.verdict(session, item["id"]) for item in found]
    assert [item["status"] for item in found] == ["UNVERIFIED", "FALSIFIED"]
    assert [{**item, "claim": "mean-score"} for item in alone if item] == found
    assert [len(item["comparisons"]) for item in found] == [0, 1]


def test_contradictions_by_statistics_are_weighed_together_in_the_record_alone(house: House) -> None:
    """One of three claims by statistics is contradicted, not surely enough among three; its own verdict stays."""

    def noisy(inputs: Mapping[str, bytes], seed: int) -> Any:
        return {"score": round(honest(inputs, seed)["score"] + 0.2 * (seed * 7 % 5 - 2), 6)}

    def claimed(name: str, value: str) -> Claim:
        wanted = an_expectation(value, rule="equivalence", tolerance="0.45" if value == "8.7" else "0.1")
        claim = in_record(name, wanted)
        return claim.model_copy(update={"reproduce": a_script(seeds=(0, 1, 2, 3, 4))})

    for name, value in (("one", "8.7"), ("two", "8.7"), ("odd", "8.19")):
        submitted = house.submit(claimed(name, value))
        house.run_all(submitted.verification_id, noisy)
        assert actions.conclude(house.parts, submitted.verification_id) is not None
    assert [item.reason_code for item in verdicts(house)] == ["EQUIVALENT", "EQUIVALENT", "NOT_EQUIVALENT"]
    found = gate(house)
    assert found["status"] == "UNVERIFIED"
    assert found["claims"] == {"total": 3, "tested": 3, "verified": 2, "falsified": 0, "withheld": 1}
    assert "odd is contradicted by statistics" in found["reason"]
