"""Sends webhooks as Shopify does: at once, again eight times over four hours, or not at all.

Rules of shopify.dev/docs/apps/build/webhooks (delivery, 2024-09 and later): retries carry the
original payload to the original address; nothing is said about order; a subscription made
through the Admin API is deleted when a delivery has failed eight times over.
"""

import asyncio
import heapq
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import aiohttp

from bentos.shopify_admin.clock import Clock
from tests.stand_in.shopify.webhook_delivery import Delivery, Subscription
from tests.stand_in.shopify.webhook_faults import WebhookFaults
from tests.stand_in.shopify.webhook_log import WebhookLog
from tests.stand_in.shopify.webhook_post import MAX_CONNECTIONS, post, session

RETRIES = 8
RETRY_WINDOW_S = 4 * 3600.0
FIRST_RETRY_S = RETRY_WINDOW_S / (2**RETRIES - 1)
"Each waits twice as long as the one before; all together take the window."
LOOK_S = 0.005
"How often, by the machine's clock, the loop looks for what is due."


class Secrets(NamedTuple):
    """The app's client secret, and the one before it while it is being rotated."""

    current: str
    old: str | None = None


class WebhookSender:
    """Everything one shop sends to one app. Announcing is thread-safe; sending is the loop's."""

    def __init__(
        self,
        shop: str,
        secrets: Secrets,
        clock: Clock,
        seed: int = 0,
        log: WebhookLog | None = None,
    ) -> None:
        self.shop = shop
        self.secrets = secrets
        self.faults = WebhookFaults()
        self.log = log or WebhookLog()
        self.subscriptions: dict[str, Subscription] = {}
        self.on_deleted: Callable[[Subscription], None] = lambda _: None
        self._clock = clock
        self._random = random.Random(seed)
        self._due: list[_Due] = []
        self._lock = threading.Lock()
        self._number = 0
        self._under_way: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(MAX_CONNECTIONS)

    def announce(self, topic: str, body: bytes, event_id: str | None = None) -> list[str]:
        """Have every subscription of a topic told. Returns the webhook ids.

        All deliveries of one merchant's action share the event id.
        """
        event = event_id or str(uuid.uuid4())
        told = [each for each in list(self.subscriptions.values()) if each.topic == topic]
        wanted = [each for each in told if each.wants(body)]
        return [self._deliver(subscription, body, event) for subscription in wanted]

    def _deliver(self, to: Subscription, body: bytes, event_id: str) -> str:
        body = to.wanted(body)
        delivery = Delivery(
            to.id,
            to.topic,
            to.uri,
            self.shop,
            body,
            self._clock.now(),
            event_id,
            to.name,
            to.sub_topic,
        )
        sent = self.log.begin(delivery)
        faults = self.faults
        if self._happens(faults.dropped):
            sent.dropped = True
            return delivery.webhook_id
        self._send_in(self._random.random() * faults.reorder_within_s, delivery)
        if self._happens(faults.duplicated):
            self._send_in(self._random.random() * faults.duplicate_within_s, delivery, None)
        if self._happens(faults.forged):
            forged = replace(delivery, forged=True, webhook_id=str(uuid.uuid4()))
            self.log.begin(forged)
            self._send_in(self._random.random() * faults.reorder_within_s, forged, None)
        return delivery.webhook_id

    def _happens(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _send_in(self, seconds: float, delivery: Delivery, retry: int | None = 0) -> None:
        with self._lock:
            self._number += 1
            due = _Due(self._clock.monotonic() + seconds, self._number, retry, delivery)
            heapq.heappush(self._due, due)

    async def run(self) -> None:
        """Send what is due until cancelled."""
        async with session() as connections:
            while True:
                self.send_due(connections)
                await asyncio.sleep(LOOK_S)

    def send_due(self, connections: aiohttp.ClientSession) -> None:
        """Begin to send all that is due by now."""
        while (due := self._next_due()) is not None:
            task = asyncio.create_task(self._send(connections, due))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def _next_due(self) -> "_Due | None":
        with self._lock:
            if self._due and self._due[0].at <= self._clock.monotonic():
                return heapq.heappop(self._due)
        return None

    async def settled(self) -> None:
        """Wait until everything begun is answered."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    @property
    def waiting(self) -> int:
        """Deliveries that are due later, or not answered yet."""
        return len(self._due) + len(self._under_way)

    async def _send(self, connections: aiohttp.ClientSession, due: "_Due") -> None:
        delivery = due.delivery
        headers = delivery.headers(self._secret())
        async with self._places:
            answer = await post(connections, delivery.uri, delivery.body, headers)
        self.log.note(delivery.webhook_id, answer)
        subscription = self.subscriptions.get(delivery.subscription_id)
        if answer.is_success:
            if subscription is not None:
                subscription.last_success = self._clock.monotonic()
        elif due.retry == RETRIES:
            self._give_up(delivery, subscription)
        elif due.retry is not None:
            self._send_in(FIRST_RETRY_S * 2**due.retry, delivery, due.retry + 1)

    def _secret(self) -> str:
        if self.faults.old_secret and self.secrets.old is not None:
            return self.secrets.old
        return self.secrets.current

    def _give_up(self, delivery: Delivery, subscription: Subscription | None) -> None:
        self.log.give_up(delivery.webhook_id)
        if subscription is None or subscription.from_toml:
            return
        if subscription.last_success < self._clock.monotonic() - RETRY_WINDOW_S:
            del self.subscriptions[subscription.id]
            self.on_deleted(subscription)


class _Due(NamedTuple):
    at: float
    number: int
    retry: int | None
    "None: a repeat or a forgery, sent once."
    delivery: Delivery
