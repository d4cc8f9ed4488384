"""What was seen of a run, and the outcome that follows: a table of precedence, and what is never the program's fault."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import NoIsolation, SandboxFault
from sandbox.judge import judge
from tests.sandbox.values import BEGUN, EXIT_0, a_job, frame, law, seen

CAUSES = ("cancelled", "stdout", "stderr", "result", "output", "memory", "locks", "cpu", "wall")
EXIT_1 = frame(b"S", b"exit 1")
SIGNAL_11 = frame(b"S", b"signal 11")
CROWDED = b"BlockingIOError: [Errno 11] Resource temporarily unavailable"
FULL = b"OSError: [Errno 28] No space left on device"
TOO_LONG = b"OSError: [Errno 27] File too large"
NO_MEMORY = b"Traceback (most recent call last):\n  File ...\nMemoryError\n"

#: what was seen -> what the outcome says
TABLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "exit 0": ({"frames": [EXIT_0]}, {"kind": "exited", "exit_code": 0, "limit": None}),
    "exit 1": ({"frames": [EXIT_1]}, {"kind": "exited", "exit_code": 1, "limit": None}),
    "signal 11": ({"frames": [SIGNAL_11]}, {"kind": "signal", "signal": 11, "limit": None}),
    "own SIGKILL": ({"frames": [frame(b"S", b"signal 9")]}, {"kind": "signal", "signal": 9}),
    "OOM kill": ({"frames": [EXIT_1], "oom_kills": 1}, {"kind": "memory", "limit": "memory"}),
    "OOM kill of a child, exit 0": ({"frames": [EXIT_0], "oom_kills": 1}, {"kind": "memory", "limit": "memory"}),
    "OOM kill of our runner": ({"frames": [], "status": 137, "oom_kills": 1}, {"kind": "memory"}),
    "OOM kill of bwrap": ({"frames": [], "status": -9, "oom_kills": 1}, {"kind": "memory"}),
    "host out of memory, bwrap killed": ({"frames": [], "status": -9, "host_oom_kills": 1}, {"kind": "memory"}),
    "host out of memory elsewhere": ({"frames": [EXIT_0], "host_oom_kills": 3}, {"kind": "exited", "exit_code": 0}),
    "host out of memory elsewhere, ended by us": (
        {"frames": [], "status": -9, "causes": {"wall"}, "host_oom_kills": 1},
        {"kind": "timeout", "clock": "wall", "limit": "wall"},
    ),
    "cancelled": ({"frames": [], "status": -9, "causes": {"cancelled"}}, {"kind": "cancelled", "limit": None}),
    "wall": ({"frames": [], "status": -9, "causes": {"wall"}}, {"kind": "timeout", "clock": "wall", "limit": "wall"}),
    "cpu": ({"frames": [], "status": -9, "causes": {"cpu"}}, {"kind": "timeout", "clock": "cpu", "limit": "cpu"}),
    "cancelled before the program began": (
        {"frames": [], "begun": False, "status": -9, "causes": {"cancelled"}},
        {"kind": "cancelled"},
    ),
    "locks": ({"frames": [], "status": -9, "causes": {"locks"}, "locks": 9999}, {"kind": "memory", "limit": "locks"}),
    "ended by us, and not by the kernel": (
        {"frames": [], "status": None, "causes": {"wall"}},
        {"kind": "timeout", "clock": "wall"},
    ),
    "more processes by the runner's word": (
        {"frames": [frame(b"W", b"processes"), EXIT_0]},
        {"kind": "exited", "exit_code": 0, "limit": "processes"},
    ),
    "runner found a large result": (
        {"frames": [EXIT_0, frame(b"T", b"result")]},
        {"kind": "output", "limit": "result"},
    ),
    "runner killed": ({"frames": [], "status": 137}, {"kind": "signal", "signal": 9}),
    "runner crashed": ({"frames": [], "status": 139}, {"kind": "signal", "signal": 11}),
    "runner made to exit 0": ({"frames": [], "status": 0}, {"kind": "signal", "signal": 9}),
    "runner made to exit 1": ({"frames": [], "status": 1}, {"kind": "signal", "signal": 9}),
    "runner made to exit 127": ({"frames": [], "status": 127}, {"kind": "signal", "signal": 9}),
    "runner made to exit 255": ({"frames": [], "status": 255}, {"kind": "signal", "signal": 9}),
    "runner made to say what bwrap says": (
        {"frames": [], "status": 1, "stderr": b"bwrap: Creating new namespace failed"},
        {"kind": "signal", "signal": 9},
    ),
    "runner made to say what the launcher says": (
        {"frames": [], "status": 127, "stderr": b"launcher: OSError()"},
        {"kind": "signal", "signal": 9},
    ),
    "scratch full, failed": ({"frames": [EXIT_1], "stderr": FULL}, {"kind": "exited", "limit": "scratch"}),
    "file too long, failed": ({"frames": [EXIT_1], "stderr": TOO_LONG}, {"kind": "exited", "limit": "scratch"}),
    "scratch full, exit 0": (
        {"frames": [EXIT_0], "stderr": FULL},
        {"kind": "exited", "exit_code": 0, "limit": "scratch"},
    ),
    "scratch full by the runner's word": (
        {"frames": [EXIT_1, frame(b"W", b"scratch")]},
        {"kind": "exited", "limit": "scratch"},
    ),
    "refused forks, failed": ({"frames": [EXIT_1], "refused_forks": 2}, {"kind": "exited", "limit": "processes"}),
    "refused forks, signal": ({"frames": [SIGNAL_11], "refused_forks": 2}, {"kind": "signal", "limit": "processes"}),
    "refused forks, exit 0": ({"frames": [EXIT_0], "refused_forks": 2}, {"kind": "exited", "limit": "processes"}),
    "crowded without a cgroup": ({"frames": [EXIT_1], "stderr": CROWDED}, {"kind": "exited", "limit": "processes"}),
    "crowded by its own word": (
        {"frames": [EXIT_1], "stderr": CROWDED, "source": "cgroup2"},
        {"kind": "exited", "limit": None},
    ),
    "no memory without a cgroup": ({"frames": [EXIT_1], "stderr": NO_MEMORY}, {"kind": "memory", "limit": "memory"}),
    "no memory by its own word": (
        {"frames": [EXIT_1], "stderr": NO_MEMORY, "source": "cgroup1"},
        {"kind": "exited", "limit": None},
    ),
    "no memory, caught": ({"frames": [EXIT_0], "stderr": NO_MEMORY}, {"kind": "exited", "exit_code": 0}),
}


def _judged(row: dict[str, Any]) -> Any:
    row = dict(row)
    frames = ([BEGUN] if row.pop("begun", True) else []) + row.pop("frames")
    row["causes"] = set(row.pop("causes", ()))
    return judge(a_job(), seen(*frames, **row), {"level": "B"})


@pytest.mark.parametrize(("row", "expected"), TABLE.values(), ids=TABLE.keys())
def test_an_outcome_follows_from_what_was_seen(row: dict[str, Any], expected: dict[str, Any]) -> None:
    outcome = _judged(row)
    assert {name: getattr(outcome, name) for name in expected} == expected


@pytest.mark.parametrize("pair", list(itertools.combinations(CAUSES, 2)), ids="+".join)
def test_of_two_causes_the_first_by_precedence_decides(pair: tuple[str, str]) -> None:
    first, _ = pair
    outcome = _judged({"frames": [EXIT_0], "causes": pair})
    assert first in {outcome.kind, outcome.limit}


@pytest.mark.parametrize("number", [110, 111, 113, 280, 271])
def test_an_error_whose_number_only_begins_like_one_of_ours_is_none(number: int) -> None:
    outcome = _judged({"frames": [EXIT_0], "stderr": b"OSError: [Errno %d] something else" % number})
    assert (outcome.limit, outcome.notes) == (None, ())


@pytest.mark.parametrize("cause", CAUSES)
def test_a_result_is_given_out_only_with_an_exit(cause: str) -> None:
    frames = [frame(b"R", b"{}"), frame(b"N", b"a"), frame(b"D", b"1"), EXIT_0]
    ended = _judged({"frames": frames, "causes": {cause}})
    assert (ended.result, ended.artifacts) == (None, ())
    exited = _judged({"frames": frames})
    assert (exited.result, exited.artifacts) == (b"{}", (("a", b"1"),))


@pytest.mark.parametrize(
    ("row", "fault", "message"),
    [
        ({"status": 1, "stderr": b"bwrap: No permissions"}, NoIsolation, "could not be made: bwrap: No permissions"),
        (
            {"status": 1, "stderr": b"bwrap: bwrap: No permissions\nNo permissions\n"},
            NoIsolation,
            "could not be made: bwrap: bwrap: No permissions",
        ),
        ({"status": 127, "stderr": b"launcher: OSError()"}, NoIsolation, "could not be made: launcher: OSError"),
        ({"status": 1, "stderr": b"runner: no filter"}, NoIsolation, "could not be made: runner: no filter"),
        ({"status": 1, "stderr": b"Traceback\nKeyError: 1"}, SandboxFault, "the runner in the box failed: KeyError: 1"),
        ({"status": 0}, SandboxFault, "the runner in the box failed: exit 0"),
        ({"status": 137}, SandboxFault, "the runner in the box failed: exit 137"),
        ({"status": -9}, SandboxFault, "the box was ended from outside, by signal 9"),
        ({"status": None}, SandboxFault, "the box was ended from outside"),
        ({"status": -9, "causes": {"wall"}}, SandboxFault, "the box was ended from outside, by signal 9"),
        ({"status": 1, "causes": {"stderr"}, "stderr": b"x"}, SandboxFault, "the runner in the box failed: x"),
        ({"status": 137, "oom_kills": 1}, SandboxFault, "the runner in the box failed: exit 137"),
        ({"status": -9, "begun": True}, SandboxFault, "the box was ended from outside, by signal 9"),
        ({"ending": None, "begun": True}, SandboxFault, "the launcher ended during a run"),
        ({"ending": None, "begun": True, "causes": {"wall"}}, SandboxFault, "the launcher ended during a run"),
    ],
    ids=str,
)
def test_what_happens_before_the_program_or_from_outside_is_a_fault_of_ours(
    row: dict[str, Any], fault: type[SandboxFault], message: str
) -> None:
    with pytest.raises(fault, match=message) as raised:
        _judged({"begun": False, "frames": [], **row})
    assert type(raised.value) is fault


@law
@given(
    stream=st.lists(st.binary(max_size=300), max_size=5),
    status=st.integers(min_value=0, max_value=255),
    stderr=st.one_of(st.binary(max_size=80), st.sampled_from([b"bwrap: x", b"launcher: x", NO_MEMORY, FULL])),
    causes=st.sets(st.sampled_from(CAUSES)),
)
def test_once_the_program_has_begun_nothing_that_it_can_do_makes_a_fault(
    stream: list[bytes], status: int, stderr: bytes, causes: set[str]
) -> None:
    """Inside the box everything is in the program's hands: the channel, stderr, and the code with which bwrap exits."""
    outcome = _judged({"frames": stream, "status": status, "stderr": stderr, "causes": causes})
    assert outcome.kind in {"exited", "signal", "timeout", "memory", "output", "cancelled"}


@law
@given(status=st.integers(min_value=0, max_value=255))
def test_without_a_status_no_program_exits_well(status: int) -> None:
    outcome = _judged({"frames": [frame(b"R", b"{}")], "status": status})
    assert (outcome.kind, outcome.result) == ("signal", None)
    assert "the program ended the box that it ran in" in outcome.notes


def test_an_outcome_carries_what_was_measured_and_noted() -> None:
    outcome = _judged(
        {
            "frames": [EXIT_0, frame(b"W", b"scratch"), frame(b"W", b"processes"), frame(b"N", b"../x")],
            "locks": 5000,
            "refused_forks": 3,
            "stdout": b"out",
            "stderr": FULL,
            "wall_ms": 5,
            "cpu_ms": 4,
            "peak_bytes": 99,
            "source": "cgroup2",
        }
    )
    assert (outcome.stdout, outcome.stderr, outcome.isolation) == (b"out", FULL, {"level": "B"})
    assert (outcome.wall_ms, outcome.cpu_ms, outcome.peak_memory_bytes, outcome.usage_source) == (5, 4, 99, "cgroup2")
    assert outcome.notes == (
        "the scratch was full at some moment",
        "artifacts with names that are not allowed were left out: 1",
        "5000 record locks were held at once, and 4096 are allowed",
        "processes and threads were more than the 64 that are allowed",
        "3 forks were refused at the limit of 64 processes",
        "the program said that nothing was left of its scratch of 256 MiB",
    )
