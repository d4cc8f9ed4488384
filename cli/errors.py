"""What can go wrong between the command and a service.

Light to import: the command's door catches these before it knows which of the heavier modules a command needs.
"""

from __future__ import annotations

from http import HTTPStatus

from assay_client.errors import ServiceError, Unreachable

__all__ = ["CannotServe", "ServiceError", "Unreachable", "way_in"]


class CannotServe(Exception):
    """The house could not be started or kept up; the message says why and what to do."""


def way_in(error: ServiceError) -> str:
    """Return what to do when a service let nobody in; "" for every other error."""
    match error.status:
        case HTTPStatus.UNAUTHORIZED:
            return (
                "Set ASSAY_TOKEN to a key of this service. In a pipeline it comes from a secret, which changes of forks do"
                " not get: have those verified in the runner."
            )
        case HTTPStatus.FORBIDDEN:
            return "Set ASSAY_TOKEN to a key that may do this; the service's operator sees the scopes by `assay keys list`."
        case _:
            return ""
