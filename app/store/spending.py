"""What counts against the budgets of keys, from the rows of verifications (see `app.core.budgets`).

A verification remembers whose budgets it counts against (`account`: the first key of a line of rotated ones), the most
that it may take, and what its runs took. The first counts while runs wait or go on, the second afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, select, update
from sqlmodel import Session, col

from app.core.budgets import DAY, Usage
from app.store.tables import RunRow, Verification

if TYPE_CHECKING:
    from collections.abc import Iterable

LIVE = ("queued", "running")
_GOES_ON = col(Verification.state).in_(LIVE)
_CPU = case((_GOES_ON, col(Verification.cpu_ms_reserved)), else_=col(Verification.cpu_ms))
_GPU = case((_GOES_ON, col(Verification.gpu_ms_reserved)), else_=col(Verification.gpu_ms))
_ACCOUNT: Any = col(Verification.account)
_IN = _ACCOUNT.in_(bindparam("accounts", expanding=True))
_LATELY = col(Verification.created_at) > bindparam("since", type_=Verification.__table__.c.created_at.type)  # type: ignore[attr-defined]

_SPENT = select(_ACCOUNT, func.sum(_CPU), func.sum(_GPU)).where(_IN, _LATELY).group_by(_ACCOUNT)
_RUNS = (
    select(_ACCOUNT, func.count())
    .join(RunRow, col(RunRow.verification_id) == Verification.id)
    .where(_IN, _GOES_ON, col(RunRow.state).in_(LIVE))
    .group_by(_ACCOUNT)
)
_ONE_BY_ONE = (
    select(col(Verification.created_at), _CPU, _GPU).where(_IN, _LATELY).order_by(col(Verification.created_at))
)
_TOOK = (
    update(Verification)
    .where(col(Verification.id) == bindparam("verification"), _ACCOUNT.is_not(None))
    .values(
        cpu_ms=col(Verification.cpu_ms) + bindparam("cpu"),
        gpu_ms=col(Verification.gpu_ms) + bindparam("gpu"),
    )
)


def usage(session: Session, accounts: Iterable[str]) -> dict[str, Usage]:
    """Return what counts against the budgets of accounts; one that used nothing has an empty usage."""
    wanted = list(accounts)
    known = {"accounts": wanted, "since": datetime.now(UTC) - DAY}
    found = dict.fromkeys(wanted, Usage())
    connection = session.connection()
    for account, cpu, gpu in connection.execute(_SPENT, known):
        found[account] = replace(found[account], cpu_ms=int(cpu or 0), gpu_ms=int(gpu or 0))
    for account, runs in connection.execute(_RUNS, known):
        found[account] = replace(found[account], runs=runs)
    return found


def taken(session: Session, account: str) -> list[tuple[datetime, int, int]]:
    """Return the submissions of the last 24 hours, oldest first: moment, CPU and GPU milliseconds."""
    rows = session.connection().execute(_ONE_BY_ONE, {"accounts": [account], "since": datetime.now(UTC) - DAY})
    return [(row[0] if row[0].tzinfo else row[0].replace(tzinfo=UTC), row[1], row[2]) for row in rows]


def note(session: Session, verification_id: str, cpu_ms: int, gpu_ms: int) -> None:
    """Add what a run took to what its verification took; nothing where it counts against nobody's budgets."""
    session.connection().execute(_TOOK, {"verification": verification_id, "cpu": cpu_ms, "gpu": gpu_ms})
