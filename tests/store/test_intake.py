"""What a submission writes, and when it is the same as one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.core.errors import Fault, Refusal
from app.core.model import RecordRef, Source
from app.store import intake
from app.store.intake import Submitted
from tests.core.builders import a_bundle, a_claim, an_expectation, some_limits
from tests.store.house import FALSE, House, at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TABLES = ("artifact", "claim", "claim_revision", "seal", "seal_artifact", "verification", "run", "record")

FORMULA: dict[str, Any] = {
    "schema": "assay-claim-v1",
    "claim": {"id": "gain", "statement": "A is 8.7 points above B"},
    "expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}],
    "reproduce": {
        "kind": "formula",
        "formula": "a - b",
        "values": {"a": {"value": "77.0", "source": "Table 1"}, "b": {"value": "68.3", "source": "Table 1"}},
    },
}


WITH_NOTES = a_claim(source=(Source(id="notes", title="Notes", file="notes.md"),))


def rows(house: House) -> dict[str, int]:
    """Return how many rows a submission left."""
    return {table: house.count(table) for table in TABLES}


def test_a_submission_is_one_verification_with_its_first_run(house: House) -> None:
    submitted = house.submit()
    assert submitted.created
    assert rows(house) == {
        "artifact": 3,
        "claim": 1,
        "claim_revision": 1,
        "seal": 1,
        "seal_artifact": 3,
        "verification": 1,
        "run": 1,
        "record": 0,
    }
    row = house.verification(submitted.verification_id)
    assert (row.state, row.revision, row.publisher, row.queue, row.retry_of) == ("queued", 0, "demo", "cpu", None)
    assert house.heard.runs == [(submitted.run_ids[0], "cpu")]


def test_the_same_submission_again_is_the_same_verification(house: House) -> None:
    first = house.submit()
    before = rows(house)
    again = house.submit()
    assert again == Submitted(first.verification_id, (), "cpu", created=False)
    assert rows(house) == before
    assert len(house.heard.runs) == 1


@pytest.mark.parametrize("reach", ["running", "concluding", "concluded"])
def test_a_verification_that_stands_is_found_again_when_it_is(house: House, reach: str) -> None:
    first = house.submit()
    if reach == "running":
        house.claim(first.run_ids[0])
    else:
        house.run_all(first.verification_id)
    if reach == "concluded":
        actions.conclude(house.parts, first.verification_id)
    assert house.verification(first.verification_id).state == reach
    assert house.submit().verification_id == first.verification_id


@pytest.mark.parametrize(
    "end",
    [
        lambda house, item: actions.cancel(house.parts, item),
        lambda house, item: actions.fault_verification(house.parts, item, "WORKER_LOST", "It went away."),
    ],
    ids=["cancelled", "faulted"],
)
def test_what_ended_without_a_verdict_is_not_found_again(house: House, end: Callable[[House, str], object]) -> None:
    first = house.submit()
    end(house, first.verification_id)
    again = house.submit()
    assert again.created
    assert again.verification_id != first.verification_id


def test_force_verifies_again(house: House) -> None:
    first = house.verify()
    again = house.submit(force=True)
    assert again.created
    assert again.verification_id != first
    assert house.submit().verification_id == again.verification_id
    assert house.count("claim_revision") == 1
    assert house.count("seal") == 1


def test_publishers_do_not_share_verifications(house: House) -> None:
    mine, theirs = house.submit(publisher="mine"), house.submit(publisher="theirs")
    assert theirs.created
    assert mine.verification_id != theirs.verification_id
    assert (house.count("claim"), house.count("seal"), house.count("artifact")) == (2, 1, 3)


@pytest.mark.parametrize(
    "changed",
    [
        lambda: a_bundle(a_claim(FALSE)),
        lambda: a_bundle(a_claim(an_expectation("8.70"))),
        lambda: a_bundle(a_claim(an_expectation(rule="absolute", tolerance="0.1"))),
    ],
    ids=["value", "printed digits", "rule"],
)
def test_a_claim_that_says_something_else_is_a_new_revision(
    house: House, changed: Callable[[], Mapping[str, bytes]]
) -> None:
    house.submit()
    assert house.submit_files(changed()).created
    assert (house.count("claim"), house.count("claim_revision"), house.count("seal")) == (1, 2, 2)
    assert house.scalar("SELECT max(number) FROM claim_revision") == 2


def test_other_files_are_another_seal_of_the_same_revision(house: House) -> None:
    house.submit()
    assert house.submit_files(a_bundle(scores__csv=b"language,score\nsw,8.7\n")).created
    assert (house.count("claim_revision"), house.count("seal")) == (1, 2)


def test_another_environment_is_another_seal(house: House) -> None:
    house.submit()
    house.publish("sha256:" + "f" * 64)
    assert house.submit().created
    assert house.count("seal") == 2


def test_the_environment_that_was_published_last_is_sealed(house: House) -> None:
    old, new = "sha256:" + "e" * 64, "sha256:" + "f" * 64
    house.publish(new)
    assert house.run_row(house.submit().run_ids[0]).environment == new
    house.publish(old)
    assert house.run_row(house.submit(publisher="later").run_ids[0]).environment == old


def test_without_an_environment_nothing_is_taken_in(house: House) -> None:
    house.change("DELETE FROM environment")
    with pytest.raises(Fault, match=r"no worker has published the environment python\. Start a worker"):
        actions.submit_formula(house.parts, FORMULA, "demo")
    assert house.count("verification") == 0


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": b"no claim"},
        {"claim.toml": b"schema = 1"},
        {**a_bundle(), "claim.toml": b"\xff\xfe"},
        {name: data for name, data in a_bundle().items() if name != "scores.csv"},
        a_bundle(WITH_NOTES, notes__md=b"score \xff 8.7"),
    ],
    ids=["no claim", "no schema", "not UTF-8", "a missing input", "a source that is no text"],
)
def test_what_is_refused_leaves_no_row(house: House, files: Mapping[str, bytes]) -> None:
    with pytest.raises(Refusal):
        house.submit_files(files)
    assert set(rows(house).values()) == {0}
    assert house.heard.runs == []


def test_a_formula_is_taken_in_as_its_document(house: House) -> None:
    submitted = actions.submit_formula(house.parts, FORMULA, "demo")
    seal = actions.sealed(house.parts, house.verification(submitted.verification_id).seal)
    assert list(seal.files) == ["claim.json"]
    assert b"8.7" in house.parts.blobs.read(seal.files["claim.json"])


def test_a_claim_for_graphics_cards_goes_to_their_queue(house_with: Callable[..., House]) -> None:
    house = house_with(default_limits=some_limits(), maximum_limits=some_limits(gpus=1))
    claim = a_bundle()["claim.toml"] + b"\n[limits]\ngpus = 1\n"
    submitted = house.submit_files(a_bundle(claim__toml=claim))
    assert submitted.queue == "gpu"
    assert house.heard.runs == [(submitted.run_ids[0], "gpu")]


def test_a_broker_that_is_away_does_not_fail_a_submission(house: House) -> None:
    house.heard.up = False
    submitted = house.submit()
    assert house.run_row(submitted.run_ids[0]).state == "queued"


# --- at the same moment


def test_the_same_submission_at_once_is_one_verification(house: House) -> None:
    for number in range(4):
        answers = at_once(*[lambda number=number: house.submit(publisher=f"p{number}")] * 4)
        assert all(isinstance(answer, Submitted) for answer in answers), answers
        assert len({answer.verification_id for answer in answers if isinstance(answer, Submitted)}) == 1
    assert house.count("verification") == 4


def test_claims_of_one_record_and_one_bundle_at_once_are_all_taken_in(house: House) -> None:
    """They share their files, the record that none of them finds yet, and the moment."""
    for number in range(3):
        record = RecordRef(id=f"paper-{number}", title="A paper")

        def submit(position: int, record: RecordRef = record) -> Submitted:
            claim = a_claim(record=record)
            return house.submit(
                claim.model_copy(update={"claim": claim.claim.model_copy(update={"id": f"c{position}"})})
            )

        answers = at_once(*(lambda position=position: submit(position) for position in range(5)))
        assert all(isinstance(answer, Submitted) and answer.created for answer in answers), answers
    assert (house.count("record"), house.count("claim"), house.count("verification")) == (3, 15, 15)


def test_revisions_of_one_claim_at_once_are_numbered_one_after_the_other(house: House) -> None:
    answers = at_once(*(lambda value=value: house.submit(a_claim(an_expectation(f"8.{value}"))) for value in range(5)))
    assert all(isinstance(answer, Submitted) for answer in answers), answers
    with house.parts.store.read() as session:
        numbers = session.connection().exec_driver_sql("SELECT number FROM claim_revision ORDER BY number").all()
    assert [number for (number,) in numbers] == [1, 2, 3, 4, 5]


def test_workers_that_start_at_once_publish_the_same_environment(house: House) -> None:
    for number in range(3):
        assert at_once(*[lambda number=number: house.publish("sha256:" + f"{number}" * 64)] * 4) == [None] * 4
    with house.parts.store.read() as session:
        assert intake.environments(session) == {"python": "sha256:" + "2" * 64}


# --- records


def test_a_record_is_created_and_changed_by_its_publisher(house: House) -> None:
    facts = {"title": "A paper", "claims_total": 3, "visibility": "private"}
    record_id, new = actions.put_record(house.parts, "demo", "paper-1", facts)
    assert new
    again, new = actions.put_record(house.parts, "demo", "paper-1", {"title": "A better paper"})
    assert (again, new) == (record_id, False)
    assert house.scalar("SELECT title FROM record") == "A better paper"
    assert house.scalar("SELECT claims_total FROM record") == 3
    assert house.scalar("SELECT status FROM gate") == "UNVERIFIED"


def test_two_publishers_may_use_the_same_name_for_a_record(house: House) -> None:
    mine, _ = actions.put_record(house.parts, "mine", "paper-1", {})
    theirs, new = actions.put_record(house.parts, "theirs", "paper-1", {})
    assert new
    assert mine != theirs


def test_a_record_that_is_put_at_once_is_one_record(house: House) -> None:
    answers = at_once(*[lambda: actions.put_record(house.parts, "demo", "paper-1", {"title": "A paper"})] * 5)
    assert sorted(answer[1] for answer in answers if isinstance(answer, tuple)) == [False] * 4 + [True]


def test_a_record_knows_no_other_facts(house: House) -> None:
    with pytest.raises(ValueError, match="a record has no 'status'"):
        actions.put_record(house.parts, "demo", "paper-1", {"status": "VERIFIED"})
    assert house.count("record") == 0


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        (RecordRef(id="paper-1", doi="10.1/x", title="A paper"), "paper-1"),
        (RecordRef(doi="10.1/x", title="A paper"), "10.1/x"),
        (RecordRef(title="A paper"), "A paper"),
    ],
    ids=["id", "doi", "title"],
)
def test_a_claim_creates_the_record_that_it_names(house: House, reference: RecordRef, name: str) -> None:
    house.submit(a_claim(record=reference))
    assert house.scalar("SELECT external_id FROM record") == name
    assert house.scalar("SELECT title FROM record") == "A paper"


def test_a_claim_does_not_change_the_record_that_it_names(house: House) -> None:
    actions.put_record(house.parts, "demo", "paper-1", {"title": "As its publisher says"})
    house.submit(a_claim(record=RecordRef(id="paper-1", title="As a claim says")))
    assert house.scalar("SELECT title FROM record") == "As its publisher says"


def test_only_the_publisher_of_a_record_attaches_claims_to_it(house: House) -> None:
    mine, _ = actions.put_record(house.parts, "mine", "paper-1", {})
    house.submit(a_claim(record=RecordRef(id="paper-1")), publisher="theirs")
    assert house.scalar("SELECT count(*) FROM claim WHERE record_id = :id", id=mine) == 0
    assert house.count("record") == 2
