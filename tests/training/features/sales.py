"""A few order lines by hand, and what views make of them."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from training.features import offline
from training.features.coded_lines import coded
from training.orders import connect

MOMENT = datetime(2026, 3, 1)  # noqa: DTZ001 - lines are in naive UTC
MONEY = pa.decimal128(18, 4)
SCHEMA = pa.schema([
    ("order_id", pa.string()), ("ordered_at", pa.timestamp("us")),
    ("customer_id", pa.string()), ("product_id", pa.int64()), ("quantity", pa.int64()),
    ("unit_price", MONEY), ("list_price", MONEY), ("is_return", pa.bool_()),
])  # fmt: skip


def line(order, days_before, customer="C1", product=7, quantity=1, price="10", *,
         listed=None, returned=False):  # fmt: skip
    moment = MOMENT - timedelta(days=days_before)
    prices = Decimal(price), Decimal(listed or price)
    return (order, moment, customer, product, quantity, *prices, returned)


def write_lines(path: Path, lines) -> Path:
    columns = [list(column) for column in zip(*lines, strict=True)] or [[]] * len(SCHEMA)
    parquet.write_table(pa.table(columns, schema=SCHEMA), path)
    return path


def computed(tmp_path: Path, view, lines, *, as_of=MOMENT, threads=1):
    """Entity → fields, by way of the offline store."""
    path = write_lines(tmp_path / "lines.parquet", lines)
    with connect(threads=threads) as connection, coded(connection, path, tmp_path) as lines:
        offline.write(tmp_path / "features", view, lines, as_of)
    return dict(offline.entries(offline.read(tmp_path / "features", view, as_of)))
