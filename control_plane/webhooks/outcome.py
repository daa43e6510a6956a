"""What an attempt means for its delivery and its webhook: done, again later, given up, disabled."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete
from sqlmodel import col

from control_plane import clock
from control_plane.db import WriteSession
from control_plane.principal import system
from control_plane.webhooks import schedule, service
from control_plane.webhooks.delivery_state import DeliveryState
from control_plane.webhooks.models import WebhookAttemptRow, WebhookDeliveryRow, WebhookRow
from control_plane.webhooks.sender import Answer

KEPT_ATTEMPTS = 20
"""Of a delivery, the newest."""
FEWEST_FAILURES = 10
"""A webhook with few messages is not disabled for failing a few times in a long time."""
SENDER = system("webhooks")
DAY_S = 86_400.0


class Verdict(StrEnum):
    """For metrics, too."""

    DELIVERED = "delivered"
    AGAIN = "again"
    DEAD = "dead"
    DISABLED = "disabled"


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a webhook may fail before it is disabled; ``chance`` gives numbers in 0…1."""

    days: float
    chance: Callable[[], float]


def note_attempt(
    session: WriteSession, delivery_id: str, answer: Answer, patience: Patience, now: str
) -> Verdict | None:
    """Write down an attempt and what follows from it; None when the delivery was deleted."""
    row = session.get(WebhookDeliveryRow, delivery_id, with_for_update=True)
    if row is None:
        return None
    webhook = session.get_one(WebhookRow, row.webhook_id)
    _keep(session, row, answer, now)
    if answer.is_success:
        row.state, row.finished_at, row.note = DeliveryState.DELIVERED.value, now, None
        webhook.failing_since = webhook.resume_at = None
        webhook.failures, webhook.last_success_at = 0, now
        session.add_all([row, webhook])
        return Verdict.DELIVERED
    if row.state != DeliveryState.PENDING:
        # Disabled while it was under way: it is a dead letter already.
        return Verdict.DEAD
    verdict = _put_off(row, webhook, answer, patience, now)
    session.add_all([row, webhook])
    session.flush()
    why = _why_disable(webhook, answer, patience, now)
    if why is not None:
        service.shut(session, SENDER, webhook, why)
        return Verdict.DISABLED
    return verdict


def _keep(session: WriteSession, row: WebhookDeliveryRow, answer: Answer, now: str) -> None:
    row.tries, row.attempts = row.tries + 1, row.attempts + 1
    session.add(
        WebhookAttemptRow(
            delivery_id=row.id,
            number=row.attempts,
            at=now,
            duration_ms=answer.duration_ms,
            status=answer.status,
            error=answer.error,
        )
    )
    old = delete(WebhookAttemptRow).where(
        col(WebhookAttemptRow.delivery_id) == row.id,
        col(WebhookAttemptRow.number) <= row.attempts - KEPT_ATTEMPTS,
    )
    session.execute(old)


def _put_off(
    row: WebhookDeliveryRow, webhook: WebhookRow, answer: Answer, patience: Patience, now: str
) -> Verdict:
    webhook.failing_since = webhook.failing_since or now
    webhook.failures += 1
    rest = schedule.rest_s(answer.status, answer.retry_after_s)
    if rest:
        webhook.resume_at = clock.after(now, rest)
    delay = schedule.delay_s(row.tries, patience.chance)
    if delay is None:
        row.state, row.finished_at = DeliveryState.DEAD.value, now
        row.note = f"given up after {row.tries} attempts: {answer.error or answer.status}"
        return Verdict.DEAD
    row.due_at = clock.after(now, max(delay, answer.retry_after_s or 0.0))
    return Verdict.AGAIN


def _why_disable(webhook: WebhookRow, answer: Answer, patience: Patience, now: str) -> str | None:
    if answer.is_gone:
        return "its receiver answered 410 Gone"
    since = webhook.failing_since
    if since is None or webhook.failures < FEWEST_FAILURES:
        return None
    if clock.seconds_between(since, now) < patience.days * DAY_S:
        return None
    return f"nothing was delivered since {since}, in {webhook.failures} attempts"
