"""RFC 6962 §2.1 Merkle tree hashing, as a pure accumulator.

The register and every decision segment use the same tree: leaf = SHA-256(0x00 ‖ data),
node = SHA-256(0x01 ‖ left ‖ right). This file knows nothing of what a leaf holds.
"""

from collections.abc import Iterable
from hashlib import sha256

from bentos.contract.errors import ContractError

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data), 32 bytes (RFC 6962 §2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), 32 bytes (RFC 6962 §2.1)."""
    return sha256(b"\x01" + left + right).digest()


class MerkleAccumulator:
    """The right edge of a growing tree: O(log n) memory, appended to one leaf at a time."""

    def __init__(self) -> None:
        self.size = 0
        # Roots of the perfect subtrees that make up the tree, largest first.
        self._edge: list[bytes] = []

    @classmethod
    def restore(cls, size: int, edge: Iterable[bytes]) -> "MerkleAccumulator":
        """Go on from a stored ``size`` and ``edge`` instead of from all leaves."""
        tree = cls()
        tree.size, tree._edge = size, list(edge)
        if len(tree._edge) != size.bit_count():
            raise ContractError("edge", f"{size.bit_count()} subtree roots", len(tree._edge))
        return tree

    @property
    def edge(self) -> tuple[bytes, ...]:
        """Roots of the perfect subtrees that make up the tree, largest first."""
        return tuple(self._edge)

    def append(self, leaf: bytes) -> list[tuple[int, bytes]]:
        """Add a leaf hash (32 bytes) at the end.

        Returns the perfect subtrees that it completed, as (level, root), smallest first: a
        subtree of level k has 2**k leaves. Levels above 0 only.
        """
        return self.append_subtree(0, leaf)

    def append_subtree(self, level: int, root: bytes) -> list[tuple[int, bytes]]:
        """Add 2**level leaves at once, by the root of their perfect subtree.

        The size so far must be a multiple of 2**level. Returns what ``append`` returns.
        """
        if self.size & ((1 << level) - 1):
            raise ContractError("level", f"one that divides {self.size}", level)
        completed: list[tuple[int, bytes]] = []
        carry, height, size = root, level, self.size >> level
        while size & 1:
            carry = node_hash(self._edge.pop(), carry)
            height += 1
            completed.append((height, carry))
            size >>= 1
        self._edge.append(carry)
        self.size += 1 << level
        return completed

    def root(self) -> bytes:
        """The tree head over all leaves so far; SHA-256("") when there are none."""
        if not self._edge:
            return EMPTY_ROOT
        root = self._edge[-1]
        for subtree in self._edge[-2::-1]:
            # ``node_hash``, without a call for each of a million events' twenty levels.
            root = sha256(b"\x01" + subtree + root).digest()
        return root


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Tree head over leaf hashes in order."""
    tree = MerkleAccumulator()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()
