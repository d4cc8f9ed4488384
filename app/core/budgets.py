"""Budgets of a key: what is compared with what, once for every submission.

    queued_runs            runs that wait or go on, and the first runs of the submission
    cpu_seconds_per_day    what the submissions of the last 24 hours took; as long as one of them goes on, the most that it
    gpu_seconds_per_day    may take: its limit for one run, times the runs that a verdict takes at most

A day's budget is thus never overrun, and what a verdict did not need comes back when it ends. GPU time is wall time, times
the GPUs that were held.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.core.errors import AssayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.caller import Budgets
    from app.core.model import Limits

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Need:
    """What a submission may take at most."""

    runs: int = 0  # that are queued with it
    cpu_ms: int = 0
    gpu_ms: int = 0


@dataclass(frozen=True)
class Usage:
    """What counts against a key's budgets now; each of the submissions of the last 24 hours with its own."""

    runs: int = 0
    cpu_ms: int = 0
    gpu_ms: int = 0
    taken: Sequence[tuple[datetime, int, int]] = ()  # moment, CPU and GPU milliseconds; oldest first


class BudgetUsed(AssayError):
    """A submission does not fit into a budget of its key.

    Attributes:
        budget: its name.
        used: what counts against it, in runs or seconds.
        needed: what the submission would add.
        limit: the budget.
        frees_at: when enough of it is free at the latest; None where that cannot be told.

    """

    def __init__(  # noqa: PLR0913 - what is told of a budget
        self, budget: str, used: float, needed: float, limit: int, frees_at: datetime | None, *, ever: bool
    ) -> None:
        unit = "runs" if budget == "queued_runs" else "seconds"
        told = f"{used:g} of {limit} {unit} are used, and this claim may take {needed:g}"
        if not ever:
            remedy = "lower the limits of the claim, or ask the operator for a larger budget"
        elif frees_at is None:
            remedy = "send it again when some of these runs have ended"
        else:
            remedy = f"send it again when they are free: at {frees_at:%Y-%m-%dT%H:%M:%SZ} at the latest"
        super().__init__("budget-used" if ever else "budget-too-small", f"the budget {budget}: {told}", remedy)
        self.budget, self.used, self.needed, self.limit, self.frees_at = budget, used, needed, limit, frees_at


def need(limits: Limits, first_runs: int, runs_at_most: int) -> Need:
    """Return what a verification may take: so many runs are queued with it, so many may follow."""
    return Need(first_runs, limits.cpu_ms * runs_at_most, limits.wall_ms * limits.gpus * runs_at_most)


def judge(budgets: Budgets, usage: Usage, wanted: Need) -> None:
    """Let a submission pass that fits into every budget of its key.

    Raises:
        BudgetUsed: it does not fit into one.

    """
    limit = budgets.queued_runs
    if limit is not None and usage.runs + wanted.runs > limit:
        raise BudgetUsed("queued_runs", usage.runs, wanted.runs, limit, None, ever=wanted.runs <= limit)
    _judge_day(
        "cpu_seconds_per_day",
        budgets.cpu_seconds_per_day,
        usage.cpu_ms,
        wanted.cpu_ms,
        [(at, cpu) for at, cpu, _ in usage.taken],
    )
    _judge_day(
        "gpu_seconds_per_day",
        budgets.gpu_seconds_per_day,
        usage.gpu_ms,
        wanted.gpu_ms,
        [(at, gpu) for at, _, gpu in usage.taken],
    )


def _judge_day(budget: str, limit: int | None, used: int, wanted: int, taken: Sequence[tuple[datetime, int]]) -> None:
    if limit is None or wanted == 0 or used + wanted <= limit * 1000:
        return
    left, frees_at = used + wanted - limit * 1000, None
    for moment, took in taken:
        left -= took
        if left <= 0:
            frees_at = moment + DAY
            break
    raise BudgetUsed(budget, used / 1000, wanted / 1000, limit, frees_at, ever=wanted <= limit * 1000)
