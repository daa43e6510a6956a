"""What was known at a row's moment: of the night before, and never of later."""

import tempfile
from datetime import timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.contract.errors import ContractError
from tests.training.features.sales import MOMENT, line, write_lines
from training.features import dialects, offline
from training.features.coded_lines import coded
from training.features.customer_views import CUSTOMER_ORDERS
from training.features.point_in_time import attach, definition, point_in_time
from training.features.registry import VIEWS
from training.orders import connect

HOUR = timedelta(hours=1)
hours = st.integers(min_value=0, max_value=60)
customers = st.sampled_from(["C1", "C2", "C3"])


ROWS = pa.schema([
    ("row", pa.int64()), ("entity", pa.string()), ("moment", pa.timestamp("us"))
])  # fmt: skip
VALUES = pa.schema([
    ("entity", pa.string()), ("as_of", pa.timestamp("us")), ("n", pa.int64())
])  # fmt: skip


def moment(hour):
    return MOMENT + hour * HOUR


def joined(connection, rows, values, ttl):
    """(row, n) as the join in Ibis gives them, over tables of plain values."""
    named = (("r", rows, ROWS), ("v", values, VALUES))
    for name, found, schema in named:
        connection.register(name, pa.Table.from_pylist(found, schema=schema))
    r = ibis.table({"row": "int64", "entity": "string", "moment": "timestamp(6)"}, name="r")
    v = ibis.table({"entity": "string", "as_of": "timestamp(6)", "n": "int64"}, name="v")
    sql = ibis.to_sql(point_in_time(r, v, ttl), dialect="duckdb")
    return sorted(connection.execute(sql).fetchall())


@pytest.fixture(scope="module")
def connection():
    with connect() as connection:
        yield connection


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(customers, hours), max_size=12),
    values=st.dictionaries(st.tuples(customers, hours), st.integers(0, 99), max_size=12),
    ttl=st.integers(min_value=1, max_value=70),
)
def test_it_is_the_newest_value_before_and_every_row_stays(connection, rows, values, ttl):
    listed = [
        {"row": number, "entity": who, "moment": moment(hour)}
        for number, (who, hour) in enumerate(rows)
    ]
    held = [{"entity": who, "as_of": moment(h), "n": n} for (who, h), n in values.items()]
    expected = []
    for number, (who, hour) in enumerate(rows):
        known = [(h, n) for (other, h), n in values.items() if other == who and 0 < hour - h <= ttl]
        expected.append((number, max(known)[1] if known else None))
    assert joined(connection, listed, held, ttl * HOUR) == expected


def test_rows_that_are_alike_both_stay_and_ties_are_not_known(connection):
    values = [{"entity": "C1", "as_of": moment(h), "n": h} for h in (1, 2)]
    rows = [{"row": n, "entity": "C1", "moment": moment(2)} for n in (5, 6)]
    assert joined(connection, rows, values, 9 * HOUR) == [(5, 1), (6, 1)]


nightly = [MOMENT - timedelta(days=days) for days in (2, 1, 0)]
sold = st.lists(
    st.builds(
        lambda number, hour, who, product: line(f"o{number}", hour / 24, who, product),
        st.integers(0, 9), st.integers(-24, 96), customers, st.integers(1, 3),
    ),
    max_size=12,
)  # fmt: skip


def known_at(view, lines, at):
    """The view's fields for each customer or product at a moment, by way of the lake."""
    with tempfile.TemporaryDirectory() as place, connect() as connection:
        path = write_lines(Path(place) / "lines.parquet", lines)
        with coded(connection, path, Path(place)) as coded_lines:
            for night in nightly:
                offline.write(Path(place), view, coded_lines, night)
        entities = ["C1", "C2", "C3"] if view.entity == "customer" else ["1", "2", "3"]
        listed = [{"row": n, "entity": e, "moment": at} for n, e in enumerate(entities)]
        connection.register("asked", pa.Table.from_pylist(listed, schema=ROWS))
        attach(connection, Path(place), view, "asked", "known")
        return connection.execute("FROM known ORDER BY row").fetchall()


@settings(max_examples=8, deadline=None)
@given(lines=sold, hour=st.integers(-24, 60), view=st.sampled_from(VIEWS))
def test_what_happens_at_a_row_s_moment_or_later_changes_nothing(lines, hour, view):
    at = MOMENT - hour * HOUR
    past = [one for one in lines if one[1] < at]
    assert known_at(view, lines, at) == known_at(view, past, at)


def test_a_value_is_of_the_night_before_and_expires(tmp_path):
    lines = [line(f"o{n}", days) for n, days in enumerate((5, 1.5, 0.5))]
    assert known_at(CUSTOMER_ORDERS, lines, MOMENT + HOUR)[0][1] == 3
    assert known_at(CUSTOMER_ORDERS, lines, MOMENT)[0][1] == 2  # this night's is not there yet
    assert known_at(CUSTOMER_ORDERS, lines, MOMENT + timedelta(days=2))[0][1] == 3
    late = MOMENT + timedelta(days=2, microseconds=1)
    assert known_at(CUSTOMER_ORDERS, lines, late)[0][1] is None


def test_without_values_it_says_how_to_get_them(tmp_path, connection):
    with pytest.raises(ContractError, match="features compute"):
        attach(connection, tmp_path, CUSTOMER_ORDERS, "asked", "known")


@pytest.mark.parametrize("dialect", dialects.DIALECTS)
def test_the_join_means_the_same_on_every_engine(dialect):
    text = ibis.to_sql(definition(CUSTOMER_ORDERS), dialect=dialect)
    dialects.refuse_traps(text, dialect)
    assert "LEFT OUTER JOIN" in text
    assert "ROW_NUMBER()" in text
