"""Releases of several models that move together, in one transaction and one routes revision.

Forward a member moves with its group alone; back each may go by itself, since nothing may hold
a rollback up. A verb that one member refuses moves none of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ConflictError, ForbiddenError, NotFoundError, PolicyError
from control_plane.identifier import new_id
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Principal
from control_plane.releases import drafts, lifecycle, service
from control_plane.releases.asking import check_permission
from control_plane.releases.binding import group_digest, members_of
from control_plane.releases.conflict import check_group_revision
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseGroupRow, ReleaseRow
from control_plane.releases.order import Order
from control_plane.releases.queries import get_release

MIN_MEMBERS, MAX_MEMBERS = 2, 20


def create_group(
    session: WriteSession, principal: Principal, members: Sequence[str], order: Order
) -> ReleaseGroupRow:
    """Bind releases that have not started; they go back to draft and their approvals are void."""
    now = clock.now()
    group = ReleaseGroupRow(
        id=new_id(),
        author=principal.actor.id,
        reason=order.reason,
        ticket=order.ticket,
        created_at=now,
        updated_at=now,
    )
    session.add(group)
    session.flush()
    _set_members(session, principal, group, members, order)
    _record(session, principal, Action.GROUP_CREATE, None, group, order)
    return group


def edit_group(
    session: WriteSession, principal: Principal, group_id: str, members: Sequence[str], order: Order
) -> ReleaseGroupRow:
    """Change who belongs to a group that has not started: all of them go back to draft."""
    group = get_group(session, group_id)
    check_group_revision(session, group, order.expected_revision, required=True)
    before = group_content(session, group)
    _set_members(session, principal, group, members, order)
    _record(session, principal, Action.GROUP_EDIT, before, group, order)
    return group


def dissolve_group(
    session: WriteSession, principal: Principal, group_id: str, order: Order
) -> ReleaseGroupRow:
    """Let the members of a group that has not started go on each by itself, from draft."""
    group = get_group(session, group_id)
    check_group_revision(session, group, order.expected_revision, required=True)
    before = group_content(session, group)
    for row in members_of(session, group_id):
        _leave(session, principal, row, order)
    group.dissolved_at = group.updated_at = clock.now()
    group.revision += 1
    _record(session, principal, Action.GROUP_DISSOLVE, before, group, order)
    return group


def act_group(
    session: WriteSession,
    principal: Principal,
    group_id: str,
    verb: Verb,
    order: Order,
    seen: Mapping[str, Seen] | None = None,
) -> list[ReleaseRow]:
    """Use a verb on every member. ``seen``: release → what decisions say of its step.

    Raises what the verb raises, naming the member it was refused for; then none has moved, as
    long as the caller lets the transaction go.
    """
    group = get_group(session, group_id)
    rule = lifecycle.RULES[verb]
    check_permission(principal, verb)
    check_group_revision(session, group, order.expected_revision, required=rule.names_revision)
    rows = _concerned(members_of(session, group_id), verb)
    if not rows:
        raise PolicyError(f"no member of group {group_id} has anything to {verb.value}")
    for row in rows:
        known = None if seen is None else seen.get(row.id)
        _tell(session, principal, row, verb, order, known)
    return members_of(session, group_id)


def get_group(session: ReadSession, group_id: str) -> ReleaseGroupRow:
    """The group, or NotFoundError; one that was dissolved is there no longer."""
    row = session.get(ReleaseGroupRow, group_id)
    if row is None or row.dissolved_at is not None:
        raise NotFoundError(f"no group {group_id}")
    return row


def list_groups(session: ReadSession, page: Listing = EVERYTHING) -> list[ReleaseGroupRow]:
    """Groups that were not dissolved, newest first."""
    query = select(ReleaseGroupRow).where(col(ReleaseGroupRow.dissolved_at).is_(None))
    order = col(ReleaseGroupRow.created_at), col(ReleaseGroupRow.id)
    return page.rows(session, query, *order, newest_first=True)


def group_content(session: ReadSession, group: ReleaseGroupRow) -> dict[str, object]:
    """A group as the register sees it."""
    members = members_of(session, group.id)
    return group.model_dump() | {
        "members": [member.id for member in members],
        "content_digest": group_digest(group.id, members),
    }


def _tell(
    session: WriteSession,
    principal: Principal,
    row: ReleaseRow,
    verb: Verb,
    order: Order,
    seen: Seen | None,
) -> None:
    own = replace(order, expected_revision=row.revision)
    try:
        service.act_on(session, principal, row, verb, own, seen)
    except ConflictError as error:
        detail = f"{row.model}: {error.detail}. No member of the group was moved."
        refusal = PolicyError(detail)
        refusal.members = error.members
        raise refusal from error
    except ForbiddenError as error:
        raise ForbiddenError(f"{row.model}: {error.detail}") from error


def _concerned(rows: list[ReleaseRow], verb: Verb) -> list[ReleaseRow]:
    """All of them; going back, those that are not back already."""
    if not lifecycle.goes_back(verb):
        return rows
    return [row for row in rows if verb in lifecycle.TRANSITIONS[State(row.state)]]


def _set_members(
    session: WriteSession,
    principal: Principal,
    group: ReleaseGroupRow,
    members: Sequence[str],
    order: Order,
) -> None:
    wanted = set(members)
    if not MIN_MEMBERS <= len(wanted) <= MAX_MEMBERS:
        expected = f"{MIN_MEMBERS} to {MAX_MEMBERS} different releases"
        raise ContractError("members", expected, list(members))
    present = {row.id: row for row in members_of(session, group.id)}
    for release in present.keys() - wanted:
        _leave(session, principal, present[release], order)
    for release in sorted(wanted):
        _join(session, principal, get_release(session, release), group, order)
    _check_alike(members_of(session, group.id))
    group.revision += 1
    group.updated_at = clock.now()
    session.add(group)
    session.flush()


def _join(
    session: WriteSession,
    principal: Principal,
    row: ReleaseRow,
    group: ReleaseGroupRow,
    order: Order,
) -> None:
    if row.group_id not in (None, group.id):
        raise PolicyError(f"release {row.id} of {row.model} is in group {row.group_id}")
    drafts.send_back(session, principal, row, order, group_id=group.id)


def _leave(session: WriteSession, principal: Principal, row: ReleaseRow, order: Order) -> None:
    if State(row.state) is State.ABORTED:
        drafts.let_go(session, principal, row, order)
    else:
        drafts.send_back(session, principal, row, order, group_id=None)


def _check_alike(rows: list[ReleaseRow]) -> None:
    """Members that took different ways through the table could not move together."""
    for name in ("kind", "shadow"):
        if len({getattr(row, name) for row in rows}) > 1:
            values = {row.model: getattr(row, name) for row in rows}
            raise PolicyError(f"the members differ in {name}, so they cannot move alike: {values}")


def _record(
    session: WriteSession,
    principal: Principal,
    action: Action,
    before: dict[str, object] | None,
    group: ReleaseGroupRow,
    order: Order,
) -> None:
    session.add(group)
    session.flush()
    change = Change(
        action=action,
        entity=f"group:{group.id}",
        before=before,
        after=group_content(session, group),
        entity_revision=group.revision,
        reason=order.reason,
        ticket=order.ticket,
    )
    record(session, principal, change)
