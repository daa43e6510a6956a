import pytest

from bentos.contract.merkle import merkle_root
from bentos.contract.merkle_proof import (
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    range_proof,
    range_root,
)
from control_plane.audit.event_row import read_events
from control_plane.audit.tree import StoredTree, read_head


@pytest.fixture
def leaves(filled):
    with filled.database.read() as session:
        return [bytes.fromhex(event.leaf) for event in read_events(session)]


def test_proofs_from_the_stored_tree_verify(filled, leaves):
    size = filled.size
    with filled.database.read() as session:
        nodes = StoredTree(session).node
        root = read_head(session).root()
        assert root == merkle_root(leaves)
        for index in (0, 1, 255, 256, 300, 511, 512, size - 1):
            path = inclusion_proof(nodes, index, size)
            assert includes(leaves[index], index, size, path, root)
        for old in (1, 2, 200, 256, 257, 511, 512, 513, size):
            path = consistency_proof(nodes, old, size)
            assert extends(old, merkle_root(leaves[:old]), size, root, path)
        proof = range_proof(nodes, 100, 520, size)
        assert range_root(100, leaves[100:520], size, proof) == root


def test_a_stored_node_is_the_root_over_its_leaves(filled, leaves):
    with filled.database.read() as session:
        tree = StoredTree(session)
        assert tree.node(8, 1) == merkle_root(leaves[256:512])
        assert tree.node(9, 0) == merkle_root(leaves[:512])
        assert tree.node(3, 70) == merkle_root(leaves[560:568])
        assert tree.node(0, 7) == leaves[7]


def test_a_subtree_that_lost_leaves_has_no_root_of_another(filled, leaves):
    # Nothing breaks: whoever compares the root learns it.
    filled.tamper("DELETE FROM register_event WHERE seq > 300 AND seq <= 512")
    with filled.database.read() as session:
        tree = StoredTree(session)
        assert tree.node(2, 11) == merkle_root(leaves[44:48])
        assert tree.node(2, 75) != merkle_root(leaves[300:304])
        assert tree.node(7, 2) != merkle_root(leaves[256:384])
        assert tree.node(0, 301) != leaves[301]


def test_the_tree_goes_on_from_where_it_stands(filled):
    filled.append(200)
    with filled.database.read() as session:
        found = [bytes.fromhex(event.leaf) for event in read_events(session)]
        assert len(found) == filled.size
        assert read_head(session).root() == merkle_root(found)
        assert StoredTree(session).node(8, 2) == merkle_root(found[512:768])
