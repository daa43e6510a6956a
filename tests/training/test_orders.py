"""Reading orders: what each mapping makes of its file, and what is refused."""

import hashlib
from decimal import Decimal

import duckdb
import pytest

from tests.training.made_up_shop import shared, write_orders_export
from training import mapping as mappings
from training import order_file, orders
from training.errors import OrderError


@pytest.fixture
def connection():
    with orders.connect(threads=1) as opened:
        yield opened


def read(connection, path, name):
    report = orders.sync(connection, path, mappings.load(name), "shop")
    rows = connection.sql("SELECT * FROM lines ORDER BY order_id, line").to_arrow_table()
    return report, rows.to_pylist()


def to_parquet(path, query):
    duckdb.sql(query).write_parquet(str(path))
    return path


def order(**changes):
    return {
        "Name": "#1",
        "Email": " Ada@Example.com ",
        "Financial Status": "paid",
        "Created at": "2024-05-01 23:30:00 -0400",
        "Currency": "EUR",
        "Discount Amount": "1.50",
        "Lineitem quantity": "2",
        "Lineitem name": "Mug",
        "Lineitem price": "10.00",
        "Lineitem compare at price": "12.00",
        "Lineitem sku": "MUG-1",
        "Billing Name": "Ada Lovelace",
    } | changes


def second_line(**changes):
    blank = dict.fromkeys(
        ("Email", "Financial Status", "Created at", "Currency", "Discount Amount"), ""
    )
    return order(**blank, **{"Lineitem sku": "", "Lineitem name": "Card"} | changes)


class TestShopifyOrdersExport:
    def test_later_lines_take_what_only_the_first_carries(self, connection, tmp_path):
        path = write_orders_export(
            tmp_path / "o.csv",
            [order(), second_line(**{"Lineitem price": "5.00", "Lineitem quantity": "2"})],
        )
        report, (mug, card) = read(connection, path, "shopify_orders_export")
        assert report.lines == 2
        assert mug["ordered_at"].isoformat() == "2024-05-02T03:30:00"
        assert card["ordered_at"] == mug["ordered_at"]
        assert mug["customer_id"] == card["customer_id"] == "ada@example.com"
        assert card["currency"] == "EUR"
        assert card["product_label"] == "Card"

    def test_an_orders_discount_is_spread_by_amount(self, connection, tmp_path):
        path = write_orders_export(
            tmp_path / "o.csv",
            [order(), second_line(**{"Lineitem price": "5.00", "Lineitem quantity": "2"})],
        )
        _, (mug, card) = read(connection, path, "shopify_orders_export")
        assert (mug["discount"], card["discount"]) == (Decimal("1.0000"), Decimal("0.5000"))
        assert mug["unit_price"] == Decimal("9.5000")
        assert mug["list_price"] == Decimal("12.0000")

    def test_text_ids_are_the_first_53_bits_of_their_hash(self, connection, tmp_path):
        path = write_orders_export(tmp_path / "o.csv", [order()])
        _, (mug,) = read(connection, path, "shopify_orders_export")
        digest = hashlib.sha256(b"MUG-1").digest()
        assert mug["product_id"] == int.from_bytes(digest, "big") >> (256 - 53)

    def test_personal_columns_are_never_read(self, connection, tmp_path):
        path = write_orders_export(tmp_path / "o.csv", [order()])
        orders.sync(connection, path, mappings.load("shopify_orders_export"), "shop")
        for view in ("raw", "lines"):
            names = [row[0] for row in connection.execute(f"DESCRIBE {view}").fetchall()]
            assert not [name for name in names if "Billing" in name]

    def test_unpaid_is_dropped_and_counted_and_refunded_is_a_return(self, connection, tmp_path):
        rows = [
            order(**{"Name": "#1", "Financial Status": "pending"}),
            order(**{"Name": "#2", "Financial Status": "refunded"}),
            order(Name="#3"),
        ]
        path = write_orders_export(tmp_path / "o.csv", rows)
        report, lines = read(connection, path, "shopify_orders_export")
        assert sum(report.dropped.values()) == 1
        assert [line["is_return"] for line in lines] == [True, False]
        assert report.rows == report.lines + sum(report.dropped.values())

    def test_an_order_without_customer_is_kept(self, connection, tmp_path):
        path = write_orders_export(tmp_path / "o.csv", [order(Email="")])
        report, (line,) = read(connection, path, "shopify_orders_export")
        assert line["customer_id"] is None
        assert report.lines_without_customer == 1


@pytest.mark.parametrize(
    ("changes", "column", "expected", "got"),
    [
        ({"Created at": "yesterday"}, "Created at", "a date", "yesterday"),
        ({"Lineitem price": "-3.00"}, "Lineitem price", "no negative price", "-3.00"),
        ({"Lineitem price": "three"}, "Lineitem price", "an amount of money", "three"),
        ({"Lineitem quantity": "1.5"}, "Lineitem quantity", "a whole number", "1.5"),
        ({"Lineitem quantity": "-1"}, "Lineitem quantity", "at least 1", "-1"),
        ({"Lineitem sku": "", "Lineitem name": ""}, "Lineitem sku", "a product", "None"),
        ({"Currency": "USD"}, "Currency", "one currency", "USD"),
    ],
)
def test_a_bad_value_names_file_column_and_row(
    connection, tmp_path, changes, column, expected, got
):
    rows = [order(), order(Name="#2"), order(**{"Name": "#3"} | changes)]
    path = write_orders_export(tmp_path / "bad.csv", rows)
    with pytest.raises(OrderError) as caught:
        orders.sync(connection, path, mappings.load("shopify_orders_export"), "shop")
    error = caught.value
    assert "bad.csv" in error.field
    assert column in error.field
    assert "row 3" in error.field
    assert expected in error.expected
    assert got in error.got
    tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert ("lines",) not in tables


def test_a_missing_column_is_named(connection, tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("Name,Created at\n#1,2024-01-01\n")
    with pytest.raises(OrderError, match="Currency") as caught:
        orders.sync(connection, path, mappings.load("shopify_orders_export"), "shop")
    assert "to be there" in caught.value.expected


def test_a_file_of_another_kind_is_refused(connection, tmp_path):
    path = tmp_path / "orders.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(OrderError, match="readable Parquet"):
        order_file.column_names(connection, path)
    with pytest.raises(OrderError, match="a file ending in"):
        order_file.column_names(connection, write_orders_export(tmp_path / "o.xlsx", []))


def test_online_retail_keeps_cancellations_and_drops_only_what_it_declares(connection, tmp_path):
    path = to_parquet(
        tmp_path / "online.parquet",
        """SELECT * FROM (VALUES
            ('1', '85123A', 'HEART', 6, TIMESTAMP '2011-07-01 08:26:00', 2.55, 17850.0, 'UK'),
            ('C2', '85123A', 'HEART', -6, TIMESTAMP '2011-07-02 08:26:00', 2.55, 17850.0, 'UK'),
            ('3', 'POST', 'POSTAGE', 1, TIMESTAMP '2011-07-03 08:26:00', 18.0, 17850.0, 'UK'),
            ('4', '22423', 'damaged', -10, TIMESTAMP '2011-07-04 08:26:00', 0.0, NULL, 'UK'),
            ('A5', 'B', 'Adjust debt', 1, TIMESTAMP '2011-07-05 08:26:00', -11062.06, NULL, 'UK'),
            ('6', '22423', 'STAND', 1, TIMESTAMP '2011-07-06 08:26:00', 12.75, NULL, 'UK')
        ) AS t(InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID,
               Country)""",
    )
    report, lines = read(connection, path, "online_retail")
    assert [line["order_id"] for line in lines] == ["1", "6", "C2"]
    assert [line["is_return"] for line in lines] == [False, False, True]
    assert [line["quantity"] for line in lines] == [6, 1, 6]
    assert [line["customer_id"] for line in lines] == ["17850", None, "17850"]
    # British summer time is an hour ahead.
    assert lines[0]["ordered_at"].isoformat() == "2011-07-01T07:26:00"
    assert sorted(report.dropped.values()) == [1, 1, 1]


def test_an_undeclared_negative_price_in_online_retail_is_an_error(connection, tmp_path):
    path = to_parquet(
        tmp_path / "online.parquet",
        """SELECT '1' AS InvoiceNo, '85123A' AS StockCode, 'HEART' AS Description, 1 AS Quantity,
            TIMESTAMP '2011-07-01 08:26:00' AS InvoiceDate, -2.5 AS UnitPrice,
            17850.0 AS CustomerID""",
    )
    with pytest.raises(OrderError, match="no negative price"):
        orders.sync(connection, path, mappings.load("online_retail"), "shop")


def test_ta_feng_gives_unit_cost_and_price_of_a_line_total(connection, tmp_path):
    path = to_parquet(
        tmp_path / "ta_feng.parquet",
        """SELECT '11/1/2000' AS TRANSACTION_DT, '01104905' AS CUSTOMER_ID, '100205' AS
            PRODUCT_SUBCLASS, '4710199010372' AS PRODUCT_ID, '2' AS AMOUNT, '24' AS ASSET,
            '30' AS SALES_PRICE""",
    )
    report, (line,) = read(connection, path, "ta_feng")
    assert report.has_unit_cost
    assert (line["unit_price"], line["unit_cost"]) == (Decimal(15), Decimal(12))
    assert line["product_id"] == 4710199010372
    assert line["customer_id"] == "01104905"
    assert line["ordered_at"].isoformat() == "2000-10-31T16:00:00"


def test_an_integer_product_id_must_be_one(connection, tmp_path):
    path = to_parquet(
        tmp_path / "ta_feng.parquet",
        """SELECT '11/1/2000' AS TRANSACTION_DT, '1' AS CUSTOMER_ID, '1' AS PRODUCT_SUBCLASS,
            'ABC' AS PRODUCT_ID, '2' AS AMOUNT, '24' AS ASSET, '30' AS SALES_PRICE""",
    )
    with pytest.raises(OrderError, match="an integer in"):
        orders.sync(connection, path, mappings.load("ta_feng"), "shop")


def test_complete_journey_from_the_wheel(connection, tmp_path):
    wheel = order_file.default_file()
    head = f"SELECT * FROM '{wheel}' LIMIT 2000"
    path = to_parquet(tmp_path / "transactions.parquet", head)
    to_parquet(tmp_path / "products.parquet", f"FROM '{wheel.with_name('products.parquet')}'")
    report, lines = read(connection, path, "complete_journey")
    assert report.rows == 2000
    assert report.rows == report.lines + sum(report.dropped.values())
    assert all(line["list_price"] >= line["unit_price"] > 0 for line in lines)
    assert any(line["category"] == "GROCERY" for line in lines)
    assert "simulated" in mappings.load("complete_journey").assumptions[0]


def test_real_online_retail_is_read_whole(connection):
    path = shared("online_retail.parquet")
    report = orders.sync(connection, path, mappings.load("online_retail"), "shop")
    assert report.rows == 541_909
    assert report.lines + sum(report.dropped.values()) == report.rows
    assert report.returns > 8_000


def test_real_ta_feng_is_read_whole(connection):
    path = shared("ta_feng.parquet")
    report = orders.sync(connection, path, mappings.load("ta_feng"), "shop")
    assert (report.rows, report.lines) == (817_741, 817_741)
    assert report.has_unit_cost
