"""Signed checkpoints: the register's size and root, told to the world (C2SP tlog-checkpoint).

A log must never sign two trees of which one does not begin with the other. So a checkpoint is
made only inside the transaction that fixes the size, from the stored leaves, and only if they
still give every root that was signed before: the last one in the table, the one in the second
place. A register that was cut or rewritten is not signed any more; that is an alarm.
"""

from collections.abc import Iterable
from urllib.parse import quote

from sqlmodel import col, select

from bentos.contract.merkle_proof import subtree_root
from bentos.contract.register import Action, Outcome
from control_plane import clock
from control_plane.audit.event_row import EVENTS
from control_plane.audit.models import CheckpointRow, CosignatureRow
from control_plane.audit.offline.notes import LOG, Policy, Unproven, VerifierKey
from control_plane.audit.register_key import RegisterSigner, check_key, recorded_keys
from control_plane.audit.tree import StoredTree, read_head
from control_plane.audit.verifier import Anchor
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import PolicyError
from control_plane.publish.archive import installation


class InconsistentError(PolicyError):
    """The register does not give what was signed before: it was cut, rewritten or restored."""

    title = "Register inconsistent"


def origin(session: ReadSession) -> str:
    """The log's name in checkpoints. A restored backup is another log: the epoch is in it."""
    row = installation(session)
    shop, environment = quote(row.shop, safe=""), quote(row.environment, safe="")
    return f"signalbox/{shop}/{environment}/{row.epoch}"


def make_checkpoint(
    session: WriteSession, signer: RegisterSigner, earlier: Iterable[Anchor] = ()
) -> CheckpointRow:
    """Sign the register as this transaction finds it; the one there is when nothing was added.

    ``earlier``: what other places hold of this log. Raises InconsistentError, and ContractError
    for a key that is not the register's.
    """
    check_key(session, signer)
    tree, name = read_head(session), origin(session)
    last = latest(session, name)
    held = [] if last is None else [Anchor(last.size, last.root, "the last checkpoint")]
    nodes = StoredTree(session).node
    for anchor in [*held, *earlier, Anchor(tree.size, tree.root().hex(), "the head")]:
        if anchor.size > tree.size:
            raise InconsistentError(
                f"{anchor.name} counts {anchor.size} events, the register {tree.size}"
            )
        if anchor.size and subtree_root(nodes, 0, anchor.size).hex() != anchor.root:
            raise InconsistentError(f"{anchor.name} saw other events than the register holds")
    if last is not None and last.size == tree.size:
        return last
    row = CheckpointRow(
        origin=name,
        size=tree.size,
        root=tree.root().hex(),
        at=clock.now(),
        note=signer.note(name, tree.size, tree.root()),
    )
    session.add(row)
    session.flush()
    return row


def latest(session: ReadSession, name: str) -> CheckpointRow | None:
    """The largest checkpoint of an origin."""
    query = select(CheckpointRow).where(col(CheckpointRow.origin) == name)
    return session.exec(query.order_by(col(CheckpointRow.size).desc()).limit(1)).first()


def covering(session: ReadSession, name: str, size: int) -> CheckpointRow | None:
    """The smallest checkpoint over at least ``size`` events."""
    query = select(CheckpointRow).where(
        col(CheckpointRow.origin) == name, col(CheckpointRow.size) >= size
    )
    return session.exec(query.order_by(col(CheckpointRow.size)).limit(1)).first()


def with_cosignatures(session: ReadSession, row: CheckpointRow) -> str:
    """The note with every witness's line under the log's."""
    query = select(CosignatureRow.line).where(
        col(CosignatureRow.origin) == row.origin, col(CosignatureRow.size) == row.size
    )
    lines = session.exec(query.order_by(col(CosignatureRow.witness)))
    return row.note + "".join(f"{line}\n" for line in lines)


def anchor_of(note: str, keys: Iterable[bytes], name: str) -> Anchor:
    """A checkpoint as an anchor, once one of the register's keys was found under it.

    Raises Unproven.
    """
    problem: Unproven | None = None
    for public in keys:
        try:
            checkpoint, _ = Policy(public).check(note)
        except Unproven as error:
            problem = error
        else:
            return Anchor(checkpoint.size, checkpoint.root.hex(), name)
    raise problem or Unproven("the register names no key it is signed with")


def stored_anchors(session: ReadSession, name: str) -> list[Anchor]:
    """Every checkpoint of an origin in the table; raises Unproven for one that is not signed
    by a key of the register, or whose columns are not its note's."""
    keys, found = recorded_keys(session), []
    query = select(CheckpointRow).where(col(CheckpointRow.origin) == name)
    for row in session.exec(query.order_by(col(CheckpointRow.size))):
        told = f"the stored checkpoint of size {row.size}"
        anchor = anchor_of(row.note, keys, told)
        if (anchor.size, anchor.root) != (row.size, row.root):
            raise Unproven(f"{told} has a note over other events")
        found.append(anchor)
    return found


def origins(session: ReadSession, copied: Iterable[str] = ()) -> list[tuple[str, int | None]]:
    """Every log this register was (``copied``: those the second place knows), and how many of
    its first events are still to be here.

    A restored backup goes on under another epoch. What was signed of an earlier one holds up to
    the event that tells of the restoration, and not beyond; without such an event all of it
    holds (None), as it does for the present epoch.
    """
    prefix, _, present = origin(session).rpartition("/")
    stored = session.exec(select(CheckpointRow.origin).distinct())
    named = (name.rpartition("/") for name in {*stored, *copied})
    # Epochs are moments: far apart, so nobody counts from one to the next.
    epochs = {int(epoch) for head, _, epoch in named if head == prefix and epoch.isdecimal()}
    restored = _restorations(session)
    return [
        (f"{prefix}/{epoch}", min((kept for new, kept in restored if new > epoch), default=None))
        for epoch in sorted(epochs | {int(present)})
    ]


def _restorations(session: ReadSession) -> list[tuple[int, int]]:
    """(new epoch, events before it) of each restoration that the register tells of."""
    query = select(EVENTS.c.seq, EVENTS.c.diff).where(
        EVENTS.c.action == Action.INSTALLATION_RESTORE.value,
        EVENTS.c.outcome == Outcome.ALLOWED.value,
    )
    rows = session.connection().execute(query.order_by(EVENTS.c.seq))
    return [(row.diff["epoch"][1], row.seq - 1) for row in rows]


def verifier_keys(session: ReadSession) -> list[VerifierKey]:
    """The public keys of this origin as vkeys, the present one last."""
    return [VerifierKey(origin(session), LOG, public) for public in recorded_keys(session)]
