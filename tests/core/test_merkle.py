"""Merkle trees: the vectors that other implementations publish, the recursive definition, and laws."""

from __future__ import annotations

import hashlib
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import merkle
from tests.core.strategies import law

#: The inputs and roots that the certificate-transparency projects test themselves with (trees of 0 to 8 leaves).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
#: (leaf, size) -> path, of the same project; leaves are counted from 0.
PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
#: (first, second) -> path, likewise.
PROOFS = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
LEAVES = [merkle.leaf_hash(data) for data in INPUTS]
NODES = merkle.nodes_of(LEAVES)
SIZES = st.integers(1, 70)


def some(size: int) -> list[bytes]:
    """Return leaves' hashes, all different."""
    return [merkle.leaf_hash(str(number).encode()) for number in range(size)]


def defined(leaves: list[bytes]) -> bytes:
    """Return the root as the RFC defines it, recursively over the list."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = max(1 << bit for bit in range(20) if 1 << bit < len(leaves))
    return hashlib.sha256(b"\x01" + defined(leaves[:split]) + defined(leaves[split:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert merkle.root(size, NODES).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_inclusion_paths_are_the_published_ones(index: int, size: int) -> None:
    assert [item.hex() for item in merkle.inclusion_path(index, size, NODES)] == PATHS[index, size]


@pytest.mark.parametrize(("first", "second"), PROOFS)
def test_consistency_paths_are_the_published_ones(first: int, second: int) -> None:
    assert [item.hex() for item in merkle.consistency_path(first, second, NODES)] == PROOFS[first, second]


@law
@given(SIZES)
def test_a_root_from_nodes_is_the_root_of_the_definition(size: int) -> None:
    assert merkle.root(size, merkle.nodes_of(some(size))) == defined(some(size))


@law
@given(SIZES)
def test_a_tree_that_grows_keeps_every_complete_subtree_once(size: int) -> None:
    kept: dict[tuple[int, int], bytes] = {}

    def nodes(level: int, position: int) -> bytes:
        return kept[level, position]

    for number, leaf in enumerate(some(size)):
        fresh = merkle.grown(number, leaf, nodes)
        assert not {(level, position) for level, position, _ in fresh} & kept.keys()
        kept.update({(level, position): found for level, position, found in fresh})
    assert kept.keys() == {(level, at) for level in range(7) for at in range(size >> level)}


@law
@given(SIZES, st.data())
def test_every_leaf_is_proved_and_no_other_leaf_place_or_root_is(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = some(size)
    nodes = merkle.nodes_of(leaves)
    root = merkle.root(size, nodes)
    path = merkle.inclusion_path(index, size, nodes)
    assert merkle.verify_inclusion(index, size, leaves[index], path, root)
    assert not merkle.verify_inclusion(index, size, merkle.leaf_hash(b"another"), path, root)
    assert not merkle.verify_inclusion(index, size, leaves[index], path, merkle.EMPTY)
    assert not merkle.verify_inclusion(index, size, leaves[index], [*path, root], root)
    for other in {index - 1, index + 1, size} - {index}:
        assert not merkle.verify_inclusion(other, size, leaves[index], path, root)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not merkle.verify_inclusion(index, size, leaves[index], path[:-1], root)
        changed = [*path[:at], merkle.leaf_hash(path[at]), *path[at + 1 :]]
        assert not merkle.verify_inclusion(index, size, leaves[index], changed, root)


@law
@given(SIZES, st.data())
def test_a_tree_is_proved_to_begin_a_later_one_and_a_rewritten_one_is_not(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    nodes = merkle.nodes_of(some(second))
    old, new = merkle.root(first, nodes), merkle.root(second, nodes)
    path = merkle.consistency_path(first, second, nodes)
    assert merkle.verify_consistency(first, second, old, new, path)
    assert not merkle.verify_consistency(first, second, merkle.leaf_hash(old), new, path)
    assert not merkle.verify_consistency(first, second, old, merkle.leaf_hash(new), path)
    assert not merkle.verify_consistency(first, second, old, new, [*path, old])
    if path:
        assert not merkle.verify_consistency(first, second, old, new, path[:-1])
        at = data.draw(st.integers(0, len(path) - 1))
        changed = [*path[:at], merkle.leaf_hash(path[at]), *path[at + 1 :]]
        assert not merkle.verify_consistency(first, second, old, new, changed)
    rewritten = some(second)
    rewritten[data.draw(st.integers(0, first - 1))] = merkle.leaf_hash(b"another")
    forged = merkle.nodes_of(rewritten)
    proof = merkle.consistency_path(first, second, forged)
    assert not merkle.verify_consistency(first, second, old, merkle.root(second, forged), proof)


def test_every_beginning_of_a_small_tree_is_proved_and_of_no_other_root() -> None:
    """Every form that a proof can have is among them: both sizes even, odd, and at the edge of a complete subtree."""
    nodes = merkle.nodes_of(some(17))
    roots = {size: merkle.root(size, nodes) for size in range(1, 18)}
    for (first, old), (second, new) in combinations(roots.items(), 2):
        path = merkle.consistency_path(first, second, nodes)
        assert merkle.verify_consistency(first, second, old, new, path), (first, second)
        assert not merkle.verify_consistency(first, second, old, old, path), (first, second)
        assert not merkle.verify_consistency(first, second, new, new, path), (first, second)


def test_the_empty_tree_begins_every_tree_without_a_proof() -> None:
    assert merkle.verify_consistency(0, 0, merkle.EMPTY, merkle.EMPTY, [])
    assert merkle.verify_consistency(0, 5, merkle.EMPTY, merkle.root(5, NODES), [])
    assert not merkle.verify_consistency(0, 5, LEAVES[0], merkle.root(5, NODES), [])
    assert not merkle.verify_consistency(0, 5, merkle.EMPTY, merkle.root(5, NODES), [merkle.EMPTY])


@pytest.mark.parametrize(("first", "second"), [(5, 3), (-1, 3), (3, -1), (0, -1), (-1, -1)])
def test_sizes_that_cannot_be_prove_nothing(first: int, second: int) -> None:
    roots = (merkle.root(5, NODES), merkle.root(3, NODES))
    assert not merkle.verify_consistency(first, second, *roots, [LEAVES[0]])
    assert not merkle.verify_consistency(first, second, LEAVES[0], LEAVES[0], [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_path_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"a tree of {size} leaves has no leaf {index}"):
        merkle.inclusion_path(index, size, NODES)
    assert not merkle.verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])


@pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3)])
def test_there_is_no_path_between_trees_that_do_not_begin_one_another(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="is no beginning of"):
        merkle.consistency_path(first, second, NODES)


def test_a_leaf_cannot_pose_as_a_node() -> None:
    left, right = LEAVES[:2]
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
