"""Customers as of a moment: exact sums, no guests, no returns, nothing that comes later."""

import pytest

from tests.training.features.sales import computed, line
from training.features.customer_views import (
    CUSTOMER_BASKETS,
    CUSTOMER_ORDERS,
    CUSTOMER_SEGMENTS,
)
from training.features.registry import VIEWS

PAST = [
    line("o1", 30, quantity=2, listed="12.5"),
    line("o1", 30, product=8, price="0.1"),
    line("o2", 2, product=8, price="0.2"),
    line("o3", 1, customer="C2"),
    line("o4", 1, customer=None),
    line("o5", 1, quantity=9, returned=True),
]


def test_customers_are_summed_up_exactly_without_guests_and_returns(tmp_path):
    found = computed(tmp_path, CUSTOMER_ORDERS, PAST)
    assert found["C1"] == {
        "orders": 2,
        "spend": 20.3,
        "mean_order_value": pytest.approx(10.15),
        "days_since_last_order": 2.0,
        "days_since_first_order": 30.0,
    }
    assert list(found) == ["C1", "C2"]


def test_baskets_are_means_over_orders(tmp_path):
    found = computed(tmp_path, CUSTOMER_BASKETS, PAST)
    assert found["C1"] == {
        "mean_products": 1.5,
        "mean_units": 2.0,
        "largest_value": 20.1,
        "discount_share": pytest.approx(1 - 20.3 / 25.3),
        "repeat_share": pytest.approx(1 / 3),
    }
    free = [line("o9", 1, customer="C3", price="0")]
    assert computed(tmp_path, CUSTOMER_BASKETS, free)["C3"]["discount_share"] is None


def test_segments_are_fifths_and_ties_go_by_pseudonym(tmp_path):
    alike = [line(f"o{n}", 5, customer=f"C{n}") for n in range(10)]
    found = computed(tmp_path, CUSTOMER_SEGMENTS, alike)
    assert [found[f"C{n}"]["segment"] for n in range(10)] == [
        31 * fifth for fifth in (0, 0, 1, 1, 2, 2, 3, 3, 4, 4)
    ]
    dearest = computed(tmp_path, CUSTOMER_SEGMENTS, [*alike, line("x", 1, "C0", price="99")])
    assert dearest["C0"] == {"recency": 4, "frequency": 4, "monetary": 4, "segment": 124}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.tag)
def test_what_happens_at_the_moment_or_later_changes_nothing(tmp_path, view):
    future = [
        line("o8", 0, quantity=50, price="1"),
        line("o2", 0, product=9),
        line("o9", -3, customer="C3", product=99),
    ]
    assert computed(tmp_path, view, PAST + future) == computed(tmp_path, view, PAST)
    assert computed(tmp_path, view, future) == {}
