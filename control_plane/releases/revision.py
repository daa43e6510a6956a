"""A release's next revision, and the event that tells of it."""

from typing import Any

from bentos.contract.register import Action
from control_plane import clock
from control_plane.approvals.hands import service_keys, shared_hands
from control_plane.approvals.service import contributors
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.principal import Principal
from control_plane.releases.binding import live_approvers
from control_plane.releases.content import release_content
from control_plane.releases.lifecycle import State
from control_plane.releases.models import ReleaseGroupRow, ReleaseRow
from control_plane.releases.order import Order

JUDGEMENTS = (Action.RELEASE_APPROVE, Action.RELEASE_OPEN_GATE)


def turn(session: WriteSession, row: ReleaseRow, to: State) -> None:
    """Give a release its next revision, in this state; its group, too."""
    row.state, row.updated_at = to.value, clock.now()
    row.revision += 1
    session.add(row)
    if row.group_id is not None:
        group = session.get_one(ReleaseGroupRow, row.group_id)
        group.revision, group.updated_at = group.revision + 1, row.updated_at
        session.add(group)
    session.flush()


def _group_details(session: ReadSession, row: ReleaseRow) -> dict[str, Any]:
    """For conflicts of the group: the revision it has after this move."""
    if row.group_id is None:
        return {}
    revision = session.get_one(ReleaseGroupRow, row.group_id).revision
    return {"group_revision": [revision - 1, revision]}


def enter(
    session: WriteSession,
    principal: Principal,
    action: Action,
    before: dict[str, Any] | None,
    row: ReleaseRow,
    order: Order,
) -> None:
    """Append the event of what was just done to a release."""
    change = Change(
        action=action,
        entity=f"release:{row.id}",
        before=before,
        after=release_content(row),
        entity_revision=row.revision,
        reason=order.reason or None,
        ticket=order.ticket,
        approvals=live_approvers(session, row),
        details=_group_details(session, row) | _same_hand(session, principal, row, action),
    )
    record(session, principal, change)


def _same_hand(
    session: ReadSession, principal: Principal, row: ReleaseRow, action: Action
) -> dict[str, Any]:
    """For auditors: who lately could act as the judge and as somebody judged."""
    if action not in JUDGEMENTS or principal.person is None:
        return {}
    shaped_by = contributors(session, row.id) | service_keys(session, row.id)
    shared = shared_hands(session, principal.person, shaped_by)
    return {"same_hand": [None, list(shared)]} if shared else {}
