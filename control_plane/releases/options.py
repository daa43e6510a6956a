"""What a principal may ask of a release now, where it would lead, and what stands in the way.

Asks the same table and the same interlocking that a verb meets when it is used, so a page
that offers nothing else offers nothing that would be refused.
"""

from dataclasses import dataclass

from bentos.contract.errors import ContractError
from control_plane.db import ReadSession
from control_plane.errors import ForbiddenError, PolicyError
from control_plane.principal import ROLES, Principal, Role
from control_plane.releases import interlock, lifecycle
from control_plane.releases.asking import check_asker
from control_plane.releases.content import steps_of
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.order import Order
from control_plane.releases.service import foresee, moves_alone
from control_plane.releases.steps import present_step


@dataclass(frozen=True)
class Option:
    """A verb somebody may use. ``buckets``: the candidate's afterwards, None if one must say."""

    verb: Verb
    to: State
    buckets: int | None
    obstacles: tuple[str, ...] = ()


def options(
    session: ReadSession, principal: Principal, row: ReleaseRow, seen: Seen | None = None
) -> tuple[Option, ...]:
    """Verbs that are this principal's to use in this state; obstacles may still be in the way.

    Of a member of a group: those it can be told alone.
    """
    found = member_options(session, principal, row, seen)
    return tuple(option for option in found if moves_alone(row, option.verb))


def member_options(
    session: ReadSession, principal: Principal, row: ReleaseRow, seen: Seen | None = None
) -> tuple[Option, ...]:
    """``options``, also those verbs that a member of a group is told with its group only."""
    return tuple(
        _option(session, row, verb, seen)
        for verb in lifecycle.TRANSITIONS[State(row.state)]
        if may_use(session, principal, row, verb) and _is_there(row, verb)
    )


def may_use(session: ReadSession, principal: Principal, row: ReleaseRow, verb: Verb) -> bool:
    """Whether the verb is theirs, whatever state the release is in."""
    try:
        check_asker(session, principal, row, verb, row.revision)
    except ForbiddenError:
        return False
    return True


def roles_for(verb: Verb) -> tuple[Role, ...]:
    """Roles that may use a verb: whom to turn to."""
    permission = lifecycle.RULES[verb].permission
    return tuple(role for role, given in ROLES.items() if permission in given)


def _is_there(row: ReleaseRow, verb: Verb) -> bool:
    """Only a step that has a gate, still closed, can have it opened."""
    if verb is not Verb.OPEN_GATE:
        return True
    step = present_step(steps_of(row), row.buckets)
    return step is not None and step.manual_gate and row.gate_opened_by is None


def _option(session: ReadSession, row: ReleaseRow, verb: Verb, seen: Seen | None) -> Option:
    try:
        move = foresee(row, verb, Order(reason=""))
    except (ContractError, PolicyError):
        # It takes a weight, or the plan has no further step and somebody must say one.
        needs_approval = lifecycle.RULES[verb].needs_approval
        obstacles = interlock.not_forward(session, row) if needs_approval else []
        return Option(verb, State(row.state), None, tuple(obstacles))
    obstacles = interlock.obstacles(session, row, move, seen)
    return Option(verb, move.to, move.buckets, tuple(obstacles))
