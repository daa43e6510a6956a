"""Releases before they start: drafted, edited, sent back. Each change commits with its event."""

from dataclasses import replace
from typing import Any

from bentos.contract.register import Action
from control_plane import clock
from control_plane.approvals import service as approvals
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import PolicyError
from control_plane.identifier import new_id
from control_plane.principal import Permission, Principal
from control_plane.releases import lifecycle
from control_plane.releases.asking import check_asker, check_permission
from control_plane.releases.binding import members_of
from control_plane.releases.content import Draft, draft_of, facts_of, release_content
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.order import Order
from control_plane.releases.plan import Plan, make_plan
from control_plane.releases.queries import get_release, open_release
from control_plane.releases.revision import enter, turn
from control_plane.releases.steps import pack_step


def create_release(session: WriteSession, principal: Principal, draft: Draft) -> ReleaseRow:
    """Draft a release. Raises PolicyError while another release of the model is open."""
    principal.require(Permission.RELEASES_WRITE)
    plan = _plan(session, draft)
    other = open_release(session, draft.model)
    if other is not None:
        raise PolicyError(f"{draft.model} has an open release: {other.id} ({other.state})")
    now = clock.now()
    row = ReleaseRow(
        id=new_id(),
        model=plan.model,
        candidate=plan.candidate,
        kind=plan.kind.value,
        shadow=plan.shadow,
        steps=[pack_step(step) for step in plan.steps],
        condition=plan.condition,
        stable=plan.stable,
        state=State.DRAFT.value,
        content_digest=plan.digest,
        author=principal.actor.id,
        reason=draft.reason,
        ticket=draft.ticket,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    approvals.note_contributor(session, principal, row.id)
    enter(session, principal, Action.RELEASE_CREATE, None, row, Order(reason=draft.reason))
    return row


def edit_release(
    session: WriteSession,
    principal: Principal,
    release_id: str,
    changes: dict[str, Any],
    expected_revision: int | None = None,
) -> ReleaseRow:
    """Change a release that has not started: back to draft, and every approval is void."""
    row = get_release(session, release_id)
    check_asker(session, principal, row, Verb.EDIT, expected_revision)
    state = lifecycle.target(State(row.state), Verb.EDIT, facts_of(row))
    before = release_content(row)
    draft = replace(draft_of(row), **changes)
    plan = _plan(session, draft)
    row.candidate, row.stable = plan.candidate, plan.stable
    row.shadow, row.condition = plan.shadow, plan.condition
    row.steps = [pack_step(step) for step in plan.steps]
    row.reason, row.ticket = draft.reason, draft.ticket
    row.content_digest, row.starts_at = plan.digest, None
    turn(session, row, state)
    approvals.withdraw_all(session, row.id)
    approvals.note_contributor(session, principal, row.id)
    order = Order(reason=draft.reason, ticket=draft.ticket)
    enter(session, principal, Action.RELEASE_EDIT, before, row, order)
    _send_mates_back(session, principal, row, order)
    return row


def send_back(
    session: WriteSession,
    principal: Principal,
    row: ReleaseRow,
    order: Order,
    *,
    group_id: str | None,
) -> None:
    """Back to draft without a change of its own: what its group is has changed.

    That is an edit like any other: approvals are void and whoever did it may not approve.
    """
    check_permission(principal, Verb.EDIT)
    before = release_content(row)
    state = lifecycle.target(State(row.state), Verb.EDIT, facts_of(row))
    row.group_id, row.starts_at = group_id, None
    turn(session, row, state)
    approvals.withdraw_all(session, row.id)
    approvals.note_contributor(session, principal, row.id)
    enter(session, principal, Action.RELEASE_EDIT, before, row, order)


def let_go(session: WriteSession, principal: Principal, row: ReleaseRow, order: Order) -> None:
    """Take a release that was given up out of its group; nothing else about it changes."""
    check_permission(principal, Verb.EDIT)
    before = release_content(row)
    row.group_id = None
    turn(session, row, State(row.state))
    enter(session, principal, Action.RELEASE_EDIT, before, row, order)


def _send_mates_back(
    session: WriteSession, principal: Principal, row: ReleaseRow, order: Order
) -> None:
    if row.group_id is None:
        return
    why = f"{row.model} of its group was edited: {order.reason}"
    for mate in members_of(session, row.group_id):
        if mate.id != row.id and State(mate.state) is not State.ABORTED:
            own = Order(reason=why, ticket=order.ticket)
            send_back(session, principal, mate, own, group_id=row.group_id)


def _plan(session: ReadSession, draft: Draft) -> Plan:
    return make_plan(
        session,
        model=draft.model,
        candidate=draft.candidate,
        kind=draft.kind,
        shadow=draft.shadow,
        steps=draft.steps,
        condition=draft.condition,
    )
