"""Who sends to a webhook now: one process at a time, over all replicas.

A webhook is taken for a while, with what is due for it in the order of the events; each attempt
that is noted keeps it for another while. A process that dies leaves it to others when the while
is over. So every delivery is made by one process, and whoever receives it without failing gets
the events in their order.
"""

from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from control_plane.db import ReadSession, WriteSession
from control_plane.webhooks.delivery_state import DeliveryState
from control_plane.webhooks.models import WebhookDeliveryRow, WebhookMessageRow, WebhookRow

BATCH = 20
"""Deliveries of one webhook that are taken at once."""


@dataclass(frozen=True)
class Due:
    """One delivery and what to send."""

    delivery_id: str
    message_id: str
    body: bytes


@dataclass(frozen=True)
class Batch:
    """A webhook that was taken, and what is due for it."""

    webhook_id: str
    url: str
    due: list[Due]


def is_due(session: ReadSession, now: str) -> bool:
    """Whether ``take`` would find something."""
    query = _takable(now).limit(1)
    return session.exec(query).first() is not None


def take(session: WriteSession, holder: str, now: str, until: str, most: int) -> list[Batch]:
    """Take at most so many webhooks that nobody has and for which something is due."""
    taken = []
    rows = session.exec(_takable(now).order_by(col(WebhookRow.id)).limit(most).with_for_update())
    for row in list(rows):
        row.holder, row.held_until = holder, until
        session.add(row)
        taken.append(Batch(row.id, row.url, _due(session, row.id, now)))
    return taken


def keep(session: WriteSession, holder: str, webhook_id: str, now: str, until: str) -> bool:
    """Keep a webhook for another while; False when it is disabled, to rest, or another's."""
    row = session.get(WebhookRow, webhook_id)
    if row is None or row.holder != holder:
        return False
    resting = row.resume_at is not None and row.resume_at > now
    if row.disabled_at is not None or resting:
        row.holder = row.held_until = None
    else:
        row.held_until = until
    session.add(row)
    return row.holder is not None


def give_back(session: WriteSession, holder: str, webhook_id: str | None = None) -> None:
    """Leave a webhook, or all that are held, to whoever comes next."""
    held = update(WebhookRow).where(col(WebhookRow.holder) == holder)
    if webhook_id is not None:
        held = held.where(col(WebhookRow.id) == webhook_id)
    session.execute(held.values(holder=None, held_until=None))


def _takable(now: str) -> SelectOfScalar[WebhookRow]:
    pending = select(WebhookDeliveryRow.id).where(
        col(WebhookDeliveryRow.webhook_id) == col(WebhookRow.id),
        col(WebhookDeliveryRow.state) == DeliveryState.PENDING.value,
        col(WebhookDeliveryRow.due_at) <= now,
    )
    return select(WebhookRow).where(
        col(WebhookRow.disabled_at).is_(None),
        or_(col(WebhookRow.held_until).is_(None), col(WebhookRow.held_until) <= now),
        or_(col(WebhookRow.resume_at).is_(None), col(WebhookRow.resume_at) <= now),
        pending.exists(),
    )


def _due(session: WriteSession, webhook_id: str, now: str) -> list[Due]:
    query = (
        select(WebhookDeliveryRow.id, WebhookMessageRow.id, WebhookMessageRow.body)
        .join(WebhookMessageRow, col(WebhookMessageRow.id) == col(WebhookDeliveryRow.message_id))
        .where(
            col(WebhookDeliveryRow.webhook_id) == webhook_id,
            col(WebhookDeliveryRow.state) == DeliveryState.PENDING.value,
            col(WebhookDeliveryRow.due_at) <= now,
        )
        .order_by(col(WebhookMessageRow.seq), col(WebhookDeliveryRow.id))
    )
    found = session.exec(query.limit(BATCH))
    return [Due(delivery, message, body.encode()) for delivery, message, body in found]
