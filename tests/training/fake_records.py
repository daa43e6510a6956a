"""What a shop in memory holds: its goods, orders, customers, refunds and disputes."""

import random
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


class HandClock:
    """Time that passes only by waiting."""

    def __init__(self, now=NOW):
        self._now = now

    def now(self):
        return self._now

    def monotonic(self):
        return self._now.timestamp()

    def sleep(self, seconds):
        self._now += timedelta(seconds=seconds)


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def gid(kind, number):
    return f"gid://shopify/{kind}/{number}"


def money(amount):
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


class FakeRecords:
    """``nodes`` by gid: what a bulk result says of each, children with their ``__parentId``."""

    def __init__(self, seed):
        self.clock = HandClock()
        self.chance = random.Random(seed)
        self.nodes = {}
        self.refunds = {}
        self.disputes = []

    def order(self, number, lines=((1, 2),), customer=7, days=1.0, **fields):
        """An order with lines (product, quantity), changed ``days`` ago."""
        at = stamp(self.clock.now() - timedelta(days=days))
        order = gid("Order", number)
        self.nodes = {k: v for k, v in self.nodes.items() if v.get("__parentId") != order}
        self.nodes[order] = {
            "id": order,
            "createdAt": at,
            "processedAt": at,
            "updatedAt": at,
            "test": False,
            "sourceName": "web",
            "displayFinancialStatus": "PAID",
            "currentTotalPriceSet": money("20.00"),
            "customer": {"id": gid("Customer", customer)} if customer else None,
            **fields,
        }
        for index, (product, quantity) in enumerate(lines):
            line = gid("LineItem", number * 100 + index)
            self.nodes[line] = {
                "id": line,
                "quantity": quantity,
                "product": {"id": gid("Product", product)},
                "variant": {"id": gid("ProductVariant", product * 10)},
                "originalUnitPriceSet": money("10.00"),
                "discountedUnitPriceAfterAllDiscountsSet": money("9.00"),
                "__parentId": order,
            }

    def customer(self, number, days=1.0, **fields):
        at = stamp(self.clock.now() - timedelta(days=days))
        customer = gid("Customer", number)
        self.nodes[customer] = {
            "id": customer,
            "createdAt": at,
            "updatedAt": at,
            "numberOfOrders": "3",
            "amountSpent": {"amount": "60.0", "currencyCode": "EUR"},
            "dataSaleOptOut": False,
            **fields,
        }

    def product(self, number, days=1.0, **fields):
        at = stamp(self.clock.now() - timedelta(days=days))
        product, variant = gid("Product", number), gid("ProductVariant", number * 10)
        item = gid("InventoryItem", number * 10)
        self.nodes[product] = {
            "id": product,
            "createdAt": at,
            "updatedAt": at,
            "title": f"Thing {number}",
            "productType": "things",
            "vendor": "Acme",
            "status": "ACTIVE",
            **fields,
        }
        self.nodes[variant] = {
            "id": variant,
            "updatedAt": at,
            "sku": f"SKU-{number}",
            "price": "10.00",
            "inventoryItem": {"id": item},
            "__parentId": product,
        }
        self.nodes[item] = {
            "id": item,
            "updatedAt": at,
            "tracked": True,
            "unitCost": {"amount": "4.00", "currencyCode": "EUR"},
        }
        level = gid("InventoryLevel", number * 10) + f"?inventory_item_id={number * 10}"
        self.nodes[level] = {
            "id": level,
            "updatedAt": at,
            "location": {"id": gid("Location", 1)},
            "quantities": [{"name": "available", "quantity": 5}],
            "__parentId": item,
        }

    def refund(self, number, order, line, quantity=1, days=0.5):
        at = stamp(self.clock.now() - timedelta(days=days))
        self.refunds.setdefault(gid("Order", order), []).append(
            {
                "id": gid("Refund", number),
                "createdAt": at,
                "updatedAt": at,
                "totalRefundedSet": money("9.00"),
                "refundLineItems": {
                    "nodes": [
                        {
                            "quantity": quantity,
                            "restockType": "RETURN",
                            "lineItem": {"id": gid("LineItem", line)},
                            "subtotalSet": money("9.00"),
                        }
                    ],
                    "pageInfo": {"hasNextPage": False, "endCursor": None},
                },
            }
        )

    def dispute(self, number, order, days=0.5):
        """A chargeback about an order; None: Shopify tells of none."""
        self.disputes.append(
            {
                "id": gid("ShopifyPaymentsDispute", number),
                "initiatedAt": stamp(self.clock.now() - timedelta(days=days)),
                "type": "CHARGEBACK",
                "status": "NEEDS_RESPONSE",
                "reasonDetails": {"reason": "FRAUDULENT"},
                "amount": {"amount": "20.0", "currencyCode": "EUR"},
                "order": {"id": gid("Order", order)} if order else None,
            }
        )

    def delete(self, kind, number):
        root = gid(kind, number)
        self.nodes = {
            k: v for k, v in self.nodes.items() if k != root and v.get("__parentId") != root
        }
