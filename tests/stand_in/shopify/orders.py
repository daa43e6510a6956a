"""An order as the shop keeps it, of a basket: with payment, risk, addresses, notes."""

import random
from typing import Any

from tests.stand_in.shopify.order_sets import Basket, Sold
from tests.stand_in.shopify.people import COUNTRIES, Person, person
from tests.stand_in.shopify.records import timestamp

GUESTS = 9_000_000_000
"Guests are people too: where their numbers begin."


def money(hundredths: int) -> str:
    """An amount as Shopify writes it."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def order_body(
    number: int, place: int, basket: Basket, customer: int | None, variants: dict[str, int]
) -> dict[str, Any]:
    """The fields of an order; ``place`` counts orders from 1, ``variants`` is sku → number."""
    chance = random.Random(number)
    country = COUNTRIES.get(basket.country, "GB")
    who = person(customer or GUESTS + number, country)
    elsewhere = chance.random() < 0.06
    shipping = person(number, country).address if elsewhere else who.address
    lines = [_line(number, n, sold, variants[sold.sku]) for n, sold in enumerate(basket.lines)]
    total = sum(sold.quantity * sold.price for sold in basket.lines)
    risky = chance.random() < (0.2 if elsewhere else 0.01)
    return {
        "name": f"#{1000 + place}",
        "email": who.email,
        "phone": who.phone if chance.random() < 0.3 else None,
        "note": _note(chance, who),
        "tags": [f"gift-for-{who.last.lower()}"] if chance.random() < 0.03 else [],
        "customAttributes": _attributes(chance, who),
        "clientIp": f"203.0.113.{number % 254 + 1}",
        "customerLocale": "en",
        "customerAcceptsMarketing": chance.random() < 0.4,
        "sourceName": "web",
        "test": False,
        "statusPageUrl": f"https://demo.myshopify.com/orders/{number}?name={who.last}",
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "FULFILLED",
        "paymentGatewayNames": ["shopify_payments"],
        "discountCodes": [f"THANKS{who.first.upper()}"] if chance.random() < 0.05 else [],
        "billingAddress": who.address,
        "shippingAddress": shipping,
        "billingAddressMatchesShippingAddress": not elsewhere,
        "customer": customer,
        "cartToken": f"c{number:x}",
        "checkoutToken": f"{number * 2654435761 % 2**64:016x}",
        "subtotalLineItemsQuantity": sum(sold.quantity for sold in basket.lines),
        **{name: money(total) for name in TOTALS},
        **dict.fromkeys(("totalDiscountsSet", "totalRefundedSet"), "0.00"),
        "lineItems": lines,
        "transactions": [_payment(number, basket.at, total, who, chance)],
        "risk": risk("HIGH" if risky else "LOW"),
    }


TOTALS = ("totalPriceSet", "currentTotalPriceSet", "subtotalPriceSet", "currentSubtotalPriceSet")


def _line(order: int, place: int, sold: Sold, variant: int) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{order * 1000 + place}",
        "title": sold.title,
        "name": sold.title,
        "sku": sold.sku,
        "quantity": sold.quantity,
        "currentQuantity": sold.quantity,
        "refundableQuantity": sold.quantity,
        "product": variant,
        "variant": variant,
        "originalUnitPriceSet": money(sold.price),
        "discountedUnitPriceSet": money(sold.price),
        "discountedUnitPriceAfterAllDiscountsSet": money(sold.price),
        "discountedTotalSet": money(sold.price * sold.quantity),
        "originalTotalSet": money(sold.price * sold.quantity),
    }


def _note(chance: random.Random, who: Person) -> str | None:
    if chance.random() > 0.15:
        return None
    return f"Please call {who.name} on {who.phone} before delivery to {who.address['address1']}."


def _attributes(chance: random.Random, who: Person) -> list[dict[str, str]]:
    if chance.random() > 0.08:
        return []
    return [{"key": "gift_message", "value": f"Happy birthday {who.first}! Love, {who.email}"}]


def _payment(order: int, at: int, total: int, who: Person, chance: random.Random) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/OrderTransaction/{order}",
        "kind": "SALE",
        "status": "SUCCESS",
        "gateway": "shopify_payments",
        "createdAt": timestamp(at),
        "processedAt": timestamp(at),
        "amountSet": money(total),
        "paymentDetails": {
            "__typename": "CardPaymentDetails",
            "avsResultCode": chance.choice("YYYYN"),
            "cvvResultCode": chance.choice("MMMMN"),
            "bin": str(400_000 + order % 90_000),
            "company": chance.choice(("Visa", "Mastercard")),
            "name": who.name,
            "number": f"•••• •••• •••• {order % 10_000:04d}",
        },
    }


def risk(level: str) -> dict[str, Any]:
    """Shopify's own assessment of an order."""
    advice = {"HIGH": "CANCEL", "MEDIUM": "INVESTIGATE", "LOW": "ACCEPT"}
    bad = level == "HIGH"
    fact = {
        "description": "Billing and shipping addresses differ" if bad else "The CVV is correct",
        "sentiment": "NEGATIVE" if bad else "POSITIVE",
    }
    own = {"riskLevel": level, "provider": None, "facts": [fact]}
    return {"recommendation": advice.get(level, "NONE"), "assessments": [own]}
