"""Whom and what a redaction is about, in the words of the lake: pseudonyms, orders, purchases.

Shopify names some orders by number; the customer's other orders, their refunds and what was
bought are looked up in the lake. That is needed for what names nobody any more (datasets whose
customers are dense numbers), and it is kept until the redaction is over: what tells it is erased.
"""
# ruff: noqa: S608 - paths are quoted by order_file.literal, names are ours

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

from bentos.contract.redaction import RedactionRequest
from training.lines import LINES_FILE
from training.order_file import literal
from training.redaction.rows import Rows
from training.settings import Settings
from training.shop.tables import CURRENT, ShopLake

if TYPE_CHECKING:
    from training.redaction.work import Work


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


def find(settings: Settings, connection: duckdb.DuckDBPyConnection, work: "Work") -> Scope:
    """What ``work`` names, and all that the lake knows to belong to it. Files that cannot be read
    are noted there; the others are looked through all the same."""

    def told(paths: list[Path], scope: Scope, what: str, also: str = "true") -> set[Any]:
        rows: set[Any] = set()
        for path in paths:
            with work.going_through(path, settings.home):
                rows.update(_select(connection, scope, path, what, also))
        return rows

    named, lines = work.scope, lines_files(settings.lake)
    ordered = told(
        [*table(settings, work, "orders"), *lines], named, "DISTINCT CAST(order_id AS VARCHAR)"
    )
    found = named.joined(Scope(orders=tuple(row[0] for row in ordered)))
    refunds = told(table(settings, work, "refunds"), found, "DISTINCT refund_id")
    found = found.joined(Scope(orders=tuple(f"R{row[0]}" for row in refunds)))
    what = "DISTINCT order_id, epoch_us(ordered_at), product_id"
    bought = told(lines, found, what, "NOT is_return")
    return found.joined(Scope(purchases=tuple(Purchase(*row) for row in bought)))


def lines_files(lake: Path) -> list[Path]:
    """Every file of order lines: each source, mapping and consent has one."""
    return sorted((lake / "orders").glob(f"*/{LINES_FILE}"))


def table(settings: Settings, work: "Work", name: str) -> list[Path]:
    """The file of a shop's table; none where nothing was synced, or nobody can say which."""
    lake, found = ShopLake.of(settings), []
    with work.going_through(lake.folder / CURRENT, settings.home):
        path = lake.table(name)
        if path is not None:
            found.append(path)
    return found


def _select(
    connection: duckdb.DuckDBPyConnection, scope: Scope, path: Path, what: str, also: str
) -> list[Any]:
    test = Rows(connection, scope.subjects, scope.orders).test(path)
    if test is None:
        return []
    source = f"read_parquet({literal(path.as_posix())})"
    query = f"SELECT {what} FROM {source} WHERE ({test}) AND {also}"
    found: list[Any] = connection.execute(query).fetchall()
    return found
