"""Purchases as arrays: as they lie in the file, and the part of them that is asked for."""

from functools import partial

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from bentos.contract.errors import ContractError
from training.recommendations import baskets
from training.recommendations.baskets import Purchases, cases_at, load, load_moments
from training.recommendations.features import PURCHASES_FILE

GROUP = 2048
SQL = f"""
    SELECT CAST(n % 7 - 1 AS INTEGER) AS customer, CAST(n // 3 AS INTEGER) AS order_number,
        1000 * (n // 3) AS moment, n % 11 + 2**40::BIGINT AS product_id
    FROM range({5 * GROUP + 1}) AS numbers(n) ORDER BY n"""


def written(folder, sql=SQL):
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY ({sql}) TO '{folder / PURCHASES_FILE}' (FORMAT parquet, ROW_GROUP_SIZE {GROUP})""")
    return folder / PURCHASES_FILE


def test_every_column_is_read_whole_over_many_row_groups(tmp_path):
    path = written(tmp_path)
    assert pq.ParquetFile(path).num_row_groups > 2
    table, purchases = pq.read_table(path), load(tmp_path)
    read = (purchases.customer, purchases.order, purchases.moment, purchases.product)
    for column, name in zip(read, table.schema.names, strict=True):
        assert np.array_equal(column, table[name].to_numpy())
        assert column.dtype == table[name].to_numpy().dtype
    order, moment = load_moments(tmp_path)
    assert np.array_equal(order, purchases.order)
    assert np.array_equal(moment, purchases.moment)


@pytest.mark.parametrize("read", [load, load_moments])
def test_no_purchases_are_refused(tmp_path, read):
    written(tmp_path, f"SELECT * FROM ({SQL}) LIMIT 0")
    with pytest.raises(ContractError, match="at least one purchase"):
        read(tmp_path)


@pytest.fixture
def purchases():
    of = partial(np.array, dtype=np.int64)
    return Purchases(
        customer=of([0, 1, 0, -1, 1, 0]),
        order=of([0, 0, 1, 2, 3, 4]),
        moment=of([10, 10, 20, 20, 30, 40]),
        product=of([5, 6, 5, 7, 6, 8]),
    )


@pytest.mark.parametrize(
    "places", [[], [0], [5], [0, 1, 2], [3, 4, 5], [0, 2], [1, 5], [0, 1, 2, 3, 4, 5]]
)
def test_what_a_mask_holds_is_there_and_nothing_else(purchases, places):
    mask = np.isin(np.arange(6), places)
    found = purchases.where(mask)
    for name in Purchases.__struct_fields__:
        assert getattr(found, name).tolist() == getattr(purchases, name)[mask].tolist()
    together = bool(places) and places == list(range(places[0], places[-1] + 1))
    assert np.shares_memory(found.product, purchases.product) == together


def test_none_of_none(purchases):
    none = purchases.where(np.zeros(6, dtype=bool))
    assert len(none.where(np.zeros(0, dtype=bool)).product) == 0


def test_a_time_lies_before_its_share_of_orders(purchases):
    shares = [(0.0, 10), (0.4, 20), (0.6, 30), (1.0, 40)]
    for share, moment in shares:
        assert baskets.moment_at(purchases.order, purchases.moment, share) == moment


def test_a_case_is_the_past_newest_first_and_the_next_order(purchases):
    cases = cases_at(purchases, 30)
    assert cases.history[:, :3].tolist() == [[5, 5, -1], [6, -1, -1]]
    assert [basket.tolist() for basket in cases.baskets] == [[8], [6]]
    assert len(cases_at(purchases, 30, until=40).history) == 1
