"""Every refusal in Shopify's own words: airhorns/shopify-draft-proxy, captured at 2026-04."""

import pytest

from tests.node_packages import install
from tests.stand_in.shopify import schema
from tests.stand_in.shopify.bulk_query import BulkQueryRefused, bulk_query


@pytest.fixture(scope="module")
def admin():
    install(schema.FOLDER)
    return schema.load("2026-10").schema


def nested(*names, last="id"):
    inner = last
    for name in reversed(names):
        inner = f"id {name} {{ edges {{ node {{ {inner} }} }} }}"
    return "{ " + inner.removeprefix("id ") + " }"


WITHOUT_EDGES = (
    "All connection fields in a bulk query must select their contents using 'edges' > 'node', "
    "e.g: '{name} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
    "Invalid connection fields: '{name}'."
)
WITHOUT_ID = (
    "The parent 'node' field for a nested connection must select the 'id' field without an "
    "alias and must be of 'ID' return type. Connection fields without 'id': products."
)
SIX = "".join(
    f"{name} {{ edges {{ node {{ id }} }} }} "
    for name in ("variants", "metafields", "collections", "media", "sellingPlanGroups")
)
REFUSED = {
    "{ shop { id } }": ["Bulk queries must contain at least one connection."],
    "": ["Invalid bulk query: syntax error, unexpected end of file"],
    "#graphql\n{ products { edges { node { id } } }": [
        "Invalid bulk query: syntax error, unexpected end of file"
    ],
    "#graphql\n{ products { nodes { id title } } }": [WITHOUT_EDGES.format(name="products")],
    "#graphql\n{ orders { nodes { id } } }": [WITHOUT_EDGES.format(name="orders")],
    "{ orders { edges { cursor } } }": [WITHOUT_EDGES.format(name="orders")],
    '#graphql\n{ node(id: "gid://shopify/Product/0") { id } }': [
        "Bulk queries cannot contain a top level `node` field.",
        "Bulk queries must contain at least one connection.",
    ],
    nested("collections", "products", "variants", "metafields"): [
        "Bulk queries cannot contain connections with a nesting depth greater than 2."
    ],
    f"{{ products {{ edges {{ node {{ id {SIX} }} }} }} }}": [
        "Bulk queries cannot contain more than 5 connections."
    ],
    "{ products { edges { node { title variants { edges { node { id } } } } } } }": [WITHOUT_ID],
    "{ products { edges { node { key: id variants { edges { node { id } } } } } } }": [WITHOUT_ID],
    'mutation { productCreate(product: { title: "x" }) { product { id } } }': [
        "Invalid operation type. Only `query` operations are supported."
    ],
    "{ orders { edges { node { id fulfillments { events { edges { node { id } } } } } } } }": [
        "Queries that contain a connection field within a list field are not currently supported."
    ],
    "{ orders { edges { node { id refunds { refundLineItems { edges { node { id } } } } } } } }": [
        "Queries that contain a connection field within a list field are not currently supported."
    ],
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_refused(admin, text):
    with pytest.raises(BulkQueryRefused) as caught:
        bulk_query(admin, text)
    assert list(caught.value.messages) == REFUSED[text]


@pytest.mark.parametrize(
    "text",
    [
        "{ products { edges { node { id } } } }",
        nested("collections", "products", "variants"),
        "query Q { products(first: 10) { edges { cursor node { id } } pageInfo { hasNextPage } } }",
        """{ orders { edges { node { ...P } } } }
        fragment P on Order { id lineItems { edges { node { id } } } refunds { id } }""",
    ],
)
def test_accepted(admin, text):
    assert bulk_query(admin, text).operation.operation.value == "query"


def test_a_field_that_does_not_exist_is_named(admin):
    with pytest.raises(BulkQueryRefused, match=r"Invalid bulk query: .*priceOfIt"):
        bulk_query(admin, "{ products { edges { node { priceOfIt } } } }")


def test_a_text_has_to_fit(admin):
    with pytest.raises(BulkQueryRefused, match="65535 bytes"):
        bulk_query(admin, "{ products { edges { node { id } } } }" + "#" * 65_535)
