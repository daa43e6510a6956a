"""Creates, edits and moves releases. Every change and its register event commit together."""

from dataclasses import dataclass, replace
from typing import Any

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.route import BUCKETS
from control_plane import clock
from control_plane.approvals import service as approvals
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import PolicyError
from control_plane.identifier import new_id
from control_plane.principal import Permission, Principal
from control_plane.registry import history
from control_plane.releases import interlock, lifecycle
from control_plane.releases.asking import check_asker, check_permission
from control_plane.releases.binding import bound_digest, live_approvers, members_of
from control_plane.releases.content import Draft, draft_of, release_content, steps_of
from control_plane.releases.interlock import Move, Seen
from control_plane.releases.lifecycle import Facts, State, Verb
from control_plane.releases.models import ReleaseGroupRow, ReleaseRow
from control_plane.releases.plan import Kind, Plan, make_plan
from control_plane.releases.queries import get_release, open_release
from control_plane.releases.steps import pack_step, present_step
from control_plane.releases.weight import next_buckets


@dataclass(frozen=True, kw_only=True)
class Order:
    """What comes with a verb. ``weight`` for ramp, lower, resume; ``starts_at`` for schedule."""

    reason: str
    ticket: str | None = None
    weight: float | None = None
    starts_at: str | None = None
    expected_revision: int | None = None


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
    _record(session, principal, Action.RELEASE_CREATE, None, row, Order(reason=draft.reason))
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
    state = lifecycle.target(State(row.state), Verb.EDIT, _facts(row))
    before = release_content(row)
    draft = replace(draft_of(row), **changes)
    plan = _plan(session, draft)
    row.candidate, row.stable = plan.candidate, plan.stable
    row.shadow, row.condition = plan.shadow, plan.condition
    row.steps = [pack_step(step) for step in plan.steps]
    row.reason, row.ticket = draft.reason, draft.ticket
    row.content_digest, row.starts_at = plan.digest, None
    _move(session, row, state)
    approvals.withdraw_all(session, row.id)
    approvals.note_contributor(session, principal, row.id)
    order = Order(reason=draft.reason, ticket=draft.ticket)
    _record(session, principal, Action.RELEASE_EDIT, before, row, order)
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
    state = lifecycle.target(State(row.state), Verb.EDIT, _facts(row))
    row.group_id, row.starts_at = group_id, None
    _move(session, row, state)
    approvals.withdraw_all(session, row.id)
    approvals.note_contributor(session, principal, row.id)
    _record(session, principal, Action.RELEASE_EDIT, before, row, order)


def let_go(session: WriteSession, principal: Principal, row: ReleaseRow, order: Order) -> None:
    """Take a release that was given up out of its group; nothing else about it changes."""
    check_permission(principal, Verb.EDIT)
    before = release_content(row)
    row.group_id = None
    _move(session, row, State(row.state))
    _record(session, principal, Action.RELEASE_EDIT, before, row, order)


def act(
    session: WriteSession,
    principal: Principal,
    release_id: str,
    verb: Verb,
    order: Order,
    seen: Seen | None = None,
) -> ReleaseRow:
    """Do what a person or service asks of a release. ``seen``: what decisions say of its step.

    Raises ForbiddenError, IllegalTransitionError, PolicyError, or StaleError for a
    stale ``expected_revision``.
    """
    row = get_release(session, release_id)
    check_alone(row, verb, order)
    return act_on(session, principal, row, verb, order, seen)


def check_alone(row: ReleaseRow, verb: Verb, order: Order) -> None:
    """Raise PolicyError for a member of a group that would go forward without it."""
    verb = lifecycle.meant(verb, row.buckets / BUCKETS, order.weight)
    alone = lifecycle.goes_back(verb) or verb is Verb.OPEN_GATE
    if row.group_id is not None and not alone:
        raise PolicyError(f"it moves with its group: {verb.value} group {row.group_id}")


def act_on(
    session: WriteSession,
    principal: Principal,
    row: ReleaseRow,
    verb: Verb,
    order: Order,
    seen: Seen | None = None,
) -> ReleaseRow:
    """``act``, of a release alone or as a member of its group."""
    verb = lifecycle.meant(verb, row.buckets / BUCKETS, order.weight)
    check_asker(session, principal, row, verb, order.expected_revision)
    return apply(session, principal, row, verb, order, seen)


def apply(
    session: WriteSession,
    principal: Principal,
    row: ReleaseRow,
    verb: Verb,
    order: Order,
    seen: Seen | None = None,
) -> ReleaseRow:
    """Move a release along the table: check first, then change, then record."""
    move = foresee(row, verb, order)
    reasons = interlock.obstacles(session, row, move, seen)
    if reasons:
        raise PolicyError("; ".join(reasons))
    return carry_out(session, principal, row, move, order)


def foresee(row: ReleaseRow, verb: Verb, order: Order) -> Move:
    """Where a verb leads; raises IllegalTransitionError or ContractError."""
    to = lifecycle.target(State(row.state), verb, _facts(row))
    return Move(verb=verb, to=to, buckets=next_buckets(row, verb, to, order.weight))


def carry_out(
    session: WriteSession, principal: Principal, row: ReleaseRow, move: Move, order: Order
) -> ReleaseRow:
    """Change and record; whether it may be done was asked before."""
    before = release_content(row)
    _before_move(session, principal, row, move.verb, order)
    if State(row.state) is State.PROMOTED:
        _take_back(session, principal, row, order)
    if move.to is State.PROMOTED:
        history.promote(session, row.model, row.candidate, row.id)
    if move.buckets != row.buckets and move.to in lifecycle.STARTED:
        row.step, row.step_since = row.step + 1, clock.now()
        row.gate_opened_by = row.gate_opened_at = None
    row.buckets = move.buckets
    _move(session, row, move.to)
    _record(session, principal, Action(f"release:{move.verb.value}"), before, row, order)
    return row


def _before_move(
    session: WriteSession, principal: Principal, row: ReleaseRow, verb: Verb, order: Order
) -> None:
    if verb is Verb.SUBMIT:
        approvals.note_contributor(session, principal, row.id)
    elif verb is Verb.APPROVE:
        approvals.approve(session, principal, row.id, bound_digest(session, row), order.reason)
    elif verb is Verb.REFUSE:
        approvals.withdraw_all(session, row.id)
    elif verb is Verb.SCHEDULE:
        if order.starts_at is None:
            raise ContractError("starts_at", "an RFC 3339 time", None)
        row.starts_at = clock.parse(order.starts_at, "starts_at")
    elif verb is Verb.OPEN_GATE:
        _open_gate(session, principal, row)


def _open_gate(session: WriteSession, principal: Principal, row: ReleaseRow) -> None:
    step = present_step(steps_of(row), row.buckets)
    if step is None or not step.manual_gate:
        raise PolicyError(f"the plan has no gate at {row.buckets / BUCKETS:g}")
    row.gate_opened_by = approvals.check_second_person(session, principal, row.id)
    row.gate_opened_at = clock.now()


def _take_back(session: WriteSession, principal: Principal, row: ReleaseRow, order: Order) -> None:
    """Undo a promotion. A release that was built on it cannot stand and is aborted."""
    history.undo_promotion(session, row.model, row.id)
    other = open_release(session, row.model)
    if other is not None:
        reason = f"its stable version was rolled back: {order.reason}"
        apply(session, principal, other, Verb.ABORT, Order(reason=reason, ticket=order.ticket))


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


def _move(session: WriteSession, row: ReleaseRow, to: State) -> None:
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


def _record(
    session: WriteSession,
    principal: Principal,
    action: Action,
    before: dict[str, Any] | None,
    row: ReleaseRow,
    order: Order,
) -> None:
    change = Change(
        action=action,
        entity=f"release:{row.id}",
        before=before,
        after=release_content(row),
        entity_revision=row.revision,
        reason=order.reason or None,
        ticket=order.ticket,
        approvals=live_approvers(session, row),
        details=_group_details(session, row),
    )
    record(session, principal, change)


def _facts(row: ReleaseRow) -> Facts:
    bootstrap = row.kind == Kind.BOOTSTRAP.value
    return Facts(bootstrap=bootstrap, shadow=row.shadow, exposed=row.step > 0)


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
