"""One row a product and week: what sold, at which price, and what was known the week before.

Only products that sold regularly before the test weeks are kept, so that no later week decides
what is learned from. A week without a sale counts as 0 units at the price of the last sale
(stated as an assumption) for as long as the product sold in one of the eight weeks before.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from datetime import datetime
from pathlib import Path

import duckdb

from training.order_file import literal

WEEKS_FILE = "product_weeks.parquet"
MAX_PRODUCTS = 2000
MIN_WEEKS_SOLD = 12
WARM_UP_WEEKS = 4
TRAIN_SHARE = 0.8
# Prices are averages of what was sold, weeks without a sale repeat the last one. Unrounded, a
# price equal to the last one to the last digit would give away that nothing was sold.
RATIO_DIGITS = 2
ASSUMPTIONS = (
    "a week without a sale counts as 0 units at the product's last price, for eight weeks",
    "returned goods are not subtracted from demand",
)


def write_snapshot(
    connection: duckdb.DuckDBPyConnection,
    lines: Path,
    folder: Path,
    *,
    as_of: datetime | None,
    unit_cost_ratio: float,
) -> int:
    """Write ``product_weeks.parquet``; returns its rows. The last, incomplete week is left out."""
    until = f"AND ordered_at < TIMESTAMP {literal(str(as_of))}" if as_of else ""
    connection.execute("SET threads = 1")
    connection.execute(f"""
        CREATE TEMP TABLE sales AS
        SELECT product_id, CAST(floor(date_diff('day', start, ordered_at) / 7) AS INTEGER) AS week,
            quantity, CAST(unit_price AS DOUBLE) AS price, CAST(list_price AS DOUBLE) AS listed,
            CAST(unit_cost AS DOUBLE) AS cost, start
        FROM read_parquet({literal(str(lines))}),
            (SELECT date_trunc('day', min(ordered_at)) AS start
             FROM read_parquet({literal(str(lines))}))
        WHERE NOT is_return AND unit_price > 0 {until}""")
    connection.execute(f"CREATE TEMP TABLE weeks AS {_weeks_sql()}")
    connection.execute(f"""
        COPY ({_features_sql(unit_cost_ratio)})
        TO '{(folder / WEEKS_FILE).as_posix()}' (FORMAT parquet, COMPRESSION zstd)""")
    path = literal((folder / WEEKS_FILE).as_posix())
    return int(connection.execute(f"SELECT count(*) FROM {path}").fetchall()[0][0])


def _weeks_sql() -> str:
    """Every week of every kept product from its first sale on, with units and prices."""
    return f"""
    WITH sold AS (
        SELECT product_id, week, sum(quantity) AS units,
            sum(price * quantity) / sum(quantity) AS price,
            sum(listed * quantity) / sum(quantity) AS listed,
            avg(cost) AS cost, min(start) AS start
        FROM sales WHERE week < (SELECT max(week) FROM sales) GROUP BY ALL
    ), span AS (
        SELECT CAST(floor({TRAIN_SHARE} * (max(week) + 1)) AS INTEGER) AS border,
            max(week) AS last_week
        FROM sold
    ), kept AS (
        SELECT product_id, min(week) AS first_week
        FROM sold, span WHERE week < border GROUP BY 1 HAVING count(*) >= {MIN_WEEKS_SOLD}
        ORDER BY sum(units) DESC, product_id LIMIT {MAX_PRODUCTS}
    ), calendar AS (
        SELECT product_id, first_week, border, unnest(range(first_week, last_week + 1)) AS week
        FROM kept, span
    )
    SELECT product_id, CAST(week AS INTEGER) AS week, week - first_week AS age,
        week >= border AS held_out,
        coalesce(units, 0) AS units,
        last_value(price IGNORE NULLS) OVER so_far AS price,
        last_value(listed IGNORE NULLS) OVER so_far AS listed,
        last_value(cost IGNORE NULLS) OVER so_far AS cost,
        units IS NOT NULL AS sold,
        (SELECT min(start) FROM sales) + to_days(CAST(week * 7 AS INTEGER)) AS begins
    FROM calendar LEFT JOIN sold USING (product_id, week)
    WINDOW so_far AS (PARTITION BY product_id ORDER BY week
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"""


def _features_sql(unit_cost_ratio: float) -> str:
    """What was known before the week (``_features``), its price, and its units (the target)."""
    eight = "(PARTITION BY product_id ORDER BY week ROWS BETWEEN 8 PRECEDING AND 1 PRECEDING)"
    four = "(PARTITION BY product_id ORDER BY week ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING)"
    year = "2 * pi() * dayofyear(begins) / 365.25"
    return f"""
    WITH known AS (
        SELECT *, median(price) OVER {eight} AS reference,
            lag(units) OVER (PARTITION BY product_id ORDER BY week) AS units_last_week,
            lag(price) OVER (PARTITION BY product_id ORDER BY week) AS last_price,
            avg(units) OVER {four} AS mean_units_4w, avg(units) OVER {eight} AS mean_units_8w,
            min(price) OVER {eight} AS lowest,
            avg(greatest(0, 1 - price / nullif(listed, 0))) OVER {eight} AS discount
        FROM weeks
    )
    SELECT product_id, week, held_out, CAST(begins AS DATE) AS begins,
        CAST(reference AS FLOAT) AS reference_price,
        CAST(units_last_week AS FLOAT) AS units_last_week,
        CAST(mean_units_4w AS FLOAT) AS mean_units_4w,
        CAST(mean_units_8w AS FLOAT) AS mean_units_8w,
        CAST(age AS FLOAT) AS weeks_since_first_sale,
        CAST(round(last_price / reference, {RATIO_DIGITS}) AS FLOAT) AS last_price_ratio,
        CAST(discount AS FLOAT) AS mean_discount_8w,
        CAST(lowest / reference AS FLOAT) AS price_spread_8w,
        CAST(sin({year}) AS FLOAT) AS week_sin, CAST(cos({year}) AS FLOAT) AS week_cos,
        CAST(price AS FLOAT) AS price,
        CAST(round(price / reference, {RATIO_DIGITS}) AS FLOAT) AS price_ratio,
        CAST(coalesce(cost, {unit_cost_ratio} * reference) AS FLOAT) AS unit_cost,
        CAST(units AS FLOAT) AS units
    FROM known
    WHERE age >= {WARM_UP_WEEKS} AND reference > 0 AND price > 0 AND mean_units_8w > 0
    ORDER BY week, product_id"""
