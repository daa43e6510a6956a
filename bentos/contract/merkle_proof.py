"""Proofs over the tree of ``merkle.py`` (RFC 6962 §2.1.1, §2.1.2), verified as RFC 9162 §2.1 does.

Three of them. *Inclusion*: this leaf is the one at this index. *Consistency*: the larger tree
begins with the whole smaller one. *Range*: these leaves are the ones from ``begin`` to ``end``,
all of them, in this order (the range's complement, as perfect subtrees; not in the RFCs).

A prover hands over ``Nodes``, a function to the roots of perfect subtrees; this file knows
nothing of where they are kept. Indexes count from 0; ends are exclusive.
"""

from collections.abc import Callable, Iterable, Sequence

from bentos.contract.errors import ContractError
from bentos.contract.merkle import MerkleAccumulator, node_hash

Nodes = Callable[[int, int], bytes]
"""(level, index) → root of the leaves index·2**level … (index+1)·2**level − 1; level 0: a leaf."""


def perfect_subtrees(begin: int, end: int) -> list[tuple[int, int]]:
    """The fewest perfect subtrees that make up leaves ``begin`` … ``end``, left to right, as
    (level, index)."""
    found = []
    while begin < end:
        aligned = (begin & -begin).bit_length() - 1 if begin else end.bit_length()
        level = min(aligned, (end - begin).bit_length() - 1)
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def subtree_root(nodes: Nodes, begin: int, end: int) -> bytes:
    """MTH(D[begin:end]) of RFC 6962 §2.1; ``begin`` as the RFC's recursion produces it."""
    parts = [nodes(level, index) for level, index in perfect_subtrees(begin, end)]
    root = parts[-1]
    for part in reversed(parts[:-1]):
        root = node_hash(part, root)
    return root


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]): from the leaf's sibling up to the root's child.

    Raises ContractError for an index outside the tree.
    """
    if not 0 <= index < size:
        raise ContractError("index", f"0 to {size - 1}", index)
    path, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(subtree_root(nodes, middle, end))
            end = middle
        else:
            path.append(subtree_root(nodes, begin, middle))
            begin = middle
    return path[::-1]


def consistency_proof(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[new]); empty when ``old`` is 0 or ``new``. Raises ContractError beyond it."""
    if not 0 <= old <= new:
        raise ContractError("old", f"0 to {new}", old)
    if old in (0, new):
        return []
    path, begin, end, whole = [], 0, new, True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(subtree_root(nodes, middle, end))
            end = middle
        else:
            path.append(subtree_root(nodes, begin, middle))
            begin, whole = middle, False
    if not whole:
        path.append(subtree_root(nodes, begin, end))
    return path[::-1]


def range_proof(nodes: Nodes, begin: int, end: int, size: int) -> list[bytes]:
    """Roots of the perfect subtrees left of ``begin`` and then right of ``end``."""
    if not 0 <= begin <= end <= size:
        raise ContractError("range", f"within 0 to {size}", (begin, end))
    around = perfect_subtrees(0, begin) + perfect_subtrees(end, size)
    return [nodes(level, index) for level, index in around]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` proves that ``leaf`` is at ``index`` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(each, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, each)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def extends(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` proves that the larger tree begins with the smaller one (RFC 9162
    §2.1.4.2). Every tree extends the empty one, by an empty path."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not path and (old == 0 or old_root == new_root)
    # A perfect smaller tree is itself the first node: the path leaves it out.
    nodes = list(path) if old & (old - 1) else [old_root, *path]
    if not nodes:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    small = large = nodes[0]
    for each in nodes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            small, large = node_hash(each, small), node_hash(each, large)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            large = node_hash(large, each)
        place, last = place >> 1, last >> 1
    return last == 0 and small == old_root and large == new_root


def range_root(begin: int, leaves: Iterable[bytes], size: int, proof: Sequence[bytes]) -> bytes:
    """The root of a tree of ``size`` that holds these leaves from ``begin`` on, by ``range_proof``.

    Raises ContractError when leaves and proof do not make up a tree of that size.
    """
    left = begin.bit_count()
    tree = MerkleAccumulator.restore(begin, proof[:left])
    for leaf in leaves:
        tree.append(leaf)
    right = perfect_subtrees(tree.size, size)
    if tree.size > size or len(right) != len(proof) - left:
        raise ContractError("proof", f"a range within {size} leaves", len(proof))
    for (level, _), root in zip(right, proof[left:], strict=True):
        tree.append_subtree(level, root)
    return tree.root()


def _split(size: int) -> int:
    """The largest power of two smaller than ``size``."""
    return 1 << ((size - 1).bit_length() - 1)
