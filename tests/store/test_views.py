"""What a verification shows, and the version that says whether it shows something new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from app import actions
from app.core.canonical import canonical
from app.store import views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.store.views import VerificationView
    from tests.store.house import House


def verdict(house: House) -> Iterator[str]:
    """Play a whole life with a lost attempt and progress in it; yields the verification after every step."""
    submitted = house.submit()
    run_id = submitted.run_ids[0]
    yield submitted.verification_id
    claimed = house.claim(run_id)
    yield submitted.verification_id
    actions.report_progress(house.parts, claimed, 0.5, "half")
    yield submitted.verification_id
    actions.report_progress(house.parts, claimed, 0.5, "half of it")
    yield submitted.verification_id
    actions.report_progress(house.parts, claimed, 0.6, "half of it")
    yield submitted.verification_id
    actions.fail_run(house.parts, claimed, "NO_ISOLATION", "The box was away.")
    yield submitted.verification_id
    house.claim(run_id)
    yield submitted.verification_id
    house.expire(run_id)
    actions.sweep(house.parts)
    yield submitted.verification_id
    while queued := house.runs(submitted.verification_id, "queued"):
        house.run(queued[0])
        yield submitted.verification_id
    actions.conclude(house.parts, submitted.verification_id)
    yield submitted.verification_id


def fault(house: House) -> Iterator[str]:
    """Play a life that our own side ends."""
    submitted = house.submit()
    yield submitted.verification_id
    actions.fault_verification(house.parts, submitted.verification_id, "WORKER_LOST", "It went away.")
    yield submitted.verification_id


def cancellation(house: House) -> Iterator[str]:
    """Play a life that is cancelled while a run is going."""
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    yield submitted.verification_id
    actions.cancel(house.parts, submitted.verification_id)
    yield submitted.verification_id
    actions.cancel_run(house.parts, claimed)
    yield submitted.verification_id


def seen(house: House, verification_id: str) -> tuple[str | None, VerificationView | None]:
    """Return the version of a verification and what it shows."""
    with house.parts.store.read() as session:
        return views.version(session, verification_id), views.verification(session, verification_id)


def shown(view: VerificationView | None) -> bytes:
    """Return what a door shows of a view; leases and counters are ours."""
    assert view is not None
    row = {name: view.row[name] for name in ("state", "reason_code", "blame", "detail", "started_at", "ended_at")}
    return canonical({"row": repr(row), "runs": repr(view.runs), "verdict": repr(view.verdict)})


@pytest.mark.parametrize("life", [verdict, fault, cancellation])
def test_a_verification_has_a_new_version_with_every_step_that_shows_and_with_no_other(
    house: House, life: Callable[[House], Iterator[str]]
) -> None:
    versions: dict[bytes, str | None] = {}
    for verification_id in life(house):
        version, view = seen(house, verification_id)
        assert versions.setdefault(shown(view), version) == version
        assert seen(house, verification_id) == (version, view)
    assert len(set(versions.values())) == len(versions) > 1


def test_a_heartbeat_shows_nothing_new(house: House) -> None:
    submitted = house.submit()
    claimed = house.claim(submitted.run_ids[0])
    before = seen(house, submitted.verification_id)
    assert actions.renew(house.parts, claimed).held
    after = seen(house, submitted.verification_id)
    assert before[0] == after[0]
    assert shown(before[1]) == shown(after[1])


def test_what_does_not_exist_has_no_version(house: House) -> None:
    assert seen(house, "ver_0") == (None, None)


def test_a_version_costs_one_statement(house: House) -> None:
    verification_id = house.verify()
    statements: list[str] = []
    event.listen(house.parts.store.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    with house.parts.store.read() as session:
        views.version(session, verification_id)
    assert len(statements) == 1
