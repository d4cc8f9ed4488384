"""Exit codes of the command. Scripts in other people's CI rely on them."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Exit(IntEnum):
    """What an exit code means. 1 means FALSIFIED and nothing else."""

    VERIFIED = 0
    FALSIFIED = 1
    REFUSED = 2  # usage, or a bundle refused at intake
    UNVERIFIED = 3
    AUTH = 4
    FAULT = 5  # the service or this program failed; says nothing about a claim
    TIMED_OUT = 124  # waiting ended before the verdict
    INTERRUPTED = 130
    CLOSED = 141  # the reader of our output went away, as a program that SIGPIPE ends


#: For several bundles the worst decides, in this order.
WORST_FIRST = (Exit.FAULT, Exit.REFUSED, Exit.FALSIFIED, Exit.UNVERIFIED, Exit.VERIFIED)


def of_status(status: str | None) -> Exit:
    """Return the code for a verdict's status; None means that there is no verdict because we failed."""
    match status:
        case "VERIFIED":
            return Exit.VERIFIED
        case "FALSIFIED":
            return Exit.FALSIFIED
        case "UNVERIFIED":
            return Exit.UNVERIFIED
        case _:
            return Exit.FAULT


def of_http(status: int) -> Exit:
    """Return the code for a refusal or failure that a service answered."""
    if status in {401, 403}:
        return Exit.AUTH
    return Exit.REFUSED if status in {400, 404, 413, 415, 422} else Exit.FAULT


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the worst of several codes; nothing at all counts as a refusal."""
    found = set(codes)
    return next((code for code in WORST_FIRST if code in found), Exit.REFUSED)
