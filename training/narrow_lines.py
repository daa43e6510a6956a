"""Lines with numbers for their names while they are sorted, and their names again as they are
written.

What is sorted is a fraction as wide, and a name is written once a row group, not once a line.
Tables: ``placed`` (``order_id``, ``first``: its time, ``place``: dense from 0 in the order lines
have), and ``named_…`` of each column of names (``value``, ``code``).
"""
# ruff: noqa: S608 - our own names, values are quoted by order_file.literal

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from training.allowed_columns import LINES
from training.order_file import literal

if TYPE_CHECKING:
    import pyarrow as pa

# Columns of view ``parsed`` that hold few names many times → the same column of the lines.
NAMED = {
    "customer": "customer_id",
    "product_label": "product_label",
    "category": "category",
    "currency": "currency",
}
CODES = ", ".join(f"of_{column}.code AS {name}" for column, name in NAMED.items())
JOINS = "JOIN placed USING (order_id) " + " ".join(
    f"LEFT JOIN named_{column} AS of_{column} ON of_{column}.value = parsed.{column}"
    for column in NAMED
)
# Rows of a row group, and what is held of the lines while they are written.
GROUP_ROWS = 122_880


def number(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables from ``parsed``, exclusions left out."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE placed AS
        SELECT order_id, first,
            CAST(row_number() OVER (ORDER BY first, order_id) - 1 AS INTEGER) AS place
        FROM (
            SELECT order_id, min(ordered_at) AS first
            FROM parsed WHERE excluded IS NULL GROUP BY 1
        ) ORDER BY place""")
    for column in NAMED:
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE named_{column} AS
            SELECT value, CAST(row_number() OVER (ORDER BY value) - 1 AS INTEGER) AS code
            FROM (
                SELECT DISTINCT {column} AS value
                FROM parsed WHERE excluded IS NULL AND {column} IS NOT NULL
            ) ORDER BY code""")


def wide(query: str, shop: str) -> str:
    """The lines of a query of narrow ones (``place``, ``row``, codes for names), in no order."""
    names = ", ".join(f"of_{column}.value AS {name}" for column, name in NAMED.items())
    joins = " ".join(
        f"LEFT JOIN named_{column} AS of_{column} ON of_{column}.code = narrow.{name}"
        for column, name in NAMED.items()
    )
    return f"""
        SELECT {", ".join(LINES)} FROM (
            SELECT {literal(shop)} AS shop, order_id,
                CAST(row_number() OVER (PARTITION BY place ORDER BY row) AS INTEGER) AS line,
                first AS ordered_at, narrow.* EXCLUDE (place, row, {", ".join(NAMED.values())}),
                {names}
            FROM ({query}) AS narrow JOIN placed USING (place) {joins}
        )"""


def write(connection: duckdb.DuckDBPyConnection, query: str, shop: str, path: Path) -> None:
    """Write the lines of a query of narrow ones, in order, a row group at a time.

    The same rows give the same bytes on any number of threads.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy, only where lines are read anew

    names = _Names(connection, shop)
    reader = connection.sql(f"{query} ORDER BY place, row").to_arrow_reader(GROUP_ROWS)
    writer = None
    try:
        for batch in names.of(reader):
            batch = batch.select(list(LINES))  # noqa: PLW2901 - nothing else is ever written
            if writer is None:
                # Without Arrow's own schema: a name's dictionary is how it is written, no more.
                writer = pq.ParquetWriter(
                    path,
                    batch.schema,
                    compression="zstd",
                    store_schema=False,
                    store_decimal_as_integer=True,
                )
            writer.write_batch(batch, row_group_size=GROUP_ROWS)
    finally:
        if writer is not None:
            writer.close()


class _Names:
    """What codes and places stand for."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, shop: str) -> None:
        import pyarrow as pa  # noqa: PLC0415

        def column(table: str, name: str, order: str) -> Any:
            found = connection.sql(f"SELECT {name} FROM {table} ORDER BY {order}")
            return found.to_arrow_table()[name].combine_chunks()

        self._orders = column("placed", "order_id", "place").cast(pa.string())
        self._times = column("placed", "first", "place")
        self._named = {
            name: column(f"named_{of}", "value", "code").cast(pa.string())
            for of, name in NAMED.items()
        }
        self._shop = pa.array([shop], pa.string())
        self._last, self._so_far = -1, 0

    def of(self, reader: Any) -> Iterator["pa.RecordBatch"]:
        """Batches of narrow lines, sorted, with their names."""
        import pyarrow as pa  # noqa: PLC0415

        for batch in reader:
            if not batch.num_rows:
                continue
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            place, _ = columns.pop("place"), columns.pop("row")
            columns["line"] = pa.array(self._numbers(place.to_numpy()))
            columns["ordered_at"] = self._times.take(place)
            columns |= self._of_orders(place)
            for name, values in self._named.items():
                # Of this batch alone: a dictionary of all names would be none.
                codes = columns[name].dictionary_encode()
                columns[name] = pa.DictionaryArray.from_arrays(
                    codes.indices, values.take(codes.dictionary)
                )
            yield pa.RecordBatch.from_pydict(columns)

    def _of_orders(self, place: Any) -> dict[str, Any]:
        import numpy as np  # noqa: PLC0415
        import pyarrow as pa  # noqa: PLC0415

        places = place.to_numpy()
        orders = self._orders.slice(places[0], places[-1] - places[0] + 1)
        shop = pa.array(np.zeros(len(places), dtype=np.int32))
        return {
            "order_id": pa.DictionaryArray.from_arrays(pa.array(places - places[0]), orders),
            "shop": pa.DictionaryArray.from_arrays(shop, self._shop),
        }

    def _numbers(self, places: Any) -> Any:
        """Each line's number in its order, which may have begun in the batch before."""
        import numpy as np  # noqa: PLC0415

        starts = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
        lengths = np.diff(np.append(starts, len(places)))
        numbers = np.arange(1, len(places) + 1) - np.repeat(starts, lengths)
        if places[0] == self._last:
            numbers[: lengths[0]] += self._so_far
        self._last, self._so_far = places[-1], numbers[-1]
        return numbers.astype(np.int32)
