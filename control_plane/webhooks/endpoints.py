"""HTTP of webhooks: who is told of what."""

from typing import Annotated

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.router import Router
from control_plane.webhooks import event_type, service
from control_plane.webhooks.answers import DeliveryRow, NewWebhook, Types, Webhook
from control_plane.webhooks.schemas import DisableIn, RotateSecretIn, WebhookEdit, WebhookIn

router = Router(prefix="/api/v1")
_WEBHOOK = "webhook:{webhook_id}"
Reader = Annotated[Principal, allow(Permission.WEBHOOKS)]


@router.get("/webhook-types")
def get_types(_: Reader) -> Types:
    """Everything that may be subscribed to."""
    return {"types": list(event_type.TYPES)}


@router.post("/webhooks", status_code=201)
def post_webhook(
    session: Writing,
    parts: Running,
    body: WebhookIn,
    principal: Annotated[Principal, allow(Permission.WEBHOOKS, Action.WEBHOOK_CREATE, "webhooks")],
) -> NewWebhook:
    """Subscribe. The answer holds the secret that requests are signed with, this once."""
    seal, policy = parts.webhooks.seal, parts.webhooks.plan.policy
    made = service.create_webhook(session, principal, seal, policy, body.model_dump())
    return service.webhook_view(session, made.row) | {"secret": made.secret}


@router.get("/webhooks")
def get_webhooks(session: Reading, page: Paged, _: Reader) -> list[Webhook]:
    """All of them, oldest first, without their secrets."""
    return [service.webhook_view(session, row) for row in service.list_webhooks(session, page)]


@router.get("/webhooks/{webhook_id}")
def get_webhook(session: Reading, webhook_id: str, _: Reader) -> Webhook:
    """One of them: is it reached, since when not."""
    return service.webhook_view(session, service.get_webhook(session, webhook_id))


@router.patch("/webhooks/{webhook_id}")
def patch_webhook(
    session: Writing,
    parts: Running,
    webhook_id: str,
    body: WebhookEdit,
    principal: Annotated[Principal, allow(Permission.WEBHOOKS, Action.WEBHOOK_EDIT, _WEBHOOK)],
) -> Webhook:
    """Change name, url or events, from the next event on."""
    changes = body.model_dump(exclude_unset=True)
    service.check_changes(changes)
    policy = parts.webhooks.plan.policy
    row = service.edit_webhook(session, principal, policy, webhook_id, changes)
    return service.webhook_view(session, row)


@router.delete("/webhooks/{webhook_id}", status_code=204)
def delete_webhook(
    session: Writing,
    webhook_id: str,
    principal: Annotated[Principal, allow(Permission.WEBHOOKS, Action.WEBHOOK_DELETE, _WEBHOOK)],
) -> None:
    """Forget it with its secrets and deliveries."""
    service.delete_webhook(session, principal, webhook_id)


@router.post("/webhooks/{webhook_id}/disable")
def post_disable(
    session: Writing,
    webhook_id: str,
    body: DisableIn,
    principal: Annotated[Principal, allow(Permission.WEBHOOKS, Action.WEBHOOK_DISABLE, _WEBHOOK)],
) -> Webhook:
    """Send nothing more; what waits becomes dead letters."""
    row = service.disable_webhook(session, principal, webhook_id, body.reason)
    return service.webhook_view(session, row)


@router.post("/webhooks/{webhook_id}/enable")
def post_enable(
    session: Writing,
    webhook_id: str,
    principal: Annotated[Principal, allow(Permission.WEBHOOKS, Action.WEBHOOK_ENABLE, _WEBHOOK)],
) -> Webhook:
    """Send again, from the next event on."""
    return service.webhook_view(session, service.enable_webhook(session, principal, webhook_id))


@router.post("/webhooks/{webhook_id}/rotate", status_code=201)
def post_rotation(
    session: Writing,
    parts: Running,
    webhook_id: str,
    principal: Annotated[Principal, allow(Permission.WEBHOOKS, Action.WEBHOOK_ROTATE, _WEBHOOK)],
    body: RotateSecretIn | None = None,
) -> NewWebhook:
    """Make a new secret, shown this once; the old one signs too until it ends."""
    overlap_s = (body or RotateSecretIn()).overlap_s
    made = service.rotate_secret(session, principal, parts.webhooks.seal, webhook_id, overlap_s)
    return service.webhook_view(session, made.row) | {"secret": made.secret}


@router.post("/webhooks/{webhook_id}/test", status_code=202)
def post_test(
    session: Writing,
    webhook_id: str,
    principal: Annotated[Principal, allow(Permission.WEBHOOKS, Action.WEBHOOK_TEST, _WEBHOOK)],
) -> DeliveryRow:
    """Send a ``webhook.test`` message; the answer names its delivery."""
    return service.send_test(session, principal, webhook_id).model_dump()
