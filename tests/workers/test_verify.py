"""The story of a run with a real box and a real database, without queue and worker processes."""

from __future__ import annotations

import os
import sqlite3
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.core import evidence
from app.core.caller import Account
from app.core.errors import Fault
from app.store.presence import KnownWorker
from sandbox import Outcome, Usage
from tests.core.builders import a_bundle, a_claim
from tests.store.house import FALSE
from tests.workers.bundles import Slow
from tests.workers.station import Station
from tests.workers.waiting import wait_until
from workers import verify
from workers.hands import Hands, Presence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox import Job

pytestmark = pytest.mark.box

SCRIPT = b"""\
import csv, json, os
with open(os.path.join(os.environ["ASSAY_INPUT"], "scores.csv")) as file:
    scores = [float(row["score"]) for row in csv.DictReader(file)]
print("::progress 0.9 nearly there")
with open(os.path.join(os.environ["ASSAY_OUTPUT"], "scores.txt"), "w") as file:
    file.write(repr(scores))
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({"score": sum(scores) / len(scores)}, file)
"""


def honest_bundle(**changes: Any) -> dict[str, bytes]:
    """Return the usual claim with a script that computes it."""
    return a_bundle(a_claim(**changes), reproduce__py=SCRIPT)


def verdict_of(station: Station, verification_id: str) -> tuple[str, str]:
    """Return status and reason code of a verification's verdict."""
    query = "SELECT {} FROM verdict WHERE verification_id = :id"
    return tuple(str(station.scalar(query.format(name), id=verification_id)) for name in ("status", "reason_code"))  # type: ignore[return-value]


def test_a_script_is_verified_and_its_evidence_holds(station: Station) -> None:
    submitted = station.submit_files(honest_bundle())
    station.work()
    assert verdict_of(station, submitted.verification_id) == ("VERIFIED", "MATCH_ROUNDING")
    archive = station.parts.blobs.read(str(station.scalar("SELECT evidence FROM verdict")))
    report = evidence.verify(archive)
    assert report.findings == ()
    assert station.scalar("SELECT count(*) FROM run WHERE state = 'done'") == station.count("run") == 18
    assert station.count("run_artifact") == 1
    assert station.scalar("SELECT count(DISTINCT worker) FROM outcome") == 1


def test_a_false_claim_is_falsified_after_it_was_confirmed(station: Station) -> None:
    submitted = station.submit_files(honest_bundle(expect=FALSE))
    station.work()
    assert verdict_of(station, submitted.verification_id)[0] == "FALSIFIED"
    assert station.scalar("SELECT count(*) FROM run WHERE purpose = 'confirm' AND state = 'done'") == 1


def test_a_formula_is_evaluated_in_the_box(station: Station) -> None:
    document = {
        "schema": "assay-claim-v1",
        "claim": {"id": "gain", "statement": "A is 8.7 points above B"},
        "expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}],
        "reproduce": {
            "kind": "formula",
            "formula": "a - b",
            "values": {"a": {"value": "77.0", "source": "T"}, "b": {"value": "68.3", "source": "T"}},
        },
    }
    submitted = actions.submit_formula(station.parts, document, "demo")
    station.work()
    assert verdict_of(station, submitted.verification_id)[0] == "VERIFIED"


def test_the_same_nudge_five_times_is_one_outcome_a_run(station: Station) -> None:
    submitted = station.submit_files(honest_bundle())
    while station.heard.runs or station.heard.judged:
        station.heard.runs[:] = [nudge for nudge in station.heard.runs for _ in range(5)]
        station.heard.judged *= 5
        station.work()
    assert station.count("outcome") == station.count("run") == 18
    assert station.scalar("SELECT max(attempts) FROM run") == 1
    assert station.scalar("SELECT count(*) FROM verdict WHERE verification_id = :id", id=submitted.verification_id) == 1


@pytest.mark.parametrize("name", ["reproduce.py", "scores.csv"])
def test_a_tampered_file_of_the_bundle_is_our_fault_and_no_verdict(station: Station, name: str) -> None:
    submitted = station.submit_files(honest_bundle())
    seal = actions.sealed(station.parts, station.verification(submitted.verification_id).seal)
    path = station.parts.blobs.path(seal.files[name])
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"# changed\n")
    station.work()
    row = station.verification(submitted.verification_id)
    assert (row.state, row.reason_code, row.blame) == ("faulted", "INTERNAL_ERROR", "service")
    assert f"the stored file {seal.files[name]} has other bytes" in (row.detail or "")
    assert station.count("verdict") == station.count("outcome") == 0
    assert station.run_row(submitted.run_ids[0]).attempts == 3


def test_a_level_that_this_host_does_not_give_is_our_fault(station: Station) -> None:
    if station.hands.box.level() == "A":
        pytest.skip("this host gives every level")
    claim = a_bundle()["claim.toml"] + b"\n[limits]\nisolation = 'A'\n"
    submitted = station.submit_files(a_bundle(claim__toml=claim))
    station.work()
    row = station.verification(submitted.verification_id)
    assert (row.state, row.reason_code) == ("faulted", "NO_ISOLATION")
    assert "isolation level A is demanded" in (row.detail or "")
    assert "assay doctor" not in (row.detail or "")  # the remedy stands beside it, once


def in_the_background(station: Station, run_id: str) -> threading.Thread:
    """Execute a run in a thread; the box dies with the process, not with the thread."""
    thread = threading.Thread(target=verify.execute_run, args=(station.hands, run_id))
    thread.start()
    return thread


def test_a_cancelled_run_ends_within_seconds_and_leaves_nothing(station: Station) -> None:
    slow = Slow(seconds=50)
    submitted = station.submit_files(slow.files, account=Account("key_a"))
    thread = in_the_background(station, submitted.run_ids[0])
    wait_until("the script runs", slow.processes)
    actions.cancel(station.parts, submitted.verification_id)
    thread.join(20)
    assert not thread.is_alive()
    assert slow.processes() == []
    assert station.verification(submitted.verification_id).state == "cancelled"
    assert station.run_row(submitted.run_ids[0]).state == "cancelled"
    assert station.verification(submitted.verification_id).cpu_ms > 0  # what it took counts against budgets
    assert station.count("outcome") == 0


def test_a_run_that_was_lost_to_another_ends_and_stores_nothing(station: Station) -> None:
    slow = Slow(seconds=50)
    submitted = station.submit_files(slow.files)
    thread = in_the_background(station, submitted.run_ids[0])
    wait_until("the script runs", slow.processes)
    station.expire(submitted.run_ids[0])
    other = station.claim(submitted.run_ids[0], "host:2", next(iter(station.hands.environments)))
    thread.join(20)
    assert not thread.is_alive()
    assert slow.processes() == []
    assert station.count("outcome") == 0
    assert actions.look(station.parts, other).held


class Ended:
    """In the place of the box: ended because the database was away for longer than the lease; nobody else took the run."""

    def run(self, job: Job, tick: Callable[[Usage], bool], minimum: str = "C") -> Outcome:
        """See `sandbox.Sandbox`."""
        assert job.files
        assert minimum
        assert not tick(Usage(1, 1, 1, b""))
        return Outcome("cancelled")

    def close(self) -> None:
        """See `sandbox.Sandbox`."""


class Lost(verify.Heartbeat):
    """Has lost its lease at the first beat."""

    def __call__(self, usage: Usage) -> bool:
        """See `Heartbeat`."""
        self.lost = True
        return super().__call__(usage) and not self.lost


def test_what_a_box_says_that_we_ended_ourselves_is_no_outcome(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "Heartbeat", Lost)
    station.hands = replace(station.hands, box=Ended())  # type: ignore[arg-type]
    submitted = station.submit_files(honest_bundle())
    station.work()
    assert station.run_row(submitted.run_ids[0]).state == "running"  # until its lease is taken back
    assert station.count("outcome") == 0


class Writer:
    """In the place of the box: while a run lasts, somebody else writes to the database without waiting at all."""

    def __init__(self, path: Path, fail: Exception | None = None) -> None:
        self.path = path
        self.fail = fail
        self.wrote = 0

    def run(self, job: Job, tick: Callable[[Usage], bool], minimum: str = "C") -> Outcome:
        """See `sandbox.Sandbox`."""
        assert job.files
        assert tick
        assert minimum
        if self.fail is not None:
            raise self.fail
        connection = sqlite3.connect(self.path, timeout=0)
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
        connection.close()
        self.wrote += 1
        return Outcome("exited", exit_code=0, result=b'{"score": 8.7}')

    def close(self) -> None:
        """See `sandbox.Sandbox`."""


def test_no_transaction_is_open_while_a_program_runs(station: Station, home: Path) -> None:
    box = Writer(home / "assay.db")
    station.hands = replace(station.hands, box=box)  # type: ignore[arg-type]
    submitted = station.submit_files(honest_bundle())
    station.work()
    assert box.wrote == 19
    assert station.verification(submitted.verification_id).state == "concluded"


@pytest.mark.parametrize(
    ("error", "code", "detail"),
    [
        (ZeroDivisionError(), "INTERNAL_ERROR", "The worker failed; its log has the reason."),
        (
            Fault("x", "the disk is full", "make room", reason_code="INTERNAL_ERROR"),
            "INTERNAL_ERROR",
            "the disk is full. Make room.",
        ),
    ],
    ids=["a bug", "a fault"],
)
def test_what_goes_wrong_on_our_side_is_tried_three_times_and_never_a_verdict(
    station: Station, home: Path, error: Exception, code: str, detail: str
) -> None:
    station.hands = replace(station.hands, box=Writer(home / "assay.db", error))  # type: ignore[arg-type]
    submitted = station.submit_files(honest_bundle())
    station.work()
    row = station.verification(submitted.verification_id)
    assert (row.state, row.reason_code, row.detail) == ("faulted", code, detail)
    assert station.run_row(submitted.run_ids[0]).attempts == 3
    assert station.count("verdict") == 0


def test_a_confirm_run_that_is_left_to_others_is_done_all_the_same_when_nobody_comes(station: Station) -> None:
    """Another worker says that it is there and never takes a nudge: a second later the one that measured does it."""
    others = KnownWorker("elsewhere:1", frozenset({"cpu"}), frozenset(station.hands.environments))
    actions.announce(station.parts, others)
    submitted = station.submit_files(honest_bundle(expect=FALSE))
    station.work()
    assert verdict_of(station, submitted.verification_id)[0] == "FALSIFIED"
    assert station.scalar("SELECT attempts FROM run WHERE purpose = 'confirm'") == 1


# --- hands


def test_opening_hands_publishes_environment_and_worker_and_closing_them_takes_the_worker_back(home: Path) -> None:
    station = Station.open(home)
    (digest,) = station.hands.environments
    assert station.scalar("SELECT digest FROM environment WHERE name = 'python'") == digest
    assert station.scalar("SELECT name FROM worker") == station.hands.name
    assert station.hands.name.endswith(f":{os.getpid()}")
    hands = station.hands
    again = Hands.open(hands.parts.settings, ["gpu"])
    station.close()
    with again.parts.store.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM worker").scalar() == 0
    again.close()


def test_an_idle_worker_goes_on_saying_that_it_is_there(home: Path) -> None:
    station = Station.open(home, presence_seconds=0.05)
    station.change("UPDATE worker SET seen_at = 1")
    presence = Presence(station.hands)
    presence.start()
    wait_until("the worker is seen", lambda: station.scalar("SELECT seen_at FROM worker") > 1)
    station.change("DELETE FROM worker")
    wait_until("the worker is there again", lambda: station.count("worker") == 1)
    presence.stop()
    station.change("UPDATE worker SET seen_at = 1")
    assert station.scalar("SELECT seen_at FROM worker") == 1
    station.close()
