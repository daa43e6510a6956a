"""HTTP of Shopify apps."""

from typing import Annotated

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.paging import Paged
from control_plane.parts import Parts, Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.router import Router
from control_plane.shopify_apps import service
from control_plane.shopify_apps.answers import ShopifyApp
from control_plane.shopify_apps.schemas import ShopifyAppIn

router = Router(prefix="/api/v1")
_ENTITY = "shopify_app:{client_id}"


@router.put("/shopify-apps/{client_id}")
def put_app(
    session: Writing,
    parts: Running,
    client_id: str,
    body: ShopifyAppIn,
    principal: Annotated[Principal, allow(Permission.CALLERS, Action.SHOPIFY_APP_SET, _ENTITY)],
) -> ShopifyApp:
    """Add an app, or replace what is known of it."""
    members = body.model_dump() | {"client_id": client_id, "shop": _shop(body, parts)}
    return service.app_view(service.set_app(session, principal, service.AppOrder(**members)))


@router.get("/shopify-apps")
def get_apps(
    session: Reading, page: Paged, _: Annotated[Principal, allow(Permission.CALLERS)]
) -> list[ShopifyApp]:
    """All apps."""
    return [service.app_view(row) for row in service.list_apps(session, page)]


@router.delete("/shopify-apps/{client_id}")
def delete_app(
    session: Writing,
    client_id: str,
    principal: Annotated[Principal, allow(Permission.CALLERS, Action.SHOPIFY_APP_REMOVE, _ENTITY)],
) -> ShopifyApp:
    """Close an app's doors."""
    return service.remove_app(session, principal, client_id)


def _shop(body: ShopifyAppIn, parts: Parts) -> str:
    return body.shop or parts.settings.shop
