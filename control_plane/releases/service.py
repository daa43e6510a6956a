"""Moves releases along the table. Every change and its register event commit together."""

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.route import BUCKETS
from control_plane import clock
from control_plane.approvals import service as approvals
from control_plane.db import WriteSession
from control_plane.errors import PolicyError
from control_plane.principal import Principal
from control_plane.registry import history
from control_plane.releases import interlock, lifecycle
from control_plane.releases.asking import check_asker
from control_plane.releases.binding import bound_digest
from control_plane.releases.content import facts_of, release_content, steps_of
from control_plane.releases.interlock import Move, Seen
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.order import Order
from control_plane.releases.queries import get_release, open_release
from control_plane.releases.revision import enter, turn
from control_plane.releases.steps import present_step
from control_plane.releases.weight import next_buckets


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
    if not moves_alone(row, verb):
        raise PolicyError(f"it moves with its group: {verb.value} group {row.group_id}")


def moves_alone(row: ReleaseRow, verb: Verb) -> bool:
    """Whether the release itself can be told so, and not only the group it belongs to."""
    alone = lifecycle.goes_back(verb) or verb in (Verb.OPEN_GATE, Verb.EDIT)
    return row.group_id is None or alone


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
        refusal = PolicyError("; ".join(reasons))
        findings = interlock.lint_of(session, row)
        if findings:
            refusal.members = {"findings": [each.as_json() for each in findings]}
        raise refusal
    return carry_out(session, principal, row, move, order)


def foresee(row: ReleaseRow, verb: Verb, order: Order) -> Move:
    """Where a verb leads; raises IllegalTransitionError or ContractError."""
    to = lifecycle.target(State(row.state), verb, facts_of(row))
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
    turn(session, row, move.to)
    enter(session, principal, Action(f"release:{move.verb.value}"), before, row, order)
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
