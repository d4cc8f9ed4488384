"""The filter around a run worker in a container: what it decides, and that boxes can be made inside of it, for real."""

from __future__ import annotations

import errno
import json
import struct
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import outer, seccomp
from tests.sandbox.conftest import refuse_to_skip
from tests.sandbox.test_refusals import ATTEMPT, NO_FILTER, _attempt, elsewhere
from tests.sandbox.test_seccomp import MACHINES, evaluate

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["elsewhere"]

ALLOW, REFUSED, UNKNOWN = seccomp.ALLOW, seccomp.ERRNO | errno.EPERM, seccomp.ERRNO | errno.ENOSYS
LOAD, EQUAL, AND, ANSWER = 0x20, 0x15, 0x54, 0x06

#: call, arguments -> verdict
DECIDED = [
    ("unshare", (0x10000000,), ALLOW),
    ("clone", (0x7E020011,), ALLOW),
    ("mount", (), ALLOW),
    ("umount2", (), ALLOW),
    ("pivot_root", (), ALLOW),
    ("prctl", (22, 2), ALLOW),  # bubblewrap sets the box's own filter
    ("fallocate", (), ALLOW),
    ("fcntl", (3, 37), ALLOW),
    ("socket", (1, 1), ALLOW),
    ("socket", (2, 1), ALLOW),
    ("socket", (10, 1), ALLOW),
    ("socket", (16, 3), ALLOW),
    ("socket", (17, 3), UNKNOWN),  # AF_PACKET
    ("socket", (38, 5), UNKNOWN),  # AF_ALG
    ("clone3", (), UNKNOWN),
    ("bpf", (), REFUSED),
    ("ptrace", (), REFUSED),
    ("keyctl", (), REFUSED),
    ("perf_event_open", (), REFUSED),
    ("userfaultfd", (), REFUSED),
    ("io_uring_setup", (), REFUSED),
    ("init_module", (), REFUSED),
    ("fsopen", (), REFUSED),
    ("setns", (), REFUSED),
    ("reboot", (), REFUSED),
    ("setsockopt", (3, 1, 26), REFUSED),
    ("setsockopt", (3, 1, 7), ALLOW),
    ("ioctl", (0, 0x5412), REFUSED),
    ("ioctl", (0, 0x5401), ALLOW),
]


def compiled(profile: dict[str, Any], machine: str) -> bytes:
    """Return the BPF of a profile as an engine would compile it: a call's rules in turn, each a chain of conditions."""
    numbers: dict[str, int] = seccomp.policy()["numbers"][machine]
    code = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, seccomp.ARCHITECTURES[machine]), (ANSWER, 0, 0, seccomp.KILL)]
    for rule in profile["syscalls"]:
        verdict = ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else seccomp.ERRNO | rule["errnoRet"]
        tests = [test for argument in rule["args"] for test in conditions(argument)]
        for name in rule["names"]:
            if name in numbers:
                chain = [
                    (LOAD, None, None, 0),
                    (EQUAL, None, None, numbers[name]),
                    *tests,
                    (ANSWER, None, None, verdict),
                ]
                for at, (operation, _, _, operand) in enumerate(chain):
                    fails = len(chain) - at - 1 if operation == EQUAL else 0
                    code.append((operation, 0, fails, operand))
    code.append((ANSWER, 0, 0, seccomp.ERRNO | profile["defaultErrnoRet"]))
    return b"".join(struct.pack("<HBBI", *line) for line in code)


def conditions(argument: dict[str, Any]) -> list[tuple[int, None, None, int]]:
    """Return the instructions that end in a comparison, of both halves or of some bits of the lower one."""
    low = 16 + 8 * argument["index"]
    if argument["op"] == "SCMP_CMP_EQ":
        halves = ((low, argument["value"]), (low + 4, 0))
        return [line for place, value in halves for line in ((LOAD, None, None, place), (EQUAL, None, None, value))]
    assert argument["op"] == "SCMP_CMP_MASKED_EQ"
    return [(LOAD, None, None, low), (AND, None, None, argument["value"]), (EQUAL, None, None, argument["valueTwo"])]


def decide(program: bytes, machine: str, call: str, arguments: tuple[int, ...]) -> int:
    number = seccomp.policy()["numbers"][machine][call]
    return evaluate(program, number, seccomp.ARCHITECTURES[machine], arguments)


def shipped() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outer.PROFILE.read_text(encoding="utf-8"))
    return found


def test_the_shipped_profile_is_the_one_that_the_policy_asks_for() -> None:
    """Otherwise run `outer.ship()`, and look at what changed."""
    assert shipped() == outer.profile()


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("call", "arguments", "verdict"), DECIDED, ids=str)
def test_the_profile_decides(machine: str, call: str, arguments: tuple[int, ...], verdict: int) -> None:
    assert decide(compiled(shipped(), machine), machine, call, arguments) == verdict


def test_the_profile_has_the_members_that_container_engines_read_and_names_no_call_that_they_do_not_know() -> None:
    found = shipped()
    assert found.keys() == {"defaultAction", "defaultErrnoRet", "archMap", "syscalls"}
    assert {item["architecture"] for item in found["archMap"]} == set(outer.ARCHITECTURES)
    policy = seccomp.policy()
    known = {*policy["allowed"], *policy["refused"], *policy["checked"]}
    for rule in found["syscalls"]:
        assert rule.keys() - {"errnoRet"} == {"names", "action", "args"}
        assert set(rule["names"]) <= known


@pytest.mark.parametrize("machine", MACHINES)
def test_around_a_box_nothing_is_allowed_that_is_refused_in_it_but_what_makes_boxes_and_serves(machine: str) -> None:
    program = compiled(shipped(), machine)
    calls = [call for call in seccomp.policy()["refused"] if call in seccomp.policy()["numbers"][machine]]
    assert {call for call in calls if decide(program, machine, call, ()) == ALLOW} == set(outer.MAKES_BOXES)


@pytest.mark.box
@pytest.mark.parametrize("without", [(), ("unshare", "clone"), ("mount",), ("pivot_root",)], ids=str)
def test_a_worker_that_is_held_by_the_profile_makes_boxes(elsewhere: Path, without: tuple[str, ...]) -> None:
    """And each of what it must have for that is needed, so that the profile is no larger than it must be."""
    import platform

    if platform.machine() not in MACHINES:
        refuse_to_skip("there is no filter for this machine")
    profile = shipped()
    for rule in profile["syscalls"]:
        rule["names"] = [name for name in rule["names"] if name not in without]
    program = compiled(profile, platform.machine())
    if "clone" in without:  # its processes, without namespaces
        plain = {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "op": "SCMP_CMP_MASKED_EQ"}]}
        plain["args"][0].update(value=seccomp.NAMESPACE_FLAGS, valueTwo=0)  # type: ignore[attr-defined]
        program = compiled({**profile, "syscalls": [plain, *profile["syscalls"]]}, platform.machine())
    found = _attempt(elsewhere, code=NO_FILTER + ATTEMPT, arguments=(program.hex(),))
    if without:
        assert str(found["said"]).startswith("NoIsolation: the box could not be made: bwrap: ")
        assert found["level"] is None
    else:
        assert (found["said"], found["level"]) == ("it ran\n", "C")
