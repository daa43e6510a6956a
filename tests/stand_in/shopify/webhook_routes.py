"""``/_stand_in/webhooks/…``: subscriptions of a toml, deliveries on demand, what became of them."""

import asyncio
import time
import uuid
from itertools import cycle, islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.stand_in.shopify.place import Place
from tests.stand_in.shopify.records import Kind
from tests.stand_in.shopify.webhook_delivery import Subscription
from tests.stand_in.shopify.webhooks import UNINSTALLED, Webhooks

PREFIX = "/_stand_in/webhooks"
MAX_PAGE = 50_000
KINDS = {
    "orders": Kind.ORDER,
    "customers": Kind.CUSTOMER,
    "products": Kind.PRODUCT,
    "refunds": Kind.REFUND,
    "disputes": Kind.DISPUTE,
    "inventory_levels": Kind.INVENTORY_LEVEL,
}


class WebhookRoutes:
    """The routes, over one place's webhooks."""

    def __init__(self, place: Place, webhooks: Webhooks) -> None:
        self._place, self._webhooks = place, webhooks
        self._storms: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route(PREFIX, self.summary),
            Route(f"{PREFIX}/log", self.log),
            Route(f"{PREFIX}/subscriptions", self.subscribe, methods=["POST"]),
            Route(f"{PREFIX}/send", self.send, methods=["POST"]),
            Route(f"{PREFIX}/storm", self.storm, methods=["POST"]),
            Route(f"{PREFIX}/rotate", self.rotate, methods=["POST"]),
            Route("/_stand_in/faults/webhooks", self.spoil, methods=["POST"]),
        ]

    async def summary(self, request: Request) -> Response:
        """Counts, latency, and how many are still to come."""
        sender = self._webhooks.sender
        waiting = sender.waiting + len(self._storms)
        subscriptions = sorted(each.topic for each in sender.subscriptions.values())
        more = {"waiting": waiting, "subscriptions": subscriptions}
        return JSONResponse({**sender.log.summary(), **more})

    async def log(self, request: Request) -> Response:
        """Deliveries from ``?after=`` (a count) on, at most ``?limit=``."""
        asked = request.query_params
        limit = min(MAX_PAGE, int(asked.get("limit", 1000)))
        return JSONResponse(self._webhooks.sender.log.page(int(asked.get("after", 0)), limit))

    async def subscribe(self, request: Request) -> Response:
        """As an app's toml does; never deleted.

        ``{"topic" or "topics", "uri", "name", "include_fields", "filter"}``.
        """
        said = await request.json()
        for topic in said.get("topics") or [said["topic"]]:
            made = Subscription(
                f"toml/{uuid.uuid4()}",
                topic,
                said["uri"],
                from_toml=True,
                name=said.get("name"),
                include_fields=tuple(said.get("include_fields") or ()),
                filter=said.get("filter"),
            )
            self._webhooks.sender.subscriptions[made.id] = made
        return Response(status_code=201)

    async def send(self, request: Request) -> Response:
        """``{"topic", "number" | "body" | what a compliance topic says}`` → webhook ids."""
        said = await request.json()
        ids = await asyncio.to_thread(self._send, said.pop("topic"), said)
        return JSONResponse({"webhook_ids": ids}, 201)

    def _send(self, topic: str, said: dict[str, Any]) -> list[str]:
        webhooks = self._webhooks
        if "body" in said:
            return webhooks.announce(topic, said["body"])
        if topic == UNINSTALLED:
            return webhooks.uninstall()
        if "number" not in said:
            return webhooks.comply(topic, said)
        record = self._place.shop.get(_kind(topic), said["number"])
        if record is None:
            raise KeyError(f"{topic} {said['number']}")
        return webhooks.announce(topic, webhooks.body(topic, record))

    async def storm(self, request: Request) -> Response:
        """``{"topic", "count", "per_second"}``: about the shop's records in turn; paced by ours."""
        said = await request.json()
        topic, count = said.get("topic", "orders/create"), int(said["count"])
        task = asyncio.create_task(self._storm(topic, count, float(said.get("per_second", 500))))
        self._storms.add(task)
        task.add_done_callback(self._storms.discard)
        return Response(status_code=202)

    async def _storm(self, topic: str, count: int, per_second: float) -> None:
        started = time.perf_counter()
        records = islice(cycle(self._place.shop.every(_kind(topic))), count)
        for number, record in enumerate(records):
            ahead = started + number / per_second - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            elif number % 20 == 0:
                await asyncio.sleep(0)
            self._webhooks.announce(topic, self._webhooks.body(topic, record))

    async def rotate(self, request: Request) -> Response:
        """``{"secret"}``: the client secret from now on."""
        self._webhooks.rotate((await request.json())["secret"])
        return Response(status_code=204)

    async def spoil(self, request: Request) -> Response:
        """Settings of ``webhook_faults.WebhookFaults``."""
        self._webhooks.sender.faults.change(await request.json())
        return Response(status_code=204)


def _kind(topic: str) -> Kind:
    name = topic.partition("/")[0]
    if name not in KINDS:
        raise ValueError(f"topic: expected one of {sorted(KINDS)}, got {topic!r}")
    return KINDS[name]
