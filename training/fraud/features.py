"""One row an order, as the shop knew it at that moment: what the fraud model reads.

Point-in-time: every look back leaves out the order itself and whatever came at the same
microsecond or later. What a gateway looks up is joined as of the night before (``at_nights``).
Customers are pseudonyms; guests have none and so no history.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from datetime import datetime
from pathlib import Path

import duckdb

from bentos.fraud.schema import CUSTOMER_ORDERS, FEATURE_NAMES, LOOKED_UP, READ_NAMES
from training import sales_arrays
from training.features import at_nights
from training.features.registry import view_of
from training.fraud import told_orders
from training.fraud.order_sums import UNITS
from training.order_file import literal

ORDERS_FILE = "fraud_orders.parquet"
TRAIN_SHARE = 0.60
CALIBRATE_SHARE = 0.15


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
    told_orders.tell(connection, sales_arrays.sold(lines, as_of), seed)
    connection.execute(f"CREATE TEMP TABLE asked AS {_features_sql(timezone)}")
    _look_up(connection)
    found = ", ".join(f"looked_up.{field} AS {name}" for name, field in LOOKED_UP.items())
    connection.execute(f"""
        CREATE TEMP TABLE features AS
        SELECT order_id, ordered_at, {", ".join(READ_NAMES)}, {found}, label, scenario
        FROM asked JOIN rows USING (order_id) JOIN looked_up USING (row)""")
    columns = ", ".join(f"CAST({name} AS FLOAT) AS {name}" for name in FEATURE_NAMES)
    # One thread: the same row groups each time.
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


def _look_up(connection: duckdb.DuckDBPyConnection) -> None:
    """``looked_up``: the view as of the night before each of ``rows``, injected orders counted
    like any others, as the order file of a shop they happened to would have them.

    An order is told as one line of what was paid for it: all that the view reads of its lines.
    """
    # A line's price times its quantity, summed, takes more digits than a price.
    paid = "CAST(paid AS DECIMAL(38, 4))"
    connection.execute(f"""
        CREATE TEMP TABLE sold_lines AS
        SELECT order_id, make_timestamp(moment) AS ordered_at, customer_id,
            CAST(0 AS BIGINT) AS product_id, CAST(1 AS BIGINT) AS quantity,
            {paid} AS unit_price, {paid} AS list_price,
            FALSE AS is_return
        FROM told""")
    connection.execute("""
        CREATE TEMP TABLE rows AS
        SELECT row_number() OVER (ORDER BY order_id) AS row, order_id, customer_id AS entity,
            make_timestamp(moment) AS moment
        FROM placed""")
    view = view_of(CUSTOMER_ORDERS.tag)
    at_nights.attach(connection, view, "rows", "sold_lines", "looked_up")


def _features_sql(timezone: str) -> str:
    before = "ORDER BY moment RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP"
    hour = 3_600_000_000
    recent = "ORDER BY moment RANGE BETWEEN {} PRECEDING AND CURRENT ROW EXCLUDE GROUP"
    local = f"timezone({literal(timezone)}, make_timestamptz(moment))"
    return f"""
    WITH amounts AS (
        -- Whole numbers add up the same in whatever order orders of one moment are read.
        SELECT *, CAST(round(amount * {UNITS}) AS HUGEINT) AS units FROM orders
    ), histories AS (
        SELECT number,
            rank() OVER (PARTITION BY customer ORDER BY moment) - 1 AS so_far,
            avg(units) OVER history / {UNITS}.0 AS mean_so_far,
            max(amount) OVER history AS max_so_far, max(moment) OVER history AS last_at,
            min(moment) OVER history AS first_at,
            sum(units) OVER history / {UNITS}.0 / nullif(sum(items) OVER history, 0)
                AS unit_price_so_far,
            count(*) OVER (PARTITION BY customer {recent.format(hour)}) AS last_hour,
            count(*) OVER (PARTITION BY customer {recent.format(24 * hour)}) AS last_day,
            sum(units) OVER (PARTITION BY customer {recent.format(24 * hour)}) / {UNITS}.0
                AS spent_last_day
        FROM amounts JOIN placed USING (number, moment) WHERE customer_id IS NOT NULL
        WINDOW history AS (PARTITION BY customer {before})
    ), known AS (
        SELECT *, customer_id IS NOT NULL AS has_customer
        FROM orders JOIN placed USING (number, moment) LEFT JOIN histories USING (number)
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
