"""The last words of a service's runs, for which one log is fetched; `app.core.complaint` says what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core import complaint
from app.core.complaint import BYTES_READ_MAX
from cli.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay_client import Client


def with_words(client: Client, verification: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a service's verification with the `stderr` of the run that says why nothing was measured.

    A log that cannot be had takes no verdict away: then there is none.
    """
    verdict = verification["verdict"]
    if verdict is None:
        return verification

    def log(run_id: str) -> bytes:
        return client.log(run_id, "stderr", -BYTES_READ_MAX)

    try:
        runs = complaint.with_words(verdict["comparisons"], verification["runs"], log)
    except ServiceError:
        return verification
    return {**verification, "runs": runs}
