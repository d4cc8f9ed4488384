"""The ledger's tree in the database: it grows with the chain, proves what the rows say, and hides private records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app import actions
from app.core import ledger as core
from app.core import merkle
from app.store import ledger, migrate
from tests.core.builders import KEY
from tests.store.house import House, at_once
from tests.store.test_conclusion import in_record

if TYPE_CHECKING:
    from collections.abc import Callable

TOMORROW = timedelta(days=1)


def unsigned(_: bytes) -> None:
    return None


def signed(body: bytes) -> tuple[str, str]:
    """Stand in for a key: the signature shows which bytes were signed."""
    return "key", core.row_hash(body)


def close(house: House, now: datetime) -> dict[str, Any] | None:
    """Close the day before `now` as the sweeper does."""
    day = actions.day_to_close(house.parts, now)
    return None if day is None else actions.close_day(house.parts, day, unsigned)


def read(house: House, work: Callable[..., Any], *arguments: Any) -> Any:
    with house.parts.store.read() as session:
        return work(session, *arguments)


def spelled(house: House) -> bytes:
    """Return the whole ledger as an export."""
    head = read(house, ledger.head)
    documents = [
        {"schema": core.EXPORT, "size": head.size, "root": head.root, "head": head.head},
        *read(house, ledger.rows, 0, 1000),
        *read(house, ledger.checkpoints, 100),
    ]
    return b"".join(json.dumps(item).encode() + b"\n" for item in documents)


def check_tree(house: House) -> int:
    """Check every root, receipt and pair of trees against the rows; returns their number."""
    rows = read(house, ledger.rows, 0, 1000)
    nodes = merkle.nodes_of([bytes.fromhex(row["leaf_hash"]) for row in rows])
    assert core.check(spelled(house)).ok
    for size in range(len(rows) + 1):
        assert read(house, ledger.root, size) == merkle.root(size, nodes).hex()
    for index in range(len(rows)):
        receipt = read(house, ledger.receipt, index)
        report = core.check(json.dumps(receipt).encode())
        assert (report.ok, report.root) == (True, receipt["root"])
    for second in range(1, len(rows) + 1):
        for first in range(1, second + 1):
            proof = read(house, ledger.consistency, first, second)
            roots = (bytes.fromhex(proof["first_root"]), bytes.fromhex(proof["second_root"]))
            path = [bytes.fromhex(item) for item in proof["path"]]
            assert merkle.verify_consistency(first, second, *roots, path)
    return len(rows)


def test_the_tree_grows_with_the_chain(house: House) -> None:
    assert read(house, ledger.head) == ledger.Head(0, merkle.EMPTY.hex(), core.FIRST)
    for number in range(5):
        house.verify(publisher=f"p{number}")
    assert check_tree(house) == 5
    assert house.count("ledger_node") == 5 + 2 + 1


def test_the_tree_holds_when_many_judges_append_at_once(house: House) -> None:
    ids = [house.submit(publisher=f"p{number}").verification_id for number in range(8)]
    for verification_id in ids:
        house.run_all(verification_id)
    at_once(*(lambda item=item: actions.conclude(house.parts, item) for item in ids))
    assert check_tree(house) == 8


def test_a_receipt_is_of_the_row_that_tells_of_the_verdict(house: House) -> None:
    for publisher in ("a", "b", "c"):
        verification_id = house.verify(publisher=publisher)
    verdict = house.scalar("SELECT id FROM verdict WHERE verification_id = :id", id=verification_id)
    index = read(house, ledger.index_of, verdict)
    assert index == 2
    receipt = read(house, ledger.receipt, index)
    assert receipt["leaf"]["body"]["verdict"] == verdict
    assert receipt["checkpoint"] is receipt["signature"] is None
    assert read(house, ledger.index_of, "vrd_none") is None
    assert read(house, ledger.receipt, 3) is None


def test_a_receipt_is_in_the_tree_of_the_newest_checkpoint_that_covers_its_row(house: House) -> None:
    house.verify(publisher="a")
    house.verify(publisher="b")
    assert actions.make_checkpoint(house.parts, signed) is not None
    house.verify(publisher="c")
    receipt = read(house, ledger.receipt, 0)
    assert (receipt["size"], receipt["checkpoint"]["size"]) == (2, 2)
    assert receipt["signature"] == {
        "key_id": "key",
        "signature": core.row_hash(core.signed_bytes(receipt["checkpoint"])),
    }
    assert core.check(json.dumps(receipt).encode()).signed
    uncovered = read(house, ledger.receipt, 2)
    assert (uncovered["size"], uncovered["checkpoint"]) == (3, None)
    assert check_tree(house) == 3


def test_consistency_with_a_tree_that_is_not_there_is_refused(house: House) -> None:
    house.verify()
    with pytest.raises(ValueError, match="the ledger has 1 rows, not 2"):
        read(house, ledger.consistency, 1, 2)
    with pytest.raises(ValueError, match="is no beginning of"):
        read(house, ledger.consistency, 0, 1)


# --- a day -----------------------------------------------------------------------------------------------------------------


def test_a_day_is_closed_once_and_only_when_it_is_over(house: House) -> None:
    now = datetime.now(UTC)
    assert close(house, now + TOMORROW) is None  # nothing to close
    house.verify(publisher="a")
    assert close(house, now) is None
    made = close(house, now + TOMORROW)
    assert made is not None
    assert (made["day"], made["size"], made["signature"]) == (now.date().isoformat(), 1, None)
    house.verify(publisher="b")
    assert close(house, now + TOMORROW) is None
    assert (close(house, now + 2 * TOMORROW) or {})["size"] == 2
    assert [item["size"] for item in read(house, ledger.checkpoints, 9)] == [2, 1]
    assert len(read(house, ledger.checkpoints, 1)) == 1


def test_two_sweepers_close_a_day_once(house: House) -> None:
    house.verify()
    later = datetime.now(UTC) + TOMORROW
    made = at_once(*(lambda: close(house, later) for _ in range(4)))
    assert sum(isinstance(item, dict) for item in made) == 1
    assert sum(item is None for item in made) == 3


def test_a_ledger_that_begins_with_a_correction_has_a_first_day_too(house: House) -> None:
    actions.put_record(house.parts, "demo", "paper", {"title": "a"})
    actions.put_record(house.parts, "demo", "paper", {"title": "b"})
    assert close(house, datetime.now(UTC) + TOMORROW) is not None


def test_a_checkpoint_on_demand_needs_a_row(house: House) -> None:
    assert actions.make_checkpoint(house.parts, unsigned) is None
    house.verify()
    for _ in range(2):
        made = actions.make_checkpoint(house.parts, unsigned)
        assert made is not None
        assert (made["day"], made["size"]) == (None, 1)


# --- what strangers see ----------------------------------------------------------------------------------------------------


def test_rows_of_a_private_record_show_only_hashes(house: House) -> None:
    house.verify(in_record())
    actions.put_record(house.parts, "demo", "paper-1", {"title": "Another title"})
    house.verify(publisher="without a record")
    shown = read(house, ledger.rows, 0, 10)
    assert [row["kind"] for row in shown] == ["verdict", "correction", "verdict"]
    actions.put_record(house.parts, "demo", "paper-1", {"visibility": "private"})
    hidden = read(house, ledger.rows, 0, 10)
    for before, after in zip(shown[:2], hidden[:2], strict=True):
        assert after == before | {"kind": None, "body": None}
    assert hidden[2] == shown[2]
    assert read(house, ledger.receipt, 0)["leaf"] is None
    report = core.check(spelled(house))
    assert (report.ok, report.hidden) == (True, 2)


# --- what was there before the tree ----------------------------------------------------------------------------------------


def test_an_upgrade_grows_the_tree_over_the_rows_that_are_there(house: House) -> None:
    for number in range(5):
        house.verify(publisher=f"p{number}")
    before = read(house, ledger.rows, 0, 10)
    head = read(house, ledger.head)
    url = house.parts.store.url
    house.close()
    migrate.downgrade(url, "0002")
    migrate.upgrade(url)
    house.parts.store.check()
    assert read(house, ledger.rows, 0, 10) == before
    assert read(house, ledger.head) == head
    assert read(house, ledger.index_of, before[3]["body"]["verdict"]) == 3
    actions.publish_keys(house.parts, [KEY])  # keys came after the tree
    house.verify(publisher="after")
    assert check_tree(house) == 6


def test_a_row_that_was_changed_behind_the_triggers_is_found(house: House, dialect: str) -> None:
    for number in range(3):
        house.verify(publisher=f"p{number}")
    with house.parts.store.transaction() as session:
        connection = session.connection()
        if dialect == "sqlite":
            connection.execute(text("DROP TRIGGER ledger_no_update"))
        else:
            connection.execute(text("ALTER TABLE ledger DISABLE TRIGGER ledger_append_only"))
        connection.execute(text("UPDATE ledger SET body = replace(body, 'VERIFIED', 'FALSIFIED') WHERE seq = 2"))
    assert core.check(spelled(house)).findings == ("row 2 does not have the hashes that it states",)
