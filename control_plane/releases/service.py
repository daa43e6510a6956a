"""Creates, edits and moves releases. Every change and its register event commit together."""

from dataclasses import dataclass, field, replace
from typing import Any

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, ActorType
from bentos.contract.route import BUCKETS
from control_plane import clock
from control_plane.approvals import service as approvals
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ConflictError, ForbiddenError, PolicyError
from control_plane.identifier import new_id
from control_plane.principal import Principal
from control_plane.registry import history
from control_plane.registry.service import get_version
from control_plane.releases import lifecycle
from control_plane.releases.lifecycle import Facts, State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.plan import Kind, Plan, check_releasable, make_plan
from control_plane.releases.queries import active_kill, get_release, open_release
from control_plane.releases.weight import next_buckets


@dataclass(frozen=True, kw_only=True)
class Order:
    """What comes with a verb. ``weight`` for ramp, lower, resume; ``starts_at`` for schedule."""

    reason: str
    ticket: str | None = None
    weight: float | None = None
    starts_at: str | None = None
    expected_revision: int | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a release is made of, as its author says it; ``steps`` are weights."""

    model: str
    candidate: str
    kind: str = Kind.STANDARD.value
    shadow: bool = True
    steps: list[float] = field(default_factory=lambda: [0.05, 0.25])
    condition: dict[str, Any] | None = None
    reason: str = ""
    ticket: str | None = None


def create_release(session: WriteSession, principal: Principal, draft: Draft) -> ReleaseRow:
    """Draft a release. Raises PolicyError while another release of the model is open."""
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
        steps=list(plan.steps),
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
    _check_revision(row, expected_revision)
    _check_permission(principal, Verb.EDIT)
    state = lifecycle.target(State(row.state), Verb.EDIT, _facts(row))
    before = release_content(row)
    draft = replace(_draft_of(row), **changes)
    plan = _plan(session, draft)
    row.candidate, row.stable = plan.candidate, plan.stable
    row.shadow, row.steps, row.condition = plan.shadow, list(plan.steps), plan.condition
    row.reason, row.ticket = draft.reason, draft.ticket
    row.content_digest, row.starts_at = plan.digest, None
    _move(session, row, state)
    approvals.withdraw_all(session, row.id)
    approvals.note_contributor(session, principal, row.id)
    order = Order(reason=draft.reason, ticket=draft.ticket)
    _record(session, principal, Action.RELEASE_EDIT, before, row, order)
    return row


def act(
    session: WriteSession, principal: Principal, release_id: str, verb: Verb, order: Order
) -> ReleaseRow:
    """Do what a person or service asks of a release.

    Raises ForbiddenError, IllegalTransitionError, PolicyError, or ConflictError for a
    stale ``expected_revision``.
    """
    row = get_release(session, release_id)
    verb = lifecycle.meant(verb, row.buckets / BUCKETS, order.weight)
    _check_permission(principal, verb)
    _check_revision(row, order.expected_revision)
    return apply(session, principal, row, verb, order)


def apply(
    session: WriteSession, principal: Principal, row: ReleaseRow, verb: Verb, order: Order
) -> ReleaseRow:
    """Move a release along the table: check first, then change, then record."""
    state = State(row.state)
    to = lifecycle.target(state, verb, _facts(row))
    if lifecycle.RULES[verb].needs_approval:
        check_forward(session, row)
    buckets = next_buckets(row, verb, to, order.weight)
    before = release_content(row)
    _before_move(session, principal, row, verb, order)
    if state is State.PROMOTED:
        _take_back(session, principal, row, order)
    if to is State.PROMOTED:
        history.promote(session, row.model, row.candidate, row.id)
    if buckets != row.buckets and to in lifecycle.STARTED:
        row.step += 1
    row.buckets = buckets
    _move(session, row, to)
    _record(session, principal, Action(f"release:{verb.value}"), before, row, order)
    return row


def check_forward(session: ReadSession, row: ReleaseRow) -> None:
    """Raise PolicyError unless the release may carry traffic forward right now."""
    if plan_of(row).digest != row.content_digest:
        raise PolicyError(f"release {row.id} does not match its content digest")
    if not approvals.live_approvers(session, row.id, row.content_digest):
        raise PolicyError("nobody but its contributors has approved the present content")
    check_releasable(row.candidate, get_version(session, row.candidate).state)
    kill = active_kill(session, row.model)
    if kill is not None:
        raise PolicyError(f"{row.model} is killed to {kill.version}; clear the kill first")


def plan_of(row: ReleaseRow) -> Plan:
    """The content of a stored release."""
    return Plan(
        model=row.model,
        candidate=row.candidate,
        stable=row.stable,
        kind=Kind(row.kind),
        shadow=row.shadow,
        steps=tuple(row.steps),
        condition=row.condition,
    )


def release_content(row: ReleaseRow) -> dict[str, Any]:
    """A release as the register sees it."""
    members = row.model_dump(exclude={"buckets", "steps"})
    members["weight"] = row.buckets / BUCKETS
    members["steps"] = [each / BUCKETS for each in row.steps]
    return members


def _before_move(
    session: WriteSession, principal: Principal, row: ReleaseRow, verb: Verb, order: Order
) -> None:
    if verb is Verb.SUBMIT:
        approvals.note_contributor(session, principal, row.id)
    elif verb is Verb.APPROVE:
        approvals.approve(session, principal, row.id, row.content_digest, order.reason)
    elif verb is Verb.REFUSE:
        approvals.withdraw_all(session, row.id)
    elif verb is Verb.SCHEDULE:
        if order.starts_at is None:
            raise ContractError("starts_at", "an RFC 3339 time", None)
        row.starts_at = clock.parse(order.starts_at, "starts_at")


def _take_back(session: WriteSession, principal: Principal, row: ReleaseRow, order: Order) -> None:
    """Undo a promotion. A release that was built on it cannot stand and is aborted."""
    history.undo_promotion(session, row.model, row.id)
    other = open_release(session, row.model)
    if other is not None:
        reason = f"its stable version was rolled back: {order.reason}"
        apply(session, principal, other, Verb.ABORT, Order(reason=reason, ticket=order.ticket))


def _move(session: WriteSession, row: ReleaseRow, to: State) -> None:
    row.state, row.updated_at = to.value, clock.now()
    row.revision += 1
    session.add(row)
    session.flush()


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
        approvals=approvals.live_approvers(session, row.id, row.content_digest),
    )
    record(session, principal, change)


def _check_permission(principal: Principal, verb: Verb) -> None:
    rule = lifecycle.RULES[verb]
    if rule.permission is None:
        raise ForbiddenError(f"{verb.value} is done by the system alone")
    if rule.permission not in principal.permissions:
        raise ForbiddenError(f"to {verb.value} takes {rule.permission.value}")
    if rule.persons_only and principal.actor.type is not ActorType.PERSON:
        raise ForbiddenError(f"only a person may {verb.value}")


def _check_revision(row: ReleaseRow, expected: int | None) -> None:
    if expected is not None and expected != row.revision:
        raise ConflictError(
            f"expected_revision {expected} is stale: release {row.id} is at {row.revision}"
        )


def _facts(row: ReleaseRow) -> Facts:
    bootstrap = row.kind == Kind.BOOTSTRAP.value
    return Facts(bootstrap=bootstrap, shadow=row.shadow, exposed=row.step > 0)


def _draft_of(row: ReleaseRow) -> Draft:
    return Draft(
        model=row.model,
        candidate=row.candidate,
        kind=row.kind,
        shadow=row.shadow,
        steps=[each / BUCKETS for each in row.steps],
        condition=row.condition,
        reason=row.reason,
        ticket=row.ticket,
    )


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
