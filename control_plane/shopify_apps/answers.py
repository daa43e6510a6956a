"""What is answered about Shopify apps."""

from typing import Annotated, Any

from control_plane.answer import Answer, Moment, Shown


class ShopifyAppOut(Answer):
    """Which doors of the gateway an app opens; no secret is in it."""

    client_id: str
    shop: str
    domain: str
    secrets: list[str]
    """Where gateways read the client secret; two while it is rotated."""
    proxy_models: list[str]
    checkout_models: list[str]
    rate: int | None
    """Requests per second of each door; null: no limit."""
    set_at: Moment
    set_by: str


ShopifyApp = Annotated[dict[str, Any], Shown(ShopifyAppOut)]
