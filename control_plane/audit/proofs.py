"""Proofs over the stored tree, in the forms that travel (C2SP tlog-proof, base64 lines)."""

import base64
from collections.abc import Iterable

from bentos.contract.canonical import canonical_json
from bentos.contract.merkle_proof import consistency_proof, inclusion_proof
from control_plane.audit.checkpoints import with_cosignatures
from control_plane.audit.event_row import read_events
from control_plane.audit.models import CheckpointRow
from control_plane.audit.offline.proofs import PROOF_HEADER
from control_plane.audit.tree import StoredTree
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError


def proof_file(session: ReadSession, seq: int, checkpoint: CheckpointRow) -> str:
    """The tlog-proof of one event under a checkpoint that covers it, with the event inside.

    Raises NotFoundError when there is no such event.
    """
    event = next(read_events(session, seq - 1, seq), None)
    if event is None or event.members is None:
        raise NotFoundError(f"no event {seq}")
    path = inclusion_proof(StoredTree(session).node, seq - 1, checkpoint.size)
    extra = base64.b64encode(canonical_json(event.members)).decode()
    lines = [PROOF_HEADER, f"extra {extra}", f"index {seq - 1}", *encoded(path)]
    return "\n".join(lines) + "\n\n" + with_cosignatures(session, checkpoint)


def consistency(session: ReadSession, old: int, new: int) -> list[str]:
    """That the first ``new`` events begin with the first ``old``, a hash a line.

    Raises ContractError for sizes that are not so.
    """
    return encoded(consistency_proof(StoredTree(session).node, old, new))


def encoded(hashes: Iterable[bytes]) -> list[str]:
    """Each hash in base64."""
    return [base64.b64encode(each).decode() for each in hashes]
