"""What an order file has wrong becomes a finding like any other: where, what, which rows."""

import csv

import pytest

from training import mapping, orders
from training.errors import OrderError
from training.nightly.finding import Finding, of_order_error

HEADER = ["order", "day", "product", "units", "price", "currency", "mail"]
TOML = """
name = "test"
[columns]
order_id = "order"
ordered_at = "day"
product_id = "product"
quantity = "units"
unit_price = "price"
currency = "currency"
customer_id = "mail"
[customer_ids]
kind = "integer"
"""


def refused(tmp_path, *rows):
    path = tmp_path / "orders.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    with pytest.raises(OrderError) as caught, orders.connect() as connection:
        orders.sync(connection, path, mapping.parse(TOML, "test"), "shop")
    return of_order_error(caught.value)


def row(number, price="2.00", currency="EUR", customer="7"):
    return [f"o{number}", "2026-11-26", "p", "1", price, currency, customer]


def test_the_first_five_rows_are_shown_with_what_stood_there(tmp_path):
    found = refused(tmp_path, row(1), *(row(n, price=f"-{n}") for n in range(2, 9)))
    assert (found.check, found.column) == ("negative price", "price")
    assert [each["row"] for each in found.rows] == [2, 3, 4, 5, 6]
    assert found.rows[0]["price"] == "-2"
    assert "7 line(s) like this" in found.advice


def test_another_currency(tmp_path):
    found = refused(tmp_path, row(1), row(2, currency="USD"))
    assert (found.check, found.rows) == ("currency mix", ({"row": 2, "currency": "USD"},))


def test_a_customer_is_never_shown(tmp_path):
    found = refused(tmp_path, row(1, customer="jane@example.com"))
    assert (found.check, found.column) == ("unreadable orders", "mail")
    assert found.rows == ({"row": 1, "mail": "something else"},)
    assert "jane" not in str(found)


def test_it_reads_as_one_line_and_its_rows():
    found = Finding(check="c", what="expected a, got b", rows=({"x": 1},), advice="Do this.")
    assert str(found) == "c: expected a, got b. Do this.\n    {'x': 1}"
