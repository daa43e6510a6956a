"""What a line must hold, and how a file that breaks it is told so."""

from decimal import Decimal

import pytest

from tests.training.made_up_shop import write_orders_export
from tests.training.test_orders import order, read, second_line
from training import orders
from training.errors import OrderError


@pytest.fixture
def connection():
    with orders.connect(threads=1) as opened:
        yield opened


@pytest.mark.parametrize(
    ("change", "column", "expected"),
    [
        ({"Lineitem quantity": "9" * 30}, "Lineitem quantity", "whole number"),
        ({"Lineitem quantity": "2000000000"}, "Lineitem quantity", "at most"),
        ({"Lineitem price": "-1.00"}, "Lineitem price", "no negative price"),
        ({"Lineitem price": "ten"}, "Lineitem price", "an amount of money"),
        ({"Lineitem compare at price": "much"}, "Lineitem compare at price", "amount of money"),
        ({"Discount Amount": "-3"}, "Discount Amount", "not negative"),
        ({"Created at": "yesterday"}, "Created at", "a date"),
        ({"Created at": "0024-05-01 23:30:00 -0400"}, "Created at", "between 1970"),
        ({"Currency": "euro"}, "Currency", "three capital letters"),
    ],
)
def test_a_bad_value_names_column_row_and_what_came(connection, tmp_path, change, column, expected):
    rows = [order(Name="#1"), order(Name="#2", **change)]
    path = write_orders_export(tmp_path / "o.csv", rows)
    with pytest.raises(OrderError) as caught:
        read(connection, path, "shopify_orders_export")
    assert f"column {column!r} row 2" in str(caught.value)
    assert expected in str(caught.value)
    assert next(iter(change.values()))[:20] in str(caught.value)


def test_a_name_that_looks_like_a_comment_is_an_order(connection, tmp_path):
    rows = [order(Name=f"#{number}") for number in range(1001, 1011)]
    report, lines = read(connection, write_orders_export(tmp_path / "o.csv", rows),
                         "shopify_orders_export")  # fmt: skip
    assert report.rows == report.lines == len(lines) == 10


def test_semicolons_and_a_byte_order_mark_are_read(connection, tmp_path):
    path = write_orders_export(tmp_path / "o.csv", [order()])
    text = path.read_text("utf-8").replace(",", ";")
    path.write_text("\ufeff" + text, "utf-8")
    report, _ = read(connection, path, "shopify_orders_export")
    assert report.lines == 1


@pytest.mark.parametrize("content", [b"", b"a,,b\n1,2,3\n", b"a,a\n1,2\n", b"\xff\xfea,b\n1,2\n"])
def test_a_header_that_names_nothing_or_twice_is_refused(connection, tmp_path, content):
    path = tmp_path / "o.csv"
    path.write_bytes(content)
    with pytest.raises(OrderError, match=r"o\.csv"):
        read(connection, path, "shopify_orders_export")


def test_a_line_that_does_not_fit_is_refused_without_quoting_it(connection, tmp_path):
    path = write_orders_export(tmp_path / "o.csv", [order()])
    with path.open("a") as file:
        file.write("secret@example.com,paid\n")
    with pytest.raises(OrderError) as caught:
        read(connection, path, "shopify_orders_export")
    assert "secret@example.com" not in str(caught.value)


def test_spread_discounts_add_up_in_exact_money(connection, tmp_path):
    amounts = {"Lineitem price": "3.33", "Lineitem quantity": "1",
               "Lineitem compare at price": ""}  # fmt: skip
    rows = [order(**amounts, **{"Discount Amount": "1.00"}),
            second_line(**amounts), second_line(**amounts)]  # fmt: skip
    _, lines = read(connection, write_orders_export(tmp_path / "o.csv", rows),
                    "shopify_orders_export")  # fmt: skip
    assert [line["discount"] for line in lines] == [Decimal("0.3333")] * 3
    assert [line["unit_price"] for line in lines] == [Decimal("2.9967")] * 3


@pytest.mark.parametrize("tail", ['#9,"A,1,2,x', '#9,"A,1,2,x\n', '#9,"A ""b,1\n#10,c\n'])
def test_a_quote_that_never_closes_loses_no_line_silently(connection, tmp_path, tail):
    path = write_orders_export(tmp_path / "o.csv", [order(Name="#1"), order(Name="#2")])
    lines = len(path.read_text().splitlines())
    with path.open("a") as file:
        file.write(tail)
    with pytest.raises(OrderError, match=rf"o\.csv line {lines + 1}: expected every quote closed"):
        read(connection, path, "shopify_orders_export")


def test_quoted_separators_line_breaks_and_inch_marks_are_read(connection, tmp_path):
    names = ["Mug, large", "Card\nred", 'a 5" pipe']
    rows = [order(Name=f"#{i}", **{"Lineitem name": name}) for i, name in enumerate(names)]
    report, lines = read(connection, write_orders_export(tmp_path / "o.csv", rows),
                         "shopify_orders_export")  # fmt: skip
    assert report.lines == 3
    assert sorted(line["product_label"] for line in lines) == sorted(names)
