"""What happens in the shop becomes webhooks to whoever subscribed."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from tests.stand_in.shopify.place import Place
from tests.stand_in.shopify.records import Change, Kind, Record, Verb
from tests.stand_in.shopify.webhook_bodies import Body, WebhookBodies, compliance_body, written
from tests.stand_in.shopify.webhook_delivery import Subscription
from tests.stand_in.shopify.webhook_sender import LOOK_S, Secrets, WebhookSender

COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")
FINISH = "bulk_operations/finish"
UNINSTALLED = "app/uninstalled"
# Of a change of a kind: its topics. A variant's or level's is its product's or its own.
TOPICS: dict[tuple[Kind, Verb], tuple[str, ...]] = {
    (Kind.ORDER, Verb.CREATE): ("orders/create",),
    (Kind.ORDER, Verb.UPDATE): ("orders/updated",),
    (Kind.ORDER, Verb.DELETE): ("orders/delete",),
    (Kind.CUSTOMER, Verb.CREATE): ("customers/create",),
    (Kind.CUSTOMER, Verb.UPDATE): ("customers/update",),
    (Kind.CUSTOMER, Verb.DELETE): ("customers/delete",),
    (Kind.PRODUCT, Verb.CREATE): ("products/create",),
    (Kind.PRODUCT, Verb.UPDATE): ("products/update",),
    (Kind.PRODUCT, Verb.DELETE): ("products/delete",),
    (Kind.REFUND, Verb.CREATE): ("refunds/create",),
    (Kind.DISPUTE, Verb.CREATE): ("disputes/create",),
    (Kind.DISPUTE, Verb.UPDATE): ("disputes/update",),
    (Kind.INVENTORY_LEVEL, Verb.UPDATE): ("inventory_levels/update",),
}
ASSESSED = "orders/risk_assessment_changed"


class Webhooks:
    """Of one place: listens to its shop, and sends while :meth:`run` runs."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.sender = WebhookSender(
            place.shop.domain, Secrets(place.app.client_secret), place.clock, seed=1
        )
        self.sender.on_deleted = lambda each: place.subscriptions.pop(_number(each.id), None)
        self._bodies = WebhookBodies(place.shop)
        # Order → what of it was announced already; changes do not say what changed.
        self._assessed: dict[int, Any] = {}
        self._once: set[tuple[str, int]] = set()
        self._made: dict[Kind, Callable[[Record], Body]] = {
            Kind.ORDER: self._bodies.order,
            Kind.CUSTOMER: self._bodies.customer,
            Kind.PRODUCT: self._bodies.product,
            Kind.REFUND: self._bodies.refund,
            Kind.DISPUTE: self._bodies.dispute,
            Kind.INVENTORY_LEVEL: self._bodies.inventory_level,
        }
        place.shop.on_change(self.changed)
        place.bulk.on_finished = lambda body: self.announce(FINISH, body)

    async def run(self) -> None:
        """Send, and tell of finished bulk operations, until cancelled."""
        sending = asyncio.create_task(self.sender.run())
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                self._place.bulk.announce_finished()
        finally:
            sending.cancel()

    def changed(self, change: Change) -> None:
        """Tell of a change; all of its topics share the event id."""
        event_id = None
        for topic, record in list(self._topics(change)):
            ids = self.announce(topic, self.body(topic, record), event_id)
            event_id = event_id or (self.sender.log.event_of(ids[0]) if ids else None)

    def announce(self, topic: str, body: Body, event_id: str | None = None) -> list[str]:
        """Have everyone who wants a topic told; the webhook ids."""
        self._subscribe()
        return self.sender.announce(topic, written(body), event_id)

    def comply(self, topic: str, said: dict[str, Any]) -> list[str]:
        """A compliance topic; ValueError for another."""
        if topic not in COMPLIANCE:
            raise ValueError(f"topic: expected of {COMPLIANCE}, got {topic!r}")
        return self.announce(topic, compliance_body(self._place.shop, topic, said))

    def uninstall(self) -> list[str]:
        """``app/uninstalled``."""
        return self.announce(UNINSTALLED, self._bodies.shop())

    def rotate(self, secret: str) -> None:
        """A new client secret; the one before it may still sign."""
        old = self.sender.secrets.current
        self.sender.secrets = Secrets(secret, old)
        self._place.app.client_secret = secret

    def body(self, topic: str, record: Record) -> Body:
        """The body of a topic about a record."""
        if topic == ASSESSED:
            return self._bodies.risk_assessment(record)
        if topic.endswith("/delete"):
            return self._bodies.deleted(record)
        return self._made[record.kind](record)

    def _topics(self, change: Change) -> Iterator[tuple[str, Record]]:
        record = change.record
        for topic in TOPICS.get((record.kind, change.verb), ()):
            yield topic, record
        if record.kind == Kind.ORDER and change.verb != Verb.DELETE:
            yield from ((topic, record) for topic in self._of_order(record))
        if record.kind == Kind.VARIANT and record.parent is not None:
            product = self._place.shop.get(Kind.PRODUCT, record.parent)
            if product is not None:
                yield "products/update", product

    def _of_order(self, order: Record) -> Iterator[str]:
        """Topics that an order reaches once, and assessments by apps whenever they change."""
        if order.body.get("displayFinancialStatus") == "PAID" and self._first("paid", order):
            yield "orders/paid"
        if order.body.get("cancelledAt") and self._first("cancelled", order):
            yield "orders/cancelled"
        held = (order.body.get("risk") or {}).get("assessments") or []
        own = [each for each in held if each.get("provider")]
        if own != self._assessed.get(order.number, []):
            self._assessed[order.number] = own
            yield ASSESSED

    def _first(self, what: str, order: Record) -> bool:
        # Of an order from before this process nobody knows: it counts as told when it is older.
        seen = (what, order.number) in self._once
        self._once.add((what, order.number))
        return not seen and (what != "paid" or order.created_at == order.updated_at)

    def _subscribe(self) -> None:
        """Take over what the API holds; subscriptions of the toml stay."""
        held = self._place.subscriptions
        known = self.sender.subscriptions
        for said in list(held.values()):
            if said["id"] not in known:
                topic = _topic(said["topic"])
                known[said["id"]] = Subscription(
                    said["id"],
                    topic,
                    said["uri"],
                    name=said.get("name"),
                    include_fields=tuple(said.get("includeFields") or ()),
                    filter=said.get("filter"),
                )
        ids = {said["id"] for said in held.values()}
        for gid, each in list(known.items()):
            if not each.from_toml and gid not in ids:
                del known[gid]


def _number(gid: str) -> int:
    return int(gid.rpartition("/")[2])


# Names of resources with underscores of their own; of others the first word is one.
_LONG = (
    "bulk_operations",
    "customers_email_marketing_consent",
    "inventory_items",
    "inventory_levels",
)


def _topic(name: str) -> str:
    """``ORDERS_CREATE`` of the schema as ``orders/create`` of the header."""
    plain = name.lower()
    resource = next((each for each in _LONG if plain.startswith(each)), plain.partition("_")[0])
    return f"{resource}/{plain.removeprefix(f'{resource}_')}"
