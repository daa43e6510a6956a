"""Webhooks: made, changed, disabled, deleted, tested; their secrets rotated.

Every change is a register event. The register gets an address without its path, which is a
secret with some receivers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import col, select

from bentos.contract import canonical
from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ConflictError, NotFoundError, PolicyError
from control_plane.identifier import new_id
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Permission, Principal
from control_plane.webhooks import event_type, message, outbox, secrets
from control_plane.webhooks.address import AddressPolicy, check_url, origin_of
from control_plane.webhooks.delivery_state import DeliveryState
from control_plane.webhooks.models import (
    WebhookAttemptRow,
    WebhookDeliveryRow,
    WebhookRow,
    WebhookSecretRow,
)
from control_plane.webhooks.seal import Seal

MOST = 100
"""Webhooks of an installation."""
NOT_SHOWN = {"holder", "held_until"}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A webhook and a secret of it in clear: only in memory, shown once."""

    row: WebhookRow
    secret: str

    def __repr__(self) -> str:
        return f"Shown({self.row.id})"


def create_webhook(
    session: WriteSession,
    principal: Principal,
    seal: Seal,
    policy: AddressPolicy,
    plan: Mapping[str, Any],
) -> Shown:
    """Subscribe ``{name, url, events}``; told from the next event on.

    Raises ContractError for a URL or a type that will not do, PolicyError beyond ``MOST``.
    """
    principal.require(Permission.WEBHOOKS)
    check_url(plan["url"], policy)
    events = event_type.check_patterns(plan["events"])
    if session.exec(select(func.count()).select_from(WebhookRow)).one() >= MOST:
        raise PolicyError(f"there are {MOST} webhooks already: delete those not in use")
    outbox.catch_up(session)
    row = WebhookRow(
        id=new_id(),
        name=plan["name"],
        url=plan["url"],
        events=events,
        created_at=clock.now(),
        created_by=principal.actor.id,
    )
    session.add(row)
    session.flush()
    _, text = secrets.add_secret(session, seal, row.id)
    _record(session, principal, Action.WEBHOOK_CREATE, row, None)
    return Shown(row=row, secret=text)


def edit_webhook(
    session: WriteSession,
    principal: Principal,
    policy: AddressPolicy,
    webhook_id: str,
    changes: Mapping[str, Any],
) -> WebhookRow:
    """Change name, url or events. What was recorded before goes by the old events."""
    principal.require(Permission.WEBHOOKS)
    row = get_webhook(session, webhook_id)
    if "url" in changes:
        check_url(changes["url"], policy)
    outbox.catch_up(session)
    before = register_view(row)
    row.name = changes.get("name", row.name)
    if "events" in changes:
        row.events = event_type.check_patterns(changes["events"])
    if changes.get("url", row.url) != row.url:
        row.url, row.url_revision = changes["url"], row.url_revision + 1
        # Another receiver: what the old one did is not held against it.
        _forgive(row)
    session.add(row)
    session.flush()
    if register_view(row) != before:
        _record(session, principal, Action.WEBHOOK_EDIT, row, before)
    return row


def rotate_secret(
    session: WriteSession, principal: Principal, seal: Seal, webhook_id: str, overlap_s: int
) -> Shown:
    """Make a new secret; the old one signs too for ``overlap_s`` seconds, or ends now for 0.

    Raises ConflictError when two are live already.
    """
    principal.require(Permission.WEBHOOKS)
    row = get_webhook(session, webhook_id)
    kept = secrets.end_older(session, webhook_id, overlap_s)
    added, text = secrets.add_secret(session, seal, webhook_id)
    change = Change(
        action=Action.WEBHOOK_ROTATE,
        entity=f"webhook:{webhook_id}",
        details={
            "secret": [None, added.id],
            "older_until": [None, kept[0].expires_at if kept else clock.now()],
        },
    )
    record(session, principal, change)
    return Shown(row=row, secret=text)


def disable_webhook(
    session: WriteSession, principal: Principal, webhook_id: str, reason: str
) -> WebhookRow:
    """Send nothing more; what waits becomes dead letters. Twice changes nothing."""
    principal.require(Permission.WEBHOOKS)
    row = get_webhook(session, webhook_id)
    outbox.catch_up(session)
    if row.disabled_at is None:
        shut(session, principal, row, reason)
    return row


def shut(session: WriteSession, principal: Principal, row: WebhookRow, reason: str) -> None:
    """Disable, by a person or because its receiver is gone."""
    before = register_view(row)
    row.disabled_at, row.disabled_reason = clock.now(), reason
    session.add(row)
    waiting = update(WebhookDeliveryRow).where(
        col(WebhookDeliveryRow.webhook_id) == row.id,
        col(WebhookDeliveryRow.state) == DeliveryState.PENDING.value,
    )
    session.execute(
        waiting.values(
            state=DeliveryState.DEAD.value,
            finished_at=row.disabled_at,
            note=f"the webhook was disabled: {reason}",
        )
    )
    _record(session, principal, Action.WEBHOOK_DISABLE, row, before, reason)


def enable_webhook(session: WriteSession, principal: Principal, webhook_id: str) -> WebhookRow:
    """Send again, from the next event on; dead letters wait to be ordered."""
    principal.require(Permission.WEBHOOKS)
    row = get_webhook(session, webhook_id)
    if row.disabled_at is not None:
        outbox.catch_up(session)
        before = register_view(row)
        row.disabled_at = row.disabled_reason = None
        _forgive(row)
        session.add(row)
        _record(session, principal, Action.WEBHOOK_ENABLE, row, before)
    return row


def delete_webhook(session: WriteSession, principal: Principal, webhook_id: str) -> None:
    """Forget it, its secrets and all its deliveries."""
    principal.require(Permission.WEBHOOKS)
    row = get_webhook(session, webhook_id)
    outbox.catch_up(session)
    before = register_view(row)
    deliveries = col(WebhookDeliveryRow.webhook_id) == webhook_id
    ids = select(WebhookDeliveryRow.id).where(deliveries)
    session.execute(delete(WebhookAttemptRow).where(col(WebhookAttemptRow.delivery_id).in_(ids)))
    session.execute(delete(WebhookDeliveryRow).where(deliveries))
    session.execute(delete(WebhookSecretRow).where(col(WebhookSecretRow.webhook_id) == webhook_id))
    session.delete(row)
    session.flush()
    change = Change(action=Action.WEBHOOK_DELETE, entity=f"webhook:{webhook_id}", before=before)
    record(session, principal, change)


def send_test(session: WriteSession, principal: Principal, webhook_id: str) -> WebhookDeliveryRow:
    """Order a ``webhook.test`` message; raises ConflictError for one that is disabled."""
    principal.require(Permission.WEBHOOKS)
    row = get_webhook(session, webhook_id)
    if row.disabled_at is not None:
        raise ConflictError(f"webhook {webhook_id} is disabled: enable it first")
    change = Change(action=Action.WEBHOOK_TEST, entity=f"webhook:{webhook_id}")
    event = record(session, principal, change)
    return outbox.post_one(session, row, message.of_test(canonical.as_builtins(event)))


def get_webhook(session: ReadSession, webhook_id: str) -> WebhookRow:
    """The webhook, or NotFoundError."""
    row = session.get(WebhookRow, webhook_id)
    if row is None:
        raise NotFoundError(f"no webhook {webhook_id}")
    return row


def list_webhooks(session: ReadSession, page: Listing = EVERYTHING) -> list[WebhookRow]:
    """All, oldest first; there are ``MOST`` at most."""
    return page.rows(session, select(WebhookRow), col(WebhookRow.id))


def webhook_view(session: ReadSession, row: WebhookRow) -> dict[str, Any]:
    """A webhook as the API shows it: when its secrets were made, not what they are."""
    live = secrets.live_secrets(session, row.id, clock.now())
    told = [each.model_dump(include={"id", "created_at", "expires_at"}) for each in live]
    return row.model_dump(exclude=NOT_SHOWN) | {"secrets": told}


def register_view(row: WebhookRow) -> dict[str, Any]:
    """A webhook as the register sees it. ``url_revision`` tells when only the path changed."""
    kept = {"id", "name", "url_revision", "events", "created_by", "disabled_at", "disabled_reason"}
    return row.model_dump(include=kept) | {"origin": origin_of(row.url)}


def check_changes(changes: Mapping[str, Any]) -> None:
    """Raise ContractError for a member that is null: it is left out to stay what it is."""
    for name, value in changes.items():
        if value is None:
            raise ContractError(name, "a value", None, "Leave it out to keep what it is.")


def _forgive(row: WebhookRow) -> None:
    row.failing_since = row.resume_at = None
    row.failures = 0


def _record(
    session: WriteSession,
    principal: Principal,
    action: Action,
    row: WebhookRow,
    before: dict[str, Any] | None,
    reason: str | None = None,
) -> None:
    session.flush()
    change = Change(
        action=action,
        entity=f"webhook:{row.id}",
        before=before,
        after=register_view(row),
        reason=reason,
    )
    record(session, principal, change)
