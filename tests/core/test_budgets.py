"""Budgets: what fits, what does not, and when it will."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.core.budgets import BudgetUsed, Need, Usage, judge, need
from app.core.caller import Budgets
from app.core.model import Limits

MORNING = datetime(2026, 5, 4, 8, tzinfo=UTC)
LIMITS = Limits(
    wall_ms=60_000, cpu_ms=30_000, cpus=1, memory_bytes=1 << 30, processes=64, scratch_bytes=1 << 28, gpus=2
)


def test_what_a_verification_may_take_is_its_limits_times_its_runs() -> None:
    assert need(LIMITS, 1, 10) == Need(runs=1, cpu_ms=300_000, gpu_ms=1_200_000)
    assert need(LIMITS.model_copy(update={"gpus": 0}), 3, 5) == Need(runs=3, cpu_ms=150_000, gpu_ms=0)


@pytest.mark.parametrize(
    "budgets",
    [
        Budgets(),
        Budgets(queued_runs=5),
        Budgets(cpu_seconds_per_day=100),
        Budgets(gpu_seconds_per_day=50),
        Budgets(1, 5, 50, 100),
    ],
)
def test_what_fills_a_budget_to_the_brim_passes(budgets: Budgets) -> None:
    judge(budgets, Usage(runs=3, cpu_ms=60_000, gpu_ms=20_000), Need(runs=2, cpu_ms=40_000, gpu_ms=30_000))


@pytest.mark.parametrize(
    ("budgets", "name", "used", "needed", "limit"),
    [
        (Budgets(queued_runs=4), "queued_runs", 3, 2, 4),
        (Budgets(cpu_seconds_per_day=99), "cpu_seconds_per_day", 60, 40, 99),
        (Budgets(gpu_seconds_per_day=49), "gpu_seconds_per_day", 20, 30, 49),
    ],
)
def test_what_overflows_one_is_told_which_and_by_how_much(
    budgets: Budgets, name: str, used: float, needed: float, limit: int
) -> None:
    with pytest.raises(BudgetUsed) as caught:
        judge(budgets, Usage(runs=3, cpu_ms=60_000, gpu_ms=20_000), Need(runs=2, cpu_ms=40_000, gpu_ms=30_000))
    found = caught.value
    assert (found.budget, found.used, found.needed, found.limit) == (name, used, needed, limit)
    assert (found.code, found.frees_at) == ("budget-used", None)
    assert f"{used} of {limit}" in found.detail


def test_it_is_told_when_enough_is_free() -> None:
    """50 of 100 s are taken at eight, 45 at nine: 20 s are free again when the first have gone, 60 s only after both."""
    taken = [(MORNING, 50_000, 0), (MORNING + timedelta(hours=1), 45_000, 0)]
    usage = Usage(cpu_ms=95_000, taken=taken)
    for wanted, hours in ((20_000, 24), (55_000, 24), (55_001, 25), (100_000, 25)):
        with pytest.raises(BudgetUsed) as caught:
            judge(Budgets(cpu_seconds_per_day=100), usage, Need(cpu_ms=wanted))
        assert caught.value.frees_at == MORNING + timedelta(hours=hours), wanted
        assert caught.value.code == "budget-used"


@pytest.mark.parametrize(
    ("budgets", "wanted"),
    [
        (Budgets(queued_runs=1), Need(runs=2)),
        (Budgets(cpu_seconds_per_day=1), Need(cpu_ms=1_001)),
        (Budgets(gpu_seconds_per_day=1), Need(gpu_ms=1_001)),
    ],
)
def test_what_never_fits_is_not_told_to_wait(budgets: Budgets, wanted: Need) -> None:
    with pytest.raises(BudgetUsed, match="Lower the limits of the claim") as caught:
        judge(budgets, Usage(), wanted)
    assert caught.value.code == "budget-too-small"


def test_a_used_up_budget_does_not_stop_what_needs_none_of_it() -> None:
    judge(Budgets(gpu_seconds_per_day=1), Usage(gpu_ms=5_000), Need(runs=1, cpu_ms=1_000, gpu_ms=0))
