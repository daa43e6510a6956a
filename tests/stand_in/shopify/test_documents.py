"""Every query document of ours is answered by the stand-in, and costs what it says."""

import re

import pytest

from bentos.shopify_admin import document
from bentos.shopify_admin.cost import stated
from tests.stand_in.shopify.calling import Calling
from tests.stand_in.shopify.records import Kind

# Sent as text: the API executes them without page sizes.
BULK = ("orders", "customers", "products", "inventory")
BULK = {f"bulk_{each}" for each in BULK} | {
    f"bulk_{each}_ids" for each in ("order", "customer", "product", "inventory")
}
SAMPLES = {
    "first": 3,
    "after": None,
    "query": "updated_at:>='2026-01-01T00:00:00Z'",
    "changed": "updated_at:>='2026-01-01T00:00:00Z'",
    "topic": "ORDERS_CREATE",
    "subscription": {"uri": "https://example.com/hooks", "format": "JSON"},
}


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    made = Calling(tmp_path_factory.mktemp("shop"))
    yield made
    made.close()


def is_of_bulk_operations(name):
    return name.startswith("bulk_") and name not in BULK


def samples(call, name):
    shop = call.place.shop
    order = shop.page(Kind.ORDER, reverse=True, limit=1)[0]
    refund = shop.page(Kind.REFUND, limit=1)[0]
    facts = [{"description": "Addresses differ", "sentiment": "NEGATIVE"}]
    assessment = {"orderId": order.gid, "riskLevel": "HIGH", "facts": facts}
    text = document.load(name).text
    gid = refund.gid if "refund(id: $id)" in text else order.gid
    known = {**SAMPLES, "id": gid, "assessment": assessment}
    return {each: value for each, value in known.items() if f"${each}:" in text}


@pytest.mark.parametrize("name", [n for n in document.names() if not is_of_bulk_operations(n)])
def test_is_answered_in_full(call, name):
    asked = document.load(name)
    text = with_pages(asked.text) if name in BULK else asked.text
    variables = samples(call, name)
    answer = call(text, variables)
    assert "errors" not in answer
    assert all(value for value in answer["data"].values())
    payload = next(iter(answer["data"].values()))
    assert payload.get("userErrors", []) == [] if isinstance(payload, dict) else payload
    if name not in BULK:
        requested = answer["extensions"]["cost"]["requestedQueryCost"]
        assert requested == stated(asked.cost, variables)


def with_pages(text):
    """The query with a page size at each connection."""
    text = re.sub(r"(orders|customers|products|inventoryItems)\(", r"\1(first: 3, ", text)
    return re.sub(
        r"(\w+Items|variants|inventoryLevels|orders|customers|products) \{", r"\1(first: 3) {", text
    )


def test_most_of_what_our_documents_ask_for_is_there(call):
    """A stand-in of nulls would answer in full as well."""
    query = with_pages(document.load("bulk_orders").text)
    answer = call(query, samples(call, "bulk_orders"))
    node = answer["data"]["orders"]["edges"][0]["node"]
    empty = {name for name, value in node.items() if value in (None, "", [], {})}
    assert empty <= {"cancelledAt", "cancelReason", "discountCodes", "disputes", "customer"}
    line = node["lineItems"]["edges"][0]["node"]
    assert all(value is not None for value in line.values())
