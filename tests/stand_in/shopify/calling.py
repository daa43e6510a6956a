"""A small shop in this process, whose clock a test moves, and how it is called."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.node_packages import install
from tests.stand_in.shopify import schema
from tests.stand_in.shopify.app import application
from tests.stand_in.shopify.bucket import Plan
from tests.stand_in.shopify.filling import Filling
from tests.stand_in.shopify.hand_clock import HandClock
from tests.stand_in.shopify.installation import Installation
from tests.stand_in.shopify.place import Place
from tests.stand_in.shopify.shop import Shop


class Calling:
    """Calls the application as the network would, without one."""

    def __init__(self, folder: Path, lines: int = 300) -> None:
        """Skips the test where Shopify's schema cannot be installed."""
        install(schema.FOLDER)
        self.clock = HandClock()
        shop = Shop(self.clock, folder / "shop.sqlite3")
        now = int(self.clock.now().timestamp())
        shop.fill(Filling(f"generated:{lines}", None, now).records())
        app = Installation(self.clock, "id", "secret")
        self.token = app.mint().text
        self.place = Place(self.clock, shop, app, Plan.STANDARD)  # type: ignore[arg-type]
        self._application = application(self.place)

    def get(self, address: str) -> httpx.Response:
        """One GET."""
        return self._call("GET", address)

    def post(self, path: str, headers: dict[str, str] | None = None, **said: Any) -> httpx.Response:
        """One POST."""
        return self._call("POST", path, headers=headers, **said)

    def _call(self, method: str, path: str, **said: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._application)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
                return await client.request(method, path, **said)

        return asyncio.run(call())

    def answer(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        version: str = "2026-10",
        **headers: str,
    ) -> httpx.Response:
        """One GraphQL call."""
        headers["X-Shopify-Access-Token"] = token or self.token
        body = {"query": query, "variables": variables or {}}
        return self.post(f"/admin/api/{version}/graphql.json", headers, json=body)

    def __call__(self, query: str, variables: dict[str, Any] | None = None, **said: Any) -> Any:
        """The body of a GraphQL call, with a full bucket."""
        self.clock.move(60)
        return self.answer(query, variables, **said).json()

    def pages(self, field: str, arguments: str, inner: str = "id") -> Iterator[dict[str, Any]]:
        """Every node of a root's connection, page after page."""
        after = None
        while True:
            query = (
                f"query($after: String) {{ {field}({arguments}, after: $after) "
                f"{{ nodes {{ {inner} }} pageInfo {{ hasNextPage endCursor }} }} }}"
            )
            found = self(query, {"after": after})["data"][field]
            yield from found["nodes"]
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    def close(self) -> None:
        """Close the shop's file."""
        self.place.shop.close()
