"""The feature views this shop's orders fill: one row an entity, as known at one moment.

Another meaning of a field is another version of its view: versions of models name both.
"""
# ruff: noqa: S608 - paths and moments are quoted by order_file.literal

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec

from bentos.contract.feature_view import FeatureView
from training.order_file import literal

DAY_US = 24 * 3_600_000_000
WEEK_S = 7 * 24 * 3600.0
# Filled every night; after two nights without a run a value is no longer believed.
NIGHTLY_TTL_S = 2 * 24 * 3600.0
BATCH = 10_000

CUSTOMER_ORDERS = FeatureView(
    name="customer_orders", version=1, entity="customer", ttl_s=NIGHTLY_TTL_S
)
PRODUCT_SALES = FeatureView(name="product_sales", version=1, entity="product", ttl_s=WEEK_S)

# Entity id first (customers are pseudonyms by now, products plain numbers), then the fields.
# {moment}: µs since 1970. Money is summed as it is and made a float last.
_CUSTOMER_ORDERS = """
    SELECT customer_id, count(DISTINCT order_id) AS orders,
        CAST(sum(unit_price * quantity) AS DOUBLE) AS spend,
        CAST(sum(unit_price * quantity) AS DOUBLE) / count(DISTINCT order_id)
            AS mean_order_value,
        ({moment} - max(epoch_us(ordered_at))) / {day}.0 AS days_since_last_order,
        ({moment} - min(epoch_us(ordered_at))) / {day}.0 AS days_since_first_order
    FROM known WHERE customer_id IS NOT NULL GROUP BY customer_id ORDER BY customer_id"""
_PRODUCT_SALES = """
    SELECT CAST(product_id AS VARCHAR), count(DISTINCT order_id) AS orders_28d,
        CAST(sum(quantity) AS DOUBLE) AS units_28d,
        count(DISTINCT customer_id) AS customers_28d,
        CAST(sum(unit_price * quantity) AS DOUBLE) / sum(quantity) AS mean_price_28d
    FROM known WHERE epoch_us(ordered_at) >= {moment} - 28 * {day} AND quantity > 0
    GROUP BY product_id ORDER BY 1"""


class ViewRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """How a view is computed. ``pseudonymised``: ids are pseudonyms already."""

    view: FeatureView
    sql: str
    pseudonymised: bool


RECIPES = (
    ViewRecipe(view=CUSTOMER_ORDERS, sql=_CUSTOMER_ORDERS, pseudonymised=True),
    ViewRecipe(view=PRODUCT_SALES, sql=_PRODUCT_SALES, pseudonymised=False),
)


def open_known(connection: duckdb.DuckDBPyConnection, lines: Path, moment: datetime) -> None:
    """The table ``known``: sales before the moment (UTC), without returns."""
    connection.execute(f"""
        CREATE TEMP TABLE known AS
        SELECT order_id, ordered_at, customer_id, product_id, quantity, unit_price
        FROM read_parquet({literal(str(lines))})
        WHERE NOT is_return AND ordered_at < TIMESTAMP {literal(str(moment))}""")


def rows(
    connection: duckdb.DuckDBPyConnection, recipe: ViewRecipe, moment_us: int
) -> Iterator[tuple[str, dict[str, float]]]:
    """Entity id and fields of every entity that ``known`` says something about."""
    cursor = connection.execute(recipe.sql.format(moment=moment_us, day=DAY_US))
    assert cursor.description is not None
    names = [str(column[0]) for column in cursor.description[1:]]
    while batch := cursor.fetchmany(BATCH):
        for entity, *values in batch:
            yield str(entity), dict(zip(names, values, strict=True))
