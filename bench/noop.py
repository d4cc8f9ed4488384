"""A Celery task that does nothing, with the service's own settings: what the queue alone costs."""

from __future__ import annotations

import os
from pathlib import Path

from app.queue import celery_app
from app.settings import Settings

app = celery_app(Settings())


@app.task(name="bench.noop")
def noop(path: str) -> None:
    """Append one byte, so that the sender sees that the task has run; no result backend takes part."""
    descriptor = os.open(Path(path), os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b".")
    os.close(descriptor)
