"""A whole verification: the tables against themselves, and against every checkpoint in reach."""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path

from control_plane.audit import checkpoints
from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.offline.notes import Unproven
from control_plane.audit.register_key import recorded_keys
from control_plane.audit.verifier import Anchor, Verification, verify
from control_plane.db import ReadSession


def verify_all(
    session: ReadSession,
    copies: CheckpointCopies,
    given: Iterable[Anchor] = (),
    note: Callable[[int], None] | None = None,
) -> Verification:
    """Re-derive the register, with the stored and the copied checkpoints and those ``given``.

    What does not fit in the rows is told first; then a checkpoint that nobody of ours signed.
    ``note`` hears how many events were checked.
    """
    anchors, problem = list(given), None
    try:
        for name, kept in checkpoints.origins(session, copies.origins()):
            found = checkpoints.stored_anchors(session, name)
            found += copied_anchors(session, copies.all(name))
            anchors += [each for each in found if kept is None or each.size <= kept]
    except (Unproven, OSError, UnicodeError) as error:
        problem = str(error)
    result = verify(session, anchors, note)
    if result.ok and problem is not None:
        return dataclasses.replace(result, ok=False, problem=problem)
    return result


def copied_anchors(session: ReadSession, paths: Iterable[Path]) -> list[Anchor]:
    """Checkpoints in files; raises Unproven for one that no key of the register signed."""
    keys, found = recorded_keys(session), []
    for path in paths:
        name = f"the checkpoint {path.name}"
        try:
            found.append(checkpoints.anchor_of(path.read_text(encoding="utf-8"), keys, name))
        except Unproven as error:
            raise Unproven(f"{path}: {error}") from error
    return found
