"""Rules about system calls as OCI runtimes and container engines read them. Pure.

A rule can say that some bits of an argument have a value, not that they have another, so "all but these" is spelled out.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def but(name: str, index: int | None, values: tuple[int, ...], number: int) -> Iterator[dict[str, Any]]:
    """Yield the rules that answer some values of an argument with an error and let the others pass."""
    if index is None:
        yield refuse([name], number=number)
        return
    for value in values:
        yield refuse([name], bits(index, 0xFFFFFFFF, value), number=number)
    for mask, value in all_but(*values):
        yield allow([name], bits(index, mask, value))


def all_but(*values: int, width: int = 32) -> Iterator[tuple[int, int]]:
    """Yield masks and what they must leave, which together are met by every number but these, each by one of them."""

    def below(prefix: int, left: int, inside: list[int]) -> Iterator[tuple[int, int]]:
        if not inside:
            yield ((1 << width) - 1) >> left << left, prefix
        elif left:
            for bit in (0, 1 << (left - 1)):
                taken = [value for value in inside if value & (1 << (left - 1)) == bit]
                yield from below(prefix | bit, left - 1, taken)

    return below(0, width, list(values))


def allow(names: list[str], *arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the rule that lets calls pass whose arguments are so."""
    return {"names": names, "action": "SCMP_ACT_ALLOW", "args": list(arguments)}


def refuse(names: list[str], *arguments: dict[str, Any], number: int = errno.EPERM) -> dict[str, Any]:
    """Return the rule that answers calls whose arguments are so with an error."""
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": number, "args": list(arguments)}


def argument(index: int, operator: str, value: int, second: int = 0) -> dict[str, Any]:
    """Return the condition that compares an argument, of 64 bits."""
    return {"index": index, "value": value, "valueTwo": second, "op": operator}


def bits(index: int, mask: int, value: int) -> dict[str, Any]:
    """Return the condition that some bits of an argument have a value."""
    return argument(index, "SCMP_CMP_MASKED_EQ", mask, value)
