"""Whom and what a redaction is about, in the words of the lake: pseudonyms, orders, purchases.

Shopify names some orders by number; the customer's other orders, their refunds and what was
bought are looked up in the lake. That is needed for what names nobody any more (datasets whose
customers are dense numbers), and it is kept until the redaction is over: what tells it is erased.
"""
# ruff: noqa: S608 - paths are quoted by order_file.literal, names are ours

from pathlib import Path
from typing import Any

import duckdb
import msgspec

from bentos.contract.redaction import RedactionRequest
from training.lines import LINES_FILE
from training.order_file import literal
from training.redaction.rows import Rows
from training.settings import Settings
from training.shop.tables import ShopLake


class Purchase(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One product of one order at a moment (µs since 1970)."""

    order: str
    moment_us: int
    product: int


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Pseudonyms, orders (as order lines name them, returns too) and what was bought in them."""

    subjects: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    purchases: tuple[Purchase, ...] = ()

    def joined(self, other: "Scope") -> "Scope":
        """Both: what one look found, a later one may no longer."""
        return Scope(
            subjects=tuple(sorted({*self.subjects, *other.subjects})),
            orders=tuple(sorted({*self.orders, *other.orders})),
            purchases=tuple(sorted({*self.purchases, *other.purchases})),
        )


def of_request(request: RedactionRequest) -> Scope:
    """What the request itself names."""
    return Scope(
        subjects=tuple(sorted(set(request.subjects))),
        orders=tuple(sorted(set(request.order_numbers))),
    )


def find(settings: Settings, connection: duckdb.DuckDBPyConnection, named: Scope) -> Scope:
    """What is named, and all that the lake knows to belong to it."""
    places = [*_tables(settings, ("orders",)), *lines_files(settings.lake)]
    ordered = {order for path in places for order in _orders(connection, named, path)}
    found = named.joined(Scope(orders=tuple(ordered)))
    returned = {
        f"R{row[0]}"
        for path in _tables(settings, ("refunds",))
        for row in _select(connection, found, path, "DISTINCT refund_id")
    }
    found = found.joined(Scope(orders=tuple(returned)))
    bought = {
        Purchase(*row)
        for path in lines_files(settings.lake)
        for row in _select(
            connection,
            found,
            path,
            "DISTINCT order_id, epoch_us(ordered_at), product_id",
            "NOT is_return",
        )
    }
    return found.joined(Scope(purchases=tuple(bought)))


def lines_files(lake: Path) -> list[Path]:
    """Every file of order lines: each source, mapping and consent has one."""
    return sorted((lake / "orders").glob(f"*/{LINES_FILE}"))


def _tables(settings: Settings, names: tuple[str, ...]) -> list[Path]:
    lake = ShopLake.of(settings)
    return [path for name in names if (path := lake.table(name)) is not None]


def _orders(connection: duckdb.DuckDBPyConnection, named: Scope, path: Path) -> list[str]:
    rows = _select(connection, named, path, "DISTINCT CAST(order_id AS VARCHAR)")
    return [row[0] for row in rows]


def _select(
    connection: duckdb.DuckDBPyConnection,
    scope: Scope,
    path: Path,
    what: str,
    also: str = "true",
) -> list[tuple[Any, ...]]:
    test = Rows(connection, scope.subjects, scope.orders).test(path)
    if test is None:
        return []
    source = f"read_parquet({literal(path.as_posix())})"
    query = f"SELECT {what} FROM {source} WHERE ({test}) AND {also}"
    found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return found
