"""Re-derives the register from its columns: an audit log without a verifier is a table.

Finds an altered, dropped, inserted or swapped row, a cut tail, and anything in the stored tree
that does not follow from the rows. What it cannot find by itself is a holder of the database
who rewrites every later row and the tree as well: that takes anchors, earlier roots kept where
the database's holder cannot write.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import select

from bentos.contract import merkle, register
from bentos.contract.errors import ContractError
from control_plane.audit.event_row import BATCH, StoredEvent, read_events
from control_plane.audit.tree import HEAD_ID, HEADS, NODES, STRIDE, stored_nodes
from control_plane.db import ReadSession


@dataclass(frozen=True)
class Verification:
    """``first_bad``: the first seq that does not fit, None when all do or when an anchor alone
    says so. ``root`` in hex, over the ``size`` events that fit."""

    ok: bool
    size: int
    root: str
    first_bad: int | None = None
    problem: str | None = None
    anchors: int = 0


@dataclass(frozen=True)
class Anchor:
    """A root (hex) that was told before, and by whom: a checkpoint, an earlier verification."""

    size: int
    root: str
    name: str = "the anchor"


class Mismatch(Exception):
    """What does not fit; ends the walk."""

    def __init__(self, problem: str, first_bad: int | None) -> None:
        self.problem, self.first_bad = problem, first_bad
        super().__init__(problem)


def verify(
    session: ReadSession, anchors: Iterable[Anchor] = (), note: Callable[[int], None] | None = None
) -> Verification:
    """Check every leaf, every running root, the stored tree and the head; and that every anchor
    is still in it. ``note`` hears from time to time how many events were checked."""
    walk = _Walk(session, anchors)
    try:
        for event in read_events(session):
            walk.take(event)
            if note is not None and event.seq % BATCH == 0:
                note(event.seq)
        walk.end(session)
    except Mismatch as found:
        return walk.result(found)
    return walk.result(None)


class _Walk:
    """The tree as it grows again, beside what was stored of it."""

    def __init__(self, session: ReadSession, anchors: Iterable[Anchor]) -> None:
        self._tree = merkle.MerkleAccumulator()
        self._root = merkle.EMPTY_ROOT.hex()
        rows = session.connection().execute(select(NODES.c.level, NODES.c.position, NODES.c.hash))
        self._nodes = {(row.level, row.position): row.hash for row in rows}
        self._anchors: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.size, []).append(anchor)
        self._met = 0
        self._good = 0

    def take(self, event: StoredEvent) -> None:
        """One more event; raises Mismatch."""
        seq = self._tree.size + 1
        if event.seq != seq:
            more = "comes before it" if event.seq < seq else "is the next one"
            problem = f"event {seq} is missing: {event.seq} {more}"
            raise Mismatch(problem, min(seq, event.seq))
        completed = self._tree.append(_leaf(event))
        self._root = self._tree.root().hex()
        if self._root != event.root:
            problem = f"event {seq} does not give the root that was stored with it"
            raise Mismatch(problem, seq)
        if len(completed) >= STRIDE:
            for node in stored_nodes(seq, completed):
                self._check_node(node["level"], node["position"], node["hash"])
        if seq in self._anchors:
            self._meet(seq)

    def end(self, session: ReadSession) -> None:
        """No more events; raises Mismatch."""
        self._meet(0)
        if self._nodes:
            level, position = min(self._nodes)
            problem = f"the stored tree has node {position} of level {level}, the events do not"
            raise Mismatch(problem, self._tree.size + 1)
        for size in sorted(self._anchors):
            name = self._anchors[size][0].name
            problem = f"{name} counts {size} events, the register {self._tree.size}"
            raise Mismatch(problem, self._tree.size + 1)
        self._check_head(session)

    def result(self, found: Mismatch | None) -> Verification:
        """What the walk came to."""
        size = self._tree.size
        if found is None:
            return Verification(True, size, self._root, anchors=self._met)
        return Verification(False, size, self._root, found.first_bad, found.problem, self._met)

    def _check_node(self, level: int, position: int, expected: str) -> None:
        held = self._nodes.pop((level, position), None)
        if held != expected:
            first = (position << level) + 1
            last = (position + 1) << level
            what = "is missing from" if held is None else "was altered in"
            problem = f"the node over events {first} to {last} {what} the stored tree"
            raise Mismatch(problem, first)

    def _meet(self, size: int) -> None:
        for anchor in self._anchors.pop(size, ()):
            if anchor.root != self._root:
                among = f"among events {self._good + 1} to {size}"
                raise Mismatch(f"{anchor.name} saw other events {among}", None)
            self._met += 1
            self._good = size

    def _check_head(self, session: ReadSession) -> None:
        head = session.connection().execute(select(HEADS).where(HEADS.c.id == HEAD_ID)).first()
        size = head.size if head else 0
        if size != self._tree.size:
            problem = f"the head counts {size} events, the table holds {self._tree.size}"
            raise Mismatch(problem, min(size, self._tree.size) + 1)
        if head is None:
            return
        if head.root != self._root or head.edge != [node.hex() for node in self._tree.edge]:
            raise Mismatch("the head is not the head of the events", max(size, 1))


def _leaf(event: StoredEvent) -> bytes:
    if event.members is None:
        raise Mismatch(f"event {event.seq} cannot be read: {event.problem}", event.seq)
    try:
        leaf = register.leaf_of(event.members)
    except ContractError as error:
        problem = f"event {event.seq} cannot be hashed: {error.field}"
        raise Mismatch(problem, event.seq) from error
    if leaf.hex() != event.leaf:
        problem = f"event {event.seq} was altered: its columns do not give its leaf hash"
        raise Mismatch(problem, event.seq)
    return leaf
