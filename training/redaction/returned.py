"""What came back of orders that were erased: taken out again with every night.

Syncs leave them out (``erased_staging.py``), but those of earlier releases brought refunds and
disputes back, which no later request names. So what a shop's tables hold is held against all
records there are, as digests, whoever they are about.
"""
# ruff: noqa: S608 - names of tables and columns are ours

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from training.order_file import literal
from training.orders import connect
from training.redaction import erased, erased_orders, lock, shop_tables
from training.redaction.erased import Gone
from training.redaction.rows import Rows
from training.redaction.scope import Scope
from training.redaction.work import Work
from training.settings import Settings
from training.shop.streams import DISPUTES, REFUNDS
from training.shop.tables import ShopLake

TABLES = ("orders", "order_lines", REFUNDS, DISPUTES)
ORDER = "order_id"
CAME_BACK = f"{ORDER} IN (SELECT {ORDER} FROM came_back)"


def take_out(settings: Settings, *, dry: bool = False) -> dict[str, int]:
    """Table → rows of erased orders that went (``dry``: that would).

    Raises BusyError while a run or a sync is under way, ContractError for a record that is none.
    """
    gone = erased.recorded(settings)
    if not gone:
        return {}
    with connect(settings.training_memory, 1) as connection:
        seen = _find(settings, connection, gone)
        if dry or not seen:
            return seen
        with lock.erasing(settings.lake), lock.no_sync(settings):
            # Looked for again: until here nobody was alone with the tables.
            found = _find(settings, connection, gone)
            work, rows = Work(id="", scope=Scope()), Rows(connection, (), ())
            shop_tables.take_out(settings, rows, work, _test)
            return found


def _find(settings: Settings, connection: duckdb.DuckDBPyConnection, gone: Gone) -> dict[str, int]:
    """Name such orders (the table ``came_back``); table → rows of theirs."""
    lake = ShopLake.of(settings)
    erased.name(connection, gone)
    erased_orders.know(connection, lake.folder)
    paths = {name: path for name in TABLES if (path := lake.table(name)) is not None}
    numbers = " UNION ".join(f"SELECT {ORDER} FROM {_read(path)}" for path in paths.values())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE came_back AS SELECT {ORDER} "
        f"FROM ({numbers or f'SELECT 0 AS {ORDER} LIMIT 0'}) WHERE {erased.is_erased_order(ORDER)}"
    )
    if gone.shop_until_us and "orders" in paths:
        _find_of_shop(connection, gone.shop_until_us, paths)
    # It names nobody: its tables take the place of the digests, which have been asked.
    rows = Rows(connection, (), ())
    counted = {name: rows.count(path, CAME_BACK) for name, path in paths.items()}
    return {name: count for name, count in counted.items() if count}


def _find_of_shop(
    connection: duckdb.DuckDBPyConnection, until_us: int, paths: dict[str, Path]
) -> None:
    """And of a shop that was erased whole what is no newer than that, or nobody knows to be."""
    orders = _read(paths["orders"])
    connection.execute(
        f"INSERT INTO came_back SELECT {ORDER} FROM {orders} WHERE deleted_at IS NULL "
        f"AND coalesce(epoch_us(least(created_at, processed_at)), 0) <= {until_us}"
    )
    for name in (REFUNDS, DISPUTES):
        if name in paths:
            connection.execute(
                f"INSERT INTO came_back SELECT DISTINCT {ORDER} FROM {_read(paths[name])} "
                f"WHERE {ORDER} NOT IN (SELECT {ORDER} FROM {orders})"
            )


def _test(path: Path) -> str | None:
    return CAME_BACK if ORDER in pq.read_schema(path).names else None


def _read(path: Path) -> str:
    return f"read_parquet({literal(path.as_posix())})"
