"""What a script complained of in the logs that are kept, where its verdict rests on no measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.complaint import BYTES_READ_MAX, complaint, with_words
from app.store import lists
from app.store.errors import BlobMissing
from app.store.visible import EVERYTHING

if TYPE_CHECKING:
    from app.actions.parts import Parts
    from app.store.views import VerificationView


def complaint_of(parts: Parts, view: VerificationView) -> tuple[str, list[str]] | None:
    """Return the run that says most about why nothing was measured, and its last words; None: there is nothing to say.

    A log that cannot be had takes no verdict away: then there are none.
    """
    if view.verdict is None:
        return None
    comparisons = view.verdict["comparisons"]
    try:
        return complaint(comparisons, with_words(comparisons, view.runs, lambda run_id: _end_of_log(parts, run_id)))
    except BlobMissing:
        return None


def _end_of_log(parts: Parts, run_id: str) -> bytes:
    with parts.store.read() as session:
        run = lists.run(session, run_id, EVERYTHING)
    digest = run["stderr"] if run else None
    if digest is None:
        return b""
    return parts.blobs.read_part(digest, max(0, parts.blobs.size(digest) - BYTES_READ_MAX), BYTES_READ_MAX)
