import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.shop.errors import Unreadable
from training.shop.rows import Rows
from training.shop.values import gid

AT = "2026-11-24T03:00:00Z"


def line(**fields):
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    "text",
    [
        "gid://shopify/Order/",
        "gid://shopify/Order/12x",
        "gid://other/Order/1",
        "gid://shopify/Order/1\n",
        "gid://shopify/Order/1234567890123456789",
        "anna@example.com",
    ],
)
def test_what_is_no_gid_is_refused_without_being_quoted(text):
    with pytest.raises(Unreadable) as refused:
        gid(text)
    assert "anna" not in str(refused.value)


def test_a_level_s_gid_has_a_query():
    assert gid("gid://shopify/InventoryLevel/5?inventory_item_id=7") == ("InventoryLevel", 5)


@pytest.mark.parametrize(
    "content",
    [
        b"anna",
        b'{"id": 7}',
        b'{"id": "gid://shopify/Order/1", "createdAt": "anna", "updatedAt": "anna"}',
        line(id="gid://shopify/LineItem/1", quantity=1),
        line(id="gid://shopify/LineItem/1", quantity=1, __parentId="gid://shopify/Product/1"),
        line(id="gid://shopify/LineItem/1", quantity="anna", __parentId="gid://shopify/Order/1"),
        line(id="gid://shopify/Metaobject/1"),
        line(id="gid://shopify/Order/1", createdAt="2026-11-24T03:00:00", updatedAt=AT),
        b"\xff\xfe",
    ],
)
def test_a_line_that_is_no_node_is_refused_without_being_quoted(content):
    with pytest.raises(Unreadable) as refused:
        Rows(str).of_line(content)
    assert "anna" not in str(refused.value)
    assert refused.value.__cause__ is None


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda t: line(id=t)))
def test_no_bytes_give_anything_else_than_a_row_or_a_refusal(content):
    with pytest.raises(Unreadable):
        Rows(str).of_line(content)


@given(st.text(min_size=1, max_size=30))
def test_free_text_is_no_code(text):
    order = line(
        id="gid://shopify/Order/1",
        createdAt=AT,
        updatedAt=AT,
        cancelReason=text,
        sourceName=text,
        displayFinancialStatus=text,
        shippingAddress={"countryCodeV2": text},
    )
    _, values = Rows(str).of_line(order)
    kept = [value for value in values if value == text and text not in {"web", "pos", "app"}]
    assert not kept or text.replace("_", "").isalnum()
    assert not kept or text == text.upper()
