"""Bodies and headers as Shopify sends them, with everything in them that must not be kept."""

import json
import uuid

from bentos.contract.shopify import webhook_signature
from load_tests.shop.ingress_process import DOMAIN, SECRET

CANARY = "canary-9f3b"


def order(number, *, customer=191167, at="2026-11-22T10:00:00-05:00", updated=None, **more):
    """An order as REST shows it, with a canary in each of its texts."""
    lines = more.pop("lines", [(1, 2, "10.00"), (2, 1, "5.50")])
    person = {
        "first_name": CANARY,
        "email": f"{CANARY}@example.com",
        "phone": CANARY,
        "note": CANARY,
    }
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "created_at": at,
        "updated_at": updated or at,
        "email": f"{CANARY}@example.com",
        "note": CANARY,
        "name": CANARY,
        "browser_ip": CANARY,
        "currency": "EUR",
        "test": False,
        "customer": None if customer is None else {"id": customer, **person},
        "shipping_address": {"address1": CANARY, "zip": CANARY, "country_code": "DE"},
        "note_attributes": [{"name": CANARY, "value": CANARY}],
        "financial_status": "paid",
        "fulfillment_status": None,
        "cancelled_at": None,
        "cancel_reason": None,
        "line_items": [
            {
                "id": number * 100 + product,
                "product_id": product,
                "variant_id": product * 10,
                "quantity": quantity,
                "price": price,
                "title": CANARY,
                "discount_allocations": [],
            }
            for product, quantity, price in lines
        ],
        **more,
    }


def headers(topic, body, *, secret=SECRET, domain=DOMAIN, webhook_id=None):
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": webhook_signature(body, secret).decode(),
        "X-Shopify-Shop-Domain": domain,
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": webhook_id or str(uuid.uuid4()),
        "X-Shopify-Triggered-At": "2026-11-22T15:00:00.123456789Z",
    }


def send(client, topic, message, **options):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return client.post("/webhooks", content=body, headers=headers(topic, body, **options))
