"""Celery assembly: `celery -A workers.main worker -Q cpu,gpu,judge -c 2 -B`.

Every pool child gets its own `Hands` (database connections, sandbox slot) after the fork. Celery gives it the kernel's order
to die with its parent, or it would go on renewing leases after a killed worker; the embedded beat gets that order here.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
from typing import Any

from celery import signals

from app.core.errors import Fault
from app.queue import AUDIT_TASK, CPU_QUEUE, GPU_QUEUE, JUDGE_QUEUE, SWEEP_TASK, TIDY_TASK, celery_app
from app.settings_words import misspelt, read_settings
from app.store.engine import Store
from workers import tasks
from workers.hands import hides_state
from workers.keyring import judge_key

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
AUDIT_LOOK_SECONDS = 600  # so often it is looked whether an audit is due, or one was cut off

for told in misspelt(os.environ):
    log.warning("%s", told)
try:
    settings = read_settings()
except Fault as fault:
    raise SystemExit(f"a setting is wrong: {fault}") from None
app = celery_app(settings)
tasks.register(app, settings)
app.conf.beat_schedule = {
    # `expires`: sweeps that piled up while the broker or all workers were away would say the same thing many times
    "sweep": {"task": SWEEP_TASK, "schedule": settings.sweep_seconds, "options": {"expires": settings.sweep_seconds}},
    "audit": {"task": AUDIT_TASK, "schedule": AUDIT_LOOK_SECONDS, "options": {"expires": AUDIT_LOOK_SECONDS}},
    "tidy": {"task": TIDY_TASK, "schedule": settings.tidy_seconds, "options": {"expires": settings.tidy_seconds}},
}


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that forked it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@signals.worker_init.connect
def _parent_begins(**_: Any) -> None:
    """Refuse to work on a database without its rules, to judge without a key, or to show boxes what is the service's own.

    Before any child is there to try.
    """
    store = Store(settings.database, pool_size=1)
    try:
        store.check()
        if JUDGE_QUEUE in app.amqp.queues.consume_from:
            judge_key(settings)
        if {CPU_QUEUE, GPU_QUEUE} & set(app.amqp.queues.consume_from):
            hides_state(settings)
    except Fault as fault:
        log.critical("%s", fault)
        raise SystemExit(1) from fault
    finally:
        store.close()  # no connection may cross the fork


@signals.worker_process_init.connect
def _child_begins(**_: Any) -> None:
    tasks.begin(tuple(app.amqp.queues.consume_from))


@signals.worker_process_shutdown.connect
def _child_ends(**_: Any) -> None:
    tasks.end()


@signals.beat_embedded_init.connect
def _beat_begins(**_: Any) -> None:
    die_with_parent()


@signals.worker_ready.connect
def _worker_ready(**_: Any) -> None:
    log.info("worker ready")
    app.send_task(SWEEP_TASK)
