"""All records of a shop, of an order set scaled to as many lines as are asked for."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.stand_in.shopify.order_sets import Basket, baskets
from tests.stand_in.shopify.orders import money, order_body
from tests.stand_in.shopify.people import COUNTRIES, customer_body
from tests.stand_in.shopify.records import Kind, Record, timestamp

FIRST_ORDER = 5_000_000_000
FIRST_CUSTOMER = 7_000_000_000
FIRST_PRODUCT = 8_000_000_000
LOCATION = 655_441_491
# Copies of a basket are other customers', a while apart.
APART = 37
# Newer orders have not been sent yet: only they can still be assessed.
UNFULFILLED_SECONDS = 2 * 86_400


@dataclass(slots=True)
class Filling:
    """Goes once through the order set, and remembers only who and what occurred in it."""

    source: str
    lines: int | None
    now: int
    variants: dict[str, int] = field(default_factory=dict)
    products: dict[int, dict[str, Any]] = field(default_factory=dict)
    customers: dict[int, tuple[str, int]] = field(default_factory=dict)
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict)
    _orders: int = 0

    def records(self) -> Iterator[Record]:
        """Every record of the shop, orders first."""
        total, last = _extent(self.source)
        shift = self.now - 60 - last
        for basket, copy in _scaled(self.source, total, self.lines or total):
            yield from self._order(basket, copy, shift)
        for number, (country, first) in self.customers.items():
            body = customer_body(number, COUNTRIES.get(country, "GB"))
            yield Record(Kind.CUSTOMER, number, first, first, first, None, body)
        for number, product in self.products.items():
            yield from _product(number, product)
        here = {"name": "Warehouse", "isActive": True, "fulfillsOnlineOrders": True}
        yield Record(Kind.LOCATION, LOCATION, 0, 0, 0, None, here)

    def _order(self, basket: Basket, copy: int, shift: int) -> Iterator[Record]:
        self._orders += 1
        number = FIRST_ORDER + self._orders
        at = min(basket.at + shift + copy * APART, self.now - 1)
        customer = self._customer(basket, copy, at)
        for sold in basket.lines:
            variant = self.variants.setdefault(sold.sku, FIRST_PRODUCT + len(self.variants) + 1)
            self.products.setdefault(
                variant, {"sku": sold.sku, "title": sold.title, "price": sold.price, "at": at}
            )
        dated = replace(basket, at=at)
        body = order_body(number, self._orders, dated, customer, self.variants)
        if at > self.now - UNFULFILLED_SECONDS:
            body["displayFulfillmentStatus"] = "UNFULFILLED"
        chance, updated = random.Random(~number), at
        extra: list[Record] = []
        if chance.random() < 0.04:
            updated = min(at + chance.randint(1, 20) * 86_400, self.now - 1)
            extra.append(refund(number, body, updated))
        if chance.random() < 0.004:
            updated = min(at + 86_400, self.now - 1)
            extra.append(dispute(number, body, updated))
        yield Record(Kind.ORDER, number, at, updated, at, None, body)
        yield from extra

    def _customer(self, basket: Basket, copy: int, at: int) -> int | None:
        if basket.customer is None:
            return None
        key = (basket.customer, copy)
        number = self._numbers.setdefault(key, FIRST_CUSTOMER + len(self._numbers) + 1)
        self.customers.setdefault(number, (basket.country, at))
        return number


def _extent(source: str) -> tuple[int, int]:
    """How many lines an order set has, and when its last basket was bought."""
    total, last = 0, 0
    for basket in baskets(source):
        total, last = total + len(basket.lines), max(last, basket.at)
    return total, last


def _scaled(source: str, total: int, wanted: int) -> Iterator[tuple[Basket, int]]:
    """The newest baskets with ``wanted`` lines, or each several times; exactly so many lines."""
    whole, extra = divmod(wanted, max(1, total))
    skip, left = (total - wanted, wanted) if whole == 0 else (0, wanted)
    for basket in baskets(source):
        if skip >= len(basket.lines):
            skip -= len(basket.lines)
            continue
        basket, skip = replace(basket, lines=basket.lines[skip:]), 0  # noqa: PLW2901
        copies = max(1, whole) + (1 if whole and extra > 0 else 0)
        extra -= len(basket.lines)
        for copy in range(copies):
            if left <= 0:
                return
            yield replace(basket, lines=basket.lines[:left]), copy
            left -= len(basket.lines)


def refund(order: int, body: dict[str, Any], at: int) -> Record:
    """A refund of an order's first line; the order's body says so afterwards."""
    number, line = order, body["lineItems"][0]
    amount, quantity = line["originalTotalSet"], line["currentQuantity"]
    line["currentQuantity"] = line["refundableQuantity"] = 0
    whole = len(body["lineItems"]) == 1
    body["displayFinancialStatus"] = "REFUNDED" if whole else "PARTIALLY_REFUNDED"
    body["totalRefundedSet"] = amount
    left = round((float(body["totalPriceSet"]) - float(amount)) * 100)
    body["currentTotalPriceSet"] = body["currentSubtotalPriceSet"] = money(left)
    body["refunds"] = [number]
    who = body["billingAddress"]["name"]
    given = {
        "note": f"{who} was not content",
        "order": order,
        "totalRefundedSet": amount,
        "refundLineItems": [
            {
                "id": f"gid://shopify/RefundLineItem/{order}",
                "lineItem": line,
                "quantity": quantity,
                "restockType": "RETURN",
                "restocked": True,
                "priceSet": line["originalUnitPriceSet"],
                "subtotalSet": amount,
            }
        ],
    }
    return Record(Kind.REFUND, number, at, at, at, order, given)


def dispute(order: int, body: dict[str, Any], at: int) -> Record:
    """A chargeback of an order."""
    number = order
    body["disputes"] = [
        {
            "id": f"gid://shopify/OrderDisputeSummary/{number}",
            "initiatedAs": "CHARGEBACK",
            "status": "NEEDS_RESPONSE",
        }
    ]
    opened = {
        "order": order,
        "type": "CHARGEBACK",
        "status": "NEEDS_RESPONSE",
        "amount": body["totalPriceSet"],
        "initiatedAt": timestamp(at),
        "evidenceDueBy": timestamp(at + 7 * 86_400),
        "finalizedOn": None,
        "reasonDetails": {"reason": "FRAUDULENT", "networkReasonCode": "4837"},
    }
    return Record(Kind.DISPUTE, number, at, at, at, order, opened)


def _product(number: int, said: dict[str, Any]) -> Iterator[Record]:
    at, price = said["at"], money(said["price"])
    body = {
        "title": said["title"],
        "handle": said["sku"].lower(),
        "status": "ACTIVE",
        "productType": said["title"].split()[-1].title(),
        "vendor": "Signal Goods",
        "tags": [said["title"].split()[0].lower()],
        "publishedAt": timestamp(at),
        "totalInventory": 100,
    }
    variant = {
        "title": "Default Title",
        "displayName": f"{said['title']} - Default Title",
        "sku": said["sku"],
        "price": price,
        "compareAtPrice": None,
        "product": number,
        "position": 1,
        "availableForSale": True,
        "inventoryQuantity": 100,
        "inventoryItem": number,
        "selectedOptions": [{"name": "Title", "value": "Default Title"}],
    }
    item = {
        "sku": said["sku"],
        "tracked": True,
        "variant": number,
        "unitCost": money(max(1, said["price"] * 6 // 10)),
    }
    level = {"item": number, "location": LOCATION, "quantity": 100}
    yield Record(Kind.PRODUCT, number, at, at, at, None, body)
    yield Record(Kind.VARIANT, number, at, at, at, number, variant)
    yield Record(Kind.INVENTORY_ITEM, number, at, at, at, number, item)
    yield Record(Kind.INVENTORY_LEVEL, number, at, at, at, number, level)
