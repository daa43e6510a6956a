"""The Admin API as the ingress uses it: assessments written and looked up, orders read again."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bentos.shopify_admin.client import AdminClient
from bentos.shopify_admin.connected import connected_client
from bentos.shopify_admin.connection import ConnectionStore
from bentos.shopify_admin.errors import Refused
from control_plane.shopify.facts import Fact, Level, as_input

PATIENCE_S = 60.0
"""A call of the ingress waits for points at most so long; then the order's turn comes again."""
PAGE = 20
OVER = frozenset({"ORDER_ALREADY_FULFILLED", "NOT_FOUND"})
"""Nothing can be written to this order any more."""


class OrderGone(Exception):
    """The order takes no assessment: fulfilled, or not there."""


class Admin:
    """One shop's. Raises ShopifyError for what Shopify refuses or cannot do."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    def assess(self, order_id: int, level: Level, facts: Sequence[Fact]) -> None:
        """Write the assessment; raises OrderGone, or Unavailable with ``maybe_done``."""
        variables = {"assessment": as_input(order_id, level, facts)}
        try:
            self._client.execute("order_risk_assessment_create", variables)
        except Refused as refused:
            if OVER.intersection(refused.codes):
                raise OrderGone(", ".join(refused.codes)) from refused
            raise

    def has_assessed(self, order_id: int, level: Level, facts: Sequence[Fact]) -> bool:
        """Whether this very assessment of ours is there."""
        gid = f"gid://shopify/Order/{order_id}"
        told = self._client.execute("order_risk", {"id": gid})
        if told.get("order") is None:
            raise OrderGone("NOT_FOUND")
        us = told["currentAppInstallation"]["app"]["id"]
        said = [fact["description"] for fact in facts]
        return any(
            (each["provider"] or {}).get("id") == us
            and each["riskLevel"] == level.value
            and [fact["description"] for fact in each["facts"]] == said
            for each in told["order"]["risk"]["assessments"]
        )

    def look(self) -> None:
        """Ask something small: raises Unauthorized or ShopClosed where the app is not installed."""
        self._client.execute("shop_info")

    def orders_since(self, moment: str) -> Iterator[dict[str, Any]]:
        """Orders updated at or after an RFC 3339 moment, the oldest update first."""
        after: str | None = None
        while True:
            query = f"updated_at:>='{moment}'"
            page = self._client.execute(
                "orders_page", {"first": PAGE, "after": after, "query": query}
            )["orders"]
            yield from page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]


class Admins:
    """The shops' clients, made when first asked for."""

    def __init__(self, home: Path, keys: Path) -> None:
        self._home = home
        self._store = ConnectionStore(keys)
        self._clients: dict[str, AdminClient] = {}
        self._lock = threading.Lock()

    def of(self, domain: str) -> Admin:
        """A shop's; raises ContractError for one that is not connected."""
        with self._lock:
            if domain not in self._clients:
                self._clients[domain] = connected_client(self._home, domain, patience_s=PATIENCE_S)
            return Admin(self._clients[domain])

    def is_connected(self, domain: str) -> bool:
        """Whether there are credentials for it."""
        return domain in self._store.shops()

    def forget(self, domain: str) -> None:
        """Delete its credentials: nothing on this machine, sync included, gets in any more."""
        with self._lock:
            client = self._clients.pop(domain, None)
            if client is not None:
                client.close()
            self._store.remove(domain)

    def close(self) -> None:
        """Let the connections go."""
        for client in self._clients.values():
            client.close()


AdminOf = Callable[[str], Admin]
