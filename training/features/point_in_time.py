"""Training rows, each with what a view's newest value before its moment was.

That is what a gateway would have packed then: values of the night before, none older than the
view is believed. A value of the row's own moment is not known yet, as in the models' own
features. A left join and row_number, never an ASOF join, so that it means the same on every
engine.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis

from bentos.contract.errors import ContractError
from training.features import offline
from training.features.view import AS_OF, ENTITY, FeatureView
from training.order_file import literal, quoted

ROW, MOMENT = "row", "moment"
_ROWS, _VALUES = "training_rows", "view_values"


def point_in_time(rows: Any, values: Any, ttl: timedelta) -> Any:
    """``rows`` (a unique ``row``, ``entity``, ``moment``) with the fields of ``values``
    (``entity``, ``as_of``, fields; one row for both); null where nothing was known.

    Every row stays, also two about one entity and moment.
    """
    age = rows.moment.delta(values.as_of, unit="microsecond")
    believed = [
        rows.entity == values.entity,
        values.as_of < rows.moment,
        age <= ttl // timedelta(microseconds=1),
    ]
    fields = [name for name in values.columns if name not in (ENTITY, AS_OF)]
    joined = rows.left_join(values, believed)
    newest = ibis.row_number().over(
        group_by=joined[ROW], order_by=ibis.desc(joined[AS_OF], nulls_first=False)
    )
    placed = joined.select(ROW, *fields, place=newest)
    return placed.filter(placed.place == 0).drop("place")


def definition(view: FeatureView) -> Any:
    """The join of a view's values with training rows, over tables of those names."""
    rows = ibis.table({ROW: "int64", ENTITY: "string", MOMENT: "timestamp(6)"}, name=_ROWS)
    kept = {**view.columns, AS_OF: "timestamp(6)"}
    return point_in_time(rows, ibis.table(kept, name=_VALUES), view.ttl)


def attach(
    connection: duckdb.DuckDBPyConnection, root: Path, view: FeatureView, rows: str, name: str
) -> None:
    """Make the table ``name``: ``row`` and the view's fields, one row for each of ``rows``
    (a table with ``row``, ``entity`` and ``moment``).

    Reads every partition below the lake's ``features``. Raises ContractError if there is none,
    or one of another definition: training must not learn from values it did not ask for.
    """
    paths = [offline.read(root, view, moment) for moment in offline.moments(root, view)]
    if not paths:
        hint = "Compute them: python -m training features compute"
        raise ContractError(f"features {view.tag}", "values at one moment or more", "none", hint)
    files = ", ".join(literal(str(path)) for path in paths)
    sql = ibis.to_sql(definition(view), dialect="duckdb")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {_ROWS} AS FROM {quoted(rows)}")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {_VALUES} AS FROM read_parquet([{files}])")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {sql} ORDER BY {ROW}")
