"""A client for a shop that is connected: tokens, bucket and address from the home."""

from dataclasses import replace
from pathlib import Path

import msgspec

from bentos.contract.shopify import normal_shop
from bentos.shopify_admin.client import PATIENCE_S, AdminClient
from bentos.shopify_admin.clock import Clock, SystemClock
from bentos.shopify_admin.connection import Connection, ConnectionStore
from bentos.shopify_admin.shared_bucket import SharedBucket
from bentos.shopify_admin.tokens import Asking, FixedToken, StoredTokens
from bentos.shopify_admin.transport import Limits, Transport, site_of


def connected_client(
    home: Path, shop: str, *, clock: Clock | None = None, patience_s: float = PATIENCE_S
) -> AdminClient:
    """The client of a connected shop; raises ContractError if it is not connected."""
    clock = clock or SystemClock()
    store = ConnectionStore(home / "keys")
    connection = store.read(normal_shop(shop))
    transport = Transport()
    tokens = StoredTokens(
        store, connection.shop, clock=clock, transport=transport, site=connection.site
    )
    return AdminClient(
        connection.shop,
        tokens,
        site=connection.site,
        clock=clock,
        bucket=SharedBucket(home, connection.shop, connection.client_id, clock=clock),
        patience_s=patience_s,
        transport=transport,
    )


def connect(home: Path, connection: Connection, *, clock: Clock | None = None) -> Connection:
    """Try a connection and keep it; raises ShopifyError and keeps nothing if it does not work.

    The scopes are those the app has on the shop, as Shopify says itself.
    """
    clock = clock or SystemClock()
    transport = Transport(replace(Limits(), total_s=20.0))
    site = site_of(connection.shop, connection.site)
    try:
        if not connection.access_token:
            connection = Asking(transport, site, clock).renewed(connection)
        client = AdminClient(
            connection.shop,
            FixedToken(connection.access_token),
            site=site,
            clock=clock,
            bucket=SharedBucket(home, connection.shop, connection.client_id, clock=clock),
            patience_s=60.0,
            transport=transport,
        )
        found = client.execute("shop_info")
    finally:
        transport.close()
    scopes = found["currentAppInstallation"]["accessScopes"]
    connection = msgspec.structs.replace(
        connection, scopes=tuple(sorted(scope["handle"] for scope in scopes))
    )
    ConnectionStore(home / "keys").write(connection)
    return connection
