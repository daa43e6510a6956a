"""An order's sums are those a loop over its lines gives, in whatever order the lines come."""

import copy
import math

import numpy as np
import pytest

from training.fraud import order_sums as order_sums_module
from training.fraud.order_sums import SoldLines, order_sums

ORDERS, PRODUCTS = 60, 7


def some_lines(chance):
    order = np.repeat(np.arange(ORDERS), chance.integers(1, 6, ORDERS))
    count = len(order)
    return SoldLines(
        order=order.astype(np.int32),
        product=chance.integers(0, PRODUCTS, count).astype(np.int32),
        quantity=chance.integers(1, 9, count),
        price=chance.integers(0, 5000, count) / 100,
        listed=chance.integers(0, 5000, count) / 100,
    )


def looped(lines, customer, moment):
    rows = list(
        zip(lines.order, lines.product, lines.quantity, lines.price, lines.listed, strict=True)
    )
    for order in range(ORDERS):
        own = [row for row in rows if row[0] == order]
        earlier = [row for row in rows if moment[row[0]] < moment[order]]
        paid = [price * quantity for _, _, quantity, price, _ in own]
        gross = sum(max(price, listed) * quantity for _, _, quantity, price, listed in own)
        known = {row[1] for row in earlier if customer[row[0]] == customer[order]}
        sold = [sum(row[1] == product for row in earlier) for _, product, *_ in own]
        yield {
            "amount": sum(paid),
            "items": sum(row[2] for row in own),
            "max_unit_price": max(row[3] for row in own),
            "mean_unit_price": sum(paid) / sum(row[2] for row in own),
            "max_quantity": max(row[2] for row in own),
            "top_line_share": max(paid) / sum(paid) if sum(paid) else math.nan,
            "discount_share": 1 - sum(paid) / gross if gross else math.nan,
            "distinct_products": len({row[1] for row in own}),
            "new_share": sum(row[1] not in known for row in own) / len(own),
            "popularity": sum(math.log1p(n) for n in sold) / len(own),
        }


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_those_of_a_loop(seed, monkeypatch):
    chance = np.random.default_rng(seed)
    lines = some_lines(chance)
    customer = chance.integers(1, 5, ORDERS)
    # Some orders share a moment.
    moment = np.sort(chance.integers(0, ORDERS // 2, ORDERS)) * 1_000_000
    found = order_sums(copy.copy(lines), customer, moment)
    for order, wanted in enumerate(looped(lines, customer, moment)):
        for name, value in wanted.items():
            assert found[name][order] == pytest.approx(value, nan_ok=True, rel=1e-9, abs=1e-9), name
    # More than a key holds are sorted in another way.
    monkeypatch.setattr(order_sums_module, "KEY_BITS", 3)
    places = chance.permutation(len(lines.order))
    shuffled = SoldLines(**{n: getattr(lines, n)[places] for n in lines.__struct_fields__})
    again = order_sums(shuffled, customer, moment)
    # Ten million lines and a sorted copy of them would be most of a night's memory.
    assert np.array_equal(shuffled.order, lines.order)
    assert shuffled.price is shuffled.listed is shuffled.quantity is None
    assert {n: c.tobytes() for n, c in found.items()} == {n: c.tobytes() for n, c in again.items()}


def test_an_order_that_costs_nothing_has_no_shares():
    free = SoldLines(
        order=np.zeros(1, dtype=np.int32),
        product=np.zeros(1, dtype=np.int32),
        quantity=np.ones(1, dtype=np.int64),
        price=np.zeros(1),
        listed=np.zeros(1),
    )
    found = order_sums(free, np.ones(1, dtype=np.int32), np.zeros(1, dtype=np.int64))
    assert np.isnan(found["top_line_share"][0])
    assert np.isnan(found["discount_share"][0])
    assert found["amount"][0] == 0
