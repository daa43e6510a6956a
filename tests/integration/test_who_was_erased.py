"""The ingress and training take the same orders of an erased person, and keep the same out."""

import sqlite3
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from bentos.contract.identity import Pseudonymizer
from bentos.contract.redaction import order_digest, order_secret, subject_digest
from control_plane.shopify import erased as of_ingress
from control_plane.shopify.kept import Order, microseconds
from control_plane.shopify.subjects import CUSTOMER
from training.redaction import erased as of_training

SHOP, SHOPPER, KNOWN_ORDER = "demo-shop", "7001", 450_789_001
ASKED = datetime(2026, 11, 20, 10, tzinfo=UTC)
KEY = Pseudonymizer("k1", b"k" * 32)


def name(kind, raw):
    return KEY.pseudonym(SHOP, kind, raw)


def ingress_takes(number, customer, at, *, whole=False):
    with sqlite3.connect(":memory:") as inbox:
        inbox.row_factory = sqlite3.Row
        inbox.execute("CREATE TABLE erased (name TEXT PRIMARY KEY, before_us INTEGER NOT NULL)")
        everybody = of_ingress.whole_shop(name)
        people = [everybody if whole else subject_digest(name(CUSTOMER, SHOPPER))]
        orders = [order_digest(order_secret(KEY, SHOP), str(KNOWN_ORDER))]
        of_ingress.remember(inbox, people, orders, microseconds(ASKED))
        order = Order(
            id=number,
            created_us=microseconds(at),
            updated_us=microseconds(at),
            offset_s=0,
            customer=customer,
            lines=(),
            currency="EUR",
            cancelled_us=None,
            cancel_reason=None,
            financial_status="paid",
            fulfillment_status=None,
            test=False,
        )
        return not of_ingress.covers(inbox, "demo-shop.myshopify.com", name, order)


def training_takes(number, customer, at, *, whole=False):
    secret = order_secret(KEY, SHOP)
    until = microseconds(ASKED)
    erased = of_training.Erased(
        subjects={} if whole else {subject_digest(name(CUSTOMER, SHOPPER)): until},
        shops={SHOP: until} if whole else {},
        orders=(order_digest(secret, str(KNOWN_ORDER)),),
    )
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE lines AS SELECT CAST(? AS VARCHAR) AS order_id, "
            "CAST(? AS VARCHAR) AS customer, CAST(? AS TIMESTAMP) AS ordered_at",
            [str(number), customer, at.replace(tzinfo=None)],
        )
        gone = of_training.Gone(erased=erased, secret=secret, shop=SHOP)
        return bool(
            connection.execute(of_training.without(connection, gone, "FROM lines")).fetchall()
        )


@pytest.mark.parametrize(
    ("number", "customer", "after", "taken"),
    [
        (1, SHOPPER, -timedelta(days=1), False),
        (1, SHOPPER, timedelta(0), False),
        (1, SHOPPER, timedelta(microseconds=1), True),
        (1, "8001", -timedelta(days=1), True),
        (1, None, -timedelta(days=1), True),
        # Erased by its number: whoever it is said to be of, and whenever it was placed.
        (KNOWN_ORDER, None, timedelta(days=1), False),
        (KNOWN_ORDER, SHOPPER, timedelta(days=1), False),
    ],
)
def test_both_take_the_same_orders(number, customer, after, taken):
    who = None if customer is None else name(CUSTOMER, customer)
    at = ASKED + after
    assert (ingress_takes(number, who, at), training_takes(number, who, at)) == (taken, taken)


@pytest.mark.parametrize("customer", [SHOPPER, "8001", None])
@pytest.mark.parametrize(
    ("after", "taken"),
    [(-timedelta(days=1), False), (timedelta(0), False), (timedelta(microseconds=1), True)],
)
def test_both_take_the_same_orders_of_a_shop_that_was_erased_whole(customer, after, taken):
    who = None if customer is None else name(CUSTOMER, customer)
    at = ASKED + after
    takes = [each(1, who, at, whole=True) for each in (ingress_takes, training_takes)]
    assert takes == [taken, taken]
