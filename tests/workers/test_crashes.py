"""Processes that are killed, stopped and cut off at bad moments: one verdict each, and nothing left running.

A real worker (two slots and the beat) and a real broker. Every test finds both up, and leaves both up.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app import actions
from tests.workers.bundles import Slow
from tests.workers.waiting import wait_until

if TYPE_CHECKING:
    from tests.workers.works import Works

pytestmark = [pytest.mark.box, pytest.mark.slow]


def children(pid: int) -> list[int]:
    """Return the processes of which a process is the parent."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def there(pid: int) -> bool:
    """Say whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_claim_goes_through_queue_and_workers_to_one_verdict(works: Works) -> None:
    true, false = Slow(), Slow(value="41", depends=True)
    first, second = works.submit_slow(true), works.submit_slow(false)
    assert works.wait_for_end(first) == works.wait_for_end(second) == "concluded"
    assert (works.verdicts(first), works.verdicts(second)) == (1, 1)
    assert [key for key, _, _ in works.outcomes(first)] == ["measure-0", "repeat-0"]
    changed = [
        f"perturb-{what}"
        for what in ("0-1", "0-1-again", "0-2", "1-1", "1-2", "empty_input-1", "hardcoded-1", "hardcoded-2")
    ]
    assert sorted(key for key, _, _ in works.outcomes(second)) == ["confirm-0", "measure-0", *changed, "repeat-0"]
    assert works.scalar("SELECT status FROM verdict WHERE verification_id = :id", id=second) == "FALSIFIED"


def test_a_confirm_run_goes_to_the_slot_that_did_not_measure(works: Works) -> None:
    for _ in range(3):
        verification_id = works.submit_slow(Slow(value="41", depends=True))
        assert works.wait_for_end(verification_id) == "concluded"
        workers = {key: worker for key, _, worker in works.outcomes(verification_id)}
        assert workers["confirm-0"] != workers["measure-0"]


def test_the_same_nudge_five_times_is_one_outcome_a_run_and_one_verdict(works: Works) -> None:
    verification_id = works.submit_slow(Slow(seconds=0.5))
    for state in ("queued", "running", "concluding"):
        for _ in range(5):
            for run_id in works.runs(verification_id, "queued") + works.runs(verification_id, "running"):
                assert works.queue.nudge_run(run_id)
            assert works.queue.nudge_judge(verification_id)
        wait_until(f"{state} is over", lambda state=state: works.verification(verification_id).state != state)
    assert works.wait_for_end(verification_id) == "concluded"
    assert [(key, attempts) for key, attempts, _ in works.outcomes(verification_id)] == [
        ("measure-0", 1),
        ("repeat-0", 1),
    ]
    assert works.verdicts(verification_id) == 1


def test_a_worker_killed_in_the_middle_of_a_run_costs_an_attempt_and_no_verdict(works: Works) -> None:
    slow = Slow(seconds=1.5)
    verification_id = works.submit_slow(slow)
    works.wait_for_run(verification_id, slow)
    works.kill_worker()
    works.start_worker()
    assert works.wait_for_end(verification_id) == "concluded"
    assert [(key, attempts) for key, attempts, _ in works.outcomes(verification_id)] == [
        ("measure-0", 2),
        ("repeat-0", 1),
    ]
    assert works.verdicts(verification_id) == 1
    works.wait_for_worker()


def test_a_worker_killed_in_the_middle_of_a_run_leaves_nothing_running(works: Works) -> None:
    slow = Slow(seconds=50)
    verification_id = works.submit_slow(slow)
    works.wait_for_run(verification_id, slow)
    assert works.worker is not None
    family = [works.worker.pid]
    for pid in family:
        family += children(pid)
    assert len(family) > 4  # the worker, the beat, two slots, and the box of one of them
    works.kill_worker()
    wait_until("nothing of the run is left", lambda: not slow.processes(), seconds=5)
    wait_until("nothing of the worker is left", lambda: not any(map(there, family)), seconds=5)
    assert works.outcomes(verification_id) == []
    actions.cancel(works.parts, verification_id)
    works.start_worker()
    assert works.wait_for_end(verification_id) == "cancelled"
    works.wait_for_worker()


def test_a_slot_killed_in_the_middle_of_a_run_costs_an_attempt_and_no_verdict(works: Works) -> None:
    """The pool's parent lives on and acknowledges the message; the lease brings the run back."""
    slow = Slow(seconds=1.5)
    verification_id = works.submit_slow(slow)
    run_id = works.wait_for_run(verification_id, slow)
    os.kill(slot_of(works, run_id), signal.SIGKILL)
    wait_until("nothing of the run is left", lambda: not slow.processes(), seconds=5)
    assert works.wait_for_end(verification_id) == "concluded"
    assert works.outcomes(verification_id)[0][:2] == ("measure-0", 2)
    assert works.verdicts(verification_id) == 1
    works.wait_for_worker()


def slot_of(works: Works, run_id: str) -> int:
    """Return the process that holds a run's lease."""
    owner = works.run_row(run_id).lease_owner
    assert owner is not None
    return int(owner.rpartition(":")[2])


def test_a_stopped_slot_that_wakes_up_after_its_lease_is_refused(works: Works) -> None:
    slow = Slow(seconds=1.0)
    verification_id = works.submit_slow(slow)
    run_id = works.wait_for_run(verification_id, slow)
    zombie = slot_of(works, run_id)
    os.kill(zombie, signal.SIGSTOP)
    try:
        wait_until("the run is done by another", lambda: run_id in works.runs(verification_id, "done"))
    finally:
        os.kill(zombie, signal.SIGCONT)
    lost = f"run {run_id}: the lease was lost, its outcome is thrown away"
    wait_until("the zombie is refused", lambda: lost in works.log.read_text(), seconds=20)
    assert works.wait_for_end(verification_id) == "concluded"
    (measure, *_) = works.outcomes(verification_id)
    assert measure[:2] == ("measure-0", 2)
    assert not measure[2].endswith(f":{zombie}")
    assert works.verdicts(verification_id) == 1


def test_a_broker_killed_with_runs_queued_loses_no_verdict(works: Works) -> None:
    ids = [works.submit_slow(Slow(seconds=0.5)) for _ in range(4)]
    works.kill_broker()
    wait_until("a slot notices", lambda: sum(map(works.verdicts, ids)) < 4, seconds=5)
    works.start_broker()
    assert {works.wait_for_end(item) for item in ids} == {"concluded"}
    assert [works.verdicts(item) for item in ids] == [1] * 4


def test_a_submission_while_the_broker_is_away_stands_and_gets_its_verdict(works: Works) -> None:
    works.kill_broker()
    verification_id = works.submit_slow(Slow())
    assert works.verification(verification_id).state == "queued"
    works.start_broker()
    assert works.wait_for_end(verification_id) == "concluded"
    assert works.verdicts(verification_id) == 1


def test_a_cancelled_run_ends_and_leaves_nothing(works: Works) -> None:
    slow = Slow(seconds=50)
    verification_id = works.submit_slow(slow)
    works.wait_for_run(verification_id, slow)
    actions.cancel(works.parts, verification_id)
    assert works.wait_for_end(verification_id) == "cancelled"
    wait_until("nothing of the run is left", lambda: not slow.processes(), seconds=5)
    assert works.verdicts(verification_id) == 0


def test_a_tampered_blob_is_a_fault_and_no_verdict(works: Works) -> None:
    slow = Slow(seconds=1)
    os.kill(works.worker.pid if works.worker else 0, signal.SIGSTOP)  # its parent hands out no message meanwhile
    try:
        verification_id = works.submit_slow(slow)
        seal = actions.sealed(works.parts, works.verification(verification_id).seal)
        path = works.parts.blobs.path(seal.files[f"{slow.name}.py"])
        path.chmod(0o600)
        path.write_bytes(b"print('another program')\n")
    finally:
        os.kill(works.worker.pid if works.worker else 0, signal.SIGCONT)
    assert works.wait_for_end(verification_id) == "faulted"
    row = works.verification(verification_id)
    assert (row.reason_code, row.blame) == ("INTERNAL_ERROR", "service")
    assert works.verdicts(verification_id) == 0
    assert works.outcomes(verification_id) == []


def test_an_environment_that_nobody_has_any_more_is_a_fault_and_no_verdict(works: Works) -> None:
    current = str(works.scalar("SELECT digest FROM environment WHERE name = 'python'"))
    actions.publish_environment(works.parts, "python", "sha256:" + "0" * 64, {})
    verification_id = works.submit_slow(Slow())
    actions.publish_environment(works.parts, "python", current, {})
    assert works.wait_for_end(verification_id) == "faulted"
    row = works.verification(verification_id)
    assert row.reason_code == "IMAGE_PULL_FAILED"
    assert "submit the claim again" in (row.detail or "")
    assert works.verdicts(verification_id) == 0
