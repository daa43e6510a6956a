"""Shoppers in the shop that stands in for a real one, in everything what they typed."""

import json
from collections.abc import Sequence
from typing import Any

from load_tests.shop.subjects import Subject

REFUNDED, NEWS = 2, 3
"""Of a shopper's orders: the one that came back, and the one the webhooks tell of."""


def into_shop(shop: Any, people: Sequence[Subject]) -> None:
    """Customers with four orders each."""
    from tests.stand_in.shopify.filling import refund  # noqa: PLC0415 - in the repository only
    from tests.stand_in.shopify.people import customer_body  # noqa: PLC0415
    from tests.stand_in.shopify.records import Kind  # noqa: PLC0415

    template = shop.control("GET", "shop/Order?limit=1")[0]["body"]
    for who in people:
        body = customer_body(who.number) | typed(who)
        body |= {"displayName": who.name, "dataSaleOptOut": False}
        first = min(who.moments) - 86_400
        shop.add(Kind.CUSTOMER, body, number=who.number, created_at=first, updated_at=first)
        for number, at in zip(who.orders, who.moments, strict=True):
            order = _order(template, who, number)
            back = refund(number, order, at + 600) if number == who.orders[REFUNDED] else None
            times = {"created_at": at, "updated_at": at, "processed_at": at}
            shop.add(Kind.ORDER, order, number=number, **times)
            if back is not None:
                times = {"created_at": back.created_at, "updated_at": back.updated_at}
                shop.add(back.kind, back.body, number=number, parent=number, **times)


def out_of_shop(shop: Any, people: Sequence[Subject]) -> None:
    """As the merchant deletes them, days before Shopify has others erase them."""
    from tests.stand_in.shopify.records import Kind  # noqa: PLC0415 - in the repository only

    for who in people:
        for number in who.orders:
            shop.delete(Kind.ORDER, number)
        shop.delete(Kind.CUSTOMER, who.number)


def typed(who: Subject) -> dict[str, Any]:
    """What a shopper types anywhere."""
    return {"email": who.email, "phone": who.phone, "note": who.note, "lastName": who.name}


def _order(template: dict[str, Any], who: Subject, number: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(template))
    lines = [
        line | {"id": f"gid://shopify/LineItem/{number * 1000 + place}"}
        for place, line in enumerate(body["lineItems"])
    ]
    payment = body["transactions"][0] | {"id": f"gid://shopify/OrderTransaction/{number}"}
    for address in ("billingAddress", "shippingAddress"):
        body[address] |= {"name": who.name, "lastName": who.name, "phone": who.phone}
    return body | {
        "name": f"#P{number}",
        "email": who.email,
        "phone": who.phone,
        "note": who.note,
        "customAttributes": [{"key": "gift", "value": who.note}],
        "customer": who.number,
        "displayFulfillmentStatus": "UNFULFILLED",
        "displayFinancialStatus": "PAID",
        "cancelledAt": None,
        "lineItems": lines,
        "transactions": [payment],
    }
