"""Body of a Shopify app."""

from pydantic import Field

from control_plane.body import Body


class ShopifyAppIn(Body):
    """``shop`` defaults to the installation's; ``rate`` is requests per second of each door.

    ``secrets`` say where gateways read the client secret: ``file:<name>`` in the home's keys
    folder or ``env:SIGNALBOX_SHOPIFY_<NAME>``; two of them while rotating.
    """

    shop: str | None = Field(default=None, min_length=1, max_length=200)
    domain: str
    secrets: list[str]
    proxy_models: list[str] = Field(default=[], max_length=100)
    checkout_models: list[str] = Field(default=[], max_length=100)
    rate: int | None = Field(default=None, ge=1, le=1_000_000)
