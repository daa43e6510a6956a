"""What was sent, what waits and what was given up: listed, ordered again, forgotten in time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import col, select

from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ConflictError, NotFoundError
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Permission, Principal
from control_plane.webhooks.delivery_state import DeliveryState
from control_plane.webhooks.models import (
    WebhookAttemptRow,
    WebhookDeliveryRow,
    WebhookMessageRow,
    WebhookRow,
)
from control_plane.webhooks.service import get_webhook

MOST_AT_ONCE = 10_000
"""Dead letters that one order sends again."""
PRUNE_BATCH = 500
_D, _M = WebhookDeliveryRow, WebhookMessageRow


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which deliveries; None asks for all."""

    webhook: str | None = None
    state: DeliveryState | None = None
    type: str | None = None


@dataclass(frozen=True)
class Counts:
    """For metrics: how many wait and since when (s), how many were given up."""

    pending: int
    oldest_s: float
    dead: int


def list_deliveries(
    session: ReadSession, asked: Asked, page: Listing = EVERYTHING
) -> list[dict[str, Any]]:
    """Newest first, without attempts and bodies."""
    query = select(_D)
    if asked.webhook is not None:
        query = query.where(col(_D.webhook_id) == asked.webhook)
    if asked.state is not None:
        query = query.where(col(_D.state) == asked.state.value)
    if asked.type is not None:
        query = query.join(_M, col(_M.id) == col(_D.message_id)).where(col(_M.type) == asked.type)
    rows = page.rows(session, query, col(_D.id), newest_first=True)
    wanted = select(_M).where(col(_M.id).in_({row.message_id for row in rows}))
    messages = {message.id: message for message in session.exec(wanted)}
    return [_view(row, messages[row.message_id]) for row in rows]


def get_delivery(session: ReadSession, delivery_id: str) -> dict[str, Any]:
    """One with its attempts and what is sent; raises NotFoundError."""
    row = _row(session, delivery_id)
    message = session.get_one(WebhookMessageRow, row.message_id)
    query = select(WebhookAttemptRow).where(col(WebhookAttemptRow.delivery_id) == delivery_id)
    tried = session.exec(query.order_by(col(WebhookAttemptRow.number)))
    return _view(row, message) | {
        "body": message.body,
        "tried": [each.model_dump(exclude={"delivery_id"}) for each in tried],
    }


def redeliver(session: WriteSession, principal: Principal, delivery_id: str) -> dict[str, Any]:
    """Send one again, delivered or dead, with the whole schedule before it.

    Raises ConflictError for one that is being tried anyway, or of a webhook that is disabled.
    """
    principal.require(Permission.WEBHOOKS)
    row = _row(session, delivery_id)
    webhook = get_webhook(session, row.webhook_id)
    if row.state == DeliveryState.PENDING:
        raise ConflictError(f"delivery {delivery_id} is pending: it is tried at {row.due_at}")
    _again(session, principal, webhook, [row])
    return _view(row, session.get_one(WebhookMessageRow, row.message_id))


def redeliver_dead(
    session: WriteSession, principal: Principal, webhook_id: str, since: str | None = None
) -> int:
    """Send a webhook's dead letters again, those made at ``since`` or later; how many."""
    principal.require(Permission.WEBHOOKS)
    webhook = get_webhook(session, webhook_id)
    query = select(_D).where(
        col(_D.webhook_id) == webhook_id, col(_D.state) == DeliveryState.DEAD.value
    )
    if since is not None:
        query = query.where(col(_D.created_at) >= clock.parse(since, "since"))
    rows = list(session.exec(query.order_by(col(_D.id)).limit(MOST_AT_ONCE)))
    _again(session, principal, webhook, rows)
    return len(rows)


def count(session: ReadSession, now: str) -> Counts:
    """How things stand."""
    states = select(_D.state, func.count(), func.min(_D.created_at)).where(
        col(_D.state).in_([DeliveryState.PENDING.value, DeliveryState.DEAD.value])
    )
    found = {
        state: (number, oldest)
        for state, number, oldest in session.exec(states.group_by(col(_D.state)))
    }
    pending, oldest = found.get(DeliveryState.PENDING.value, (0, now))
    dead, _ = found.get(DeliveryState.DEAD.value, (0, now))
    return Counts(pending, max(0.0, clock.seconds_between(oldest, now)), dead)


def has_old(session: ReadSession, before: str) -> bool:
    """Whether ``prune`` would find something."""
    old = select(_D.id).where(col(_D.finished_at) < before).limit(1)
    return session.exec(old).first() is not None


def prune(session: WriteSession, before: str) -> int:
    """Forget what was finished before that moment, some at a time; how many."""
    old = select(_D.id).where(col(_D.finished_at) < before).limit(PRUNE_BATCH)
    ids = list(session.exec(old))
    session.execute(delete(WebhookAttemptRow).where(col(WebhookAttemptRow.delivery_id).in_(ids)))
    session.execute(delete(_D).where(col(_D.id).in_(ids)))
    wanted = select(_D.message_id)
    orphans = delete(_M).where(col(_M.at) < before, col(_M.id).not_in(wanted))
    session.execute(orphans)
    return len(ids)


def _again(
    session: WriteSession,
    principal: Principal,
    webhook: WebhookRow,
    rows: list[WebhookDeliveryRow],
) -> None:
    if webhook.disabled_at is not None:
        raise ConflictError(f"webhook {webhook.id} is disabled: enable it first")
    for row in rows:
        row.state, row.tries, row.due_at = DeliveryState.PENDING.value, 0, clock.now()
        row.finished_at = row.note = None
        session.add(row)
    session.flush()
    change = Change(
        action=Action.WEBHOOK_REDELIVER,
        entity=f"webhook:{webhook.id}",
        details={"deliveries": len(rows), "first": rows[0].id if rows else None},
    )
    record(session, principal, change)


def _row(session: ReadSession, delivery_id: str) -> WebhookDeliveryRow:
    row = session.get(WebhookDeliveryRow, delivery_id)
    if row is None:
        raise NotFoundError(f"no webhook delivery {delivery_id}")
    return row


def _view(row: WebhookDeliveryRow, message: WebhookMessageRow) -> dict[str, Any]:
    told = {"type": message.type, "at": message.at, "seq": message.seq}
    return row.model_dump() | told
