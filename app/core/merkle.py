"""Merkle trees over lists of leaves, as RFC 6962 (2.1) and RFC 9162 (2.1) define them.

A leaf's hash is SHA-256 over 0x00 and its bytes, an inner node's over 0x01 and its two children, so that no leaf can pose
as a node. A list of n > 1 leaves is split at the largest power of two below n: every left part is a *complete* subtree that
later leaves never change. Its root is called node (level, position): the one over the 2^level leaves from
position * 2^level on. Whoever keeps those nodes needs about 2 * log2(n) of them for a root or a proof, and no leaf.

Proofs are lists of hashes. `verify_inclusion` and `verify_consistency` follow RFC 9162, 2.1.3.2 and 2.1.4.2, and know
nothing of the functions that make proofs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Gives the hash of a complete subtree by level and position.
Nodes = Callable[[int, int], bytes]
EMPTY = hashlib.sha256(b"").digest()  # root of the empty tree


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(size: int, leaf: bytes, nodes: Nodes) -> list[tuple[int, int, bytes]]:
    """Return every complete subtree (level, position, hash) that a leaf's hash completes when it follows `size` others."""
    found = [(0, size, leaf)]
    level, position, current = 0, size, leaf
    while position % 2:
        current = node_hash(nodes(level, position - 1), current)
        level, position = level + 1, position // 2
        found.append((level, position, current))
    return found


def nodes_of(leaves: Sequence[bytes]) -> Nodes:
    """Return the nodes of a list of leaves' hashes, each computed once."""
    known: dict[tuple[int, int], bytes] = {}

    def nodes(level: int, position: int) -> bytes:
        return known[level, position]

    for size, leaf in enumerate(leaves):
        known.update({(level, position): found for level, position, found in grown(size, leaf, nodes)})
    return nodes


def root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the first `size` leaves."""
    return _range(0, size, nodes) if size else EMPTY


def inclusion_path(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that the leaf `index`, counted from 0, is among the first `size`.

    Raises:
        ValueError: there is no such leaf.

    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range(middle, end, nodes))
            end = middle
        else:
            path.append(_range(begin, middle, nodes))
            begin = middle
    return path[::-1]


def consistency_path(first: int, second: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that the tree of `first` leaves is the beginning of the tree of `second`.

    Raises:
        ValueError: not 0 < first <= second; the empty tree begins every tree, without a proof.

    """
    if not 0 < first <= second:
        raise ValueError(f"a tree of {first} leaves is no beginning of a tree of {second} that could be proved")
    begin, end, path = 0, second, []
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(_range(middle, end, nodes))
            end = middle
        else:
            path.append(_range(begin, middle, nodes))
            begin = middle
    if begin:  # else the verifier has it: it is the first root
        path.append(_range(begin, end, nodes))
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], wanted: bytes) -> bool:
    """Say whether a path leads from a leaf's hash to a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, current = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if position % 2 or position == last:
            current = node_hash(step, current)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, step)
        position, last = position >> 1, last >> 1
    return last == 0 and current == wanted


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether a path shows that the first tree is the beginning of the second (RFC 9162, 2.1.4.2)."""
    if first == second:
        return first >= 0 and not path and first_root == second_root
    if first == 0:
        return second > 0 and not path and first_root == EMPTY
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not 0 < first < second or not path:
        return False
    position, last = first - 1, second - 1
    while position % 2:
        position, last = position >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    return last == 0 and (old, new) == (first_root, second_root)


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _range(begin: int, end: int, nodes: Nodes) -> bytes:
    """Return the hash over leaves begin to end; a range of a power of two always begins at a multiple of it."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, begin >> level)
    middle = begin + _split(size)
    return node_hash(_range(begin, middle, nodes), _range(middle, end, nodes))
