"""What approvals are bound to: a release's content, or that of the whole group it moves with.

Whoever adds a release to a group, takes one out or edits one thereby changes what all of them
are bound to, so no approval survives it.
"""

from sqlmodel import col, select

from bentos.contract import canonical
from control_plane.approvals import service as approvals
from control_plane.db import ReadSession
from control_plane.releases.lifecycle import State
from control_plane.releases.models import ReleaseRow

_GIVEN_UP = (State.ROLLED_BACK, State.ABORTED)


def bound_digest(session: ReadSession, row: ReleaseRow) -> str:
    """The digest an approval of this release names (SHA-256 hex)."""
    if row.group_id is None:
        return row.content_digest
    return group_digest(row.group_id, members_of(session, row.group_id))


def group_digest(group_id: str, members: list[ReleaseRow]) -> str:
    """SHA-256 hex over the canonical JSON of a group's content."""
    contents = {member.id: member.content_digest for member in members}
    return canonical.digest({"group": group_id, "members": contents})


def members_of(session: ReadSession, group_id: str) -> list[ReleaseRow]:
    """A group's releases, by model."""
    query = select(ReleaseRow).where(col(ReleaseRow.group_id) == group_id)
    return list(session.exec(query.order_by(col(ReleaseRow.model), col(ReleaseRow.id))))


def live_approvers(session: ReadSession, row: ReleaseRow) -> tuple[str, ...]:
    """Persons whose approval of this release's present content counts now."""
    return approvals.live_approvers(session, row.id, bound_digest(session, row))


def why_broken(session: ReadSession, row: ReleaseRow) -> list[str]:
    """Why a group can only go back: a member was given up, so it is not what was approved."""
    if row.group_id is None:
        return []
    return [
        f"{member.model} of its group was {member.state.replace('_', ' ')}"
        for member in members_of(session, row.group_id)
        if member.state in _GIVEN_UP
    ]
