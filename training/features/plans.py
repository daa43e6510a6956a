"""How DuckDB gets to a view's values: by the definition's own SQL, or by a shorter way.

A definition says what a view means, on any engine. A plan is another query with the same values,
for DuckDB and coded lines, where the definition's own takes several times as long at ten million
lines. It belongs to one digest: a changed definition is computed by its own SQL until somebody
plans it anew. Tests hold each plan's values, to the last bit, against those of the recorded SQL.
"""
# ruff: noqa: S608 - names and moments are our own

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from training.features import dialects
from training.features.coded_lines import CUSTOMERS, PRODUCT_CODE, PRODUCTS
from training.features.customer_views import CUSTOMER
from training.features.order_lines import TABLE
from training.features.product_views import (
    AFFINITY_DAYS,
    MAX_PRODUCTS_OF_AN_ORDER,
    MIN_ORDERS_TOGETHER,
    MONTH_DAYS,
    NEIGHBOURS,
    SEASON_DAYS,
)
from training.features.view import ENTITY, FeatureView
from training.order_file import literal

Plan = Callable[[datetime], str]


def query(view: FeatureView, moment: datetime) -> str:
    """SQL over coded lines for the values of a view at a moment (naive UTC): one row an entity,
    which is named as it is in the lake."""
    plan = PLANS.get(view.digest)
    values = dialects.query(view.expr, moment) if plan is None else plan(moment)
    if view.entity != CUSTOMER:
        return values
    return f"""
        SELECT v.* REPLACE ({CUSTOMERS}.customer_id AS {ENTITY})
        FROM ({values}) AS v JOIN {CUSTOMERS} ON v.{ENTITY} = {CUSTOMERS}.code"""


def _baskets(moment: datetime) -> str:
    """Lines in the order of customer, product and order: where two neighbours differ, a product
    of an order is counted, and where they differ in the product, one of the customer. Sorting
    takes a fraction of the memory that tables of all of them take, and so does reading the lines
    twice beside keeping them."""
    return f"""
        WITH known AS NOT MATERIALIZED (
            SELECT customer_id AS customer, order_id, {PRODUCT_CODE} AS product, quantity,
                unit_price * quantity AS amount,
                greatest(list_price, unit_price) * quantity AS gross
            FROM {TABLE} WHERE {_known(moment)} AND customer_id IS NOT NULL
        ), orders AS (
            SELECT customer, sum(amount) AS amount, sum(gross) AS gross, sum(quantity) AS units
            FROM known GROUP BY customer, order_id
        ), baskets AS (
            SELECT customer, count(*) AS orders, sum(amount) AS amount, sum(gross) AS gross,
                sum(units) AS units, max(amount) AS largest
            FROM orders GROUP BY customer
        ), neighbours AS (
            SELECT customer, product, order_id,
                lag(customer) OVER sorted AS customer_before,
                lag(product) OVER sorted AS product_before,
                lag(order_id) OVER sorted AS order_before
            FROM known WINDOW sorted AS (ORDER BY customer, product, order_id)
        ), counted AS (
            SELECT customer, count(*) AS taken,
                count(*) FILTER (customer IS DISTINCT FROM customer_before
                    OR product IS DISTINCT FROM product_before) AS different
            FROM neighbours
            WHERE customer IS DISTINCT FROM customer_before
                OR product IS DISTINCT FROM product_before OR order_id IS DISTINCT FROM order_before
            GROUP BY customer
        )
        SELECT customer AS {ENTITY},
            CAST(taken AS DOUBLE) / orders AS mean_products,
            CAST(units AS DOUBLE) / orders AS mean_units,
            CAST(largest AS DOUBLE) AS largest_value,
            1.0 - CAST(amount AS DOUBLE) / nullif(CAST(gross AS DOUBLE), 0) AS discount_share,
            1.0 - CAST(different AS DOUBLE) / CAST(taken AS DOUBLE) AS repeat_share
        FROM baskets JOIN counted USING (customer)"""


def _affinity(moment: datetime) -> str:
    """A pair is counted once, not once from either side, and the nearest are kept as they come,
    without sorting all of them. Sorted baskets join faster: what is in one lies together."""
    return f"""
        WITH bought AS MATERIALIZED (
            SELECT DISTINCT order_id, {PRODUCT_CODE} AS product
            FROM {TABLE} WHERE {_known(moment, AFFINITY_DAYS)}
        ), baskets AS MATERIALIZED (
            SELECT * FROM bought SEMI JOIN (
                SELECT order_id FROM bought GROUP BY order_id
                HAVING count(*) <= {MAX_PRODUCTS_OF_AN_ORDER}) AS small USING (order_id)
            ORDER BY order_id, product
        ), pairs AS MATERIALIZED (
            SELECT a.product, b.product AS other, count(*) AS orders
            FROM baskets AS a JOIN baskets AS b
                ON a.order_id = b.order_id AND a.product < b.product
            GROUP BY a.product, b.product HAVING count(*) >= {MIN_ORDERS_TOGETHER}
        ), near AS (
            SELECT product, min((-orders, other), {NEIGHBOURS}) AS nearest
            FROM (SELECT product, other, orders FROM pairs
                UNION ALL SELECT other, product, orders FROM pairs)
            GROUP BY product
        ), placed AS (
            SELECT product, unnest(nearest) AS near, generate_subscripts(nearest, 1) AS place
            FROM near
        ), alone AS (
            SELECT product, count(*) AS orders FROM baskets GROUP BY product
        )
        SELECT CAST(mine.product_id AS VARCHAR) AS {ENTITY},
            list(theirs.product_id ORDER BY place) AS bought_with,
            list(CAST(-near[1] AS DOUBLE) / alone.orders ORDER BY place) AS bought_with_share
        FROM placed JOIN alone USING (product)
            JOIN {PRODUCTS} AS mine ON mine.code = placed.product
            JOIN {PRODUCTS} AS theirs ON theirs.code = near[2]
        GROUP BY mine.product_id"""


def _prices(moment: datetime) -> str:
    """The newest sale is an aggregate among the others, without numbering all of them."""
    month = f"FILTER (ordered_at >= {_days_before(moment, MONTH_DAYS)})"
    return f"""
        WITH known AS (
            SELECT product_id, order_id, ordered_at, quantity, unit_price,
                unit_price * quantity AS paid,
                greatest(list_price, unit_price) * quantity AS gross
            FROM {TABLE} WHERE {_known(moment, SEASON_DAYS)} AND unit_price > 0 AND quantity > 0
        ), prices AS (
            SELECT product_id,
                CAST(min_by(unit_price, (-epoch_us(ordered_at), order_id, unit_price)) AS DOUBLE)
                    AS last_price,
                CAST(sum(paid) {month} AS DOUBLE) / CAST(sum(quantity) {month} AS DOUBLE)
                    AS mean_price_28d,
                CAST(sum(paid) AS DOUBLE) / CAST(sum(quantity) AS DOUBLE) AS mean_price_56d,
                CAST(min(unit_price) AS DOUBLE) AS lowest_price_56d,
                CAST(max(unit_price) AS DOUBLE) AS highest_price_56d,
                1.0 - CAST(sum(paid) {month} AS DOUBLE) / CAST(sum(gross) {month} AS DOUBLE)
                    AS discount_share_28d
            FROM known GROUP BY product_id
        )
        SELECT CAST(product_id AS VARCHAR) AS {ENTITY}, last_price, mean_price_28d,
            lowest_price_56d, highest_price_56d, discount_share_28d,
            last_price / mean_price_56d AS price_ratio
        FROM prices"""


def _known(moment: datetime, days: int | None = None) -> str:
    """Sales before the moment, of the last days alone if asked for."""
    at = f"NOT is_return AND ordered_at < TIMESTAMP {literal(str(moment))}"
    return at if days is None else f"{at} AND ordered_at >= {_days_before(moment, days)}"


def _days_before(moment: datetime, days: int) -> str:
    return f"TIMESTAMP {literal(str(moment - timedelta(days=days)))}"


PLANS: Mapping[str, Plan] = {
    # customer_baskets@1
    "023e524ec6235b7d328d921f9b296bdfe8e2bb2e98797b34489dca34391257d9": _baskets,
    # product_affinity@1
    "64073b3f251cb7c0684dc6d5dc78b779021c411a3fff1d12adacc55c55277e2d": _affinity,
    # product_prices@1
    "c84368eb53d337c3c88da3afe38e344fa75c4d6cebcef29d970556e0e34b0e16": _prices,
}
"""Digest of a definition → its plan."""
