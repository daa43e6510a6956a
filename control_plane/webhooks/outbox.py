"""Turns what the register recorded into deliveries, each event exactly once.

The register is the outbox: an event stands in it in the very transaction of what it tells of,
and events commit in the order of their numbers, as there is one writer at a time. A cursor says
how far deliveries have been made; it moves in the transaction that makes them. So a process
that is killed between an event and its deliveries leaves a cursor that is behind, and nothing
is lost or invented. Whoever changes a webhook calls ``catch_up`` first: what was recorded
before a change goes by what stood before it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import structlog
from sqlmodel import col, select

from bentos.contract.register import Outcome
from control_plane import clock
from control_plane.audit import checkpoints
from control_plane.audit.event_row import EVENTS, Members, select_events, stored
from control_plane.audit.models import CheckpointRow
from control_plane.audit.queries import RELEASE
from control_plane.audit.tree import read_head
from control_plane.db import ReadSession, WriteSession
from control_plane.identifier import new_id
from control_plane.releases.models import ReleaseRow
from control_plane.webhooks import event_type, message
from control_plane.webhooks.delivery_state import DeliveryState
from control_plane.webhooks.message import Message
from control_plane.webhooks.models import (
    WebhookCursorRow,
    WebhookDeliveryRow,
    WebhookMessageRow,
    WebhookRow,
)

BATCH = 500
CURSOR_ID = 1
_ACTIONS = [action.value for action in event_type.OF_ACTION]
log = structlog.get_logger(__name__)


def catch_up(session: WriteSession) -> None:
    """Make the deliveries of all that is recorded by now."""
    while advance(session):
        pass


def advance(session: WriteSession) -> bool:
    """Make the deliveries of the next events; whether there are more."""
    # First of all: it makes this transaction the only one that writes.
    cursor = _cursor(session)
    head, active = read_head(session).size, active_webhooks(session)
    if not active:
        # What happens while nobody listens is told to nobody, later either.
        cursor.seq = head
    events = list(_events(session, cursor.seq)) if active else []
    for event in events:
        told = (
            None
            if event.members is None
            else message.of_event(event.members, _model_of(session, event.members))
        )
        if event.members is None:
            log.error("an event cannot be read and is told to nobody", seq=event.seq)
        if told is not None:
            _post(session, active, told)
    more = len(events) == BATCH
    cursor.seq = events[-1].seq if more else head
    _advance_checkpoints(session, cursor, active)
    session.add(cursor)
    session.flush()
    return more


def is_behind(session: ReadSession, seen: int) -> tuple[bool, int]:
    """Whether ``advance`` has something to do, and the register's size now.

    ``seen``: a size up to which there was nothing, so that it is not asked again.
    """
    cursor, head = session.get(WebhookCursorRow, CURSOR_ID), read_head(session).size
    if cursor is None or not active_webhooks(session):
        return False, head
    told = EVENTS.c.action.in_(_ACTIONS)
    newer = select(EVENTS.c.seq).where(EVENTS.c.seq > max(cursor.seq, seen), told).limit(1)
    origin = checkpoints.origin(session)
    last = checkpoints.latest(session, origin)
    signed = last is not None and (origin, last.size) != (cursor.origin, cursor.size)
    behind = signed or session.connection().execute(newer).first() is not None
    return behind, head


def post_one(session: WriteSession, row: WebhookRow, told: Message) -> WebhookDeliveryRow:
    """Make one delivery, whatever the webhook subscribed to."""
    _keep(session, told)
    made = _delivery(row, told)
    session.add(made)
    session.flush()
    return made


def active_webhooks(session: ReadSession) -> list[WebhookRow]:
    """Those that are not disabled."""
    return list(session.exec(select(WebhookRow).where(col(WebhookRow.disabled_at).is_(None))))


def _cursor(session: WriteSession) -> WebhookCursorRow:
    row = session.get(WebhookCursorRow, CURSOR_ID, with_for_update=True)
    if row is None:
        # Webhooks begin now.
        origin = checkpoints.origin(session)
        last = checkpoints.latest(session, origin)
        size = 0 if last is None else last.size
        row = WebhookCursorRow(id=CURSOR_ID, seq=read_head(session).size, origin=origin, size=size)
    return row


def _events(session: WriteSession, after: int) -> Iterator[Any]:
    columns = EVENTS.c
    query = select_events().where(
        columns.seq > after,
        columns.action.in_(_ACTIONS),
        columns.outcome == Outcome.ALLOWED.value,
    )
    for row in session.connection().execute(query.order_by(columns.seq).limit(BATCH)):
        yield stored(row)


def _model_of(session: ReadSession, event: Members) -> str | None:
    """The model an event is about, where its entity says so."""
    kind, _, rest = event["entity"].partition(":")
    if event["entity"].startswith(RELEASE):
        row = session.get(ReleaseRow, rest)
        return None if row is None else row.model
    return rest.partition(":")[0] if kind in {"version", "kill", "model"} else None


def _advance_checkpoints(
    session: WriteSession, cursor: WebhookCursorRow, active: list[WebhookRow]
) -> None:
    origin = checkpoints.origin(session)
    if cursor.origin != origin:
        # A restored register is another log, signed from its beginning.
        cursor.origin, cursor.size = origin, 0
    query = select(CheckpointRow).where(
        col(CheckpointRow.origin) == origin, col(CheckpointRow.size) > cursor.size
    )
    for row in list(session.exec(query.order_by(col(CheckpointRow.size)))):
        told = message.of_checkpoint(row.origin, row.size, row.root, row.note, row.at)
        _post(session, active, told)
        cursor.size = row.size


def _post(session: WriteSession, active: Iterable[WebhookRow], told: Message) -> None:
    wanting = [row for row in active if event_type.is_wanted(told.type, row.events)]
    if wanting:
        _keep(session, told)
        session.add_all([_delivery(row, told) for row in wanting])
        session.flush()


def _keep(session: WriteSession, told: Message) -> None:
    session.add(
        WebhookMessageRow(id=told.id, seq=told.seq, type=told.type, at=told.at, body=told.body)
    )
    session.flush()


def _delivery(row: WebhookRow, told: Message) -> WebhookDeliveryRow:
    now = clock.now()
    return WebhookDeliveryRow(
        id=new_id(),
        webhook_id=row.id,
        message_id=told.id,
        state=DeliveryState.PENDING.value,
        due_at=now,
        created_at=now,
    )
