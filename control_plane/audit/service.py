"""Appends events to the register, in the transaction of the change they tell of."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import insert

from bentos.contract import canonical, register
from bentos.contract.register import Action, Outcome, RegisterEvent
from control_plane import clock
from control_plane.audit.event_row import EVENTS, columns_of
from control_plane.audit.queries import Question, find
from control_plane.audit.tree import grow, read_head
from control_plane.db import ReadSession, WriteSession
from control_plane.identifier import new_id
from control_plane.principal import Principal

MAX_TEXT = 400
_APPEND = insert(EVENTS)
Snapshot = dict[str, Any]
"""An entity as the register sees it: plain JSON, never a secret nor a secret's digest."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happened to one entity. ``details`` join the difference of ``before`` and ``after``."""

    action: Action
    entity: str
    before: Snapshot | None = None
    after: Snapshot | None = None
    entity_revision: int | None = None
    reason: str | None = None
    ticket: str | None = None
    approvals: tuple[str, ...] = ()
    outcome: Outcome = Outcome.ALLOWED
    details: Snapshot = field(default_factory=dict)
    on_behalf_of: str | None = None


def record(session: WriteSession, principal: Principal, change: Change) -> RegisterEvent:
    """Append one event; it becomes true when the caller's transaction commits."""
    # What the event tells of is in the database before the event is.
    session.flush()
    tree = read_head(session)
    event = RegisterEvent(
        seq=tree.size + 1,
        id=new_id(),
        at=clock.now(),
        actor=principal.actor,
        on_behalf_of=change.on_behalf_of[:MAX_TEXT] if change.on_behalf_of else None,
        action=change.action,
        entity=change.entity[:MAX_TEXT],
        outcome=change.outcome,
        ip=principal.ip,
        user_agent=principal.user_agent[:MAX_TEXT] if principal.user_agent else None,
        request_id=principal.request_id,
        entity_revision=change.entity_revision,
        before=_digest(change.before),
        after=_digest(change.after),
        diff=difference(change.before, change.after) | change.details,
        reason=change.reason,
        ticket=change.ticket,
        approvals=change.approvals,
    )
    leaf = register.leaf(event)
    root = grow(session, tree, leaf)
    session.connection().execute(_APPEND, columns_of(event, leaf.hex(), root))
    return event


def difference(before: Snapshot | None, after: Snapshot | None) -> dict[str, Any]:
    """``{member: [before, after]}`` of every member that differs; null where it was absent."""
    old, new = before or {}, after or {}
    return {
        name: [old.get(name), new.get(name)]
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def list_events(
    session: ReadSession,
    *,
    after: int | None = None,
    limit: int = 100,
    action: str | None = None,
    entity: str | None = None,
) -> list[RegisterEvent]:
    """Events with ``seq > after`` in order, at most ``limit`` of them."""
    question = Question(action=action, entity=entity)
    found = find(session, question, after=after, limit=limit)
    return [msgspec.convert(members, RegisterEvent) for members in found]


def _digest(snapshot: Snapshot | None) -> str | None:
    return None if snapshot is None else canonical.digest(snapshot)
