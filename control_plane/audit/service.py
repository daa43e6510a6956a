"""Appends events to the register, in the transaction of the change they tell of."""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from bentos.contract import canonical, merkle, register
from bentos.contract.register import Action, Actor, ActorType, Outcome, RegisterEvent
from control_plane import clock
from control_plane.audit.models import EventRow, HeadRow
from control_plane.db import ReadSession, WriteSession
from control_plane.identifier import new_id
from control_plane.principal import Principal

HEAD_ID = 1
MAX_TEXT = 400
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
    head = _head(session)
    event = RegisterEvent(
        seq=head.size + 1,
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
    tree = merkle.MerkleAccumulator.restore(head.size, map(bytes.fromhex, head.edge))
    tree.append(leaf)
    head.size, head.root = tree.size, tree.root().hex()
    head.edge = [node.hex() for node in tree.edge]
    session.add(head)
    session.add(_row(event, leaf.hex(), head.root))
    session.flush()
    return event


def difference(before: Snapshot | None, after: Snapshot | None) -> dict[str, Any]:
    """``{member: [before, after]}`` of every member that differs; null where it was absent."""
    old, new = before or {}, after or {}
    return {
        name: [old.get(name), new.get(name)]
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def event_of(row: EventRow) -> RegisterEvent:
    """Rebuild an event from its columns: what the verifier hashes."""
    return RegisterEvent(
        seq=row.seq,
        id=row.id,
        at=row.at,
        actor=Actor(
            type=ActorType(row.actor_type),
            id=row.actor_id,
            auth_method=row.auth_method,
            key_id=row.key_id,
        ),
        action=Action(row.action),
        entity=row.entity,
        outcome=Outcome(row.outcome),
        on_behalf_of=row.on_behalf_of,
        ip=row.ip,
        user_agent=row.user_agent,
        request_id=row.request_id,
        entity_revision=row.entity_revision,
        before=row.before,
        after=row.after,
        diff=row.diff,
        reason=row.reason,
        ticket=row.ticket,
        approvals=tuple(row.approvals),
        schema=row.schema_version,
    )


def list_events(
    session: ReadSession,
    *,
    after: int = 0,
    limit: int = 100,
    action: str | None = None,
    entity: str | None = None,
) -> list[RegisterEvent]:
    """Events with ``seq > after`` in order, at most ``limit`` of them."""
    query = select(EventRow).where(col(EventRow.seq) > after)
    if action is not None:
        query = query.where(col(EventRow.action) == action)
    if entity is not None:
        query = query.where(col(EventRow.entity) == entity)
    return [event_of(row) for row in session.exec(query.order_by(col(EventRow.seq)).limit(limit))]


def _head(session: WriteSession) -> HeadRow:
    head = session.get(HeadRow, HEAD_ID)
    return head or HeadRow(id=HEAD_ID, size=0, root=merkle.EMPTY_ROOT.hex(), edge=[])


def _digest(snapshot: Snapshot | None) -> str | None:
    return None if snapshot is None else canonical.digest(snapshot)


def _row(event: RegisterEvent, leaf: str, root: str) -> EventRow:
    return EventRow(
        seq=event.seq,
        id=event.id,
        at=event.at,
        actor_type=event.actor.type.value,
        actor_id=event.actor.id,
        auth_method=event.actor.auth_method,
        key_id=event.actor.key_id,
        on_behalf_of=event.on_behalf_of,
        ip=event.ip,
        user_agent=event.user_agent,
        request_id=event.request_id,
        action=event.action.value,
        entity=event.entity,
        entity_revision=event.entity_revision,
        before=event.before,
        after=event.after,
        diff=event.diff,
        reason=event.reason,
        ticket=event.ticket,
        approvals=list(event.approvals),
        outcome=event.outcome.value,
        schema_version=event.schema,
        leaf=leaf,
        root=root,
    )
