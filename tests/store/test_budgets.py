"""Budgets, judged in the transaction of the submission, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.actions import NewKey
from app.core.budgets import BudgetUsed, Usage
from app.core.caller import USUAL, Account, Budgets, Caller
from app.store import api_keys, spending
from app.store.intake import Submitted
from tests.core.builders import a_claim, an_expectation
from tests.store.house import House, at_once

if TYPE_CHECKING:
    from typing import Any


def submit(house: House, value: str, budgets: Budgets, account: str = "key_a") -> Submitted:
    return house.submit(a_claim(an_expectation(value)), account=Account(account, budgets))


def used(house: House, account: str = "key_a") -> Usage:
    with house.parts.store.read() as session:
        return spending.usage(session, [account])[account]


def reserved(house: House) -> int:
    """Return the CPU milliseconds that the usual claim may take at most, from its seal alone."""
    found = house.submit(a_claim(an_expectation("0.1")), "measuring")
    row = house.verification(found.verification_id)
    assert row.cpu_ms_reserved == row.runs_planned * 60_000
    return row.cpu_ms_reserved


@pytest.mark.parametrize("which", ["queued_runs", "cpu_seconds_per_day"])
def test_of_submissions_at_once_no_more_pass_than_the_budget_allows(house: House, which: str) -> None:
    """Each is its own claim, so nothing but the budget makes them wait for each other."""
    room = {"queued_runs": 3, "cpu_seconds_per_day": 3 * reserved(house) // 1000}
    budgets = Budgets(**{which: room[which]})
    for turn in range(3):
        account = f"key_{turn}"
        calls = [lambda n=n, a=account: submit(house, f"{n}.5", budgets, a) for n in range(8)]
        answers = at_once(*calls)
        assert sum(isinstance(item, Submitted) for item in answers) == 3
        refused = [item for item in answers if isinstance(item, BaseException)]
        assert {type(item) for item in refused} == {BudgetUsed}
        assert used(house, account).runs == 3
        house.change("UPDATE run SET state = 'cancelled' WHERE state = 'queued'")
        house.change("UPDATE verification SET state = 'cancelled' WHERE state = 'queued'")


def test_what_is_refused_leaves_nothing(house: House) -> None:
    submit(house, "1.5", Budgets(queued_runs=1))
    before = {name: house.count(name) for name in ("verification", "run", "claim", "seal", "event", "artifact")}
    with pytest.raises(BudgetUsed):
        submit(house, "2.5", Budgets(queued_runs=1))
    assert {name: house.count(name) for name in before} == before


def test_the_same_seal_costs_nothing(house: House) -> None:
    first = submit(house, "1.5", Budgets(queued_runs=1))
    again = submit(house, "1.5", Budgets(queued_runs=1))
    assert (again.verification_id, again.created) == (first.verification_id, False)
    with pytest.raises(BudgetUsed):
        house.submit(a_claim(an_expectation("1.5")), account=Account("key_a", Budgets(queued_runs=1)), force=True)


def test_what_was_taken_before_a_cancellation_stays_taken(house: House) -> None:
    """Else whoever cancels shortly before the end would compute for nothing, again and again."""
    budgets = Budgets(cpu_seconds_per_day=reserved(house) // 1000)
    first = submit(house, "1.5", budgets)
    claimed = house.claim(first.run_ids[0])
    assert actions.cancel(house.parts, first.verification_id)
    assert used(house).cpu_ms == reserved(house)
    actions.cancel_run(house.parts, claimed, cpu_ms=59_000, gpu_ms=7_000)
    assert (used(house).cpu_ms, used(house).gpu_ms) == (59_000, 7_000)
    with pytest.raises(BudgetUsed):
        submit(house, "2.5", budgets)


def test_what_a_verdict_did_not_need_comes_back(house: House) -> None:
    most = reserved(house)
    budgets = Budgets(cpu_seconds_per_day=most // 1000 + 1)
    first = house.submit(account=Account("key_a", budgets))
    assert used(house).cpu_ms == most
    with pytest.raises(BudgetUsed) as caught:
        submit(house, "2.5", budgets)
    created = house.verification(first.verification_id).created_at
    assert caught.value.frees_at == created.replace(tzinfo=UTC) + timedelta(days=1)
    house.run_all(first.verification_id)
    assert actions.conclude(house.parts, first.verification_id) is not None
    assert 0 < used(house).cpu_ms < 1_000  # the hand that executes says a few milliseconds for each run
    submit(house, "2.5", budgets)


def test_a_day_later_it_counts_no_more(house: House) -> None:
    submit(house, "1.5", Budgets())
    assert used(house).cpu_ms > 0
    yesterday = datetime.now(UTC) - timedelta(hours=24, seconds=1)
    house.change("UPDATE verification SET created_at = :at", at=yesterday)
    assert used(house).cpu_ms == 0
    assert used(house).runs == 1  # a run that waits does so whenever it was asked for


def test_a_cancelled_one_counts_what_it_took(house: House) -> None:
    found = submit(house, "1.5", Budgets())
    actions.cancel(house.parts, found.verification_id)
    assert used(house) == Usage()


def test_one_account_knows_nothing_of_another(house: House) -> None:
    submit(house, "1.5", Budgets(queued_runs=1))
    submit(house, "2.5", Budgets(queued_runs=1), "key_b")
    house.submit(a_claim(an_expectation("3.5")))  # of nobody's account
    assert [used(house, name).runs for name in ("key_a", "key_b", "key_c")] == [1, 1, 0]


def test_a_failure_of_ours_is_begun_again_whatever_is_left(house: House) -> None:
    budgets = Budgets(queued_runs=1)
    lost = submit(house, "1.5", budgets)
    actions.fault_verification(house.parts, lost.verification_id, "WORKER_LOST", "It went away.")
    submit(house, "2.5", budgets)
    asks = Caller("demo", USUAL, "key_a", account=Account("key_a", budgets))
    with pytest.raises(BudgetUsed):
        actions.retry(house.parts, lost.verification_id, asks)
    again = actions.retry(house.parts, lost.verification_id)  # by the service itself
    assert again is not None
    assert house.verification(again.verification_id).account == "key_a"
    assert used(house).runs == 2


def test_a_key_and_its_successors_share_their_budgets(house: House) -> None:
    parts = house.parts
    first, _ = actions.create_key(parts, NewKey("demo", "", USUAL, None, Budgets(1, 2, 3, 4)))
    second = rotated(house, first)
    third = rotated(house, second)
    with parts.store.read() as session:
        rows: list[Any] = [api_keys.get(session, key) for key in (first, second, third)]
    assert {row["account"] for row in rows} == {first}
    assert {api_keys.budgets_of(row) for row in rows} == {Budgets(1, 2, 3, 4)}
    submit(house, "1.5", Budgets(), first)
    with parts.store.read() as session:
        assert {row["used"]["queued_runs"] for row in api_keys.listed(session)} == {1}


def rotated(house: House, key: str) -> str:
    made = actions.rotate_key(house.parts, key, timedelta(days=1))
    assert made is not None
    return made[0]
