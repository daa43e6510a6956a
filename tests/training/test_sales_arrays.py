"""Lines as numbers: each finds its order and product again."""

import numpy as np

from tests.training.features.sales import line, write_lines
from training import sales_arrays
from training.orders import connect


def test_every_line_has_the_place_of_its_order_and_customer_and_of_its_product(tmp_path):
    lines = [
        line("b", 1, "C2", product=9, quantity=3),
        line("b", 1, None, product=5),
        line("a", 2, "C1", product=9, price="2.5"),
        line("c", 0, "C1", product=7, returned=True),
    ]
    path = write_lines(tmp_path / "lines.parquet", lines)
    with connect() as connection:
        sales = sales_arrays.sold(path, None)
        sales_arrays.place(connection, sales)
        placed = connection.execute(
            "SELECT order_id, customer_id, paid FROM sold_orders ORDER BY place"
        ).fetchall()
        found = sales_arrays.load(connection, sales, {"quantity": "quantity"})
    rows = {
        (*placed[order][:2], int(found.product_ids[product]), int(quantity))
        for order, product, quantity in zip(
            found.order, found.product, found.numbers["quantity"], strict=True
        )
    }
    assert rows == {("b", "C2", 9, 3), ("b", None, 5, 1), ("a", "C1", 9, 1)}
    assert [row[0] for row in placed] == ["a", "b", "b"]
    assert [float(row[2]) for row in placed] == [2.5, 30, 10]


def test_a_pair_sorts_as_its_two_numbers():
    first, second = np.array([2, 1, 1, 2**31 - 1]), np.array([0, 5, 2**31 - 1, 1])
    keys = sales_arrays.pairs(first, second)
    assert np.argsort(keys).tolist() == [1, 2, 0, 3]
    assert (keys >> sales_arrays.HALF).tolist() == first.tolist()


def test_runs_begin_where_elements_change():
    assert sales_arrays.starts_of(np.array([4, 4, 2, 3, 3])).tolist() == [0, 2, 3]
    assert sales_arrays.starts_of(np.array([])).tolist() == []
