"""One row an order, as the shop knew it at that moment: what the fraud model reads.

Point-in-time: every look back leaves out the order itself and whatever came at the same
microsecond or later. What a gateway looks up is joined as of the night before (``at_nights``).
Customers are pseudonyms; guests have none and so no history.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np

from bentos.contract.errors import ContractError
from bentos.fraud.schema import CUSTOMER_ORDERS, FEATURE_NAMES, LOOKED_UP, READ_NAMES
from training.features import at_nights
from training.features.registry import view_of
from training.fraud.injection import Injection
from training.order_file import literal

ORDERS_FILE = "fraud_orders.parquet"
TRAIN_SHARE = 0.60
CALIBRATE_SHARE = 0.15
# With fewer the injected fraud would outnumber them.
MIN_ORDERS = 100


def write_snapshot(
    connection: duckdb.DuckDBPyConnection,
    lines: Path,
    folder: Path,
    *,
    as_of: datetime | None,
    timezone: str,
    seed: int,
) -> int:
    """Write ``fraud_orders.parquet`` (features, label, scenario, split); returns its rows."""
    _sales(connection, lines, as_of)
    _inject(connection, seed)
    _number(connection)
    connection.execute(f"CREATE TEMP TABLE asked AS {_features_sql(timezone)}")
    _look_up(connection)
    found = ", ".join(f"looked_up.{field} AS {name}" for name, field in LOOKED_UP.items())
    connection.execute(f"""
        CREATE TEMP TABLE features AS
        SELECT order_id, ordered_at, {", ".join(READ_NAMES)}, {found}, label, scenario
        FROM asked JOIN rows USING (order_id) JOIN looked_up USING (row)""")
    columns = ", ".join(f"CAST({name} AS FLOAT) AS {name}" for name in FEATURE_NAMES)
    connection.execute("SET threads = 1")
    connection.execute(f"""
        COPY (
            SELECT order_id, ordered_at, {columns}, label, scenario,
                CASE WHEN place < {TRAIN_SHARE} THEN 'train'
                     WHEN place < {TRAIN_SHARE + CALIBRATE_SHARE} THEN 'calibrate'
                     ELSE 'test' END AS split
            FROM (SELECT *, percent_rank() OVER (ORDER BY ordered_at) AS place FROM features)
            ORDER BY ordered_at, order_id
        ) TO '{(folder / ORDERS_FILE).as_posix()}' (FORMAT parquet, COMPRESSION zstd)""")
    return int(connection.execute("SELECT count(*) FROM features").fetchall()[0][0])


def _sales(connection: duckdb.DuckDBPyConnection, lines: Path, as_of: datetime | None) -> None:
    """Sorted, so that sums of floats come out the same in whatever order a file has its lines."""
    until = f"AND ordered_at < TIMESTAMP {literal(str(as_of))}" if as_of else ""
    connection.execute(f"""
        CREATE TEMP TABLE sales AS
        SELECT order_id, epoch_us(ordered_at) AS moment, customer_id, product_id, quantity,
            CAST(unit_price AS DOUBLE) AS unit_price, CAST(list_price AS DOUBLE) AS list_price,
            CAST(NULL AS VARCHAR) AS scenario
        FROM read_parquet({literal(str(lines))}) WHERE NOT is_return {until}
        ORDER BY moment, order_id, product_id, quantity, unit_price, list_price""")


def _inject(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    orders = connection.execute("""
        SELECT order_id, min(moment) AS moment, coalesce(min(customer_id), '') AS customer
        FROM sales GROUP BY order_id ORDER BY 2, 1""").fetchnumpy()
    products = connection.execute(f"""
        SELECT product_id, prices.middle AS price, quantities.middle AS quantity
        FROM ({_median("unit_price")}) AS prices
        JOIN ({_median("quantity")}) AS quantities USING (product_id)
        WHERE prices.middle > 0 ORDER BY 1""").fetchnumpy()
    orders = {name: np.asarray(column) for name, column in orders.items()}
    if len(orders["moment"]) < MIN_ORDERS:
        found = f"{len(orders['moment'])} without returns and before --as-of"
        raise ContractError("orders", f"at least {MIN_ORDERS} to learn fraud from", found)
    if not len(products["product_id"]):
        raise ContractError("orders", "at least one product with a price", "none")
    injection = Injection(orders, {k: np.asarray(v) for k, v in products.items()}, seed)
    injected = injection.lines()
    connection.register("injected", injected)
    connection.execute("INSERT INTO sales BY NAME SELECT * FROM injected")
    connection.unregister("injected")
    names = ", ".join(literal(str(name)) for name in orders["order_id"][injection.friendly()])
    connection.execute(
        "UPDATE sales SET scenario = 'friendly_fraud' "
        f"WHERE order_id IN ({names}) AND scenario IS NULL"
    )


def _look_up(connection: duckdb.DuckDBPyConnection) -> None:
    """``looked_up``: the view as of the night before each of ``rows``, injected orders counted
    like any others, as the order file of a shop they happened to would have them."""
    connection.execute("""
        CREATE TEMP TABLE sold_lines AS
        SELECT order_id, make_timestamp(moment) AS ordered_at, customer_id, product_id,
            CAST(quantity AS BIGINT) AS quantity, CAST(unit_price AS DECIMAL(18, 4)) AS unit_price,
            CAST(list_price AS DECIMAL(18, 4)) AS list_price, FALSE AS is_return
        FROM sales""")
    connection.execute("""
        CREATE TEMP TABLE rows AS
        SELECT row_number() OVER (ORDER BY order_id) AS row, order_id, min(customer_id) AS entity,
            min(ordered_at) AS moment
        FROM sold_lines GROUP BY order_id""")
    view = view_of(CUSTOMER_ORDERS.tag)
    at_nights.attach(connection, view, "rows", "sold_lines", "looked_up")


def _median(column: str) -> str:
    """Each product's median, from how often each value occurs: there are few of them."""
    return f"""
        SELECT product_id, min(value) FILTER (upto > (total - 1) // 2)
            + (min(value) FILTER (upto > total // 2)
                - min(value) FILTER (upto > (total - 1) // 2)) * 0.5::DOUBLE AS middle
        FROM (
            SELECT product_id, value, sum(n) OVER (PARTITION BY product_id) AS total,
                sum(n) OVER (PARTITION BY product_id ORDER BY value) AS upto
            FROM (SELECT product_id, {column} AS value, count(*) AS n FROM sales GROUP BY ALL)
        ) GROUP BY product_id"""


def _number(connection: duckdb.DuckDBPyConnection) -> None:
    """Table ``placed``: every order under a number. Windows over millions of lines carry numbers,
    not names."""
    connection.execute("""
        CREATE TEMP TABLE placed AS
        SELECT order_id, customer_id, scenario, CAST(row_number() OVER () AS INTEGER) AS number,
            CAST(dense_rank() OVER (ORDER BY customer_id) AS INTEGER) AS customer
        FROM (
            SELECT order_id, min(customer_id) AS customer_id, max(scenario) AS scenario
            FROM sales GROUP BY order_id ORDER BY min(moment), order_id
        )""")


def _features_sql(timezone: str) -> str:
    before = "ORDER BY moment RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP"
    hour = 3_600_000_000
    recent = "ORDER BY moment RANGE BETWEEN {} PRECEDING AND CURRENT ROW EXCLUDE GROUP"
    local = f"timezone({literal(timezone)}, make_timestamptz(moment))"
    return f"""
    WITH looked_up AS (
        SELECT number, moment, product_id, quantity, unit_price, unit_price * quantity AS paid,
            greatest(list_price, unit_price) * quantity AS gross,
            rank() OVER (PARTITION BY customer, product_id ORDER BY moment) = 1 AS is_first,
            rank() OVER (PARTITION BY product_id ORDER BY moment) - 1 AS sold_before
        FROM (
            SELECT number, customer, moment, product_id, quantity, unit_price, list_price
            FROM sales JOIN placed USING (order_id)
        )
    ), orders AS (
        SELECT number, min(moment) AS moment, sum(paid) AS amount, sum(quantity) AS items,
            count(DISTINCT product_id) AS distinct_products, max(unit_price) AS max_unit_price,
            sum(paid) / sum(quantity) AS mean_unit_price, max(quantity) AS max_quantity,
            max(paid) / nullif(sum(paid), 0) AS top_line_share,
            1 - sum(paid) / nullif(sum(gross), 0) AS discount_share,
            avg(CAST(is_first AS DOUBLE)) AS new_share, avg(ln(1 + sold_before)) AS popularity
        FROM looked_up GROUP BY number
    ), histories AS (
        SELECT number,
            rank() OVER (PARTITION BY customer ORDER BY moment) - 1 AS so_far,
            avg(amount) OVER history AS mean_so_far,
            max(amount) OVER history AS max_so_far, max(moment) OVER history AS last_at,
            min(moment) OVER history AS first_at,
            sum(amount) OVER history / nullif(sum(items) OVER history, 0) AS unit_price_so_far,
            count(*) OVER (PARTITION BY customer {recent.format(hour)}) AS last_hour,
            count(*) OVER (PARTITION BY customer {recent.format(24 * hour)}) AS last_day,
            sum(amount) OVER (PARTITION BY customer {recent.format(24 * hour)})
                AS spent_last_day
        FROM orders JOIN placed USING (number) WHERE customer_id IS NOT NULL
        WINDOW history AS (PARTITION BY customer {before})
    ), known AS (
        SELECT *, customer_id IS NOT NULL AS has_customer
        FROM orders JOIN placed USING (number) LEFT JOIN histories USING (number)
    )
    SELECT order_id, make_timestamp(moment) AS ordered_at, amount, items, distinct_products,
        max_unit_price, mean_unit_price, max_quantity, top_line_share,
        greatest(0, discount_share) AS discount_share,
        hour({local}) + minute({local}) / 60.0 AS hour, isodow({local}) - 1 AS weekday,
        CAST(NOT has_customer AS INTEGER) AS is_guest,
        CASE WHEN has_customer THEN CAST(so_far = 0 AS INTEGER) END AS is_new,
        CASE WHEN has_customer THEN so_far END AS customer_orders,
        CASE WHEN has_customer THEN mean_so_far END AS customer_mean_amount,
        CASE WHEN has_customer THEN max_so_far END AS customer_max_amount,
        CASE WHEN has_customer THEN amount / nullif(mean_so_far, 0) END AS amount_ratio,
        CASE WHEN has_customer THEN (moment - last_at) / {hour}.0 END AS hours_since_last_order,
        CASE WHEN has_customer THEN (moment - first_at) / {24 * hour}.0 END
            AS days_since_first_order,
        CASE WHEN has_customer THEN last_hour END AS orders_last_hour,
        CASE WHEN has_customer THEN last_day END AS orders_last_day,
        CASE WHEN has_customer THEN coalesce(spent_last_day, 0) END AS amount_last_day,
        CASE WHEN has_customer THEN new_share END AS new_product_share,
        CASE WHEN has_customer THEN max_unit_price / nullif(unit_price_so_far, 0) END
            AS price_ratio,
        popularity, CAST(scenario IS NOT NULL AS UTINYINT) AS label,
        coalesce(scenario, '') AS scenario
    FROM known"""
