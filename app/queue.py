"""Nudges: short messages that say "look at this row now".

The database is the truth. A lost nudge costs seconds, because the sweeper repeats it; a doubled nudge costs nothing,
because claiming a run is one conditional UPDATE. So sending may fail without failing the request: the row that was
committed before is the outbox. Tasks are named here as strings, so that the web process never imports what they run.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from celery import Celery
from kombu.exceptions import OperationalError

if TYPE_CHECKING:
    from app.settings import Settings

log = logging.getLogger(__name__)

RUN_TASK = "assay.run"
JUDGE_TASK = "assay.judge"
SWEEP_TASK = "assay.sweep"
TIDY_TASK = "assay.tidy"
CHECKPOINT_TASK = "assay.checkpoint"
AUDIT_TASK = "assay.audit"
DELIVER_TASK = "assay.deliver"
HOOKS_TASK = "assay.hooks"
_OF_JUDGES = (JUDGE_TASK, SWEEP_TASK, TIDY_TASK, CHECKPOINT_TASK, AUDIT_TASK)
_OUTSIDE = (DELIVER_TASK, HOOKS_TASK)
TASK_NAMES = (RUN_TASK, *_OF_JUDGES, *_OUTSIDE)

CPU_QUEUE = "cpu"
GPU_QUEUE = "gpu"
JUDGE_QUEUE = "judge"
OUTSIDE_QUEUE = "outside"  # whoever serves it speaks to hosts that strangers name, and needs neither boxes nor keys

#: A request thread must not wait for a dead broker: no second try (a connection that broke is opened anew by itself), and
#: a nudge is answered within milliseconds or not at all. Workers wait longer, for their connection idles by design.
PRODUCER_OPTIONS = {"max_retries": 0, "socket_timeout": 3}


def celery_app(settings: Settings) -> Celery:
    """Return the Celery application that producers and workers share.

    The settings follow from delivery at least once: acknowledge late, reserve one message a slot, never redeliver on a
    lost child (attempts are counted in the database). Visibility is set on both sides because Redis applies the
    producer's too.
    """
    app = Celery("assay", broker=settings.broker, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        task_serializer="json",
        accept_content=["json"],
        task_default_queue=CPU_QUEUE,
        task_routes={task: {"queue": JUDGE_QUEUE} for task in _OF_JUDGES}
        | {task: {"queue": OUTSIDE_QUEUE} for task in _OUTSIDE},
        task_create_missing_queues=True,
        worker_soft_shutdown_timeout=5,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,  # nothing uses it; one less reader on the broker
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_publish_retry=False,
        broker_transport_options={
            "visibility_timeout": 3600,
            "socket_timeout": 15,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "unacked_restore_throttle": 1,
        },
    )
    return app


class Queue:
    """Sends nudges by task name."""

    def __init__(self, settings: Settings) -> None:
        self.celery = celery_app(settings)
        self.celery.conf.broker_transport_options |= PRODUCER_OPTIONS

    def nudge_run(self, run_id: str, queue: str = CPU_QUEUE) -> bool:
        """Ask a worker of `queue` to look at a run; False when the broker could not be reached."""
        return self._send(RUN_TASK, run_id, queue)

    def nudge_judge(self, verification_id: str) -> bool:
        """Ask a judge to conclude a verification; False when the broker could not be reached."""
        return self._send(JUDGE_TASK, verification_id, JUDGE_QUEUE)

    def nudge_checkpoint(self) -> bool:
        """Ask a judge for a checkpoint of the ledger; False when the broker could not be reached."""
        return self._send(CHECKPOINT_TASK, None, JUDGE_QUEUE)

    def nudge_audit(self) -> bool:
        """Ask a judge for the next step of an audit; False when the broker could not be reached."""
        return self._send(AUDIT_TASK, None, JUDGE_QUEUE)

    def nudge_deliver(self) -> bool:
        """Ask for the deliveries that are due to be made; False when the broker could not be reached."""
        return self._send(DELIVER_TASK, None, OUTSIDE_QUEUE)

    def nudge_hooks(self) -> bool:
        """Ask for what forges told us, and what commits are to be told, to be seen to; False: no broker was reached."""
        return self._send(HOOKS_TASK, None, OUTSIDE_QUEUE)

    def ping(self) -> None:
        """Touch the broker; raises `kombu.exceptions.OperationalError` when it is not there."""
        with self.celery.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=3)

    def close(self) -> None:
        """Give the broker connections back."""
        self.celery.close()

    def _send(self, task: str, subject: str | None, queue: str) -> bool:
        try:
            self.celery.send_task(task, args=[] if subject is None else [subject], queue=queue)
        except (OperationalError, OSError) as error:
            log.warning("nudge %s(%s) not sent, the sweeper will repeat it: %s", task, subject or "", error)
            return False
        return True
