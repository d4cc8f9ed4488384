"""A client of an Assay service, for programs: `Client`, and `AsyncClient` with the same methods.

Theory of operation. What is asked and what is made of the answers is written once, in `flows`, as generators that yield
requests and pauses and are sent answers; they do no input or output. The two clients only carry them out, one with
blocking calls, one with awaited ones. Answers are the service's JSON as it came, typed by `shapes`: members that this
version does not know stay in it. The package knows nothing of the service's own code, so it can be copied out alone.

    with Client("https://assay.example.org", token) as client:
        verification = client.submit(archive)
        verification = client.wait(verification["id"], seconds=600)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay_client.asynchronous import AsyncClient
    from assay_client.blocking import Client
    from assay_client.errors import ServiceError, Unreachable
    from assay_client.flows import FINAL_STATES

__all__ = ["FINAL_STATES", "AsyncClient", "Client", "ServiceError", "Unreachable"]

_HOMES = {
    "AsyncClient": "asynchronous",
    "Client": "blocking",
    "FINAL_STATES": "flows",
    "ServiceError": "errors",
    "Unreachable": "errors",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: whoever only catches errors need not load an HTTP client."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
