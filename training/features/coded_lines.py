"""Order lines as the views read them: the same lines, with small numbers where texts stood.

Ten million lines name a customer and an order by texts of up to 26 letters, again and again, and
every view groups by them. So they are written once more, for one computation: a customer and an
order as the place of its text among all of them. Equal texts are equal numbers and an earlier
text is a smaller number, so whatever a definition groups, joins, counts or orders comes out the
same. Amounts and quantities take narrower types where the largest fits; sums stay exact.

A file, not a table in memory: of each view's columns only those are read that it asks for.
"""
# ruff: noqa: S608 - paths are quoted by order_file.literal, names are our own

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from training import staging
from training.features.order_lines import LINES, MONEY, TABLE
from training.fingerprint import file_digest
from training.order_file import literal

CUSTOMERS, PRODUCTS = "coded_customers", "coded_products"
"""Tables of what a code stands for: ``code`` and ``customer_id``, ``code`` and ``product_id``."""
PRODUCT_CODE = "product_code"
"""A column beside ``product_id``, for plans: products in the order of their numbers."""
_ORDERS = "coded_orders"
# The product of the two has 18 digits, which DuckDB keeps in 64 bits.
_NARROW_MONEY, _NARROW_MONEY_BELOW = "DECIMAL(8, 4)", 10_000
_NARROW_QUANTITY, _NARROW_QUANTITY_BELOW = "INTEGER", 2**31
# Dictionaries cost more than they spare in a file that is read a few times.
_WRITTEN = "COMPRESSION lz4, DICTIONARY_SIZE_LIMIT 1"
_FILE = "coded_lines.parquet"


class CodedLines:
    """The lines of a file, coded when the first view is computed and not before."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, lines: Path, folder: Path) -> None:
        self.connection = connection
        self._lines = lines
        self._coded = folder / _FILE

    @cached_property
    def digest(self) -> str:
        """SHA-256 hex of the file as it was given."""
        return file_digest(self._lines)

    def attach(self) -> None:
        """Make the view ``order_lines`` and the tables of codes; once."""
        if self._coded.exists():
            return
        source = f"read_parquet({literal(str(self._lines))})"
        for table, column in (
            (_ORDERS, "order_id"),
            (CUSTOMERS, "customer_id"),
            (PRODUCTS, "product_id"),
        ):
            self._execute(f"""
                CREATE OR REPLACE TEMP TABLE {table} AS
                SELECT CAST(row_number() OVER (ORDER BY {column}) AS UINTEGER) AS code, {column}
                FROM (SELECT DISTINCT {column} FROM {source} WHERE {column} IS NOT NULL)""")
        kept = self._execute("SELECT current_setting('preserve_insertion_order')").fetchall()[0][0]
        self._execute("SET preserve_insertion_order = false")
        path = literal(str(self._coded))
        self._execute(f"COPY ({self._select(source)}) TO {path} (FORMAT parquet, {_WRITTEN})")
        self._execute(f"SET preserve_insertion_order = {kept}")
        self._execute(f"DROP TABLE {_ORDERS}")
        self._execute(f"CREATE OR REPLACE TEMP VIEW {TABLE} AS FROM read_parquet({path})")

    def _select(self, source: str) -> str:
        money, quantity = self._types(source)
        replaced = {
            "order_id": f"{_ORDERS}.code",
            "customer_id": f"{CUSTOMERS}.code",
            "quantity": f"CAST(quantity AS {quantity})",
            "unit_price": f"CAST(unit_price AS {money})",
            "list_price": f"CAST(list_price AS {money})",
            "product_id": "l.product_id",
        }
        columns = ", ".join(f"{replaced.get(name, name)} AS {name}" for name in LINES.columns)
        return f"""
            SELECT {columns}, {PRODUCTS}.code AS {PRODUCT_CODE} FROM {source} AS l
            LEFT JOIN {_ORDERS} ON l.order_id = {_ORDERS}.order_id
            LEFT JOIN {CUSTOMERS} ON l.customer_id = {CUSTOMERS}.customer_id
            LEFT JOIN {PRODUCTS} ON l.product_id = {PRODUCTS}.product_id"""

    def _types(self, source: str) -> tuple[str, str]:
        """Of money and of quantities: narrow ones, if every value fits."""
        names = ("unit_price", "list_price", "quantity")
        ends = ", ".join(f"min({name}), max({name})" for name in names)
        *prices, least, most = self._execute(f"SELECT {ends} FROM {source}").fetchall()[0]
        if not _within(_NARROW_MONEY_BELOW, prices):
            return MONEY, "BIGINT"
        fits = _within(_NARROW_QUANTITY_BELOW, (least, most))
        return _NARROW_MONEY, _NARROW_QUANTITY if fits else "BIGINT"

    def _execute(self, sql: str) -> Any:
        return self.connection.execute(sql)


@contextmanager
def coded(connection: duckdb.DuckDBPyConnection, lines: Path, lake: Path) -> Iterator[CodedLines]:
    """The lines of a file, for as long as views are computed from them; what is written for it
    lies in the lake's staging folder, and is gone afterwards."""
    with staging.folder(lake) as place:
        yield CodedLines(connection, lines, place)


def _within(below: int, values: Any) -> bool:
    return all(value is None or abs(value) < below for value in values)
