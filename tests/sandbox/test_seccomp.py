"""The filter, executed call by call by a small interpreter of classic BPF, for both architectures."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import seccomp
from tests.sandbox.conftest import refuse_to_skip
from tests.sandbox.values import law

MACHINES = tuple(seccomp.ARCHITECTURES)
HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}
PACKAGE = "linux-libc-dev"
#: In the policy, and only in kernels newer or older than the headers may be.
BEYOND_HEADERS = {
    "futex_wake", "futex_wait", "futex_requeue", "statmount", "listmount", "lsm_get_self_attr", "lsm_set_self_attr",
    "lsm_list_modules", "cachestat", "fchmodat2", "map_shadow_stack",
}  # fmt: skip
REFUSED = seccomp.ERRNO | errno.EPERM
UNKNOWN = seccomp.ERRNO | errno.ENOSYS
INVALID = seccomp.ERRNO | errno.EINVAL
HIGH = 1 << 32
NEW_USER = 0x10000000
SIGCHLD = 17

#: call, arguments -> verdict
BY_ARGUMENT = [
    ("socket", (1, 1, 0), seccomp.ALLOW),
    ("socket", (2, 1, 0), REFUSED),
    ("socket", (10, 2, 0), REFUSED),
    ("socket", (16, 3, 0), REFUSED),
    ("socket", (17, 3, 0), REFUSED),
    ("socket", (40, 1, 0), REFUSED),
    ("socket", (HIGH | 1, 1, 0), REFUSED),
    ("socket", (HIGH | 2, 1, 0), REFUSED),
    ("socket", ((1 << 64) - 1, 1, 0), REFUSED),
    ("socketpair", (1, 1, 0), seccomp.ALLOW),
    ("socketpair", (30, 1, 0), REFUSED),
    ("clone", (SIGCHLD,), seccomp.ALLOW),
    ("clone", (0x3D0F00,), seccomp.ALLOW),  # a thread of glibc
    ("clone", (NEW_USER | SIGCHLD,), REFUSED),
    ("clone", (0x00020000,), REFUSED),  # CLONE_NEWNS
    ("clone", (0x02000000,), REFUSED),  # CLONE_NEWCGROUP
    ("clone", (0x04000000,), REFUSED),  # CLONE_NEWUTS
    ("clone", (0x08000000,), REFUSED),  # CLONE_NEWIPC
    ("clone", (0x20000000,), REFUSED),  # CLONE_NEWPID
    ("clone", (0x40000000,), REFUSED),  # CLONE_NEWNET
    ("clone", (HIGH | NEW_USER,), REFUSED),
    ("clone", (0x400 | SIGCHLD,), REFUSED),  # CLONE_FILES without CLONE_THREAD
    ("clone", (0x10400,), seccomp.ALLOW),
    ("clone", (HIGH | 0x400,), REFUSED),
    ("clone", (0x10000000400,), REFUSED),  # CLONE_THREAD in the half that the kernel does not read
    ("clone3", (0, 0), UNKNOWN),
    ("personality", (0,), seccomp.ALLOW),
    ("personality", (0xFFFFFFFF,), seccomp.ALLOW),
    ("personality", (0x0040000,), REFUSED),  # ADDR_NO_RANDOMIZE
    ("mmap", (0, 4096, 3, 0x22, 0, 0), seccomp.ALLOW),
    ("mmap", (0, 4096, 3, 0x40022, 0, 0), REFUSED),  # MAP_HUGETLB
    ("mmap", (0, 4096, 3, HIGH | 0x40022, 0, 0), REFUSED),
    ("memfd_create", (0, 1), seccomp.ALLOW),
    ("memfd_create", (0, 5), REFUSED),  # MFD_HUGETLB
    ("shmget", (0, 4096, 0o1600), seccomp.ALLOW),
    ("shmget", (0, 4096, 0o5600), REFUSED),  # SHM_HUGETLB
    ("ioctl", (0, 0x5401), seccomp.ALLOW),  # TCGETS
    ("ioctl", (0, 0x5412), REFUSED),  # TIOCSTI
    ("ioctl", (0, HIGH | 0x5412), REFUSED),
    ("ioctl", (0, 0x541C), REFUSED),  # TIOCLINUX
    ("ioctl", (0, 0x5423), REFUSED),  # TIOCSETD
    ("setsockopt", (3, 1, 7), seccomp.ALLOW),  # SO_SNDBUF
    ("setsockopt", (3, 1, 26), REFUSED),  # SO_ATTACH_FILTER
    ("setsockopt", (3, 1, HIGH | 26), REFUSED),
    ("setsockopt", (3, 41, 26), REFUSED),
    ("setsockopt", (3, 1, 27), seccomp.ALLOW),  # SO_DETACH_FILTER
    ("setsockopt", (3, 1, 50), REFUSED),  # SO_ATTACH_BPF
    ("setsockopt", (3, 1, 51), REFUSED),  # SO_ATTACH_REUSEPORT_CBPF
    ("setsockopt", (3, 1, 52), REFUSED),  # SO_ATTACH_REUSEPORT_EBPF
    ("prctl", (15, 0), seccomp.ALLOW),  # PR_SET_NAME
    ("prctl", (22, 2), REFUSED),  # PR_SET_SECCOMP
    ("prctl", (HIGH | 22, 2), REFUSED),
    ("fcntl", (3, 6), seccomp.ALLOW),  # F_SETLK
    ("fcntl", (3, 36), INVALID),  # F_OFD_GETLK
    ("fcntl", (3, 37), INVALID),  # F_OFD_SETLK
    ("fcntl", (3, 38), INVALID),  # F_OFD_SETLKW
    ("fcntl", (3, HIGH | 37), INVALID),
    ("fcntl", (3, 39), seccomp.ALLOW),
    ("fallocate", (3, 0, 0, 4096), seccomp.ERRNO | errno.EOPNOTSUPP),
    ("cachestat", (3, 0, 0, 0), UNKNOWN),
    ("mincore", (0, 4096, 0), UNKNOWN),
    ("fadvise64", (3, 0, 0, 4), seccomp.ERRNO),  # POSIX_FADV_DONTNEED
    ("readahead", (3, 0, 4096), seccomp.ERRNO),
    ("madvise", (0, 4096, 4), seccomp.ALLOW),  # MADV_DONTNEED, by which allocators give memory back
    ("madvise", (0, 4096, 20), INVALID),  # MADV_COLD
    ("madvise", (0, 4096, 21), INVALID),  # MADV_PAGEOUT
    ("madvise", (0, 4096, HIGH | 21), INVALID),
    ("preadv2", (3, 0, 1, 0, 0, 0), seccomp.ALLOW),
    ("preadv2", (3, 0, 1, 0, 0, HIGH), seccomp.ALLOW),  # the kernel reads the lower half alone
    ("preadv2", (3, 0, 1, 0, 0, 8), seccomp.ERRNO | errno.EOPNOTSUPP),  # RWF_NOWAIT
    ("preadv2", (3, 0, 1, 0, 0, 0x80), seccomp.ERRNO | errno.EOPNOTSUPP),  # RWF_DONTCACHE
    ("preadv2", (3, 0, 1, 0, 0, HIGH | 8), seccomp.ERRNO | errno.EOPNOTSUPP),
    ("pwritev2", (3, 0, 1, 0, 0, 0), seccomp.ALLOW),
    ("pwritev2", (3, 0, 1, 0, 0, 8), seccomp.ERRNO | errno.EOPNOTSUPP),
]


def evaluate(program: bytes, number: int, machine: int, arguments: tuple[int, ...] = ()) -> int:
    """Run a filter on one system call, as the kernel does: see seccomp(2) and bpf(4)."""
    data = struct.pack("<IIQ6Q", number, machine, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    code = list(struct.iter_unpack("<HBBI", program))
    accumulator = at = 0
    while True:
        operation, if_true, if_false, operand = code[at]
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, operand)
        elif operation == 0x54:
            accumulator &= operand
        elif operation == 0x06:
            return int(operand)
        else:
            holds = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}
            at += if_true if holds[operation] else if_false


def ask(machine: str, call: str, arguments: tuple[int, ...] = ()) -> int:
    number = seccomp.policy()["numbers"][machine][call]
    return evaluate(seccomp.program(machine), number, seccomp.ARCHITECTURES[machine], arguments)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("verdict", "names"), [(seccomp.ALLOW, "allowed"), (REFUSED, "refused")], ids=["allow", "refuse"]
)
def test_every_call_of_a_list_gets_the_verdict_of_its_list(machine: str, verdict: int, names: str) -> None:
    known = [name for name in seccomp.policy()[names] if name in seccomp.policy()["numbers"][machine]]
    assert len(known) > 70
    assert {name: ask(machine, name) for name in known} == dict.fromkeys(known, verdict)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("call", "arguments", "verdict"), BY_ARGUMENT, ids=str)
def test_some_calls_are_decided_by_their_arguments(
    machine: str, call: str, arguments: tuple[int, ...], verdict: int
) -> None:
    assert ask(machine, call, arguments) == verdict


@pytest.mark.parametrize("machine", MACHINES)
def test_a_foreign_architecture_kills(machine: str) -> None:
    others = {*seccomp.ARCHITECTURES.values(), 0x40000003, 0} - {seccomp.ARCHITECTURES[machine]}  # i386
    number = seccomp.policy()["numbers"][machine]["read"]
    assert {evaluate(seccomp.program(machine), number, other) for other in others} == {seccomp.KILL}


@law
@given(st.sampled_from(MACHINES), st.integers(min_value=0x40000000, max_value=0xFFFFFFFF))
def test_every_number_from_x32_upwards_kills(machine: str, number: int) -> None:
    assert evaluate(seccomp.program(machine), number, seccomp.ARCHITECTURES[machine]) == seccomp.KILL


@law
@given(st.sampled_from(MACHINES), st.integers(min_value=0, max_value=0x3FFFFFFF))
def test_a_number_without_a_name_is_unknown_to_the_box(machine: str, number: int) -> None:
    if number not in seccomp.policy()["numbers"][machine].values():
        assert evaluate(seccomp.program(machine), number, seccomp.ARCHITECTURES[machine]) == UNKNOWN


@law
@given(st.sampled_from(MACHINES), st.integers(min_value=2, max_value=(1 << 64) - 1))
def test_no_socket_family_but_unix_is_allowed(machine: str, family: int) -> None:
    assert ask(machine, "socket", (family, 1, 0)) == REFUSED


@law
@given(st.sampled_from(MACHINES), st.integers(min_value=0, max_value=(1 << 64) - 1))
def test_a_clone_is_allowed_exactly_when_it_makes_no_namespace_and_shares_files_with_threads_alone(
    machine: str, flags: int
) -> None:
    allowed = ask(machine, "clone", (flags,)) == seccomp.ALLOW
    shares = flags & seccomp.CLONE_FILES and not flags & seccomp.CLONE_THREAD
    assert allowed == (flags & seccomp.NAMESPACE_FLAGS == 0 and not shares)


@pytest.mark.parametrize("machine", MACHINES)
def test_no_call_stands_in_two_lists_and_every_list_has_only_known_names(machine: str) -> None:
    policy = seccomp.policy()
    lists = [*policy["allowed"], *policy["refused"], *policy["checked"]]
    assert len(lists) == len(set(lists))
    assert set(policy["checked"]) == set(seccomp._checked())
    assert set(policy["numbers"][machine]) <= set(lists)
    numbers = list(policy["numbers"][machine].values())
    assert len(numbers) == len(set(numbers))


def test_every_listed_name_has_a_number_somewhere() -> None:
    policy = seccomp.policy()
    numbered = {name for table in policy["numbers"].values() for name in table}
    assert {*policy["allowed"], *policy["refused"], *policy["checked"]} == numbered


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_the_kernel_headers(machine: str) -> None:
    header = next((Path(path) for path in HEADERS[machine] if Path(path).exists()), None)
    if header is None:
        refuse_to_skip(f"kernel headers are missing: install {PACKAGE}")
        return
    theirs = _read_numbers(header.read_text())
    ours = seccomp.policy()["numbers"][machine]
    assert len(theirs) > 250
    assert {name: number for name, number in ours.items() if name in theirs and theirs[name] != number} == {}
    assert set(ours) - set(theirs) <= BEYOND_HEADERS


@pytest.mark.parametrize("machine", seccomp.ARCHITECTURES)
def test_the_shipped_filter_is_the_one_that_the_policy_asks_for(machine: str) -> None:
    """Otherwise run `seccomp.ship()`, and look at what changed."""
    assert seccomp.program(machine) == seccomp.packed(machine)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_is_one_that_the_kernel_takes(machine: str) -> None:
    code = list(struct.iter_unpack("<HBBI", seccomp.program(machine)))
    assert len(code) <= 4096
    for at, (operation, if_true, if_false, _) in enumerate(code):
        assert operation in {0x20, 0x06, 0x15, 0x35, 0x45}
        assert at + 1 + max(if_true, if_false) < len(code) or operation == 0x06
    assert code[-1][0] == 0x06


def test_a_machine_without_a_table_has_no_filter() -> None:
    with pytest.raises(ValueError, match="no seccomp policy for riscv64"):
        seccomp.program("riscv64")


def _read_numbers(text: str) -> dict[str, int]:
    """Return the system calls of a header; the generic one renames some for machines of 64 bit."""
    rows = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\s*$", text, re.MULTILINE)
    renamed = {"fadvise64_64": "fadvise64", "fstatat": "newfstatat"}
    return {renamed.get(name, name): int(number) for name, number in rows}
