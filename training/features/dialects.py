"""Definitions in Ibis → SQL, for the engines a lake may stand on.

Ibis is a compiler here: what it makes of each definition is kept in the repository, so that
the SQL outlives it. Traps of its dialects are refused (see ``refuse_traps``).
"""

from contextlib import suppress
from datetime import datetime
from typing import Any

import ibis
import sqlglot
from ibis.backends.sql.compilers import PySparkCompiler
from ibis.common.exceptions import UnsupportedOperationError
from sqlglot import expressions as sql

from bentos.contract.errors import ContractError
from training.features.order_lines import bound

CANONICAL = "duckdb"
DIALECTS = ("bigquery", CANONICAL, "snowflake")
"""Every definition compiles to these."""
WHERE_POSSIBLE = ("pyspark",)
"""To these where Ibis can: it gives lists of Spark no order."""
ALL = (*DIALECTS, *WHERE_POSSIBLE)
_SparkOptions: Any = type(
    "_SparkOptions",
    (ibis.config.Config,),
    {"__annotations__": {"treat_nan_as_null": bool}, "treat_nan_as_null": False},
)
# Stands for the moment in what is kept: a day on which nothing was sold.
PLACEHOLDER = datetime(1970, 1, 1)  # noqa: DTZ001 - moments are naive UTC


def compiled(expr: Any, dialect: str, moment: datetime = PLACEHOLDER) -> str:
    """The SQL of one dialect, over the table ``order_lines``, for one moment (naive UTC).

    Raises ContractError for what an engine would take and answer otherwise than the others.
    """
    text = str(_compile(expr, dialect, moment))
    refuse_traps(text, dialect)
    return text + "\n"


def all_compiled(expr: Any) -> dict[str, str]:
    """Dialect → SQL, for every dialect there is SQL for."""
    found = {dialect: compiled(expr, dialect) for dialect in DIALECTS}
    for dialect in WHERE_POSSIBLE:
        with suppress(UnsupportedOperationError):
            found[dialect] = compiled(expr, dialect)
    return found


def canonical_sql(expr: Any) -> str:
    """One line of DuckDB's SQL, however its text was laid out."""
    tree = sqlglot.parse_one(str(_compile(expr, CANONICAL, PLACEHOLDER)), read=CANONICAL)
    return tree.sql(dialect=CANONICAL, comments=False, pretty=False)


def query(expr: Any, moment: datetime) -> str:
    """What DuckDB runs for one moment: SQL that was looked at when its view was recorded."""
    return str(_compile(expr, CANONICAL, moment))


def refuse_traps(text: str, dialect: str) -> None:
    """Raise ContractError for SQL that runs but does not mean the same everywhere.

    BigQuery has no ASOF join, and Ibis writes one without an error. Hashes and quantiles differ
    between engines. A tile's order must end in what is unique, or segments change from run to
    run.
    """
    tree = sqlglot.parse_one(text, read="spark" if dialect == "pyspark" else dialect)
    field = f"SQL for {dialect}"
    for token in sqlglot.tokenize(text, read="duckdb"):
        if token.text.upper() == "ASOF":
            hint = "Use a left join and row_number, as point_in_time does."
            raise ContractError(field, "no ASOF join: BigQuery has none", "ASOF", hint)
    for call in tree.find_all(sql.Quantile, sql.ApproxQuantile, sql.Median, sql.FarmFingerprint):
        raise ContractError(field, "functions that mean the same on all engines", call.key.upper())
    if dialect == "bigquery" and any(tree.find_all(sql.TimestampAdd, sql.TimestampSub)):
        hint = "Use order_lines.days_before."
        raise ContractError(field, "no TIMESTAMP_SUB: times are DATETIMEs", "one", hint)
    for call in tree.find_all(sql.Anonymous):
        if "HASH" in call.name.upper():
            raise ContractError(field, "no hash: engines disagree", call.name)
    for window in tree.find_all(sql.Window):
        if isinstance(window.this, sql.Ntile):
            _refuse_ties(window, field)


def _refuse_ties(window: sql.Window, field: str) -> None:
    order = window.args.get("order")
    last = order.expressions[-1].this if order is not None else None
    if not isinstance(last, sql.Column) or last.name != "entity":
        expected = "an order of tiles that ends in the entity"
        raise ContractError(field, expected, "nothing" if last is None else last.sql())


def _compile(expr: Any, dialect: str, moment: datetime) -> Any:
    if dialect == "pyspark":
        # Options that Ibis only knows once pyspark itself is loaded; this is their default.
        ibis.options.pyspark = ibis.options.pyspark or _SparkOptions()
        tree = PySparkCompiler().to_sqlglot(expr.unbind(), params=bound(moment))
        return tree.sql(dialect="spark", pretty=True)
    return ibis.to_sql(expr, dialect=dialect, params=bound(moment))
