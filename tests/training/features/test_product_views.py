"""Products as of a moment: what sold, at which price, with what, and when last year."""

import pytest

from tests.training.features.sales import computed, line
from training.features.product_views import (
    PRODUCT_AFFINITY,
    PRODUCT_PRICES,
    PRODUCT_SALES,
    PRODUCT_SEASONS,
)


def test_products_are_summed_up_over_the_last_four_weeks(tmp_path):
    lines = [
        line("o1", 28, quantity=2),
        line("o2", 2, customer=None, price="16"),
        line("o3", 28.01, quantity=9),
        line("o4", 1, quantity=9, returned=True),
    ]
    assert computed(tmp_path, PRODUCT_SALES, lines) == {
        "7": {"orders_28d": 2, "units_28d": 3.0, "customers_28d": 1, "mean_price_28d": 12.0}
    }


def test_affinity_counts_orders_together_and_breaks_ties_by_number(tmp_path):
    lines = [line(f"o{n}", 1 + n, product=p) for n in range(3) for p in (1, 3, 2)]
    lines += [line("o9", 1, product=1), line("o9", 1, product=1), line("o9", 1, product=5)]
    lines += [line("old", 91, product=p) for p in (1, 5)]
    found = computed(tmp_path, PRODUCT_AFFINITY, lines)
    assert found["1"] == {"bought_with": [2, 3], "bought_with_share": [0.75, 0.75]}
    assert "5" not in found  # together once: chance


def test_a_reseller_s_order_says_nothing_of_what_goes_together(tmp_path):
    lines = [line(f"o{n}", 1, product=p) for n in range(2) for p in range(51)]
    assert computed(tmp_path, PRODUCT_AFFINITY, lines) == {}


def test_prices_of_four_and_eight_weeks(tmp_path):
    lines = [
        line("o1", 50, price="8", quantity=2),
        line("o2", 9, price="12", listed="16"),
        line("o3", 2, price="10"),
        line("o4", 1, price="0"),
        line("o5", 57, price="1"),
    ]
    assert computed(tmp_path, PRODUCT_PRICES, lines)["7"] == {
        "last_price": 10.0,
        "mean_price_28d": 11.0,
        "lowest_price_56d": 8.0,
        "highest_price_56d": 12.0,
        "discount_share_28d": pytest.approx(1 - 22 / 26),
        "price_ratio": pytest.approx(10 / 9.5),
    }


def test_a_season_is_what_the_coming_weeks_were_last_year(tmp_path):
    lines = [
        line("o1", 370), line("o2", 364, quantity=6), line("o3", 336), line("o4", 28, quantity=3),
        line("o5", 1), line("o6", 5, product=8),
    ]  # fmt: skip
    found = computed(tmp_path, PRODUCT_SEASONS, lines)
    assert found["7"] == {
        "days_since_first_sale": 370.0,
        "units_7d": 1.0,
        "units_28d": 4.0,
        "units_364d": 11.0,
        "units_next_28d_last_year": 6.0,
        "season_ratio": pytest.approx(6 / (11 / 13)),
    }
    assert found["8"]["season_ratio"] is None
    assert found["8"]["units_next_28d_last_year"] is None
