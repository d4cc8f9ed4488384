"""Task name -> function. Each task is one line over the story it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.queue import (
    AUDIT_TASK,
    CHECKPOINT_TASK,
    DELIVER_TASK,
    HOOKS_TASK,
    JUDGE_TASK,
    OUTSIDE_QUEUE,
    RUN_TASK,
    SWEEP_TASK,
    TIDY_TASK,
)
from workers import audit, judge, sweep, verify
from workers.clerk import Clerk
from workers.deliver import Messenger
from workers.hands import ALL_QUEUES, Hands, Presence
from workers.outside import way_out

if TYPE_CHECKING:
    from celery import Celery

    from app.settings import Settings

_settings: Settings | None = None
_queues: tuple[str, ...] = ALL_QUEUES
_hands: Hands | None = None
_presence: Presence | None = None
_messenger: Messenger | None = None
_clerk: Clerk | None = None


def register(app: Celery, settings: Settings) -> None:
    """Give every task name its function; in this application alone, for a `Queue` has one of its own."""
    global _settings  # noqa: PLW0603 - Celery imports tasks before any object of ours exists
    _settings = settings

    @app.task(name=RUN_TASK, shared=False)
    def run(run_id: str) -> None:
        verify.execute_run(hands(), run_id)

    @app.task(name=JUDGE_TASK, shared=False)
    def judge_verification(verification_id: str) -> None:
        judge.conclude(hands(), verification_id)

    @app.task(name=SWEEP_TASK, shared=False)
    def sweep_up() -> None:
        sweep.sweep(hands())

    @app.task(name=TIDY_TASK, shared=False)
    def tidy_up() -> None:
        sweep.tidy(hands())

    @app.task(name=CHECKPOINT_TASK, shared=False)
    def make_checkpoint() -> None:
        sweep.make_checkpoint(hands())

    @app.task(name=AUDIT_TASK, shared=False)
    def audit_evidence() -> None:
        audit.audit(hands())

    @app.task(name=DELIVER_TASK, shared=False)
    def deliver_due() -> None:
        hands()
        if _messenger is not None:
            _messenger.wake()

    @app.task(name=HOOKS_TASK, shared=False)
    def see_to_hooks() -> None:
        hands()
        if _clerk is not None:
            _clerk.wake()

    # Kept alive by the registry; named here so that the list of tasks can be read in one place.
    del run, judge_verification, sweep_up, tidy_up, make_checkpoint, audit_evidence, deliver_due, see_to_hooks


def begin(queues: tuple[str, ...] = ALL_QUEUES) -> None:
    """Open this process's hands; called once in every pool child, after the fork."""
    global _queues  # noqa: PLW0603 - as above
    _queues = queues
    hands()


def end() -> None:
    """Close this process's hands."""
    global _hands, _presence, _messenger, _clerk  # noqa: PLW0603 - as above
    if _messenger is not None:
        _messenger.stop()
        _messenger = None
    if _clerk is not None:
        _clerk.stop()
        _clerk = None
    if _presence is not None:
        _presence.stop()
        _presence = None
    if _hands is not None:
        _hands.close()
        _hands = None


def hands() -> Hands:
    """Return this process's hands, opened on first use: a database that was away at the start may be back."""
    global _hands, _presence, _messenger, _clerk  # noqa: PLW0603 - as above
    if _hands is None:
        if _settings is None:
            raise RuntimeError("register() comes first")
        _hands = Hands.open(_settings, _queues)
        _presence = Presence(_hands)
        _presence.start()
        if OUTSIDE_QUEUE in _queues:
            _messenger = Messenger(_hands.parts, way_out(_settings))
            _messenger.start()
            _clerk = Clerk(_hands.parts, way_out(_settings))
            _clerk.start()
    return _hands
