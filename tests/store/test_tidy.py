"""Orphans: blobs that no row refers to go when they are old, and only then."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.actions import sweeping
from app.core.errors import Refusal
from app.store.errors import BlobMissing
from app.store.presence import KnownWorker
from tests.core.builders import a_bundle
from tests.store.house import House

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400


def blobs(house: House) -> list[Path]:
    """Return every stored file."""
    return [
        path for path in house.parts.blobs.folder.rglob("*") if path.is_file() and not path.name.startswith("lock-")
    ]


def age(house: House, seconds: float = DAY + 60) -> None:
    """Let every stored file be so much older."""
    for path in blobs(house):
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))


def test_what_rows_refer_to_is_never_removed_however_old(house: House) -> None:
    verification_id = house.verify()
    age(house)
    before = sorted(blobs(house))
    assert actions.tidy(house.parts) == 0
    assert sorted(blobs(house)) == before
    evidence = house.scalar("SELECT evidence FROM verdict WHERE verification_id = :id", id=verification_id)
    assert house.parts.blobs.read(str(evidence))


def test_files_of_a_refused_submission_are_removed_when_they_are_old(house: House) -> None:
    with pytest.raises(Refusal):
        house.submit_files({**a_bundle(), "claim.toml": b"nonsense"})
    orphans = len(blobs(house))
    assert orphans == 3
    assert actions.tidy(house.parts) == 0
    age(house)
    assert actions.tidy(house.parts) == orphans
    assert blobs(house) == []
    assert actions.tidy(house.parts) == 0


def test_a_file_of_a_submission_in_flight_is_safe_although_it_is_an_old_orphan(house: House) -> None:
    """Its bytes lie there from a refused submission; the new one puts them again and has no row yet."""
    with pytest.raises(Refusal):
        house.submit_files({**a_bundle(), "claim.toml": b"nonsense"})
    age(house)
    kept = house.parts.blobs.put(a_bundle()["scores.csv"])
    assert actions.tidy(house.parts) == 2
    assert house.parts.blobs.read(kept) == a_bundle()["scores.csv"]


def test_more_orphans_than_one_question_holds_are_all_removed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 3)
    house.verify()
    kept = len(blobs(house))
    for number in range(10):
        house.parts.blobs.put(f"orphan {number}".encode())
    age(house)
    assert actions.tidy(house.parts) == 10
    assert len(blobs(house)) == kept


def test_an_unfinished_file_is_removed_when_its_writer_is_long_gone(house: House) -> None:
    house.verify()
    path = house.parts.blobs.folder / "new-crashed"
    path.write_bytes(b"half")
    assert actions.tidy(house.parts) == 0
    age(house)
    assert actions.tidy(house.parts) == 1
    assert not path.exists()


def test_a_house_without_any_file_is_tidy(house: House) -> None:
    assert actions.tidy(house.parts) == 0


def test_workers_that_have_not_been_seen_for_a_day_are_forgotten(house: House) -> None:
    for name in ("host:1", "host:2"):
        actions.announce(house.parts, KnownWorker(name, frozenset({"cpu"}), frozenset()))
    house.change("UPDATE worker SET seen_at = seen_at - 90000 WHERE name = 'host:1'")
    actions.tidy(house.parts)
    assert house.scalar("SELECT name FROM worker") == "host:2"
    assert house.count("worker") == 1


def test_an_orphan_that_was_removed_is_missing_and_not_wrong(house: House) -> None:
    found = house.parts.blobs.put(b"orphan")
    age(house)
    actions.tidy(house.parts)
    with pytest.raises(BlobMissing):
        house.parts.blobs.read(found)
