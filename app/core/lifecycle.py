"""The life of a verification and of a run, each as one table of transitions.

Nothing else changes a state. States that lead nowhere are final; the database refuses to leave them too.
"""

from __future__ import annotations

VERIFICATION: dict[str, dict[str, str]] = {
    "queued": {"claimed": "running", "all_in": "concluding", "cancel": "cancelled", "fault": "faulted"},
    "running": {"claimed": "running", "all_in": "concluding", "cancel": "cancelled", "fault": "faulted"},
    "concluding": {"verdict": "concluded", "fault": "faulted"},  # too late to cancel: everything is measured
    "concluded": {},
    "cancelled": {},
    "faulted": {},
}

RUN: dict[str, dict[str, str]] = {
    "queued": {"claimed": "running", "cancel": "cancelled", "fault": "faulted"},
    "running": {"claimed": "running", "outcome": "done", "lost": "queued", "cancel": "cancelled", "fault": "faulted"},
    "done": {},
    "cancelled": {},
    "faulted": {},
}


class IllegalTransition(ValueError):
    """A state was asked to do what its table does not know."""


def step(table: dict[str, dict[str, str]], state: str, event: str) -> str:
    """Return the state after an event.

    Raises:
        IllegalTransition: the table has no such transition.

    """
    try:
        return table[state][event]
    except KeyError:
        raise IllegalTransition(f"{state!r} knows no {event!r}") from None


def final(table: dict[str, dict[str, str]]) -> frozenset[str]:
    """Return the states that lead nowhere."""
    return frozenset(state for state, events in table.items() if not events)


def sources(table: dict[str, dict[str, str]], event: str) -> tuple[str, ...]:
    """Return the states that know an event, for the conditions of conditional updates."""
    return tuple(state for state, events in table.items() if event in events)
