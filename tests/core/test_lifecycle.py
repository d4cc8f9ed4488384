"""The life of a verification and of a run, as tables."""

from __future__ import annotations

import pytest

from app.core.lifecycle import RUN, VERIFICATION, IllegalTransition, final, sources, step

TABLES = [pytest.param(VERIFICATION, id="verification"), pytest.param(RUN, id="run")]
Table = dict[str, dict[str, str]]


@pytest.mark.parametrize("table", TABLES)
def test_every_state_is_reached_from_the_first_and_every_event_leads_to_one(table: Table) -> None:
    reached, waiting = set(), ["queued"]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += table[state].values()
    assert reached == table.keys()


@pytest.mark.parametrize("table", TABLES)
def test_every_state_leads_to_a_final_one(table: Table) -> None:
    ends = set(final(table))
    while more := {state for state, events in table.items() if state not in ends and ends & set(events.values())}:
        ends |= more
    assert ends == table.keys()


@pytest.mark.parametrize("table", TABLES)
def test_no_state_leaves_a_final_one(table: Table) -> None:
    events = {event for known in table.values() for event in known}
    assert final(table)
    for state in final(table):
        for event in events:
            with pytest.raises(IllegalTransition, match=f"'{state}' knows no '{event}'"):
                step(table, state, event)


def test_the_final_states_are_those_of_the_design() -> None:
    assert final(VERIFICATION) == {"concluded", "cancelled", "faulted"}
    assert final(RUN) == {"done", "cancelled", "faulted"}


STEPS = [
    (VERIFICATION, "queued", "claimed", "running"),
    (VERIFICATION, "running", "claimed", "running"),
    (VERIFICATION, "queued", "all_in", "concluding"),
    (VERIFICATION, "running", "all_in", "concluding"),
    (VERIFICATION, "concluding", "verdict", "concluded"),
    (VERIFICATION, "queued", "cancel", "cancelled"),
    (VERIFICATION, "running", "cancel", "cancelled"),
    (VERIFICATION, "queued", "fault", "faulted"),
    (VERIFICATION, "running", "fault", "faulted"),
    (VERIFICATION, "concluding", "fault", "faulted"),
    (RUN, "queued", "claimed", "running"),
    (RUN, "running", "claimed", "running"),
    (RUN, "running", "outcome", "done"),
    (RUN, "running", "lost", "queued"),
    (RUN, "queued", "cancel", "cancelled"),
    (RUN, "running", "cancel", "cancelled"),
    (RUN, "queued", "fault", "faulted"),
    (RUN, "running", "fault", "faulted"),
]


@pytest.mark.parametrize(
    ("table", "state", "event", "after"), STEPS, ids=[f"{row[1]} {row[2]} {row[3]}" for row in STEPS]
)
def test_a_step_leads_where_the_table_says(table: Table, state: str, event: str, after: str) -> None:
    assert step(table, state, event) == after


@pytest.mark.parametrize("table", TABLES)
def test_the_steps_listed_here_are_all_there_are(table: Table) -> None:
    listed = {(state, event, after) for known, state, event, after in STEPS if known is table}
    assert listed == {(state, event, after) for state, events in table.items() for event, after in events.items()}


ILLEGAL = [
    (VERIFICATION, "queued", "verdict"),
    (VERIFICATION, "running", "verdict"),
    (VERIFICATION, "concluding", "cancel"),
    (VERIFICATION, "nowhere", "claimed"),
    (RUN, "queued", "outcome"),
    (RUN, "done", "outcome"),
]


@pytest.mark.parametrize(("table", "state", "event"), ILLEGAL)
def test_a_verdict_or_outcome_comes_from_nowhere_else(table: Table, state: str, event: str) -> None:
    with pytest.raises(IllegalTransition):
        step(table, state, event)


def test_the_sources_of_an_event_are_the_states_that_know_it() -> None:
    assert sources(VERIFICATION, "claimed") == ("queued", "running")
    assert sources(VERIFICATION, "verdict") == ("concluding",)
    assert sources(RUN, "outcome") == ("running",)
    assert sources(RUN, "nothing") == ()
