"""What stays of a body."""

import json

import pytest

from bentos.contract.errors import ContractError
from control_plane.shopify.codes import CODES
from control_plane.shopify.kept import Dispute, Order, Refund, keep
from control_plane.shopify.payloads import BODIES
from tests.control_plane.shopify.deliveries import CANARY, order

DOMAIN = "demo-shop.myshopify.com"


def name(kind, raw):
    return f"P({kind},{raw})"


def kept(topic, message):
    return keep(topic, json.dumps(message).encode(), DOMAIN, name)


def test_an_order_keeps_numbers_times_codes_and_a_pseudonym():
    lines = [(7, 2, "10.00")]
    message = order(5, at="2026-11-22T10:00:00.250000-05:00", lines=lines, cancel_reason="FRAUD")
    message["line_items"][0]["discount_allocations"] = [{"amount": "3.00"}, {"amount": "1.00"}]
    found = kept("orders/create", message)
    assert isinstance(found, Order)
    assert found.customer == "P(customer,191167)"
    assert (found.created_us, found.offset_s) == (1795359600250000, -18000)
    assert found.cancel_reason == "fraud"
    [line] = found.lines
    assert (line.product, line.quantity, line.unit_price, line.list_price) == (7, 2, 8.0, 10.0)
    assert CANARY not in repr(found)


def test_a_guest_has_no_pseudonym():
    assert kept("orders/create", order(5, customer=None)).customer is None


def test_a_code_outside_its_set_is_other():
    assert kept("orders/create", order(5, cancel_reason=CANARY)).cancel_reason == "other"


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e999", "1e999999999999"])
def test_a_number_that_is_no_money_is_refused(amount):
    with pytest.raises(ContractError):
        kept("orders/create", order(5, lines=[(1, 1, amount)]))


def test_a_refusal_repeats_no_value():
    with pytest.raises(ContractError) as caught:
        kept("orders/create", {"id": CANARY})
    assert CANARY not in str(caught.value)
    assert "$.id" in str(caught.value)


def test_a_refund_sums_what_moved_and_counts_what_came_back():
    message = {
        "id": 1,
        "order_id": 5,
        "created_at": "2026-11-23T10:00:00Z",
        "note": CANARY,
        "refund_line_items": [
            {"quantity": 2, "restock_type": "return"},
            {"quantity": 1, "restock_type": "no_restock"},
        ],
        "transactions": [
            {"amount": "7.50", "kind": "refund", "status": "success"},
            {"amount": "9.99", "kind": "refund", "status": "failure"},
        ],
    }
    found = kept("refunds/create", message)
    assert isinstance(found, Refund)
    assert (str(found.amount), found.returned) == ("7.50", 2)


def test_a_dispute_keeps_its_codes():
    message = {"id": 1, "order_id": 5, "type": "chargeback", "amount": "11.50", "currency": "USD"}
    found = kept("disputes/create", {**message, "reason": "fraudulent", "status": "needs_response"})
    assert isinstance(found, Dispute)
    assert (found.type, found.reason, str(found.amount)) == ("chargeback", "fraudulent", "11.50")


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ({"order_id": 5}, 5),
        ({"order_id": "5"}, 5),
        ({"order_id": "gid://shopify/Order/5"}, 5),
        ({"admin_graphql_api_order_id": "gid://shopify/Order/5", "order_id": "x"}, 5),
        ({"order_id": CANARY}, None),
        ({"order_id": "9" * 40}, None),
        ({}, None),
    ],
)
def test_a_change_of_risk_names_its_order_as_it_likes(message, number):
    assert kept("orders/risk_assessment_changed", message).order == number


def test_every_topic_takes_an_unknown_member():
    for topic, body in BODIES.items():
        required = {"shop_domain": DOMAIN} if "redact" in topic or "data_" in topic else {}
        if not body.__struct_fields__:
            keep(topic, json.dumps({"new": CANARY} | required).encode(), DOMAIN, name)
    assert all("other" not in codes for codes in CODES.values())


WHO = {"customer": {"id": 1}}
ASKED = WHO | {"orders_requested": [5], "data_request": {"id": 9}}
REDACTED = WHO | {"orders_to_redact": [5]}


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        # A header is no fact: the same signature holds for a topic that erases more.
        ("shop/redact", REDACTED),
        ("shop/redact", ASKED),
        ("customers/redact", ASKED),
        ("customers/data_request", REDACTED),
        # Nobody is named: it could never be handed over.
        ("customers/redact", {}),
        ("customers/redact", {"customer": {"id": None}}),
        ("customers/data_request", {"data_request": {"id": 9}}),
    ],
)
def test_a_law_request_says_itself_what_it_asks_for(topic, message):
    with pytest.raises(ContractError, match="a body of this topic"):
        kept(topic, message | {"shop_domain": DOMAIN})


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        ("shop/redact", {}),
        ("customers/redact", REDACTED),
        ("customers/redact", {"customer": {"email": "a@example.com"}}),
        ("customers/data_request", ASKED),
    ],
)
def test_a_law_request_as_shopify_sends_it_is_taken(topic, message):
    assert kept(topic, message | {"shop_domain": DOMAIN}).subjects.keys() >= (
        {"customer", "targeting_key"} if message.get("customer", {}).get("id") else set()
    )
