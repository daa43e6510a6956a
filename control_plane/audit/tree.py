"""The register's Merkle tree as it is stored: right edge, leaves, and every eighth level.

A proof over a million events reads three stretches of at most 256 hashes.
"""

from typing import Any, cast

from sqlalchemy import BindParameter, Table, bindparam, insert, select, update

from bentos.contract.merkle import MerkleAccumulator, merkle_root, node_hash
from control_plane.audit.event_row import EVENTS
from control_plane.audit.models import HeadRow, NodeRow
from control_plane.db import ReadSession, WriteSession

HEAD_ID = 1
STRIDE = 8
"""Levels that are stored: the leaves (0), 8, 16 and so on. A stretch has 2**STRIDE hashes."""
HEADS = cast("Table", HeadRow.__table__)  # type: ignore[attr-defined]
NODES = cast("Table", NodeRow.__table__)  # type: ignore[attr-defined]
# Made once: statements are neither built nor looked up again.
_READ_HEAD = select(HEADS.c.size, HEADS.c.edge).where(HEADS.c.id == HEAD_ID)
_MOVE_HEAD = update(HEADS).where(HEADS.c.id == HEAD_ID)
_BEGIN: BindParameter[int] = bindparam("begin")
_END: BindParameter[int] = bindparam("end")
_NODES_BETWEEN = (
    select(NODES.c.hash)
    .where(NODES.c.level == bindparam("level"))
    .where(NODES.c.position >= _BEGIN, NODES.c.position < _END)
    .order_by(NODES.c.position)
)
# Event 1 is leaf 0.
_LEAVES_BETWEEN = (
    select(EVENTS.c.leaf).where(EVENTS.c.seq > _BEGIN, EVENTS.c.seq <= _END).order_by(EVENTS.c.seq)
)


def stored_nodes(size: int, completed: list[tuple[int, bytes]]) -> list[dict[str, Any]]:
    """Of the subtrees that the ``size``-th leaf completed, those that are kept, as rows."""
    return [
        {"level": level, "position": (size >> level) - 1, "hash": root.hex()}
        for level, root in completed
        if level % STRIDE == 0
    ]


def read_head(session: ReadSession) -> MerkleAccumulator:
    """The tree as of the last event of this session's view."""
    row = session.connection().execute(_READ_HEAD).first()
    if row is None:
        return MerkleAccumulator()
    return MerkleAccumulator.restore(row.size, map(bytes.fromhex, row.edge))


def grow(session: WriteSession, tree: MerkleAccumulator, leaf: bytes) -> str:
    """Append a leaf to ``tree`` and store what follows from it; the new root, in hex."""
    completed = tree.append(leaf)
    root = tree.root().hex()
    connection = session.connection()
    head = {"size": tree.size, "root": root, "edge": [node.hex() for node in tree.edge]}
    if tree.size == 1:
        connection.execute(insert(HEADS), head | {"id": HEAD_ID})
    else:
        connection.execute(_MOVE_HEAD, head)
    nodes = stored_nodes(tree.size, completed)
    if nodes:
        connection.execute(insert(NODES), nodes)
    return root


class StoredTree:
    """Roots of perfect subtrees of the tree that a session sees; reads each stretch once."""

    def __init__(self, session: ReadSession) -> None:
        self._connection = session.connection()
        self._stretches: dict[tuple[int, int], list[list[bytes]]] = {}

    def node(self, level: int, index: int) -> bytes:
        """Root of the ``index``-th subtree of 2**level leaves, all of which must be there."""
        above = level % STRIDE
        base, width = level - above, 1 << above
        number, begin = divmod(index * width, 1 << STRIDE)
        stretch = self._stretch(base, number)
        roots = stretch[above] if above < len(stretch) else []
        if begin // width < len(roots):
            return roots[begin // width]
        # They are not all there: this is no root that anything else could give.
        return merkle_root(stretch[0][begin : begin + width])

    def _stretch(self, level: int, number: int) -> list[list[bytes]]:
        key = (level, number)
        if key not in self._stretches:
            self._stretches[key] = _pyramid(self._read(level, number << STRIDE))
        return self._stretches[key]

    def _read(self, level: int, begin: int) -> list[bytes]:
        query = _NODES_BETWEEN if level else _LEAVES_BETWEEN
        values = {"level": level, "begin": begin, "end": begin + (1 << STRIDE)}
        return [bytes.fromhex(each) for (each,) in self._connection.execute(query, values).all()]


def _pyramid(hashes: list[bytes]) -> list[list[bytes]]:
    """The hashes, and over them level by level the roots of all perfect subtrees."""
    levels = [hashes]
    while len(below := levels[-1]) > 1:
        # ``strict`` would refuse an odd one at the end, which has no pair yet.
        pairs = zip(below[::2], below[1::2], strict=False)
        levels.append([node_hash(left, right) for left, right in pairs])
    return levels
