"""Re-derives the register from its columns: an audit log without a verifier is a table.

Finds an altered, dropped, inserted or swapped row and a cut tail. What it cannot find is a
holder of the database who rewrites every later row and the head as well: that takes a copy
of an earlier root kept elsewhere.
"""

from dataclasses import dataclass

from sqlmodel import col, select

from bentos.contract import merkle, register
from bentos.contract.errors import ContractError
from control_plane.audit.models import EventRow, HeadRow
from control_plane.audit.service import HEAD_ID, event_of
from control_plane.db import ReadSession

BATCH = 1000


@dataclass(frozen=True)
class Verification:
    """``first_bad``: the first seq that does not fit, None when all do. ``root`` in hex."""

    ok: bool
    size: int
    root: str
    first_bad: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Anchor:
    """What an earlier verification found, kept where the database's holder cannot write."""

    size: int
    root: str


def verify(session: ReadSession, anchor: Anchor | None = None) -> Verification:
    """Check every leaf, every running root and the head; and that ``anchor`` is still in it."""
    tree = merkle.MerkleAccumulator()
    query = select(EventRow).order_by(col(EventRow.seq)).execution_options(yield_per=BATCH)
    for row in session.exec(query):
        problem = _problem(row, tree)
        if problem is not None:
            return Verification(False, tree.size, tree.root().hex(), tree.size + 1, problem)
        if anchor and tree.size == anchor.size and tree.root().hex() != anchor.root:
            problem = f"the first {anchor.size} events are not those of the anchor"
            return Verification(False, tree.size, tree.root().hex(), None, problem)
    if anchor and anchor.size > tree.size:
        problem = f"the anchor counts {anchor.size} events, the register {tree.size}"
        return Verification(False, tree.size, tree.root().hex(), tree.size + 1, problem)
    return _against_head(session, tree)


def _problem(row: EventRow, tree: merkle.MerkleAccumulator) -> str | None:
    if row.seq != tree.size + 1:
        return f"event {tree.size + 1} is missing, the next one is {row.seq}"
    try:
        leaf = register.leaf(event_of(row))
    except (ValueError, ContractError) as error:
        return f"event {row.seq} cannot be read: {error}"
    if leaf.hex() != row.leaf:
        return f"event {row.seq} was altered: its columns do not give its leaf hash"
    grown = merkle.MerkleAccumulator.restore(tree.size, tree.edge)
    grown.append(leaf)
    if grown.root().hex() != row.root:
        return f"event {row.seq} does not give the root that was stored with it"
    tree.append(leaf)
    return None


def _against_head(session: ReadSession, tree: merkle.MerkleAccumulator) -> Verification:
    head = session.get(HeadRow, HEAD_ID)
    size, root = (head.size, head.root) if head else (0, merkle.EMPTY_ROOT.hex())
    found = tree.root().hex()
    if size != tree.size:
        problem = f"the head counts {size} events, the table holds {tree.size}"
        return Verification(False, tree.size, found, min(size, tree.size) + 1, problem)
    if root != found:
        problem = "the head's root is not the root of the events"
        return Verification(False, tree.size, found, max(tree.size, 1), problem)
    return Verification(True, tree.size, found)
