"""A view's values as of the night before each training row, computed for those rows alone.

What ``point_in_time`` would find if every night's values lay in the lake: a shop of two years
has some 700 nights of all its customers, and training asks only for those who ordered the next
day. So the view's own SQL runs once for each pair of entity and night, over the lines of that
entity.
"""
# ruff: noqa: S608 - names are our own

from typing import Any

import duckdb
import sqlglot
from sqlglot import expressions as sql

from bentos.contract.errors import ContractError
from training.features import dialects, recorded
from training.features.customer_views import CUSTOMER
from training.features.order_lines import LINES, TABLE
from training.features.point_in_time import MOMENT, ROW
from training.features.view import ENTITY, FeatureView
from training.order_file import quoted

NIGHT = "night"
"""The last midnight (UTC) before a row's moment: when a run fills the store for the day."""
_PAIR = "pair"


def attach(
    connection: duckdb.DuckDBPyConnection, view: FeatureView, rows: str, lines: str, name: str
) -> None:
    """Make the table ``name``: ``row`` and the view's fields, one row for each of ``rows`` (a
    table with ``row``, ``entity``, ``moment``); null where nothing was known.

    ``lines`` is a table of canonical order lines. Raises ContractError for a view that no longer
    means what its version was recorded as, or whose values depend on other entities.
    """
    recorded.check(view)
    fields = ", ".join(f"v.{quoted(field)}" for field in view.fields)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {quoted(name)} AS
        WITH asked AS (
            SELECT {ROW}, {ENTITY},
                date_trunc('day', {MOMENT} - INTERVAL 1 MICROSECOND) AS {NIGHT}
            FROM {quoted(rows)}
        ), known AS (
            SELECT {_PAIR}.{NIGHT}, v.*
            FROM (SELECT DISTINCT {ENTITY}, {NIGHT} FROM asked WHERE {ENTITY} IS NOT NULL) {_PAIR},
                LATERAL ({_of_a_pair(view, lines)}) v
        )
        SELECT asked.{ROW}, {fields} FROM asked LEFT JOIN known AS v USING ({ENTITY}, {NIGHT})
        ORDER BY asked.{ROW}""")


def _of_a_pair(view: FeatureView, lines: str) -> str:
    """The view's SQL with the pair's night for the moment, over the lines of its entity."""
    field = f"feature view {view.tag}"
    tree = sqlglot.parse_one(dialects.query(view.expr, dialects.PLACEHOLDER), read="duckdb")
    if view.entity != CUSTOMER or tree.find(sql.Window):
        hint = "Compute whole nights, and join them with point_in_time."
        raise ContractError(field, "values of one customer's own orders", "others'", hint)
    columns = ", ".join(quoted(column) for column in LINES.columns)
    own = f"SELECT {columns} FROM {quoted(lines)} WHERE customer_id = {_PAIR}.{ENTITY}"
    owned = sqlglot.parse_one(own, read="duckdb")
    moment = sqlglot.parse_one(f"MAKE_TIMESTAMP({_placeholder()})", read="duckdb")

    def bind(node: Any) -> Any:
        if isinstance(node, sql.Table) and node.name == TABLE:
            return sql.Subquery(this=owned.copy(), alias=sql.to_identifier(node.alias))
        return sql.column(NIGHT, table=_PAIR) if node == moment else node

    bound = str(tree.transform(bind).sql("duckdb"))
    if "1970" in bound or "1969" in bound:
        raise ContractError(field, "no moment but its own", bound)
    return bound


def _placeholder() -> str:
    at = dialects.PLACEHOLDER
    return f"{at.year}, {at.month}, {at.day}, {at.hour}, {at.minute}, {float(at.second)}"
