"""Features as of the moment of the order."""

import math

import duckdb
import numpy as np
import pytest

from bentos.fraud.schema import INPUT_NAMES
from tests.training.fraud.honest_orders import features_of
from training.fraud import features
from training.fraud.injection import RATE, SHARES, Injection

HOUR = 3600 * 1_000_000


ROWS = [
    ("a", 1 * HOUR, "ada", 1, 2, 10.0, 10.0),
    ("b", 1 * HOUR + HOUR // 2, "ada", 1, 1, 10.0, 20.0),
    ("b", 1 * HOUR + HOUR // 2, "ada", 2, 1, 30.0, 30.0),
    ("c", 30 * HOUR, "ada", 2, 1, 30.0, 30.0),
    ("g", 31 * HOUR, None, 2, 1, 30.0, 30.0),
]


def test_values_of_an_order():
    order = features_of(ROWS)["b"]
    assert order["amount"] == 40
    assert order["items"] == 2
    assert order["max_unit_price"] == 30
    assert order["discount_share"] == pytest.approx(0.2)
    assert order["customer_orders"] == 1
    assert order["customer_mean_amount"] == 20
    assert order["amount_ratio"] == 2
    assert order["orders_last_hour"] == 1
    assert order["amount_last_day"] == 20
    assert order["hours_since_last_order"] == 0.5
    assert order["new_product_share"] == 0.5
    assert order["popularity"] == pytest.approx(math.log(2) / 2)
    assert order["hour"] == 1.5


def test_a_first_order_and_a_guest_have_no_history():
    orders = features_of(ROWS)
    assert orders["a"]["is_new"] == 1
    assert orders["a"]["hours_since_last_order"] is None
    assert orders["c"]["orders_last_day"] == 0
    assert orders["g"]["is_guest"] == 1
    assert orders["g"]["is_new"] is None
    assert orders["g"]["customer_orders"] is None


def test_what_comes_later_changes_nothing():
    chance = np.random.default_rng(3)
    rows = [
        (
            f"o{n // 2:04d}",
            int(n // 2 * HOUR // 3),
            str(chance.choice(["ada", "bob", "eve"])) if n % 7 else None,
            int(chance.integers(1, 9)),
            int(chance.integers(1, 4)),
            float(chance.integers(1, 50)),
            50.0,
        )
        for n in range(200)
    ]
    rows = [(*row[:2], rows[n // 2 * 2][2], *row[3:]) for n, row in enumerate(rows)]
    whole, early = features_of(rows), features_of(rows[:120])
    for name, order in early.items():
        assert order == whole[name]


def test_orders_at_the_same_moment_do_not_see_each_other():
    rows = [("a", HOUR, "ada", 1, 1, 5.0, 5.0), ("b", HOUR, "ada", 1, 1, 5.0, 5.0)]
    for order in features_of(rows).values():
        assert order["customer_orders"] == 0
        assert order["popularity"] == 0


def test_an_order_of_more_than_a_price_can_say_ends_no_snapshot(tmp_path):
    lines = tmp_path / "lines.parquet"
    duckdb.sql(f"""
        COPY (
            SELECT 'o' || n // 2 AS order_id, make_timestamp({HOUR} * (n // 2)) AS ordered_at,
                'c' || n // 2 % 7 AS customer_id, n % 9 AS product_id,
                CAST(if(n IN (20, 21), 1e9, 2) AS BIGINT) AS quantity,
                CAST(if(n IN (20, 21), 99999999999999, 5) AS DECIMAL(18, 4)) AS unit_price,
                unit_price AS list_price, FALSE AS is_return
            FROM range(300) AS numbers(n)
        ) TO '{lines}' (FORMAT parquet)""")
    with duckdb.connect() as connection:
        found = features.write_snapshot(
            connection, lines, tmp_path, as_of=None, timezone="UTC", seed=1
        )
    rows = duckdb.sql(f"FROM '{tmp_path / features.ORDERS_FILE}' ORDER BY ordered_at")
    told = {row["order_id"]: row for row in rows.to_arrow_table().to_pylist()}
    assert len(told) == found > 150
    assert told["o10"]["amount"] == pytest.approx(2e23, rel=1e-6)
    assert told["o9"]["amount"] == 20


def test_what_came_at_one_moment_adds_up_the_same_in_whatever_order_it_is_read():
    cents = np.random.default_rng(1).integers(1, 30_000, 60)
    found = set()
    for turn in range(0, 60, 10):
        turned = [float(n) / 100 for n in np.roll(cents, turn)]
        rows = [(f"o{n:02}", HOUR, "ada", 1, 1, price, price) for n, price in enumerate(turned)]
        last = features_of([*rows, ("z", 2 * HOUR, "ada", 1, 1, 1.0, 1.0)])["z"]
        names = ("customer_mean_amount", "amount_ratio", "amount_last_day", "price_ratio")
        found.add(tuple(last[name] for name in names))
    assert len(found) == 1
    assert found.pop()[2] == cents.sum() / 100


def test_every_input_of_the_signature_is_features_of():
    assert set(INPUT_NAMES) <= set(features_of(ROWS)["a"])


def injection(seed):
    count = 8000
    orders = {
        "moment": np.arange(count, dtype=np.int64) * HOUR // 4,
        "customer": np.array([f"c{n % 500}" if n % 5 else "" for n in range(count)]),
    }
    products = {
        "product_id": np.arange(50),
        "price": np.linspace(1, 80, 50),
        "quantity": np.ones(50),
    }
    return Injection(orders, products, seed)


def test_injected_fraud_is_seeded_and_of_every_scenario():
    first, again, other = injection(1).lines(), injection(1).lines(), injection(2).lines()
    assert first.equals(again)
    assert not first.equals(other)
    assert set(first["scenario"].to_pylist()) == set(SHARES)


def test_injected_fraud_is_as_frequent_as_stated_and_never_after_the_last_order():
    made = injection(1)
    lines = made.lines()
    orders = len(set(lines["order_id"].to_pylist())) + len(made.friendly())
    assert RATE * 8000 <= orders + 1 <= 1.3 * RATE * 8000
    assert max(lines["moment"].to_pylist()) <= 7999 * HOUR // 4
