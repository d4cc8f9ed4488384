"""The system calls that a box may make, as a BPF program.

Theory of operation. `seccomp_policy.json` says which calls are allowed, which are refused with EPERM, and which have
their arguments checked, as the tables below say (`WITHOUT`, `TOGETHER`, `ALL_BUT`, `ANSWERED`, `PLAIN`); everything else
answers ENOSYS, as an older kernel would. This file turns the policy into the classic BPF that the kernel runs on every
call: load the architecture (a foreign one kills the process), refuse the x32 range, then search the number among the ranges
of calls that are decided alike, by halves. A list of all calls would do as well for the programs, because the kernel caches
verdicts that depend on the number alone (since 5.11), but it runs the filter over every number when a box loads it, twice:
a search is a fifth as long and made each box half a millisecond faster.

The filters of every architecture are assembled when the policy changes, by `ship()`, and shipped as the
bytes that a box gets (`seccomp_*.bpf`); a test compares them with the policy. Their digest is part of the evidence.

Layout of `struct seccomp_data`: nr at 0, arch at 4, args (64 bit each, little endian) from 16. See seccomp(2).
"""

from __future__ import annotations

import errno
import hashlib
import json
import platform
import struct
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*, from linux/audit.h
X32_BIT = 0x40000000
AF_UNIX = 1
NAMESPACE_FLAGS = 0x7E020080  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET,TIME}, from linux/sched.h
PERSONALITY_QUERY = 0xFFFFFFFF
MAP_HUGETLB, MFD_HUGETLB, SHM_HUGETLB = 0x40000, 4, 0x800  # pages of a pool that all processes of the host share
CLONE_FILES, CLONE_THREAD = 0x400, 0x10000
#: call -> one of its arguments, and the flags that its lower half may not have
WITHOUT = {
    "clone": (0, NAMESPACE_FLAGS),
    "mmap": (3, MAP_HUGETLB),
    "memfd_create": (1, MFD_HUGETLB),
    "shmget": (2, SHM_HUGETLB),
}
#: call -> one of its arguments, a flag, and the other that it needs. A process that shares its open files with another
#: leaves its record locks to it when it ends, under a number that is nobody's: they could not be counted.
TOGETHER = {"clone": (0, CLONE_FILES, CLONE_THREAD)}
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # put characters into a terminal's input
TIOCSETD = 0x5423  # load the code of a rare terminal
#: Programs for the kernel, each compiled into memory that the whole host shares: when it ends, no filter of system calls
#: can be loaded by anybody any more. SO_ATTACH_{FILTER,BPF,REUSEPORT_CBPF,REUSEPORT_EBPF}, from asm-generic/socket.h
PROGRAMS_OF_SOCKETS = (26, 50, 51, 52)
PR_SET_SECCOMP = 22
#: call -> one of its arguments, and the values that its lower half may not have
ALL_BUT = {
    "ioctl": (1, (TIOCSTI, TIOCLINUX, TIOCSETD)),
    "prctl": (0, (PR_SET_SECCOMP,)),
    "setsockopt": (2, PROGRAMS_OF_SOCKETS),
}
#: F_OFD_{GETLK,SETLK,SETLKW}, from asm-generic/fcntl.h: locks that belong to no process, so that nobody could count them
LOCKS_OF_NOBODY = (36, 37, 38)
OUT_OF_MEMORY = (20, 21)  # MADV_{COLD,PAGEOUT}, from asm-generic/mman-common.h
#: call -> one of its arguments, the values of its lower half that are answered with an error, and that error, which is
#: one that programs meet elsewhere and know a way around, or 0 for success. No argument: every call is answered so.
ANSWERED: dict[str, tuple[int | None, tuple[int, ...], int]] = {
    "clone3": (None, (), errno.ENOSYS),  # libraries then use clone, whose flags can be seen
    # Done: the scratch has no disk. Upon a file of the host that may only be read, each call has a disk empty its caches.
    "fdatasync": (None, (), 0),
    "fsync": (None, (), 0),
    "sync_file_range": (None, (), 0),
    "fallocate": (None, (), errno.EOPNOTSUPP),  # one call may hold the kernel for seconds, deaf to a kill
    "fcntl": (1, LOCKS_OF_NOBODY, errno.EINVAL),
    # What the host has in memory of files is shared by all its runs: it is neither asked for, nor arranged by a call.
    "cachestat": (None, (), errno.ENOSYS),
    "mincore": (None, (), errno.ENOSYS),
    "fadvise64": (None, (), 0),
    "readahead": (None, (), 0),
    "madvise": (2, OUT_OF_MEMORY, errno.EINVAL),  # as before Linux 5.4
}
#: call -> the argument with its flags, of which it may have none; otherwise it answers EOPNOTSUPP, as kernels and file
#: systems do that do not know a flag. RWF_NOWAIT tells whether a file is in memory.
PLAIN = {"preadv2": 5, "pwritev2": 5}

ALLOW = 0x7FFF0000
KILL = 0x80000000
ERRNO = 0x00050000

_LOAD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH, _ARGS = 0, 4, 16

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand
_ALLOWED: Instruction = (_RET, 0, 0, ALLOW)


@cache
def policy() -> dict[str, Any]:
    """Return the readable policy."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("seccomp_policy.json").read_text(encoding="utf-8"))
    return found


@cache
def program(machine: str | None = None) -> bytes:
    """Return the filter for a machine (`platform.machine()` by default) as an array of `struct sock_filter`.

    Raises:
        ValueError: no table of system calls for this machine.

    """
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        raise ValueError(f"there is no seccomp policy for {machine}")
    return shipped(machine).read_bytes()


def shipped(machine: str) -> Path:
    """Return where a machine's filter is shipped."""
    return Path(__file__).with_name(f"seccomp_{machine}.bpf")


def packed(machine: str) -> bytes:
    """Return the filter that the policy asks for, as it should be shipped."""
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in assemble(machine))


def ship() -> None:
    """Write the filters that the policy asks for: `python -c "from sandbox import seccomp; seccomp.ship()"`."""
    for machine in ARCHITECTURES:
        shipped(machine).write_bytes(packed(machine))


def digest() -> str:
    """Return the digest of this machine's filter."""
    return "sha256:" + hashlib.sha256(program()).hexdigest()


def assemble(machine: str) -> list[Instruction]:
    """Return the filter's instructions."""
    numbers: dict[str, int] = policy()["numbers"][machine]
    checked = _checked()
    decided = {numbers[name]: [_ALLOWED] for name in policy()["allowed"] if name in numbers}
    decided |= {numbers[name]: [_answer(errno.EPERM)] for name in policy()["refused"] if name in numbers}
    decided |= {numbers[name]: body for name, body in checked.items() if name in numbers}
    return [
        (_LOAD, 0, 0, _ARCH),
        (_JEQ, 1, 0, ARCHITECTURES[machine]),
        (_RET, 0, 0, KILL),
        (_LOAD, 0, 0, _NR),
        (_JGE, 0, 1, X32_BIT),
        (_RET, 0, 0, KILL),
        *_search(_ranges(decided)),
    ]


def _ranges(decided: Mapping[int, list[Instruction]]) -> list[tuple[int, list[Instruction]]]:
    """Return the first number of every range of calls that are decided alike, in their order, and how they are."""
    unknown = [_answer(errno.ENOSYS)]
    found: list[tuple[int, list[Instruction]]] = []
    for number in range(max(decided) + 2):
        body = decided.get(number, unknown)
        if not found or found[-1][1] != body:
            found.append((number, body))
    return found


def _search(ranges: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    """Return instructions that find the range of the loaded number and decide as it does."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle]), _search(ranges[middle:])
    return [(_JGE, len(below), 0, ranges[middle][0]), *below, *above]


def _checked() -> dict[str, list[Instruction]]:
    """Return the instructions that decide calls by their arguments; each block ends in a return on every path.

    The kernel reads flags, requests and options as 32 bits, so the upper half must not decide.
    """
    only_unix = [*_high_half_is_zero(0), (_LOAD, 0, 0, _ARGS), (_JEQ, 0, 1, AF_UNIX), _ALLOWED, _answer(errno.EPERM)]
    personality = [_load(0), (_JEQ, 1, 0, 0), (_JEQ, 0, 1, PERSONALITY_QUERY), _ALLOWED, _answer(errno.EPERM)]
    return {
        "socket": only_unix,
        "socketpair": only_unix,
        "personality": personality,
        **{call: _without(call) for call in WITHOUT},
        **{call: _all_but(argument, values, errno.EPERM) for call, (argument, values) in ALL_BUT.items()},
        **{call: _all_but(*answered) for call, answered in ANSWERED.items()},
        **{
            call: [_load(argument), (_JEQ, 0, 1, 0), _ALLOWED, _answer(errno.EOPNOTSUPP)]
            for call, argument in PLAIN.items()
        },
    }


def _without(call: str) -> list[Instruction]:
    """Return instructions that refuse a call with one of its flags of `WITHOUT`, or one of `TOGETHER` alone."""
    argument, flags = WITHOUT[call]
    code = [_load(argument), (_JSET, 0, 1, flags), _answer(errno.EPERM)]
    if call in TOGETHER:
        argument, flag, needed = TOGETHER[call]
        code += [_load(argument), (_JSET, 0, 2, flag), (_JSET, 1, 0, needed), _answer(errno.EPERM)]
    return [*code, _ALLOWED]


def _all_but(argument: int | None, values: tuple[int, ...], number: int) -> list[Instruction]:
    """Return instructions that answer some values of an argument with an error and let the others pass."""
    if argument is None:
        return [_answer(number)]
    tests = [(_JEQ, len(values) - at, 0, value) for at, value in enumerate(values)]
    return [_load(argument), *tests, _ALLOWED, _answer(number)]


def _load(argument: int) -> Instruction:
    """Return the instruction that loads the lower half of an argument."""
    return (_LOAD, 0, 0, _ARGS + 8 * argument)


def _answer(number: int) -> Instruction:
    """Return the instruction that answers a call with an error."""
    return (_RET, 0, 0, ERRNO | number)


def _high_half_is_zero(argument: int) -> list[Instruction]:
    """Return instructions that refuse an argument with bits above 32; the kernel would ignore them, we need not."""
    return [
        (_LOAD, 0, 0, _ARGS + 8 * argument + 4),
        (_JEQ, 1, 0, 0),
        _answer(errno.EPERM),
    ]
