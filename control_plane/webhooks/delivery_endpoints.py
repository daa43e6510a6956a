"""HTTP of deliveries: what was sent, what waits, dead letters."""

from typing import Annotated

from fastapi import Query

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.paging import Paged
from control_plane.parts import Reading, Writing
from control_plane.principal import Permission, Principal
from control_plane.router import Router
from control_plane.webhooks import deliveries
from control_plane.webhooks.answers import Delivery, Redelivered, WholeDelivery
from control_plane.webhooks.delivery_state import DeliveryState
from control_plane.webhooks.schemas import RedeliverIn

router = Router(prefix="/api/v1")
Reader = Annotated[Principal, allow(Permission.WEBHOOKS)]


@router.get("/webhook-deliveries")
def get_deliveries(
    session: Reading,
    page: Paged,
    _: Reader,
    webhook: Annotated[str | None, Query(max_length=40)] = None,
    state: DeliveryState | None = None,
    type: Annotated[str | None, Query(max_length=100)] = None,  # noqa: A002 - as it is sent
) -> list[Delivery]:
    """Newest first; ``state=dead`` are the dead letters."""
    asked = deliveries.Asked(webhook=webhook, state=state, type=type)
    return deliveries.list_deliveries(session, asked, page)


@router.get("/webhook-deliveries/{delivery_id}")
def get_delivery(session: Reading, delivery_id: str, _: Reader) -> WholeDelivery:
    """One with its attempts, and the body as it is sent."""
    return deliveries.get_delivery(session, delivery_id)


@router.post("/webhook-deliveries/{delivery_id}/redeliver", status_code=202)
def post_redelivery(
    session: Writing,
    delivery_id: str,
    principal: Annotated[
        Principal,
        allow(Permission.WEBHOOKS, Action.WEBHOOK_REDELIVER, "webhook_delivery:{delivery_id}"),
    ],
) -> Delivery:
    """Send one again, with the same ``webhook-id``."""
    return deliveries.redeliver(session, principal, delivery_id)


@router.post("/webhooks/{webhook_id}/redeliver", status_code=202)
def post_redeliveries(
    session: Writing,
    webhook_id: str,
    principal: Annotated[
        Principal, allow(Permission.WEBHOOKS, Action.WEBHOOK_REDELIVER, "webhook:{webhook_id}")
    ],
    body: RedeliverIn | None = None,
) -> Redelivered:
    """Send a webhook's dead letters again, after an outage."""
    since = (body or RedeliverIn()).since
    return {"redelivered": deliveries.redeliver_dead(session, principal, webhook_id, since)}
