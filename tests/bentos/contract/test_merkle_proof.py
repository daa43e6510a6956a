"""Proofs against RFC 6962's own examples, Certificate Transparency's vectors and the definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.errors import ContractError
from bentos.contract.merkle import EMPTY_ROOT, leaf_hash, merkle_root, node_hash
from bentos.contract.merkle_proof import (
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    perfect_subtrees,
    range_proof,
    range_root,
)

# The reference tree of eight leaves and its proofs, as published with Certificate Transparency
# (certificate-transparency/cpp/merkletree/merkle_tree_test.cc).
DATA = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in DATA]
INCLUSION = {
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
CONSISTENCY = {
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


def nodes_of(leaves):
    return lambda level, index: merkle_root(leaves[index << level : (index + 1) << level])


def tree_of(size):
    leaves = [leaf_hash(str(number).encode()) for number in range(size)]
    return leaves, nodes_of(leaves)


def largest_power_below(size):
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def defined_path(m, leaves):
    """RFC 6962 §2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*defined_path(m, leaves[:k]), merkle_root(leaves[k:])]
    return [*defined_path(m - k, leaves[k:]), merkle_root(leaves[:k])]


def defined_subproof(m, leaves, complete):
    """RFC 6962 §2.1.2, word for word."""
    if m == len(leaves):
        return [] if complete else [merkle_root(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*defined_subproof(m, leaves[:k], complete), merkle_root(leaves[k:])]
    return [*defined_subproof(m - k, leaves[k:], False), merkle_root(leaves[:k])]


def proves(begin, leaves, size, proof, root):
    try:
        return range_root(begin, leaves, size, proof) == root
    except ContractError:
        return False


def hexes(path):
    return [each.hex() for each in path]


@pytest.mark.parametrize("case", INCLUSION)
def test_published_inclusion_proofs(case):
    index, size = case
    path = inclusion_proof(nodes_of(LEAVES), index, size)
    assert hexes(path) == INCLUSION[case]
    assert includes(LEAVES[index], index, size, path, merkle_root(LEAVES[:size]))


@pytest.mark.parametrize("case", CONSISTENCY)
def test_published_consistency_proofs(case):
    old, new = case
    path = consistency_proof(nodes_of(LEAVES), old, new)
    assert hexes(path) == CONSISTENCY[case]
    assert extends(old, merkle_root(LEAVES[:old]), new, merkle_root(LEAVES[:new]), path)


def test_the_example_tree_of_the_rfc():
    """RFC 6962 §2.1.3: seven leaves, paths named by the drawing's letters."""
    leaves, nodes = tree_of(7)
    a, b, c, d, e, f, j = leaves
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l_ = node_hash(g, h), node_hash(i, j)
    assert inclusion_proof(nodes, 0, 7) == [b, h, l_]
    assert inclusion_proof(nodes, 3, 7) == [c, g, l_]
    assert inclusion_proof(nodes, 4, 7) == [f, j, k]
    assert inclusion_proof(nodes, 6, 7) == [i, k]
    assert consistency_proof(nodes, 3, 7) == [c, d, g, l_]
    assert consistency_proof(nodes, 4, 7) == [l_]
    assert consistency_proof(nodes, 6, 7) == [i, j, k]


@given(st.data(), st.integers(1, 300))
def test_inclusion_equals_the_definition_and_verifies_for_nothing_else(data, size):
    index = data.draw(st.integers(0, size - 1))
    leaves, nodes = tree_of(size)
    path, root = inclusion_proof(nodes, index, size), merkle_root(leaves)
    assert path == defined_path(index, leaves)
    assert includes(leaves[index], index, size, path, root)
    other = data.draw(st.integers(0, size + 3))
    assert includes(leaves[index], other, size, path, root) == (other == index)
    assert not includes(leaf_hash(b"other"), index, size, path, root)
    assert not includes(leaves[index], index, size, [*path, root], root)
    for place in range(len(path)):
        assert not includes(leaves[index], index, size, path[:place], root)
        changed = [*path[:place], leaf_hash(b"other"), *path[place + 1 :]]
        assert not includes(leaves[index], index, size, changed, root)


@given(st.data(), st.integers(0, 300))
def test_consistency_equals_the_definition_and_verifies_for_nothing_else(data, new):
    old = data.draw(st.integers(0, new))
    leaves, nodes = tree_of(new)
    path = consistency_proof(nodes, old, new)
    before, after = merkle_root(leaves[:old]), merkle_root(leaves)
    assert path == (defined_subproof(old, leaves, True) if old else [])
    assert extends(old, before, new, after, path)
    assert not extends(old, before, new, after, [*path, after])
    if 0 < old < new:
        assert not extends(old, leaf_hash(b"other"), new, after, path)
        assert not extends(old, before, new, leaf_hash(b"other"), path)
        assert not extends(old, before, new, after, path[:-1])
        for place in range(len(path)):
            changed = [*path[:place], leaf_hash(b"other"), *path[place + 1 :]]
            assert not extends(old, before, new, after, changed)


@given(st.data(), st.integers(0, 300))
def test_a_range_is_proved_whole_and_in_order(data, size):
    begin = data.draw(st.integers(0, size))
    end = data.draw(st.integers(begin, size))
    leaves, nodes = tree_of(size)
    proof, root = range_proof(nodes, begin, end, size), merkle_root(leaves)
    part = leaves[begin:end]
    assert range_root(begin, part, size, proof) == root
    if part:
        place = data.draw(st.integers(0, len(part) - 1))
        changed = [*part[:place], leaf_hash(b"other"), *part[place + 1 :]]
        assert range_root(begin, changed, size, proof) != root
        for wrong in ([*part[:place], *part[place + 1 :]], [*part, leaf_hash(b"more")]):
            assert not proves(begin, wrong, size, proof, root)


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_perfect_subtrees_cover_a_range_without_gap(first, second):
    begin, end = sorted((first, second))
    place = begin
    for level, index in perfect_subtrees(begin, end):
        assert index << level == place
        place += 1 << level
    assert place == end


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_an_index_outside_the_tree_is_refused(index, size):
    with pytest.raises(ContractError, match="index"):
        inclusion_proof(tree_of(3)[1], index, size)
    assert not includes(leaf_hash(b""), index, size, [], EMPTY_ROOT)


def test_a_smaller_tree_extends_no_larger_one():
    with pytest.raises(ContractError, match="old"):
        consistency_proof(tree_of(3)[1], 4, 3)
    assert not extends(4, EMPTY_ROOT, 3, EMPTY_ROOT, [])
    with pytest.raises(ContractError, match="range"):
        range_proof(tree_of(3)[1], 2, 4, 3)
