"""What commits are to be told about claims, and what they were told last.

Theory of operation. A report is one row for each name of a status on a commit, and a name belongs to one bundle there
(`app.core.hook_words.contexts`). It is due when its commit was told nothing yet, or was told "pending" about a verification
that has ended since; so nobody needs to say that a verification ended, and nothing is lost when nobody does. It is taken as
deliveries are (`app.store.hooks`). What is written anew while its commit is being told waits until that is over, so that an
older word never comes behind a newer one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, or_, select, update
from sqlmodel import Session, col

from app.core.hook_change import CONTEXT
from app.core.hook_words import contexts
from app.core.lifecycle import VERIFICATION, final
from app.store.engine import database_time
from app.store.ids import new_id
from app.store.source_tables import DETAIL_MAX, PAUSES, ReportRow
from app.store.tables import Verification
from app.store.taking_turns import take_turns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ENDED = col(Verification.state).in_(sorted(final(VERIFICATION)))
OPEN = or_(col(ReportRow.told).is_(None), and_(col(ReportRow.told) == "pending", _ENDED))


@dataclass(frozen=True)
class Report:
    """What a commit is to be told, and about which verification."""

    id: str
    source_id: str
    repository: str
    repository_id: str
    sha: str
    context: str
    folder: str
    lines: Mapping[str, int]
    refusal: str | None
    verification_id: str | None
    check_run: str | None
    attempts: int
    held_until: float  # it is ours to tell


@dataclass(frozen=True)
class NewReport:
    """A report to be made."""

    source_id: str
    repository: str
    repository_id: str
    sha: str
    context: str
    folder: str
    lines: Mapping[str, int]
    refusal: str | None = None
    verification_id: str | None = None


def put_report(session: Session, new: NewReport) -> None:
    """Write what a commit is to be told about a claim, in the place of what it was to be told before of the same folder."""
    take_turns(session, "report", new.source_id, new.sha)
    names = contexts(new.context, new.folder)
    place = (
        col(ReportRow.source_id) == new.source_id,
        col(ReportRow.sha) == new.sha,
        col(ReportRow.context).in_(names),
    )
    query = select(col(ReportRow.context), col(ReportRow.folder)).where(*place)
    known = {row.context: row.folder for row in session.connection().execute(query)}
    context = next(name for name in names if known.get(name, new.folder) == new.folder)
    this = (*place[:2], col(ReportRow.context) == context)
    row = session.execute(select(ReportRow).where(*this).with_for_update()).scalars().first()
    if row is None:
        row = ReportRow(
            id=new_id("hkr"),
            source_id=new.source_id,
            repository=new.repository,
            repository_id=new.repository_id,
            sha=new.sha,
            context=context,
            folder=new.folder,
            lines="{}",
            attempts=0,
            due_at=0.0,
            error="",
            created_at=datetime.now(UTC),
        )
        session.add(row)
    row.lines, row.refusal = json.dumps(dict(new.lines)), new.refusal
    row.verification_id = new.verification_id
    row.told, row.attempts, row.error = None, 0, ""
    row.due_at = max(database_time(session), row.held_until or 0.0)
    session.flush()


def take_report(session: Session, patience_seconds: float) -> Report | None:
    """Take a report that is due, and count the attempt."""
    now = database_time(session)
    query = (
        select(ReportRow)
        .outerjoin(Verification, col(Verification.id) == ReportRow.verification_id)
        .where(OPEN, col(ReportRow.due_at) <= now)
        .order_by(col(ReportRow.due_at), col(ReportRow.id))
        .limit(1)
        .with_for_update(skip_locked=True, of=ReportRow)
    )
    row = session.execute(query).scalars().first()
    if row is None:
        return None
    row.attempts, row.due_at = row.attempts + 1, now + patience_seconds
    row.held_until = held_until = row.due_at
    session.flush()
    return Report(
        id=row.id,
        source_id=row.source_id,
        repository=row.repository,
        repository_id=row.repository_id,
        sha=row.sha,
        context=row.context,
        folder=row.folder,
        lines=json.loads(row.lines),
        refusal=row.refusal,
        verification_id=row.verification_id,
        check_run=row.check_run,
        attempts=row.attempts,
        held_until=held_until,
    )


def told(  # noqa: PLR0913 - what was told
    session: Session, report: Report, state: str, check_run: str | None, *, said: str, error: str
) -> None:
    """Write down what a commit was told, or why nobody could be; it is told again when its verification ends.

    Args:
        session: of a transaction.
        report: what it is about.
        state: of the status.
        check_run: the forge's number of it; None: there is none.
        said: the sentence of the status.
        error: why nobody heard it; "" where the forge took it.

    """
    values: dict[str, Any] = {"told": state, "check_run": check_run, "attempts": 0, "error": error}
    values |= {} if error else {"said": said[:DETAIL_MAX], "told_at": datetime.now(UTC)}
    session.connection().execute(_this(report).values(values))
    _let_go(session, report, database_time(session))


def not_told(session: Session, report: Report, error: str) -> bool:
    """Leave a report for another attempt; False: there were enough."""
    over = report.attempts > len(PAUSES)
    due = database_time(session) + PAUSES[min(report.attempts, len(PAUSES)) - 1]
    values = {"error": error[:DETAIL_MAX]} | ({"told": "given up"} if over else {})
    ours = session.connection().execute(_this(report).values(values)).rowcount == 1
    _let_go(session, report, due if ours else database_time(session))
    return not over


def _let_go(session: Session, report: Report, due_at: float) -> None:
    """Hold a report no longer, unless somebody else does by now."""
    ours = (col(ReportRow.id) == report.id, col(ReportRow.held_until) == report.held_until)
    session.connection().execute(update(ReportRow).where(*ours).values(held_until=None, due_at=due_at))


def _this(report: Report) -> Any:
    """Return the change of a report, unless it was written or taken anew since."""
    same = col(ReportRow.verification_id).is_not_distinct_from(report.verification_id)
    return update(ReportRow).where(col(ReportRow.id) == report.id, col(ReportRow.attempts) == report.attempts, same)


def refused(session: Session, source_id: str, sha: str, context: str) -> bool:
    """Whether a commit was, or is to be, told under a name that something was not taken in."""
    place = (col(ReportRow.source_id) == source_id, col(ReportRow.sha) == sha, col(ReportRow.context) == context)
    found = session.connection().execute(select(col(ReportRow.refusal)).where(*place)).scalar()
    return bool(found)


def reported_folders(session: Session, source_id: str, sha: str, contexts: Sequence[str]) -> list[str]:
    """Return the folders of the claims that were reported on a commit before, of these names or of any.

    What was said of the commit as a whole, such as that it is a fork's and is not run, speaks of no claim.
    """
    query = select(col(ReportRow.folder)).where(
        col(ReportRow.source_id) == source_id, col(ReportRow.sha) == sha, col(ReportRow.context) != CONTEXT
    )
    if contexts:
        query = query.where(col(ReportRow.context).in_(contexts))
    return sorted(set(session.connection().execute(query).scalars()))


def awaited(session: Session, verification_id: str) -> bool:
    """Whether a commit waits for a verification."""
    query = select(col(ReportRow.id)).where(col(ReportRow.verification_id) == verification_id).limit(1)
    return session.connection().execute(query).first() is not None


def move_reports(session: Session, old: str, new: str) -> None:
    """Let the commits that wait for a verification wait for the one that was begun in its place."""
    moved = update(ReportRow).where(col(ReportRow.verification_id) == old)
    now = database_time(session)
    due = case((col(ReportRow.held_until) > now, col(ReportRow.held_until)), else_=now)
    values = {"verification_id": new, "told": None, "attempts": 0, "due_at": due}
    session.connection().execute(moved.values(values))


def replay(session: Session, report_id: str) -> bool:
    """Let a commit be told now what it was never told; False: it was told, is being told, or there is nothing to tell."""
    now = database_time(session)
    again = {"told": None, "attempts": 0, "due_at": now, "held_until": None, "error": ""}
    untold = or_(col(ReportRow.told).is_(None), col(ReportRow.error) != "")
    free = or_(col(ReportRow.held_until).is_(None), col(ReportRow.held_until) <= now)
    change = update(ReportRow).where(col(ReportRow.id) == report_id, untold, free)
    return session.connection().execute(change.values(again)).rowcount == 1
