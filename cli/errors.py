"""What can go wrong between the command and a service.

Light to import: the command's door catches these before it knows which of the heavier modules a command needs.
"""

from __future__ import annotations

from assay_client.errors import ServiceError, Unreachable

__all__ = ["CannotServe", "ServiceError", "Unreachable"]


class CannotServe(Exception):
    """The house could not be started or kept up; the message says why and what to do."""
