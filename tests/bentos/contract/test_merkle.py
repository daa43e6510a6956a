"""The tree against Certificate Transparency's reference vectors and RFC 6962's definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.errors import ContractError
from bentos.contract.merkle import (
    EMPTY_ROOT,
    MerkleAccumulator,
    leaf_hash,
    merkle_root,
    node_hash,
)

# github.com/google/certificate-transparency: the reference tree of eight leaves.
LEAVES = [
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


def defined_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_reference_roots(size):
    assert merkle_root(map(leaf_hash, LEAVES[:size])).hex() == ROOTS[size]


def test_empty_tree():
    assert MerkleAccumulator().root() == EMPTY_ROOT == hashlib.sha256(b"").digest()


def test_leaf_and_node_have_their_own_prefix():
    assert leaf_hash(b"ab") == hashlib.sha256(b"\x00ab").digest()
    assert node_hash(b"a", b"b") == hashlib.sha256(b"\x01ab").digest()


@given(st.integers(0, 300))
def test_equals_the_recursive_definition_at_every_size(size):
    leaves = [leaf_hash(str(number).encode()) for number in range(size)]
    tree = MerkleAccumulator()
    for position, leaf in enumerate(leaves):
        assert tree.size == position
        tree.append(leaf)
    assert tree.root() == merkle_root(leaves) == defined_root(leaves)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_any_changed_dropped_or_swapped_leaf_changes_the_root(values, data):
    leaves = [leaf_hash(value) for value in values]
    index = data.draw(st.integers(0, len(leaves) - 1))
    root = merkle_root(leaves)
    changed = [*leaves[:index], leaf_hash(b"other" + values[index]), *leaves[index + 1 :]]
    assert merkle_root(changed) != root
    assert merkle_root([*leaves[:index], *leaves[index + 1 :]]) != root
    swapped = leaves[::-1]
    assert (merkle_root(swapped) == root) == (swapped == leaves)


def test_asking_for_the_root_leaves_the_tree_open():
    tree = MerkleAccumulator()
    for size, value in enumerate(LEAVES, start=1):
        tree.append(leaf_hash(value))
        assert tree.root().hex() == ROOTS[size]


@given(st.integers(0, 200), st.integers(0, 50))
def test_going_on_from_a_stored_edge_gives_the_same_root(size, more):
    leaves = [leaf_hash(str(number).encode()) for number in range(size + more)]
    tree = MerkleAccumulator()
    for leaf in leaves[:size]:
        tree.append(leaf)
    restored = MerkleAccumulator.restore(tree.size, tree.edge)
    assert restored.root() == tree.root()
    for leaf in leaves[size:]:
        restored.append(leaf)
    assert restored.root() == merkle_root(leaves)
    # What was restored from is not touched.
    assert tree.root() == merkle_root(leaves[:size])


@pytest.mark.parametrize(("size", "nodes"), [(0, 1), (1, 0), (3, 1), (4, 2)])
def test_edge_that_does_not_fit_its_size_is_refused(size, nodes):
    with pytest.raises(ContractError, match="edge"):
        MerkleAccumulator.restore(size, [EMPTY_ROOT] * nodes)
