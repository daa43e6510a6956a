"""An order's inputs as the ingress computes them are those the model was trained on."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from bentos.fraud.schema import INPUT_NAMES
from control_plane.shopify.effects import put_order
from control_plane.shopify.history import placed_order
from control_plane.shopify.inbox import open_inbox, transaction
from control_plane.shopify.kept import Line, Order
from control_plane.shopify.order_features import features_of
from control_plane.shopify.place import Place
from tests.training.fraud.honest_orders import features_of as features_of_lines

DOMAIN = "demo-shop.myshopify.com"
PLACE = Place(DOMAIN, "demo-shop", "2026-11-22T00:00:00.000000Z")
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
ZONE_OFFSET_S = 3600
"""Europe/Berlin in November."""


def order(number, micros, customer, lines, test=False):
    states = dict.fromkeys(
        ("cancelled_us", "cancel_reason", "financial_status", "fulfillment_status", "currency")
    )
    times = {"created_us": micros, "updated_us": micros, "offset_s": ZONE_OFFSET_S}
    return Order(id=number, customer=customer, lines=lines, test=test, **states, **times)


def orders(count, seed=3):
    """Few customers and products, so that everything is looked back at; some at one moment."""
    chance = random.Random(seed)
    moment = BEGIN
    for number in range(count):
        moment += timedelta(seconds=chance.choice([0, 600, 3600, 7200, 80_000]))
        customer = chance.choice([None, "A" * 26, "B" * 26, "C" * 26])
        lines = tuple(
            Line(
                product=chance.randrange(1, 9),
                variant=None,
                quantity=chance.randrange(1, 4),
                unit_price=float(price),
                list_price=float(price + chance.choice([0, 2, 5])),
            )
            for price in [chance.randrange(1, 60) for _ in range(chance.randrange(1, 4))]
        )
        micros = int(moment.timestamp() * 1e6)
        yield Order(
            number,
            micros,
            micros,
            ZONE_OFFSET_S,
            customer,
            lines,
            "EUR",
            None,
            None,
            None,
            None,
            False,
        )


@pytest.fixture
def inbox(tmp_path):
    connection = open_inbox(tmp_path / "inbox.db")
    yield connection
    connection.close()


def trained_on(all_of_them):
    """The rows training makes of the same orders, by what it runs."""
    lines = [
        (
            str(order.id),
            order.created_us,
            order.customer,
            line.product,
            line.quantity,
            line.unit_price,
            line.list_price,
        )
        for order in all_of_them
        for line in order.lines
    ]
    return {
        int(order): {name: float(row[name]) for name in INPUT_NAMES if row[name] is not None}
        for order, row in features_of_lines(lines, "Europe/Berlin").items()
    }


def test_every_input_is_what_training_would_have_said(inbox):
    placed = list(orders(150))
    # In any order: history goes by the time an order was placed.
    shuffled = random.Random(1).sample(placed, len(placed))
    with transaction(inbox):
        for order in shuffled:
            put_order(inbox, PLACE, order)
    expected = trained_on(placed)
    seen = set()
    for order in placed:
        found = features_of(placed_order(inbox, DOMAIN, order.id))
        assert found == pytest.approx(expected[order.id], rel=1e-9, abs=1e-9), order
        seen |= found.keys()
    assert seen == set(INPUT_NAMES)


def test_test_orders_are_nobody_s_past(inbox):
    first, second = (
        Order(
            n,
            n,
            n,
            0,
            "A" * 26,
            (Line(1, None, 1, 5.0, 5.0),),
            "EUR",
            None,
            None,
            None,
            None,
            n == 1,
        )
        for n in (1, 2)
    )
    with transaction(inbox):
        put_order(inbox, PLACE, first)
        put_order(inbox, PLACE, second)
    found = features_of(placed_order(inbox, DOMAIN, 2))
    assert (found["customer_orders"], found["popularity"], found["new_product_share"]) == (0, 0, 1)


def test_an_order_nobody_knows(inbox):
    assert placed_order(inbox, DOMAIN, 404) is None
